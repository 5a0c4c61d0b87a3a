"""Batches to outputs, in one thread a device."""

from collections.abc import Iterator

from taskcli.engine.dispatch import Dispatch
from taskcli.engine.work import Device, Job, Stages


class Computing:
    """A device at work on batches of at most `limit` parts, fewer once it ran out of memory."""

    def __init__(self, stages: Stages, device: Device, limit: int, dispatch: Dispatch) -> None:
        self._stages = stages
        self._device = device
        self._limit = limit
        self._dispatch = dispatch

    def jobs(self) -> Iterator[Job]:
        while (job := self._dispatch.take(self._device)) is not None:
            if self._device in job.tried:  # as did all that are left
                job.failure, job.is_final = job.tried[self._device], True
                yield job
                continue
            if len(job.parts) > self._limit:
                self._dispatch.halve(job, self._device)
                continue
            self._compute(job)
            if job.failure is not None and self._retries(job):
                continue
            job.is_final = job.failure is not None
            yield job

    def _compute(self, job: Job) -> None:
        job.device = self._device
        if job.batch is None and job.failure is None and job.parts:
            job.collate(self._stages)
        if not job.parts or job.failure is not None:
            return
        try:
            job.outputs = self._device.forward(job.batch)
            if job.felled:  # a device may answer before it has computed
                self._device.check()
        except Exception as failure:
            job.failure = failure

    def _retries(self, job: Job) -> bool:
        assert job.failure is not None
        if len(job.parts) > 1 and self._stages.is_out_of_memory(job.failure):
            self._limit = len(job.parts) // 2
        return self._dispatch.retries(job)
