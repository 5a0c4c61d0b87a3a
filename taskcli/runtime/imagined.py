"""Inputs of any size without a number in them, and answers where an architecture asks for one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

import torch
from torch.fx.experimental import _config as shapes
from torch.utils._pytree import tree_leaves, tree_map_only
from transformers import PreTrainedConfig

from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.runtime.axes import Sizes
from taskcli.runtime.tracing import Counting

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Tensors = dict[str, torch.Tensor]

_BATCH = 2
_TOKENS, _WRITTEN = 32, 8
_SIDE = 224  # pixels: what pyramids halve five times, and windows of seven divide
_SAMPLES, _FRAMES = 160_000, 3_000  # ten seconds; and half a minute, as Whisper wants it
_BANDS = ("feature_projection_input_dim", "num_mel_bins", "input_feat_per_channel")


@dataclass(frozen=True)
class Inputs:
    """A way to ask an architecture: sizes that suit it, and the tensors for any sizes."""

    usual: Sizes
    tensors: Callable[[Sizes], Tensors]


def ways_to_ask(model: "PreTrainedModel", media: Media) -> list[Inputs]:
    """The likely one first: a configuration does not tell in which order axes come."""
    usual = MEDIA[media].tensors
    if "pixel_values" in usual and _takes(model, "pixel_values"):  # ImageGPT takes colours as ids
        return [_pixels(model)]
    kind = _main_input(model)
    if kind in usual and kind != "input_ids":
        return list(_sounds(model, kind))
    return [_asked(model, {"tokens": _TOKENS}, lambda sizes: {"input_ids": _ids(sizes, "tokens")})]


def _takes(model: "PreTrainedModel", name: str) -> bool:
    return name in signature(model.forward).parameters


def _main_input(model: "PreTrainedModel") -> str:
    """Of a pair of models what its encoder names so."""
    own = model.main_input_name
    return str(getattr(getattr(model, "encoder", None), "main_input_name", own)) or own


def _pixels(model: "PreTrainedModel") -> Inputs:
    config = model.config
    side = stated(config, "image_size") or _SIDE
    height, width = side if isinstance(side, tuple | list) else (side, side)
    channels = stated(config, "num_channels") or 3
    words = _takes(model, "task_inputs")  # OneFormer is told its task

    def tensors(sizes: Sizes) -> Tensors:
        shape = (sizes["batch"], channels, sizes["height"], sizes["width"])
        told = {"task_inputs": torch.empty(sizes["batch"], config.task_seq_len)} if words else {}
        return {"pixel_values": torch.empty(shape), **told}

    return _asked(model, {"height": height, "width": width}, tensors)


def _sounds(model: "PreTrainedModel", kind: str) -> Iterator[Inputs]:
    """A waveform, or a spectrogram in either order of its axes."""
    bands = stated(model.config, *_BANDS) or 80
    frames = stated(model.config, "max_length") if kind == "input_values" else None
    if kind == "input_values":
        yield _sound(model, kind, {"samples": _SAMPLES}, ("samples",))
    usual = {"frames": frames or _FRAMES}
    if kind == "input_features":
        yield _sound(model, kind, usual, (bands, "frames"))
    yield _sound(model, kind, usual, ("frames", bands))


def _sound(
    model: "PreTrainedModel", kind: str, usual: Sizes, axes: tuple[str | int, ...]
) -> Inputs:
    def tensors(sizes: Sizes) -> Tensors:
        shape = [sizes[one] if isinstance(one, str) else one for one in axes]
        return {kind: torch.empty(sizes["batch"], *shape)}

    return _asked(model, usual, tensors)


def _asked(model: "PreTrainedModel", usual: Sizes, tensors: Callable[[Sizes], Tensors]) -> Inputs:
    """A model that writes is asked with what it has written, too; others shift their input."""
    if not (model.config.is_encoder_decoder and model.can_generate()):
        return Inputs({"batch": _BATCH, **usual}, tensors)

    def both(sizes: Sizes) -> Tensors:
        return {**tensors(sizes), "decoder_input_ids": _ids(sizes, "written")}

    return Inputs({"batch": _BATCH, **usual, "written": _WRITTEN}, both)


def _ids(sizes: Sizes, name: str) -> torch.Tensor:
    return torch.empty(sizes["batch"], sizes[name], dtype=torch.long)


def stated(config: PreTrainedConfig, *names: str) -> Any:
    """What a configuration or, if not, one within it says by the first of the names; or None."""
    for name in names:
        if found := getattr(config, name, None):
            return found
    inner = (one for one in vars(config).values() if isinstance(one, PreTrainedConfig))
    return next((found for one in inner if (found := stated(one, *names))), None)


def everything_counts() -> AbstractContextManager[None]:
    """What is chosen by a mask of no numbers is all there is, so that shapes are known."""
    patched: AbstractContextManager[None] = shapes.patch(meta_nonzero_assume_all_nonzero=True)
    return patched


class Imagined(Counting):
    """On the meta device, where some models make tensors elsewhere, or ask for a number."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)]
        unknown = any(one.is_meta for one in given)
        if unknown and func is torch.ops.aten._local_scalar_dense.default:
            return torch.ones((), dtype=given[0].dtype, device="cpu").item()  # "all is input": yes
        if unknown and func is torch.ops.aten.unique_consecutive.default:
            return tuple(torch.empty(1, dtype=torch.long, device="meta") for _ in range(3))
        if unknown:
            args, kwargs = tree_map_only(torch.Tensor, lambda one: one.to("meta"), (args, kwargs))
        return super().__torch_dispatch__(func, types, args, kwargs)

    def _hold(self, made: object, given: set[int]) -> None:
        """Nothing takes memory here."""
