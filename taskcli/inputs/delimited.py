"""Tables of cells: the records of a CSV or TSV file, each with the line that it begins on.

A quote that is never closed would draw the rest of a table into one cell. It costs the row that it
opens in, and reading goes on with the line after it.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

ONE_COLUMN = "\x1f"  # no table is parted by ASCII's own unit separator: its lines are cells

DELIMITERS = ",;\t|"  # those that are tried
_LOOKED_AT = 20  # records that a delimiter is told by
_LONGEST_CELL = 1 << 30  # csv's own limit of 128 KiB would refuse whole documents in a cell
_MOST_LINES = 100_000  # of one record: longer than books are, and memory stays bounded
_LINE_ENDS = ("\n", "\r", "")
_STATED = re.compile("sep=(.)\r?\n?")  # Excel writes and reads this as a first line


@dataclass(frozen=True, slots=True)
class Record:
    line: int  # 1-based
    cells: list[str]
    unclosed: int | None = None  # the line of a quote that is not closed; there are no cells then


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The records of a table; blank lines are none."""
    csv.field_size_limit(_LONGEST_CELL)
    source = _Lines(lines)
    strict = csv.reader(source, delimiter=delimiter, strict=True)
    lenient = csv.reader(source, delimiter=delimiter)
    while True:
        begin = source.begin()
        try:
            cells = next(strict)
        except StopIteration:
            return
        except (csv.Error, _EndlessError):
            source.again()
            cells, opened = _untidy(source, lenient, delimiter)
            if opened is not None:
                yield Record(begin, [], begin + opened)
                continue
        if cells:
            yield Record(begin, cells)


def delimiter_of(head: str, whole: bool, usual: str) -> str:
    """What parts the cells of a table that begins with `head`; `whole` says that it is all of it.

    It gives the first records equal numbers of cells, more than one; `usual` wins a tie.
    """
    if stated := _STATED.match(head):
        return stated[1]
    candidates = dict.fromkeys(usual + DELIMITERS)
    shares = {delimiter: _share(head, whole, delimiter) for delimiter in candidates}
    best = max(shares, key=lambda delimiter: shares[delimiter])
    if shares[best]:
        return best
    header = next(_beginning(head, usual), None)
    return usual if header and header.unclosed else ONE_COLUMN


def states_delimiter(record: Record) -> bool:
    """Whether a first record is not the header yet."""
    return record.cells == ["sep=", ""]


def _share(head: str, whole: bool, delimiter: str) -> float:
    """The share of the first records with as many cells as the header, which has several."""
    widths = [len(record.cells) for record in _beginning(head, delimiter)]
    if len(widths) > _LOOKED_AT or not whole:
        widths = widths[:-1] or widths  # the last may be cut
    if not widths or widths[0] < 2:
        return 0.0
    return widths.count(widths[0]) / len(widths)


def _beginning(head: str, delimiter: str) -> Iterator[Record]:
    return islice(records(io.StringIO(head, newline=""), delimiter), _LOOKED_AT + 1)


def _untidy(
    source: "_Lines", lenient: Iterator[list[str]], delimiter: str
) -> tuple[list[str], int | None]:
    """A record that is not strict CSV: its cells, or which of its lines has the unclosed quote."""
    try:
        cells = next(lenient)
    except _EndlessError:
        cells = []
    opened = _unclosed(source.taken, delimiter)
    if opened is not None:
        source.again(opened + 1)
    return cells, opened


def _unclosed(lines: Iterable[str], delimiter: str) -> int | None:
    """The index of the line whose quote is not closed, among those of one record.

    A quote that opens the next cell, by its place, closes none of a line before.
    """
    opened: int | None = None
    for index, line in enumerate(lines):
        at = 0
        while 0 <= at < len(line):
            if opened is None:
                if line[at] == '"':
                    opened, at = index, at + 1
                else:
                    at = _next_cell(line, at, delimiter)
                continue
            at = line.find('"', at)
            if at < 0:
                break
            after = line[at + 1 : at + 2]
            if after == '"':
                at += 2
            elif opened < index and _opens_cell(line, at, delimiter) and after not in _LINE_ENDS:
                return opened
            else:
                opened, at = None, _next_cell(line, at + 1, delimiter)
    return opened


def _opens_cell(line: str, at: int, delimiter: str) -> bool:
    return (at == 0 or line[at - 1] == delimiter) and line[at + 1 : at + 2] != delimiter


def _next_cell(line: str, at: int, delimiter: str) -> int:
    found = line.find(delimiter, at)
    return -1 if found < 0 else found + 1


class _EndlessError(Exception):
    """A record has more lines than any should."""


class _Lines:
    """Lines one at a time; those of the record under way are kept, to be read again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._before = 0  # lines of the records before
        self.taken: list[str] = []

    def begin(self) -> int:
        """Begin a record; the number of its first line."""
        self._before += len(self.taken)
        self.taken = []
        return self._before + 1

    def again(self, kept: int = 0) -> None:
        """Give back all lines of this record but the first `kept`."""
        self._again.extendleft(reversed(self.taken[kept:]))
        self.taken = self.taken[:kept]

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MOST_LINES:
            raise _EndlessError
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line
