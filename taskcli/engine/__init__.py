"""How inputs flow: overlapped stages, bounded memory, one outcome per input. Imports no torch."""

from taskcli.engine.batching import BatchingConfig, Encoded, broken_windows
from taskcli.engine.channel import THREADS
from taskcli.engine.dispatch import Loss
from taskcli.engine.run import in_order, run
from taskcli.engine.stop import Stop
from taskcli.engine.work import Device, Outcome, Stages

__all__ = [
    "THREADS",
    "BatchingConfig",
    "Device",
    "Encoded",
    "Loss",
    "Outcome",
    "Stages",
    "Stop",
    "broken_windows",
    "in_order",
    "run",
]
