"""One file of records that a run with --shard wrote, looked over once: what is where in it."""

import json
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from taskcli.cli.run import resume
from taskcli.errors import UsageError
from taskcli.inputs.shards import share_of

BEHIND = 1 << 62  # all frames of a file: there is the record of what its damage hides
_JOINED = "files of runs without --shard are joined by cat"


def _numbers() -> "array[int]":
    return array("q")


@dataclass
class Part:
    """The records of a file, as columns: 33 bytes each, whatever the records take."""

    file: Path
    index: "array[int]" = field(default_factory=_numbers)  # in the whole list
    frame: "array[int]" = field(default_factory=_numbers)  # in its file
    input: "array[int]" = field(default_factory=_numbers)  # a digest of its name
    offset: "array[int]" = field(default_factory=_numbers)  # of the line, in bytes
    failed: "array[int]" = field(default_factory=lambda: array("b"))
    shares: set[tuple[int, int]] = field(default_factory=set)  # number and count
    tasks: set[str] = field(default_factory=set)
    torn: bool = False  # whether a last line lacks its end
    made_with: dict[str, Any] | None = None  # what --resume compares, if it lies beside the file

    @property
    def ended(self) -> bool | None:
        """Whether its run came to its end; None where nothing tells."""
        return None if self.made_with is None else resume.ENDED in self.made_with

    def note(self, record: dict[str, Any], offset: int) -> None:
        shard = record["shard"]
        self.index.append(shard["index"])
        self.frame.append(record.get("frame", BEHIND))
        self.input.append(_digest(record["input"]))
        self.offset.append(offset)
        self.failed.append("error" in record)
        self.shares.add((shard["number"], shard["count"]))
        self.tasks.add(record["task"])


def read_part(file: Path) -> Part:
    """Raises UsageError for what holds something else."""
    part = Part(file)
    with suppress(OSError, ValueError):
        part.made_with = resume.beside(file)
    try:
        with file.open("rb") as stream:
            for number, (offset, line) in enumerate(_lines(stream), 1):
                if not line.endswith(b"\n"):
                    part.torn = True
                    break
                part.note(_record(line, f"{file}, line {number}"), offset)
    except OSError as failure:
        raise UsageError(f"{file} cannot be read: {failure.strerror}") from None
    if asked := (part.made_with or {}).get("shard"):  # a share may hold no inputs
        part.shares.add(share_of(asked))
    return part


def record_at(stream: BinaryIO, offset: int) -> dict[str, Any]:
    """The record at a place of a part, as one run over the whole list would have written it."""
    stream.seek(offset)
    record: dict[str, Any] = json.loads(stream.readline())
    del record["shard"]
    return record


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    offset = 0
    for line in stream:
        yield offset, line
        offset += len(line)


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not (isinstance(record, dict) and "input" in record and "task" in record):
        raise UsageError(f"{where}: no record", "give the .jsonl files of --shard runs")
    if not (_is_shard(record.get("shard")) and _is_frame(record.get("frame", BEHIND))):
        raise UsageError(f"{where}: the record does not tell its place in the list", _JOINED)
    return record


def _is_shard(value: object) -> bool:
    """Whether it is a place in the list that a share can have."""
    if not isinstance(value, dict):
        return False
    number, count, index = (value.get(name) for name in ("number", "count", "index"))
    if not (type(number) is int and type(count) is int and type(index) is int):
        return False
    return 1 <= number <= count < 1 << 62 and 0 <= index < 1 << 62


def _is_frame(value: object) -> bool:
    return type(value) is int and 0 < value <= BEHIND


def _digest(name: object) -> int:
    digest = blake2b(json.dumps(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
