"""What every test gets: no network, a home of its own, and `run`, a call of taskcli as a value."""

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from taskcli.formats import FORMATS, UNIVERSAL

# Libraries read these when they are imported, and so do the processes that tests start.
_CACHE = tempfile.TemporaryDirectory(prefix="huggingface-")
os.environ |= {
    "HF_HOME": _CACHE.name,
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",  # tiny tensors are slower on several threads than on one
    "MKL_NUM_THREADS": "1",
    "NO_COLOR": "1",
    "COLUMNS": "200",  # messages stay on one line
}
for _name in [name for name in os.environ if name.startswith("TASKCLI_")]:
    del os.environ[_name]


# The formats that every task has and that standard output can hold.
PRINTED = tuple(name for name in UNIVERSAL if FORMATS[name].kind != "binary")


@dataclass(frozen=True)
class Finished:
    """What a call of taskcli left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return parse(self.stdout)

    @property
    def inputs(self) -> list[str]:
        return [record["input"] for record in self.records]


def parse(lines: str) -> list[dict[str, Any]]:
    """JSON Lines, strictly: every line whole, and no NaN."""
    assert not lines or lines.endswith("\n"), f"torn last line: {lines[-80:]!r}"
    return [json.loads(line, parse_constant=_refuse) for line in lines.split("\n")[:-1]]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a current folder of the test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))  # no worker of the user's answers
    monkeypatch.chdir(work)
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Finished]:
    """Call taskcli in this process, as the shell would: `run("ner", "a.txt", "-m", folder)`."""

    def call(*words: object, stdin: bytes | str = b"", **environment: str) -> Finished:
        from taskcli.cli.main import main

        data = stdin.encode() if isinstance(stdin, str) else stdin
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
            for name, value in environment.items():
                patched.setenv(name, value)
            capfd.readouterr()
            code = main([str(word) for word in words])
            return Finished(int(code), *capfd.readouterr())

    return call


@pytest.fixture
def spawn() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Start a command, with pipes for what it writes; it ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def call(*command: object, **how: Any) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([str(word) for word in command], **{**pipes, **how})
        started.append(process)
        return process

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def start(spawn: Any) -> Any:
    """Start taskcli as a process of its own: for signals, pipes, and what is not imported."""

    def call(*words: object, **how: Any) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = spawn(sys.executable, "-m", "taskcli", *words, **how)
        return process

    return call


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Hub on loopback and an empty cache: this process uses them, and so do those it starts."""
    from hub_server import serving
    from huggingface_hub import close_session, constants
    from huggingface_hub.utils import _http

    from taskcli.checkpoints import download

    with serving() as served:
        cache = tmp_path / "huggingface"
        for name, value in {"HF_ENDPOINT": served.url, "HF_HOME": str(cache)}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        patched = {
            "ENDPOINT": served.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": served.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(cache / "hub"),
            "HF_HUB_OFFLINE": False,
            "HF_TOKEN_PATH": str(cache / "token"),
        }
        for name, value in patched.items():
            monkeypatch.setattr(constants, name, value)
        origins = {*_http._HUB_ORIGINS, _http._url_origin(served.url)}
        monkeypatch.setattr(_http, "_HUB_ORIGINS", frozenset(origins))
        monkeypatch.setattr(download, "_WAITS", (0.01, 0.01))
        yield served
        close_session()


@pytest.fixture(scope="session")
def classifier() -> Path:
    """A tiny text classifier: the cheapest checkpoint to run."""
    from checkpoints import cached

    return cached("distilbert-sentiment")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from browser import launched

    with launched() as browser:
        yield browser


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A page at a desk, which must neither complain nor ask the network for anything."""
    from browser import Tab

    opened = Tab(chromium, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield opened
    opened.check()
