"""How a run's answers leave it: the writer that its options ask for, and the files beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from taskcli import output
from taskcli.cli.run.engines import Answers
from taskcli.cli.run.layouts import laid_out
from taskcli.cli.run.own_columns import with_own
from taskcli.cli.run.request import RunConfig
from taskcli.config.options import OutputOptions
from taskcli.errors import UsageError
from taskcli.formats import FORMATS
from taskcli.inputs.sources import Sources
from taskcli.output import Layout, Writer
from taskcli.output.formats import coco_ids
from taskcli.output.terminal.console import ConsoleWriter


def open_writer(config: RunConfig, stream: TextIO, labels: Mapping[int, str]) -> Writer:
    """The writer of the run's format. `labels` are the checkpoint's, by number."""
    layout = layout_of(config, labels)
    if FORMATS[config.format].kind == "folder":
        assert config.output.output is not None, "destination.check refuses this"
        return output.open_folder(config.format, config.output.output, config.known_ids, layout)
    return output.open_writer(config.format, stream, with_own(layout, config))


def show_as_it_comes(writer: Writer, config: RunConfig, run: Answers) -> None:
    """Let a terminal show the answer to a single input while it is generated."""
    if config.format == "rich" and writer.stream.isatty() and run.sources.total == 1:
        assert isinstance(writer, ConsoleWriter)
        run.listener = writer.hear


def check(chosen: str, written: OutputOptions, sources: Sources, keep: str | None) -> None:
    """Refuse, before anything is run, what the format has no number or place for."""
    file: Path | None = getattr(written, "coco_ids", None)
    if file is not None and chosen in ("coco", "coco-results"):
        coco_ids.check(file, sources.ids)
    if keep is not None and not FORMATS[chosen].keeps:
        keeping = ", ".join(name for name, format in FORMATS.items() if format.keeps)
        raise UsageError(
            f"{chosen} has no place for columns of your own, which --keep keeps",
            f"these have: {keeping}",
        )


def layout_of(config: RunConfig, labels: Mapping[int, str]) -> Layout:
    return laid_out(config.task, config.output, labels, config.known_ids)
