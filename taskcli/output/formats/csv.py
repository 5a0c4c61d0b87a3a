"""Tables for spreadsheets: a line per answer, so an image with three boxes has three lines."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, ClassVar, TextIO

from taskcli.output.presentation import answers_of, fields_of
from taskcli.output.serialize import to_json
from taskcli.output.writer import Layout, Writer
from taskcli.results import Record

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _TableWriter(Writer):
    """The columns are fixed by the first record that has a result."""

    delimiter: ClassVar[str]

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._columns: list[str] = []
        self._waiting: list[dict[str, Any]] = []

    def write(self, record: Record) -> None:
        rows = list(_rows(record))
        if not self._columns:
            self._waiting += rows
            if all(row.keys() <= {"input", "error"} for row in rows):
                return  # failures alone do not tell the columns
            self._begin()
        else:
            self._put(rows)

    def close(self) -> None:
        if self._waiting:
            self._begin()

    def _begin(self) -> None:
        keys = dict.fromkeys(key for row in self._waiting for key in row)
        self._columns = ["input", *(key for key in keys if key not in ("input", "error")), "error"]
        self.stream.write(self._line(self._columns))
        self._put(self._waiting)
        self._waiting = []

    def _put(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self.stream.write(self._line([_cell(row.get(column)) for column in self._columns]))
        self.stream.flush()

    def _line(self, cells: list[Any]) -> str:
        """One line; Python before 3.13 quotes a lone CR only where lines end in CR LF."""
        line = io.StringIO(newline="")
        csv.writer(line, delimiter=self.delimiter, lineterminator="\r\n").writerow(cells)
        return line.getvalue().removesuffix("\r\n") + "\n"


class CsvWriter(_TableWriter):
    delimiter = ","


class TsvWriter(_TableWriter):
    delimiter = "\t"


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    data = to_json(record)
    if "error" in data:
        yield {"input": data["input"], "error": data["error"]["message"]}
        return
    for result in answers_of(data["result"]) or [{}]:
        fields = {_column(name): value for name, value in fields_of(result).items()}
        yield {"input": data["input"], **fields}


def _column(name: str) -> str:
    """The name of a field, which is none of the table's own."""
    return f"result.{name}" if name in ("input", "error") else name


def _cell(value: object) -> object:
    """Lists as JSON. A text that a spreadsheet would run is made text again by an apostrophe."""
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
