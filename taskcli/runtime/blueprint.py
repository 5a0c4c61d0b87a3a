"""What flows through an architecture, from its configuration alone: no weight is read or made.

A model on torch's meta device computes shapes and no numbers. It is asked several times with inputs
of other sizes, and from how each axis answers follows what it means: `tokens`, `height/16`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._pytree import tree_map_only

from taskcli.errors import first_line
from taskcli.runtime.architectures import auto_model_of, class_of, config_of
from taskcli.runtime.axes import Sizes, meaning
from taskcli.runtime.contained import contained
from taskcli.runtime.loaded import refusing_damage
from taskcli.runtime.structure import ModuleGroup, groups_of
from taskcli.runtime.tracing import Counting, GroupTrace, Tracer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from taskcli.task import Task

_TOKENS, _WRITTEN = 32, 8
_SIDE = 128  # pixels; a multiple of what every pyramid halves
_SAMPLES, _FRAMES = 160_000, 3_000  # ten seconds; and half a minute, as Whisper wants it


@dataclass(frozen=True)
class SymbolicShape:
    """A tensor of a group; an axis is a number or what it follows from."""

    name: str
    shape: tuple[str, ...]
    dtype: str


@dataclass(frozen=True)
class DrawnGroup:
    """A group in one forward of the model, for the usual sizes where it has numbers."""

    group: ModuleGroup
    calls: int
    inputs: list[SymbolicShape]
    outputs: list[SymbolicShape]
    multiply_adds: int


@dataclass(frozen=True)
class Blueprint:
    """An architecture, its groups in the order of the data.

    `multiply_adds` are those for `sizes`. `lacking` says why there are no shapes, if so.
    """

    model_type: str
    kind: str
    parameters: int
    groups: list[DrawnGroup]
    multiply_adds: int
    sizes: Sizes
    lacking: str | None = None


def blueprint(task: "type[Task[Any, Any, Any]]", name: str, folder: Path) -> Blueprint:
    """Raises CheckpointError if the configuration in `folder` cannot serve the task."""
    with refusing_damage(name), contained(), torch.device("meta"), torch.inference_mode():
        config = config_of(name, folder)
        made = class_of(auto_model_of(task, name, config), config)
        model = made._from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
        groups = groups_of(model)
        try:
            traced = _traced(model, groups)
        except Exception as failure:  # of any of a thousand models, each in its own way
            return _drawn(model, groups, [], f"{type(failure).__name__}: {first_line(failure)}")
        return _drawn(model, groups, traced)


_Traced = list[tuple[Sizes, Tracer]]


def _traced(model: "PreTrainedModel", groups: list[ModuleGroup]) -> _Traced:
    """The first of the sizes is the usual one. Those that an architecture refuses are left out."""
    usual, *others = _sizes(model)
    traced = [(usual, _trace(model, groups, usual))]
    for sizes in others:
        try:
            traced.append((sizes, _trace(model, groups, sizes)))
        except Exception:  # it knows one size alone
            continue
    return traced


def _sizes(model: "PreTrainedModel") -> Iterator[Sizes]:
    """A batch of a size, and others in which something is larger."""
    usual = {"batch": 2, **_usual(model)}
    yield usual
    yield {**usual, "batch": 3}
    names = [name for name in usual if name != "batch"]
    for name in names:
        yield {**usual, name: usual[name] * 2}
        yield {**usual, name: usual[name] * 3}
    if len(names) > 1:
        yield {name: size if name == "batch" else size * 2 for name, size in usual.items()}


def _usual(model: "PreTrainedModel") -> Sizes:
    config, kind = model.config, model.main_input_name
    if kind == "pixel_values":
        side = getattr(config, "image_size", None) or _SIDE
        height, width = side if isinstance(side, tuple | list) else (side, side)
        return {"height": height, "width": width}
    if kind == "input_values":
        return {"samples": _SAMPLES}
    if kind == "input_features":
        return {"frames": _FRAMES}
    return {"tokens": _TOKENS, **({"written": _WRITTEN} if config.is_encoder_decoder else {})}


def _trace(model: "PreTrainedModel", groups: list[ModuleGroup], sizes: Sizes) -> Tracer:
    tracer = Tracer(groups, _Imagined)
    with tracer.watching():
        model(**_inputs(model, sizes))
    return tracer


def _inputs(model: "PreTrainedModel", sizes: Sizes) -> dict[str, torch.Tensor]:
    config, kind, batch = model.config, model.main_input_name, sizes["batch"]
    whole = torch.long
    if kind == "pixel_values":
        channels = getattr(config, "num_channels", None) or 3
        given = {kind: torch.empty(batch, channels, sizes["height"], sizes["width"])}
    elif kind == "input_values":
        given = {kind: torch.empty(batch, sizes["samples"])}
    elif kind == "input_features":
        bands = getattr(config, "num_mel_bins", None) or 80
        given = {kind: torch.empty(batch, bands, sizes["frames"])}
    else:
        given = {"input_ids": torch.empty(batch, sizes["tokens"], dtype=whole)}
    if config.is_encoder_decoder:
        written = sizes.get("written", _WRITTEN)
        given["decoder_input_ids"] = torch.empty(batch, written, dtype=whole)
    return given


def _drawn(
    model: "PreTrainedModel",
    groups: list[ModuleGroup],
    traced: _Traced,
    lacking: str | None = None,
) -> Blueprint:
    usual = traced[0][1] if traced else Tracer(groups)
    order = sorted(
        range(len(groups)),
        key=lambda place: (not usual.traces[place].calls, usual.traces[place].order),
    )
    every = [(sizes, tracer.traces) for sizes, tracer in traced]
    return Blueprint(
        str(model.config.model_type),
        type(model).__name__,
        sum(one.numel() for one in model.parameters()),
        [
            DrawnGroup(
                groups[place],
                usual.traces[place].calls,
                _shapes(every, place, "inputs"),
                _shapes(every, place, "outputs"),
                usual.traces[place].multiply_adds,
            )
            for place in order
            if usual.traces[place].calls or groups[place].parameters
        ],
        usual.multiply_adds,
        traced[0][0] if traced else {},
        lacking,
    )


def _shapes(
    every: list[tuple[Sizes, list[GroupTrace]]], place: int, side: str
) -> list[SymbolicShape]:
    if not every:
        return []
    seen = [(sizes, getattr(traces[place], side)) for sizes, traces in every]
    found = []
    for number, tensor in enumerate(seen[0][1]):
        alike = [
            (sizes, tensors[number].shape)
            for sizes, tensors in seen
            if len(tensors) > number and len(tensors[number].shape) == len(tensor.shape)
        ]
        axes = tuple(
            meaning([(sizes, shape[axis]) for sizes, shape in alike])
            for axis in range(len(tensor.shape))
        )
        found.append(SymbolicShape(tensor.name, axes, tensor.dtype))
    return found


class _Imagined(Counting):
    """On the meta device, where some models make tensors elsewhere, or ask for a number."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            return 1  # "is all of it input?": nothing is padded
        given = tree_map_only(torch.Tensor, lambda one: one.to("meta"), (args, kwargs or {}))
        return super().__torch_dispatch__(func, types, *given)
