"""Blocks to workers, and their records back: what is lost with a worker is answered by another."""

import os
import threading
from collections import deque
from collections.abc import Iterator
from queue import Empty
from typing import NamedTuple

from taskcli.cluster.blocks import Block, Blocks
from taskcli.cluster.exchange import Answered, BlockAnswers
from taskcli.cluster.settled import Lost
from taskcli.cluster.workers import BlockEnded, Event, LoadEnded, Workers
from taskcli.engine.stop import left
from taskcli.errors import StoppedError, WorkerLost
from taskcli.media.source import Source

_BEAT = 0.2  # seconds after which a stop is noticed
_STRIKES = 2  # workers that one input must end alone before it is given up
_HINT = "it may need more memory than a worker has, or crash a library; --engine local may tell"


class Finished(NamedTuple):
    """A source with its rank, and its answer or why there is none."""

    rank: int
    source: Source
    answer: Answered | WorkerLost


class Dispatch:
    """One run's blocks through its workers."""

    def __init__(
        self, workers: Workers, blocks: Blocks, stop: threading.Event, ahead: int | None
    ) -> None:
        """`ahead` bounds how many blocks may be finished behind one that is not; None does not."""
        self._workers, self._blocks, self._stop, self._ahead = workers, blocks, stop, ahead
        self._suspects: deque[Block] = deque()
        self._told_to_stop = False
        self.batching_note = ""

    def finished(self) -> Iterator[Finished]:
        """As they come. Raises StoppedError where workers are lost whatever they are given."""
        self._blocks.start()
        try:
            while not self._is_over():
                self._hand_out()
                yield from self._news()
            if self._blocks.failure is not None and not self._stop.is_set():
                raise self._blocks.failure
        finally:
            self._blocks.close()

    def _is_over(self) -> bool:
        if any(True for _ in self._workers.running):
            return left(self._stop) == 0
        return self._stop.is_set() or (self._blocks.ended and not self._suspects)

    def _news(self) -> list[Finished]:
        """What has come since. Workers have new blocks before any of it is written."""
        found: list[Finished] = []
        try:
            found += self._take(self._workers.events.get(timeout=_BEAT))
            while True:
                found += self._take(self._workers.events.get_nowait())
        except Empty:
            self._hand_out()
            return found

    def _hand_out(self) -> None:
        if self._stop.is_set():
            self._end_workers()
            return
        while self._suspects and (member := self._workers.free(most=1)):
            self._workers.give(member, self._suspects.popleft())
        while self._may_begin() and (member := self._workers.free()):
            if (block := self._blocks.take()) is None:
                break
            self._workers.give(member, block)
        if self._blocks.ended and not self._suspects:
            self._workers.retire()
        self._workers.grow(self._workers.busy + len(self._suspects) + self._blocks.waiting)

    def _may_begin(self) -> bool:
        """Whether another block is near enough to the first that is not finished."""
        begun = [block.order for block in (*self._workers.running, *self._suspects)]
        if self._ahead is None or not begun:
            return True
        return self._blocks.next_order < min(begun) + self._ahead

    def _end_workers(self) -> None:
        if not self._told_to_stop:
            self._told_to_stop = True
            self._workers.stop(left(self._stop))

    def _take(self, event: Event) -> list[Finished]:
        if isinstance(event, LoadEnded):
            self._workers.settle(event)
        if not isinstance(event, BlockEnded):
            return []
        answers = self._workers.answers(event)
        if isinstance(answers, Lost):
            return self._again(event.block, answers)
        self.batching_note = self.batching_note or answers.batching_note
        _check_there(answers.missing)
        return _matched(event.block, answers)

    def _again(self, block: Block, why: Lost) -> list[Finished]:
        """A block whose worker was lost: alone, then by halves, down to the input that did it."""
        if not block.suspect:  # it may be the other one that the worker had
            block.suspect = True
            self._suspects.append(block)
            return []
        block.losses += 1
        if len(block.ranked) > 1:
            self._suspects.extendleft(reversed(block.halves()))
            return []
        if block.losses < _STRIKES:
            self._suspects.appendleft(block)
            return []
        told = WorkerLost(
            f"every worker that had it was lost, {block.losses} alone with it: {why.reason}", _HINT
        )
        return [Finished(rank, source, told) for rank, source in block.unanswered]


def _check_there(missing: str | None) -> None:
    """A file that a worker does not find, and this machine does, is one of many."""
    if missing is not None and os.path.lexists(missing):
        raise StoppedError(
            f"a worker's machine does not have {missing}",
            "put the inputs where every machine finds them by the same path",
        )


def _matched(block: Block, answers: BlockAnswers) -> list[Finished]:
    """Fewer than the block has where a stop came."""
    by_number = {answer.number: answer for answer in answers.answers}
    return [
        Finished(rank, source, by_number[source.number])
        for rank, source in block.unanswered
        if source.number in by_number
    ]
