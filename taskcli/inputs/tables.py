"""Rows as cells of CSV and TSV, under a header that names the columns."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import BinaryIO

from taskcli.errors import InputError
from taskcli.inputs import delimited
from taskcli.inputs.rows import Row, RowReading, row_of
from taskcli.media.encodings import codec_of, shown

_BESIDE = ("question", "text_pair")  # columns that a task may read besides the text
_UNDECODED = re.compile("[\udc80-\udcff]")
_HEAD = 65_536  # bytes that a delimiter is told by


class DoubledColumnError(InputError):
    """A table has two columns of one name, of which only one could be read."""


def table_rows(stream: BinaryIO, reading: RowReading, usual: str) -> Iterator[Row]:
    head = stream.read(_HEAD)
    stream.seek(0)
    yield from _told_by(head, len(head) < _HEAD, stream, reading, usual)


def piped_rows(stream: BinaryIO, reading: RowReading, delimiter: str) -> Iterator[Row]:
    """The rows of a table that comes through a pipe, which is not looked ahead in for them."""
    codec = codec_of(_beginning(stream), reading.encoding)
    yield from _rows(stream, replace(reading, encoding=codec), delimiter)


def piped_table(stream: BinaryIO, reading: RowReading, usual: str) -> Iterator[Row]:
    """As `piped_rows`: what has come of it tells the delimiter."""
    yield from _told_by(_beginning(stream), False, stream, reading, usual)


def _beginning(stream: BinaryIO) -> bytes:
    """What a pipe gives at once, of which nothing is taken."""
    peek = getattr(stream, "peek", None)
    if peek is not None:
        begun: bytes = peek(_HEAD)
        return begun
    begun = stream.read(_HEAD)
    stream.seek(0)
    return begun


def _told_by(
    head: bytes, whole: bool, stream: BinaryIO, reading: RowReading, usual: str
) -> Iterator[Row]:
    """The rows of a table that begins with `head`; `whole` says that it is all of it."""
    codec = codec_of(head, reading.encoding)
    delimiter = reading.delimiter
    if delimiter is None:
        delimiter = delimited.delimiter_of(head.decode(codec, "replace"), whole, usual)
    yield from _rows(stream, replace(reading, encoding=codec), delimiter)


def _rows(stream: BinaryIO, reading: RowReading, delimiter: str) -> Iterator[Row]:
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
    """Raise DoubledColumnError if two columns have the name of one that is used, or kept."""
    used = (*reading.names, *_BESIDE, *(("id",) if "question" in header else ()))
    kept = () if reading.keep is None else reading.keep.names or header
    doubled = [name for name in dict.fromkeys((*used, *kept)) if header.count(name) > 1]
    if doubled:
        raise DoubledColumnError(
            f"more than one column is named {' and '.join(map(repr, doubled))}",
            "rename all but one of them in the first line",
        )


def _cells_row(record: delimited.Record, header: Sequence[str], reading: RowReading) -> Row:
    row = _row(record, header, reading)
    if reading.keep is None or row.error is None or row.kept is not None:
        return row
    cells = dict(zip(header, map(_legible, record.cells), strict=False))
    return replace(row, kept=reading.keep.of(cells))


def _legible(cell: str) -> str:
    """With a mark for each byte that does not decode."""
    return _UNDECODED.sub("\ufffd", cell)


def _row(record: delimited.Record, header: Sequence[str], reading: RowReading) -> Row:
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
    return row_of(fields, line, f"line {line}", reading)


def _unclosed(line: int) -> InputError:
    return InputError(
        f"the quote that opens in line {line} is not closed",
        'close it; a quote inside a quoted cell is written twice: ""',
    )
