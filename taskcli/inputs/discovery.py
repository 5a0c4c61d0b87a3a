"""What a folder or a glob holds: the files of a medium, and what is not among them, and why."""

import glob
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Generic, TypeVar

from taskcli.errors import UsageError
from taskcli.inputs.files import File
from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.remote.fetching import RemoteFile
from taskcli.remote.listing import Place

F = TypeVar("F", bound=File)
Found = TypeVar("Found", bound=File, covariant=True)
_MAC_OS = "._"  # what it writes beside each file on foreign disks, under the file's own extension
_NAMED = 6  # kinds of files that a note lists


@dataclass(frozen=True)
class FoundFiles(Generic[Found]):
    paths: Sequence[Found]
    unreadable: Mapping[str, str] = field(default_factory=dict)  # folders, and why
    note: str = ""  # what was passed over


def in_folder(
    folder: str,
    media: Media,
    recursive: bool,
    may_be_empty: bool = False,
    framed: bool = False,
    left: Collection[str] = (),
) -> FoundFiles[str]:
    """The folder's files of the medium, sorted; links to folders are not followed.

    `framed` takes those, too, that hold many inputs as frames. What has one of the endings `left`
    and the name of a file that is found is not told of as passed over. Raises UsageError if there
    are none, unless it `may_be_empty`.
    """
    unreadable: dict[str, str] = {}
    walked = (
        (folders, {name: str(Path(parent, name)) for name in names})
        for parent, folders, names in os.walk(folder, onerror=_into(unreadable))
    )
    found, passed_over = _sifted(walked, media, recursive, framed, left)
    if not (found or unreadable or may_be_empty):
        raise _nothing_in(folder, media, passed_over)
    return FoundFiles(
        sorted(found), unreadable, passed_over and f"{folder}: passed over {passed_over}"
    )


def in_folder_elsewhere(
    place: Place, media: Media, recursive: bool, framed: bool = False
) -> FoundFiles[RemoteFile]:
    """As `in_folder`. Raises UsageError, too, for one that cannot be listed."""
    found, passed_over = _sifted(place.walk(recursive), media, recursive, framed)
    if not found:
        raise _nothing_in(place.shown, media, passed_over)
    note = passed_over and f"{place.shown}: passed over {passed_over}"
    found.sort(key=lambda file: file.url)
    return FoundFiles(found, note=note)


def _sifted(
    walked: Iterable[tuple[list[str], Mapping[str, F]]],
    media: Media,
    recursive: bool,
    framed: bool,
    left: Collection[str] = (),
) -> tuple[list[F], str]:
    """The files of the medium, and what was passed over, in words.

    Of each folder `walked` gives the folders in it, which are emptied where nobody descends, and
    its files by name.
    """
    extensions = extensions_of(media) | (MEDIA[media].frames_in if framed else frozenset())
    found: list[F] = []
    others: Counter[str] = Counter()
    for folders, files in walked:
        wanted = {name for name, file in files.items() if _is_wanted(name, file, extensions)}
        found += [files[name] for name in files if name in wanted]
        theirs = wanted | {PurePath(name).stem for name in wanted} if left else wanted
        for name in (name for name in files if name not in wanted):
            own = PurePath(name)
            if not (name.startswith(".") or (own.suffix in left and own.stem in theirs)):
                others[PurePath(name).suffix.lower() or "without an extension"] += 1
        if not recursive:
            inner = sum(not name.startswith(".") for name in folders)
            others["folder (-r descends)" if inner == 1 else "folders (-r descends)"] = inner
            folders.clear()
    return found, _counts(others, media)


def _nothing_in(folder: str, media: Media, passed_over: str) -> UsageError:
    hint = f"looked for {media} files" + (f", passed over {passed_over}" if passed_over else "")
    return UsageError(f"nothing to read in folder {folder}", hint)


def extensions_of(media: Media) -> frozenset[str]:
    """What a folder is searched for with the libraries that are there."""
    there = (extra for extra in MEDIA[media].extras if find_spec(extra.package) is not None)
    return MEDIA[media].extensions.union(*(extra.extensions for extra in there))


def _is_wanted(name: str, file: File, extensions: frozenset[str]) -> bool:
    ending = PurePath(name).suffix.lower()
    if name.startswith(_MAC_OS):
        return False
    return ending in extensions and (ending != ".ts" or _is_stream(file))


def _is_stream(file: File) -> bool:
    """A .ts is a video or a program in TypeScript: every packet of the former begins with a G."""
    if not isinstance(file, str):
        return True  # decoding will tell
    path = Path(file)
    try:
        if not path.is_file():
            return True  # decoding will tell
        with path.open("rb") as stream:
            head = stream.read(5)
    except OSError:
        return True
    return b"G" in (head[:1], head[4:])  # the latter after a time stamp, as in .m2ts


def _counts(others: Counter[str], media: Media) -> str:
    """`3 .heic, 1 .svg`, the most frequent first."""
    common = [f"{count} {what}" for what, count in others.most_common(_NAMED) if count]
    rest = others.total() - sum(count for _, count in others.most_common(_NAMED))
    said = ", ".join([*common, *([f"{rest} others"] if rest else [])])
    if MEDIA[media].frames_in & others.keys():
        said += " (--fps 1 answers the frames of videos)"
    for extra in MEDIA[media].extras:
        if there := extra.extensions & others.keys():
            usual = f".{extra.name}" if f".{extra.name}" in there else min(there)
            said += f" (pip install 'taskcli[{extra.name}]' reads {usual})"
    return said


def matching(pattern: str) -> FoundFiles[str]:
    """The files that a glob matches, sorted. Raises UsageError if there are none."""
    unreadable: dict[str, str] = {}
    names = set(_expand(pattern, _into(unreadable)))
    found = sorted(name for name in names if not is_folder(name))
    if not found and not unreadable:
        raise UsageError(f"nothing matches {pattern}", "** descends into folders, * does not")
    return FoundFiles(found, unreadable)


def _into(unreadable: dict[str, str]) -> Callable[[OSError], None]:
    def note(failure: OSError) -> None:
        unreadable[str(failure.filename)] = failure.strerror or str(failure)

    return note


def _expand(pattern: str, unread: Callable[[OSError], None]) -> Iterator[str]:
    """Like glob.iglob, but ** does not follow links to folders, since those can form loops."""
    words = pattern.split("/")
    if "**" not in words:
        _try_folders(words, unread)
        yield from glob.iglob(pattern)
        return
    at = words.index("**")
    before, after = "/".join(words[:at]), "/".join(words[at + 1 :]) or "*"
    for top in glob.iglob(before + "/") if at else [""]:
        for folder, names, _ in os.walk(top or ".", onerror=unread):
            names[:] = [name for name in names if not name.startswith(".")]
            inside = folder.rstrip("/") + "/"
            yield from _expand(glob.escape(inside if top else inside[2:]) + after, unread)


def _try_folders(words: list[str], unread: Callable[[OSError], None]) -> None:
    """List what the glob lists: glob itself passes over what it cannot read."""
    for at, word in enumerate(words):
        if at and glob.has_magic(word):
            for folder in glob.iglob("/".join(words[:at]) + "/"):
                try:
                    os.scandir(folder).close()
                except OSError as failure:
                    unread(failure)


def is_folder(name: str) -> bool:
    """False, not an error, for what no path can be: a whole text, say, is too long for one."""
    try:
        return Path(name).is_dir()
    except OSError:
        return False
