"""The human writer: one block per input, as it comes."""

from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from taskcli.output.presentation import cell_of, presentation_of
from taskcli.output.sanitize import safe, safe_line
from taskcli.output.serialize import users_own
from taskcli.output.terminal.views import About, over_time, view
from taskcli.output.writer import Layout, Writer
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
    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._heard = False
        self._console = Console(file=stream, highlight=False)

    def hear(self, text: str) -> None:
        """Show a stretch of the only answer as it comes; its record then adds what is left."""
        self._heard = True
        self.stream.write(safe(text))
        self.stream.flush()

    def write(self, record: Record) -> None:
        if self._heard:
            self.stream.write("\n")
        else:
            self._console.print(Text(safe_line(record.input), style="bold"))
        self._own(record)
        if record.error is not None:
            self._print(Text(f"✗ {safe(record.error.message)}", style="red"))
            if record.error.hint:
                self._print(Text(safe(record.error.hint), style="dim"))
        elif not self._heard:
            if record.result != [] or not record.windows:  # else only windows have what is wanted
                self._print(view(record.result, self._about(record)))
            if record.windows:
                self._print(over_time(record.windows))
            if self.layout.preview:
                self._preview(record)
        for warning in record.warnings:
            self._print(Text(f"! {safe(warning)}", style="yellow"))
        self._console.print()
        self.stream.flush()

    def _own(self, record: Record) -> None:
        """Columns of the user's own, a line each, as much of them as is seen at once."""
        for name, value in (record.fields or {}).items():
            line = Text(safe_line(f"{name}: "), style="dim", no_wrap=True, overflow="ellipsis")
            line.append(safe_line(cell_of(users_own(value))))
            line.truncate(self._console.width - 2, overflow="ellipsis")
            self._print(line)

    def _about(self, record: Record) -> About:
        plain = self._console.no_color or self._console.color_system is None
        shape = presentation_of(record.result)
        known = None if plain else shape.label_colours(self.layout.labels)
        return About(getattr(record.item, "text", ""), known)

    def _shows_pictures(self) -> bool:
        from taskcli.output.terminal.image import can_show

        return self.layout.preview and can_show(self._console)

    def _preview(self, record: Record) -> None:
        from taskcli.output.terminal.image import WHY_NONE, HalfBlocks, picture, protocol, sent

        if not self._shows_pictures():
            self._print(Text(WHY_NONE, style="dim"))
            return
        how = protocol()
        image = picture(record, self.layout, names=how != "blocks")
        if how == "blocks":
            self._print(HalfBlocks(image))
        else:
            self.stream.write(sent(image, how, self._console.width))

    def _print(self, block: object) -> None:
        self._console.print(Padding(block, (0, 0, 0, 2)))  # type: ignore[arg-type]
