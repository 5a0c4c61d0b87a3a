"""What a URL names, and how it may be shown: without its secrets, the only place for that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import SplitResult, urlsplit

from taskcli.errors import UsageError
from taskcli.remote.queries import harmless


@dataclass(frozen=True)
class Store:
    """A kind of place. `package` is what reads it, `extra` as in taskcli[extra]."""

    name: str
    package: str = "fsspec"
    extra: str = ""
    lists: bool = True  # whether it knows its folders
    writes: bool = False
    is_archive: bool = False


_WEB = Store("a web server", "aiohttp", "http", lists=False)
_S3 = Store("S3", "s3fs", "s3", writes=True)
_GOOGLE = Store("Google Cloud Storage", "gcsfs", "gcs", writes=True)
_AZURE = Store("Azure Blob Storage", "adlfs", "azure", writes=True)
STORES: Mapping[str, Store] = {
    "http": _WEB,
    "https": _WEB,
    "s3": _S3,
    "s3a": _S3,
    "gs": _GOOGLE,
    "gcs": _GOOGLE,
    "az": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "hf": Store("the Hub", "huggingface_hub"),
    "memory": Store("this process", writes=True),
    "zip": Store("a ZIP archive", is_archive=True),
    "tar": Store("a tar archive", is_archive=True),
}

WRITTEN_TO = "s3://, gs:// and az:// are"  # where another place is refused

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
# Joins a file to its archive; in the brackets of an IPv6 address it stands for zeros.
_JOIN = re.compile(r"::(?![0-9a-f:.]*(?:%[\w.~-]+)?\])", re.IGNORECASE)


def is_url(word: str) -> bool:
    return _URL.match(word) is not None


def scheme_of(url: str) -> str:
    return url.partition("://")[0].lower()


def links_of(url: str) -> list[str]:
    """A file in an archive, then what it lies in; the URL alone where it is in none."""
    return _JOIN.split(url)


def member_of(url: str) -> tuple[str, str]:
    """The first link of the chain, and the archive that the others name, which may be empty."""
    first = links_of(url)[0]
    return first, url[len(first) + 2 :]


def store_of(url: str) -> Store:
    """Raises UsageError for a kind of URL that is not read, in any link of the chain."""
    links = links_of(url)
    for place, link in enumerate(links):
        if not is_url(link):
            if place and links[place - 1]:
                continue  # an archive on this disk
            raise UsageError(f"{redacted(url)}: this is no URL")
        if scheme_of(link) not in STORES:
            hint = f"taskcli reads {', '.join(f'{name}://' for name in STORES if name != 'memory')}"
            if scheme_of(link) == "file":
                hint = "give its path, without file://"
            raise UsageError(f"a URL of this kind is not read: {redacted(url)}", hint)
    store = STORES[scheme_of(url)]
    if store.is_archive != (len(links) > 1):
        example = f"{scheme_of(url)}://*.jpg::archive.{scheme_of(url)}"
        raise UsageError(
            f"{redacted(url)}: :: joins a file in an archive to the archive", f"such as {example}"
        )
    return store


def needs_network(word: str) -> bool:
    """Whether it is a URL of which any link is reached over a network."""
    here = ("memory", "zip", "tar")
    return any(is_url(link) and scheme_of(link) not in here for link in links_of(word))


def redacted(url: str) -> str:
    """A URL as it may be shown: without a name, a password, a signature, a token or a fragment.

    What signs a request is left out whole, its dates too, so that an object that is signed anew has
    the name that it had. Of a value that may be a secret, and may tell two files apart, a digest is
    left. What is no URL stays as it is, and so does a file's name in an archive.
    """
    *members, place = links_of(url)
    shown = [link if is_member(link) else redacted(link) for link in members]
    return "::".join([*shown, _redacted(place) if is_url(place) else place])


def is_member(link: str) -> bool:
    """Whether it names a file in an archive."""
    return scheme_of(link) in ("zip", "tar")


def parts_of(link: str) -> SplitResult:
    """Only on the web does # end a path: keys of a store may hold it. Raises ValueError."""
    return urlsplit(link, allow_fragments=scheme_of(link) in ("http", "https"))


def _redacted(link: str) -> str:
    try:
        parts = parts_of(link)
    except ValueError:  # brackets that are no address: nothing of it can be trusted
        return f"{scheme_of(link)}://…"
    return parts._replace(
        netloc=_host(parts), query=harmless(parts.query, _inner), fragment=""
    ).geturl()


def _inner(value: str) -> str:
    """What a query's field holds, if that is a URL; one that follows other words is found, too."""
    return redacted(value) if is_url(value) else without_secrets(value)


def _host(parts: SplitResult) -> str:
    before, at, host = parts.netloc.rpartition("@")
    names_container = parts.scheme.lower() in ("abfs", "abfss") and ":" not in before
    return parts.netloc if at and names_container else host


def without_secrets(text: str) -> str:
    """A message or a command in which every URL is shown redacted."""
    return re.sub(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+", lambda found: redacted(found[0]), text)


def url_of(path: PurePath) -> str | None:
    """The URL that a path was made of, which has lost a slash; None for a path on this disk."""
    url = looked_like(path)
    return url if url is not None and scheme_of(url) in STORES else None


def looked_like(path: PurePath) -> str | None:
    """The URL of any kind that a path may have been made of; a drive's letter is none."""
    head, *rest = path.parts or ("",)
    url = f"{head.lower()}//{'/'.join(rest)}"
    return url if head.endswith(":") and is_url(url) else None


def shown_path(path: PurePath) -> str:
    """A path, or the URL that it was made of, as it may be shown."""
    url = url_of(path)
    return str(path) if url is None else redacted(url)
