"""From what was asked for to workers, of which one at least is loaded."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Protocol

from taskcli.cluster.capacity import Capacity, Node, capacity
from taskcli.cluster.connection import address_of, connected
from taskcli.cluster.exchange import Load, Loaded
from taskcli.cluster.model import ClusterModel
from taskcli.cluster.workers import LoadEnded, Workers
from taskcli.config.options import ClusterOptions
from taskcli.engine.cores import usable_cores

_BEAT = 0.2  # seconds
_PATIENCE = 30.0  # seconds without a worker, after which it is said what is waited for


class Watch(Protocol):
    """Who is told how a run on Ray goes on."""

    def status(self, text: str) -> None: ...
    def say(self, text: str) -> None: ...
    def workers(self, count: int) -> None: ...


def planned(asked: ClusterOptions) -> str:
    """Where a run on Ray would be answered, as --dry-run has it."""
    address = address_of(asked.address)
    where = "started here" if address is None else f"at {address}"
    workers = "as many as fit" if asked.workers is None else f"{asked.workers} at most"
    return f"Ray, {where}; workers: {workers}"


@contextmanager
def opened(
    asked: ClusterOptions, load: Load, total: int | None, watch: Watch
) -> Iterator[ClusterModel]:
    """The checkpoint, loaded by as many workers as a run of `total` inputs can use.

    Raises as `api.open_model`, and UsageError for a cluster that does not answer.
    """
    address = address_of(asked.address)
    watch.status("starting Ray …" if address is None else f"connecting to Ray at {address} …")
    wanted = (asked.workers or 1) * (asked.cpus_per_worker or 1)
    with connected(address, max(usable_cores(), wanted)):
        has = capacity(asked, load.run.device, _nodes(), grows=address is not None)
        workers = Workers(has, load, watch.workers)
        try:
            workers.grow(has.workers if total is None else min(has.workers, total))
            yield ClusterModel(load, first_loaded(workers, has, watch), workers)
        finally:
            workers.close()


def _nodes() -> list[Node]:
    import ray

    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [Node(math.floor(one.get("CPU", 0)), one.get("GPU", 0.0)) for one in alive]


def first_loaded(workers: Workers, has: Capacity, watch: Watch) -> Loaded:
    """What the first worker says that is loaded. Raises as `Workers.settle`."""
    began, told = time.monotonic(), False
    watch.status(f"loading on {has.in_words} …")
    while workers.facts is None:
        try:
            event = workers.events.get(timeout=_BEAT)
        except Empty:
            if not (told or workers.placed) and time.monotonic() - began > _PATIENCE:
                told = True
                watch.say(f"no machine is free: a worker needs {has.each}; ray status tells more")
            continue
        if isinstance(event, LoadEnded):
            workers.settle(event)
            workers.grow(1)  # in place of one that was lost
    return workers.facts
