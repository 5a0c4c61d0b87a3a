"""Files with many inputs in them: JSON Lines, CSV, TSV, plain lines, and our own records."""

import codecs
import csv
import io
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from taskcli.errors import InputError
from taskcli.results import TEXT_FIELDS

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_UNDECODED = re.compile("[\udc80-\udcff]")
_NOT_JSON = (ValueError, RecursionError)  # the latter: brackets nested ten thousand deep
_LONGEST_CELL = 1 << 30  # csv's own limit of 128 KiB would refuse whole documents in a cell


@dataclass(frozen=True, slots=True)
class Row:
    line: int  # the 1-based line that the row ends on
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None  # a record of ours keeps the id of what it answers
    error: InputError | None = None


@dataclass(frozen=True)
class RowReading:
    names: tuple[str, ...]  # fields to try for the text, in order; dots reach into objects
    named: bool = False  # the user chose the field
    encoding: str = "utf-8"


def is_rows(path: str) -> bool:
    return Path(path).suffix.lower() in (*_DELIMITERS, *_JSON_LINES)


def is_record(line: bytes) -> bool:
    """Whether a line is a record that taskcli wrote."""
    try:
        return _is_record(json.loads(line))
    except _NOT_JSON:
        return False


def _is_record(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and {"input", "task"} <= row.keys()
        and ("result" in row or isinstance(row.get("error"), dict))
    )


def read(path: str, reading: RowReading) -> Iterator[Row]:
    """The rows of a .jsonl, .csv or .tsv file. Raises OSError or InputError for the whole file."""
    delimiter = _DELIMITERS.get(Path(path).suffix.lower())
    with _open(path) as stream:
        if delimiter is None:
            yield from json_rows(stream, reading)
            return
        csv.field_size_limit(_LONGEST_CELL)
        encoding = _with_signature(reading.encoding)
        # Bytes that do not decode become surrogates, so that they cost one row, not the table.
        text = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
        yield from _csv_rows(csv.DictReader(text, delimiter=delimiter), reading)


def read_lines(path: str, reading: RowReading) -> Iterator[Row]:
    with _open(path) as stream:
        yield from lines_of(stream, reading)


def _open(path: str) -> BinaryIO:
    """Only regular files: a pipe or a device could wait for ever."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise InputError("not a regular file", "give its content through -")
    return Path(path).open("rb")


def lines_of(stream: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    """Every non-blank line as a row."""
    for number, text in _decoded_lines(stream, reading.encoding):
        if isinstance(text, InputError):
            yield Row(number, error=text)
        else:
            yield Row(number, text)


def json_rows(stream: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    """JSON objects, one a line; our own records give their text and keep their id."""
    for number, text in _decoded_lines(stream, reading.encoding):
        if isinstance(text, InputError):
            yield Row(number, error=text)
            continue
        try:
            value = json.loads(text)
        except _NOT_JSON as failure:
            yield Row(number, error=InputError(f"line {number} is not valid JSON: {failure}"))
            continue
        if _is_record(value) and not reading.named:
            yield from _record_rows(value, number)
        else:
            yield _row(value, number, reading)


def _record_rows(record: dict[str, Any], line: int) -> Iterator[Row]:
    id = str(record["input"])
    if "result" not in record:
        reason = record["error"].get("message", "unknown")
        yield Row(line, id=id, error=InputError(f"{record['task']} failed before: {reason}"))
        return
    results = record["result"] if isinstance(record["result"], list) else [record["result"]]
    for number, result in enumerate(results or [None], 1):
        own_id = id if len(results) < 2 else f"{id}#{number}"
        text = _text_of(result)
        if text is None:
            reason = f"a {record['task']} record holds no text"
            yield Row(line, id=own_id, error=InputError(reason, "name a field with --field"))
        else:
            yield Row(line, text, id=own_id)


def _text_of(result: Any) -> str | None:
    found = (result.get(name) for name in TEXT_FIELDS) if isinstance(result, dict) else ()
    return next((text for text in found if isinstance(text, str)), None)


def _csv_rows(reader: "csv.DictReader[str]", reading: RowReading) -> Iterator[Row]:
    try:
        for row in reader:
            if _is_text(row):
                yield _row(row, reader.line_num, reading)
            else:
                reason = f"line {reader.line_num} is not {reading.encoding}"
                yield Row(reader.line_num, error=InputError(reason, "--encoding"))
    except (csv.Error, UnicodeDecodeError) as failure:
        yield Row(reader.line_num + 1, error=InputError(f"not readable as a table: {failure}"))


def _is_text(row: Mapping[Any, Any]) -> bool:
    """Whether no cell holds a byte that did not decode."""
    return not any(_UNDECODED.search(str(cell)) for cell in row.values())


def _row(value: Any, line: int, reading: RowReading) -> Row:
    for name in reading.names:
        text = reach(value, name)
        if isinstance(text, str):
            return Row(line, text, value)
    wanted = " or ".join(repr(name) for name in reading.names)
    known = ", ".join(map(repr, value)) if isinstance(value, dict) else "no fields"
    return Row(
        line,
        error=InputError(f"line {line} has no text field {wanted}; it has {known}", "use --field"),
    )


def reach(value: Any, dotted: str) -> Any:
    """`a.b` of nested objects, or None; a field whose own name has dots is found first."""
    if not isinstance(value, dict):
        return None
    if dotted in value:
        return value[dotted]
    head, _, rest = dotted.partition(".")
    return reach(value.get(head), rest) if rest else None


def _decoded_lines(
    stream: Iterable[bytes], encoding: str
) -> Iterator[tuple[int, str | InputError]]:
    """(line number, text) of the non-blank lines; a line that does not decode is its own error."""
    for number, line in enumerate(_lines(stream, encoding), 1):
        try:
            text = line if isinstance(line, str) else line.decode(_at(number, encoding))
        except UnicodeDecodeError as failure:
            yield number, InputError(f"line {number} is not {encoding}: {failure}", "--encoding")
            continue
        if text.strip():
            yield number, text.rstrip("\r\n")


def _lines(stream: Iterable[bytes], encoding: str) -> Iterable[bytes | str]:
    """Lines as bytes; as text where a line end is wider than a byte (UTF-16), read whole."""
    if "\n".encode(encoding) == b"\n":
        return stream
    content = b"".join(stream)
    try:
        return io.StringIO(content.decode(encoding), newline="\n")
    except UnicodeDecodeError:
        return [content]


def _at(number: int, encoding: str) -> str:
    return _with_signature(encoding) if number == 1 else encoding


def _with_signature(encoding: str) -> str:
    """UTF-8 files may begin with a byte-order mark that is not text."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
