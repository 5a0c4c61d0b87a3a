"""One row of an explanation: a stage of the model, with what goes in and what comes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taskcli.explain.guide import words_of
from taskcli.explain.guide_around import words_around
from taskcli.media import MEDIA

if TYPE_CHECKING:
    from taskcli.explain.guide import Words
    from taskcli.runtime.structure import ModuleGroup
    from taskcli.runtime.tracing import GroupTrace, TensorFacts
    from taskcli.runtime.watched import Notes
    from taskcli.task import Task


@dataclass(frozen=True, slots=True)
class TensorShape:
    """A tensor that a stage is given or gives; `name` is the argument's, empty for an answer.

    Of an architecture without an input, what an axis follows from stands in place of its length.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str


_MAIN = frozenset(name for medium in MEDIA.values() for name in medium.tensors)
# In place of a path: what leads to the model, and what makes the result of its answers.
INPUT, ANSWER = "<input>", "<answer>"


@dataclass(frozen=True, slots=True)
class Stage:
    """`module` is a path in the model, `kind` its class, of which there are `repeats`: one
    after the other, or side by side, as the branches of a pyramid are.

    What leads to the model is INPUT, of the processor's class, and what reads its answer is ANSWER,
    of the task's: these have no weights, and are timed alone.

    `calls` counts how often data came by: generation calls its decoder once a token. Shapes are
    those of the first call. `parameters` that an earlier stage shares are counted there; `read`
    tells whether any of them had a part, for other stages read the weights of one that is not
    called. `seconds` and `multiply_adds` are of all calls, `peak_bytes` of all that is held beside
    the weights.
    """

    name: str
    about: str
    module: str
    kind: str
    repeats: int
    calls: int
    read: bool
    inputs: tuple[TensorShape, ...]
    outputs: tuple[TensorShape, ...]
    parameters: int
    multiply_adds: int
    seconds: float | None = None
    peak_bytes: int | None = None


def stages_of(
    task: str, model_type: str, timed: Iterable["GroupTrace"], counted: Iterable["GroupTrace"]
) -> list[Stage]:
    """Of a model that was given one input twice; `timed` is in the order of the data."""
    counts = {trace.group: trace for trace in counted}
    return [
        replace(
            _stage(task, model_type, trace),
            read=counts[trace.group].read,
            multiply_adds=counts[trace.group].multiply_adds,
            seconds=trace.seconds,
            peak_bytes=counts[trace.group].peak_bytes,
        )
        for trace in timed
    ]


def stages_around(
    task: "Task[Any, Any, Any]", model_type: str, notes: "Notes"
) -> tuple[Stage, Stage]:
    """What leads to the model and what reads its answer, for the first batch of an input."""
    before, behind = words_around(task.name, model_type)
    given = [batch.inputs for batch in notes.batches[:1]]
    return (
        _beside(before, INPUT, task.processor, len(notes.batches), (), given, notes.before),
        _beside(behind, ANSWER, task, len(notes.outputs), notes.outputs[:1], (), notes.behind),
    )


def outlined(
    task: "Task[Any, Any, Any]", model_type: str, groups: Iterable["ModuleGroup"]
) -> list[Stage]:
    """All stages by name and path, before anything came by."""
    from taskcli.runtime.tracing import GroupTrace

    before, behind = words_around(task.name, model_type)
    return [
        _beside(before, INPUT, task.processor, 0, (), (), 0.0),
        *(_stage(task.name, model_type, GroupTrace(group)) for group in groups),
        _beside(behind, ANSWER, task, 0, (), (), 0.0),
    ]


def _beside(
    words: "Words",
    place: str,
    does: object,
    calls: int,
    given: Iterable[object],
    gives: Iterable[object],
    seconds: float,
) -> Stage:
    from taskcli.runtime.tracing import facts_of

    return Stage(
        words.name,
        words.about,
        place,
        type(does).__name__,
        1,
        calls,
        True,
        tuple(_shapes(fact for one in given for fact in facts_of(one))),
        tuple(_shapes(fact for one in gives for fact in facts_of(one))),
        0,
        0,
        seconds,
        0,
    )


def drawn_stages(task: str, model_type: str, traces: Iterable["GroupTrace"]) -> list[Stage]:
    """Of an architecture that was given no input: neither time nor memory is known."""
    return [_stage(task, model_type, trace) for trace in traces]


def _stage(task: str, model_type: str, trace: "GroupTrace") -> Stage:
    group = trace.group
    return Stage(
        *_named(task, model_type, group),
        group.path,
        group.kind,
        len(group.modules),
        trace.calls,
        trace.read,
        tuple(_shapes(trace.inputs)),
        tuple(_shapes(trace.outputs)),
        group.parameters,
        trace.multiply_adds,
    )


def _named(task: str, model_type: str, group: "ModuleGroup") -> tuple[str, str]:
    """What a stage is called, and what is told of it."""
    words = words_of(model_type, group.path, task)
    return (words.name, words.about) if words else (group.path, "")


def _shapes(tensors: Iterable["TensorFacts"]) -> Iterable[TensorShape]:
    """What a medium's models are given comes before masks and the like: it is shown alone."""
    shapes = [TensorShape(one.name, one.shape, one.dtype) for one in tensors]
    return sorted(shapes, key=lambda one: one.name not in _MAIN)


def stage_with(stages: Sequence[Stage], path: str) -> Stage:
    """The stage that a module is part of; ANSWER's for one that none has."""
    return next(
        (one for one in stages if _holds(one.module, path)),
        next(one for one in stages if one.module == ANSWER),
    )


def _holds(group: str, path: str) -> bool:
    """Whether a group of modules has this one; `layers.0-3` are four of a list."""
    if path == group or path.startswith(f"{group}."):
        return group != ""
    parent, _, numbers = group.rpartition(".")
    first, _, last = numbers.partition("-")
    place = path.removeprefix(f"{parent}.").partition(".")[0]
    if not (path.startswith(f"{parent}.") and first.isdigit() and last.isdigit()):
        return False
    return place.isdigit() and int(first) <= int(place) <= int(last)
