"""The worker's side: who asks what, and one call at a time."""

import gc
import os
import queue
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import NoReturn, Protocol

from taskcli.cli.run.watchdog import CODES
from taskcli.cli.worker import common, wire
from taskcli.cli.worker.call import Call
from taskcli.cli.worker.job import Job
from taskcli.cli.worker.models import KeptModels

_PATIENCE = 2.0  # seconds for a client to say what it wants
_QUEUE = 1.0  # seconds that a call waits for the one before it: less than loading anything takes
_ENDING = 5.0  # seconds for a run whose client has gone


class Process(Protocol):
    """The process that a server is in."""

    def note(self, line: str) -> None:
        """Keep a line for who asks why."""

    def is_current(self) -> bool:
        """Whether its code is what is installed."""

    def be_as_new(self) -> None:
        """Have what a process has at its start, before a call is answered."""

    def begin_anew(self) -> NoReturn:
        """Become a new worker, without models."""


class Server:
    """Answers on a listening socket until nothing has come for so long, or it is told to end."""

    def __init__(
        self, listening: socket.socket, facts: wire.Message, idle: float | None, process: Process
    ) -> None:
        """`idle` is in seconds; None is for ever. `facts` are those of `common`."""
        self._listening, self._facts, self._idle = listening, facts, idle
        self._process, self._models = process, KeptModels()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._free = threading.Lock()  # is held while a call is answered
        self._ends = False
        self._since, self._calls = time.time(), 0

    def serve(self) -> None:
        """In the main thread, as signals go there."""
        self._wait_for_signals()
        threading.Thread(target=self.listen, daemon=True).start()
        while (job := self._next()) is not None:
            self._calls += 1
            self._process.be_as_new()
            goes_on = job.answer()
            self._wait_for_signals()
            if not goes_on:
                self._process.begin_anew()
            del job
            gc.collect()
            self._free.release()

    def _next(self) -> Job | None:
        while True:
            try:
                return self._jobs.get(timeout=self._idle)
            except queue.Empty:
                if self._free.acquire(blocking=False):  # nobody is accepted any more
                    return None

    def _end(self) -> None:
        """After the call that is being answered."""
        self._ends = True
        self._jobs.put(None)

    def _wait_for_signals(self) -> None:
        """While no call is answered a SIGINT was meant for one that is over."""
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end())

    def listen(self) -> None:
        """Hear every connection in a thread of its own, for ever."""
        while True:
            link, _ = self._listening.accept()
            threading.Thread(target=self._hear, args=(link,), daemon=True).start()

    def _hear(self, link: socket.socket) -> None:
        """One connection, of whoever it is."""
        with link, suppress(OSError, EOFError, wire.WireError):
            if wire.peer(link)[1] != os.geteuid():
                return
            link.settimeout(_PATIENCE)
            message, descriptors = wire.receive(link)
            try:
                self._do(link, message, descriptors)
            finally:
                wire.close(descriptors)

    def _do(self, link: socket.socket, message: wire.Message, descriptors: list[int]) -> None:
        match message.get("ask"):
            case "run":
                self._run(link, message, descriptors)
            case "status":
                wire.send(link, self._status(message.get("facts")))
            case "stop":
                wire.send(link, {"answering": self._free.locked()})
                self._end()
                link.settimeout(None)
                wire.told(link)  # until this process ends, or the other one does
            case _:
                wire.send(link, {"refused": "another version"})

    def _run(self, link: socket.socket, message: wire.Message, descriptors: list[int]) -> None:
        why = self._refusal(message.get("facts"))
        if not why and not self._free.acquire(timeout=_QUEUE):
            why = "the worker is busy"
        if why:
            self._process.note(f"refused a call: {why}")
            wire.send(link, {"refused": why})
            if why == common.OUTDATED:
                self._end()
            return
        try:
            call = Call.of(message, list(descriptors))
            wire.send(link, {"accepted": True})
            if "go" not in wire.told(link):  # or a client that had no patience would run it, too
                raise wire.WireError("not begun")
        except BaseException:
            self._free.release()
            raise
        descriptors.clear()  # they are the job's to close
        link.settimeout(None)
        job = Job(call, link, self._models.load)
        self._jobs.put(job)
        self._watch(link, job)

    def _refusal(self, theirs: object) -> str:
        if self._ends:
            return "the worker is ending"
        return self._outdated(theirs)

    def _outdated(self, theirs: object) -> str:
        """Why calls of a process with these facts are not for this worker; empty where they are."""
        if not self._process.is_current():
            return common.OUTDATED
        return common.difference(self._facts, theirs)

    def _watch(self, link: socket.socket, job: Job) -> None:
        """Pass signals of the client on; its end is the end of the run."""
        with suppress(OSError, EOFError, wire.WireError):
            while True:
                number = wire.told(link).get("signal")
                if isinstance(number, int) and number in CODES:
                    job.signal(number)
        if job.ended.is_set():
            return
        job.signal(signal.SIGTERM)
        job.ended.wait(0.1)
        job.signal(signal.SIGTERM)  # nobody waits for its batch
        if not job.ended.wait(_ENDING):
            self._process.begin_anew()

    def _status(self, facts: object) -> wire.Message:
        return {
            "running": True,
            "pid": os.getpid(),
            "taskcli": self._facts["taskcli"],
            "since": self._since,
            "idle": self._idle,
            "answering": self._free.locked(),
            "ending": self._ends,
            "outdated": self._outdated(facts) or None,
            "calls": self._calls,
            "models": self._models.plain(),
        }
