"""What --save-dir leaves: files to look at and to load, named after the inputs."""

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

from taskcli.errors import InputError
from taskcli.media.amounts import SHARED
from taskcli.media.source import Frame, Source
from taskcli.output.artifacts.films import Films
from taskcli.output.artifacts.later import Later
from taskcli.output.filesystem.files import Files
from taskcli.output.presentation import saved_by
from taskcli.output.writer import Layout
from taskcli.results import Failure, Record

Contents = Iterator[tuple[str, bytes]]  # (what is added to the input's name, the bytes)

_UNFILMED = (
    "frames of videos are saved as pictures: a video wants them in order, without --unordered"
)


def endings(result: Any, layout: Layout) -> tuple[str, ...]:
    """What is added to an input's name for each of its files; * is what its answer decides.

    `result` is the type that the task declares.
    """
    found: tuple[str, ...] = import_module(saved_by(result)).endings(layout)
    if layout.save is None:
        return found
    words = kinds_in(layout.save)
    return tuple(one for one in found if kind_of(one) in words)


def kinds_in(save: str) -> list[str]:
    """The words of --save; `.SRT` is srt."""
    return [word.strip().removeprefix(".").lower() for word in save.split(",")]


def certain(result: Any, layout: Layout) -> tuple[tuple[str, ...], ...]:
    """Of the files of an answer those that are there whatever it is: one of each of these."""
    found = endings(result, layout)
    if hasattr(import_module(saved_by(result)), "ONE_OF_THEM"):
        return (found,)
    return tuple((one,) for one in found if "-*" not in one) or (found,)  # objects may lack


def kind_of(ending: str) -> str:
    """What --save calls files of an ending: srt, overlay, depth.npy."""
    return ending.partition("*")[0].strip(".-")


class Saver:
    """Writes the files of each record, of a task's `result` type, before the record names them.

    What is shown of videos are `filmed`: videos, too, which want their frames in order.
    """

    def __init__(self, result: Any, files: Files, layout: Layout, filmed: bool = True) -> None:
        self._module = import_module(saved_by(result))
        self._files = files
        self._layout = layout
        self._endings = endings(result, layout)
        self._later: Later | None = None
        self._is_shown = self._is_wanted(f"{getattr(self._module, 'SHOWN', '')}.png")
        self._films = Films(files, self._module.SHOWN) if filmed and self._is_shown else None
        one_scale = layout.depth_range == SHARED and self._is_shown
        if one_scale:
            self._later = Later(files, self._films, layout, self._module, self._wanted)
        self.notes: list[str] = []  # what is to be said of all that was saved

    def save(self, record: Record, source: Source) -> Record:
        """The record with the files that were written for it; one without an answer has none."""
        if record.error is not None:
            self._files.name(record.input)  # kept for it, so that a later run names all alike
            return record
        try:
            files, warnings = self._written(record, source.frame, source)
        except InputError as failure:
            reason = Failure(type(failure).__name__, failure.message, failure.hint)
            return replace(record, result=None, error=reason)
        if hasattr(self._module, "told"):
            record = self._module.told(record, self._layout)
        told = (*record.warnings, *warnings)
        return replace(record, files=(*record.files, *files), warnings=told)

    def close(self) -> None:
        """Draw what waited for the last answer, and end the video that is being written."""
        if self._later is not None:
            self.notes += self._later.draw()
        if self._films is not None:
            self._films.close()

    def _written(
        self, record: Record, frame: Frame | None, source: Source
    ) -> tuple[list[str], tuple[str, ...]]:
        """The files of a record, and warnings."""
        filmed = frame if self._is_shown and frame is not None and frame.filmed else None
        if filmed is not None and self._films is None:
            self.notes = [_UNFILMED]
        if self._later is not None:
            return self._later.put_off(record, source), ()
        if self._films is None or filmed is None:
            return self._files.write(record.input, self._contents(record)), ()
        picture = self._module.picture(record, self._layout)
        name = self._films.named(record, filmed)
        film, warnings = self._films.add(record, source, filmed, picture, name)
        beside = self._module.beside(record, self._layout)
        return [film, *self._files.write(record.input, self._wanted(beside))], warnings

    def _contents(self, record: Record) -> Contents:
        return self._wanted(self._module.render(record, self._layout))

    def _wanted(self, contents: Contents) -> Contents:
        return ((ending, content) for ending, content in contents if self._is_wanted(ending))

    def _is_wanted(self, ending: str) -> bool:
        return any(fnmatchcase(ending, one) for one in self._endings)
