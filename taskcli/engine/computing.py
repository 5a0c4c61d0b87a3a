"""Batches to outputs, in one thread a device."""

import threading
from collections.abc import Callable, Iterator

from taskcli.engine.channel import Channel
from taskcli.engine.work import Job, Part, Stages


class Computing:
    """Runs batches of at most `limit` parts, which shrinks when one runs out of memory."""

    def __init__(
        self,
        stages: Stages,
        limit: int,
        stop: threading.Event,
        prepared: Channel[Job],
        collated: Callable[[list[Part]], Job],
    ) -> None:
        self._stages = stages
        self._limit = limit
        self._stop = stop
        self._prepared = prepared
        self._collated = collated

    def jobs(self) -> Iterator[Job]:
        for job in self._prepared.until(self._stop.is_set):
            yield from self._compute(job)

    def _compute(self, job: Job) -> Iterator[Job]:
        """Run one batch; one that fails is split until the failing part stands alone."""
        if len(job.parts) > self._limit:
            yield from self.halves(job)
            return
        if job.parts and job.failure is None:
            try:
                job.outputs = self._stages.forward(job.batch)
            except Exception as failure:
                job.failure = failure
        self._stages.raise_fatal(job.failure)
        if job.failure is None or len(job.parts) < 2:
            yield job
            return
        if self._stages.is_out_of_memory(job.failure):
            self._limit = len(job.parts) // 2
        yield from self.halves(job)

    def halves(self, job: Job) -> Iterator[Job]:
        """The batch in two, computed."""
        middle = len(job.parts) // 2
        parts, job.batch, job.failure = job.parts, None, None
        for half in (parts[:middle], parts[middle:]):
            yield from self._compute(self._collated(half))
