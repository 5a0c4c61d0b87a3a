"""Tables for spreadsheets: a line per answer, so an image with three boxes has three lines.

Columns of the user's own stand first, on each of the lines of their row, under their own names.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple, TextIO

from taskcli.output.presentation import answers_of, fields_of
from taskcli.output.serialize import to_json
from taskcli.output.writer import Layout, Writer, free_name
from taskcli.results import Record

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NAMED = 5  # columns that a note lists


class _Line(NamedTuple):
    """Cells by column: the user's own, and ours."""

    own: dict[str, Any]
    ours: dict[str, Any]


class _TableWriter(Writer):
    """The columns are fixed by the first record that has a result, and by the layout."""

    delimiter: ClassVar[str]

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._own: dict[str, None] = {}  # in the order of the columns
        self._ours: list[str] = []
        self._waiting: list[_Line] = []
        self._left_out: dict[str, None] = {}  # own columns that came too late

    def write(self, record: Record) -> None:
        lines = list(_lines(record))
        if not self._ours:
            self._waiting += lines
            if all(line.ours.keys() <= {"input", "error"} for line in lines):
                return  # failures alone do not tell the columns
            self._begin()
        else:
            self._put(lines)

    def close(self) -> None:
        if self._waiting:
            self._begin()

    @property
    def note(self) -> str:
        if not self._left_out:
            return ""
        named = ", ".join(map(repr, list(self._left_out)[:_NAMED]))
        return (
            f"columns that only later rows have are left out: {named}; jsonl and parquet hold all"
        )

    def _begin(self) -> None:
        own = (*self.layout.kept, *(key for line in self._waiting for key in line.own))
        self._own = dict.fromkeys(own)
        keys = dict.fromkeys(key for line in self._waiting for key in line.ours)
        self._ours = ["input", *(key for key in keys if key not in ("input", "error")), "error"]
        header = list(self._own)
        for name in self._ours:
            header.append(free_name(name, header))
        self.stream.write(self._line(header))
        self._put(self._waiting)
        self._waiting = []

    def _put(self, lines: Iterable[_Line]) -> None:
        for line in lines:
            own = [self._own_cell(line.own.get(name)) for name in self._own]
            ours = [_cell(line.ours.get(name)) for name in self._ours]
            self.stream.write(self._line([*own, *ours]))
            self._left_out |= dict.fromkeys(name for name in line.own if name not in self._own)
        self.stream.flush()

    def _own_cell(self, value: object) -> object:
        """As it was read: what came in a table's cell was there for a spreadsheet before."""
        if isinstance(value, str) and (self.layout.own_cells or _NUMBER.fullmatch(value)):
            return value
        nested = isinstance(value, dict | list)
        return json.dumps(value, ensure_ascii=False) if nested else _cell(value)

    def _line(self, cells: list[Any]) -> str:
        """One line; Python before 3.13 quotes a lone CR only where lines end in CR LF."""
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=self.delimiter, lineterminator="\r\n").writerow(cells)
        return line.getvalue().removesuffix("\r\n") + "\n"


class CsvWriter(_TableWriter):
    delimiter = ","


class TsvWriter(_TableWriter):
    delimiter = "\t"


def _lines(record: Record) -> Iterator[_Line]:
    data = to_json(record)
    own = data.get("fields", {})
    if "error" in data:
        yield _Line(own, {"input": data["input"], "error": data["error"]["message"]})
        return
    for result in _answers(record, data) or [{}]:
        fields = {_column(name): value for name, value in fields_of(result).items()}
        yield _Line(own, {"input": data["input"], **fields})


def _answers(record: Record, data: dict[str, Any]) -> list[Any]:
    """A list of answers; where windows were asked for, those of each, behind its times."""
    if record.window is None:
        return answers_of(data["result"])
    timed = ((one, one.pop("labels")) for one in data.get("windows", ()))
    return [{**where, **label} for where, labels in timed for label in labels]


def _column(name: str) -> str:
    """The name of a field, which is none of the table's own."""
    return free_name(name, ("input", "error"))


def _cell(value: object) -> object:
    """Lists as JSON. A text that a spreadsheet would run is made text again by an apostrophe."""
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
