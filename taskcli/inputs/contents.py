"""What is in a file, a pipe, a row or a line of a list: sources, read lazily."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO

from taskcli.errors import InputError, UsageError
from taskcli.inputs import tabular
from taskcli.inputs.columns import require
from taskcli.inputs.files import AUTO, File, id_of, printable
from taskcli.inputs.reading import Reading
from taskcli.inputs.rows import Row
from taskcli.inputs.tables import DoubledColumnError
from taskcli.media import MEDIA
from taskcli.media.source import Source
from taskcli.remote.listing import remote_file
from taskcli.remote.urls import is_url, redacted

ALLOW = "--allow-remote fetches what lists and rows name; give it if you trust this one"


def check_rows(file: File, reading: Reading) -> None:
    """Refuse a file whose rows hold nothing for this task, by its head; one elsewhere waits."""
    if not opens_into_many(file, reading):
        return
    require(file, reading.format)
    if isinstance(file, str) and tabular.is_read_as_rows(file, reading.rows):
        tabular.check(file, reading.rows)


def opens_into_many(file: File, reading: Reading) -> bool:
    if MEDIA[reading.media].is_text:
        return reading.lines or tabular.is_read_as_rows(file, reading.rows)
    return reading.field is not None


def from_file(file: File, reading: Reading) -> Iterable[Source]:
    """The sources in one file: itself, or its rows or lines, read lazily."""
    if not opens_into_many(file, reading):
        return [_whole(file)]
    id = id_of(file)
    if MEDIA[reading.media].is_text and not tabular.is_read_as_rows(file, reading.rows):
        return _from_rows(lambda: tabular.read_lines(file, reading.rows), id, reading)
    if isinstance(file, str):
        return _from_rows(lambda: tabular.read(file, reading.rows), id, reading)
    rows = tabular.read(file, reading.rows)
    return _from_rows(lambda: _refused_by_the_first(rows, reading, id), id, reading)


def _whole(file: File) -> Source:
    if isinstance(file, str):
        return Source(printable(file), path=file)
    return Source(file.id, remote=file)


def from_pipe(reading: Reading, stdin: BinaryIO) -> Iterator[Source]:
    """A document, lines or rows: as the options say, else as the stream begins."""
    found = (
        tabular.lines_of(stdin, reading.rows)
        if reading.lines and reading.format in (AUTO, "text")
        else tabular.piped(stdin, reading.rows)
    )
    if isinstance(found, bytes):
        if reading.keep is not None:
            raise UsageError(
                "--keep keeps columns of rows, and standard input has none",
                "if it is a table, say so: --input-format csv",
            )
        yield Source("-", data=found)
        return
    yield from _from_rows(lambda: _refused_by_the_first(found, reading), "-", reading)


def whole_input(stdin: BinaryIO) -> Iterator[Source]:
    yield Source("-", data=stdin.read())


def _refused_by_the_first(
    found: Iterator[Row], reading: Reading, name: str = "standard input"
) -> Iterator[Row]:
    """The rows, unless the first lacks the fields: of a pipe no more is known beforehand."""
    try:
        first = next(found, None)
    except DoubledColumnError as failure:
        raise UsageError(f"{name}: {failure.message}", failure.hint) from None
    if first is None:
        return
    tabular.refuse(name, [first], reading.rows)
    yield first
    yield from found


def _from_rows(opened: Callable[[], Iterable[Row]], id: str, reading: Reading) -> Iterator[Source]:
    empty = True
    try:
        for row in opened():
            empty = False
            yield _from_row(row, f"{id}:{row.key or row.line}", reading)
        if empty:
            raise InputError("there are no rows in it")
    except InputError as failure:
        yield Source(id, error=failure)
    except OSError as failure:
        yield Source(id, error=InputError(f"the file cannot be read: {failure.strerror}"))


def _from_row(row: Row, id: str, reading: Reading) -> Source:
    id = row.id or id
    if row.error is not None:
        return Source(id, error=row.error, kept=row.kept)
    if MEDIA[reading.media].is_text:
        return Source(id, text=row.text, fields=row.fields, kept=row.kept)
    if row.data is not None:
        return Source(id, data=row.data, fields=row.fields, kept=row.kept)
    named = _named(row.text, id, reading)
    return named if row.kept is None else replace(named, kept=row.kept)


def _named(word: str, id: str, reading: Reading) -> Source:
    """What a row or a list names. A URL is fetched only where the user trusts it to say what is."""
    if not is_url(word):
        return Source(id, path=word)
    try:
        if not reading.allow_remote:
            raise UsageError(f"it names a URL, {redacted(word)}", ALLOW)
        return Source(id, remote=remote_file(word, reading.patience))
    except UsageError as refusal:
        return Source(id, error=InputError(refusal.message, refusal.hint))


def from_list(word: str, reading: Reading) -> Iterable[Source]:
    """What a line of a list in a pipe means."""
    if not is_url(word):
        return from_file(word, reading)
    source = _named(word, redacted(word), reading)
    return [source] if source.remote is None else from_file(source.remote, reading)
