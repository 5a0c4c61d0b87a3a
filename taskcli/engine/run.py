"""One run: sources in, exactly one outcome per source out, stages overlapped in threads.

sources -> decode -> window, sort, cut, preprocess -> forward  -> postprocess
           a pool    a thread                         a thread    the caller's
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from taskcli.engine.channel import Channel, pump
from taskcli.engine.plan import Plan, Planned, cut, windows
from taskcli.engine.stop import left
from taskcli.errors import StoppedError
from taskcli.sources import Source

THREADS = "taskcli-"  # how the names of the engine's threads begin
_DECODERS = 2
_BATCHES_AHEAD = 2
_GLANCE = 0.1  # seconds between two looks at `stop` while nothing comes
_GO_ON = "--device cpu may go further"
_FAREWELL = 0.5  # seconds for the sources to end; one that reads a silent pipe cannot


@dataclass(frozen=True)
class Stages:
    """The work as plain callables; each may raise for one item or for a whole batch."""

    decode: Callable[[Source], Any]
    cost: Callable[[Any], int]
    preprocess: Callable[[list[Any]], Any]
    forward: Callable[[Any], Any]
    postprocess: Callable[[Any, Any, list[Any]], list[Any]]
    alike: Callable[[Any], Hashable] = lambda _: None
    is_out_of_memory: Callable[[Exception], bool] = lambda _: False
    is_fatal: Callable[[Exception], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source: `result`, or `error`."""

    index: int
    source: Source
    item: Any = None
    result: Any = None
    error: Exception | None = None


_Decoded = Planned[tuple[Source, Any]]  # a source and its item, or the exception that decoding gave


@dataclass(slots=True)
class _Job:
    """A batch under way, or sources that failed before they reached one."""

    members: list[_Decoded] = field(default_factory=list)
    batch: Any = None
    outputs: Any = None
    failure: Exception | None = None
    failed: list[Outcome] = field(default_factory=list)

    @property
    def items(self) -> list[Any]:
        return [member.value[1] for member in self.members]


def run(
    stages: Stages, sources: Iterable[Source], plan: Plan, stop: threading.Event | None = None
) -> Iterator[Outcome]:
    """Outcomes in input order (or as finished, if the plan says so).

    Memory is bounded by the plan's window. After `stop` is set the batch on the device is
    finished, if that takes no longer than it says, and no other is begun. Raises StoppedError
    for what `is_fatal` says ends the run.
    """
    outcomes = _Run(stages, plan, stop or threading.Event()).outcomes(sources)
    return _in_order(outcomes) if plan.ordered else outcomes


def _in_order(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    waiting: dict[int, Outcome] = {}
    expected = 0
    try:
        for outcome in outcomes:
            waiting[outcome.index] = outcome
            while expected in waiting:
                yield waiting.pop(expected)
                expected += 1
        for index in sorted(waiting):  # only after a stop: what was finished is not thrown away
            yield waiting[index]
    finally:
        outcomes.close()  # type: ignore[attr-defined]


class _Run:
    def __init__(self, stages: Stages, plan: Plan, stop: threading.Event) -> None:
        self.stages = stages
        self.plan = plan
        self.stop = stop
        self.limit = plan.size  # shrinks when a batch runs out of memory
        self.pool = ThreadPoolExecutor(_DECODERS, thread_name_prefix=f"{THREADS}decode")
        self.submitted: Channel[Future[_Decoded]] = Channel(2 * _DECODERS)
        self.decoded: Channel[_Decoded] = Channel(plan.window)
        self.prepared: Channel[_Job] = Channel(_BATCHES_AHEAD)
        self.computed: Channel[_Job] = Channel(_BATCHES_AHEAD)

    def outcomes(self, sources: Iterable[Source]) -> Iterator[Outcome]:
        reading = pump(self._submit_all(sources), self.submitted, f"{THREADS}sources")
        working = [
            pump((future.result() for future in self.submitted), self.decoded, f"{THREADS}decoded"),
            pump(self._prepare_all(), self.prepared, f"{THREADS}prepare"),
            pump(self._compute_all(), self.computed, f"{THREADS}device"),
        ]
        try:
            for job in self._computed():
                yield from job.failed
                yield from self._finish(job)
        finally:
            self._close(reading, working)

    def _computed(self) -> Iterator[_Job]:
        """The batches as they are ready; after a stop, those that are so in time."""
        while left(self.stop) != 0:
            try:
                job = self.computed.get(_GLANCE)
            except TimeoutError:
                continue
            if job is None:
                return
            yield job

    def _close(self, reading: threading.Thread, working: list[threading.Thread]) -> None:
        """Release every thread, and wait for those that compute, as long as a stop allows.

        The interpreter aborts when it ends under a thread that is inside torch.
        """
        for channel in (self.submitted, self.decoded, self.prepared, self.computed):
            channel.abandon()
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
        reading.join(_FAREWELL if patience is None else min(_FAREWELL, patience))

    def _submit_all(self, sources: Iterable[Source]) -> Iterator[Future[_Decoded]]:
        for index, source in enumerate(sources):
            if self.stop.is_set():
                return
            yield self.pool.submit(self._decode, index, source)

    def _decode(self, index: int, source: Source) -> _Decoded:
        try:
            if self.stop.is_set():  # nobody will answer it
                raise StoppedError("the run was stopped", _GO_ON)
            item = self.stages.decode(source)
            cost, alike = self.stages.cost(item), self.stages.alike(item)
            return Planned(index, cost, (source, item), alike)
        except Exception as failure:
            return Planned(index, 0, (source, failure))

    def _prepare_all(self) -> Iterator[_Job]:
        def idle() -> bool:
            return len(self.prepared) == 0

        for window in windows(self.decoded.get, self.plan, idle):
            failed = [
                Outcome(member.index, member.value[0], error=member.value[1])
                for member in window
                if isinstance(member.value[1], Exception)
            ]
            if failed:
                yield _Job(failed=failed)
            good = [member for member in window if not isinstance(member.value[1], Exception)]
            for members in cut(good, self.plan):
                yield self._prepare(members)

    def _prepare(self, members: list[_Decoded]) -> _Job:
        job = _Job(members)
        try:
            job.batch = self.stages.preprocess(job.items)
        except Exception as failure:
            job.failure = failure
        return job

    def _compute_all(self) -> Iterator[_Job]:
        while not self.stop.is_set():
            try:
                job = self.prepared.get(_GLANCE)
            except TimeoutError:
                continue
            if job is None:
                return
            yield from self._compute(job)

    def _compute(self, job: _Job) -> Iterator[_Job]:
        """Run one batch; one that fails is split until the failing item stands alone."""
        if len(job.members) > self.limit:
            yield from self._halves(job)
            return
        if job.members and job.failure is None:
            try:
                job.outputs = self.stages.forward(job.batch)
            except Exception as failure:
                job.failure = failure
        self._raise_fatal(job.failure)
        if job.failure is None or len(job.members) < 2:
            yield job
            return
        if self.stages.is_out_of_memory(job.failure):
            self.limit = len(job.members) // 2
        yield from self._halves(job)

    def _halves(self, job: _Job) -> Iterator[_Job]:
        middle = len(job.members) // 2
        members, job.batch, job.failure = job.members, None, None
        for half in (members[:middle], members[middle:]):
            yield from self._compute(self._prepare(half))

    def _raise_fatal(self, failure: Exception | None) -> None:
        if failure is not None and self.stages.is_fatal(failure):
            raise StoppedError(f"the device is lost: {failure}", _GO_ON) from failure

    def _finish(self, job: _Job) -> Iterator[Outcome]:
        if not job.members:
            return
        results = self._results(job)
        if job.failure is None:
            for member, result in zip(job.members, results, strict=True):
                source, item = member.value
                yield Outcome(member.index, source, item, result)
        elif len(job.members) == 1:
            member = job.members[0]
            yield Outcome(member.index, member.value[0], error=job.failure)
        else:
            for half in self._halves(job):
                yield from self._finish(half)

    def _results(self, job: _Job) -> list[Any]:
        """One result per member; where there is none, the job's `failure` says why."""
        if job.failure is not None:
            return []
        try:
            results = self.stages.postprocess(job.outputs, job.batch, job.items)
            if len(results) != len(job.members):
                raise ValueError(f"{len(job.members)} inputs had {len(results)} answers")
            return results
        except Exception as failure:
            self._raise_fatal(failure)
            job.failure = failure
            return []
