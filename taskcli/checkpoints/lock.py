"""taskcli.lock: the commits that a project uses, whatever the registry says later."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from taskcli.checkpoints.registry import Checkpoint, Registry, read_tables
from taskcli.checkpoints.toml_files import write_tables
from taskcli.errors import TaskcliError, UsageError

FILE = Path("taskcli.lock")  # in the current folder, as taskcli.toml
_HEAD = "Written by `taskcli models lock`: runs in this folder use these commits."
_KEYS = {"repo", "revision", "options"}


@dataclass(frozen=True)
class LockEntry:
    """What `--model NAME` means here: a repository at a commit, with the options it had."""

    task: str
    name: str
    repo: str
    revision: str
    options: dict[str, Any] = field(default_factory=dict)


def read() -> list[LockEntry]:
    """The entries of the lock; none where there is no file. Raises UsageError."""
    return [
        _entry(task, name, values)
        for task, names in read_tables(FILE).items()
        for name, values in names.items()
    ]


def _entry(task: str, name: str, values: object) -> LockEntry:
    if not isinstance(values, dict) or not {"repo", "revision"} <= values.keys() <= _KEYS:
        hint = "write it again with: taskcli models lock"
        raise UsageError(f"{FILE}: [{task}.{name}] is not an entry of a lock", hint)
    return LockEntry(task, name, **values)


def write(entries: Iterable[LockEntry]) -> None:
    """Replace the lock."""
    tables: dict[tuple[str, ...], dict[str, Any]] = {
        (entry.task, entry.name): {
            "repo": entry.repo,
            "revision": entry.revision,
            "options": entry.options,
        }
        for entry in sorted(entries, key=lambda entry: (entry.task, entry.name))
    }
    write_tables(FILE, _HEAD, tables)


def resolve(task: str, word: str, revision: str | None = None) -> Checkpoint:
    """The checkpoint that `word` means in this folder: by the lock, then by the registry.

    Raises UsageError where `revision` contradicts the lock, and CheckpointError as the registry.
    """
    return _resolved(Registry(task), read(), word, revision)


def every(task: str) -> dict[str, Checkpoint]:
    """The named checkpoints of a task, each as this folder has it; files are read once for all."""
    registry, entries = Registry(task), read()
    return {name: _resolved(registry, entries, name) for name in registry.names}


def _resolved(
    registry: Registry, entries: Iterable[LockEntry], word: str, revision: str | None = None
) -> Checkpoint:
    task = registry.task
    named = (one for one in entries if one.task == task and word in (one.name, one.repo))
    entry = next(named, None)
    if entry is None:
        return registry.resolve(word, revision)
    if revision not in (None, entry.revision):
        raise UsageError(
            f"--revision {revision}: {FILE} keeps {task} {word} at {entry.revision}",
            f"leave it out, or: taskcli models lock {task} {word} --revision {revision}",
        )
    return _kept(entry, registry, word)


def _kept(entry: LockEntry, registry: Registry, word: str) -> Checkpoint:
    kept = Checkpoint(
        entry.repo, entry.task, entry.repo, revision=entry.revision, options=entry.options
    )
    try:
        now = registry.resolve(word)
    except TaskcliError:  # the registry has it no more
        return replace(kept, note=f"{FILE} keeps {entry.repo}; the registry has no {word}")
    if now.repo == entry.repo and now.revision in (None, entry.revision):
        return replace(now, revision=entry.revision, options=entry.options)
    other = f"{now.repo} at {(now.revision or 'no commit')[:12]}"
    note = f"{FILE} keeps {entry.repo} at {entry.revision[:12]}; the registry has {other}"
    return replace(kept, note=note)
