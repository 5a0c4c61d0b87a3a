"""A client's call, and this process as the client's while it is answered."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TextIO, cast

from taskcli.cli.worker.wire import Message, WireError, close

_STREAMS = ("stdin", "stdout", "stderr")


@dataclass(frozen=True)
class Call:
    """What a client typed, and what is of its process: its descriptors are its standard streams
    and its working folder."""

    words: list[str]
    environment: dict[str, str]
    umask: int
    closed: list[str]  # the streams that its own caller had closed
    descriptors: list[int]

    @classmethod
    def of(cls, message: Message, descriptors: list[int]) -> "Call":
        """Raises WireError for a request that is none."""
        words, environment = message.get("words"), message.get("environment")
        umask, closed = message.get("umask"), message.get("closed")
        if not (
            _are_texts(words)
            and isinstance(environment, dict)
            and _are_texts(list(environment.values()))
            and isinstance(umask, int)
            and _are_texts(closed)
            and len(descriptors) == len(_STREAMS) + 1
        ):
            raise WireError("no call")
        return cls(words, environment, umask & 0o777, closed, descriptors)  # type: ignore[arg-type]


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


@contextmanager
def standing_in(call: Call) -> Iterator[None]:
    """Meanwhile this process has the client's streams, environment, folder and umask.

    Raises OSError where its folder cannot be entered.
    """
    before, umask = dict(os.environ), os.umask(call.umask)
    own = [os.dup(number) for number in range(len(_STREAMS))]
    try:
        try:
            os.fchdir(call.descriptors[-1])
            _be(call.environment)
            for number, descriptor in enumerate(call.descriptors[:-1]):
                os.dup2(descriptor, number)
        finally:
            close(call.descriptors)
        with _streams(call.closed):
            yield
    finally:
        for number, descriptor in enumerate(own):
            os.dup2(descriptor, number)
        close(own)
        _be(before)
        os.chdir("/")  # no folder is held on to
        os.umask(umask)


def _be(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


@contextmanager
def _streams(closed: list[str]) -> Iterator[None]:
    """Python's own streams on the descriptors, made as it makes them at its start."""
    before = {name: getattr(sys, name) for name in _STREAMS}
    made: dict[str, TextIO] = {
        name: _opened(number, before[name])
        for number, name in enumerate(_STREAMS)
        if name not in closed
    }
    for name in _STREAMS:
        setattr(sys, name, made.get(name))
    try:
        yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)
        for name in set(made) - {"stdin"}:
            _emptied(made[name])


def _opened(number: int, like: TextIO) -> TextIO:
    mode, lines = ("w", 1 if number == 2 else -1) if number else ("r", -1)
    opened = os.fdopen(number, mode, lines, like.encoding, like.errors, "\n", closefd=False)
    return cast("TextIO", opened)


def _emptied(stream: TextIO) -> None:
    """What could not be written must not reach the next client."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
            stream.flush()
