"""A row of a file that holds many inputs: which of its fields is the input, and what it lacks."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import chain
from typing import Any

from taskcli.errors import InputError
from taskcli.inputs.fields import has, reach
from taskcli.inputs.files import AUTO as BY_NAME
from taskcli.inputs.keeping import Keep
from taskcli.media.chats import read_chat
from taskcli.media.encodings import AUTO

_NAMED = 20  # columns that a message lists


@dataclass(frozen=True, slots=True)
class Row:
    line: int  # 1-based: the line that the row begins on; in a JSON array the row's own number
    text: str = ""
    data: bytes | None = None  # the input itself
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None  # a record of ours keeps the id of what it answers
    key: str | None = None  # what the row is called in its file, if not by its line
    error: InputError | None = None
    has: Sequence[str] | None = None  # its fields, if none of those looked for is among them
    kept: Mapping[str, object] | None = None  # of its columns, those that stay beside the answer


@dataclass(frozen=True)
class RowReading:
    # Fields to try for the text, in order; dots reach into objects. None for rows of paths, which
    # have no usual name.
    names: tuple[str, ...]
    named: bool = False  # the user chose the field
    encoding: str = AUTO
    delimiter: str | None = None  # of the cells of a table; None: as its first rows tell
    chats: bool = False  # whether a text may be a list of messages
    holds_bytes: bool = False  # whether a field may hold the input itself
    keep: Keep | None = None  # which columns stay beside the answer
    format: str = BY_NAME  # what files and pipes hold


def lacking(name: str, reading: RowReading, has: Sequence[str]) -> tuple[str, str]:
    """What is missing and what there is, the likeliest to be meant first; and the way out."""
    there = _likeliest(reading.names, has)
    wanted = " or ".join(map(repr, reading.names)) or "for the path chosen"
    message = f"{name} has no field {wanted}; it has {', '.join(map(repr, there)) or 'no fields'}"
    example = shlex.quote(there[0]) if there else "NAME"
    return message, f"choose one with --field, such as --field {example}"


def unkept(name: str, missing: Sequence[str], row: Mapping[str, object]) -> tuple[str, str]:
    """As `lacking`, of columns that were to be kept and are not in a row."""
    there = ", ".join(map(repr, _likeliest(missing, _fields_of(row)))) or "none that can be kept"
    wanted = " or ".join(map(repr, missing))
    return f"{name} has no column {wanted} to keep; it has {there}", "--keep all keeps each of them"


def _likeliest(wanted: Sequence[str], has: Sequence[str]) -> list[str]:
    close = chain.from_iterable(get_close_matches(one, has, 3, 0.5) for one in wanted)
    return list(dict.fromkeys([*close, *has]))[:_NAMED]


def row_of(value: object, line: int, place: str, reading: RowReading) -> Row:
    """The row that a value is: its input, or why it has none."""
    row = _row_of(value, line, place, reading)
    if reading.keep is None or not isinstance(value, dict):
        return row
    return replace(row, kept=reading.keep.of(value))


def _row_of(value: object, line: int, place: str, reading: RowReading) -> Row:
    if isinstance(value, str) and not reading.named:
        return Row(line, value)
    if not isinstance(value, dict):
        return Row(line, error=_no_object(place, value, reading), has=[])
    found = {name: reach(value, name) for name in reading.names if has(value, name)}
    for name, text in found.items():
        if isinstance(text, str):
            return Row(line, text, fields=value)
        if reading.holds_bytes and (row := _row_of_bytes(text, line)) is not None:
            return replace(row, fields=_without(value, name))
        if isinstance(text, list) and reading.chats:
            return _chat_row(text, value, line)
    if not found:
        fields = _fields_of(value)
        return Row(line, error=InputError(*lacking(place, reading, fields)), has=fields)
    name, other = next(iter(found.items()))
    error = InputError(f"{place}: field {name!r} is {_said(other)}, not text")
    return Row(line, fields=value, error=error)


def _row_of_bytes(value: object, line: int) -> Row | None:
    """The row of bytes, or of what datasets makes of a file: {bytes, path}, one of them null."""
    if isinstance(value, dict) and {"bytes", "path"} & value.keys() and len(value) <= 2:
        if value.get("bytes") is None and isinstance(value.get("path"), str):
            return Row(line, value["path"])
        value = value.get("bytes")
    return Row(line, data=value) if isinstance(value, bytes) else None


def _without(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The other fields of a row."""
    head = name if name in value else name.partition(".")[0]
    return {key: item for key, item in value.items() if key != head}


def _no_object(place: str, value: object, reading: RowReading) -> InputError:
    names = " or ".join(map(repr, reading.names))
    example = json.dumps({reading.names[0] if reading.names else "path": "..."})
    wanted = f"an object with the field {names}" if names else "an object"
    return InputError(f"{place} is {_said(value)}, not {wanted}", f"write it as {example}")


def _said(value: object) -> str:
    """A JSON value in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"a number ({value})"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, bytes):
        return "bytes"
    return "a list" if isinstance(value, list) else "an object"


def _fields_of(value: object) -> list[str]:
    """What --field could name: the keys of an object, and of objects in it with a dot."""
    if not isinstance(value, dict):
        return []
    inner = [[f"{key}.{name}" for name in _fields_of(value[key])] or [key] for key in value]
    return list(chain.from_iterable(inner))


def _chat_row(messages: list[Any], value: Mapping[str, Any], line: int) -> Row:
    """A row whose text is a chat, which its fields hold as `messages` under whatever name."""
    try:
        chat = read_chat(messages)
    except InputError as failure:
        return Row(line, error=failure)
    return Row(line, chat.text, fields={**value, "messages": chat})
