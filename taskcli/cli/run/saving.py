"""--save-dir: the files that a run leaves beside its records."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from taskcli.api import RecordWithInput
from taskcli.cli.run import destination
from taskcli.cli.run.engines import Engine
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.streams import print_note
from taskcli.cli.run.writers import layout_of
from taskcli.errors import UsageError
from taskcli.media.amounts import SHARED
from taskcli.output.artifacts import Saver
from taskcli.output.artifacts import endings as saved_endings
from taskcli.output.filesystem.files import Files
from taskcli.output.filesystem.names import Names
from taskcli.output.filesystem.ownership import Ours


def saved(
    answers: Iterator[RecordWithInput], config: RunConfig, model: Engine, earlier: Iterable[str]
) -> Iterator[RecordWithInput]:
    """The answers, each after the files that it names were written, if --save-dir asks for them.

    `earlier` are the inputs that an earlier run answered: their names are taken.
    """
    if config.output.save_dir is None:
        yield from answers
        return
    layout = layout_of(config, model.labels)
    files = files_in(config, config.output.save_dir)
    for id in earlier:
        files.name(id)
    saver = Saver(config.task.result, files, layout, filmed=not config.run.unordered)
    with closing(answers), closing(saver):  # type: ignore[type-var]
        for answered in answers:
            whole = replace(answered.record, item=model.whole(answered))
            record = saver.save(whole, answered.source)
            yield answered._replace(record=record)
        saver.close()
        for note in () if config.output.quiet else saver.notes:
            print_note(note)


def check(config: RunConfig) -> None:
    """Refuse --save-dir where the task has no files, or could not leave those it has."""
    destination.check_saving(config.task, config.output)
    if config.output.save_dir is not None and layout_of(config, {}).depth_range == SHARED:
        _check_one_scale(config)
    if not config.output.resume:
        check_files(config, config.sources.ids)


def _check_one_scale(config: RunConfig) -> None:
    """Refuse what answers only some of the pictures that would have one scale."""
    some = {
        "--resume": config.output.resume,
        "--shard": config.inputs.shard,
        "--watch": config.inputs.watch,
    }
    for flag in (flag for flag, given in some.items() if given):
        raise UsageError(
            f"{flag}: --depth-range {SHARED} is one scale of all pictures that a run answers, "
            "and here others have theirs",
            "--depth-range LOW,HIGH is the same in all runs; records tell min and max",
        )


def check_files(config: RunConfig, ids: Iterable[str]) -> None:
    """Refuse files that --save-dir could not leave, as far as their names are known beforehand.

    `ids` are the inputs to be answered.
    """
    folder = config.output.save_dir
    if folder is None or config.sources.total is None:
        return  # the ids of rows and lines come as they are read
    endings = saved_endings(config.task.result, layout_of(config, {}))
    why = files_in(config, folder).refused(ids, endings)
    if why is not None:
        raise UsageError(f"--save-dir {folder}: {why.message}", why.hint)


def files_in(config: RunConfig, folder: Path) -> Files:
    """The files of a run below a folder, where none replaces what it may not."""
    return Files(folder, config.known_ids, (), config.apart.protected, Ours(folder))


def planned(config: RunConfig, ids: Iterable[str]) -> Iterator[str]:
    """The files that --save-dir would leave for these inputs: a line for each input."""
    folder = config.output.save_dir
    if folder is None:
        return
    endings = ", ".join(saved_endings(config.task.result, layout_of(config, {})))
    names = Names(config.known_ids)
    for id in ids:
        yield f"{folder / names.of(id)}{endings}"
