"""Signals end a run wherever it is: loading, decoding, computing, writing, once and twice."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import parse

SOON = 60.0  # seconds within which a process on a slow machine has done what it will do
A_FEW = 15.0  # seconds: what is promised, on a machine that is busy with other tests
TASK = "classify-text"
INT, TERM = (signal.SIGINT, 130), (signal.SIGTERM, 143)

# C code that no signal interrupts; the second keeps Python's lock, so that no thread runs.
IN_C = "__import__('hashlib').pbkdf2_hmac('sha256', b'x', b'x', 2**31 - 1)"
IN_C_WITH_THE_LOCK = "sum(range(10**14))"
IN_PYTHON = "__import__('time').sleep(1000)"

PROGRAM = """
import sys
from pathlib import Path
from taskcli.cli.main import start

def stuck(*_, **__):
    Path("stuck").touch()
    {work}

{patch}
start()
"""
LOADING = "import taskcli.cli.run.engines as at; at.open_model = stuck"
FETCHING = "import taskcli.checkpoints.cache as at; at.fetch = stuck"
DECODING = "import taskcli.media.decode.decoder as at; at.Decoder.__call__ = stuck"
COMPUTING = "import taskcli.runtime.session as at; at.Session.forward = stuck"
ANSWERING = "import taskcli.runtime.session as at; at.Session.read = stuck"
WRITING = "import taskcli.output.formats.jsonl as at; at.JsonLinesWriter.write = stuck"

Begin = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def begin(spawn: Any, classifier: Path) -> Begin:
    """A run that is stuck at one place, in one kind of work."""

    def call(patch: str, work: str, *words: str) -> subprocess.Popen[bytes]:
        program = PROGRAM.format(patch=patch, work=work)
        words = (TASK, "--text", "Yes.", "-m", str(classifier), *words)
        process: subprocess.Popen[bytes] = spawn(sys.executable, "-c", program, *words)
        deadline = time.monotonic() + SOON
        while not Path("stuck").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.2)  # into the work
        return process

    return call


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=A_FEW)
    return process.returncode, stdout.decode(), stderr.decode()


@pytest.mark.long
@pytest.mark.parametrize(
    ("patch", "work", "sent"),
    [
        (FETCHING, IN_PYTHON, INT),
        (LOADING, IN_PYTHON, TERM),
        (LOADING, IN_C, INT),
        (LOADING, IN_C, TERM),
    ],
)
def test_a_signal_while_loading_ends_at_once_and_says_so(
    begin: Begin, patch: str, work: str, sent: tuple[int, int]
) -> None:
    number, code = sent
    process = begin(patch, work)
    process.send_signal(number)
    assert ended(process) == (code, "", "interrupted while loading\n")


@pytest.mark.long
@pytest.mark.parametrize(
    ("patch", "sent"), [(DECODING, INT), (COMPUTING, TERM), (ANSWERING, INT), (WRITING, TERM)]
)
def test_the_first_signal_ends_a_run_within_seconds(
    begin: Begin, patch: str, sent: tuple[int, int]
) -> None:
    number, code = sent
    process = begin(patch, IN_C)
    process.send_signal(number)
    found, stdout, stderr = ended(process)
    assert (found, stdout) == (code, "")
    assert "Traceback" not in stderr
    assert "Fatal" not in stderr


@pytest.mark.long
@pytest.mark.parametrize(("patch", "sent"), [(DECODING, TERM), (COMPUTING, INT), (ANSWERING, TERM)])
def test_the_second_signal_does_not_wait_for_the_batch(
    begin: Begin, patch: str, sent: tuple[int, int]
) -> None:
    number, code = sent
    process = begin(patch, IN_C)
    process.send_signal(number)
    time.sleep(0.3)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(number)
    found, stdout, stderr = ended(process)
    assert (found, stdout) == (code, "")
    assert stderr.endswith("interrupted\n")
    assert time.monotonic() - began < 2.5


@pytest.mark.long
@pytest.mark.parametrize(("patch", "times"), [(LOADING, 1), (DECODING, 2), (COMPUTING, 1)])
def test_code_that_stops_every_thread_is_ended_too(begin: Begin, patch: str, times: int) -> None:
    process = begin(patch, IN_C_WITH_THE_LOCK)
    for _ in range(times):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    code, stdout, _ = ended(process)
    assert (code, stdout) == (-signal.SIGKILL, "")


@pytest.mark.long
def test_an_array_is_ended_where_a_second_signal_ends_the_run(begin: Begin) -> None:
    process = begin(DECODING, IN_PYTHON, "--format", "json")
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    code, stdout, _ = ended(process)
    assert code == 130
    assert stdout.split() == ["[", "]"] or stdout.split() == ["[]"]


@pytest.mark.long
def test_a_reader_that_does_not_read_holds_no_signal_up(start: Any, classifier: Path) -> None:
    Path("lines.txt").write_text("A line.\n" * 20_000)
    process = start(TASK, "lines.txt", "--lines", "-m", classifier)
    written = process.stdout.readline()
    time.sleep(2)  # until the pipe is full
    process.send_signal(signal.SIGTERM)
    assert process.wait(A_FEW) == 143
    rest = process.stdout.read()
    assert parse((written + rest[: rest.rfind(b"\n") + 1]).decode())


def test_nobody_is_left_behind(begin: Begin) -> None:
    process = begin(LOADING, IN_PYTHON)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("/proc does not list children here")
    watching = [int(word) for word in children.read_text().split()]
    assert len(watching) == 1
    process.kill()
    process.communicate(timeout=A_FEW)
    deadline = time.monotonic() + A_FEW
    while Path(f"/proc/{watching[0]}").exists() and time.monotonic() < deadline:
        state = Path(f"/proc/{watching[0]}/stat").read_text().split()[2]
        if state == "Z":  # ended, and not yet collected by whoever adopted it
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{watching[0]}").exists()
