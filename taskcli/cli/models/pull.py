"""taskcli models pull: download ahead of time, so that later runs need no network."""

from dataclasses import replace
from typing import Annotated

import typer

from taskcli.checkpoints import cache, lock
from taskcli.cli.models.named import Format, NamedCheckpoint, Words, chosen, every, print_json
from taskcli.errors import CheckpointError, ExitCode, UsageError
from taskcli.tasks import WITH_CHECKPOINTS

Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit.")]
AllowPickle = Annotated[
    bool, typer.Option("--allow-pickle", help="Fetch .bin weights where there are no others.")
]


def pull(
    words: Words = None,
    all_of_them: Annotated[
        bool,
        typer.Option("--all", help="The base of every task; with TASK, all that the task has."),
    ] = False,
    revision: Revision = None,
    allow_pickle: AllowPickle = False,
    format: Format = "rich",
) -> None:
    """Download checkpoints, so that later runs need no network.

    A task alone means its base; no word at all means what taskcli.lock names. A download that is
    interrupted goes on where it stopped.
    """
    wanted = _wanted(words or [], all_of_them, revision)
    fetched = [entry for entry in (_fetch(entry, allow_pickle) for entry in wanted) if entry]
    if format == "json":
        print_json(entry.plain(folder=str(entry.checkpoint.folder)) for entry in fetched)
    else:
        for entry in fetched:
            typer.echo(entry.checkpoint.folder)
    if len(fetched) < len(wanted):
        raise typer.Exit(ExitCode.CHECKPOINT)


def _wanted(words: list[str], all_of_them: bool, revision: str | None) -> list[NamedCheckpoint]:
    if all_of_them and len(words) > 1:
        raise UsageError("--all is all of a task's, and names some of them", "give one of the two")
    if all_of_them:
        entries = every(words[0]) if words else (entry for entry in every() if entry.name == "base")
        return list(entries)
    if words:
        return chosen(words, revision)
    locked = [
        NamedCheckpoint(entry.task, entry.name, lock.resolve(entry.task, entry.name))
        for entry in lock.read()
    ]
    if not locked:
        hint = f"name a task ({', '.join(WITH_CHECKPOINTS)}), a checkpoint, or --all"
        raise UsageError("nothing to pull: there is no taskcli.lock here", hint)
    return locked


def _fetch(entry: NamedCheckpoint, allow_pickle: bool) -> NamedCheckpoint | None:
    """The checkpoint in the cache; None if it cannot be had, which is told."""
    from taskcli.cli.fetching import watching  # a list needs no bars
    from taskcli.cli.run.streams import print_error

    try:
        with watching() as watch:
            checkpoint = cache.fetch(
                entry.checkpoint, offline=False, allow_pickle=allow_pickle, watch=watch
            )
    except CheckpointError as error:
        print_error(error)
        return None
    return replace(entry, checkpoint=checkpoint)
