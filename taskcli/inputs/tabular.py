"""Files with many inputs in them: JSON Lines, JSON, CSV, TSV, lines, and our own records."""

import codecs
import csv
import io
import json
import re
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from taskcli.errors import InputError, UsageError
from taskcli.inputs import delimited
from taskcli.inputs.squad import is_squad, questions
from taskcli.media import file_types
from taskcli.media.chats import read_chat
from taskcli.media.encodings import AUTO, codec_of, decoded, decoded_lines, is_wide, shown
from taskcli.media.items import Media
from taskcli.results import TEXT_FIELDS

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_JSON = ".json"
_CONTEXT = "context"  # the field of a text that is asked about
_BESIDE = ("question", "text_pair")  # columns that a task may read besides the text
_UNDECODED = re.compile("[\udc80-\udcff]")
_NOT_JSON = (ValueError, RecursionError)  # the latter: brackets nested ten thousand deep
_HEAD = 65_536  # bytes that a delimiter is told by
_PEEKED = 20  # rows in which a field must turn up
_LARGE = 1 << 23  # bytes; a larger JSON array, which is read whole, is not read twice
_NAMED = 20  # columns that a message lists


class DoubledColumnError(InputError):
    """A table has two columns of one name, of which only one could be read."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int  # 1-based: the line that the row begins on; in a JSON array the row's own number
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None  # a record of ours keeps the id of what it answers
    error: InputError | None = None
    has: Sequence[str] | None = None  # its fields, if none of those looked for is among them


@dataclass(frozen=True)
class RowReading:
    # Fields to try for the text, in order; dots reach into objects. None for rows of paths, which
    # have no usual name.
    names: tuple[str, ...]
    named: bool = False  # the user chose the field
    encoding: str = AUTO
    delimiter: str | None = None  # of the cells of a table; None: as its first rows tell
    chats: bool = False  # whether a text may be a list of messages


def is_rows(path: str) -> bool:
    return Path(path).suffix.lower() in (*_DELIMITERS, *_JSON_LINES, _JSON)


def check(path: str, reading: RowReading) -> None:
    """Raise UsageError for a file of which no row at its head has the fields, or a column twice."""
    try:
        if Path(path).suffix.lower() == _JSON and Path(path).stat().st_size > _LARGE:
            return
        with closing(read(path, reading)) as found:  # type: ignore[type-var]
            refuse(path, list(islice(found, _PEEKED)), reading)
    except DoubledColumnError as failure:
        raise UsageError(f"{path}: {failure.message}", failure.hint) from None
    except (OSError, InputError):  # the run will tell, in a record
        return


def refuse(name: str, head: Sequence[Row], reading: RowReading) -> None:
    """Raise UsageError if not one of the first rows has the fields; rows that are broken apart."""
    whole = [row for row in head if row.error is None or row.fields or row.has is not None]
    if whole and all(row.has is not None for row in whole):
        has = next((row.has for row in whole if row.has), ())
        odd = whole[0].error if not has else None  # a list, a number or an object without a field
        if odd is None:
            raise UsageError(*_lacks(name, reading, has))
        raise UsageError(f"{name}: {odd.message}", odd.hint)


def _lacks(name: str, reading: RowReading, has: Sequence[str]) -> tuple[str, str]:
    """What is missing and what there is, the likeliest to be meant first; and the way out."""
    close = chain.from_iterable(get_close_matches(one, has, 3, 0.5) for one in reading.names)
    there = list(dict.fromkeys([*close, *has]))[:_NAMED]
    wanted = " or ".join(map(repr, reading.names)) or "for the path chosen"
    message = f"{name} has no field {wanted}; it has {', '.join(map(repr, there)) or 'no fields'}"
    example = shlex.quote(there[0]) if there else "NAME"
    return message, f"choose one with --field, such as --field {example}"


def _is_record(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and {"input", "task"} <= row.keys()
        and ("result" in row or isinstance(row.get("error"), dict))
    )


def _parsed(text: str | bytes) -> Any:
    """The JSON value of a text; None for what is no JSON."""
    try:
        return json.loads(text)
    except _NOT_JSON:
        return None


def piped(stream: BinaryIO, reading: RowReading) -> Iterator[Row] | bytes:
    """The rows that come through a pipe; its whole content, if that is a document."""
    if reading.delimiter is not None:
        return _piped_table(stream, reading, reading.delimiter)
    head = _head(stream, 1 if reading.named else 2)
    whole = b"".join(head)
    if is_wide(codec_of(whole, reading.encoding)):
        return _piped_wide(whole + stream.read(), reading)
    whole = whole.removeprefix(codecs.BOM_UTF8)
    if _is_json_lines(head):
        return json_rows(chain(head, stream), reading)
    if reading.named and not _may_be_json(whole):
        _refuse_header(whole.decode(errors="replace").strip(), reading.names)
        return json_rows(chain(head, stream), reading)
    whole += stream.read()
    value = _parsed(whole) if _may_be_json(whole) else None
    if _holds_rows(value):
        return document_rows(value, reading)
    return json_rows(io.BytesIO(whole), reading) if reading.named else whole


def _refuse_header(line: str, names: Sequence[str]) -> None:
    """Raise UsageError for a line that names a column: what parts a piped table has to be said."""
    for delimiter in delimited.DELIMITERS:
        header = next(delimited.records([line], delimiter), None)
        if header is not None and set(names) & set(header.cells):
            name = {"\t": "tab"}.get(delimiter, f"'{delimiter}'")
            raise UsageError(
                "standard input is a table, not JSON",
                f"say what parts its cells: --delimiter {name}",
            )


def _piped_wide(whole: bytes, reading: RowReading) -> Iterator[Row] | bytes:
    """As `piped`, of a content whose lines do not end in single bytes."""
    try:
        narrow = decoded(whole, reading.encoding).encode()
    except InputError:  # what reads the document will tell
        return whole
    found = piped(io.BytesIO(narrow), replace(reading, encoding="utf-8"))
    return whole if isinstance(found, bytes) else found


def _head(stream: BinaryIO, objects: int) -> list[bytes]:
    """The lines by which `_is_json_lines` tells what a stream is; of our records one is enough."""
    head: list[bytes] = []
    while objects and (line := stream.readline()):
        head.append(line)
        if line.strip():
            objects -= 1
            value = _parsed(line)
            if _is_record(value) or not isinstance(value, dict):
                break
    return head


def _is_json_lines(head: Sequence[bytes]) -> bool:
    """Whether a stream that begins with these lines is JSON Lines.

    A text may begin with a line that is an object: then its second is none.
    """
    values = [_parsed(line) for line in head if line.strip()]
    return bool(values) and all(isinstance(value, dict) for value in values)


def _holds_rows(value: Any) -> bool:
    """Not for [1], say, which is a footnote sooner than rows."""
    elements = value if isinstance(value, list) else [value]
    return all(isinstance(element, dict | str) for element in elements)


def _may_be_json(content: bytes) -> bool:
    return content.lstrip()[:1] in (b"[", b"{")


def read(path: str, reading: RowReading) -> Iterator[Row]:
    """The rows of a file by its extension. Raises OSError or InputError for the whole file."""
    suffix = Path(path).suffix.lower()
    with _opened(path) as stream:
        if suffix in _DELIMITERS:
            yield from _table(stream, reading, _DELIMITERS[suffix])
        elif suffix == _JSON:
            yield from _json_file(stream, reading)
        else:
            yield from json_rows(stream, reading)


def read_lines(path: str, reading: RowReading) -> Iterator[Row]:
    with _opened(path) as stream:
        yield from lines_of(stream, reading)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Only regular files, since a pipe or a device could wait for ever, and only texts."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise InputError("not a regular file", "give its content through -")
    with Path(path).open("rb") as stream:
        kind = file_types.kind_of(stream.read(file_types.HEAD), path)
        if kind is not None and not kind.is_read_as_text:
            raise kind.refusal(Media.TEXT, path)
        stream.seek(0)
        yield stream


def lines_of(stream: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    """Every non-blank line as a row."""
    for number, text in decoded_lines(stream, reading.encoding):
        if isinstance(text, InputError):
            yield Row(number, error=text)
        else:
            yield Row(number, text)


def json_rows(stream: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    """JSON objects, one a line; our own records give their text and keep their id."""
    for number, text in decoded_lines(stream, reading.encoding):
        if isinstance(text, InputError):
            yield Row(number, error=text)
            continue
        try:
            value = json.loads(text)
        except _NOT_JSON as failure:
            yield Row(number, error=InputError(f"line {number} is not valid JSON: {failure}"))
            continue
        yield from _value_rows(value, number, f"line {number}", reading)


def _json_file(stream: BinaryIO, reading: RowReading) -> Iterator[Row]:
    """A .json file holds one value, as its name says, or JSON Lines all the same."""
    head = _head(stream, 2)
    begun = b"".join(head)
    if is_wide(codec_of(begun, reading.encoding)):  # whose lines do not end in single bytes
        stream = io.BytesIO(decoded(begun + stream.read(), reading.encoding).encode())
        reading = replace(reading, encoding="utf-8")
        head = _head(stream, 2)
    if _is_json_lines(head):
        yield from json_rows(chain(head, stream), reading)
        return
    text = decoded(b"".join(head) + stream.read(), reading.encoding)
    try:
        value = json.loads(text)
    except _NOT_JSON as failure:
        raise InputError(f"not valid JSON: {failure}") from None
    yield from document_rows(value, reading)


def document_rows(value: Any, reading: RowReading) -> Iterator[Row]:
    """The rows of one JSON value: the elements of an array; anything else is a row itself."""
    elements = value if isinstance(value, list) else [value]
    for number, element in enumerate(elements, 1):
        yield from _value_rows(element, number, f"row {number}", reading)


def _value_rows(value: Any, line: int, place: str, reading: RowReading) -> Iterator[Row]:
    if _CONTEXT in reading.names and not reading.named and is_squad(value):
        yield from _squad_rows(value)
    elif _is_record(value) and reading.names and not reading.named:
        yield from _record_rows(value, line)
    else:
        yield _row(value, line, place, reading)


def _squad_rows(value: dict[str, Any]) -> Iterator[Row]:
    """A row for each question, which keeps the id that it has there."""
    for number, one in enumerate(questions(value), 1):
        if isinstance(one, InputError):
            yield Row(number, error=one)
        else:
            yield Row(number, one.context, one.fields, id=one.id)


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


def _table_rows(stream: Any, reading: RowReading, delimiter: str) -> Iterator[Row]:
    """The rows of a table on a binary stream; the first names the columns."""
    # Bytes that do not decode become surrogates, so that they cost one row, not the table.
    text = io.TextIOWrapper(stream, reading.encoding, errors="surrogateescape", newline="")
    found = delimited.records(text, delimiter)
    line = 1
    try:
        header = next(found, None)
        if header is not None and delimited.states_delimiter(header):
            header = next(found, None)
        if header is None:
            return
        if header.unclosed is not None:
            raise _unclosed(header.unclosed)
        _refuse_doubled(header.cells, reading)
        for record in found:
            line = record.line
            yield _cells_row(record, header.cells, reading)
    except (csv.Error, UnicodeDecodeError) as failure:
        reason = f"line {line} or the next is not readable as a table: {failure}"
        yield Row(line + 1, error=InputError(reason))
    finally:
        text.detach()


def _refuse_doubled(header: Sequence[str], reading: RowReading) -> None:
    """Raise DoubledColumnError if two columns have the name of one that is used."""
    used = (*reading.names, *_BESIDE, *(("id",) if "question" in header else ()))
    doubled = [name for name in dict.fromkeys(used) if header.count(name) > 1]
    if doubled:
        raise DoubledColumnError(
            f"more than one column is named {' and '.join(map(repr, doubled))}",
            "rename all but one of them in the first line",
        )


def _piped_table(stream: BinaryIO, reading: RowReading, delimiter: str) -> Iterator[Row]:
    """The rows of a table that comes through a pipe, which is not looked ahead in for them."""
    peek = getattr(stream, "peek", None)
    codec = codec_of(peek(4) if peek else b"", reading.encoding)
    yield from _table_rows(stream, replace(reading, encoding=codec), delimiter)


def _table(stream: BinaryIO, reading: RowReading, usual: str) -> Iterator[Row]:
    head = stream.read(_HEAD)
    stream.seek(0)
    codec = codec_of(head, reading.encoding)
    delimiter = reading.delimiter
    if delimiter is None:
        whole = len(head) < _HEAD
        delimiter = delimited.delimiter_of(head.decode(codec, "replace"), whole, usual)
    yield from _table_rows(stream, replace(reading, encoding=codec), delimiter)


def _cells_row(record: delimited.Record, header: Sequence[str], reading: RowReading) -> Row:
    line = record.line
    if record.unclosed is not None:
        return Row(line, error=_unclosed(record.unclosed))
    if any(_UNDECODED.search(cell) for cell in record.cells):
        reason = f"line {line} is not {shown(reading.encoding)}"
        return Row(line, error=InputError(reason, "name the right one with --encoding"))
    missing = header[len(record.cells) :]
    if any(record.cells[len(header) :]) or any(name in missing for name in reading.names):
        count = len(record.cells)
        cells_said = "1 cell" if count == 1 else f"{count} cells"
        reason = f"line {line} has {cells_said}, the header has {len(header)}"
        hint = "quote a cell that holds the delimiter, or name another with --delimiter"
        return Row(line, error=InputError(reason, hint))
    fields = dict(zip_longest(header, record.cells[: len(header)]))
    return _row(fields, line, f"line {line}", reading)


def _unclosed(line: int) -> InputError:
    return InputError(
        f"the quote that opens in line {line} is not closed",
        'close it; a quote inside a quoted cell is written twice: ""',
    )


def _row(value: Any, line: int, place: str, reading: RowReading) -> Row:
    if isinstance(value, str) and not reading.named:
        return Row(line, value)
    found = {name: reach(value, name) for name in reading.names if has(value, name)}
    for text in found.values():
        if isinstance(text, str):
            return Row(line, text, value)
        if isinstance(text, list) and reading.chats:
            return _chat_row(text, value, line)
    if not found:
        fields = _fields_of(value)
        if not isinstance(value, dict):
            return Row(line, error=_no_object(place, value, reading), has=fields)
        return Row(line, error=InputError(*_lacks(place, reading, fields)), has=fields)
    name, other = next(iter(found.items()))
    error = InputError(f"{place}: field {name!r} is {_said(other)}, not text")
    return Row(line, fields=value, error=error)


def _no_object(place: str, value: Any, reading: RowReading) -> InputError:
    names = " or ".join(map(repr, reading.names))
    example = json.dumps({reading.names[0] if reading.names else "path": "..."})
    wanted = f"an object with the field {names}" if names else "an object"
    return InputError(f"{place} is {_said(value)}, not {wanted}", f"write it as {example}")


def _said(value: Any) -> str:
    """A JSON value in words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return f"a number ({value})"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"


def _fields_of(value: Any) -> list[str]:
    """What --field could name: the keys of an object, and of objects in it with a dot."""
    if not isinstance(value, dict):
        return []
    inner = [[f"{key}.{name}" for name in _fields_of(value[key])] or [key] for key in value]
    return list(chain.from_iterable(inner))


def has(value: Any, dotted: str) -> bool:
    """Whether there is a field of this name, be it null."""
    if not isinstance(value, dict):
        return False
    head, _, rest = dotted.partition(".")
    return dotted in value or bool(rest and has(value.get(head), rest))


def _chat_row(messages: list[Any], value: Mapping[str, Any], line: int) -> Row:
    """A row whose text is a chat, which its fields hold as `messages` under whatever name."""
    try:
        chat = read_chat(messages)
    except InputError as failure:
        return Row(line, error=failure)
    return Row(line, chat.text, {**value, "messages": chat})


def reach(value: Any, dotted: str) -> Any:
    """`a.b` of nested objects, or None; a field whose own name has dots is found first."""
    if not isinstance(value, dict):
        return None
    if dotted in value:
        return value[dotted]
    head, _, rest = dotted.partition(".")
    return reach(value.get(head), rest) if rest else None
