"""What flows through an architecture, from its configuration alone: no weight is read or made.

A model on torch's meta device computes shapes and no numbers. It is asked several times with inputs
of other sizes, and from how each axis answers follows what it means: `tokens`, `height/16`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import PreTrainedConfig

from taskcli.errors import first_line
from taskcli.media.items import Media
from taskcli.runtime.adapted import settle_language
from taskcli.runtime.architectures import auto_model_of, class_of, config_of
from taskcli.runtime.axes import Sizes, meaning
from taskcli.runtime.contained import contained
from taskcli.runtime.imagined import Imagined, Inputs, everything_counts, ways_to_ask
from taskcli.runtime.loaded import refusing_damage
from taskcli.runtime.structure import ModuleGroup, groups_of
from taskcli.runtime.tracing import GroupTrace, TensorFacts, Tracer, in_order

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from taskcli.task import Task

# Attention as it is written out, and experts asked token by token: others group by numbers.
_FOLLOWED = {"attn_implementation": "eager", "experts_implementation": "batched_mm"}


@dataclass(frozen=True)
class Blueprint:
    """An architecture, and what was seen of its groups, in the order of the data.

    Axes are told by what they follow from; `multiply_adds`, here and there, are those for `sizes`.
    `lacking` says why there are no shapes, if so.
    """

    model_type: str
    kind: str
    parameters: int
    traces: list[GroupTrace]
    multiply_adds: int
    sizes: Sizes
    lacking: str | None = None


def blueprint(task: "type[Task[Any, Any, Any]]", name: str, folder: Path) -> Blueprint:
    """Raises CheckpointError if the configuration in `folder` cannot serve the task."""
    with refusing_damage(name), contained(), torch.device("meta"), torch.inference_mode():
        config = _settled(config_of(name, folder))
        made = class_of(auto_model_of(task, name, config), config)
        model = made._from_config(_own_part(config, made), dtype=torch.float32, **_FOLLOWED).eval()
        groups = groups_of(model)
        try:
            traced = _traced(model, groups, task.media)
        except Exception as failure:  # of any of a thousand models, each in its own way
            return _drawn(model, groups, [], f"{type(failure).__name__}: {first_line(failure)}")
        return _drawn(model, groups, traced)


def _own_part(config: PreTrainedConfig, made: "type[PreTrainedModel]") -> PreTrainedConfig:
    """Of a configuration of several models the text's, where the class is made of that alone."""
    is_of_text = made.config_class is config.sub_configs.get("text_config")
    return config.get_text_config() if is_of_text else config


def _settled(config: PreTrainedConfig) -> PreTrainedConfig:
    """With what a tokenizer or a run decides where the configuration does not."""
    settle_language(config)
    for one in (config, config.get_text_config()):
        if getattr(one, "pad_token_id", None) is None:
            one.pad_token_id = 0  # of which no input has any
    return config


_Traced = list[tuple[Sizes, Tracer]]


def _traced(model: "PreTrainedModel", groups: list[ModuleGroup], media: Media) -> _Traced:
    """In the first way that the architecture takes. Raises what the likely one raised if none."""
    failures = []
    for way in ways_to_ask(model, media):
        try:
            return _traced_in(way, model, groups)
        except Exception as failure:  # of any of a thousand models, each in its own way
            failures.append(failure)
    raise failures[0]


def _traced_in(way: Inputs, model: "PreTrainedModel", groups: list[ModuleGroup]) -> _Traced:
    """The first of the sizes is the usual one. Those that an architecture refuses are left out."""

    def trace(sizes: Sizes) -> Tracer:
        tracer = Tracer(groups, Imagined)
        with tracer.watching(), everything_counts():
            model(**way.tensors(sizes))
        return tracer

    def attempted(every: Iterable[Sizes]) -> Iterator[tuple[Sizes, Tracer]]:
        for sizes in every:
            try:
                yield sizes, trace(sizes)
            except Exception:  # it knows one size alone
                continue

    traced = [(way.usual, trace(way.usual)), *attempted(_larger(way.usual))]
    return [*traced, *attempted(_larger_together([sizes for sizes, _ in traced]))]


def _larger(usual: Sizes) -> Iterator[Sizes]:
    """In one thing at a time."""
    yield {**usual, "batch": usual["batch"] + 1}
    for name in usual:
        if name != "batch":
            yield {**usual, name: usual[name] * 2}
            yield {**usual, name: usual[name] * 3}


def _larger_together(taken: list[Sizes]) -> Iterator[Sizes]:
    """In all that may be larger alone."""
    usual = taken[0]
    names = [name for name in usual if any(sizes[name] == usual[name] * 2 for sizes in taken)]
    if len(names) > 1:
        yield {**usual, **{name: usual[name] * 2 for name in names}}


def _drawn(
    model: "PreTrainedModel",
    groups: list[ModuleGroup],
    traced: _Traced,
    lacking: str | None = None,
) -> Blueprint:
    usual = traced[0][1] if traced else Tracer(groups)
    every = [(sizes, tracer.traces) for sizes, tracer in traced]
    drawn = [
        replace(
            trace,
            inputs=_shapes(every, place, "inputs"),
            outputs=_shapes(every, place, "outputs"),
        )
        for place, trace in enumerate(usual.traces)
    ]
    return Blueprint(
        str(model.config.model_type),
        type(model).__name__,
        sum(one.numel() for one in model.parameters()),
        in_order(drawn),
        usual.multiply_adds,
        traced[0][0] if traced else {},
        lacking,
    )


def _shapes(
    every: list[tuple[Sizes, list[GroupTrace]]], place: int, side: str
) -> list[TensorFacts]:
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
        found.append(TensorFacts(tensor.name, axes, tensor.dtype))
    return found
