"""One row of an explanation: a stage of the model, with what goes in and what comes out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from taskcli.explain.guide import words_of

if TYPE_CHECKING:
    from taskcli.runtime.structure import ModuleGroup
    from taskcli.runtime.tracing import GroupTrace, TensorFacts


@dataclass(frozen=True, slots=True)
class TensorShape:
    """A tensor that a stage is given or gives; `name` is the argument's, empty for an answer.

    Of an architecture without an input, what an axis follows from stands in place of its length.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Stage:
    """`module` is a path in the model, `kind` its class, of which `repeats` are passed in a row.

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
    model_type: str, timed: Iterable["GroupTrace"], counted: Iterable["GroupTrace"]
) -> list[Stage]:
    """Of a model that was given one input twice; `timed` is in the order of the data."""
    counts = {trace.group: trace for trace in counted}
    return [
        replace(
            _stage(model_type, trace),
            read=counts[trace.group].read,
            multiply_adds=counts[trace.group].multiply_adds,
            seconds=trace.seconds,
            peak_bytes=counts[trace.group].peak_bytes,
        )
        for trace in timed
    ]


def drawn_stages(model_type: str, traces: Iterable["GroupTrace"]) -> list[Stage]:
    """Of an architecture that was given no input: neither time nor memory is known."""
    return [_stage(model_type, trace) for trace in traces]


def _stage(model_type: str, trace: "GroupTrace") -> Stage:
    group = trace.group
    return Stage(
        *_named(model_type, group),
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


def _named(model_type: str, group: "ModuleGroup") -> tuple[str, str]:
    """What a stage is called, and what is told of it."""
    words = words_of(model_type, group.path)
    return (words.name, words.about) if words else (group.path, "")


def _shapes(tensors: Iterable["TensorFacts"]) -> Iterable[TensorShape]:
    return (TensorShape(one.name, one.shape, one.dtype) for one in tensors)
