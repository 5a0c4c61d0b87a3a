"""--save-dir and --beside: of which inputs files are saved, and which."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from taskcli.cli.run import destination
from taskcli.cli.run.beside import is_beside, only_files
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.saving import files_in
from taskcli.cli.run.streams import print_note
from taskcli.cli.run.writers import layout_of
from taskcli.errors import UsageError
from taskcli.inputs.shards import left_out
from taskcli.media.amounts import SHARED
from taskcli.output import Layout, artifacts


def checked(config: RunConfig) -> RunConfig:
    """The run, without the inputs that --skip-existing leaves out.

    Raises UsageError for --save-dir where the task has no files, or could not leave those it has.
    """
    destination.check_saving(config.task, config.output)
    folder = config.output.save_dir
    if folder is None:
        return config
    _check_kinds(config)
    if layout_of(config, {}).depth_range == SHARED:
        _check_one_scale(config)
    if is_beside(config):
        config = replace(config, sources=only_files(config.sources))
    if config.output.skip_existing:
        config = _without_existing(config, folder)
    if not config.output.resume:
        check_files(config, config.sources.ids)
    return config


def _check_kinds(config: RunConfig) -> None:
    """Refuse a word of --save that is no kind of file that the task leaves."""
    asked = config.output.save
    if asked is None:
        return
    every = replace(layout_of(config, {}), save=None)
    known = _kinds(config, every)
    words = artifacts.kinds_in(asked)
    for word in words:
        if word not in known:
            if word in _kinds(config, replace(every, crops=True, masks=True, cutouts=True)):
                raise UsageError(f"--save {asked}: only --{word}s leaves such", f"add --{word}s")
            raise UsageError(
                f"--save {asked}: {config.task.name} saves no such file as {word!r}",
                f"it saves {', '.join(known)}",
            )
    if every.depth_range == SHARED and "colours" in words and "depth.npy" not in words:
        raise UsageError(
            f"--depth-range {SHARED} draws the colours from depth.npy", "add that to --save"
        )


def _kinds(config: RunConfig, layout: Layout) -> list[str]:
    found = artifacts.endings(config.task.result, layout)
    return [artifacts.kind_of(ending) for ending in found]


def _without_existing(config: RunConfig, folder: Path) -> RunConfig:
    """Without the inputs that have their files; how many is told."""
    certain = artifacts.certain(config.task.result, layout_of(config, {}))
    files, sources = files_in(config, folder), config.sources
    there = {id for id in sources.ids if files.is_there(id, certain)}
    if there and not config.output.quiet:
        print_note(f"{len(there):,} of {len(sources.ids):,} inputs have their files: left out")
    return replace(config, sources=left_out(sources, there))


def _check_one_scale(config: RunConfig) -> None:
    """Refuse what answers only some of the pictures that would have one scale."""
    some = {
        "--resume": config.output.resume,
        "--skip-existing": config.output.skip_existing,
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
    endings = artifacts.endings(config.task.result, layout_of(config, {}))
    why = files_in(config, folder).refused(ids, endings)
    if why is not None:
        flag = "--beside" if is_beside(config) else f"--save-dir {folder}"
        raise UsageError(f"{flag}: {why.message}", why.hint)
