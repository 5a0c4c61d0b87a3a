"""Whether the files of the Hub's cache are what the Hub has: by the hash that names each blob."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib

_SHA256 = re.compile(r"[0-9a-f]{64}")  # of a large file
_GIT_BLOB = re.compile(r"[0-9a-f]{40}")  # of a file that git itself keeps
_BLOCK = 1 << 20  # bytes


def is_whole(file: Path, expected: str) -> bool:
    """Whether a file has the hash that the Hub states: SHA-256, or git's of a small file."""
    import hashlib  # a list of checkpoints checks none

    if _SHA256.fullmatch(expected):
        return _digest(file, hashlib.sha256()) == expected
    return _digest(file, hashlib.sha1(b"blob %d\0" % file.stat().st_size)) == expected


def damaged(snapshot: Path) -> list[str]:
    """The names of a cached snapshot's files that lack their content, or have another one.

    A snapshot links to blobs that are named after their hashes; a copy without a link, as on
    systems that have none, cannot be judged and is passed over.
    """
    files = (path for path in sorted(snapshot.rglob("*")) if not path.is_dir())
    return [str(path.relative_to(snapshot)) for path in files if not _holds(path)]


def _holds(link: Path) -> bool:
    name = link.resolve().name
    if not (_SHA256.fullmatch(name) or _GIT_BLOB.fullmatch(name)):
        return True
    return link.is_file() and is_whole(link, name)


def _digest(file: Path, digest: "hashlib._Hash") -> str:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
