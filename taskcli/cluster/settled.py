"""What came of a call of a worker: its value, or that the worker is lost."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from taskcli.errors import StoppedError, first_line

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Lost:
    """The worker is of no use any more: its process ended, its machine, or its device."""

    reason: str


def settled(future: "Future[T]") -> T | Lost:
    """Raises what the worker's own code raised, which would have ended a local run, too.

    But a device that is lost is one of many here, and its worker is lost with it.
    """
    from ray.exceptions import RayError, RayTaskError

    try:
        return future.result()
    except RayTaskError as failure:
        cause = failure.cause
        if isinstance(cause, StoppedError):
            return Lost(cause.message)
        raise cause from failure
    except RayError as failure:
        if "No module named" in str(failure):
            raise StoppedError(
                "the machines of the cluster lack taskcli, or have another version of it",
                "pip install 'taskcli[ray]' on each, in the same version as here",
            ) from failure
        return Lost(_COLOURS.sub("", first_line(failure)))
