"""One input, looked into: what its views show."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskcli.api import Model
from taskcli.explain.alike import same
from taskcli.explain.answering import watched
from taskcli.explain.seen import Seen
from taskcli.explain.views import attends, views_of, wanted
from taskcli.explain.views.kinds import View
from taskcli.explain.views.picture import plane_of
from taskcli.media.items import Item
from taskcli.media.source import Source
from taskcli.results import Record


@dataclass(frozen=True)
class Look:
    """Views in the order of the data, with the decoded item that they are of.

    Attention was written out for them: `same` tells that the answer was the same within 1e-4.
    """

    views: Sequence[View]
    same: bool
    item: Item | None


def look(model: Model, source: Source, answer: Record) -> Look:
    """What views show of an input, and whether its answer was this `answer` meanwhile."""
    from torch import inference_mode

    from taskcli.runtime.capture import Capture
    from taskcli.runtime.contained import contained

    task = model.session.task
    capture = Capture(model.loaded.model, wanted(task.name, model.loaded.model), attends(task.name))
    found, notes = watched(model, source, capture.watching)
    if found.record.error is not None:
        return Look((), False, None)
    item = model.whole(found)
    assert item is not None
    with contained(), inference_mode():
        seen = Seen(
            task,
            model.loaded.model_type,
            item,
            found.record.result,
            notes.batches,
            notes.parts,
            notes.outputs,
            capture.calls,
            capture.attention,
            capture.writing.batches,
            plane_of(task, notes.batches, item),
        )
        views = tuple(views_of(seen)) if seen.batches else ()  # of silence nothing was heard
    return Look(views, same(answer, found.record), item)
