"""One row of an explanation: a stage of the model, with what goes in and what comes out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.explain.guide import words_of

if TYPE_CHECKING:
    from taskcli.runtime.tracing import GroupTrace, TensorFacts


@dataclass(frozen=True, slots=True)
class TensorShape:
    """A tensor that a stage is given or gives; `name` is the argument's, empty for an answer."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Stage:
    """`module` is a path in the model, `kind` its class, of which `repeats` are passed in a row.

    `calls` counts how often data came by: generation calls its decoder once a token. Shapes are
    those of the first call. `parameters` that an earlier stage shares are counted there. `seconds`
    and `multiply_adds` are of all calls, `peak_bytes` of all that is held beside the weights.
    """

    name: str
    about: str
    module: str
    kind: str
    repeats: int
    calls: int
    inputs: tuple[TensorShape, ...]
    outputs: tuple[TensorShape, ...]
    parameters: int
    multiply_adds: int
    seconds: float
    peak_bytes: int


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
    words = words_of(model_type, group.path)
    return Stage(
        words.name if words else group.path,
        words.about if words else "",
        group.path,
        group.kind,
        len(group.modules),
        timed.calls,
        tuple(_shapes(timed.inputs)),
        tuple(_shapes(timed.outputs)),
        group.parameters,
        counted.multiply_adds,
        timed.seconds,
        counted.peak_bytes,
    )


def _shapes(tensors: Iterable["TensorFacts"]) -> Iterable[TensorShape]:
    return (TensorShape(one.name, one.shape, one.dtype) for one in tensors)
