"""Why a checkpoint cannot be had from the Hub: its client's exceptions as one clear message."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from taskcli.checkpoints.registry import Checkpoint, Registry
from taskcli.errors import CheckpointError, first_line

_LOG_IN = "hf auth login, or set HF_TOKEN"
_AGAIN = "what has come is kept: run the same command again later"
# By the client's class; its special cases before their parents.
_BY_CLASS = {
    "HFValidationError": ("this is no Hub id", "an id is ORG/REPO"),
    "GatedRepoError": ("it is gated", f"accept its terms on the Hub, then log in: {_LOG_IN}"),
    "RevisionNotFoundError": (
        "the Hub has no such revision",
        "look at the repository's commits and give one with --revision",
    ),
    "RepositoryNotFoundError": (
        "the Hub knows no such repository",
        f"check the spelling; for a private one log in: {_LOG_IN}",
    ),
}
_BY_STATUS = {
    401: ("the Hub refuses the token", f"take a valid one: {_LOG_IN}"),
    403: ("the Hub denies access", f"log in as somebody who may read it: {_LOG_IN}"),
    429: ("the Hub has had too many requests", _AGAIN),
}
_BY_ERRNO = {
    errno.ENOSPC: (
        "there is no room on the disk for it",
        "make room, or set HF_HOME to a folder on a larger disk; what has come is kept",
    ),
    errno.EACCES: ("the cache cannot be written", "set HF_HOME to a folder of yours"),
    errno.EROFS: ("the cache cannot be written", "set HF_HOME to a folder of yours"),
}


@contextmanager
def explained(checkpoint: Checkpoint) -> Iterator[None]:
    """Turn what the client raises into CheckpointError."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as failure:  # transport errors differ between the client's versions
        raise _told(checkpoint, failure) from None


def status_of(failure: BaseException) -> int | None:
    """The HTTP status that an exception of the client tells of, if any."""
    return getattr(getattr(failure, "response", None), "status_code", None)


def ways_out(checkpoint: Checkpoint) -> str:
    """What to do on a machine that cannot fetch."""
    starter = "--model starter, or " if "starter" in Registry(checkpoint.task).names else ""
    return (
        f"on a connected machine: taskcli models pull {checkpoint.task} {checkpoint.repo}; "
        f"without one: {starter}a folder"
    )


def pickled_only(name: str) -> CheckpointError:
    return CheckpointError(
        f"{name} has pickled weights only, which can run code when they are loaded",
        "add --allow-pickle if you trust the source (tensors only are read)",
    )


def _told(checkpoint: Checkpoint, failure: BaseException) -> CheckpointError:
    if type(failure).__name__ == "LocalEntryNotFoundError" and failure.__cause__ is not None:
        failure = failure.__cause__  # the client hides what it met while it looked for a file
    known = _known(failure)
    if known is None:
        reason = first_line(failure)
        message = f"{checkpoint.name} is not cached, and the Hub cannot be reached: {reason}"
        return CheckpointError(message, ways_out(checkpoint))
    why, hint = known
    return CheckpointError(f"{checkpoint.repo} ({checkpoint.revision or 'main'}): {why}", hint)


def _known(failure: BaseException) -> tuple[str, str] | None:
    classes = [kind.__name__ for kind in type(failure).__mro__]
    for name, told in _BY_CLASS.items():
        if name in classes:
            return told
    status = status_of(failure)
    if status is not None:
        return _BY_STATUS.get(status, (f"the Hub answers {status}", _AGAIN))
    return _BY_ERRNO.get(failure.errno or 0) if isinstance(failure, OSError) else None
