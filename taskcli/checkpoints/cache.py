"""Checkpoints of the Hugging Face Hub as local folders: cached first, whole or not at all."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from taskcli.checkpoints.download import UNWANTED, WANTED, Unwatched, Watch, download, repo_folder
from taskcli.checkpoints.hub_errors import pickled_only, ways_out
from taskcli.checkpoints.registry import Checkpoint
from taskcli.checkpoints.vetting import refuse_unsafe
from taskcli.environment import variables
from taskcli.errors import CheckpointError

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def fetch(
    checkpoint: Checkpoint,
    *,
    offline: bool,
    allow_pickle: bool,
    watch: Watch | None = None,
) -> Checkpoint:
    """The checkpoint, and its helper, with the `folder` on this disk and the resolved commit.

    Raises CheckpointError when it is neither here nor to be had, holds pickled weights only, or
    names code or another repository.
    """
    if checkpoint.folder is None:
        here = cached(checkpoint)
        if here is None and (offline or is_offline()):
            message = f"{checkpoint.name} is not cached, and this run is offline"
            raise CheckpointError(message, ways_out(checkpoint))
        checkpoint = here or download(
            checkpoint, allow_pickle=allow_pickle, watch=watch or Unwatched()
        )
    assert checkpoint.folder is not None
    _refuse_unusable(checkpoint.name, checkpoint.folder, allow_pickle)
    if checkpoint.helper is None:
        return checkpoint
    helper = fetch(checkpoint.helper, offline=offline, allow_pickle=allow_pickle, watch=watch)
    return replace(checkpoint, helper=helper)


def is_offline() -> bool:
    """Whether the environment forbids the Hub."""
    return os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "TRUE", "YES", "ON")


@contextmanager
def unplugged() -> Iterator[None]:
    """Tell the Hub's client, loaded or not, and every process started meanwhile to stay offline."""
    client: Any = sys.modules.get("huggingface_hub.constants")
    was = is_offline() if client is None else client.HF_HUB_OFFLINE
    if client is not None:
        client.HF_HUB_OFFLINE = True
    try:
        with variables(dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"), "1")):
            yield
    finally:
        client = sys.modules.get("huggingface_hub.constants")
        if client is not None:
            client.HF_HUB_OFFLINE = was


def find(checkpoint: Checkpoint) -> Checkpoint | None:
    """The checkpoint with its `folder`, if loading it would need no network."""
    return checkpoint if checkpoint.folder is not None else cached(checkpoint)


def is_cached(checkpoint: Checkpoint) -> bool:
    return find(checkpoint) is not None


def cached(checkpoint: Checkpoint) -> Checkpoint | None:
    """The checkpoint as the cache has it, with its commit; None unless all of it is there."""
    if not (repo_folder(str(checkpoint.repo)) / "snapshots").is_dir():
        return None  # known without loading the Hub's client
    return _snapshot(checkpoint)


def _snapshot(checkpoint: Checkpoint) -> Checkpoint | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                str(checkpoint.repo),
                revision=checkpoint.revision,
                local_files_only=True,
                allow_patterns=WANTED,  # the client knows from its listing what is missing
                ignore_patterns=UNWANTED,
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


def _refuse_unusable(name: str, folder: Path, allow_pickle: bool) -> None:
    if not (folder / "config.json").is_file():
        hint = "a checkpoint folder is what save_pretrained writes"
        raise CheckpointError(f"{name}: no config.json in {folder}", hint)
    refuse_unsafe(name, folder)
    present = [folder / file for file in (*_WEIGHTS, *_PICKLES) if (folder / file).is_file()]
    if not present:
        raise CheckpointError(f"{name}: no weights in {folder}", "model.safetensors is missing")
    used, *_ = [_shards(file) for file in present]  # an index is checked even if it is not used
    if missing := sorted(shard for shard in used if not (folder / shard).exists()):
        raise CheckpointError(f"{name}: the weight file {missing[0]} is missing in {folder}")
    if present[0].name in _WEIGHTS:
        return
    if not allow_pickle:
        raise pickled_only(name)
