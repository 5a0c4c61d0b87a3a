"""What a client and the worker say to each other: JSON behind its length, descriptors beside it."""

import json
import os
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress

Message = dict[str, object]
_HEAD = struct.Struct("!I")  # how many bytes follow
_MOST = 16_000_000  # bytes; systems allow words and environment of less
_DESCRIPTORS = 4
# Of macOS, which Python does not name: <sys/un.h>.
_LEVEL, _CREDENTIALS, _PROCESS = 0, 1, 2
_XUCRED = struct.Struct("IIh2x16I")


class WireError(Exception):
    """What came is no message."""


def peer(link: socket.socket) -> tuple[int, int]:
    """The process and the user at the other end, as the kernel knows them."""
    if sys.platform == "darwin":
        _, user, *_ = _XUCRED.unpack(link.getsockopt(_LEVEL, _CREDENTIALS, _XUCRED.size))
        return int.from_bytes(link.getsockopt(_LEVEL, _PROCESS, 4), sys.byteorder), user
    process, user, _ = struct.unpack(
        "3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    )
    return process, user


def send(link: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    data = json.dumps(message).encode()
    if descriptors:
        socket.send_fds(link, [_HEAD.pack(len(data))], descriptors)
    else:
        link.sendall(_HEAD.pack(len(data)))
    link.sendall(data)


def receive(link: socket.socket) -> tuple[Message, list[int]]:
    """A message, and the descriptors with it, which are the caller's to close.

    Raises EOFError at the end, WireError for what is no message, and OSError.
    """
    head, descriptors, flags, _ = socket.recv_fds(link, _HEAD.size, _DESCRIPTORS)
    try:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if flags & socket.MSG_CTRUNC:
            raise WireError("too many descriptors")
        head += _exactly(link, _HEAD.size - len(head))
        (count,) = _HEAD.unpack(head)
        if count > _MOST:
            raise WireError(f"a message of {count} bytes")
        return _parsed(_exactly(link, count)), descriptors
    except BaseException:
        close(descriptors)
        raise


def told(link: socket.socket) -> Message:
    """As `receive`, where no descriptors are wanted."""
    message, descriptors = receive(link)
    close(descriptors)
    return message


def close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def _exactly(link: socket.socket, count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        block = link.recv(min(count - len(found), 1 << 16))
        if not block:
            raise EOFError
        found += block
    return bytes(found)


def _parsed(data: bytes) -> Message:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        raise WireError("no JSON") from None
    if not isinstance(message, dict):
        raise WireError("no object")
    return message
