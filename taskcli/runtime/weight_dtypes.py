"""How a checkpoint's weights are stored: whole numbers cannot stand for those of a network."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import torch

from taskcli.errors import CheckpointError

# As safetensors names them.
_INTEGERS = frozenset("BOOL U8 I8 I16 U16 I32 U32 I64 U64".split())
_HEAD = 8  # bytes that hold the length of what follows


def refuse_integers(
    name: str, folder: Path, model: torch.nn.Module, unused: Collection[str]
) -> None:
    """Raises CheckpointError if integers were loaded where the model computes with fractions.

    Loading turns them into fractions without a word, and what they were packed by is lost. `unused`
    are names in the files that the model did not take.
    """
    own = _whole_numbers(model)
    for key, kind in _stored(folder):
        if key in unused or _last(key) in own:
            continue
        raise CheckpointError(
            f"{name}: the weight {key} is stored as {kind}, and the model computes with fractions",
            "choose the checkpoint with weights in float16, bfloat16 or float32",
        )


def _whole_numbers(model: torch.nn.Module) -> set[str]:
    """Last names of what a model itself keeps in integers: positions, counts, masks."""
    kept = (*model.named_buffers(), *model.named_parameters())
    return {_last(key) for key, value in kept if not value.is_floating_point()}


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _stored(folder: Path) -> Iterator[tuple[str, str]]:
    """The names of weights in integers, and how they are stored."""
    files = sorted(folder.glob("*.safetensors"))
    for file in files:
        for key, about in _header(file).items():
            if key != "__metadata__" and about["dtype"] in _INTEGERS:
                yield key, about["dtype"]
    if files:
        return
    for file in sorted(folder.glob("pytorch_model*.bin")):
        weights = torch.load(file, map_location="meta", weights_only=True)
        for key, value in weights.items():
            if isinstance(value, torch.Tensor) and not value.is_floating_point():
                yield key, str(value.dtype).removeprefix("torch.")


def _header(file: Path) -> dict[str, Any]:
    """What a file of safetensors says of its weights; it has been loaded, so it is sound."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(_HEAD), "little")
        found: dict[str, Any] = json.loads(stream.read(length))
        return found
