"""One pass of inputs through the workers, as the local `Run` is through a model."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from taskcli import engine
from taskcli.api import RecordWithInput, window_of
from taskcli.api.records import to_record
from taskcli.cluster.blocks import Blocks
from taskcli.cluster.dispatch import Dispatch, Finished
from taskcli.cluster.exchange import Answered, Load
from taskcli.cluster.workers import AT_ONCE, Workers
from taskcli.errors import InputError
from taskcli.inputs.sources import Sources
from taskcli.media.items import Item
from taskcli.media.source import Source
from taskcli.tasks import BY_NAME

_AHEAD = 8  # blocks for each worker that may be finished behind one that is not


@dataclass(eq=False)
class ClusterRun:
    """`look` decodes a source for who shows it; None where nobody does."""

    load: Load
    workers: Workers
    sources: Sources
    ordered: bool
    gaps: bool
    stop: threading.Event
    look: Callable[[Source], Item | None] | None
    batching_note: str = ""
    listener: Callable[[str], None] | None = None  # nobody hears texts as workers write them

    def answers(self) -> Iterator[RecordWithInput]:
        """Records with the inputs that they answer; none for what is answered already."""
        ahead = _AHEAD * self.workers.most if self.ordered else None
        dispatch = Dispatch(self.workers, self._blocks(), self.stop, ahead)
        ranked = ((one.rank, one) for one in dispatch.finished())
        found = engine.in_order(ranked, self.gaps) if self.ordered else (one for _, one in ranked)
        for one in found:
            self.batching_note = dispatch.batching_note
            yield self._as_local(one)

    def _blocks(self) -> Blocks:
        task = BY_NAME[self.load.task]
        window = window_of(task.media, self.load.run.batch_size)
        return Blocks(
            map(_carried, engine.broken_windows(self.sources.items, window, task.first_window)),
            window,
            task.first_window,
            AT_ONCE * self.workers.most,
            self.sources.live,
            lambda: self.workers.events.put(None),
        )

    def _as_local(self, finished: Finished) -> RecordWithInput:
        source, answer = finished.source, finished.answer
        if not isinstance(answer, Answered):
            outcome = engine.Outcome(source, error=answer)
            record = to_record(outcome, self.load.task, self.load.checkpoint)
            return RecordWithInput(record, source, None)
        shown = self.look is not None and answer.item is not None
        item = self.look(source) if self.look is not None and shown else answer.item
        return RecordWithInput(answer.record, source, item)


def _carried(source: Source) -> Source:
    """The same for another process: what is open here goes along, such as what lies in an archive.

    A frame takes its pixels along, and needs no file.
    """
    if source.frame is not None and source.frame.shot is not None:
        return replace(source, remote=None)
    if source.remote is None or source.remote.travels:
        return source
    try:
        with source.remote.open() as stream:
            return replace(source, remote=None, data=stream.read())
    except InputError as failure:
        return replace(source, remote=None, error=failure)
