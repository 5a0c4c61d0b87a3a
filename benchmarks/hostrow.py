"""What was measured of one path through the host; names no library that is heavy to load."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("decode", "encode", "collate", "forward", "read", "fold")
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
