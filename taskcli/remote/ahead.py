"""Files elsewhere are fetched before they are asked for, several at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import BinaryIO, TypeVar

from taskcli.remote.fetching import RemoteFile

T = TypeVar("T")
_AT_ONCE = 8
_FILES = 16  # that are fetched and not yet asked for
_BYTES = 256 << 20  # of them together
_USUAL = 4 << 20  # bytes that a file counts of which no size is known


@dataclass(frozen=True, eq=False)
class Begun(RemoteFile):
    """A file that is on its way. Opened once more, it is fetched once more."""

    coming: list["Future[BinaryIO]"] = field(default_factory=list, repr=False)

    def open(self) -> BinaryIO:
        try:
            future = self.coming.pop()
        except IndexError:
            return super().open()
        return future.result()


def fetched_ahead(
    things: Iterable[T],
    file_of: Callable[[T], RemoteFile | None],
    begun: Callable[[T, RemoteFile], T],
    live: bool = False,
) -> Iterator[T]:
    """The same in their order, each with its file under way; bounded by the sizes that are known.

    `begun` puts a file that is under way into a thing. Of what comes `live` none is held back.
    """
    waiting = deque[tuple[T, int]]()
    held = 0
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch")
    try:
        for thing in things:
            file = file_of(thing)
            weight = 0
            if file is not None and file.travels:
                weight = _USUAL if file.size is None else file.size
                coming = [pool.submit(file.open)]
                on_its_way = Begun(file.url, file.patience, file.size, None, coming)
                thing = begun(thing, on_its_way)
            waiting.append((thing, weight))
            held += weight
            while waiting and (live or not held or held > _BYTES or len(waiting) > _FILES):
                first, weight = waiting.popleft()
                held -= weight
                yield first
        while waiting:
            yield waiting.popleft()[0]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
