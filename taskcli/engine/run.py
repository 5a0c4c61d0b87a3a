"""One run: sources in, exactly one outcome per source out, stages overlapped in threads.

sources -> decode, encode  -> batches, collate -> forward      -> read, fold
           a pool             a thread            a thread        the caller's
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from taskcli.engine.batching import BatchBuilder, BatchingConfig, Encoded, window_edges
from taskcli.engine.channel import Channel, ChannelClosed, spawn
from taskcli.engine.lookahead import Lookahead
from taskcli.engine.stop import left
from taskcli.errors import StoppedError
from taskcli.media.source import Source

THREADS = "taskcli-"  # how the names of the engine's threads begin
_BATCHES_AHEAD = 2
_GO_ON = "--device cpu may go further"
_CHUNK_LENGTH = 1 << 16  # characters that are encoded in one call, and those of one input more
_UNREAD = 1 << 12  # what a file is counted as, of which nothing is known yet
_POLL_INTERVAL = 0.1  # seconds between two looks at `stop` while nothing comes
_JOIN_TIMEOUT = 0.5  # seconds for the sources to end; one that reads a silent pipe cannot


@dataclass(frozen=True)
class Stages:
    """The work as plain callables. Each may raise for one item, or for a whole batch.

    `decode` and `encode` run in several threads at once, `collate` in one, `forward` in one per
    device, `read` and `fold` in the caller's. `encode` gives the parts of several items, each with
    the place of its item in the list, item after item; for a single item it may be lazy. `kept` is
    what of an item is still needed once it is encoded.
    """

    decode: Callable[[Source], Any]
    encode: Callable[[list[Any]], Iterable[tuple[int, Encoded[Any]]]]
    collate: Callable[[list[Any]], Any]
    forward: Callable[[Any], Any]
    read: Callable[[Any, Any, int], list[Any]]
    fold: Callable[[Any, list[Any]], Any]
    kept: Callable[[Any], Any] = lambda item: item
    is_out_of_memory: Callable[[Exception], bool] = lambda _: False
    is_fatal: Callable[[Exception], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source: `result`, or `error`."""

    source: Source
    item: Any = None
    result: Any = None
    error: Exception | None = None


@dataclass(slots=True, eq=False)
class _Item:
    """One input under way. `parts` is their number, once all are encoded."""

    rank: int  # among the inputs of this run
    source: Source
    item: Any = None
    parts: int | None = None
    cost: int = 0  # of all parts together
    results: dict[int, Any] = field(default_factory=dict)
    failure: Exception | None = None
    answered: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    item: _Item
    number: int  # among the parts of its item
    encoded: Encoded[Any]


@dataclass(slots=True)
class _Job:
    """A batch under way, and the items of which every part has left before it."""

    parts: list[_Part] = field(default_factory=list)
    ended: list[_Item] = field(default_factory=list)
    batch: Any = None
    outputs: Any = None
    failure: Exception | None = None


def run(
    stages: Stages,
    sources: Iterable[Source],
    config: BatchingConfig,
    stop: threading.Event | None = None,
    advance: Callable[[Source, int], None] = lambda source, progress: None,
) -> Iterator[Outcome]:
    """Outcomes in input order (or as finished, if the config says so).

    `advance` hears of every part that is answered, in the caller's thread.

    Memory is bounded by the config's look-ahead. After `stop` is set the batch on the device is
    finished, if that takes no longer than it says, and no other is begun. Raises StoppedError for
    what `is_fatal` says ends the run.
    """
    outcomes = _Run(stages, config, stop or threading.Event(), advance).outcomes(sources)
    return (
        _in_order(outcomes, config.gaps) if config.ordered else (outcome for _, outcome in outcomes)
    )


def _in_order(outcomes: Iterator[tuple[int, Outcome]], gaps: bool) -> Iterator[Outcome]:
    waiting: dict[int, Outcome] = {}
    expected = 0
    with closing(outcomes):  # type: ignore[type-var]
        for rank, outcome in outcomes:
            waiting[rank] = outcome
            while expected in waiting:
                yield waiting.pop(expected)
                expected += 1
        # Only after a stop is anything left: what was finished behind an input that was not.
        for rank in sorted(waiting) if gaps else ():
            yield waiting[rank]


class _Run:
    def __init__(
        self,
        stages: Stages,
        config: BatchingConfig,
        stop: threading.Event,
        advance: Callable[[Source, int], None],
    ) -> None:
        self.stages = stages
        self.config = config
        self.stop = stop
        self.advance = advance
        self.limit = config.size  # shrinks when a batch runs out of memory
        self.pool = ThreadPoolExecutor(config.threads, thread_name_prefix=f"{THREADS}decode")
        self.slots = threading.Semaphore(2 * config.threads)  # chunks begun and not yet encoded
        self.ahead: Lookahead[_Part | _Item] = Lookahead(
            config.lookahead, depth=2 * config.threads + config.window // config.chunk
        )
        self.prepared: Channel[_Job] = Channel(_BATCHES_AHEAD)
        self.computed: Channel[_Job] = Channel(_BATCHES_AHEAD)

    def outcomes(self, sources: Iterable[Source]) -> Iterator[tuple[int, Outcome]]:
        """Each with its rank, as they are finished."""
        reading = threading.Thread(
            target=self._submit_all, args=(sources,), name=f"{THREADS}sources", daemon=True
        )
        reading.start()
        working = [
            spawn(self._prepare_all(), self.prepared, f"{THREADS}prepare"),
            spawn(self._compute_all(), self.computed, f"{THREADS}device"),
        ]
        try:
            for job in self._computed():
                yield from self._read(job)
        finally:
            self._close(reading, working)

    def _computed(self) -> Iterator[_Job]:
        """The batches as they are ready; after a stop, those that are so in time."""
        while left(self.stop) != 0:
            try:
                job = self.computed.get(_POLL_INTERVAL)
            except TimeoutError:
                continue
            if job is None:
                return
            yield job

    def _close(self, reading: threading.Thread, working: list[threading.Thread]) -> None:
        """Release every thread, and wait for those that compute, as long as a stop allows.

        The interpreter aborts when it ends under a thread that is inside torch.
        """
        self.ahead.close()
        for channel in (self.prepared, self.computed):
            channel.close()
        self.slots.release(2 * self.config.threads)
        decoding = threading.Thread(
            target=self.pool.shutdown,
            kwargs={"cancel_futures": True},
            name=f"{THREADS}closing",
            daemon=True,
        )
        decoding.start()
        for thread in (decoding, *working):
            thread.join(left(self.stop))
        patience = left(self.stop)
        reading.join(_JOIN_TIMEOUT if patience is None else min(_JOIN_TIMEOUT, patience))

    # Sources to parts, in the pool

    def _submit_all(self, sources: Iterable[Source]) -> None:
        ticket, failure = 0, None
        try:
            for chunk in _chunks(sources, self.config.chunk):
                self.slots.acquire()
                if self.stop.is_set() or self.ahead.closed:
                    return
                self.pool.submit(self._encode_chunk, ticket, chunk)
                ticket += 1
        except BaseException as raised:  # a broken list must not leave the consumer waiting
            failure = raised
        finally:
            self.ahead.finish(ticket, failure)

    def _encode_chunk(self, ticket: int, chunk: list[tuple[int, Source]]) -> None:
        try:
            items = [self._decoded(rank, source) for rank, source in chunk]
            for entries in self._encoded(items):
                parts = (entry for entry in entries if isinstance(entry, _Part))
                self.ahead.put(ticket, entries, sum(part.encoded.weight for part in parts))
        except ChannelClosed:
            pass
        except BaseException as failure:  # a dead thread must not leave the consumer waiting
            self.ahead.fail(failure)
        finally:
            self.ahead.end(ticket)
            self.slots.release()

    def _decoded(self, rank: int, source: Source) -> _Item:
        item = _Item(rank, source)
        try:
            if self.stop.is_set():  # nobody will answer it
                raise StoppedError("the run was stopped", _GO_ON)
            item.item = self.stages.decode(source)
        except Exception as failure:
            item.failure = failure
        return item

    def _encoded(self, items: list[_Item]) -> Iterator[list[_Part | _Item]]:
        """The parts of each item, and behind them the item itself: together, or as they come."""
        if len(items) == 1:
            yield from self._encoded_alone(items[0])
            return
        try:
            together = self._by_item([item for item in items if item.failure is None])
        except Exception:  # of one of them: it is found by taking each alone
            for item in items:
                yield from self._encoded_alone(item)
            return
        entries: list[_Part | _Item] = []
        for item in items:
            parts = together.get(item, [])
            entries += [*parts, self._ended(item, len(parts))]
        yield entries

    def _encoded_alone(self, item: _Item) -> Iterator[list[_Part | _Item]]:
        number = item.cost = 0
        try:
            if item.failure is None:
                for _, encoded in self.stages.encode([item.item]):
                    yield [_part(item, number, encoded)]
                    number += 1
        except Exception as failure:
            item.failure = failure
        yield [self._ended(item, number)]

    def _by_item(self, items: list[_Item]) -> dict[_Item, list[_Part]]:
        found: dict[_Item, list[_Part]] = {item: [] for item in items}
        for place, encoded in self.stages.encode([item.item for item in items]):
            parts = found[items[place]]
            parts.append(_part(items[place], len(parts), encoded))
        return found

    def _ended(self, item: _Item, parts: int) -> _Item:
        if item.failure is None:
            item.item = self.stages.kept(item.item)
        item.parts = parts
        return item

    # Parts to batches, in one thread

    def _prepare_all(self) -> Iterator[_Job]:
        builder: BatchBuilder[_Part] = BatchBuilder(self.config, lambda part: part.encoded)
        edges = window_edges(self.config.window)
        edge = next(edges)
        ended: list[_Item] = []  # of whose last part nothing has been said yet

        def flushed() -> Iterator[_Job]:
            for parts in builder.flush():
                yield self._collated(parts)
            yield _Job(ended=ended.copy())
            ended.clear()

        while (entries := self._next_entries()) is not None:
            for entry in entries:
                item = entry.item if isinstance(entry, _Part) else entry
                if item.source.number >= edge:  # whole windows were left out
                    yield from flushed()
                    edge = next(one for one in edges if one > item.source.number)
                if isinstance(entry, _Part):
                    for parts in builder.add(entry):
                        yield self._collated(parts)
                    continue
                ended.append(item)
                # At once, for what is last in its window; and for what fills batches by itself,
                # so that it need not wait for its neighbours.
                if item.source.number + 1 == edge or item.cost > self.config.budget:
                    yield from flushed()
            if not entries:
                yield from flushed()
        yield from flushed()

    def _next_entries(self) -> list[_Part | _Item] | None:
        """What comes next; nothing where a pipe pauses and the device is idle; None at the end."""
        while True:
            try:
                return self.ahead.get(self.config.max_wait)
            except TimeoutError:
                if len(self.prepared) == 0:
                    return []

    def _collated(self, parts: list[_Part]) -> _Job:
        job = _Job(parts)
        try:
            job.batch = self.stages.collate([part.encoded.value for part in parts])
        except Exception as failure:
            job.failure = failure
        return job

    # Batches to outputs, in one thread a device

    def _compute_all(self) -> Iterator[_Job]:
        while not self.stop.is_set():
            try:
                job = self.prepared.get(_POLL_INTERVAL)
            except TimeoutError:
                continue
            if job is None:
                return
            yield from self._compute(job)

    def _compute(self, job: _Job) -> Iterator[_Job]:
        """Run one batch; one that fails is split until the failing part stands alone."""
        if len(job.parts) > self.limit:
            yield from self._halves(job)
            return
        if job.parts and job.failure is None:
            try:
                job.outputs = self.stages.forward(job.batch)
            except Exception as failure:
                job.failure = failure
        self._raise_fatal(job.failure)
        if job.failure is None or len(job.parts) < 2:
            yield job
            return
        if self.stages.is_out_of_memory(job.failure):
            self.limit = len(job.parts) // 2
        yield from self._halves(job)

    def _halves(self, job: _Job) -> Iterator[_Job]:
        middle = len(job.parts) // 2
        parts, job.batch, job.failure = job.parts, None, None
        for half in (parts[:middle], parts[middle:]):
            yield from self._compute(self._collated(half))

    def _raise_fatal(self, failure: Exception | None) -> None:
        if failure is not None and self.stages.is_fatal(failure):
            raise StoppedError(f"the device is lost: {failure}", _GO_ON) from failure

    # Outputs to outcomes, in the caller's thread

    def _read(self, job: _Job) -> Iterator[tuple[int, Outcome]]:
        results = self._results(job)
        if job.failure is not None and len(job.parts) > 1:
            for half in self._halves(job):
                yield from self._read(half)
            return
        if job.failure is not None:
            job.parts[0].item.failure = job.failure
        for part, result in zip(job.parts, results, strict=False):
            part.item.results[part.number] = result
            self.advance(part.item.source, part.encoded.progress)
        self.ahead.release(sum(part.encoded.weight for part in job.parts))
        for item in dict.fromkeys([*(part.item for part in job.parts), *job.ended]):
            yield from self._answer(item)

    def _results(self, job: _Job) -> list[Any]:
        """One result per part; where there is none, the job's `failure` says why."""
        if job.failure is not None or not job.parts:
            return []
        try:
            results = self.stages.read(job.outputs, job.batch, len(job.parts))
            if len(results) != len(job.parts):
                raise ValueError(f"{len(job.parts)} parts had {len(results)} answers")
            return results
        except Exception as failure:
            self._raise_fatal(failure)
            job.failure = failure
            return []

    def _answer(self, item: _Item) -> Iterator[tuple[int, Outcome]]:
        """The outcome of an item, once: when it has failed, or its last part has come."""
        if item.answered:
            return
        if item.failure is None and len(item.results) != item.parts:
            return
        item.answered = True
        result = None
        if item.failure is None:
            try:
                result = self.stages.fold(
                    item.item, [item.results[n] for n in range(len(item.results))]
                )
            except Exception as failure:
                item.failure = failure
        kept = item.item if item.failure is None else None
        yield item.rank, Outcome(item.source, kept, result, item.failure)


def _part(item: _Item, number: int, encoded: Encoded[Any]) -> _Part:
    item.cost += encoded.cost
    return _Part(item, number, encoded)


def _chunks(sources: Iterable[Source], size: int) -> Iterator[list[tuple[int, Source]]]:
    """Sources with their rank, at most `size` together, fewer where they are long.

    An error in which the sources end comes behind the last of them.
    """
    chunk: list[tuple[int, Source]] = []
    length = 0
    try:
        for one in enumerate(sources):
            chunk.append(one)
            length += _UNREAD if one[1].text is None else len(one[1].text)
            if len(chunk) == size or length >= _CHUNK_LENGTH:
                full, chunk, length = chunk, [], 0
                yield full
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk
