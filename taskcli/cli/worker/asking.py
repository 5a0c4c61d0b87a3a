"""Whether a call is for the worker, by a look: what every call pays where there is none."""

import os
from collections.abc import Sequence

from taskcli.tasks import BY_NAME

# What needs no model, or one of its own, or does not end.
_OWN = {"--help", "-h", "--dry-run", "--compile", "--watch"}
_OWN_BY_NAME = ("_TASKCLI_COMPLETE", "TASKCLI_DEBUG", "TASKCLI_WATCH")
_OPEN_HERE = ("/dev/fd/", "/proc/self/", "/proc/thread-self/")  # as a shell names pipes


def is_for_worker(words: Sequence[str]) -> bool:
    """Whether a call may need a model, by its words and the environment."""
    if not words or words[0] not in BY_NAME or _OWN & set(words):
        return False
    if any(os.environ.get(name) for name in _OWN_BY_NAME):
        return False
    if any(here in word for word in words for here in _OPEN_HERE):
        return False
    return _warm(words) != "never"


def worker_is_there() -> bool:
    """Whether a worker may listen."""
    from taskcli.cli.worker.address import is_possible, socket_file
    from taskcli.errors import UsageError

    try:
        return is_possible() and os.path.lexists(socket_file())
    except UsageError:
        return False


def _warm(words: Sequence[str]) -> str:
    """What is said of --warm; settings files are read by whoever answers."""
    said = os.environ.get("TASKCLI_WARM", "auto")
    for word, value in zip(words, (*words[1:], ""), strict=True):
        if word == "--warm":
            said = value
        elif word.startswith("--warm="):
            said = word.partition("=")[2]
    return said
