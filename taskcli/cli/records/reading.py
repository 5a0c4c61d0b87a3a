"""The records in files that taskcli wrote, one after another."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from taskcli.cli.record_files import named_files
from taskcli.cli.records.labels import labels_of
from taskcli.cli.run.streams import standard_input
from taskcli.errors import InputError, UsageError
from taskcli.inputs.frames import once_more
from taskcli.media.items import Item
from taskcli.media.source import Source
from taskcli.output.parse import record_of
from taskcli.results import Record
from taskcli.task import Task
from taskcli.tasks import BY_NAME

_GIVE = "give what taskcli wrote as .jsonl or .json"
# What the id of one of several questions ends in, or of one of several pictures.
_ONE_OF_SEVERAL = re.compile(r"#(\d+|t=[\d.]+)$")


@dataclass(frozen=True)
class Records:
    """Those of one task, in the order of the files. They are read once, as they are asked for."""

    task: type[Task[Any, Any, Any]]
    first: Record
    items: Iterator[Record]  # all of them

    @property
    def labels(self) -> Mapping[int, str]:
        """Those of the checkpoint that answered, by their numbers."""
        return labels_of(self.first)


def read(words: Sequence[str]) -> Records:
    """The records of all files. Raises UsageError for what is none, here or while they are read."""
    files = (["-"] if word == "-" else named_files([word], _GIVE) for word in words)
    values = chain.from_iterable(map(_values, chain.from_iterable(files)))
    first = next(values, None)
    if first is None:
        raise UsageError(f"{', '.join(words)}: there is no record", _GIVE)
    place, value = first
    name = value.get("task") if isinstance(value, dict) else None
    if name not in BY_NAME:
        raise UsageError(f"{place}: not a record of a task", _GIVE)
    task = BY_NAME[str(name)]
    records = _records(chain([first], values), task)
    return Records(task, begun := next(records), chain([begun], records))


def with_item(record: Record, task: type[Task[Any, Any, Any]]) -> Record:
    """With the input itself, where that is a file that is still here."""
    if record.error is not None:
        return record
    ids = (record.input, _ONE_OF_SEVERAL.sub("", record.input))
    path = next((id for id in ids if Path(id).is_file()), None)
    with suppress(InputError):  # it was changed since
        return record if path is None else replace(record, item=_decoded(path, record, task))
    return record


def _decoded(path: str, record: Record, task: type[Task[Any, Any, Any]]) -> Item:
    from taskcli.media.decode.decoder import Decoder

    source = Source(path, path=path)
    if record.frame is not None:
        source = once_more(path, record.frame, record.time)
    return Decoder(task.media)(source)


def _values(file: str) -> Iterator[tuple[str, object]]:
    """JSON values, each with its place: the lines, or the elements of an array."""
    name = "standard input" if file == "-" else file
    try:
        with standard_input() if file == "-" else Path(file).open("rb") as stream:
            lines = enumerate(stream, 1)
            first = next(lines, (1, b""))
            if first[1].lstrip().startswith(b"["):
                whole = first[1] + stream.read()
                for number, value in enumerate(_parsed(whole, name), 1):
                    yield f"{name}, record {number}", value
                return
            for number, line in chain([first], lines):
                if line.strip():
                    yield f"{name}:{number}", _parsed(line, f"{name}:{number}")
    except OSError as failure:
        raise UsageError(f"{name} cannot be read: {failure.strerror}") from None


def _parsed(text: bytes, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{place}: not JSON", _GIVE) from None


def _records(
    values: Iterator[tuple[str, object]], task: type[Task[Any, Any, Any]]
) -> Iterator[Record]:
    for place, value in values:
        named = value.get("task") if isinstance(value, dict) else None
        if named is not None and named != task.name:
            raise UsageError(
                f"{place}: a record of {named} among those of {task.name}",
                "give the records of one task",
            )
        try:
            yield record_of(value, task.result)
        except InputError as failure:
            raise UsageError(f"{place}: {failure.message}", _GIVE) from None
