"""What an output file already answers, so that an interrupted run can go on.

A retry appends, too, so that nothing is lost by a kill; when it ends, or before the next run, its
records take the places of the failures that they answer.
"""

import json
import os
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from taskcli.cli.run.made_with import difference
from taskcli.errors import UsageError
from taskcli.files import atomic_write

_BLOCK = 1 << 20  # bytes
_BEGINNING = b'{"input"'  # of a record
ENDED = "ended"  # beside the fingerprint: the run had no more to answer
_RETRY = "retry"  # beside the fingerprint: from which byte on records replace earlier failures


@dataclass(frozen=True)
class Journal:
    """The ids of the inputs that the file answers, and how many of them failed."""

    done: Counter[str] = field(default_factory=Counter)  # an input given twice has two answers
    failed: int = 0

    @property
    def count(self) -> int:
        return self.done.total()

    @property
    def ids(self) -> list[str]:
        """The inputs that have an answer, each as often as it has one."""
        return list(self.done.elements())

    def copy(self) -> "Journal":
        return Journal(self.done.copy(), self.failed)

    def answers(self, id: str) -> bool:
        """Whether the file holds an answer to this input; each answer serves once."""
        if not self.done[id]:
            return False
        self.done[id] -= 1
        return True


def fingerprint_path(output: Path) -> Path:
    """Beside the output: what made it, so that --resume cannot mix two kinds of answers."""
    return output.with_name(f".{output.name}.taskcli.json")


def begin(output: Path, fingerprint: dict[str, Any]) -> None:
    with atomic_write.appearing(fingerprint_path(output)) as stream:
        stream.write((json.dumps(fingerprint, indent=1) + "\n").encode())


def resume(output: Path, fingerprint: dict[str, Any], retry: bool = False) -> Journal:
    """Read the output of an earlier run and cut off a torn last line.

    With `retry` a failure is no answer. Raises UsageError when the file was made with another
    checkpoint or other options.
    """
    _compare(output, fingerprint)
    settle(output)
    done: Counter[str] = Counter()
    failed = 0
    with output.open("r+b") as stream:
        for record in _whole_records(stream):
            if record.get("task") != fingerprint["task"]:
                raise UsageError(f"{output} holds {record.get('task')} records")
            if retry and "error" in record:
                continue
            done[record["input"]] += 1
            failed += "error" in record
    return Journal(done, failed)


def end(output: Path) -> None:
    """Note that every input has its record, which whoever merges shares wants to know."""
    if fingerprint_path(output).exists():  # not beside a pipe
        begin(output, {**beside(output), ENDED: True})


def go_on(output: Path) -> None:
    """From here on inputs may lack a record again, until `end` is called."""
    made_with = beside(output)
    if made_with.pop(ENDED, None):
        begin(output, made_with)


def begin_retry(output: Path) -> None:
    """From here on a record stands for an earlier failure of its input, once `settle` is called."""
    size = output.stat().st_size
    mark = {"from": size, "digest": _digest(output, size)}
    begin(output, {**beside(output), _RETRY: mark})


def settle(output: Path) -> None:
    """Give the records of a retry the places of the failures that they answer.

    A kill at any point leaves the file as it was or as it should be; the digest tells which.
    """
    made_with = beside(output)
    mark = made_with.pop(_RETRY, None)
    if mark is None:
        return
    if _digest(output, mark["from"]) == mark["digest"]:
        _merge(output, mark["from"])
    begin(output, made_with)


def beside(output: Path) -> dict[str, Any]:
    """What made an output. Raises OSError or ValueError where nothing tells."""
    found: dict[str, Any] = json.loads(fingerprint_path(output).read_bytes())
    return found


def _digest(output: Path, size: int) -> str:
    """Of the first `size` bytes."""
    digest = sha256()
    with output.open("rb") as stream:
        while size > 0 and (block := stream.read(min(size, _BLOCK))):
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def _merge(output: Path, start: int) -> None:
    answers = _retried(output, start)
    moved = {place for places in answers.values() for place in places}
    with (
        output.open("rb") as old,
        output.open("rb") as retried,
        atomic_write.appearing(output) as merged,
    ):
        for place, line in _placed(old):
            failed = _failed(line) if place < start else None
            if failed is not None and answers.get(failed):
                retried.seek(answers[failed].popleft())
                merged.write(retried.readline())
            elif place not in moved:
                merged.write(line)


def _retried(output: Path, start: int) -> dict[str, deque[int]]:
    """Where the records lie that answer what failed before `start`, by input."""
    wanted: Counter[str] = Counter()
    found: dict[str, deque[int]] = {}
    with output.open("rb") as stream:
        for place, line in _placed(stream):
            if place < start:
                failed = _failed(line)
                wanted.update(() if failed is None else (failed,))
                continue
            answered = _record(line).get("input", "")
            if wanted[answered]:
                wanted[answered] -= 1
                found.setdefault(answered, deque()).append(place)
    return found


def _placed(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every whole line with the place of its first byte."""
    place = 0
    for line in stream:
        if line.endswith(b"\n"):
            yield place, line
        place += len(line)


def _failed(line: bytes) -> str | None:
    """The input of a record that is a failure."""
    record = _record(line)
    return record["input"] if "error" in record else None


def _record(line: bytes) -> dict[str, Any]:
    """The record on a whole line; empty for anything else."""
    try:
        record = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        record = None
    return record if isinstance(record, dict) and "input" in record else {}


def _compare(output: Path, fingerprint: dict[str, Any]) -> None:
    try:
        made_with = beside(output)
    except (OSError, ValueError):
        raise UsageError(
            f"{output} cannot be resumed: nothing tells which checkpoint and options made it",
            "use another file, or --overwrite",
        ) from None
    if differs := difference(made_with, json.loads(json.dumps(fingerprint))):
        raise UsageError(
            f"{output} was made {differs}",
            "repeat the earlier options, use another file, or --overwrite",
        )


def _whole_records(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    read = 0
    for line in stream:
        record = _record(line)
        if not record:
            break
        read += len(line)
        yield record
    end = stream.seek(0, os.SEEK_END)
    stream.seek(read)
    rest = stream.read(end - read)
    if b"\n" in rest[:-1] or not (read or _is_torn(rest)):
        raise UsageError(
            f"the output holds something that is no record, {read} bytes in",
            "repair it by hand, or use another file",
        )
    stream.truncate(read)


def _is_torn(rest: bytes) -> bool:
    """Whether a file without a record may be one whose first was torn; a crash may leave NULs."""
    rest = rest.rstrip(b"\0")
    return rest.startswith(_BEGINNING[: len(rest)])
