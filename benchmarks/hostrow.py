"""What was measured of one path through the host; names no library that is heavy to load."""

from __future__ import annotations

from dataclasses import dataclass, fields

from taskcli.engine import Stages

_NO_STAGE = ("kept", "is_out_of_memory", "is_fatal")
STAGES = tuple(one.name for one in fields(Stages) if one.name not in _NO_STAGE)
WRITE, LIBRARIES, ENGINE = "write", "libraries", "engine"
PARTS = (*STAGES, WRITE, LIBRARIES, ENGINE)


@dataclass(frozen=True)
class HostRow:
    """What one path took. `stages` are of the pass of `core_ms`, in core-milliseconds an input."""

    path: str
    cores: int
    inputs: int  # of one pass
    answered: int
    rate: float  # inputs a second, of the best pass
    limit: float  # the same of the bare work
    ratio: float  # rate over limit
    core_ms: float  # of the pass that took the least
    limit_core_ms: float
    stages: dict[str, float]
