"""taskcli models add and remove: the user's own entries, and what the cache holds."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from taskcli.checkpoints import cache
from taskcli.checkpoints.download import ask, bring_config, repo_folder
from taskcli.checkpoints.hub_errors import explained
from taskcli.checkpoints.registry import (
    Checkpoint,
    Registry,
    read_tables,
    user_registry,
    weight_bytes,
)
from taskcli.checkpoints.toml_files import remove_table, set_table
from taskcli.cli.models.listing import size
from taskcli.cli.models.named import (
    Format,
    NamedCheckpoint,
    TaskName,
    chosen,
    known_task,
    print_json,
)
from taskcli.cli.models.pull import Revision
from taskcli.cli.models.verify import listed_weight_bytes
from taskcli.errors import UsageError
from taskcli.tasks import WITH_CHECKPOINTS

_HEAD = "Checkpoints of your own, written by `taskcli models add`; edit it as you like."


def add(
    task: TaskName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What --model shall call it.")],
    where: Annotated[str, typer.Argument(metavar="ORG/REPO|FOLDER", help="The checkpoint.")],
    revision: Revision = None,
    about: Annotated[str, typer.Option(help="What it is good at, for the list.")] = "",
    format: Format = "rich",
) -> None:
    """Give a checkpoint a name of your own, once it is clear that it serves the task.

    A Hub repository is pinned to the commit that it has now. Only its config is fetched.
    """
    registry = Registry(known_task(task, WITH_CHECKPOINTS))
    if name in registry.names and name not in registry.own:
        raise UsageError(f"{task} has a {name} already, which ships with taskcli", "name it else")
    if "/" in name or not name.strip():
        raise UsageError(f"{name!r} cannot be a name", "take a word without a slash")
    found = registry.resolve(where, revision)
    if found.name in registry.names:
        raise UsageError(f"{where} is a name of {task} already", "give ORG/REPO or a folder")
    added = replace(_checked(found), about=about or found.about)
    set_table(user_registry(task), _HEAD, name, _entry(added))
    made = NamedCheckpoint(task, name, Registry(task).resolve(name))
    if format == "json":
        print_json([made.plain()])
        return
    typer.echo(f"{made.asked_by}: {found.name} at {added.revision or added.folder}")
    typer.echo(f"in {user_registry(task)}")


def _checked(found: Checkpoint) -> Checkpoint:
    """With commit, licence and size. Raises CheckpointError if it cannot serve the task."""
    if found.folder is not None:
        folder = found.folder.absolute()
        _refuse_other_task(found, folder)
        return replace(found, folder=folder, size=weight_bytes(folder))
    with explained(found):
        told = ask(found)
        found = replace(found, revision=told.sha)
        folder = bring_config(found)
    _refuse_other_task(found, folder)
    license = getattr(told.card_data, "license", None)
    return replace(found, license=license, size=listed_weight_bytes(told))


def _refuse_other_task(found: Checkpoint, folder: Path) -> None:
    from taskcli.runtime.loader import model_type

    model_type(WITH_CHECKPOINTS[found.task], found.name, folder)


def _entry(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "repo": checkpoint.repo,
        "folder": None if checkpoint.folder is None else str(checkpoint.folder),
        "revision": checkpoint.revision,
        "license": checkpoint.license,
        "size": checkpoint.size,
        "about": checkpoint.about,
        "options": dict(checkpoint.options),
    }


def remove(
    task: TaskName,
    names: Annotated[list[str], typer.Argument(metavar="NAME|ORG/REPO...")],
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Leave the cached files; forget the name only.")
    ] = False,
    format: Format = "rich",
) -> None:
    """Delete a checkpoint's cached files, and its entry if it is one of your own.

    The cache is the Hub's: other programs would fetch the files again. A folder is never deleted.
    """
    found = chosen([known_task(task, WITH_CHECKPOINTS), *names])
    removed = [_remove(named_entry, keep_files) for named_entry in found]
    if format == "json":
        print_json(removed)
        return
    for row in removed:
        freed = f"{size(row['freed'])} of cached files" if row["freed"] else ""
        entry = f"its entry in {user_registry(task)}" if row["entry_removed"] else ""
        told = " and ".join(part for part in (freed, entry) if part)
        typer.echo(f"{task} {row['name']}: {'removed ' + told if told else 'nothing to remove'}")


def _remove(named_entry: NamedCheckpoint, keep_files: bool) -> dict[str, Any]:
    own = read_tables(user_registry(named_entry.task))
    freed = (
        0
        if keep_files or named_entry.checkpoint.repo is None
        else _delete_files(named_entry.checkpoint)
    )
    row = named_entry.plain(freed=freed, entry_removed=named_entry.name in own)
    if named_entry.name in own:
        remove_table(user_registry(named_entry.task), named_entry.name)
    return row


def _delete_files(checkpoint: Checkpoint) -> int:
    """Delete the checkpoint's commit, and the whole repository if no other is there."""
    from huggingface_hub import constants, scan_cache_dir

    folder = repo_folder(str(checkpoint.repo))
    if not folder.is_dir():
        return 0
    before = _bytes(folder)
    here = cache.cached(checkpoint)
    others = {named_entry.name for named_entry in (folder / "snapshots").glob("*")}
    if here is None or others <= {str(here.revision)}:
        shutil.rmtree(folder)
        return before
    scan_cache_dir(constants.HF_HUB_CACHE).delete_revisions(str(here.revision)).execute()
    return before - _bytes(folder)


def _bytes(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_symlink())
