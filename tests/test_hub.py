"""The real client of the Hub against one on loopback: every fault ends in one clear message."""

import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished
from hub_server import Fault, Hub, sha256

from taskcli.checkpoints import download

Run = Callable[..., Finished]
REPO = "someone/classifier"
WEIGHTS = "model.safetensors"


# Enough for a cache that looks whole; nothing loads it.
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "tokenizer.json": b"{}",
    WEIGHTS: bytes(range(256)) * 800,
}


@pytest.fixture
def commit(hub: Hub) -> str:
    return hub.add(REPO, FILES)


def pull(run: Run, repo: str = REPO, *words: str, **environment: str) -> Finished:
    return run("models", "pull", "classify-text", repo, *words, **environment)


def cached_commit(run: Run, *words: str) -> str:
    """What a run would find without a network."""
    done = pull(run, REPO, *words, HF_HUB_OFFLINE="1")
    assert done.exit_code == 0, done.stderr
    return Path(done.stdout.strip()).name


def refused(done: Finished, *expected: str) -> None:
    """Exit code 3, one line that says what, one that says what next, and nothing else."""
    assert done.exit_code == 3, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "  →"))]
    assert len(lines) == 2, done.stderr
    assert "Traceback" not in done.stderr
    for word in expected:
        assert word in "\n".join(lines)
    assert not done.stdout


def blobs(cache: Path) -> list[Path]:
    return sorted(cache.glob("hub/models--*/blobs/*"))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "huggingface"


# What goes well


def test_a_pulled_checkpoint_answers_without_a_network_and_names_its_commit(
    run: Run, hub: Hub, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import close_session

    commit = hub.add(REPO, classifier)
    done = pull(run)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.strip().endswith(commit)
    close_session()
    hub.log.clear()

    def unplugged(self: socket.socket, address: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", unplugged)
    call = ("classify-text", "--text", "hello", "-m", REPO)
    for words in ([], ["--revision", commit], ["--offline"]):
        done = run(*call, *words)
        assert done.exit_code == 0, done.stderr
        assert done.records[0]["revision"] == commit
    assert run(*call, HF_HUB_OFFLINE="1").records[0]["revision"] == commit
    assert hub.log == []


def test_large_files_come_from_the_blob_host_and_the_token_stays_at_home(
    run: Run, hub: Hub, commit: str
) -> None:
    assert pull(run, HF_TOKEN="hf_secret").exit_code == 0
    assert {one.token for one in hub.requests(REPO)} == {"hf_secret"}
    assert {one.token for one in hub.log if one.host == "blobs"} == {None}
    assert [one.method for one in hub.log if one.host == "blobs"] == ["GET"]


def test_pictures_and_other_frameworks_stay_on_the_hub(run: Run, hub: Hub) -> None:
    extra = ("tf_model.h5", "onnx/model.onnx", "cat.png", "model.fp16.safetensors", "README.md")
    hub.add(REPO, FILES | dict.fromkeys(extra, b"x" * 100))
    assert pull(run).exit_code == 0
    assert not [one for one in hub.log for name in extra if name in one.path]


@pytest.mark.parametrize("branch", ["main", "v1", "refs/pr/1"])
def test_a_branch_is_resolved_once_and_then_known(run: Run, hub: Hub, branch: str) -> None:
    first = hub.add(REPO, FILES, branch=branch)
    assert pull(run, REPO, "--revision", branch).exit_code == 0
    hub.log.clear()
    assert cached_commit(run, "--revision", branch) == first
    assert hub.log == []


def test_a_renamed_repository_is_found_under_its_old_name(run: Run, hub: Hub) -> None:
    commit = hub.add("someone/new-name", FILES)
    hub.renamed[REPO] = "someone/new-name"
    assert pull(run).exit_code == 0
    assert cached_commit(run) == commit


def test_a_private_repository_wants_the_token(run: Run, hub: Hub) -> None:
    hub.add(REPO, FILES, token="hf_mine")
    refused(pull(run), "no such repository", "hf auth login")
    refused(pull(run, HF_TOKEN="hf_other"), "no such repository")
    assert pull(run, HF_TOKEN="hf_mine").exit_code == 0


def test_a_hub_that_offers_xet_is_asked_by_plain_http(run: Run, hub: Hub, commit: str) -> None:
    hub.xet = True
    assert pull(run).exit_code == 0
    assert not hub.requests("xet-read-token")
    assert len(hub.requests(weights_blob(hub, commit))) == 1


def test_a_mirror_serves_by_plain_http(run: Run, hub: Hub, commit: str, start: Any) -> None:
    """HF_ENDPOINT is read when the client is imported: in a process of its own."""
    process = start("models", "pull", "classify-text", REPO)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    assert hub.requests("/api/models/")
    assert not hub.requests("xet")


# Interrupted and resumed


def test_a_broken_connection_is_resumed_where_it_broke(run: Run, hub: Hub, commit: str) -> None:
    hub.faults.append(Fault(weights_blob(hub, commit), cut=5_000))
    assert pull(run).exit_code == 0
    ranges = [one.range for one in hub.requests(weights_blob(hub, commit))]
    assert ranges == ["bytes=0-", "bytes=5000-"]


def weights_blob(hub: Hub, commit: str) -> str:
    return sha256(hub.repositories[REPO].commits[commit][WEIGHTS])


def test_what_has_come_is_kept_for_the_next_call(run: Run, hub: Hub, commit: str) -> None:
    hub.faults.append(Fault(weights_blob(hub, commit), cut=5_000))
    hub.faults.append(Fault(weights_blob(hub, commit), status=503, times=9))
    refused(pull(run), "503", "what has come is kept")
    refused(pull(run, HF_HUB_OFFLINE="1"), "not cached")
    hub.faults.clear()
    hub.log.clear()
    assert pull(run).exit_code == 0
    assert [one.range for one in hub.requests(weights_blob(hub, commit))] == ["bytes=5000-"]
    cached_commit(run)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_killed_pull_goes_on_in_the_next(
    run: Run, hub: Hub, commit: str, cache: Path, start: Any, number: int, code: int
) -> None:
    hub.pace = 0.5
    heard = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # ignored by `&`
    process = start("models", "pull", "classify-text", REPO, preexec_fn=heard)
    name = f"{weights_blob(hub, commit)}.incomplete"
    part = wait_for(lambda: [one for one in blobs(cache) if one.name == name])[0]
    wait_for(lambda: part.stat().st_size > 0)
    process.send_signal(number)
    assert process.wait() == code
    have, hub.pace = part.stat().st_size, 0.0
    hub.log.clear()
    assert pull(run).exit_code == 0
    assert [one.range for one in hub.requests(weights_blob(hub, commit))] == [f"bytes={have}-"]
    cached_commit(run)


def wait_for(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError("nothing came")


@pytest.mark.parametrize("part", [b"", b"\0" * 10_000_000], ids=["empty", "too long"])
def test_an_odd_leftover_is_no_hindrance(
    run: Run, hub: Hub, commit: str, cache: Path, part: bytes
) -> None:
    folder = cache / "hub" / "models--someone--classifier" / "blobs"
    folder.mkdir(parents=True)
    (folder / f"{weights_blob(hub, commit)}.incomplete").write_bytes(part)
    assert pull(run).exit_code == 0


def test_a_host_without_ranges_sends_it_all_again(run: Run, hub: Hub, commit: str) -> None:
    blob = weights_blob(hub, commit)
    hub.faults.append(Fault(blob, cut=5_000))
    hub.ranges = False
    assert pull(run).exit_code == 0
    cached_commit(run)


@pytest.mark.long
def test_two_processes_on_an_empty_cache_fetch_once(
    hub: Hub, commit: str, start: Any, cache: Path
) -> None:
    hub.pace = 0.05
    both = [start("models", "pull", "classify-text", REPO) for _ in range(2)]
    finished = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], finished
    assert len(hub.requests(weights_blob(hub, commit))) == 1
    assert not [one for one in blobs(cache) if "incomplete" in one.name]


# Refused, wrong, silent, full


FAULTS: dict[str, tuple[Fault, list[str]]] = {
    "bad token": (
        Fault("/", 9, "*", 401, message="Invalid credentials in Authorization header"),
        ["token"],
    ),
    "denied": (Fault("/", 9, "*", 403), ["denies access"]),
    "denied file": (Fault("/resolve/", 99, "*", 403), ["denies access"]),
    "denied blob": (Fault("BLOB", 9, "*", 403), ["denies access"]),
    "broken": (Fault("/api/", 9, "*", 500), ["500", "later"]),
    "broken file": (Fault("config.json", 99, "*", 503), ["503", "later"]),
    "broken blob": (Fault("BLOB", 9, "*", 502), ["502", "later"]),
    "too many": (Fault("/api/", 9, "*", 429), ["too many requests"]),
    "silent": (Fault("/api/", 9, "*", wait=0.6), ["cannot be reached"]),
    "silent blob": (Fault("BLOB", 9, "*", wait=0.6), ["cannot be reached"]),
    "wrong content": (Fault("BLOB", content=lambda data: b"?" * len(data)), ["another content"]),
    "longer": (Fault("BLOB", content=lambda data: data + b"more"), ["another content"]),
    "shorter": (Fault("BLOB", content=lambda data: data[:-9]), ["another content"]),
    "wrong text": (Fault("config.json", content=lambda data: b"?" * len(data)), ["config.json"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_once_and_leaves_a_working_cache(
    run: Run, hub: Hub, commit: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", (1.0, 0.3, 1.0, 1.0))
    monkeypatch.setattr("time.sleep", lambda seconds, sleep=time.sleep: sleep(min(seconds, 0.7)))
    fault, expected = FAULTS[name]
    path = weights_blob(hub, commit) if fault.path == "BLOB" else fault.path
    hub.faults.append(Fault(**{**vars(fault), "path": path}))
    refused(pull(run), "classifier", *expected)
    hub.faults.clear()
    done = pull(run, HF_HUB_OFFLINE="1")
    assert done.exit_code == 3, "half a checkpoint passes for a whole one"
    assert pull(run).exit_code == 0
    assert cached_commit(run) == commit


@pytest.mark.parametrize("fault", [Fault("/api/", 2, status=503), Fault("BLOB", 2, status=500)])
def test_a_passing_fault_is_not_even_seen(run: Run, hub: Hub, commit: str, fault: Fault) -> None:
    fault.path = weights_blob(hub, commit) if fault.path == "BLOB" else fault.path
    hub.faults.append(fault)
    assert pull(run).exit_code == 0


def test_a_gated_repository_says_how_to_get_in(run: Run, hub: Hub) -> None:
    hub.add(REPO, FILES, gated=True)
    refused(pull(run), "gated", "accept its terms", "hf auth login")
    refused(pull(run, HF_TOKEN="hf_other"), "gated")
    assert pull(run, HF_TOKEN="accepted").exit_code == 0


def test_an_unknown_repository_and_revision_are_named(run: Run, hub: Hub, commit: str) -> None:
    refused(pull(run, "nobody/nothing"), "nobody/nothing", "no such repository")
    refused(pull(run, REPO, "--revision", "v9"), "v9", "no such revision")
    refused(pull(run, REPO, "--revision", "0" * 40), "0" * 40, "no such revision")


def test_nobody_there_is_told_at_once(run: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        began = time.monotonic()
        refused(pull(run), "cannot be reached", "taskcli models pull", "starter")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("free", [0, 10**12], ids=["seen before", "seen while writing"])
def test_a_full_disk_is_told_and_what_came_is_kept(
    run: Run, hub: Hub, commit: str, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        usage = shutil.disk_usage("/")._replace(free=free)
        full.setattr(shutil, "disk_usage", lambda _: usage)
        full.setattr(download, "_append", lambda *_: os.write(full_device(), b"x"))
        refused(pull(run), "no room on the disk", "HF_HOME")
    assert pull(run).exit_code == 0
    cached_commit(run)


def full_device() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def test_a_cache_that_cannot_be_written_is_told(
    run: Run, hub: Hub, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(Path, "mkdir", denied)
    refused(pull(run), "cannot be written", "HF_HOME")


def test_a_token_is_told_to_nobody(run: Run, hub: Hub, commit: str) -> None:
    hub.faults.append(
        Fault("/", 9, "*", 401, message="Invalid credentials in Authorization header")
    )
    done = pull(run, HF_TOKEN="hf_secret")
    assert "hf_secret" not in done.stderr + done.stdout


def test_pickled_weights_come_only_when_asked_for(run: Run, hub: Hub) -> None:
    files = {name: data for name, data in FILES.items() if name != WEIGHTS}
    hub.add(REPO, files | {"pytorch_model.bin": b"pickle"})
    refused(pull(run), "--allow-pickle")
    assert not hub.requests("pytorch_model.bin")
    assert pull(run, REPO, "--allow-pickle").exit_code == 0
    cached_commit(run, "--allow-pickle")
