"""What a URL that was typed names: one file, those that a glob matches, or those of a folder."""

import glob
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from taskcli.errors import InputError, UsageError
from taskcli.remote.failures import why
from taskcli.remote.fetching import RemoteFile
from taskcli.remote.stores import Patience, file_system, require
from taskcli.remote.urls import is_url, links_of, member_of, redacted, scheme_of

if TYPE_CHECKING:
    from taskcli.remote.archives import Archive

# The folders in a folder, and its files by their names.
Listed = tuple[list[str], dict[str, RemoteFile]]


T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A URL of the call, and how patient the user is. Raises UsageError for what cannot be read."""

    url: str
    patience: Patience

    def __post_init__(self) -> None:
        require(self.url)
        _require_archive(self.url)

    @property
    def shown(self) -> str:
        return redacted(self.url)

    @property
    def lists(self) -> bool:
        return require(self.url).lists

    def file(self) -> RemoteFile:
        return remote_file(self.url, self.patience)

    @property
    def is_glob(self) -> bool:
        return self.lists and glob.has_magic(_inside(self.url))

    def is_folder(self) -> bool:
        """A name that ends in / is a folder, one with an extension a file; of others it is asked.

        What cannot be asked is taken for a file, whose record will tell why.
        """
        name = _inside(self.url)
        if not self.lists or PurePosixPath(name).suffix:
            return self.lists and name.endswith("/")
        if name.endswith("/") or not name:
            return True
        archive = _archive(self.url, self.patience)
        try:
            if archive is not None:
                return any(one.startswith(f"{name}/") for one in archive.sizes())
            files, path = file_system(self.url, self.patience)
            return bool(files.isdir(path))
        except Exception:  # every store's library has its own
            return False

    def matching(self) -> list[RemoteFile]:
        """What a glob matches, sorted. Raises UsageError if nothing does."""
        if any("**" in name and name != "**" for name in _inside(self.url).split("/")):
            raise UsageError(f"{self.shown}: ** stands for whole folders", "such as in/**/*.jpg")
        found = _listing(self, partial(_matching, self.url, self.patience))
        if not found:
            raise UsageError(
                f"nothing matches {self.shown}", "** descends into folders, * does not"
            )
        return sorted(found, key=lambda one: one.url)

    def walk(self, recursive: bool) -> list[Listed]:
        """The folders below a folder. Raises UsageError where they cannot be listed."""
        return _listing(self, partial(_walk, self.url.rstrip("/"), self.patience, recursive))


def remote_file(url: str, patience: Patience, size: int | None = None) -> RemoteFile:
    """The file that a URL names. Raises UsageError for what cannot be read."""
    require(url)
    _require_archive(url)
    return _file(url, patience, size)


def _file(url: str, patience: Patience, size: int | None = None) -> RemoteFile:
    return RemoteFile(url, patience, size, _archive(url, patience))


def _require_archive(url: str) -> None:
    """Raises UsageError where the archive is meant to be on this disk, and is not."""
    *members, place = links_of(url)
    if members and not is_url(place) and not os.path.lexists(place):
        raise UsageError(f"no such file: {place}, in {redacted(url)}", "check the spelling")


def _inside(url: str) -> str:
    """The path in a store or an archive: what may be a pattern."""
    first, inside = member_of(url)
    if inside:
        return first.partition("://")[2]
    return first.partition("://")[2].partition("/")[2]


def _archive(url: str, patience: Patience) -> "Archive | None":
    first, inside = member_of(url)
    if not inside:
        return None
    from taskcli.remote.archives import archive_of, on_this_disk

    if not is_url(inside):
        return archive_of(scheme_of(first), inside, partial(on_this_disk, inside))
    return archive_of(scheme_of(first), inside, lambda: _file(inside, patience).open())


def _listing(place: Place, listed: Callable[[], T]) -> T:
    try:
        return listed()
    except InputError as failure:
        raise UsageError(
            f"{place.shown} cannot be listed: {failure.message}", failure.hint
        ) from None
    except Exception as failure:  # every store's library has its own
        found = why(failure)
        raise UsageError(f"{place.shown} cannot be listed: {found.reason}", found.hint) from None


def _matching(url: str, patience: Patience) -> list[RemoteFile]:
    archive = _archive(url, patience)
    if archive is not None:
        from taskcli.remote.archives import matches

        fits = matches(_inside(url))
        members = _members(url, patience, archive)
        return [file for name, file in members.items() if fits(name)]
    files, path = file_system(url, patience)
    files.invalidate_cache()
    found = files.glob(path, detail=True).values()
    return [_listed(url, info, patience) for info in found if info.get("type") == "file"]


def _listed(url: str, info: Mapping[str, Any], patience: Patience) -> RemoteFile:
    return RemoteFile(_named(url, str(info["name"])), patience, info.get("size"))


def _walk(url: str, patience: Patience, recursive: bool) -> list[Listed]:
    archive = _archive(url, patience)
    if archive is not None:
        return list(_folders(_inside(url).strip("/"), _members(url, patience, archive)))
    files, path = file_system(url, patience)
    files.invalidate_cache()
    if not files.isdir(path):
        raise FileNotFoundError
    walked = files.walk(path, maxdepth=None if recursive else 1, detail=True, on_error="raise")
    return [
        (list(inner), {name: _listed(url, info, patience) for name, info in found.items() if name})
        for _, inner, found in walked
    ]


def _members(url: str, patience: Patience, archive: "Archive") -> dict[str, RemoteFile]:
    sizes = archive.sizes().items()
    return {name: RemoteFile(_member(url, name), patience, size, archive) for name, size in sizes}


def _folders(folder: str, members: Mapping[str, RemoteFile]) -> Iterator[Listed]:
    """The files of an archive by their folders, the top one first."""
    top = f"{folder}/" if folder else ""
    inside: dict[str, dict[str, RemoteFile]] = {folder: {}}
    for name, file in members.items():
        if name.startswith(top):
            parent, _, last = name.rpartition("/")
            inside.setdefault(parent, {})[last] = file
    for parent in sorted(inside):
        below = {other[len(top) :].split("/")[0] for other in inside if other != folder}
        yield sorted(below) if parent == folder else [], inside[parent]


def _member(url: str, name: str) -> str:
    return f"{scheme_of(url)}://{name}::{member_of(url)[1]}"


def _named(url: str, name: str) -> str:
    """The URL of a file that a store listed, at the same host and by the same scheme."""
    host = urlsplit(url).netloc
    rest = name.lstrip("/").partition("/")[2]
    return f"{scheme_of(url)}://{host}/{rest}"
