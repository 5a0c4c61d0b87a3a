"""taskcli models lock: write down the commits that a project uses."""

from dataclasses import replace
from typing import Any

import typer

from taskcli.checkpoints import cache, lock
from taskcli.checkpoints.download import ask
from taskcli.checkpoints.hub_errors import explained, ways_out
from taskcli.checkpoints.registry import Checkpoint, Registry
from taskcli.cli.models.named import Format, NamedCheckpoint, Words, chosen, every, print_json
from taskcli.cli.models.pull import Revision
from taskcli.config import settings
from taskcli.errors import CheckpointError, UsageError
from taskcli.tasks import BY_NAME


def lock_models(words: Words = None, revision: Revision = None, format: Format = "rich") -> None:
    """Write taskcli.lock with the exact commits that this folder uses; later runs obey it.

    What is named is locked as the registry has it now. Without names: what taskcli.toml names,
    or else the checkpoints that are cached; what is locked already stays as it is.
    """
    kept = {(one.task, one.name): one for one in lock.read()}
    if words:
        found = chosen(words, revision, _by_registry)
    else:
        found = [one for one in _used() if (one.task, one.name) not in kept]
    kept |= {(one.task, one.name): _locked(one) for one in found if one.checkpoint.repo}
    if not kept:
        raise UsageError(
            "nothing to lock: no checkpoint is named in taskcli.toml or cached",
            "taskcli models lock TASK [NAME...]",
        )
    lock.write(kept.values())
    _tell(list(kept.values()), format)


def _by_registry(task: str, word: str, revision: str | None) -> Checkpoint:
    return Registry(task).resolve(word, revision)


def _used() -> list[NamedCheckpoint]:
    """What taskcli.toml names, or all that is cached."""
    named = [chosen([task, word])[0] for task, word in settings.models_of(BY_NAME).items()]
    return named or [one for one in every() if cache.is_cached(one.checkpoint)]


def _locked(one: NamedCheckpoint) -> lock.LockEntry:
    if not one.task:
        raise UsageError(f"{one.name} belongs to no task", f"give it: TASK {one.name}")
    checkpoint = _at_commit(one.checkpoint)
    return lock.LockEntry(
        one.task,
        one.name,
        str(checkpoint.repo),
        str(checkpoint.revision),
        dict(checkpoint.options),
    )


def _at_commit(checkpoint: Checkpoint) -> Checkpoint:
    """With the commit that a branch is at: in the cache, else on the Hub."""
    if checkpoint.pinned:
        return checkpoint
    if here := cache.cached(checkpoint):
        return here
    if cache.is_offline():
        message = f"the commit of {checkpoint.name} is not known, and the Hub is offline"
        raise CheckpointError(message, ways_out(checkpoint))
    with explained(checkpoint):
        return replace(checkpoint, revision=str(ask(checkpoint).sha))


def _tell(entries: list[lock.LockEntry], format: str) -> None:
    rows = [_plain(one) for one in entries]
    if format == "json":
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row['task']} {row['name']}: {row['repo']} at {row['revision']}")
    typer.echo(f"in {lock.FILE}; keep it with the project")


def _plain(entry: lock.LockEntry) -> dict[str, Any]:
    checkpoint = lock.resolve(entry.task, entry.name)
    return NamedCheckpoint(entry.task, entry.name, checkpoint).plain()
