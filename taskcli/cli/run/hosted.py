"""A run in a worker: the model that is loaded for it already, and the runs that are not for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from taskcli.config.options import ClusterOptions, RunOptions

if TYPE_CHECKING:
    from taskcli.api.opening import Load


class Host(Protocol):
    """The worker, as a run knows it."""

    @property
    def load(self) -> "Load": ...
    def working(self) -> None:
        """The model is there: from now on nobody else can begin this run again."""


class Declined(BaseException):
    """A worker leaves this call to the process that asked. No Exception: it is no error."""


class WorkerWanted(BaseException):
    """A worker is to be started and asked. No Exception: nothing has failed."""


_host: Host | None = None
_may_start = False


@contextmanager
def hosted_by(host: Host) -> Iterator[None]:
    """Runs of this process are those of a worker's clients."""
    global _host
    _host = host
    try:
        yield
    finally:
        _host = None


@contextmanager
def starting_workers() -> Iterator[None]:
    """A run may raise WorkerWanted, before it has read anything."""
    global _may_start
    _may_start = True
    try:
        yield
    finally:
        _may_start = False


def check(run: RunOptions, cluster: ClusterOptions) -> None:
    """Raise Declined or WorkerWanted where another process is to answer."""
    suits = not run.compile and not run.dry_run and cluster.engine == "local"
    if _host is not None and not (suits and run.warm != "never"):
        raise Declined
    if _may_start and suits and run.warm == "always":
        raise WorkerWanted


def load() -> "Load | None":
    """What has models already; None in a process of its own."""
    return None if _host is None else _host.load


def working() -> None:
    """Loading is over."""
    if _host is not None:
        _host.working()
