"""Files written whole or not at all, inside one folder, where nothing of others is replaced."""

import os
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from taskcli.errors import InputError
from taskcli.files import atomic_write
from taskcli.files.identity import Identity, identity, is_one
from taskcli.output.filesystem.names import Names, NamesBeside
from taskcli.output.filesystem.ownership import Ours

_KEEP_OR_REPLACE = (
    "--skip-existing leaves out inputs that have all their files, and writes of the others what is "
    "missing; --overwrite replaces what is there"
)
_IN_THE_WAY = (FileExistsError, NotADirectoryError, IsADirectoryError)


@dataclass(frozen=True)
class Protected:
    """What the files of a run may not replace: never its inputs, nor what else it writes.

    `overwrite` gives up every other file; else those that earlier runs left are, unless the run is
    to `keep` what is there and to write only what is missing.
    """

    inputs: Container[Identity] = frozenset()
    outputs: tuple[Path, ...] = ()
    overwrite: bool = False
    keep: bool = False


class Files:
    """The files of a run below one folder.

    `known` are the ids of its inputs, where known; `ours` tells what earlier runs left there.
    `beside` the inputs, they are in the folders of these, and not all below one.
    """

    def __init__(
        self,
        folder: Path,
        known: Iterable[str] = (),
        reserved: Iterable[str] = (),
        protected: Protected | None = None,
        ours: Ours | None = None,
        beside: bool = False,
    ) -> None:
        self._folder = folder
        self._beside = beside
        self._names = NamesBeside(known) if beside else Names(known, reserved)
        self._written: set[Path] = set()  # beside inputs, of which one may be given twice
        self._protected = protected or Protected()
        self._ours = ours
        self._latest: tuple[Path | None, list[str]] = None, []

    def name(self, id: str) -> Path:
        """The name of this input's files, without what each adds to it; no other input gets it."""
        return self._names.of(id)

    def path(self, relative: Path) -> Path:
        """Where a file below the folder is."""
        return self._folder / relative

    def write(self, id: str, contents: Iterable[tuple[str, bytes]]) -> list[str]:
        """Write (suffix, content) pairs for one input; the paths of the files.

        What is there and kept is not among them. Raises InputError where something else is in the
        way, OSError for a disk that is full.
        """
        name = self.name(id)
        stem = self._names.stem(id)
        files = []
        for suffix, content in contents:
            file = name.with_name(name.name + suffix)
            if file not in self._written:
                if any(map(self._stays, _each((name, stem), suffix))):
                    continue
                self.put(file, content)
            files.append(str(self._folder / file))
            if self._beside:
                self._written.add(file)
        return files

    def put(self, relative: Path, content: bytes) -> Path:
        """Write one file at a path below the folder."""
        with self.appearing(relative) as stream:
            stream.write(content)
        return self._folder / relative

    @contextmanager
    def appearing(self, relative: Path) -> Iterator[BinaryIO]:
        """A file at a path below the folder, which is there, whole, once the block is left.

        Raises InputError and OSError as `write` does.
        """
        path = self._folder / relative
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not self._beside:
                self._check_inside(path.parent)
            if (refusal := self.refusal(relative)) is not None:
                raise refusal
            with atomic_write.appearing(path) as stream:
                yield stream
                stream.flush()
                if self._ours is not None:
                    self._ours.add(relative, os.fstat(stream.fileno()))
        except _IN_THE_WAY:
            raise InputError(f"{path} cannot be written: something else has its name") from None

    def refused(self, ids: Iterable[str], endings: Iterable[str]) -> InputError | None:
        """Why a file of these inputs may not get its name, if one may not; takes the names.

        `endings` are what is added to an input's name; * in one stands for anything.
        """
        endings = tuple(endings)
        relatives = (each for id in ids for each in self._expected(self.name(id), endings))
        refusals = (self.refusal(relative) for relative in relatives if not self._stays(relative))
        return next((refusal for refusal in refusals if refusal is not None), None)

    def is_there(self, id: str, groups: Iterable[Iterable[str]]) -> bool:
        """Whether there is a file of this input, whose name is taken, of each group of endings."""
        names = [name for name in (self.name(id), self._names.stem(id)) if name is not None]
        return all(
            any(self._is_left(one) for name in names for one in self._expected(name, tuple(group)))
            for group in groups
        )

    def _is_left(self, relative: Path) -> bool:
        """Whether a run left this file, whole.

        A video is none: of a run that was interrupted it shows the first frames alone.
        """
        path = self._folder / relative
        is_file = relative.suffix != ".mp4" and path.is_file()
        return is_file and identity(path) not in self._protected.inputs

    def _stays(self, relative: Path) -> bool:
        return self._protected.keep and self._is_left(relative)

    def _expected(self, name: Path, endings: tuple[str, ...]) -> Iterator[Path]:
        for ending in endings:
            if "*" not in ending:
                yield name.with_name(name.name + ending)
                continue
            there = self._listed(name.parent)
            for other in there[bisect_left(there, name.name) :]:
                if not other.startswith(name.name):
                    break
                if fnmatchcase(other[len(name.name) :], ending):
                    yield name.with_name(other)

    def _listed(self, parent: Path) -> list[str]:
        """The names in a folder, sorted; those of the latest one are kept."""
        if self._latest[0] != parent:
            try:
                self._latest = parent, sorted(p.name for p in (self._folder / parent).iterdir())
            except OSError:
                self._latest = parent, []
        return self._latest[1]

    def refusal(self, relative: Path) -> InputError | None:
        """Why a file may not get this name: what has it must stay."""
        path = self._folder / relative
        if any(is_one(path, other) for other in self._protected.outputs):
            return InputError(f"{path} is another output of this run", "write elsewhere")
        try:
            found = path.lstat()
        except OSError:
            return None
        if identity(path) in self._protected.inputs:
            return InputError(f"{path} is one of the inputs", "write elsewhere")
        if self._protected.overwrite or (self._ours and self._ours.has(relative, found)):
            return None
        # Who left what is beside the inputs is noted nowhere.
        why = "" if self._ours is None else ", and taskcli did not leave it so"
        hint = "move it away, or save elsewhere" if self._protected.keep else _KEEP_OR_REPLACE
        return InputError(f"{path} is there already{why}", hint)

    def _check_inside(self, parent: Path) -> None:
        """A link planted in the folder must not lead the files elsewhere."""
        if not parent.resolve().is_relative_to(self._folder.resolve()):
            raise InputError(f"{parent} is a link that leads out of {self._folder}")


def _each(names: Iterable[Path | None], suffix: str) -> Iterator[Path]:
    return (name.with_name(name.name + suffix) for name in names if name is not None)
