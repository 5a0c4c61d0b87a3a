"""Is a checkpoint data alone, and of a size that can be? What else in its files is refused.

transformers reads such references at any depth: a detector's `backbone_config`, the encoder of an
encoder-decoder, a processor's feature extractor. So every document is walked whole, before
anything is built.
"""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

from taskcli.checkpoints.vetting_rules import REFUSED_FILES, RULES
from taskcli.errors import CheckpointError

# Bytes. A config has some kilobytes; the largest tokenizer.json known, of 262,000 words, 33 MB.
_LARGEST_CONFIG = 10_000_000
_LARGEST = 500_000_000
_DEEPEST = 100  # levels; the deepest config of transformers has 7
_PLAIN = 1_000_000  # above that, a document is walked only if it has a suspicious word
# What transformers reads: the folder itself, and the further tokenizers of a processor.
_DOCUMENTS = ("*.json", "*tokenizer*/*.json")
_SETTLED = 2.0  # seconds after which a change shows in a file's times, on any file system
_MOST_SAFE = 1000
_safe: dict[Path, tuple[int, ...]] = {}  # documents that were walked, as they were then


def refuse_unsafe(name: str, folder: Path) -> None:
    """Raises CheckpointError if a file in `folder` names code or another repository, or is absurd.

    Absurd is what would take all memory, or time without end, before anything could say so.
    """
    for file, why, hint in REFUSED_FILES:
        if (folder / file).is_file():
            raise CheckpointError(f"{name}: {file} {why}", hint)
    for pattern in _DOCUMENTS:
        for path in sorted(folder.glob(pattern)):
            _refuse_once(name, path, str(path.relative_to(folder)))


def _refuse_once(name: str, path: Path, file: str) -> None:
    """A process that loads a checkpoint again walks no document twice that has not changed."""
    place, now = path.absolute(), _version(path)
    if now and _safe.get(place) == now:
        return
    _refuse_in(name, path, file)
    if now and _version(path) == now:
        if len(_safe) >= _MOST_SAFE:
            _safe.clear()
        _safe[place] = now


def _version(path: Path) -> tuple[int, ...]:
    """What changes with a file; nothing for one that is so new that this could not be told."""
    try:
        found = path.stat()
    except OSError:
        return ()
    if abs(time.time() - found.st_ctime) < _SETTLED:
        return ()
    times = found.st_mtime_ns, found.st_ctime_ns
    return (found.st_dev, found.st_ino, found.st_size, *times)


def _refuse_in(name: str, path: Path, file: str) -> None:
    for key, value, within in _pairs(_document(name, path, file)):
        if len(within) > _DEEPEST:
            raise _too_deep(name, file)
        if within[-1:] == ("label2id",) and isinstance(value, int):
            continue  # a label may have the name of any key
        for rule in RULES:
            if rule.file not in ("", path.name):
                continue
            if re.fullmatch(rule.keys, key) and rule.is_bad(value):
                where = ".".join([*within, key])
                raise CheckpointError(f"{name}: {file}: {where} {rule.why}", rule.hint)


def _document(name: str, path: Path, file: str) -> object:
    """A JSON document; None where it is none, which its reader will say better."""
    size = path.stat().st_size if path.is_file() else 0
    is_config = path.name.endswith("config.json")
    most = _LARGEST_CONFIG if is_config else _LARGEST
    if size > most:
        raise CheckpointError(f"{name}: {file} has {size:,} bytes; none has more than {most:,}")
    try:
        data = path.read_bytes()
        if size > _PLAIN and not is_config and not _is_suspicious(data):
            return None
        return json.loads(data)
    except RecursionError:
        raise _too_deep(name, file) from None
    except (OSError, ValueError):
        return None


def _is_suspicious(data: bytes) -> bool:
    return any(word in data for word in _SUSPICIOUS) or _ESCAPED.search(data) is not None


def _too_deep(name: str, file: str) -> CheckpointError:
    return CheckpointError(f"{name}: {file} is nested too deeply to be read")


def _pairs(document: object) -> Iterator[tuple[str, object, tuple[str, ...]]]:
    """Every key of every mapping with its value, and the keys and places above it."""
    waiting: list[tuple[object, tuple[str, ...]]] = [(document, ())]
    while waiting:
        part, within = waiting.pop()
        if isinstance(part, dict):
            for key, value in part.items():
                yield key, _beside(part, key, value), within
                if isinstance(value, dict | list):
                    waiting.append((value, (*within, key)))
        elif isinstance(part, list):
            waiting += [
                (inner, (*within, str(place)))
                for place, inner in enumerate(part)
                if isinstance(inner, dict | list)
            ]


def _beside(part: dict[str, object], key: str, value: object) -> object:
    """A `backbone` is a name to fetch only where no `backbone_config` describes it."""
    return None if key == "backbone" and part.get("backbone_config") else value


# In megabytes of vocabulary only these matter, and an escaped ASCII letter, which nobody writes.
_SUSPICIOUS = (b"auto_map", b"custom_", b"trust_remote_code")
_ESCAPED = re.compile(rb"\\u00[2-7]")
