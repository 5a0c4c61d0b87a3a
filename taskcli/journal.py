"""What an output file already answers, so that an interrupted run can go on."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from taskcli.errors import UsageError

_BLOCK = 65_536  # bytes


@dataclass(frozen=True)
class Journal:
    """The ids of the inputs that the file answers, and how many of them failed."""

    done: Counter[str] = field(default_factory=Counter)  # an input given twice has two answers
    failed: int = 0

    @property
    def count(self) -> int:
        return self.done.total()

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
    fingerprint_path(output).write_text(json.dumps(fingerprint, indent=1) + "\n", "utf-8")


def resume(output: Path, fingerprint: dict[str, Any]) -> Journal:
    """Read the output of an earlier run and cut off a torn last line.

    Raises UsageError when the file was made with another checkpoint or other options.
    """
    _compare(output, fingerprint)
    done: Counter[str] = Counter()
    failed = 0
    with output.open("r+b") as stream:
        for record in _whole_records(stream):
            if record.get("task") != fingerprint["task"]:
                raise UsageError(f"{output} holds {record.get('task')} records")
            done[record["input"]] += 1
            failed += "error" in record
    return Journal(done, failed)


def cut_torn_line(output: Path) -> None:
    """Leave whole lines only: a full disk takes the beginning of the last one."""
    with output.open("r+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            stream.seek(start)
            whole = stream.read(end - start).rfind(b"\n") + 1
            if whole:
                stream.truncate(start + whole)
                return
            end = start
        stream.truncate(0)


def _compare(output: Path, fingerprint: dict[str, Any]) -> None:
    try:
        made_with = json.loads(fingerprint_path(output).read_bytes())
    except (OSError, ValueError):
        raise UsageError(
            f"{output} cannot be resumed: nothing tells which checkpoint and options made it",
            "use another file, or --overwrite",
        ) from None
    wanted = json.loads(json.dumps(fingerprint))
    other = [key for key in wanted if made_with.get(key) != wanted[key]]
    if other:
        before, now = made_with.get(other[0]), wanted[other[0]]
        raise UsageError(
            f"{output} was made with another {other[0]}: {before}, not {now}",
            "repeat the earlier options, use another file, or --overwrite",
        )


def _whole_records(stream: BinaryIO) -> Any:
    whole = 0
    for line in stream:
        try:
            record = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            record = None
        if not isinstance(record, dict) or "input" not in record:
            break
        whole += len(line)
        yield record
    rest = stream.seek(0, os.SEEK_END) - whole
    stream.seek(whole)
    if b"\n" in stream.read(rest)[:-1]:
        raise UsageError(
            f"the output holds something that is no record, {whole} bytes in",
            "repair it by hand, or use another file",
        )
    stream.truncate(whole)
