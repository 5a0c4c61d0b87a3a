"""The file systems of fsspec, one for each store; loaded only when a URL is given."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from taskcli.errors import require_package
from taskcli.remote.urls import Store, is_member, links_of, redacted, scheme_of, store_of

if TYPE_CHECKING:
    from aiohttp import ClientSession, TraceRequestRedirectParams
    from fsspec import AbstractFileSystem

_lock = threading.Lock()
_LEAST_RATE = 1024  # bytes a second


@dataclass(frozen=True)
class Patience:
    """How long somebody elsewhere is waited for."""

    retries: int = 3  # after the first attempt
    timeout: float = 60.0  # seconds without a byte
    first_wait: float = 0.5  # seconds before the first retry; each further one doubles it

    @property
    def least(self) -> float:
        """Bytes that must come within each `timeout`."""
        return _LEAST_RATE * self.timeout


USUAL = Patience()


class RedirectedError(Exception):
    """A web server leads to an address of another kind; `to` is its scheme."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


def require(url: str) -> Store:
    """The store of a URL. Raises UsageError for one that cannot be read with what is installed."""
    store = store_of(url)
    for link in links_of(url):
        if "://" in link and not is_member(link):
            one = store_of(link)
            needed = f"{one.name} is read with {one.package}, which is not installed"
            require_package(one.package, one.extra, f"{redacted(url)}: {needed}")
    return store


def file_system(url: str, patience: Patience) -> "tuple[AbstractFileSystem, str]":
    """The file system of a URL that is no archive's, and the path in it.

    Any thread may use it. Credentials and endpoints are those that each store's own library finds:
    the environment, its files, fsspec's (FSSPEC_S3_ANON=true).
    """
    from fsspec import get_filesystem_class

    kind: Any = get_filesystem_class(scheme_of(url))
    named = tuple(sorted(kind._get_kwargs_from_urls(url).items()))
    with _lock:
        made: AbstractFileSystem = _made(scheme_of(url), named, patience)
    return made, str(kind._strip_protocol(url))


def forget() -> None:
    """Make anew what was made with the credentials of an environment that holds no more."""
    with _lock:
        _made.cache_clear()


@lru_cache(maxsize=16)
def _made(scheme: str, named: tuple[tuple[str, object], ...], patience: Patience) -> Any:
    """fsspec itself makes one for each thread, with connections of its own."""
    from fsspec import filesystem

    options: dict[str, Any] = dict(named)
    if scheme in ("http", "https"):
        options |= _web_options(patience)
    elif scheme in ("s3", "s3a"):
        waits = {"connect_timeout": patience.timeout, "read_timeout": patience.timeout}
        options["config_kwargs"] = {**waits, "retries": {"max_attempts": 1}}
    return filesystem(scheme, skip_instance_cache=True, **options)


def _web_options(patience: Patience) -> dict[str, Any]:
    from aiohttp import ClientTimeout

    waits = ClientTimeout(None, sock_connect=patience.timeout, sock_read=patience.timeout)
    return {
        "get_client": _web_client,
        # Bytes as they are stored: what unpacks on the way has no length that could be checked.
        "client_kwargs": {
            "timeout": waits,
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity"},
            "trust_env": True,  # proxies
        },
        "encoded": True,  # a URL is asked for as it was given
    }


async def _web_client(**options: Any) -> "ClientSession":
    from aiohttp import ClientSession, TraceConfig

    watch = TraceConfig()
    watch.on_request_redirect.append(_check_redirect)
    return ClientSession(trace_configs=[watch], **options)


async def _check_redirect(session: object, _: object, asked: "TraceRequestRedirectParams") -> None:
    """To another address of the same kind, or to the same one encrypted; to nothing else."""
    location = asked.response.headers.get("Location", "")
    to = scheme_of(location) if "://" in location else asked.url.scheme
    if to not in (asked.url.scheme, "https"):
        raise RedirectedError(to)
