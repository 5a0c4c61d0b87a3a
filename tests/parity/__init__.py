"""Every model type that the tasks' Auto classes map, run on a tiny random checkpoint.

make parity: walk them all, and write docs/models.json, docs/models.md and the planner's list.
"""
