"""From the Hub into its cache: resumable, checked by hash, each failure told in one message."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, TypeVar

from taskcli.checkpoints.hashes import is_whole
from taskcli.checkpoints.hub_errors import explained, pickled_only, status_of
from taskcli.checkpoints.registry import Checkpoint
from taskcli.checkpoints.vetting import refuse_unsafe
from taskcli.errors import CheckpointError
from taskcli.files import atomic_write

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

AnswerT = TypeVar("AnswerT")

# Everything that loading reads; other frameworks' weights and pictures stay on the Hub.
WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.spm", "*.jinja", "*.tiktoken"]
UNWANTED = ["*/*", "*.onnx*", "*tf_model*", "*flax*", "*.fp16*", "*.fp32*"]
_downloading = threading.Lock()
_PICKLED = "pytorch_model*.bin"
# Seconds to connect, read, write and get a connection: no network is told in under two.
TIMEOUT: Any = (1.5, 10.0, 10.0, 10.0)
_WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before each new try
_AGAIN = (408, 429, 500, 502, 503, 504)
_LARGEST = 50_000_000_000  # bytes that the Hub sends by plain HTTP; its client has another way


class Watch(Protocol):
    """Who is told how a download goes on."""

    def begin(self, file: str, size: int, have: int) -> None: ...
    def advance(self, count: int) -> None: ...


class Unwatched:
    def begin(self, file: str, size: int, have: int) -> None:
        pass

    def advance(self, count: int) -> None:
        pass


class _Blob(NamedTuple):
    """A large file, which the Hub and the cache keep by its hash."""

    name: str
    size: int  # bytes
    sha256: str


def download(checkpoint: Checkpoint, *, allow_pickle: bool, watch: Watch) -> Checkpoint:
    """The checkpoint in the cache, with its folder and commit.

    Raises CheckpointError. What has come is kept, and the next call goes on from there. A
    checkpoint that is not data alone is refused before its weights come.
    """
    from huggingface_hub import snapshot_download

    with _quiet_client(), explained(checkpoint):
        found = ask(checkpoint)
        patterns = _patterns(checkpoint.name, found, allow_pickle)
        commit = str(found.sha)
        files = [file for file in _files(found) if is_wanted(file.rfilename, patterns)]
        _require_room(checkpoint, sum(file.size or 0 for file in files))
        _refuse_early(checkpoint, found)
        for file in files:
            if file.lfs is not None and (file.size or 0) <= _LARGEST:
                blob = _Blob(file.rfilename, file.size or 0, file.lfs.sha256)
                _bring(str(checkpoint.repo), commit, blob, watch)
        folder = snapshot_download(
            str(checkpoint.repo),
            revision=commit,
            allow_patterns=patterns,
            ignore_patterns=UNWANTED,
        )
    _refuse_damaged(checkpoint, Path(folder), files)
    _remember(checkpoint, commit)
    return replace(checkpoint, folder=Path(folder), revision=commit)


@contextmanager
def _quiet_client() -> Iterator[None]:
    """`watch` tells what the Hub's client would, which has one setting for the whole process."""
    from huggingface_hub.utils import logging
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    with _downloading:
        hidden, verbosity = are_progress_bars_disabled(), logging.get_verbosity()
        disable_progress_bars()
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if not hidden:
                enable_progress_bars()


def _refuse_early(checkpoint: Checkpoint, found: "ModelInfo") -> None:
    """Look at the documents of a repository before its gigabytes come."""
    from huggingface_hub import snapshot_download

    large = [file.rfilename for file in _files(found) if file.lfs is not None]
    folder = snapshot_download(
        str(checkpoint.repo),
        revision=found.sha,
        allow_patterns=["*.json"],
        ignore_patterns=[*UNWANTED, *large],
    )
    refuse_unsafe(checkpoint.name, Path(folder))


def bring_config(checkpoint: Checkpoint) -> Path:
    """A folder with the checkpoint's config.json alone."""
    from huggingface_hub import hf_hub_download

    config = hf_hub_download(str(checkpoint.repo), "config.json", revision=checkpoint.revision)
    return Path(config).parent


def ask(checkpoint: Checkpoint) -> "ModelInfo":
    """What the Hub says of a revision: commit, licence, and every file with size and hash."""
    from huggingface_hub import HfApi

    return _persistently(
        lambda: HfApi().model_info(
            str(checkpoint.repo),
            revision=checkpoint.revision,
            files_metadata=True,
            timeout=TIMEOUT,
        ),
        # Nobody there at all is told at once.
        worth_it=lambda failure: not type(failure).__name__.startswith("Connect"),
    )


def _files(found: "ModelInfo") -> "list[RepoSibling]":
    return found.siblings or []


def _patterns(name: str, found: "ModelInfo", allow_pickle: bool) -> list[str]:
    """What to fetch: pickled weights only where there are no others, and the user wants them."""
    files = [file.rfilename for file in _files(found)]
    if any(fnmatch(file, "*.safetensors") for file in files):
        return WANTED
    if not allow_pickle and any(fnmatch(file, _PICKLED) for file in files):
        raise pickled_only(name)
    return [*WANTED, _PICKLED]


def is_wanted(name: str, patterns: list[str]) -> bool:
    """Whether a file of a repository is one that loading reads."""
    return any(fnmatch(name, wanted) for wanted in patterns) and not any(
        fnmatch(name, unwanted) for unwanted in UNWANTED
    )


def _bring(repo: str, commit: str, file: _Blob, watch: Watch) -> None:
    """One large file into the cache's blobs. The Hub's client keeps no part of a broken one."""
    from huggingface_hub.utils._fixes import WeakFileLock

    blob = repo_folder(repo) / "blobs" / file.sha256
    lock = blob.parents[2] / ".locks" / blob.parents[1].name / f"{blob.name}.lock"
    for folder in (blob.parent, lock.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):  # the client's own: two processes fetch a file once
        if blob.exists():
            return
        part = blob.with_name(f"{blob.name}.incomplete")
        _complete(part, repo, commit, file, watch)
        if not is_whole(part, file.sha256):
            part.unlink()
            raise _wrong_content(repo, file.name)
        part.replace(blob)


def _complete(part: Path, repo: str, commit: str, file: _Blob, watch: Watch) -> None:
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(repo, file.name, revision=commit)
    with part.open("ab") as stream:
        if stream.tell() > file.size:
            stream.truncate(0)
        watch.begin(file.name, file.size, stream.tell())
        _persistently(lambda: _receive(url, stream, file.size, watch), progress=stream.tell)
    if part.stat().st_size != file.size:
        part.unlink()
        raise _wrong_content(repo, file.name)


def _receive(url: str, stream: BinaryIO, size: int, watch: Watch) -> None:
    """Append what is missing of a file."""
    from huggingface_hub.utils import (  # type: ignore[attr-defined]
        build_hf_headers,
        get_session,
        hf_raise_for_status,
    )

    have = stream.seek(0, os.SEEK_END)
    if have >= size:
        return
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
        hf_raise_for_status(response)
        if have and response.status_code != 206:  # it sends all of it again
            stream.truncate(0)
            watch.advance(-have)
        for block in response.iter_bytes():  # as they come, so that little is lost
            _append(stream, block)
            watch.advance(len(block))


def _append(stream: BinaryIO, block: bytes) -> None:
    stream.write(block)
    stream.flush()  # a full disk is told here, and a kill loses little


def _persistently(
    action: Callable[[], AnswerT],
    *,
    worth_it: Callable[[Exception], bool] = lambda failure: True,
    progress: Callable[[], int] = lambda: 0,
) -> AnswerT:
    """Try again after passing faults; `progress` begins the tries anew."""
    from huggingface_hub import errors

    waits, reached = iter(_WAITS), progress()
    while True:
        try:
            return action()
        except errors.HTTPError as failure:  # type: ignore[attr-defined]
            status = status_of(failure)
            if (status is not None and status not in _AGAIN) or not worth_it(failure):
                raise
            if progress() > reached:
                waits, reached = iter(_WAITS), progress()
            wait = next(waits, None)
            if wait is None:
                raise
            time.sleep(wait)


def repo_folder(repo: str) -> Path:
    """Where the cache keeps a repository."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"


def _require_room(checkpoint: Checkpoint, size: int) -> None:
    """Refuse before the disk is filled; what is here already needs no room."""
    folder = repo_folder(str(checkpoint.repo))
    here = sum(blob.stat().st_size for blob in folder.glob("blobs/*"))
    existing = next(parent for parent in folder.parents if parent.exists())
    if size - here > shutil.disk_usage(existing).free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _refuse_damaged(checkpoint: Checkpoint, folder: Path, files: "list[RepoSibling]") -> None:
    """Check what the client itself fetched, which it only counts."""
    for file in files:
        path = folder / file.rfilename
        if file.lfs is None and file.blob_id and not is_whole(path, file.blob_id):
            path.resolve().unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            raise _wrong_content(str(checkpoint.repo), file.rfilename)


def _remember(checkpoint: Checkpoint, commit: str) -> None:
    """What a branch was when it was asked for, where the client looks it up offline."""
    if checkpoint.revision == commit:
        return
    ref = repo_folder(str(checkpoint.repo)) / "refs" / (checkpoint.revision or "main")
    ref.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write.appearing(ref) as stream:
        stream.write(commit.encode())


def _wrong_content(repo: str, name: str) -> CheckpointError:
    return CheckpointError(
        f"{repo}: {name} arrived with another content than the Hub states",
        "it was thrown away; run the same command again, without a mirror if one is set",
    )
