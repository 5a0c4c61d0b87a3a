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
from taskcli.inputs.contents import (
    ALLOW,
    check_rows,
    from_file,
    from_list,
    from_pipe,
    opens_into_many,
    whole_input,
)
from taskcli.inputs.discovery import (
    FoundFiles,
    in_folder,
    in_folder_elsewhere,
    is_folder,
    matching,
)
from taskcli.inputs.files import File, archive_of, id_of, printable
from taskcli.inputs.reading import Reading
from taskcli.inputs.watching import arriving, whole
from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.media.source import Source
from taskcli.remote.listing import Place, remote_file
from taskcli.remote.urls import is_url, redacted

__all__ = ["Reading", "Sources", "resolve"]


@dataclass(frozen=True)
class Sources:
    """`total` is None where inputs are counted only by reading them.

    `live` says that they come through a pipe as somebody else makes them, so waiting for more
    before answering would delay every record.
    """

    items: Iterable[Source]
    total: int | None
    live: bool = False
    paths: tuple[str, ...] = ()  # the files on this disk, as far as they are known beforehand
    archives: tuple[str, ...] = ()  # on this disk, in which others of the files lie
    ids: tuple[str, ...] = ()  # of all files, here and elsewhere, as far as they are known
    of_all_shards: tuple[str, ...] = ()  # their ids, where this run answers one shard
    notes: tuple[str, ...] = ()  # what the user should know of how the inputs were found
    columns: tuple[str, ...] = ()  # of rows, those that are kept, as far as they are known
    files: Iterable[Source] | None = None  # those whose pictures, as `looked_into`, are the items
    looked_into: Callable[[Iterable[Source]], Iterator[Source]] | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The ids that give names to what a run leaves, which are the same in every shard."""
        return self.of_all_shards or self.ids

    def with_fields(self, variants: Sequence[Mapping[str, str]]) -> "Sources":
        """Every source once per variant, the variant's fields added (a question, a pair)."""
        if not variants:
            return self
        total = None if self.total is None else self.total * len(variants)
        items = numbered(_with_fields(self.items, variants))
        return replace(self, items=items, total=total, files=None)


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


def resolve(
    inputs: Sequence[str],
    reading: Reading,
    *,
    texts: Sequence[str] = (),
    files_from: str | None = None,
    null: bool = False,
    stdin: BinaryIO | None = None,
    watch: bool = False,
) -> Sources:
    """All sources of one run, in the order given. Raises UsageError for what does not exist.

    To `watch` is to go on with what comes into the folders, without end.
    """
    if not inputs and not texts and files_from is None:
        raise UsageError("no input given", _what_to_give(reading.media))
    if [*inputs, files_from].count("-") > 1:
        raise UsageError("standard input can be read once only, but - is given more than once")
    stdin = stdin or sys.stdin.buffer
    parts = [_literals(texts)]
    parts += [_resolve_one(word, reading, stdin, watch) for word in inputs]
    if files_from is not None:
        parts.append(_listed(files_from, null, reading, stdin))
    if watch:
        parts.append(_to_come(inputs, [path for part in parts for path in part.paths], reading))
    if reading.keep is not None:
        _refuse_without_rows(parts, reading)
    total = sum(part.total for part in parts if part.total is not None)
    found = Sources(
        numbered(_joined(parts)),
        None if any(part.total is None for part in parts) else total,
        any(part.live for part in parts),
        tuple(path for part in parts for path in part.paths),
        tuple(path for part in parts for path in part.archives),
        tuple(id for part in parts for id in part.ids),
        notes=tuple(note for part in parts for note in part.notes),
        columns=tuple(dict.fromkeys(name for part in parts for name in part.columns)),
    )
    return _framed(found, reading)


def _framed(sources: Sources, reading: Reading) -> Sources:
    """The sources; of files that hold several pictures each that is chosen."""
    framing = reading.framing
    if framing is None:
        return sources
    total = sources.total if framing.leaves(sources.ids, sources.total) else None
    return replace(
        sources,
        items=numbered(framing.of(sources.items)),
        total=total,
        files=sources.items,
        looked_into=framing.of,
    )


def _refuse_without_rows(parts: Sequence[Sources], reading: Reading) -> None:
    """Raise UsageError where no input can have columns that would be kept."""
    if any(part.total is None and (part.columns or not reading.lines) for part in parts):
        return
    hint = "give a table, and name the column of paths with --field"
    if reading.lines:
        hint = "leave out --lines: a line is one text"
    elif MEDIA[reading.media].is_text:
        hint = "give a table: .csv, .tsv, .jsonl, .json or .parquet"
    raise UsageError("--keep keeps columns of rows, and no input has any", hint)


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


def _resolve_one(word: str, reading: Reading, stdin: BinaryIO, watch: bool) -> Sources:
    if word == "-":
        return _standard_input(reading, stdin)
    if is_url(word):
        return _elsewhere(Place(word, reading.patience), reading)
    if is_folder(word):
        found = in_folder(
            word, reading.media, reading.recursive, watch, reading.framed, reading.left
        )
        return _found(replace(found, paths=whole(found.paths)) if watch else found, reading)
    if os.path.lexists(word):
        if tabular.is_rows(word, reading.rows) and not opens_into_many(word, reading):
            tabular.check(word, reading.rows)  # rows of paths, which want a --field
        return _counted([word], reading)
    if glob.has_magic(word):
        return _found(matching(word), reading)
    raise _missing(word, reading.media)


def _to_come(words: Sequence[str], known: Sequence[str], reading: Reading) -> Sources:
    """What comes into the folders among the words, beside what is `known`; without end."""
    folders = [word for word in words if is_folder(word)]
    if not folders:
        raise UsageError("--watch waits for files in folders, and none is named", "name one")

    def find() -> Iterator[str]:
        for folder in folders:
            found = in_folder(folder, reading.media, reading.recursive, True, reading.framed)
            yield from found.paths

    new = chain.from_iterable(from_file(file, reading) for file in arriving(find, known))
    return Sources(new, None, live=True)


def _elsewhere(place: Place, reading: Reading) -> Sources:
    if place.is_folder():
        return _found(
            in_folder_elsewhere(place, reading.media, reading.recursive, reading.framed), reading
        )
    if place.is_glob:
        return _found(FoundFiles(place.matching()), reading)
    return _counted([place.file()], reading)


def _missing(word: str, media: Media) -> UsageError:
    hint = "check the spelling and the current folder; quote globs so that taskcli expands them"
    if MEDIA[media].is_text:
        hint = "a bare word is a file name; to use it as text, write --text " + repr(word)
    return UsageError(f"no such file or folder: {word}", hint)


def _found(found: FoundFiles[File], reading: Reading) -> Sources:
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


def _counted(files: Sequence[File], reading: Reading) -> Sources:
    """Files as sources; those of rows or lines are counted only by reading them."""
    for file in files:
        check_rows(file, reading)
    total = None if any(opens_into_many(file, reading) for file in files) else len(files)
    items = chain.from_iterable(from_file(file, reading) for file in files)
    here = tuple(file for file in files if isinstance(file, str))
    archives = dict.fromkeys(filter(None, map(archive_of, files)))
    ids = tuple(map(id_of, files))
    columns = () if reading.keep is None else _columns(here, reading)
    return Sources(items, total, False, here, tuple(archives), ids, columns=columns)


def _columns(files: Sequence[str], reading: Reading) -> tuple[str, ...]:
    """The columns that are kept of all files, in the order of the first that has each."""
    tables = (file for file in files if opens_into_many(file, reading))
    found = (tabular.kept_columns(file, reading.rows) for file in tables)
    return tuple(dict.fromkeys(chain.from_iterable(found)))


def _standard_input(reading: Reading, stdin: BinaryIO) -> Sources:
    if not MEDIA[reading.media].is_text and reading.field is None:
        return Sources(whole_input(stdin), 1)
    return Sources(from_pipe(reading, stdin), None, live=True)


def _listed(name: str, null: bool, reading: Reading, stdin: BinaryIO) -> Sources:
    """Paths from a list. A list in a file is checked whole; one in a pipe is taken as it comes."""
    if name == "-":
        paths = _some(os.fsdecode(path) for path in _split_list(stdin, null))
        return Sources(
            chain.from_iterable(from_list(path, reading) for path in paths), None, live=True
        )
    try:
        with Path(name).open("rb") as stream:
            listed = [os.fsdecode(path) for path in _split_list(stream, null)]
    except OSError as failure:
        raise UsageError(f"cannot read the list {name}: {failure.strerror}") from None
    if not listed:
        raise UsageError(f"the list {name} is empty")
    return _counted([_checked(word, name, reading) for word in listed], reading)


def _checked(word: str, name: str, reading: Reading) -> File:
    """The file that a line of the list `name` means. Raises UsageError."""
    if is_url(word):
        if not reading.allow_remote:
            raise UsageError(f"{name} names a URL, {redacted(word)}", ALLOW)
        return remote_file(word, reading.patience)
    if not os.path.lexists(word):
        hint = "is the list NUL-separated? add -0" if "\0" in word else None
        raise UsageError(f"no such file: {printable(word)}, listed in {name}", hint)
    return word


def _some(paths: Iterator[str]) -> Iterator[str]:
    """The paths; a list without any is an error, as a glob without match is."""
    first = next(paths, None)
    if first is None:
        raise UsageError("the list on standard input is empty")
    yield from chain([first], paths)


def _split_list(stream: BinaryIO, null: bool) -> Iterator[bytes]:
    names = stream.read().split(b"\0") if null else (line.rstrip(b"\r\n") for line in stream)
    return (name for name in names if name)
