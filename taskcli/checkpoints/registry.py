"""From the word after --model to a checkpoint: a registry name, a Hub repository, or a folder."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from taskcli.errors import CheckpointError, UsageError

_REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_KEYS = set(
    "repo folder revision license size safetensors about options languages verified".split()
)


@dataclass(frozen=True)
class Checkpoint:
    """Where a model lies and how this task should use it.

    `name` stands in the records. `size` is the weight file in bytes where it is known.
    `options` are defaults that suit this checkpoint; any flag wins over them. `languages` are
    those it knows, as its flags take them. `verified` is False where commit, licence or size could
    not be confirmed; `models verify` compares them with the Hub. `note` says why it is not what
    the registry has. `helper` is a checkpoint that answers beside it, if the options ask for one.
    """

    name: str
    task: str = ""
    repo: str | None = None
    folder: Path | None = None
    revision: str | None = None
    license: str | None = None
    size: int | None = None
    safetensors: bool = True
    about: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    verified: bool = True
    note: str = ""
    helper: "Checkpoint | None" = None

    @property
    def pinned(self) -> bool:
        """Whether the revision names one commit for ever, rather than a branch."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    @property
    def as_named(self) -> str:
        """Its name, behind which the revision stands, if there is one."""
        return self.name if self.revision is None else f"{self.name}@{self.revision}"

    @property
    def each(self) -> "tuple[Checkpoint, ...]":
        """The checkpoint itself, and its helper."""
        return (self,) if self.helper is None else (self, self.helper)

    def refuse_other_helper(self, asked: "Checkpoint") -> None:
        """Raise UsageError where this one is loaded, and not with the helper that is asked for."""
        if asked.helper is None or (self.helper and self.helper.name == asked.helper.name):
            return
        raise UsageError(
            f"{asked.helper.name} is not loaded beside {self.name}", "name it in load()"
        )


@cache
def package_folder() -> Path:
    return Path(__file__).parents[1]


@cache
def builtin_folder() -> Path:
    """The registry that ships with taskcli: beside the package in a checkout, inside a wheel."""
    inside = package_folder() / "configs"
    return inside if inside.is_dir() else package_folder().parent / "configs"


def user_registry(task: str) -> Path:
    """The user's own named checkpoints of a task, beside those that ship with taskcli."""
    import platformdirs

    return Path(platformdirs.user_config_dir("taskcli")) / "checkpoints" / f"{task}.toml"


def weight_bytes(folder: Path) -> int:
    """The size of a checkpoint's weight files."""
    files = list(folder.glob("*.safetensors")) or list(folder.glob("*.bin"))
    return sum(file.stat().st_size for file in files)


def read_tables(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of a TOML file; none if it does not exist. Raises UsageError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as failure:
        raise UsageError(f"{path} cannot be read: {failure}", "repair or remove it") from None
    if loose := [name for name, value in document.items() if not isinstance(value, dict)]:
        raise UsageError(f"{path}: {loose[0]} stands outside of any table", "repair the file")
    return document


class Registry:
    """The named checkpoints of one task, from `configs/<task>.toml` and the user's own file.

    Raises UsageError for a file that is not valid.
    """

    def __init__(self, task: str, folder: Path | None = None) -> None:
        self.task = task
        shipped = (folder or builtin_folder()) / f"{task}.toml"
        self._path = user_registry(task)
        self._entries = read_tables(shipped)
        self.own = [] if folder else list(read_tables(self._path))  # the names the user added
        if self.own:
            self._entries |= read_tables(self._path)

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    @property
    def checkpoints(self) -> dict[str, Checkpoint]:
        return {name: self._entry(name) for name in self._entries}

    def resolve(self, word: str, revision: str | None = None) -> Checkpoint:
        """The checkpoint that `word` means. Raises CheckpointError for an unknown one.

        A name of the registry wins, then an existing folder, then a Hub id.
        """
        if word in self._entries:
            return self._revised(self._entry(word), revision)
        if word and Path(word).is_dir():
            if revision:
                raise UsageError(f"--revision {revision}: {word} is a folder, which has none")
            return Checkpoint(word, self.task, folder=Path(word))
        if _REPO.fullmatch(word) and not Path(word).exists():
            return self._from_hub(word, revision)
        raise self._unknown(word)

    def _entry(self, name: str) -> Checkpoint:
        values = dict(self._entries[name])
        where = self._path if name in self.own else f"configs/{self.task}.toml"
        if unknown := values.keys() - _KEYS:
            raise UsageError(f"{where}: [{name}] has unknown keys: {', '.join(unknown)}")
        if not {"repo", "folder"} & values.keys():
            raise UsageError(f"{where}: [{name}] names no repo and no folder")
        values["languages"] = tuple(values.get("languages", "").split())
        folder = values.pop("folder", None)
        if folder is not None:
            return Checkpoint(name, self.task, folder=package_folder() / folder, **values)
        return Checkpoint(values["repo"], self.task, **values)

    def _revised(self, checkpoint: Checkpoint, revision: str | None) -> Checkpoint:
        if revision is None:
            return checkpoint
        if checkpoint.repo is None:
            raise UsageError(f"--revision {revision}: {checkpoint.name} ships with taskcli")
        return replace(checkpoint, revision=revision)

    def _from_hub(self, repo: str, revision: str | None) -> Checkpoint:
        """An id that the registry lists keeps its pin and options."""
        for name in self._entries:
            checkpoint = self._entry(name)
            if checkpoint.repo == repo:
                return self._revised(checkpoint, revision)
        return Checkpoint(repo, self.task, repo=repo, revision=revision)

    def _unknown(self, word: str) -> CheckpointError:
        close = difflib.get_close_matches(word, self.names, 1)
        known = ", ".join(self.names)
        return CheckpointError(
            f"{self.task} knows no checkpoint {word!r}",
            (f"did you mean {close[0]}? " if close else "")
            + f"known names: {known}; or give ORG/REPO on the Hub, or a folder",
        )
