"""The engine: plan batches, overlap the stages, isolate failures, keep order. No torch here."""

from taskcli.engine.plan import Plan
from taskcli.engine.run import THREADS, Outcome, Stages, run
from taskcli.engine.stop import Stop

__all__ = ["THREADS", "Outcome", "Plan", "Stages", "Stop", "run"]
