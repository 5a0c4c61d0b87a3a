"""The engine: plan batches, overlap the stages, isolate failures, keep order. No torch here."""

from taskcli.engine.plan import Plan
from taskcli.engine.run import Outcome, Stages, run

__all__ = ["Outcome", "Plan", "Stages", "run"]
