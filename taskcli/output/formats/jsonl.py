"""JSON Lines, and the same records as one JSON array."""

from typing import TextIO

from taskcli.output.serialize import to_line
from taskcli.output.writer import Layout, Writer
from taskcli.results import Record


class JsonLinesWriter(Writer):
    def write(self, record: Record) -> None:
        self.stream.write(to_line(record) + "\n")
        self.stream.flush()


class JsonWriter(Writer):
    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._before = "[\n"

    def write(self, record: Record) -> None:
        self.stream.write(self._before + to_line(record))
        self.stream.flush()
        self._before = ",\n"

    def close(self) -> None:
        self.stream.write("[]\n" if self._before == "[\n" else "\n]\n")
        self.stream.flush()
