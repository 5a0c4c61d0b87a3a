"""Shards of webdataset: in a tar, the files of one stem are a row, whose fields are extensions."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from taskcli.errors import InputError
from taskcli.inputs.files import File, suffix_of
from taskcli.inputs.rows import Row, RowReading, row_of

if TYPE_CHECKING:
    import tarfile

_LARGE = 1 << 20  # bytes; of larger members only the one that is asked for is read
_LARGEST = 1 << 30  # bytes; a row is in memory, and a few kB of a shard may unpack to more
_TEXTS = ("txt", "cls", "text")


def is_shard(file: File) -> bool:
    packed = isinstance(file, str) and file.lower().endswith((".tar.gz", ".tgz"))
    return packed or suffix_of(file) == ".tar"


def sample_rows(stream: BinaryIO, reading: RowReading) -> Iterator[Row]:
    """Every sample, by its stem. Raises InputError behind the last that is whole."""
    import tarfile

    number = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|*") as tar:
            for key, sample in _samples(tar, reading):
                number += 1
                yield replace(_row(sample, number, key, reading), key=key)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as failure:
        reason = f"the shard is damaged behind sample {number}: {type(failure).__name__}"
        raise InputError(reason) from None


def _row(sample: dict[str, Any], number: int, key: str, reading: RowReading) -> Row:
    refused = next((one for one in sample.values() if isinstance(one, InputError)), None)
    if refused is not None:
        return Row(number, error=refused)
    row = row_of(sample, number, f"sample {key}", reading)
    if row.kept is None:
        return row
    return replace(row, kept={name: own for name, own in row.kept.items() if own is not None})


def _samples(tar: "tarfile.TarFile", reading: RowReading) -> Iterator[tuple[str, dict[str, Any]]]:
    """Members that follow each other and have one stem; links in the archive are none."""
    latest, sample = "", dict[str, Any]()
    for member in tar:
        path = PurePosixPath(member.name)
        stem, _, extension = path.name.partition(".")
        if not member.isreg() or not stem:
            continue
        key = str(path.with_name(stem))
        if key != latest and sample:
            yield latest, sample
            sample = {}
        latest = key
        content = tar.extractfile(member)
        assert content is not None, "a regular file has content"
        sample[extension.lower()] = _value(extension.lower(), content, member.size, reading)
    if sample:
        yield latest, sample


def _value(extension: str, content: IO[bytes], size: int, reading: RowReading) -> object:
    """What a member says: its text, its JSON, the bytes that are asked for; None for the rest.

    An InputError for one that is asked for and too large.
    """
    asked = any(f"{name}.".startswith(f"{extension}.") for name in reading.names)
    is_told = extension == "json" or extension in _TEXTS
    if not asked and (not is_told or size > _LARGE):
        return None
    if size > _LARGEST:
        reason = f"its .{extension} has {size:,} bytes, and a row may hold {_LARGEST:,}"
        return InputError(reason, "name it alone: tar://FILE::SHARD, which is read from the disk")
    data = content.read()
    if extension == "json":
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None
    if extension in _TEXTS or not reading.holds_bytes:
        return data.decode("utf-8", "replace")
    return data
