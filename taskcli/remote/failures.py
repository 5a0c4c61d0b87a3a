"""Why something elsewhere cannot be had, in our words: a library's own may hold credentials."""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from taskcli.remote.stores import RedirectedError

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # what may be otherwise in a moment
_CREDENTIALS = "log in as the store's own tools do, or set its environment variables"


class ShortError(Exception):
    """Fewer or more bytes came than were stated."""

    def __init__(self, came: int, stated: int) -> None:
        super().__init__(f"{came} bytes came of the {stated} that were stated")


class SlowError(Exception):
    """Bytes come, but too few of them."""


@dataclass(frozen=True)
class Why:
    """`again` says that another attempt may go better."""

    reason: str
    hint: str | None = None
    again: bool = False


def why(failure: BaseException) -> Why:
    """What a failure of a store or of a connection means."""
    if isinstance(failure, ShortError):
        return Why(str(failure), again=True)
    if isinstance(failure, SlowError):
        return Why("it comes too slowly", "raise --timeout if you can wait")
    if isinstance(failure, RedirectedError):
        return Why(f"it redirects to an address of another kind ({failure.to})")
    for one in _chain(failure):
        found = _of_status(_status(one)) or _of_name(type(one).__name__)
        if found is not None:
            return found
    return _of_kind(failure)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """A failure and what it came of."""
    one: BaseException | None = failure
    for _ in range(8):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__


def _status(failure: Any) -> int | None:
    """The HTTP status in an exception of aiohttp, botocore, httpx or gcsfs."""
    response = getattr(failure, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        status = getattr(response, "status_code", None) or getattr(failure, "status", None)
    return status if isinstance(status, int) and status >= 400 else None


def _of_status(status: int | None) -> Why | None:
    if status is None:
        return None
    if status in (404, 410):
        return Why("it is not there")
    if status in (401, 403):
        return Why(f"access is denied ({status})", _CREDENTIALS)
    return Why(f"the server answers {status}", again=status in _AGAIN)


def _of_name(name: str) -> Why | None:
    """By the names of classes, whose libraries may not be there."""
    if name in ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError"):
        return Why("there are no credentials for it", _CREDENTIALS)
    if name in ("NonHttpUrlRedirectClientError", "InvalidUrlRedirectClientError"):
        return Why("it redirects to an address of another kind")
    if name in ("InvalidURL", "InvalidUrlClientError"):
        return Why("the URL is not valid")
    if name == "TooManyRedirects":
        return Why("it redirects without end")
    if name == "OfflineModeIsEnabled":
        return Why("HF_HUB_OFFLINE is set", "unset it to read from the Hub")
    if "Timeout" in name:
        return Why("no byte came in time", again=True)
    if name in ("ClientPayloadError", "IncompleteRead", "ResponseStreamingError"):
        return Why("the connection broke in the middle", again=True)
    if "DNS" in name:
        return Why("its host is not known", again=True)
    if "Connect" in name or "ServerDisconnected" in name or name == "ClientOSError":
        return Why("the connection failed", again=True)
    return None


def _of_kind(failure: BaseException) -> Why:
    if isinstance(failure, FileNotFoundError):
        return Why("it is not there")
    if isinstance(failure, PermissionError):
        return Why("access is denied", _CREDENTIALS)
    if isinstance(failure, OSError) and failure.errno == errno.ENOSPC:
        return Why("the disk of temporary files is full", "TMPDIR names another")
    if isinstance(failure, OSError):
        return Why(f"the store fails ({type(failure).__name__})", again=True)
    return Why(f"the store fails ({type(failure).__name__})")
