"""Words of the models commands -> named checkpoints, and those as plain data."""

import difflib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from taskcli.checkpoints import cache, lock
from taskcli.checkpoints.registry import Checkpoint, Registry
from taskcli.errors import UsageError
from taskcli.tasks import BY_NAME, WITH_CHECKPOINTS

Resolve = Callable[[str, str, str | None], Checkpoint]
_USUAL = ("starter", "base", "small", "large")
Format = Annotated[
    Literal["rich", "json"], typer.Option("--format", "-f", help="For a person, or a JSON list.")
]


def complete_word(incomplete: str) -> list[str]:
    names = {name for task in WITH_CHECKPOINTS for name in Registry(task).names}
    return [word for word in (*WITH_CHECKPOINTS, *sorted(names)) if word.startswith(incomplete)]


def complete_task(incomplete: str) -> list[str]:
    return [task for task in BY_NAME if task.startswith(incomplete)]


Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TASK] [NAME|ORG/REPO...]",
        help="A task, and names of its checkpoints; or NAME or ORG/REPO alone.",
        autocompletion=complete_word,
    ),
]
TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="The task.", autocompletion=complete_task)
]


@dataclass(frozen=True)
class NamedCheckpoint:
    """A checkpoint under the name that a task knows it by."""

    task: str
    name: str
    checkpoint: Checkpoint

    @property
    def asked_by(self) -> str:
        """How a run is told to take it."""
        is_helper = self.task not in BY_NAME
        return f"--{self.task} {self.name}" if is_helper else f"{self.task} --model {self.name}"

    def plain(self, **more: Any) -> dict[str, Any]:
        """What every JSON list of the models commands tells of a checkpoint."""
        one = self.checkpoint
        return {
            "task": self.task,
            "name": self.name,
            "repo": one.repo,
            "revision": one.revision,
            "license": one.license,
            "bytes": one.size,
            "cached": cache.is_cached(one),
            "verified": one.verified,
            "about": one.about,
            **more,
        }


def print_json(rows: Iterable[dict[str, Any]]) -> None:
    typer.echo(json.dumps(list(rows), indent=2))


def known_task(word: str, known: Collection[str] = BY_NAME) -> str:
    if word not in known:
        close = difflib.get_close_matches(word, known, 1)
        hint = (f"did you mean {close[0]}? " if close else "") + f"known: {', '.join(known)}"
        raise UsageError(f"unknown task {word!r}", hint)
    return word


def every(task: str | None = None) -> Iterator[NamedCheckpoint]:
    """All named checkpoints, of one task or of all, as this folder's lock has them."""
    for one in [known_task(task, WITH_CHECKPOINTS)] if task else WITH_CHECKPOINTS:
        matches = lock.every(one)
        for name in sorted(matches, key=_rank):
            yield NamedCheckpoint(one, name, matches[name])


def _rank(name: str) -> int:
    """What every task has first; the others as the file has them."""
    return _USUAL.index(name) if name in _USUAL else len(_USUAL)


def chosen(
    words: list[str], revision: str | None = None, resolve: Resolve = lock.resolve
) -> list[NamedCheckpoint]:
    """What TASK..., TASK NAME..., NAME or ORG/REPO mean; a task alone means its base."""
    if all(word in WITH_CHECKPOINTS for word in words):
        return [NamedCheckpoint(task, "base", resolve(task, "base", revision)) for task in words]
    if words[0] in WITH_CHECKPOINTS:
        task, names = words[0], words[1:]
        return [NamedCheckpoint(task, name, resolve(task, name, revision)) for name in names]
    return [_anywhere(word, revision, resolve) for word in words]


def _anywhere(word: str, revision: str | None, resolve: Resolve) -> NamedCheckpoint:
    """A checkpoint by its name or repository, whichever task has it."""
    matches = [one for one in every() if word in (one.name, one.checkpoint.repo)]
    if len({one.checkpoint.repo for one in matches}) > 1:
        tasks = ", ".join(one.task for one in matches)
        raise UsageError(f"several tasks have a {word}: {tasks}", "give the task first: TASK NAME")
    if matches:
        return NamedCheckpoint(matches[0].task, word, resolve(matches[0].task, word, revision))
    if "/" in word:
        return NamedCheckpoint("", word, Checkpoint(word, repo=word, revision=revision))
    names = [*WITH_CHECKPOINTS, *{one.name for one in every()}]
    close = difflib.get_close_matches(word, names, 1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise UsageError(
        f"no task and no checkpoint is called {word!r}", f"{hint}taskcli models list shows all"
    )
