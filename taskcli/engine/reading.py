"""Outputs to outcomes: read in any thread, folded in the caller's."""

from collections.abc import Callable, Iterator

from taskcli.engine.dispatch import Dispatch
from taskcli.engine.lookahead import Lookahead
from taskcli.engine.work import Item, Job, Outcome, Part, Stages
from taskcli.media.source import Source

_LATEST = 2  # parts: neighbours, of which each may lack the half of a word


class Reading:
    """Reads outputs, and folds the results of an item's parts once the last has come.

    A batch whose outputs cannot be read goes back to `dispatch`. `advance` hears of every part that
    is answered.
    """

    def __init__(
        self,
        stages: Stages,
        ahead: Lookahead[Part | Item],
        dispatch: Dispatch,
        advance: Callable[[Source, int], None],
    ) -> None:
        self._stages = stages
        self._ahead = ahead
        self._dispatch = dispatch
        self._advance = advance

    def outcomes(self, job: Job) -> Iterator[tuple[int, Outcome]]:
        """Those of the items that the batch ends, each with its rank."""
        results = self.read(job).results or []
        if job.failure is not None and not job.is_final and self._dispatch.retries(job):
            return
        self._dispatch.settle(job)
        if job.failure is not None:
            job.parts[0].item.failure = job.failure
        for part, result in zip(job.parts, results, strict=False):
            part.item.results[part.number] = result
            self._advance(part.item.source, part.encoded.progress)
        self._ahead.release(sum(part.encoded.weight for part in job.parts))
        for item in dict.fromkeys([*(part.item for part in job.parts), *job.ended]):
            self._tell_latest(item)
            yield from self._answer(item)

    def _tell_latest(self, item: Item) -> None:
        if self._stages.latest is None:
            return
        before = item.first
        while item.first in item.results:
            item.first += 1
        if item.first in (before, item.parts):
            return
        latest = range(max(item.first - _LATEST, 0), item.first)
        self._stages.latest(item.source, item.item, [item.results[n] for n in latest])

    def read(self, job: Job) -> Job:
        """With a result for each part, read once; where there is none, its `failure` says why."""
        if job.results is None:
            job.results = self._results(job)
        return job

    def _results(self, job: Job) -> list[object]:
        if job.failure is not None or not job.parts:
            return []
        try:
            results = self._stages.read(job.outputs, job.batch, len(job.parts))
            if len(results) != len(job.parts):
                raise ValueError(f"{len(job.parts)} parts had {len(results)} answers")
            return results
        except Exception as failure:
            job.failure = failure
            return []

    def _answer(self, item: Item) -> Iterator[tuple[int, Outcome]]:
        """The outcome of an item, once: when it has failed, or its last part has come."""
        if item.answered:
            return
        if item.failure is None and len(item.results) != item.parts:
            return
        item.answered = True
        result = None
        if item.failure is None:
            try:
                result = self._stages.fold(
                    item.item, [item.results[n] for n in range(len(item.results))]
                )
            except Exception as failure:
                item.failure = failure
        kept = item.item if item.failure is None else None
        yield item.rank, Outcome(item.source, kept, result, item.failure)
