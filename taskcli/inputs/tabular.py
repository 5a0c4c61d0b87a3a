"""Files with many inputs in them, told by their extensions; and pipes, by how they begin."""

import codecs
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from taskcli.errors import InputError, UsageError
from taskcli.inputs import columns, delimited
from taskcli.inputs.files import AUTO, File, id_of, kind_of, opened
from taskcli.inputs.json_rows import (
    document_rows,
    file_rows,
    head_of,
    holds_rows,
    is_array,
    is_json_lines,
    json_rows,
    may_be_json,
    parsed,
)
from taskcli.inputs.rows import Row, RowReading, lacking, unkept
from taskcli.inputs.tables import DoubledColumnError, piped_rows, piped_table, table_rows
from taskcli.inputs.webdataset import is_shard, sample_rows
from taskcli.media import file_types
from taskcli.media.encodings import codec_of, decoded, decoded_lines, is_wide
from taskcli.media.items import Media

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
CELLS = tuple(_DELIMITERS)  # files that spreadsheets show
_JSON_LINES = (".jsonl", ".ndjson")
_JSON = ".json"
_PEEKED = 20  # rows in which a field must turn up
_LARGE = 1 << 23  # bytes; a larger JSON object, which is read whole, is not read twice


def is_rows(file: File, reading: RowReading) -> bool:
    kinds = (*_DELIMITERS, *_JSON_LINES, _JSON, *columns.SUFFIXES)
    return kind_of(file, reading.format) in kinds


def _is_shard(file: File, reading: RowReading) -> bool:
    return reading.format == AUTO and is_shard(file)


def is_read_as_rows(file: File, reading: RowReading) -> bool:
    """A shard is, where one of its fields is asked for."""
    return is_rows(file, reading) or (reading.named and _is_shard(file, reading))


def check(path: str, reading: RowReading) -> None:
    """Raise UsageError for a file of which no row at its head has the fields, or a column twice."""
    try:
        if kind_of(path, reading.format) == _JSON and _is_large(Path(path), reading):
            return
        with closing(read(path, reading)) as found:  # type: ignore[type-var]
            refuse(path, list(islice(found, _PEEKED)), reading)
    except DoubledColumnError as failure:
        raise UsageError(f"{path}: {failure.message}", failure.hint) from None
    except (OSError, InputError):  # the run will tell, in a record
        return


def _is_large(path: Path, reading: RowReading) -> bool:
    """Whether its head is not to be had without the rest, of which there is much."""
    if path.stat().st_size <= _LARGE:
        return False
    with path.open("rb") as stream:
        return not is_array(stream.read(file_types.HEAD), reading.encoding)


def refuse(name: str, head: Sequence[Row], reading: RowReading) -> None:
    """Raise UsageError if not one of the first rows has the fields, or one that is to be kept.

    Rows that are broken tell of neither.
    """
    whole = [row for row in head if row.error is None or row.fields or row.has is not None]
    if whole and all(row.has is not None for row in whole):
        has = next((row.has for row in whole if row.has), ())
        odd = whole[0].error if not has else None  # a list, a number or an object without a field
        if odd is None:
            raise UsageError(*lacking(name, reading, has))
        raise UsageError(f"{name}: {odd.message}", odd.hint)
    _refuse_unkept(name, [row for row in whole if row.kept is not None], reading)


def _refuse_unkept(name: str, rows: Sequence[Row], reading: RowReading) -> None:
    """Raise UsageError for a column to keep that none of some rows has."""
    if reading.keep is None or not rows:
        return
    missing = reading.keep.missing([row.kept or {} for row in rows])
    if missing:
        raise UsageError(*unkept(name, missing, rows[0].fields))


def kept_columns(path: str, reading: RowReading) -> list[str]:
    """The columns that --keep keeps of a file of rows, as far as the rows at its head tell."""
    if reading.keep is not None and reading.keep.names:
        return list(reading.keep.names)
    try:
        with closing(read(path, reading)) as found:  # type: ignore[type-var]
            rows = [row.kept or {} for row in islice(found, _PEEKED)]
    except (OSError, InputError):  # the run will tell, in a record
        return []
    return list(dict.fromkeys(chain.from_iterable(rows)))


def piped(stream: BinaryIO, reading: RowReading) -> Iterator[Row] | bytes:
    """The rows that come through a pipe; its whole content, if that is a document."""
    if reading.format != AUTO:
        return _piped_as(f".{reading.format}", stream, reading)
    if reading.delimiter is not None:
        return piped_rows(stream, reading, reading.delimiter)
    head = head_of(stream, 1 if reading.named else 2)
    whole = b"".join(head)
    if is_wide(codec_of(whole, reading.encoding)):
        return _piped_wide(whole + stream.read(), reading)
    whole = whole.removeprefix(codecs.BOM_UTF8)
    if is_json_lines(head):
        return json_rows(chain(head, stream), reading)
    if reading.named and not may_be_json(whole):
        _refuse_header(whole.decode(errors="replace").strip(), reading.names)
        return json_rows(chain(head, stream), reading)
    whole += stream.read()
    value = parsed(whole) if may_be_json(whole) else None
    if holds_rows(value):
        return document_rows(value, reading)
    return json_rows(io.BytesIO(whole), reading) if reading.named else whole


def _piped_as(kind: str, stream: BinaryIO, reading: RowReading) -> Iterator[Row] | bytes:
    """As `piped`, of what is known to be of a kind."""
    if kind in _DELIMITERS:
        return piped_table(stream, reading, _DELIMITERS[kind])
    if kind in _JSON_LINES:
        return json_rows(stream, reading)
    if kind == _JSON:
        return file_rows(stream, reading)
    whole = stream.read()
    if kind in columns.SUFFIXES:
        return columns.column_rows(io.BytesIO(whole), kind, reading)
    return whole


def _refuse_header(line: str, names: Sequence[str]) -> None:
    """Raise UsageError for a line that names a column: what parts a piped table has to be said."""
    for delimiter in delimited.DELIMITERS:
        header = next(delimited.records([line], delimiter), None)
        if header is not None and set(names) & set(header.cells):
            name = {"\t": "tab"}.get(delimiter, f"'{delimiter}'")
            raise UsageError(
                "standard input is a table, not JSON",
                f"say so: --input-format csv, or --delimiter {name}",
            )


def _piped_wide(whole: bytes, reading: RowReading) -> Iterator[Row] | bytes:
    """As `piped`, of a content whose lines do not end in single bytes."""
    try:
        narrow = decoded(whole, reading.encoding).encode()
    except InputError:  # what reads the document will tell
        return whole
    found = piped(io.BytesIO(narrow), replace(reading, encoding="utf-8"))
    return whole if isinstance(found, bytes) else found


def read(file: File, reading: RowReading) -> Iterator[Row]:
    """The rows of a file by its extension. Raises OSError or InputError for the whole file."""
    suffix = kind_of(file, reading.format)
    if suffix in columns.SUFFIXES or _is_shard(file, reading):
        with opened(file) as stream:
            if _is_shard(file, reading):
                yield from sample_rows(stream, reading)
            else:
                yield from columns.column_rows(stream, suffix, reading)
        return
    with _opened(file) as stream:
        if suffix in _DELIMITERS:
            yield from table_rows(stream, reading, _DELIMITERS[suffix])
        elif suffix == _JSON:
            yield from file_rows(stream, reading)
        else:
            yield from json_rows(stream, reading)


def read_lines(file: File, reading: RowReading) -> Iterator[Row]:
    """The lines of a text; of a document those of its words, so paragraphs."""
    with opened(file) as stream:
        kind = _kind(stream, file)

        if kind and kind.is_document(reading.format) and kind.is_read_as(Media.TEXT):
            words = kind.load_words()(stream.read(), reading.encoding)
            yield from lines_of(io.BytesIO(words.encode()), replace(reading, encoding="utf-8"))
            return
    with _opened(file) as stream:
        yield from lines_of(stream, reading)


@contextmanager
def _opened(file: File) -> Iterator[BinaryIO]:
    """Only texts."""
    with opened(file) as stream:
        kind = _kind(stream, file)
        if kind is not None and not kind.is_read_as_text:
            raise kind.refusal(Media.TEXT, id_of(file))
        yield stream


def _kind(stream: BinaryIO, file: File) -> file_types.FileType | None:
    """What a stream is that stands at its beginning, and then again."""
    kind = file_types.kind_of(stream.read(file_types.HEAD), id_of(file))
    stream.seek(0)
    return kind


def lines_of(stream: Iterable[bytes], reading: RowReading) -> Iterator[Row]:
    """Every non-blank line as a row."""
    for number, text in decoded_lines(stream, reading.encoding):
        if isinstance(text, InputError):
            yield Row(number, error=text)
        else:
            yield Row(number, text)
