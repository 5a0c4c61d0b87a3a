"""How inputs flow: overlapped stages, bounded memory, one outcome per input. Imports no torch."""

from taskcli.engine.batching import BatchingConfig, Encoded, broken_windows
from taskcli.engine.run import THREADS, Outcome, Stages, run
from taskcli.engine.stop import Stop

__all__ = [
    "THREADS",
    "BatchingConfig",
    "Encoded",
    "Outcome",
    "Stages",
    "Stop",
    "broken_windows",
    "run",
]
