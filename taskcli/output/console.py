"""The human writer: one block per input, as it comes."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from taskcli.output.views import safe, safe_line, view
from taskcli.output.writer import Writer
from taskcli.results import Record


class PlainTerminal:
    """A terminal that gets text without what it would obey."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        return self._terminal.write(safe(text))

    def flush(self) -> None:
        self._terminal.flush()


class ConsoleWriter(Writer):
    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._console = Console(file=stream, highlight=False)

    def write(self, record: Record) -> None:
        self._console.print(Text(safe_line(record.input), style="bold"))
        if record.error is not None:
            self._print(Text(f"✗ {safe(record.error.message)}", style="red"))
            if record.error.hint:
                self._print(Text(safe(record.error.hint), style="dim"))
        else:
            self._print(view(record.result))
        for warning in record.warnings:
            self._print(Text(f"! {safe(warning)}", style="yellow"))
        self._console.print()
        self.stream.flush()

    def _print(self, block: object) -> None:
        self._console.print(Padding(block, (0, 0, 0, 2)))  # type: ignore[arg-type]
