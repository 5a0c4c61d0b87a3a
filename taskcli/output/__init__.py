"""Where records go. `open_writer` decides format by flag, extension and terminal, once."""

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO, cast

from taskcli.errors import UsageError, require_package
from taskcli.formats import BY_EXTENSION, FORMATS, UNIVERSAL
from taskcli.output.writer import Layout, Writer

__all__ = ["Layout", "Writer", "choose_format", "open_folder", "open_writer"]


def choose_format(
    asked: str, output: Path | None, terminal: bool, extra: tuple[str, ...], task: str
) -> str:
    """The format of a run. Raises UsageError for one that the task has not."""
    chosen = asked
    if asked == "auto" and output is not None:
        chosen = BY_EXTENSION.get(output.suffix.lower(), "")
        if not chosen:
            known = " ".join(BY_EXTENSION)
            raise UsageError(
                f"-o {output}: the extension names no format",
                f"use one of {known}, or add --format",
            )
    elif asked == "auto":
        chosen = "rich" if terminal else "jsonl"
    if chosen not in (*UNIVERSAL, *extra):
        known = ", ".join((*UNIVERSAL, *extra))
        raise UsageError(f"{task} has no format {chosen}", f"it has {known}")
    package = FORMATS[chosen].package
    if package:
        needed = f"{chosen} is written with {package}, which is not installed"
        require_package(package, chosen, needed)
    return chosen


def open_folder(chosen: str, folder: Path, known: Iterable[str], layout: Layout) -> Writer:
    """The writer of a format that is a folder; `known` are the ids of the inputs, where known."""
    return cast(Writer, FORMATS[chosen].load_writer()(folder, known, layout))


def open_writer(chosen: str, stream: TextIO, layout: Layout | None = None) -> Writer:
    """The writer of a format that `choose_format` gave."""
    format = FORMATS[chosen]
    if stream.isatty() and not format.terminal_safe:
        from taskcli.output.terminal.console import PlainTerminal

        stream = cast(TextIO, PlainTerminal(stream))
    return cast(Writer, format.load_writer()(stream, layout or Layout()))
