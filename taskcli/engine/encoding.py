"""Sources to parts, in a pool of threads."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from taskcli.engine.batching import BatchingConfig
from taskcli.engine.channel import THREADS, ChannelClosed
from taskcli.engine.chunks import chunks
from taskcli.engine.lookahead import Lookahead
from taskcli.engine.work import GO_ON, Item, Part, Stages
from taskcli.errors import StoppedError
from taskcli.media.source import Source


class Encoding:
    """Decodes and encodes chunks of the sources, and puts what comes of them into `ahead`."""

    def __init__(
        self,
        stages: Stages,
        config: BatchingConfig,
        stop: threading.Event,
        ahead: Lookahead[Part | Item],
    ) -> None:
        self._stages = stages
        self._config = config
        self._stop = stop
        self._ahead = ahead
        self._pool = ThreadPoolExecutor(config.threads, thread_name_prefix=f"{THREADS}decode")
        self._slots = threading.Semaphore(2 * config.threads)  # chunks begun and not yet encoded

    def submit_all(self, sources: Iterable[Source]) -> None:
        ticket, failure = 0, None
        try:
            for chunk in chunks(sources, self._config.chunk):
                self._slots.acquire()
                if self._stop.is_set() or self._ahead.closed:
                    return
                self._pool.submit(self._encode_chunk, ticket, chunk)
                ticket += 1
        except BaseException as raised:  # a broken list must not leave the consumer waiting
            failure = raised
        finally:
            self._ahead.finish(ticket, failure)

    def close(self) -> threading.Thread:
        """Take no more; the thread waits for what is being decoded."""
        self._slots.release(2 * self._config.threads)
        closing = threading.Thread(
            target=self._pool.shutdown,
            kwargs={"cancel_futures": True},
            name=f"{THREADS}closing",
            daemon=True,
        )
        closing.start()
        return closing

    def _encode_chunk(self, ticket: int, chunk: list[tuple[int, Source]]) -> None:
        try:
            items = [self._decoded(rank, source) for rank, source in chunk]
            for entries in self._encoded(items):
                parts = (entry for entry in entries if isinstance(entry, Part))
                self._ahead.put(ticket, entries, sum(part.encoded.weight for part in parts))
        except ChannelClosed:
            pass
        except BaseException as failure:  # a dead thread must not leave the consumer waiting
            self._ahead.fail(failure)
        finally:
            self._ahead.end(ticket)
            self._slots.release()

    def _decoded(self, rank: int, source: Source) -> Item:
        item = Item(rank, source)
        try:
            if self._stop.is_set():  # nobody will answer it
                raise StoppedError("the run was stopped", GO_ON)
            item.item = self._stages.decode(source)
        except Exception as failure:
            item.failure = failure
        return item

    def _encoded(self, items: list[Item]) -> Iterator[list[Part | Item]]:
        """The parts of each item, and behind them the item itself: together, or as they come."""
        if len(items) == 1:
            yield from self._alone(items[0])
            return
        try:
            together = self._together([item for item in items if item.failure is None])
        except Exception:  # of one of them: it is found by taking each alone
            for item in items:
                yield from self._alone(item)
            return
        entries: list[Part | Item] = []
        for item in items:
            parts = together.get(item, [])
            entries += [*parts, self._ended(item, len(parts))]
        yield entries

    def _alone(self, item: Item) -> Iterator[list[Part | Item]]:
        number = item.cost = 0
        try:
            if item.failure is None:
                for _, encoded in self._stages.encode([item.item]):
                    yield [item.part(number, encoded)]
                    number += 1
        except Exception as failure:
            item.failure = failure
        yield [self._ended(item, number)]

    def _together(self, items: list[Item]) -> dict[Item, list[Part]]:
        found: dict[Item, list[Part]] = {item: [] for item in items}
        for place, encoded in self._stages.encode([item.item for item in items]):
            parts = found[items[place]]
            parts.append(items[place].part(len(parts), encoded))
        return found

    def _ended(self, item: Item, parts: int) -> Item:
        if item.failure is None:
            item.item = self._stages.kept(item.item)
        item.parts = parts
        return item
