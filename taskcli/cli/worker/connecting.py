"""A connection to the worker, once it is sure who holds the socket."""

import os
import socket
from contextlib import suppress

from taskcli.cli import messages
from taskcli.cli.worker import address, common, wire
from taskcli.errors import StoppedError, UsageError

_PATIENCE = 10.0  # seconds for an answer: a worker says after one that it is busy


class NoWorker(StoppedError):
    """There is nobody to ask, and why."""


class NoAnswer(NoWorker):
    """A worker is there and says nothing."""


def connected() -> tuple[socket.socket, int]:
    """A connection to the worker, and its process id.

    Raises NoWorker, and UsageError where others than this user have a hand in it.
    """
    if not address.is_possible():
        raise NoWorker("there is no worker on this system")
    file = address.socket_file()
    if not os.path.lexists(file):
        raise NoWorker("no worker runs")
    address.check_private(file.parent)
    link = socket.socket(socket.AF_UNIX)
    try:
        link.settimeout(_PATIENCE)
        link.connect(str(file))
        return link, _checked(link)
    except OSError as failure:
        link.close()
        raise NoWorker(f"the worker does not answer: {failure.strerror or failure}") from None
    except BaseException:
        link.close()
        raise


def request(message: wire.Message) -> tuple[wire.Message, socket.socket, int]:
    """The answer to a short question; the connection, which is open until the worker ends it.

    Raises as `connected`.
    """
    link, process = connected()
    try:
        wire.send(link, message)
        return wire.told(link), link, process
    except (OSError, EOFError, wire.WireError):
        link.close()
        told = f"the worker, process {process}, does not answer"
        raise NoAnswer(told, f"kill {process} ends it") from None


def standing() -> wire.Message:
    """What the worker says of itself, and as `outdated` why it answers no calls from here.

    Raises as `request`.
    """
    answer, link, _ = request({"ask": "status", "facts": common.facts()})
    link.close()
    return {"ending": False, "outdated": "another version", **answer}  # an old one may not say


def end() -> int:
    """End the worker, after the call that it is answering; the process that it was.

    Raises as `request`.
    """
    told, link, process = request({"ask": "stop"})
    with link, suppress(OSError, EOFError, wire.WireError):
        if told.get("answering"):
            messages.status("waiting for the call that it is answering …")
        link.settimeout(None)
        wire.told(link)  # its end ends the connection
    return process


def _checked(link: socket.socket) -> int:
    """The process at the other end."""
    process, user = wire.peer(link)
    if user != os.geteuid():
        raise UsageError(f"the worker's socket is held by user {user}")
    if process <= 0:
        raise NoWorker("the worker runs in another container")
    return process
