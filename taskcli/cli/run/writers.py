"""How a run's answers leave it: the writer that its options ask for, and the files beside it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from taskcli import output
from taskcli.api import Model, RecordWithInput, Run
from taskcli.cli.run.request import RunConfig
from taskcli.config.options import OutputOptions
from taskcli.errors import UsageError
from taskcli.formats import FORMATS
from taskcli.inputs.sources import Sources, printable
from taskcli.output import Layout, Writer
from taskcli.output.artifacts import Saver
from taskcli.output.artifacts import endings as saved_endings
from taskcli.output.filesystem.files import Files
from taskcli.output.filesystem.names import Names
from taskcli.output.filesystem.ownership import Ours
from taskcli.output.formats import coco_ids
from taskcli.output.terminal.console import ConsoleWriter

# What a layout takes from the output options of those tasks that have them.
_LAID_OUT_BY = {
    "line_width": "max_line_width",
    "word_cues": "word_cues",
    "crops": "crops",
    "masks": "masks",
    "preview": "preview",
    "no_names": "no_names",
    "polygons": "polygons",
    "yolo_scores": "yolo_scores",
    "coco_ids": "coco_ids",
}


def open_writer(config: RunConfig, stream: TextIO, labels: Mapping[int, str]) -> Writer:
    """The writer of the run's format. `labels` are the checkpoint's, by number."""
    layout = _layout(config, labels)
    if FORMATS[config.format].kind == "folder":
        assert config.output.output is not None, "destination.check refuses this"
        return output.open_folder(config.format, config.output.output, _known(config), layout)
    return output.open_writer(config.format, stream, layout)


def saved(
    answers: Iterator[RecordWithInput], config: RunConfig, model: Model, earlier: Iterable[str]
) -> Iterator[RecordWithInput]:
    """The answers, each after the files that it names were written, if --save-dir asks for them.

    `earlier` are the inputs that an earlier run answered: their names are taken.
    """
    if config.output.save_dir is None:
        yield from answers
        return
    layout = _layout(config, model.labels)
    files = _saved_files(config, config.output.save_dir)
    for id in earlier:
        files.name(id)
    saver = Saver(config.task.result, files, layout)
    with closing(answers):  # type: ignore[type-var]
        for answered in answers:
            record = saver.save(replace(answered.record, item=model.whole(answered)))
            yield answered._replace(record=record)


def check_files(config: RunConfig, paths: Iterable[str]) -> None:
    """Refuse files that --save-dir could not leave, as far as their names are known beforehand.

    `paths` are the inputs to be answered.
    """
    folder = config.output.save_dir
    if folder is None or config.sources.total is None:
        return  # the ids of rows and lines come as they are read
    endings = saved_endings(config.task.result, _layout(config, {}))
    why = _saved_files(config, folder).refused(map(printable, paths), endings)
    if why is not None:
        raise UsageError(f"--save-dir {folder}: {why.message}", why.hint)


def _saved_files(config: RunConfig, folder: Path) -> Files:
    return Files(folder, _known(config), (), config.apart.protected, Ours(folder))


def planned(config: RunConfig, ids: Iterable[str]) -> Iterator[str]:
    """The files that --save-dir would leave for these inputs: a line for each input."""
    folder = config.output.save_dir
    if folder is None:
        return
    endings = ", ".join(saved_endings(config.task.result, _layout(config, {})))
    names = Names(_known(config))
    for id in ids:
        yield f"{folder / names.of(id)}{endings}"


def show_as_it_comes(writer: Writer, config: RunConfig, run: Run) -> None:
    """Let a terminal show the answer to a single input while it is generated."""
    if config.format == "rich" and writer.stream.isatty() and run.sources.total == 1:
        assert isinstance(writer, ConsoleWriter)
        run.listener = writer.hear


def check(chosen: str, written: OutputOptions, sources: Sources) -> None:
    """Refuse, before anything is run, inputs that the format could not number."""
    file: Path | None = getattr(written, "coco_ids", None)
    if file is not None and chosen in ("coco", "coco-results"):
        coco_ids.check(file, map(printable, sources.paths))


def _layout(config: RunConfig, labels: Mapping[int, str]) -> Layout:
    usual = Layout(labels, _known(config))
    asked = {
        name: getattr(config.output, option, None) or getattr(usual, name)
        for name, option in _LAID_OUT_BY.items()
    }
    return replace(usual, **asked)


def _known(config: RunConfig) -> list[str]:
    """The ids of the inputs that are known beforehand."""
    return [printable(path) for path in config.sources.paths]
