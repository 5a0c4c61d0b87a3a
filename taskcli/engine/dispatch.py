"""Batches for the devices: whichever is free has the next, and others have what one could not do.

A device fails, or what it was given does. A batch that fails is halved until a part stands alone.
A device that then does not compute the simplest thing is lost, and its batch goes to the others as
it is; so is one that could not compute a part which another can. What no device computes, or what
alone felled a second one, is an error of the input.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from taskcli.engine.channel import POLL_INTERVAL, Channel
from taskcli.engine.work import GO_ON, Device, Job, Part, Stages
from taskcli.errors import StoppedError, first_line

# Batches that one may be ahead of the oldest that is not answered: their answers wait for it.
_AHEAD = 64


@dataclass(frozen=True)
class Loss:
    """A device that is used no more, and why."""

    device: str
    failure: Exception

    @property
    def told(self) -> str:
        """In one line."""
        reason = first_line(self.failure)
        return f"{self.device} failed, and the others go on without it: {reason}"


class Dispatch(Channel[Job]):
    """What the devices are to compute. A job that one takes is retried, or settled once it is read.

    Its methods may be called in any thread.
    """

    def __init__(self, stages: Stages, stop: threading.Event) -> None:
        super().__init__(depth=len(stages.devices) + 1)
        self._stages = stages
        self._stop = stop
        self._working = list(stages.devices)
        self._again: deque[Job] = deque()  # to be computed once more, before any other
        self._unsettled: dict[int, int] = {}  # number of a batch -> its jobs without an answer
        self._count = 0  # batches that were begun
        self._losses: deque[Loss] = deque()  # that nobody has been told of

    def take(self, device: Device) -> Job | None:
        """The next batch for a device that is free; None when there is nothing more for it."""
        with self._changed:
            while not self._is_over(device):
                if (job := self._next(device)) is not None:
                    self._changed.notify_all()
                    return job
                self._changed.wait(POLL_INTERVAL)
            if self._failure is not None:
                raise self._failure
        return None

    def _is_over(self, device: Device) -> bool:
        done = self._ended and not (self._values or self._unsettled)
        return done or self._closed or self._stop.is_set() or device not in self._working

    def _next(self, device: Device) -> Job | None:
        for job in self._again:
            if self._is_for(job, device):
                self._again.remove(job)
                return job
        if not self._values or self._count - next(iter(self._unsettled), self._count) >= _AHEAD:
            return None
        job = self._values.popleft()
        job.number = self._count
        self._unsettled[job.number] = 1
        self._count += 1
        return job

    def _is_for(self, job: Job, device: Device) -> bool:
        if job.owner in self._working and job.owner is not device and self._values:
            return False
        return device not in job.tried or self._all_tried(job)

    def _all_tried(self, job: Job) -> bool:
        return job.tried.keys() >= set(self._working)

    def settle(self, job: Job) -> None:
        """The job is answered. A device that could not compute what another could is lost."""
        for device, failure in job.tried.items() if job.failure is None else ():
            if self._is_device_error(failure):
                self._lose(device, failure)
        with self._changed:
            self._unsettled[job.number] -= 1
            if not self._unsettled[job.number]:
                del self._unsettled[job.number]
            self._changed.notify_all()

    def halve(self, job: Job, owner: Device | None = None) -> None:
        """Compute it in two; by its `owner`, while others have anything else to do."""
        middle = len(job.parts) // 2
        self._give_back(job, [job.parts[:middle], job.parts[middle:]], owner)

    def retries(self, job: Job) -> bool:
        """Whether a job that failed is computed again; if not, its failure is its answer."""
        device, failure = job.device, job.failure
        assert device is not None
        assert failure is not None
        has_no_room = self._stages.is_out_of_memory(failure)
        if isinstance(failure, RuntimeError) and not has_no_room and not self._answers(device):
            return self._retries_elsewhere(job, device, failure)
        if len(job.parts) > 1:
            self.halve(job, device if has_no_room else None)
            return True
        job.tried[device] = failure
        if not (has_no_room or self._is_device_error(failure)) or self._all_tried(job):
            return False
        self._put_back(job)
        return True

    def _retries_elsewhere(self, job: Job, device: Device, failure: Exception) -> bool:
        """As it is, or part by part if a second device was lost at it."""
        job.felled += self._lose(device, failure)
        if job.felled < 2 or not self._working:
            self._put_back(job)
        elif len(job.parts) > 1:
            self._give_back(job, [[part] for part in job.parts])
        else:
            return False
        return True

    def _is_device_error(self, failure: Exception) -> bool:
        return self._stages.is_device_error(failure) and not self._stages.is_out_of_memory(failure)

    def _answers(self, device: Device) -> bool:
        try:
            device.check()
        except Exception as failure:
            return self._stages.is_out_of_memory(failure)
        return True

    def _lose(self, device: Device, failure: Exception) -> bool:
        """Use it no more; whether it was in use until now."""
        with self._changed:
            if device not in self._working:
                return False
            self._working.remove(device)
            self._losses.append(Loss(device.name, failure))
            self._changed.notify_all()
            return True

    def _put_back(self, job: Job) -> None:
        """All of it, collated as it is."""
        with self._changed:
            job.outputs = job.results = job.failure = None
            self._again.appendleft(job)
            self._changed.notify_all()

    def _give_back(self, job: Job, pieces: list[list[Part]], owner: Device | None = None) -> None:
        with self._changed:
            self._unsettled[job.number] += len(pieces) - 1
            self._again.extendleft(job.piece(parts, owner) for parts in reversed(pieces))
            self._changed.notify_all()

    def tell_losses(self, tell: Callable[[Loss], None]) -> None:
        """Of every device once; that of the last one is kept, since it ends the run."""
        with self._changed:  # or the last one could be lost meanwhile, and be told, too
            kept = 0 if self._working else 1
            told = [self._losses.popleft() for _ in range(len(self._losses) - kept)]
        for loss in told:
            tell(loss)

    def raise_if_all_are_lost(self) -> None:
        """Raises StoppedError where no device is left."""
        if self._working:
            return
        loss, count = self._losses[-1], len(self._stages.devices)
        lost = (
            "the device is lost" if count == 1 else f"all {count} devices are lost, {loss.device}"
        )
        raise StoppedError(f"{lost}: {loss.failure}", GO_ON) from loss.failure
