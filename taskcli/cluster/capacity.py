"""How many workers a run asks Ray for, and what each of them has of a machine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from taskcli.config.options import ClusterOptions
from taskcli.errors import UsageError


@dataclass(frozen=True)
class Node:
    """What Ray may give away of a machine."""

    cpus: int
    gpus: float


@dataclass(frozen=True)
class Capacity:
    """Workers at most, and processors and GPUs of each."""

    workers: int
    cpus: int
    gpus: float

    @property
    def in_words(self) -> str:
        return "1 worker" if self.workers == 1 else f"{self.workers} workers"

    @property
    def each(self) -> str:
        """What a worker needs, in words."""
        cpus = "1 processor" if self.cpus == 1 else f"{self.cpus} processors"
        return f"{cpus} and {self.gpus:g} GPU" if self.gpus else cpus


def capacity(asked: ClusterOptions, device: str, nodes: Sequence[Node], grows: bool) -> Capacity:
    """What was asked for, and what suits the machines where nothing was.

    A cluster that `grows` may get machines that are not there yet. Raises UsageError for more than
    another has.
    """
    gpus = asked.gpus_per_worker
    if gpus is None:
        gpus = 1.0 if device != "cpu" and any(node.gpus >= 1 for node in nodes) else 0.0
    able = [node for node in nodes if (node.gpus >= gpus if gpus else node.cpus)]
    if not able and not grows:
        raise UsageError(
            f"--gpus-per-worker {gpus:g}: there are not so many here",
            "leave it out; taskcli doctor lists the devices",
        )
    workers = asked.workers or max(1, sum(_places(node, gpus) for node in able))
    cpus = asked.cpus_per_worker or min(
        (_share(node, gpus, workers, able) for node in able), default=1
    )
    return Capacity(workers, cpus, gpus)


def _places(node: Node, gpus: float) -> int:
    """Workers on a machine: one a GPU, or one that has all its processors."""
    return int(node.gpus // gpus) if gpus else 1


def _share(node: Node, gpus: float, workers: int, able: Sequence[Node]) -> int:
    """Of a machine's processors, for each of the workers that it will have."""
    beside = _places(node, gpus) if gpus else math.ceil(workers / len(able))
    return max(1, node.cpus // beside)
