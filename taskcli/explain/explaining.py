"""One input through a model, again and again: answered, timed, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskcli.api import Model
from taskcli.explain.guide import told_of_training
from taskcli.explain.stages import Stage, drawn_stages, stages_of
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source
from taskcli.results import Record
from taskcli.task import Task

if TYPE_CHECKING:
    from taskcli.runtime.tracing import Tracer


@dataclass(frozen=True)
class Explanation:
    """An answer, and the stages that led to it.

    `parameters` are the model's, `multiply_adds` and `seconds` of all its calls: what the stages
    lack of them happens between these. `same` says that the answer was the same while the model was
    watched. `training` tells what belongs to the architecture's training and to no answer.
    """

    record: Record
    architecture: str
    stages: Sequence[Stage]
    parameters: int
    multiply_adds: int
    seconds: float
    same: bool
    training: Sequence[str]


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
        drawn_stages(drawn.model_type, drawn.traces),
        drawn.parameters,
        drawn.multiply_adds,
        drawn.sizes,
        told_of_training(drawn.model_type),
        drawn.lacking,
    )


def explain(model: Model, source: Source) -> Explanation:
    """Answers three times: for the record, which warms up; with a clock; and with counters."""
    from taskcli.runtime.structure import groups_of
    from taskcli.runtime.tracing import Counting, Tracer, in_order

    weights = model.loaded.model
    groups = groups_of(weights)
    model = replace(model, sessions=model.sessions[:1])
    first = _record(model, source)
    timed, counted = Tracer(groups), Tracer(groups, Counting)
    again = [_record(_watched(model, tracer), source) for tracer in (timed, counted)]
    return Explanation(
        first,
        model.loaded.model_type,
        stages_of(model.loaded.model_type, in_order(timed.traces), counted.traces),
        sum(one.numel() for one in weights.parameters()),
        counted.multiply_adds,
        timed.seconds,
        all(record == first for record in again),
        told_of_training(model.loaded.model_type),
    )


def _watched(model: Model, tracer: "Tracer") -> Model:
    return replace(model, sessions=(replace(model.session, watching=tracer.watching),))


def _record(model: Model, source: Source) -> Record:
    (answered,) = model.run(Sources([source], 1), looked_at=False).answers()
    return answered.record
