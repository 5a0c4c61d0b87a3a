"""A worker: one loaded checkpoint that answers blocks of sources. It runs in a process of Ray's."""

import os
import platform
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from taskcli import __version__
from taskcli.api import Model, RecordWithInput, open_model
from taskcli.checkpoints import cache
from taskcli.cluster.exchange import Answered, BlockAnswers, Load, Loaded
from taskcli.cluster.shipping import Shipment, here
from taskcli.engine import Stop, cores
from taskcli.errors import TaskcliError, UsageError
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source
from taskcli.tasks import BY_NAME


class Worker:
    """Made and called by Ray: `load` once, then `answer` in several threads at a time."""

    def __init__(self) -> None:
        self._stops: set[Stop] = set()
        self._lock = threading.Lock()

    def load(
        self, load: Load, cpus: int, environment: Mapping[str, str], sent: Shipment | None
    ) -> Loaded | TaskcliError:
        """Load the checkpoint; what is to end the run is given back, as the driver will say it."""
        os.environ |= environment
        cores.use(cpus)
        try:
            self._load, self._folder = load, _entered(load.folder)
            self._model = _opened(load, sent)
            return Loaded.of(self._model)
        except TaskcliError as refused:
            return refused

    def answer(self, sources: list[Source]) -> BlockAnswers:
        """A record for every source that has no answer yet; after `stop` those in time."""
        stop = Stop()
        with self._lock:
            self._stops.add(stop)
        try:
            found = [_from(self._folder, source) for source in sources]
            run = self._model.run(Sources(found, len(found)), stop=stop, looked_at=False)
            answered = list(run.answers())
        finally:
            with self._lock:
                self._stops.discard(stop)
        answers = [Answered.of(one, self._load) for one in answered]
        return BlockAnswers(answers, run.batching_note, _missing(answered))

    def stop(self, seconds: float | None) -> None:
        """End what is being answered: the batches on the device are finished, if in time."""
        with self._lock:
            for stop in self._stops:
                stop.set() if seconds is None else stop.within(seconds)


def _opened(load: Load, sent: Shipment | None) -> Model:
    _check_version(load.version)
    checkpoint = here(load, sent)
    with ExitStack() as offline:
        offline.enter_context(cache.unplugged())
        model = open_model(
            BY_NAME[load.task],
            load.options,
            checkpoint,
            load.run,
            load.decode_options,
        )
        if not load.reads_hub:  # as long as this process lives
            offline.pop_all()
        return model


def _check_version(wanted: str) -> None:
    if wanted != __version__:
        raise UsageError(
            f"{platform.node()} has taskcli {__version__}, and this run is of {wanted}",
            "install the same version on every machine",
        )


def _entered(folder: Path) -> Path | None:
    """Work where the driver does, so that messages name files as its own would.

    Gives the folder back where this machine has none such.
    """
    try:
        os.chdir(folder)
    except OSError:
        return folder
    return None


def _from(folder: Path | None, source: Source) -> Source:
    if folder is None or source.path is None:
        return source
    return replace(source, path=str(folder / source.path))


def _missing(answered: list[RecordWithInput]) -> str | None:
    failed = (one.source.path for one in answered if one.record.error is not None)
    return next((path for path in failed if path and not os.path.lexists(path)), None)
