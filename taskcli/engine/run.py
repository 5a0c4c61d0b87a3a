"""One run: sources in, exactly one outcome per source out, stages overlapped in threads.

sources -> decode, encode  -> batches, collate -> forward      -> read, fold
           a pool             a thread            a thread a      the caller's, or several
                                                  device
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TypeVar

from taskcli.engine.batching import BatchingConfig
from taskcli.engine.channel import THREADS, Channel, spawn
from taskcli.engine.collating import Collating
from taskcli.engine.computing import Computing
from taskcli.engine.dispatch import Dispatch, Loss
from taskcli.engine.encoding import Encoding
from taskcli.engine.lookahead import Lookahead
from taskcli.engine.readers import Readers
from taskcli.engine.reading import Reading
from taskcli.engine.stop import left
from taskcli.engine.work import Item, Job, Outcome, Part, Stages
from taskcli.media.source import Source

T = TypeVar("T")
_JOIN_TIMEOUT = 0.5  # seconds for the sources to end; one that reads a silent pipe cannot


def run(
    stages: Stages,
    sources: Iterable[Source],
    config: BatchingConfig,
    stop: threading.Event | None = None,
    advance: Callable[[Source, int], None] = lambda source, progress: None,
    lost: Callable[[Loss], None] = lambda loss: None,
) -> Iterator[Outcome]:
    """Outcomes in input order (or as finished, if the config says so).

    `advance` hears of every part that is answered, and `lost` of every device that is used no more
    while others are; both in the caller's thread.

    Memory is bounded by the config's look-ahead, for each device. After `stop` is set the batches
    on the devices are finished, if that takes no longer than it says, and no other is begun. Raises
    StoppedError once no device is left.
    """
    outcomes = _Run(stages, config, stop or threading.Event(), advance, lost).outcomes(sources)
    return (
        in_order(outcomes, config.gaps) if config.ordered else (outcome for _, outcome in outcomes)
    )


def in_order(outcomes: Iterator[tuple[int, T]], gaps: bool) -> Iterator[T]:
    """By rank, each as soon as all before it have come; `gaps` gives the others when a run ends."""
    waiting: dict[int, T] = {}
    expected = 0
    ended: Exception | None = None
    with closing(outcomes):  # type: ignore[type-var]
        try:
            for rank, outcome in outcomes:
                waiting[rank] = outcome
                while expected in waiting:
                    yield waiting.pop(expected)
                    expected += 1
        except Exception as failure:  # it ends the run, not what was answered
            ended = failure
        # Only then, and after a stop, is anything left: what was finished behind an input that was
        # not.
        for rank in sorted(waiting) if gaps else ():
            yield waiting[rank]
    if ended is not None:
        raise ended


class _Run:
    """The stages, and the threads and channels between them."""

    def __init__(
        self,
        stages: Stages,
        config: BatchingConfig,
        stop: threading.Event,
        advance: Callable[[Source, int], None],
        lost: Callable[[Loss], None],
    ) -> None:
        self._stop = stop
        self._lost = lost
        count = len(stages.devices)
        self._ahead: Lookahead[Part | Item] = Lookahead(
            config.lookahead * count, depth=2 * config.threads + config.window // config.chunk
        )
        self._dispatch = Dispatch(stages, stop)
        self._computed: Channel[Job] = Channel(count + 1, producers=count)
        self._encoding = Encoding(stages, config, stop, self._ahead)
        self._collating = Collating(stages, config, self._ahead, self._dispatch)
        self._computing = [
            Computing(stages, device, config.size, self._dispatch) for device in stages.devices
        ]
        self._reading = Reading(stages, self._ahead, self._dispatch, advance)
        self._readers = Readers(self._reading.read, self._computed, config.readers)

    def outcomes(self, sources: Iterable[Source]) -> Iterator[tuple[int, Outcome]]:
        """Each with its rank, as they are finished."""
        listing = threading.Thread(
            target=self._encoding.submit_all,
            args=(sources,),
            name=f"{THREADS}sources",
            daemon=True,
        )
        listing.start()
        working = [
            spawn(self._collating.jobs(), self._dispatch, f"{THREADS}prepare"),
            *(
                spawn(one.jobs(), self._computed, f"{THREADS}device-{number}")
                for number, one in enumerate(self._computing)
            ),
        ]
        try:
            # After a stop, those batches that are computed in time.
            read = self._readers if self._readers.threads else self._computed
            for job in read.until(lambda: left(self._stop) == 0):
                yield from self._reading.outcomes(job)
                self._dispatch.tell_losses(self._lost)
            self._dispatch.tell_losses(self._lost)
            self._dispatch.raise_if_all_are_lost()
        finally:
            self._close(listing, working)

    def _close(self, listing: threading.Thread, working: list[threading.Thread]) -> None:
        """Release every thread, and wait for those that compute, as long as a stop allows.

        The interpreter aborts when it ends under a thread that is inside torch.
        """
        self._ahead.close()
        for one in (self._dispatch, self._computed, self._readers):
            one.close()
        for thread in (self._encoding.close(), *working, *self._readers.threads):
            thread.join(left(self._stop))
        patience = left(self._stop)
        listing.join(_JOIN_TIMEOUT if patience is None else min(_JOIN_TIMEOUT, patience))
