"""One row of an explanation: a stage of the model, with what goes in and what comes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.explain.guide import words_of

if TYPE_CHECKING:
    from taskcli.runtime.blueprint import Blueprint, SymbolicShape
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
    model_type: str, timed: Sequence["GroupTrace"], counted: Sequence["GroupTrace"]
) -> list[Stage]:
    """In the order in which data reached them; then those whose weights are read by others."""
    pairs = sorted(
        zip(timed, counted, strict=True), key=lambda pair: (pair[0].calls == 0, pair[0].order)
    )
    return [
        _stage(model_type, timed, counted)
        for timed, counted in pairs
        if timed.calls or timed.group.parameters
    ]


def _stage(model_type: str, timed: "GroupTrace", counted: "GroupTrace") -> Stage:
    group = timed.group
    return Stage(
        *_named(model_type, group),
        group.path,
        group.kind,
        len(group.modules),
        timed.calls,
        counted.read,
        tuple(_shapes(timed.inputs)),
        tuple(_shapes(timed.outputs)),
        group.parameters,
        counted.multiply_adds,
        timed.seconds,
        counted.peak_bytes,
    )


def drawn_stages(blueprint: "Blueprint") -> list[Stage]:
    """Of an architecture that was given no input: neither time nor memory is known."""
    return [
        Stage(
            *_named(blueprint.model_type, one.group),
            one.group.path,
            one.group.kind,
            len(one.group.modules),
            one.calls,
            one.read,
            tuple(_shapes(one.inputs)),
            tuple(_shapes(one.outputs)),
            one.group.parameters,
            one.multiply_adds,
        )
        for one in blueprint.groups
    ]


def _named(model_type: str, group: "ModuleGroup") -> tuple[str, str]:
    """What a stage is called, and what is told of it."""
    words = words_of(model_type, group.path)
    return (words.name, words.about) if words else (group.path, "")


def _shapes(tensors: Iterable["TensorFacts | SymbolicShape"]) -> Iterable[TensorShape]:
    return (TensorShape(one.name, one.shape, one.dtype) for one in tensors)
