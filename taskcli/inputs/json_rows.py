"""Rows as JSON: an object a line, or one value in a file; SQuAD's own, and records of ours."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, BinaryIO, TypeGuard

from taskcli.errors import InputError
from taskcli.inputs.files import AUTO
from taskcli.inputs.json_array import elements
from taskcli.inputs.keeping import Keep
from taskcli.inputs.rows import Row, RowReading, row_of
from taskcli.inputs.squad import is_squad, questions
from taskcli.media.encodings import codec_of, decoded, decoded_lines, decoded_pieces, is_wide
from taskcli.results import TEXT_FIELDS

_CONTEXT = "context"  # the field of a text that is asked about
_BEGINNING = 4096  # bytes by which an array is told
_BLOCK = 1 << 16  # bytes of one that are read at once
_NOT_JSON = (ValueError, RecursionError)  # the latter: brackets nested ten thousand deep


def file_rows(stream: BinaryIO, reading: RowReading) -> Iterator[Row]:
    """A .json file holds one value, as its name says, or JSON Lines all the same.

    The elements of an array are read one at a time.
    """
    begun = stream.read(_BEGINNING)
    if is_array(begun, reading.encoding):
        yield from _array_rows(chain([begun], _blocks(stream)), reading)
        return
    stream = _from_its_beginning(stream, begun)
    head = head_of(stream, 2)
    begun = b"".join(head)
    if is_wide(codec_of(begun, reading.encoding)):  # whose lines do not end in single bytes
        stream = io.BytesIO(decoded(begun + stream.read(), reading.encoding).encode())
        reading = replace(reading, encoding="utf-8")
        head = head_of(stream, 2)
    if is_json_lines(head):
        yield from json_rows(chain(head, stream), reading)
        return
    text = decoded(b"".join(head) + stream.read(), reading.encoding)
    try:
        value = json.loads(text)
    except _NOT_JSON as failure:
        raise InputError(f"not valid JSON: {failure}") from None
    yield from document_rows(value, reading)


def is_array(begun: bytes, encoding: str) -> bool:
    """Whether a text that begins with these bytes is an array, if it is JSON."""
    text = begun.decode(codec_of(begun, encoding), "ignore")
    return text.lstrip(" \t\r\n").startswith("[")


def _array_rows(content: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    found = elements(decoded_pieces(content, reading.encoding))
    for number, element in enumerate(found, 1):
        yield from _value_rows(element, number, f"row {number}", reading)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _from_its_beginning(stream: BinaryIO, begun: bytes) -> BinaryIO:
    """A stream of which `begun` was read, as if it were not."""
    if not stream.seekable():
        return io.BytesIO(begun + stream.read())
    stream.seek(0)
    return stream


def json_rows(stream: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    """JSON objects, one a line; our own records give their text and keep their id."""
    for number, text in decoded_lines(stream, reading.encoding):
        if isinstance(text, InputError):
            yield Row(number, error=text)
            continue
        try:
            value = json.loads(text)
        except _NOT_JSON as failure:
            yield Row(number, error=_not_json(number, text, failure, reading))
            continue
        yield from _value_rows(value, number, f"line {number}", reading)


def _not_json(line: int, text: str, failure: Exception, reading: RowReading) -> InputError:
    is_other = reading.format == AUTO and not may_be_json(text.encode())
    hint = "of a table say so: --input-format csv or tsv" if is_other else None
    return InputError(f"line {line} is not valid JSON: {failure}", hint)


def document_rows(value: object, reading: RowReading) -> Iterator[Row]:
    """The rows of one JSON value: the elements of an array; anything else is a row itself."""
    elements = value if isinstance(value, list) else [value]
    for number, element in enumerate(elements, 1):
        yield from _value_rows(element, number, f"row {number}", reading)


def _value_rows(value: object, line: int, place: str, reading: RowReading) -> Iterator[Row]:
    if _CONTEXT in reading.names and not reading.named and is_squad(value):
        yield from _squad_rows(value, reading.keep)
    elif _is_record(value) and reading.names and not reading.named:
        yield from _record_rows(value, line, reading.keep)
    else:
        yield row_of(value, line, place, reading)


def _squad_rows(value: dict[str, Any], keep: Keep | None) -> Iterator[Row]:
    """A row for each question, which keeps the id that it has there."""
    for number, one in enumerate(questions(value), 1):
        if isinstance(one, InputError):
            yield Row(number, error=one)
        else:
            kept = None if keep is None else keep.of(one.fields)
            yield Row(number, one.context, fields=one.fields, id=one.id, kept=kept)


def _record_rows(record: dict[str, Any], line: int, keep: Keep | None) -> Iterator[Row]:
    """The texts of a record of ours, each under the id of what it answers."""
    id = str(record["input"])
    kept = _kept_before(record, keep)
    if "result" not in record:
        reason = record["error"].get("message", "unknown")
        error = InputError(f"{record['task']} failed before: {reason}")
        yield Row(line, id=id, error=error, kept=kept)
        return
    results = record["result"] if isinstance(record["result"], list) else [record["result"]]
    for number, result in enumerate(results or [None], 1):
        own_id = id if len(results) < 2 else f"{id}#{number}"
        text = _text_of(result)
        if text is None:
            reason = f"a {record['task']} record holds no text"
            error = InputError(reason, "name a field with --field")
            yield Row(line, id=own_id, error=error, kept=kept)
        else:
            yield Row(line, text, id=own_id, kept=kept)


def _kept_before(record: dict[str, Any], keep: Keep | None) -> dict[str, object] | None:
    """What the run that made a record kept of the user's own columns, and this one keeps on."""
    own = record.get("fields")
    if keep is None:
        return None
    return keep.of(own if isinstance(own, dict) else {})


def _is_record(row: object) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(row, dict)
        and {"input", "task"} <= row.keys()
        and ("result" in row or isinstance(row.get("error"), dict))
    )


def _text_of(result: object) -> str | None:
    found = (result.get(name) for name in TEXT_FIELDS) if isinstance(result, dict) else ()
    return next((text for text in found if isinstance(text, str)), None)


def head_of(stream: BinaryIO, objects: int) -> list[bytes]:
    """The lines by which `is_json_lines` tells what a stream is; of our records one is enough."""
    head: list[bytes] = []
    while objects and (line := stream.readline()):
        head.append(line)
        if line.strip():
            objects -= 1
            value = parsed(line)
            if _is_record(value) or not isinstance(value, dict):
                break
    return head


def is_json_lines(head: Sequence[bytes]) -> bool:
    """Whether a stream that begins with these lines is JSON Lines.

    A text may begin with a line that is an object: then its second is none.
    """
    values = [parsed(line) for line in head if line.strip()]
    return bool(values) and all(isinstance(value, dict) for value in values)


def parsed(text: str | bytes) -> object:
    """The JSON value of a text; None for what is no JSON."""
    try:
        return json.loads(text)
    except _NOT_JSON:
        return None


def holds_rows(value: object) -> bool:
    """Not for [1], say, which is a footnote sooner than rows."""
    elements = value if isinstance(value, list) else [value]
    return all(isinstance(element, dict | str) for element in elements)


def may_be_json(content: bytes) -> bool:
    return content.lstrip()[:1] in (b"[", b"{")
