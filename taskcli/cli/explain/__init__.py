"""taskcli explain TASK: what happens inside the model to one's own file."""
