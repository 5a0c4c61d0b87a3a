"""The checkpoint on a worker's machine: found there, fetched, or sent from the driver's disk."""

import hashlib
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskcli.checkpoints import cache
from taskcli.checkpoints.download import WANTED
from taskcli.checkpoints.registry import Checkpoint, package_folder
from taskcli.cluster.exchange import Load
from taskcli.errors import CheckpointError, StoppedError

if TYPE_CHECKING:
    from ray import ObjectRef

_PIECE = 64 << 20  # bytes of a file in one object of Ray's store
_SENT = (*WANTED, "pytorch_model*.bin")


class NotHereError(CheckpointError):
    """A worker's machine lacks the checkpoint, and the driver may send it."""


@dataclass(frozen=True)
class SentFile:
    name: str
    sha256: str
    pieces: "tuple[ObjectRef[bytes], ...]"


@dataclass(frozen=True)
class Shipment:
    """A checkpoint's files in Ray's object store, and its helper's.

    `digest` is of the names and contents of its own.
    """

    digest: str
    files: tuple[SentFile, ...]
    helper: "Shipment | None" = None


def here(load: Load, sent: Shipment | None) -> Checkpoint:
    """The checkpoint and its helper with their folders on this machine, at the driver's commits.

    A machine fetches it once, under the lock of its cache. Raises CheckpointError, and
    NotHereError where the driver is to send it.
    """
    helper = load.checkpoint.helper
    own = replace(load, checkpoint=replace(load.checkpoint, helper=None))
    found = _one_here(own, sent)
    if helper is None:
        return found
    beside = _one_here(replace(load, checkpoint=helper), sent and sent.helper)
    return replace(found, helper=beside)


def _one_here(load: Load, sent: Shipment | None) -> Checkpoint:
    checkpoint, folder = load.checkpoint, _folder(load)
    if sent is not None:
        folder = _unpacked(sent)
    elif not folder.is_dir():
        if checkpoint.repo is not None:
            checkpoint = replace(checkpoint, folder=None)
        found = cache.find(checkpoint) if checkpoint.repo is not None else None
        if found is None and (load.asks or checkpoint.repo is None):
            raise NotHereError(
                f"{checkpoint.name}: {platform.node()} does not have {folder}",
                "--ship-model sends it there; or put it where all machines find it",
            )
        return cache.fetch(
            found or checkpoint, offline=load.offline, allow_pickle=load.allow_pickle
        )
    return cache.fetch(
        replace(checkpoint, folder=folder), offline=True, allow_pickle=load.allow_pickle
    )


def _folder(load: Load) -> Path:
    """The driver's folder; what ships with taskcli lies in the package of this machine."""
    folder = load.checkpoint.folder
    assert folder is not None, "the driver has fetched it"
    if folder.is_relative_to(load.package):
        return package_folder() / folder.relative_to(load.package)
    return folder.absolute()


def shipped(checkpoint: Checkpoint) -> Shipment:
    """Put what loading reads of a checkpoint, and of its helper, into Ray's object store."""
    assert checkpoint.folder is not None, "the driver has fetched it"
    sent = _shipped(checkpoint.folder)
    if checkpoint.helper is None:
        return sent
    return replace(sent, helper=shipped(checkpoint.helper))


def _shipped(folder: Path) -> Shipment:
    import ray

    files = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and any(fnmatch(path.name, pattern) for pattern in _SENT):
            digest, pieces = hashlib.sha256(), []
            for piece in _pieces(path):
                digest.update(piece)
                pieces.append(ray.put(piece))
            files.append(SentFile(path.name, digest.hexdigest(), tuple(pieces)))
    whole = hashlib.sha256("".join(f"{one.name}\0{one.sha256}\0" for one in files).encode())
    return Shipment(whole.hexdigest(), tuple(files))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _unpacked(sent: Shipment) -> Path:
    """The folder of these files on this machine, written once however many workers it has."""
    import platformdirs
    from huggingface_hub.utils._fixes import WeakFileLock

    shelf = Path(platformdirs.user_cache_dir("taskcli")) / "shipped"
    shelf.mkdir(parents=True, exist_ok=True)
    folder = shelf / sent.digest
    with WeakFileLock(shelf / f"{sent.digest}.lock"):
        if not folder.is_dir():
            unfinished = Path(tempfile.mkdtemp(dir=shelf))
            try:
                for file in sent.files:
                    _write(unfinished, file)
                unfinished.rename(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _write(folder: Path, file: SentFile) -> None:
    import ray

    digest = hashlib.sha256()
    with (folder / file.name).open("xb") as stream:
        for reference in file.pieces:
            piece: Any = ray.get(reference)
            digest.update(piece)
            stream.write(piece)
    if digest.hexdigest() != file.sha256:
        raise StoppedError(f"{file.name} was damaged on its way to {platform.node()}")
