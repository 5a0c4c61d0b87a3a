"""One source through a model, while somebody watches."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from taskcli.api import Model
from taskcli.api.records import RecordWithInput
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source

if TYPE_CHECKING:
    from taskcli.runtime.watched import Notes


def answered(model: Model, source: Source) -> RecordWithInput:
    (answered,) = model.run(Sources([source], 1), looked_at=False).answers()
    return answered


def watched(
    model: Model, source: Source, watching: Callable[[], AbstractContextManager[None]]
) -> tuple[RecordWithInput, "Notes"]:
    from taskcli.runtime.watched import WatchedSession

    parts = {one.name: getattr(model.session, one.name) for one in fields(model.session)}
    session = WatchedSession(**{**parts, "watching": watching})
    return answered(replace(model, sessions=(session,)), source), session.notes
