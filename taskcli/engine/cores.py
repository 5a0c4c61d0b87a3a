"""How many processors this process may use."""

import math
import os
from pathlib import Path

_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")
_given: int | None = None


def use(cores: int) -> None:
    """This process has so many, for others of the same program have the rest."""
    global _given
    _given = cores


def usable_cores() -> int:
    """By affinity and by the container's share; both may be below what the machine has."""
    if _given is not None:
        return _given
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, _share() or math.inf))  # type: ignore[return-value]


def _share() -> int | None:
    """Of a container in whole processors, rounded up; None where there is no limit."""
    try:
        quota, period = _CGROUP_LIMIT.read_text("ascii").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or "max"
        return None
