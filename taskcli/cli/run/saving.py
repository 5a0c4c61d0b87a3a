"""--save-dir: the files that a run leaves beside its records."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from taskcli.api import RecordWithInput
from taskcli.cli.run.beside import is_beside
from taskcli.cli.run.engines import Engine
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.streams import print_note
from taskcli.cli.run.writers import layout_of
from taskcli.inputs.files import printable
from taskcli.output.artifacts import Saver
from taskcli.output.artifacts import endings as saved_endings
from taskcli.output.filesystem.files import Files
from taskcli.output.filesystem.names import Names, NamesBeside
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


def files_in(config: RunConfig, folder: Path) -> Files:
    """The files of a run below a folder, where none replaces what it may not."""
    beside = is_beside(config)
    ours = None if beside else Ours(folder)
    protected = replace(config.apart.protected, keep=config.output.skip_existing)
    return Files(folder, _known(config), (), protected, ours, beside)


def _known(config: RunConfig) -> list[str]:
    """The ids that decide on names: beside, those of all files, also where only some are chosen."""
    found = map(printable, config.sources.paths) if is_beside(config) else ()
    return [*config.known_ids, *found]


def planned(config: RunConfig, ids: Iterable[str]) -> Iterator[str]:
    """The files that --save-dir would leave for these inputs: a line for each input."""
    folder = config.output.save_dir
    if folder is None:
        return
    endings = ", ".join(saved_endings(config.task.result, layout_of(config, {})))
    known = _known(config)
    names = NamesBeside(known) if is_beside(config) else Names(known)
    for id in ids:
        yield f"{folder / names.of(id)}{endings}"
