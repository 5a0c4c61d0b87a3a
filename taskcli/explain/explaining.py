"""One input through a model, again and again: answered, timed, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taskcli.api import Model
from taskcli.explain.alike import same
from taskcli.explain.answering import answered, watched
from taskcli.explain.guide import told_of_training
from taskcli.explain.looking import Look, look
from taskcli.explain.stages import Stage, drawn_stages, outlined, stages_around, stages_of
from taskcli.media.source import Source
from taskcli.results import Record
from taskcli.task import Task


@dataclass(frozen=True)
class Explanation:
    """An answer, and the stages that led to it.

    `parameters` are the model's, `multiply_adds` of all its calls, `seconds` of these and of what
    stands around the model. `same` says that the
    answer was the same within 1e-4 while the model was watched. `training` tells what belongs to
    the architecture's training and to no answer.
    """

    record: Record
    architecture: str
    stages: Sequence[Stage]
    parameters: int
    multiply_adds: int
    seconds: float
    same: bool
    training: Sequence[str]
    look: Look | None = None

    @property
    def seconds_between(self) -> float:
        """Of `seconds` those that are of no stage."""
        return max(0.0, self.seconds - sum(one.seconds or 0.0 for one in self.stages))


@dataclass(frozen=True)
class Architecture:
    """The stages of an architecture, from its configuration alone.

    `multiply_adds` are of one call of the model with inputs of the `sizes`. `lacking` says why
    there are no shapes, if so.
    """

    model_type: str
    kind: str
    stages: Sequence[Stage]
    parameters: int
    multiply_adds: int
    sizes: Mapping[str, int]
    training: Sequence[str]
    lacking: str | None


def draw(task: type[Task[Any, Any, Any]], name: str, folder: Path) -> Architecture:
    """Of the config in a folder. Raises CheckpointError if it cannot serve the task."""
    from taskcli.runtime.blueprint import blueprint

    drawn = blueprint(task, name, folder)
    return Architecture(
        drawn.model_type,
        drawn.kind,
        drawn_stages(task.name, drawn.model_type, drawn.traces),
        drawn.parameters,
        drawn.multiply_adds,
        drawn.sizes,
        told_of_training(drawn.model_type),
        drawn.lacking,
    )


def outline(model: Model) -> Sequence[Stage]:
    """All stages that an input may pass, before any came by."""
    from taskcli.runtime.structure import groups_of

    groups = groups_of(model.loaded.model)
    return outlined(model.session.task, model.loaded.model_type, groups)


def explain(model: Model, source: Source, views: bool = False) -> Explanation:
    """Answers three times: for the record, which warms up; with a clock; and with counters.

    A fourth time, with attention written out, for `views`.
    """
    from taskcli.runtime.structure import groups_of
    from taskcli.runtime.tracing import Counting, Tracer, in_order

    weights = model.loaded.model
    groups = groups_of(weights)
    model = replace(model, sessions=model.sessions[:1])
    first = answered(model, source).record
    if first.error is not None:
        return _unexplained(model, first)
    timed, counted = Tracer(groups), Tracer(groups, Counting)
    again, notes = watched(model, source, timed.watching)
    once_more, _ = watched(model, source, counted.watching)
    model_type = model.loaded.model_type
    before, behind = stages_around(model.session.task, model_type, notes)
    of_model = stages_of(
        model.session.task.name, model_type, in_order(timed.traces), counted.traces
    )
    return Explanation(
        first,
        model_type,
        [before, *of_model, behind],
        sum(one.numel() for one in weights.parameters()),
        counted.multiply_adds,
        notes.before + timed.seconds + notes.behind,
        same(first, again.record) and same(first, once_more.record),
        told_of_training(model_type),
        look(model, source, first) if views else None,
    )


def _unexplained(model: Model, record: Record) -> Explanation:
    """Of an input that has no answer: it is read once."""
    return Explanation(record, model.loaded.model_type, (), 0, 0, 0.0, True, ())
