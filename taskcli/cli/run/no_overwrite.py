"""What a run reads and what it writes are kept apart, whatever the files are called."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import UnsupportedOperation
from itertools import combinations
from pathlib import Path
from typing import TextIO

from taskcli.cli.run import resume
from taskcli.config.options import OutputOptions
from taskcli.errors import InputError, StoppedError, UsageError
from taskcli.files.identity import Identity, identity, is_one
from taskcli.formats import FORMATS
from taskcli.inputs.files import printable
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source
from taskcli.output.filesystem.files import Protected
from taskcli.remote.urls import url_of


class InTheWayError(StoppedError):
    """An input that came late is a file that was about to be replaced. Nothing was."""


@dataclass(frozen=True)
class Output:
    """What a run writes, as it is called, and the file that is there beforehand."""

    called: str
    path: Path | None  # None: standard output
    before: Identity | None
    is_folder: bool = False


def outputs_of(written: OutputOptions, chosen: str, standard: TextIO | None) -> Iterator[Output]:
    """Everything that a run with these options writes, but the files in its folders."""
    file, format = written.output, FORMATS[chosen]
    if file is None or format.kind == "folder":
        yield Output("standard output", None, of_stream(standard))
    if file is not None and url_of(file) is None:
        yield _output("-o", file, is_folder=format.kind == "folder")
        if format.resumes:
            yield _output("what --resume needs,", resume.fingerprint_path(file))
    if written.report is not None:
        yield _output("--report", written.report)
    if written.save_dir is not None:
        yield _output("--save-dir", written.save_dir, is_folder=True)


def _output(flag: str, path: Path, is_folder: bool = False) -> Output:
    return Output(f"{flag} {path}", path, identity(path), is_folder)


def of_stream(stream: TextIO | None) -> Identity | None:
    """The file that standard input or output is, if a shell made it one; None is a closed one."""
    try:
        return None if stream is None else identity(stream.fileno())
    except (OSError, UnsupportedOperation):  # a replaced stream has no descriptor
        return None


def check_each_other(outputs: Iterable[Output]) -> None:
    """Refuse two outputs that are one file."""
    for one, other in combinations(outputs, 2):
        if one.is_folder and other.is_folder:
            continue
        if _are_one(one, other):
            raise UsageError(f"{one.called} and {other.called} are one file", "name another")


def _are_one(one: Output, other: Output) -> bool:
    if one.path is None or other.path is None:
        return one.before is not None and one.before == other.before
    return is_one(one.path, other.path)


@dataclass
class Apart:
    """The outputs of a run, and the files that it reads.

    `read` gives those that are known beforehand; where inputs come through a pipe (`live`) the
    others are known only as they come.
    """

    outputs: tuple[Output, ...]
    read: Callable[[], Iterable[str]]
    live: bool
    overwrite: bool
    _met: set[Identity] = field(default_factory=set, init=False, repr=False)
    _known: frozenset[Identity] | None = field(default=None, init=False, repr=False)

    def check(self, more: Identity | None = None) -> None:
        """Refuse an output that is read; `more` is what standard input is, if that is read."""
        check_each_other(self.outputs)
        before = self._before
        if not before:
            return
        if more in before:
            raise UsageError(f"{before[more].called} is what standard input reads", _ELSEWHERE)
        for path in self.read():
            if (found := identity(path)) in before:
                called = before[found].called
                raise UsageError(f"{called} is one of the inputs: {printable(path)}", _ELSEWHERE)

    @cached_property
    def _before(self) -> dict[Identity | None, Output]:
        return {one.before: one for one in self.outputs if one.before is not None}

    @property
    def must_wait(self) -> bool:
        """Whether an input that is still to come may be a file that would be replaced."""
        return self.live and self.overwrite and bool(self._before)

    def guarded(self, sources: Sources) -> Sources:
        """The sources, of which none is an output of this run."""
        files = None if sources.files is None else map(self._guard, sources.files)
        return replace(sources, items=map(self._guard, sources.items), files=files)

    def _guard(self, source: Source) -> Source:
        path = source.on_this_disk
        found = None if path is None else identity(path)
        if found is None:
            return source
        if self.live:
            self._met.add(found)
        if (output := self._before.get(found)) is not None:
            raise InTheWayError(f"{output.called} is the input {source.id}", _ELSEWHERE)
        for output in self.outputs:
            if output.path is not None and identity(output.path) == found:
                return replace(source, error=InputError(f"{output.called} is written by this run"))
        return source

    @property
    def protected(self) -> Protected:
        """What the files in a folder may not replace."""
        paths = tuple(one.path for one in self.outputs if one.path is not None)
        return Protected(self, paths, self.overwrite and not self.live)

    def __contains__(self, one: object) -> bool:
        """Whether a file is an input, as far as is known."""
        if self._known is None:
            found = (identity(path) for path in self.read())
            self._known = frozenset(one for one in found if one is not None)
        return one in self._known or one in self._met


_ELSEWHERE = "write elsewhere: an input is never replaced"
