"""The sources of a run in blocks, cut where the windows of a local run end.

So a worker plans the same batches as a local run does.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from taskcli.engine import THREADS
from taskcli.engine.batching import window_edges
from taskcli.media.source import Source


@dataclass(slots=True, eq=False)
class Block:
    """Sources that are answered together, each with its rank among those that get a record.

    `suspect` says that a worker was lost that had it, perhaps beside another: it is given alone
    then. `losses` counts the workers that were lost while they had it alone.
    """

    order: int
    ranked: list[tuple[int | None, Source]]  # no rank: it has its answer, and shares a batch
    suspect: bool = False
    losses: int = 0

    @property
    def sources(self) -> list[Source]:
        return [source for _, source in self.ranked]

    @property
    def unanswered(self) -> Iterator[tuple[int, Source]]:
        return ((rank, source) for rank, source in self.ranked if rank is not None)

    def halves(self) -> list["Block"]:
        middle = (len(self.ranked) + 1) // 2
        parts = self.ranked[:middle], self.ranked[middle:]
        return [
            Block(self.order, part, suspect=True)
            for part in parts
            if any(rank is not None for rank, _ in part)
        ]


class Blocks:
    """Read by a thread, no further than `ahead` blocks; `changed` hears that there are more.

    Of a pipe (`live`) a block that has begun can be taken, too: nobody knows when more will come.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        window: int,
        first: int,
        ahead: int,
        live: bool,
        changed: Callable[[], None],
    ) -> None:
        self._sources, self._window, self._first = sources, window, first
        self._ahead, self._live, self._tell = ahead, live, changed
        self._room = threading.Condition()
        self._whole: deque[Block] = deque()
        self._open: list[tuple[int | None, Source]] = []
        self._orders = self._ranks = 0
        self._closed = self._read = False
        self.failure: BaseException | None = None  # of reading, behind the last block
        self._thread = threading.Thread(target=self._feed, name=f"{THREADS}sources", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self) -> Block | None:
        """The next block; None where there is none yet, or no more."""
        with self._room:
            if not self._whole and self._live:
                self._cut()
            self._room.notify_all()
            return self._whole.popleft() if self._whole else None

    @property
    def waiting(self) -> int:
        with self._room:
            return len(self._whole) or int(self._live and bool(self._open))

    @property
    def next_order(self) -> int:
        with self._room:
            return self._whole[0].order if self._whole else self._orders

    @property
    def ended(self) -> bool:
        """Whether every block was taken."""
        with self._room:
            return self._read and not self._whole

    def close(self) -> None:
        """Nobody takes any more."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def _feed(self) -> None:
        try:
            edge = 0
            for source in self._sources:
                if source.number >= edge:  # whole windows may have been left out
                    self._end_block()
                    edge = next(window_edges(self._window, self._first, source.number))
                if not self._add(source):
                    return
            self._end_block()
        except BaseException as failure:  # a broken list must not leave the consumer waiting
            self.failure = failure
            self._end_block()
        finally:
            self._read = True
            self._tell()

    def _add(self, source: Source) -> bool:
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._whole) < self._ahead)
            if self._closed:
                return False
            self._open.append((None if source.answered else self._ranks, source))
            self._ranks += not source.answered
        if self._live:
            self._tell()
        return True

    def _end_block(self) -> None:
        with self._room:
            self._cut()
        self._tell()

    def _cut(self) -> None:
        if self._open:
            self._whole.append(Block(self._orders, self._open))
            self._open = []
            self._orders += 1
