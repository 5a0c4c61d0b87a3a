"""The worker: calls are answered as by a process of their own, only sooner; or by that one."""

import json
import os
import pty
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished, parse
from safetensors.torch import load_file, save_file

from taskcli.checkpoints.registry import package_folder
from taskcli.cli.worker import address, common, starting, wire
from taskcli.cli.worker.asking import is_for_worker
from taskcli.cli.worker.client import asked
from taskcli.cli.worker.command import _ago
from taskcli.cli.worker.connecting import connected, request
from taskcli.cli.worker.models import KeptModels
from taskcli.cli.worker.server import Server
from taskcli.errors import StoppedError, UsageError
from taskcli.tasks import BY_NAME

pytestmark = pytest.mark.skipif(not address.is_possible(), reason="there is no worker here")

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SOON = 60.0  # seconds within which a process on a slow machine has done what it will do
TASK = "classify-text"
CALL = (TASK, "--text", "It is fine.", "-m", "starter")

# A worker in which a call whose environment says so is stuck while its checkpoint loads.
PROGRAM = """
import os, sys
sys.path.append(sys.argv[1])
sys.path.extend(filter(None, [os.environ.get("MORE_LIBRARIES")]))
from taskcli.runtime import loader
load = loader.load
def stuck(*words, **named):
    if work := os.environ.get("STUCK"):
        open("stuck", "w").close()
        eval(work)
    return load(*words, **named)
loader.load = stuck
from taskcli.cli.worker.program import main
main()
"""
IN_PYTHON = "__import__('time').sleep(1000)"
IN_C_WITH_THE_LOCK = "sum(range(10**14))"

Call = Callable[..., Finished]
# What the program decides for its process, and a call within the tests does not.
SETTLED = {"TOKENIZERS_PARALLELISM": "true", "USE_HUB_KERNELS": "NO"}


@dataclass(frozen=True)
class Started:
    """A worker, by the environment that it and its clients have."""

    environment: dict[str, str]

    @property
    def status(self) -> dict[str, Any]:
        answer, link, _ = request({"ask": "status"})
        link.close()
        return answer


@contextmanager
def working(idle: float = 600.0, **more: str) -> Iterator[Started]:
    """A worker in folders of its own; a socket's path has to be short."""
    with (
        tempfile.TemporaryDirectory(prefix="taskcli-") as runtime,
        pytest.MonkeyPatch.context() as patched,
    ):
        environment = {"XDG_RUNTIME_DIR": runtime, "HOME": runtime, **SETTLED, **more}
        for name, value in environment.items():
            patched.setenv(name, value)
        patched.setattr(starting, "_PROGRAM", PROGRAM)
        assert starting.start_worker(idle)
        started = Started(environment)
        pid = started.status["pid"]
        try:
            yield started
        finally:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def _worker() -> Iterator[Started]:
    with working() as started:
        yield started


@pytest.fixture
def worker(_worker: Started, monkeypatch: pytest.MonkeyPatch) -> Started:
    """The module's worker, which must outlive what a test does to it."""
    for name, value in _worker.environment.items():
        monkeypatch.setenv(name, value)
    return _worker


@pytest.fixture
def warm(worker: Started, start: Any) -> Call:
    """Call taskcli as the shell would; the worker must have answered."""

    def call(*words: object, stdin: bytes | None = None, **how: Any) -> Finished:
        before = worker.status["calls"]
        pipe = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        process = start(*words, stdin=pipe, **how)
        stdout, stderr = process.communicate(stdin, timeout=SOON)
        assert worker.status["calls"] == before + 1, address.log_file().read_text()
        return Finished(process.returncode, stdout.decode(), stderr.decode())

    return call


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# The same answers

INPUTS: dict[str, tuple[str, ...]] = {
    "classify-audio": ("sounds/yes.wav",),
    "asr": ("sounds/sentence.wav", "--timestamps", "word"),
    "classify-image": ("scenes/*.png",),
    "detect": ("scenes/orange-ball.jpg",),
    "segment": ("scenes/red-cube.png",),
    "depth": ("scenes/red-cube.png",),
    "classify-text": ("texts/review.txt", "texts/complaint.txt"),
    "ner": ("texts/article.txt",),
    "qa": ("texts/article.txt", "-q", "Who opened the library?"),
    "generate": ("texts/story.txt", "--temperature", "0.8", "--seed", "7"),
    "summarize": ("texts/report.txt",),
    "translate": ("texts/letter.txt", "--from", "en", "--to", "fr"),
}


@pytest.mark.long
@pytest.mark.parametrize("task", BY_NAME)
def test_every_task_answers_as_in_a_process_of_its_own(
    task: str, warm: Call, run: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    words = (task, *INPUTS[task], "-m", "starter")
    alone = run(*words)
    assert alone.exit_code == 0
    assert alone.records
    for _ in range(2):  # with a model that is loaded, and with one that was
        done = warm(*words)
        assert (done.exit_code, done.stdout) == (0, alone.stdout)


def test_a_model_is_loaded_once_for_the_same_files(warm: Call, worker: Started) -> None:
    def of_task() -> list[dict[str, Any]]:
        return [one for one in worker.status["models"] if one["task"] == TASK]

    warm(*CALL)
    (before,) = [one for one in of_task() if one["dtype"] == "float32"]
    warm(*CALL, "--top-k", "1")
    (after,) = [one for one in of_task() if one["dtype"] == "float32"]
    assert after["calls"] == before["calls"] + 1
    assert after["bytes"] == before["bytes"] > 10_000
    warm(*CALL, "--dtype", "bfloat16")
    assert {one["dtype"] for one in of_task()} == {"float32", "bfloat16"}


def test_error_records_and_their_exit_code(warm: Call, run: Call) -> None:
    Path("good.txt").write_text("It is fine.")
    Path("bad.txt").write_bytes(bytes(range(256)))
    words = (TASK, "bad.txt", "good.txt", "-m", "starter")
    alone, done = run(*words), warm(*words)
    assert done.stdout == alone.stdout
    assert done.exit_code == alone.exit_code == 1
    assert done.stderr.splitlines()[0] == alone.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((TASK, "no-such-file.txt"), 2),
        ((TASK, "--text", "x", "--top-k", "0"), 2),
        ((TASK, "--text", "x", "--no-such-option"), 2),
        ((TASK, "--text", "x", "-m", "no-such-model"), 3),
    ],
)
def test_wrong_calls_are_told_the_same(
    words: tuple[str, ...], code: int, warm: Call, run: Call
) -> None:
    alone, done = run(*words), warm(*words)
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", alone.stderr)


def test_standard_input_is_the_callers(warm: Call, run: Call) -> None:
    lines = b"It is fine.\nIt is awful.\n"
    words = (TASK, "-", "--lines", "-m", "starter")
    done = warm(*words, stdin=lines)
    assert done.stdout == run(*words, stdin=lines).stdout
    assert done.stdout.count("\n") == 2


def test_records_come_while_standard_input_is_open(worker: Started, start: Any) -> None:
    process = start(TASK, "-", "--lines", "-m", "starter", stdin=subprocess.PIPE)
    process.stdin.write(b"It is fine.\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["result"]
    process.stdin.close()
    process.stdin = None
    assert process.wait(SOON) == 0


def test_folder_umask_and_environment_are_the_callers(warm: Call) -> None:
    Path("inner").mkdir()
    Path("inner", "it.txt").write_text("It is fine.")
    Path("inner", "taskcli.toml").write_text("[classify-text]\ntop_k = 1\n")
    environment = {**os.environ, "TASKCLI_OUTPUT": "answers.jsonl"}
    done = warm(TASK, "it.txt", "-m", "starter", cwd="inner", env=environment, umask=0o027)
    assert done.exit_code == 0
    written = Path("inner", "answers.jsonl")
    assert len(json.loads(written.read_text())["result"]) == 1
    assert written.stat().st_mode & 0o777 == 0o640


def test_closed_streams_are_closed(warm: Call, run: Call) -> None:
    done = warm(*CALL, preexec_fn=lambda: os.close(1))
    assert done.exit_code == 2
    assert "standard output is closed" in done.stderr


@pytest.mark.long
def test_a_terminal_is_shown_the_same(worker: Started) -> None:
    """Colours, and lines of its width."""
    shown = {warm: in_terminal(*CALL, "--warm", warm) for warm in ("auto", "never")}
    assert "\x1b[" in shown["auto"]
    assert shown["auto"] == shown["never"]


def in_terminal(*words: str) -> str:
    """What a call writes to standard output, which is a terminal of 50 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("COLUMNS", "NO_COLOR"):
        environment.pop(name, None)
    import fcntl
    import termios

    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 20, 50, 0, 0))
    command = [sys.executable, "-m", "taskcli", *words]
    streams = {"stdin": subprocess.DEVNULL, "stdout": theirs, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **streams) as process:  # type: ignore[call-overload]
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:  # nobody has it open any more
                break
            if not block:
                break
            shown += block
        assert process.wait(SOON) == 0
    os.close(ours)
    return shown.decode()


# Ends


@pytest.fixture
def many() -> str:
    Path("lines.txt").write_text("It is a line.\n" * 50_000)
    return "lines.txt"


def test_a_reader_that_leaves_ends_the_call_and_not_the_worker(
    worker: Started, start: Any, many: str, warm: Call
) -> None:
    pid = worker.status["pid"]
    process = start(TASK, many, "--lines", "-m", "starter")
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(SOON) == 0
    assert process.stderr.read() == b""
    assert warm(*CALL).exit_code == 0
    assert worker.status["pid"] == pid


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_call_and_not_the_worker(
    number: int, code: int, worker: Started, start: Any, many: str, warm: Call
) -> None:
    pid = worker.status["pid"]
    process = start(TASK, many, "--lines", "-m", "starter", "-o", "answers.jsonl")
    until(lambda: Path("answers.jsonl").exists() and Path("answers.jsonl").stat().st_size > 0)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == code
    assert b"--resume goes on" in stderr
    assert 0 < len(parse(Path("answers.jsonl").read_text())) < 50_000
    assert warm(*CALL).exit_code == 0
    assert worker.status["pid"] == pid


def test_a_caller_that_is_killed_is_not_answered_any_more(
    worker: Started, start: Any, many: str, warm: Call
) -> None:
    process = start(TASK, many, "--lines", "-m", "starter")
    assert process.stdout.readline()
    process.kill()
    process.wait(SOON)
    until(lambda: not worker.status["answering"])
    assert warm(*CALL).exit_code == 0


@pytest.mark.long
def test_what_does_not_stop_costs_the_worker_and_never_the_caller(start: Any) -> None:
    """Interrupted while libraries load, it begins anew; in C code that keeps the lock, it ends."""
    with working() as worker:
        pid, since = worker.status["pid"], worker.status["since"]
        told = b"interrupted while loading\n"
        assert interrupted(start, IN_PYTHON, signal.SIGINT) == (130, b"", told)
        until(lambda: is_answering(worker))
        assert worker.status["pid"] == pid
        assert worker.status["since"] > since
        Path("stuck").unlink()
        told = b"interrupted\n"
        assert interrupted(start, IN_C_WITH_THE_LOCK, signal.SIGTERM) == (143, b"", told)
        until(lambda: not is_alive(pid))


def interrupted(start: Any, work: str, number: int) -> tuple[int, bytes, bytes]:
    """The end of a call that is stuck while its checkpoint loads."""
    process = start(*CALL, env={**os.environ, "STUCK": work})
    until(Path("stuck").exists)
    time.sleep(0.3)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=SOON)
    return process.returncode, stdout, stderr


def is_answering(worker: Started) -> bool:
    try:
        return bool(worker.status["running"])
    except StoppedError:
        return False


# Other files, other versions, other people


def test_changed_files_are_another_model(warm: Call, run: Call) -> None:
    folder = Path("mine")
    shutil.copytree(package_folder() / "starter" / TASK, folder)
    words = (TASK, "--text", "It is fine.", "-m", folder)
    before = warm(*words)
    weights = next(folder.glob("*.safetensors"))
    changed = {name: -tensor for name, tensor in load_file(weights).items()}
    save_file(changed, weights, metadata={"format": "pt"})
    after = warm(*words)
    assert after.stdout != before.stdout
    assert after.stdout == run(*words).stdout


@pytest.mark.long
def test_a_checkpoint_that_names_code_since_it_was_loaded_is_refused(warm: Call, run: Call) -> None:
    folder = Path("mine")
    shutil.copytree(package_folder() / "starter" / TASK, folder)
    words = (TASK, "--text", "It is fine.", "-m", folder)
    time.sleep(2.1)  # until its files are no longer new
    assert [warm(*words).exit_code for _ in range(2)] == [0, 0]
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "auto_map": {"x": "y.z"}}))
    done = warm(*words)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "auto_map" in done.stderr
    assert done.stderr == run(*words).stderr


def test_models_are_let_go_of_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    from taskcli.checkpoints.registry import Registry
    from taskcli.config.options import RunOptions

    models, loaded = KeptModels(), []

    def load(task: str) -> Any:
        checkpoint = Registry(task).resolve("starter")
        how = RunOptions(device="cpu")
        model = models.load(BY_NAME[task], checkpoint, how, loaded.append)
        return model.model.get_memory_footprint()

    first, second = load("classify-text"), load("ner")
    monkeypatch.setattr("taskcli.runtime.devices.total_memory", lambda device: 2 * (first + second))
    assert [one["task"] for one in models.plain()] == ["classify-text", "ner"]
    load("classify-text")
    load("qa")  # there is room for two
    assert "ner" not in [one["task"] for one in models.plain()]
    assert len(loaded) == 4


def test_another_version_is_refused(worker: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = common.facts()
    monkeypatch.setattr(common, "facts", lambda: {**facts, "taskcli": "0.0.1"})
    assert asked(CALL) == (None, "another taskcli")


def test_what_libraries_read_once_must_be_the_same(
    worker: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://elsewhere")
    assert asked(CALL) == (None, "another HF_ENDPOINT in its environment")


def test_where_there_is_none_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys; from taskcli.cli import main\n"
        "main._leave = lambda code: print(*sys.modules)\n"
        "main.start()"
    )
    words = (TASK, "--text", "x", "-m", "no-such-model")
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("taskcli.cli.worker")}
    assert loaded == {f"taskcli.cli.worker{module}" for module in ("", ".asking", ".address")}


@pytest.mark.parametrize(
    "call",
    [
        ("--compile",),
        ("--warm", "never"),
        ("--warm=never",),
        ("--dry-run",),
        ("--help",),
        ("/dev/fd/63",),
    ],
)
def test_calls_that_are_not_for_it(call: tuple[str, ...]) -> None:
    assert is_for_worker(CALL)
    assert not is_for_worker((*CALL, *call))
    assert not is_for_worker(("models", "list"))
    assert not is_for_worker(("explain", *CALL))


def test_a_settings_file_may_say_never(worker: Started) -> None:
    Path("taskcli.toml").write_text('warm = "never"\n')
    assert asked(CALL) == (None, "it is not for the worker")


def test_a_settings_file_in_the_working_folder_starts_none(run: Call) -> None:
    Path("taskcli.toml").write_text('warm = "always"\n')
    done = run(*CALL)
    assert done.exit_code == 2
    assert "may not set warm" in done.stderr


@pytest.mark.long
def test_two_calls_at_once_are_both_answered(worker: Started, start: Any, run: Call) -> None:
    before = worker.status["calls"]
    first = start(TASK, "-", "--lines", "-m", "starter", stdin=subprocess.PIPE)
    until(lambda: worker.status["calls"] == before + 1)
    second = start(*CALL)
    stdout, _ = second.communicate(timeout=SOON)
    assert (second.returncode, stdout.decode()) == (0, run(*CALL).stdout)
    assert worker.status["calls"] == before + 1
    stdout, _ = first.communicate(b"It is fine.\n", timeout=SOON)
    assert (first.returncode, stdout.count(b"\n")) == (0, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xff\xff\xff",
        struct.pack("!I", 3) + b"{]}",
        struct.pack("!I", 2) + b"[]",
        *(
            struct.pack("!I", len(text)) + text
            for text in (b"{}", b'{"ask": "run"}', b'{"ask": ["run"]}', b"[" * 5000)
        ),
    ],
)
def test_what_is_no_message_harms_nobody(data: bytes, worker: Started) -> None:
    pid = worker.status["pid"]
    link, _ = connected()
    with link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        link.settimeout(SOON)
        while link.recv(4096):
            pass
    assert worker.status["pid"] == pid


def test_a_call_without_its_descriptors_is_none(worker: Started) -> None:
    link, _ = connected()
    with link:
        call = {"ask": "run", "words": list(CALL), "environment": {}, "umask": 0, "closed": []}
        wire.send(link, {**call, "facts": common.facts()}, (0, 1))
        with pytest.raises((EOFError, OSError)):
            wire.receive(link)
    until(lambda: not worker.status["answering"])


def test_the_folder_and_the_socket_are_the_users_alone(worker: Started) -> None:
    assert address.folder().stat().st_mode & 0o777 == 0o700
    assert address.socket_file().stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_enter_is_refused(
    run: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    address.folder().mkdir(0o755)
    address.socket_file().touch()
    assert asked(CALL).code is None
    for command in ("start", "status", "stop"):
        done = run("worker", command)
        assert done.exit_code == 2
        assert f"{address.folder()} is open to other users" in done.stderr
        assert "chmod 700" in done.stderr


def test_a_folder_of_somebody_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    place = address.private_folder()
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(UsageError, match="belongs to somebody else"):
        address.check_private(place)


def test_a_link_in_place_of_the_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "private").mkdir(0o700)
    address.folder().symlink_to(tmp_path / "private")
    with pytest.raises(UsageError, match="is no folder"):
        address.private_folder()


def test_a_socket_that_somebody_else_holds_is_not_asked(
    worker: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = wire.peer
    monkeypatch.setattr(wire, "peer", lambda link: (peer(link)[0], peer(link)[1] + 1))
    with pytest.raises(UsageError, match="held by user"):
        connected()
    assert asked(CALL).code is None


def test_somebody_else_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    listening = Listening(theirs)
    own = os.geteuid()
    monkeypatch.setattr(wire, "peer", lambda link: (os.getpid(), own + 1))
    server = Server(listening, common.facts(), None, None)  # type: ignore[arg-type]
    with ours:
        wire.send(ours, {"ask": "status"})
        with pytest.raises(ListeningEnds):
            server.listen()
        with pytest.raises((EOFError, OSError)):
            wire.receive(ours)


class ListeningEnds(Exception):
    """There are no more connections."""


class Listening:
    """A socket to which one connection comes."""

    def __init__(self, link: socket.socket) -> None:
        self._links = [link]

    def accept(self) -> tuple[socket.socket, str]:
        if not self._links:
            raise ListeningEnds
        return self._links.pop(), ""


def test_the_kernel_says_who_is_there() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert wire.peer(ours) == (os.getpid(), os.geteuid())


# Its own commands


@pytest.mark.long
def test_it_ends_when_nobody_asks(run: Call) -> None:
    with working(idle=3.0) as worker:
        pid = worker.status["pid"]
        until(lambda: not is_alive(pid))
        assert not address.socket_file().exists()
        assert json.loads(run("worker", "status").stdout) == {"running": False}
        assert run("worker", "stop").stdout == "no worker runs; taskcli worker start begins one\n"


@pytest.mark.long
def test_it_ends_when_another_version_is_installed(tmp_path: Path) -> None:
    package = tmp_path / "library-1.0.dist-info"
    package.mkdir()
    with working(MORE_LIBRARIES=str(tmp_path)) as worker:
        pid = worker.status["pid"]
        package.rename(tmp_path / "library-1.1.dist-info")
        code, why = asked(CALL)
        assert (code, why) == (None, "another version was installed since the worker was started")
        until(lambda: not is_alive(pid))


def test_a_time_that_has_passed_is_told_in_whole_units() -> None:
    past = {132: "2 m ago", 59.7: "59 s ago", 119: "119 s ago", 9000: "2 h ago"}
    assert {seconds: _ago(time.time() - seconds) for seconds in past} == past


def shown(run: Call, **environment: str) -> str:
    return run("worker", "status", "--format", "rich", **environment).stdout


@pytest.mark.long
def test_an_outdated_one_says_so_and_is_replaced_by_start(tmp_path: Path, run: Call) -> None:
    package = tmp_path / "library-1.0.dist-info"
    package.mkdir()
    with working(MORE_LIBRARIES=str(tmp_path)) as worker:
        pid = worker.status["pid"]
        assert json.loads(run("worker", "status").stdout)["outdated"] is None
        package.rename(tmp_path / "library-1.1.dist-info")
        why = "another version was installed since the worker was started"
        assert json.loads(run("worker", "status").stdout)["outdated"] == why
        assert f"outdated: {why}; it ends at the next call" in " ".join(shown(run).split())
        done = run("worker", "start")
        assert done.stdout.startswith(f"the worker, process {pid}, has ended: {why}\n")
        new = worker.status["pid"]
        assert f"the worker, process {new}, ends after 15 m" in done.stdout
        assert not is_alive(pid) and new != pid
        assert json.loads(run("worker", "status").stdout)["outdated"] is None
        os.kill(new, signal.SIGKILL)


@pytest.mark.long
def test_one_of_another_environment_is_replaced_by_start(run: Call) -> None:
    with working() as worker:
        pid = worker.status["pid"]
        why = "another HF_ENDPOINT in its environment"
        elsewhere = {"HF_ENDPOINT": "https://elsewhere"}
        line = " ".join(shown(run, **elsewhere).split())
        assert f"outdated: {why}; taskcli worker start replaces it" in line
        assert f"process {pid}, " in shown(run)  # it still answers the calls of its own
        done = run("worker", "start", **elsewhere)
        assert done.stdout.startswith(f"the worker, process {pid}, has ended: {why}\n")
        assert not is_alive(pid)
        os.kill(worker.status["pid"], signal.SIGKILL)


@pytest.mark.long
def test_one_that_is_ending_says_so_and_start_waits_for_its_end(start: Any, run: Call) -> None:
    with working() as worker:
        pid = worker.status["pid"]
        call = start(TASK, "-", *CALL[3:], "--lines", stdin=subprocess.PIPE)
        until(lambda: worker.status["answering"])
        stopping = start("worker", "stop")
        until(lambda: worker.status["ending"])
        assert "it is ending, after the call that it is answering" in " ".join(shown(run).split())
        starting_anew = start("worker", "start")
        time.sleep(0.5)
        assert starting_anew.poll() is None
        answered, _ = call.communicate(b"It is fine.\n", timeout=SOON)
        assert len(parse(answered.decode())) == 1
        assert stopping.wait(SOON) == 0
        told, _ = starting_anew.communicate(timeout=SOON)
        assert f"process {pid}, has ended: it was ending" in told.decode()
        new = worker.status["pid"]
        assert new != pid
        os.kill(new, signal.SIGKILL)


@pytest.mark.long
def test_always_starts_one_and_stop_ends_it(start: Any, run: Call) -> None:
    with tempfile.TemporaryDirectory(prefix="taskcli-") as runtime:
        settled = {"XDG_RUNTIME_DIR": runtime, **SETTLED}
        environment = {**os.environ, **settled}
        process = start(*CALL, "--warm", "always", env=environment)
        stdout, _ = process.communicate(timeout=SOON)
        assert process.returncode == 0
        assert stdout.decode() == run(*CALL).stdout
        status = run("worker", "status", **settled)
        found = json.loads(status.stdout)
        assert (found["running"], found["calls"], found["idle"]) == (True, 1, 900)
        assert [one["task"] for one in found["models"]] == [TASK]
        rich = run("worker", "status", "--format", "rich", **settled).stdout
        assert f"process {found['pid']}, " in rich
        assert "ends after 15 m without a call" in rich
        again = run("worker", "start", **settled)
        known = f"a worker runs already, process {found['pid']}"
        assert again.stdout == f"{known}: taskcli worker stop ends it\n"
        other = run("worker", "start", "--idle", "never", **settled).stdout
        assert other.startswith(f"{known}, and still ends after 15 m without a call: ")
        done = run("worker", "stop", **settled)
        assert done.stdout == f"the worker, process {found['pid']}, has ended\n"
        until(lambda: not is_alive(found["pid"]))


@pytest.mark.parametrize("word", ["15", "0s", "soon", "1w", "-1m", ""])
def test_a_time_that_is_none_is_refused(word: str, run: Call) -> None:
    done = run("worker", "start", "--idle", word)
    assert done.exit_code == 2
    assert f"--idle {word}: not a time" in done.stderr
    assert "try --idle 90s" in done.stderr


def test_without_sockets_that_know_their_peers_there_is_none(
    run: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "is_possible", lambda: False)
    done = run("worker", "start")
    assert done.exit_code == 2
    assert "there is no worker on this system" in done.stderr
