"""Checkpoints of the Hugging Face Hub as local folders: cached first, whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from taskcli.checkpoints import Checkpoint
from taskcli.errors import CheckpointError, first_line

# Everything that loading reads; other frameworks' weights and pictures stay on the Hub.
_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.spm", "*.jinja", "*.tiktoken"]
_UNWANTED = ["*/*", "*.onnx*", "*tf_model*", "*flax*"]
# Seconds to connect, read, write and get a connection: no network is told in under two.
_TIMEOUT: Any = (1.5, 10.0, 10.0, 10.0)
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def fetch(checkpoint: Checkpoint, *, offline: bool, allow_pickle: bool) -> Checkpoint:
    """The checkpoint with its `folder` on this disk and the commit that was resolved.

    Raises CheckpointError when it is neither here nor to be had, or holds pickled weights only.
    """
    if checkpoint.folder is None:
        checkpoint = _cached(checkpoint) or _downloaded(checkpoint, offline, allow_pickle)
    assert checkpoint.folder is not None
    _refuse_unusable(checkpoint.name, checkpoint.folder, allow_pickle)
    return checkpoint


def find(checkpoint: Checkpoint) -> Checkpoint | None:
    """The checkpoint with its `folder`, if loading it would need no network."""
    return checkpoint if checkpoint.folder is not None else _cached(checkpoint)


def is_cached(checkpoint: Checkpoint) -> bool:
    return find(checkpoint) is not None


def _cached(checkpoint: Checkpoint) -> Checkpoint | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                str(checkpoint.repo), revision=checkpoint.revision, local_files_only=True
            )
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as failure:
        hint = "an id is ORG/REPO"
        raise CheckpointError(f"{checkpoint.repo} is no Hub id: {failure}", hint) from None
    # The snapshot's folder is named after its commit, whatever branch was asked for.
    return replace(checkpoint, folder=folder, revision=folder.name) if _is_whole(folder) else None


def _is_whole(folder: Path) -> bool:
    """An interrupted download leaves a folder with some of the files."""
    if not (folder / "config.json").exists():
        return False
    for name in (*_WEIGHTS, *_PICKLES):
        if (folder / name).exists():
            return all((folder / shard).exists() for shard in _shards(folder / name))
    return False


def _shards(weights: Path) -> set[str]:
    """The files of a sharded checkpoint, by its index; one file stands for itself."""
    if weights.suffix != ".json":
        return {weights.name}
    try:
        named = set(json.loads(weights.read_bytes())["weight_map"].values())
        outside = [name for name in named if Path(name).name != name or name in ("", "..")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CheckpointError(f"{weights} is no index of weight files") from None
    if outside:
        raise CheckpointError(f"{weights} names a file outside its folder: {outside[0]!r}")
    return named


def _downloaded(checkpoint: Checkpoint, offline: bool, allow_pickle: bool) -> Checkpoint:
    ways_out = (
        f"on a connected machine: taskcli models pull {checkpoint.task} {checkpoint.repo}; "
        "without one: --model starter where the task has it, or a folder"
    )
    if offline or os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "TRUE", "YES", "ON"):
        raise CheckpointError(f"{checkpoint.name} is not cached, and this run is offline", ways_out)
    from huggingface_hub import snapshot_download

    with _explained(checkpoint, ways_out):
        commit = _resolve_commit(checkpoint)
        wanted = [*_WANTED, "*.bin"] if allow_pickle else _WANTED
        folder = snapshot_download(
            str(checkpoint.repo),
            revision=commit,
            allow_patterns=wanted,
            ignore_patterns=_UNWANTED,
        )
    return replace(checkpoint, folder=Path(folder), revision=commit)


def _resolve_commit(checkpoint: Checkpoint) -> str:
    """Ask the Hub once, without the client's retries, so that no network is known at once."""
    from huggingface_hub import HfApi

    found = HfApi().model_info(str(checkpoint.repo), revision=checkpoint.revision, timeout=_TIMEOUT)
    return str(found.sha)


@contextmanager
def _explained(checkpoint: Checkpoint, ways_out: str) -> Iterator[None]:
    """The Hub's exceptions as one clear message; the first that matches wins."""
    from huggingface_hub import errors

    where = f"{checkpoint.repo} (revision {checkpoint.revision or 'main'})"
    try:
        yield
    except errors.GatedRepoError:
        hint = "accept its terms on the Hub, then: hf auth login"
        raise CheckpointError(f"{where} is gated", hint) from None
    except errors.RevisionNotFoundError:
        hint = "look at the repository's commits and give one with --revision"
        raise CheckpointError(f"{where}: the Hub has no such revision", hint) from None
    except errors.RepositoryNotFoundError:
        hint = "check the spelling; for a private one: hf auth login"
        raise CheckpointError(f"{where}: the Hub knows no such repository", hint) from None
    except Exception as failure:  # the client's transport errors differ between its versions
        reason = first_line(failure)
        message = f"{checkpoint.name} is not cached, and the Hub cannot be reached: {reason}"
        raise CheckpointError(message, ways_out) from None


def _refuse_unusable(name: str, folder: Path, allow_pickle: bool) -> None:
    if not (folder / "config.json").is_file():
        hint = "a checkpoint folder is what save_pretrained writes"
        raise CheckpointError(f"{name}: no config.json in {folder}", hint)
    present = [folder / file for file in (*_WEIGHTS, *_PICKLES) if (folder / file).is_file()]
    if not present:
        raise CheckpointError(f"{name}: no weights in {folder}", "model.safetensors is missing")
    used, *_ = [_shards(file) for file in present]  # an index is checked even if it is not used
    if missing := sorted(shard for shard in used if not (folder / shard).exists()):
        raise CheckpointError(f"{name}: the weight file {missing[0]} is missing in {folder}")
    if present[0].name in _WEIGHTS:
        return
    if not allow_pickle:
        raise CheckpointError(
            f"{name} has pickled weights only, which can run code when they are loaded",
            "add --allow-pickle if you trust the source (tensors only are read)",
        )
