"""From the words on the command line to a stream of sources, each with the id of its record.

Names are checked here, before any weights load; contents are opened later, one at a time.
"""

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from taskcli.errors import InputError, UsageError
from taskcli.inputs import tabular
from taskcli.inputs.discovery import FoundFiles, in_folder, is_folder, matching
from taskcli.inputs.rows import Row, RowReading
from taskcli.inputs.tables import DoubledColumnError
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.media.items import Media
from taskcli.media.source import NOT_FETCHED, Source, is_url


@dataclass(frozen=True)
class Sources:
    """`total` is None where inputs are counted only by reading them.

    `live` says that they come through a pipe as somebody else makes them, so waiting for more
    before answering would delay every record.
    """

    items: Iterable[Source]
    total: int | None
    live: bool = False
    paths: tuple[str, ...] = ()  # the files among the inputs, as far as they are known beforehand
    elsewhere: tuple[str, ...] = ()  # those of all shards, where this run answers one of them
    notes: tuple[str, ...] = ()  # what the user should know of how the inputs were found

    @property
    def named(self) -> tuple[str, ...]:
        """The files that give names to what a run leaves, which are the same in every shard."""
        return self.elsewhere or self.paths

    def with_fields(self, variants: Sequence[Mapping[str, str]]) -> "Sources":
        """Every source once per variant, the variant's fields added (a question, a pair)."""
        if not variants:
            return self
        total = None if self.total is None else self.total * len(variants)
        return replace(self, items=numbered(_with_fields(self.items, variants)), total=total)


def numbered(items: Iterable[Source]) -> Iterator[Source]:
    """The sources of one run, each with its place."""
    return (source.numbered(number) for number, source in enumerate(items))


def _with_fields(
    items: Iterable[Source], variants: Sequence[Mapping[str, str]]
) -> Iterator[Source]:
    for source in items:
        own = [name for name in variants[0] if source.fields.get(name)]
        if own:
            reason = f"the row has a {own[0]} of its own, and the call gives one as well"
            hint = f"give each row its {own[0]}, or all of them one by the call, but not both"
            yield replace(source, error=InputError(reason, hint))
            continue
        for number, variant in enumerate(variants, 1):
            mark = "" if len(variants) == 1 else f"#{number}"
            fields = {**source.fields, **variant}
            if fields.get("id") is not None:
                fields["id"] = f"{fields['id']}{mark}"
            yield replace(source, id=source.id + mark, fields=fields)


@dataclass(frozen=True)
class Reading:
    """How the words are to be read: the shared input options, and what the task accepts."""

    media: Media
    text_fields: tuple[str, ...] = ("text",)
    field: str | None = None
    lines: bool = False
    encoding: str = AUTO
    delimiter: str | None = None
    recursive: bool = False
    chats: bool = False  # whether a row's text may be a list of messages

    @property
    def rows(self) -> RowReading:
        usual = self.text_fields if MEDIA[self.media].is_text else ()
        names = (self.field,) if self.field else usual
        named = self.field is not None
        return RowReading(names, named, self.encoding, self.delimiter, self.chats)


def resolve(
    inputs: Sequence[str],
    reading: Reading,
    *,
    texts: Sequence[str] = (),
    files_from: str | None = None,
    null: bool = False,
    stdin: BinaryIO | None = None,
) -> Sources:
    """All sources of one run, in the order given. Raises UsageError for what does not exist."""
    if not inputs and not texts and files_from is None:
        raise UsageError("no input given", _what_to_give(reading.media))
    if [*inputs, files_from].count("-") > 1:
        raise UsageError("standard input can be read once only, but - is given more than once")
    stdin = stdin or sys.stdin.buffer
    parts = [_literals(texts)]
    parts += [_resolve_one(word, reading, stdin) for word in inputs]
    if files_from is not None:
        parts.append(_listed(files_from, null, reading, stdin))
    total = sum(part.total for part in parts if part.total is not None)
    return Sources(
        numbered(_joined(parts)),
        None if any(part.total is None for part in parts) else total,
        any(part.live for part in parts),
        tuple(path for part in parts for path in part.paths),
        notes=tuple(note for part in parts for note in part.notes),
    )


def _joined(parts: Sequence[Sources]) -> Iterator[Source]:
    """The sources of all parts. What refuses the call costs its own part once others came."""
    came = False
    for part in parts:
        try:
            for source in part.items:
                came = True
                yield source
        except UsageError as refusal:  # of what is known only when it is read
            if not came:
                raise
            yield Source("-", error=InputError(refusal.message, refusal.hint))


def _what_to_give(media: Media) -> str:
    if MEDIA[media].is_text:
        return "give files, quoted globs, folders, - for standard input, or --text 'literal text'"
    return "give files, quoted globs such as 'shots/**/*.*', folders, or - for standard input"


def _literals(texts: Sequence[str]) -> Sources:
    items = [Source(f"text:{number}", text=text) for number, text in enumerate(texts, 1)]
    return Sources(items, len(items))


def _resolve_one(word: str, reading: Reading, stdin: BinaryIO) -> Sources:
    if word == "-":
        return _standard_input(reading, stdin)
    if is_folder(word):
        return _found(in_folder(word, reading.media, reading.recursive), reading)
    if os.path.lexists(word):
        if tabular.is_rows(word) and not _opens_into_many(word, reading):
            tabular.check(word, reading.rows)  # rows of paths, which want a --field
        return _counted([word], reading)
    if glob.has_magic(word) and not is_url(word):
        return _found(matching(word), reading)
    raise _missing(word, reading.media)


def _missing(word: str, media: Media) -> UsageError:
    if is_url(word):
        what, hint = NOT_FETCHED
        return UsageError(f"{what}: {word}", hint)
    hint = "check the spelling and the current folder; quote globs so that taskcli expands them"
    if MEDIA[media].is_text:
        hint = "a bare word is a file name; to use it as text, write --text " + repr(word)
    return UsageError(f"no such file or folder: {word}", hint)


def _found(found: FoundFiles, reading: Reading) -> Sources:
    """Files that were searched for; a folder that cannot be read has an error record."""
    sources = _counted(found.paths, reading)
    unread = [
        Source(printable(folder), error=InputError(f"the folder cannot be read: {reason}"))
        for folder, reason in found.unreadable.items()
    ]
    return replace(
        sources,
        items=chain(sources.items, unread),
        total=None if sources.total is None else sources.total + len(unread),
        notes=(found.note,) if found.note else (),
    )


def _counted(paths: list[str], reading: Reading) -> Sources:
    """Paths as sources; files of rows or lines are counted only by reading them."""
    for path in paths:
        _check_rows(path, reading)
    total = None if any(_opens_into_many(path, reading) for path in paths) else len(paths)
    items = chain.from_iterable(_from_path(path, reading) for path in paths)
    return Sources(items, total, paths=tuple(paths))


def _check_rows(path: str, reading: Reading) -> None:
    """Refuse a file whose rows hold nothing for this task, by its head."""
    if _opens_into_many(path, reading) and tabular.is_rows(path):
        tabular.check(path, reading.rows)


def _opens_into_many(path: str, reading: Reading) -> bool:
    if MEDIA[reading.media].is_text:
        return reading.lines or tabular.is_rows(path)
    return reading.field is not None


def _from_path(path: str, reading: Reading) -> Iterable[Source]:
    """The sources in one file: itself, or its rows or lines, read lazily."""
    if not _opens_into_many(path, reading):
        return [Source(printable(path), path=path)]
    reader = (
        tabular.read
        if tabular.is_rows(path) or not MEDIA[reading.media].is_text
        else tabular.read_lines
    )
    return _from_rows(lambda: reader(path, reading.rows), printable(path), reading.media)


def _standard_input(reading: Reading, stdin: BinaryIO) -> Sources:
    if not MEDIA[reading.media].is_text and reading.field is None:
        return Sources(_whole_input(stdin), 1)
    return Sources(_from_pipe(reading, stdin), None, live=True)


def _from_pipe(reading: Reading, stdin: BinaryIO) -> Iterator[Source]:
    """A document, lines or rows: as the options say, else as the stream begins."""
    found = (
        tabular.lines_of(stdin, reading.rows)
        if reading.lines
        else tabular.piped(stdin, reading.rows)
    )
    if isinstance(found, bytes):
        yield Source("-", data=found)
        return
    yield from _from_rows(lambda: _refused_by_the_first(found, reading), "-", reading.media)


def _whole_input(stdin: BinaryIO) -> Iterator[Source]:
    yield Source("-", data=stdin.read())


def _refused_by_the_first(found: Iterator[Row], reading: Reading) -> Iterator[Row]:
    """The rows, unless the first lacks the fields: of a pipe no more is known beforehand."""
    try:
        first = next(found, None)
    except DoubledColumnError as failure:
        raise UsageError(f"standard input: {failure.message}", failure.hint) from None
    if first is None:
        return
    tabular.refuse("standard input", [first], reading.rows)
    yield first
    yield from found


def _from_rows(opened: Callable[[], Iterable[Row]], id: str, media: Media) -> Iterator[Source]:
    empty = True
    try:
        for row in opened():
            empty = False
            yield _from_row(row, f"{id}:{row.line}", media)
        if empty:
            raise InputError("there are no rows in it")
    except InputError as failure:
        yield Source(id, error=failure)
    except OSError as failure:
        yield Source(id, error=InputError(f"the file cannot be read: {failure.strerror}"))


def _from_row(row: Row, id: str, media: Media) -> Source:
    id = row.id or id
    if row.error is not None:
        return Source(id, error=row.error)
    if MEDIA[media].is_text:
        return Source(id, text=row.text, fields=row.fields)
    return Source(id, path=row.text)


def _listed(name: str, null: bool, reading: Reading, stdin: BinaryIO) -> Sources:
    """Paths from a list. A list in a file is checked whole; one in a pipe is taken as it comes."""
    if name == "-":
        paths = _some(os.fsdecode(path) for path in _split_list(stdin, null))
        return Sources(
            chain.from_iterable(_from_path(path, reading) for path in paths), None, live=True
        )
    try:
        with Path(name).open("rb") as stream:
            listed = [os.fsdecode(path) for path in _split_list(stream, null)]
    except OSError as failure:
        raise UsageError(f"cannot read the list {name}: {failure.strerror}") from None
    if not listed:
        raise UsageError(f"the list {name} is empty")
    for path in listed:
        if not os.path.lexists(path):
            hint = "is the list NUL-separated? add -0" if "\0" in path else None
            raise UsageError(f"no such file: {printable(path)}, listed in {name}", hint)
    return _counted(listed, reading)


def _some(paths: Iterator[str]) -> Iterator[str]:
    """The paths; a list without any is an error, as a glob without match is."""
    first = next(paths, None)
    if first is None:
        raise UsageError("the list on standard input is empty")
    yield from chain([first], paths)


def _split_list(stream: BinaryIO, null: bool) -> Iterator[bytes]:
    names = stream.read().split(b"\0") if null else (line.rstrip(b"\r\n") for line in stream)
    return (name for name in names if name)


def printable(path: str) -> str:
    """A path as valid Unicode: bytes that are not UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
