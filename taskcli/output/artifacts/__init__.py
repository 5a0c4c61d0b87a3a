"""What --save-dir leaves: files to look at and to load, named after the inputs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from taskcli.errors import InputError
from taskcli.output.filesystem.files import Files
from taskcli.output.presentation import saved_by
from taskcli.output.writer import Layout
from taskcli.results import Failure, Record

Contents = Iterator[tuple[str, bytes]]  # (what is added to the input's name, the bytes)


def endings(result: Any, layout: Layout) -> tuple[str, ...]:
    """What is added to an input's name for each of its files; * is what its answer decides.

    `result` is the type that the task declares.
    """
    found: tuple[str, ...] = import_module(saved_by(result)).endings(layout)
    return found


class Saver:
    """Writes the files of each record, of a task's `result` type, before the record names them."""

    def __init__(self, result: Any, files: Files, layout: Layout) -> None:
        module = import_module(saved_by(result))
        self._render: Callable[[Record, Layout], Contents] = module.render
        self._told: Callable[[Record, Layout], Record] | None = getattr(module, "told", None)
        self._files = files
        self._layout = layout

    def save(self, record: Record) -> Record:
        """The record with the files that were written for it; one without an answer has none."""
        if record.error is not None:
            self._files.name(record.input)  # kept for it, so that a later run names all alike
            return record
        try:
            files = self._files.write(record.input, self._render(record, self._layout))
        except InputError as failure:
            reason = Failure(type(failure).__name__, failure.message, failure.hint)
            return replace(record, result=None, error=reason)
        if self._told is not None:
            record = self._told(record, self._layout)
        return replace(record, files=(*record.files, *files))
