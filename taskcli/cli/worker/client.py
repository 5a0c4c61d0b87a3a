"""The caller's side: its call is sent, its signals are passed on. Nothing heavy is loaded."""

import os
import select
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from taskcli.cli.run.watchdog import CODES, WORKING, Patience
from taskcli.cli.worker import address, common, wire
from taskcli.cli.worker.connecting import NoWorker, connected
from taskcli.errors import ExitCode, Interrupted, StoppedError, UsageError

_BEHIND = 1.0  # seconds that a worker has longer to end a job than a process has to end itself


class Answer(NamedTuple):
    """The exit code of a call that the worker has answered; None, and why, where it has not."""

    code: int | None
    why: str = ""


def asked(words: Sequence[str]) -> Answer:
    """Let the worker answer a call, if there is one that can.

    Raises Interrupted for a signal that came before it was asked, and StoppedError where the
    worker ended while it answered, as nobody can tell how much of the answer is out.
    """
    try:
        link, process = connected()
    except (NoWorker, UsageError) as none:
        return Answer(None, str(none))
    with link, _signals() as heard:
        try:
            why = _accepted(link, words)
        except (OSError, EOFError, wire.WireError):
            why = "the worker does not answer"
        if signals := _read(heard):
            raise Interrupted(CODES[signal.Signals(signals[0])], "interrupted")
        if why:
            return Answer(None, why)
        return _Call(link, process, heard, reads_stdin=_reads_stdin(words)).answer()


def _accepted(link: socket.socket, words: Sequence[str]) -> str:
    """Ask; why the worker does not answer this call, or nothing."""
    umask = os.umask(0o077)
    os.umask(umask)
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    request: wire.Message = {
        "ask": "run",
        "words": list(words),
        "environment": dict(os.environ),
        "umask": umask,
        "closed": [name for name, stream in streams.items() if stream is None],
        "facts": common.facts(),
    }
    try:
        wire.send(link, request, (0, 1, 2, folder))
    finally:
        os.close(folder)
    answer = wire.told(link)
    return "" if "accepted" in answer else str(answer.get("refused", "the worker refused"))


def _reads_stdin(words: Sequence[str]) -> bool:
    """Whether what stands in standard input may be gone after an attempt."""
    return any(word == "-" or word.endswith("=-") for word in words)


@contextmanager
def _signals() -> Iterator[int]:
    """Meanwhile the two signals are bytes in a pipe, which is given."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    before = {number: signal.signal(number, lambda *_: None) for number in CODES}
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        wire.close((reading, writing))


def _read(heard: int) -> list[int]:
    try:
        return [number for number in os.read(heard, 64) if number in CODES]
    except BlockingIOError:
        return []


class _Call:
    """A call that the worker has accepted."""

    def __init__(self, link: socket.socket, process: int, heard: int, reads_stdin: bool) -> None:
        self._link, self._process, self._heard = link, process, heard
        self._may_begin_again = not reads_stdin
        self._patience = Patience(_BEHIND)

    def answer(self) -> Answer:
        """Wait for it, and pass signals on."""
        try:
            self._link.settimeout(None)
            wire.send(self._link, {"go": True})
            while (answer := self._next()) is None:
                pass
            return answer
        except (OSError, EOFError, wire.WireError):
            return self._lost()

    def _next(self) -> Answer | None:
        both: list[socket.socket | int] = [self._link, self._heard]
        ready, _, _ = select.select(both, [], [], self._patience.left)
        if not ready:
            os.kill(self._process, signal.SIGKILL)  # it has not ended in time, as a run has to
            raise Interrupted(self._code(), "interrupted")
        for number in _read(self._heard) if self._heard in ready else ():
            self._patience.hear(number)
            wire.send(self._link, {"signal": number})
        return self._told() if self._link in ready else None

    def _told(self) -> Answer | None:
        message = wire.told(self._link)
        if "working" in message:
            self._may_begin_again = False
            self._patience.hear(WORKING)
        if "declined" in message:
            return Answer(None, str(message["declined"]))
        code = message.get("code")
        return Answer(code) if isinstance(code, int) else None

    def _lost(self) -> Answer:
        """The worker has ended."""
        if self._patience.number:
            return Answer(self._code())
        if self._may_begin_again:
            return Answer(None, "the worker ended while it loaded")
        raise StoppedError(
            "the worker ended while it answered",
            f"the same call with --warm never does without it; {address.log_file()} may say why",
        )

    def _code(self) -> ExitCode:
        return CODES[signal.Signals(self._patience.number)]
