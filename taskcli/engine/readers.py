"""Outputs to what they say, in several threads; batch after batch for who takes them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from taskcli.engine.channel import THREADS, Channel, ChannelClosed
from taskcli.engine.work import Job


class Readers:
    """Threads in which `read` is called for each of the `computed` batches.

    At most `count` are read at a time, and twice as many wait to be taken: what ends an input or a
    window is one, too, and has nothing to read.
    """

    def __init__(self, read: Callable[[Job], Job], computed: Channel[Job], count: int) -> None:
        self._read = read
        self._computed = computed
        self._turn = threading.Lock()  # whose batch is next
        self._begun: Channel[Future[Job]] = Channel(2 * count)
        self.threads = [
            threading.Thread(target=self._work, name=f"{THREADS}read", daemon=True)
            for _ in range(count)
        ]

    def until(self, is_over: Callable[[], bool]) -> Iterator[Job]:
        """The batches in order, up to the end, or until it `is_over`."""
        for thread in self.threads:
            thread.start()
        return (begun.result() for begun in self._begun.until(is_over))

    def close(self) -> None:
        self._begun.close()

    def _work(self) -> None:
        try:
            while (next_ := self._next()) is not None:
                job, begun = next_
                try:
                    begun.set_result(self._read(job))
                except BaseException as failure:  # it is raised to who takes the batch
                    begun.set_exception(failure)
        except ChannelClosed:
            pass
        except BaseException as failure:  # of the thread that computes, in its place
            self._begun.end(failure)
        else:
            self._begun.end()

    def _next(self) -> tuple[Job, Future[Job]] | None:
        with self._turn:
            job = self._computed.get()
            if job is None:
                return None
            begun: Future[Job] = Future()
            self._begun.put(begun)
            return job, begun
