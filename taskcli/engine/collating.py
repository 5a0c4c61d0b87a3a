"""Parts to batches, in one thread."""

from collections.abc import Iterator

from taskcli.engine.batching import BatchBuilder, BatchingConfig, window_edges
from taskcli.engine.channel import Channel
from taskcli.engine.lookahead import Lookahead
from taskcli.engine.work import Item, Job, Part, Stages


class Collating:
    """Plans which parts share a batch, and collates them.

    `prepared` are the batches that no device has begun: one is idle when there are none.
    """

    def __init__(
        self,
        stages: Stages,
        config: BatchingConfig,
        ahead: Lookahead[Part | Item],
        prepared: Channel[Job],
    ) -> None:
        self._stages = stages
        self._config = config
        self._ahead = ahead
        self._prepared = prepared

    def jobs(self) -> Iterator[Job]:
        builder: BatchBuilder[Part] = BatchBuilder(self._config, lambda part: part.encoded)
        edge = next(window_edges(self._config.window, self._config.first))
        ended: list[Item] = []  # of whose last part nothing has been said yet

        def flushed() -> Iterator[Job]:
            for parts in builder.flush():
                yield self._collated(parts)
            yield Job(ended=ended.copy())
            ended.clear()

        while (entries := self._next_entries()) is not None:
            for entry in entries:
                item = entry.item if isinstance(entry, Part) else entry
                if item.source.number >= edge:  # whole windows were left out
                    yield from flushed()
                    window, first = self._config.window, self._config.first
                    edge = next(window_edges(window, first, item.source.number))
                if isinstance(entry, Part):
                    for parts in builder.add(entry):
                        yield self._collated(parts)
                    continue
                ended.append(item)
                # At once, for what is last in its window; and for what fills batches by itself,
                # so that it need not wait for its neighbours.
                if item.source.number + 1 == edge or item.cost > self._config.budget:
                    yield from flushed()
            if not entries:
                yield from flushed()
        yield from flushed()

    def _next_entries(self) -> list[Part | Item] | None:
        """What comes next; nothing where a pipe pauses and a device is idle; None at the end."""
        while True:
            try:
                return self._ahead.get(self._config.max_wait)
            except TimeoutError:
                if len(self._prepared) == 0:
                    return []

    def _collated(self, parts: list[Part]) -> Job:
        job = Job(parts)
        job.collate(self._stages)
        return job
