"""--engine ray: the records of a local run, whatever becomes of the workers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import tools
from conftest import Finished, parse
from report_pages import read_page
from samples import scene
from voices import HIGH, LOW, conversation, diarization

from taskcli.cluster.blocks import Blocks
from taskcli.cluster.capacity import Capacity, Node, capacity
from taskcli.config.options import ClusterOptions
from taskcli.errors import UsageError
from taskcli.media.source import Source

tools.module("ray")

Run = Callable[..., Finished]
SOON = 400.0  # seconds within which a busy machine has started Ray and loaded a model

CLUSTER = """
import sys
import ray

began = ray.init("local", num_cpus=2, include_dashboard=False, _temp_dir=sys.argv[1])
print(began.address_info["address"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the cluster's machine."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[str]:
    """The address of a Ray with two processors, which all runs of this module share."""
    folder = tmp_path_factory.mktemp("r")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "disabled",
            "XDG_CACHE_HOME": str(cache_folder),
        },
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def ended(process: "subprocess.Popen[bytes]") -> Finished:
    stdout, stderr = process.communicate(timeout=SOON)
    return Finished(process.returncode, stdout.decode(), stderr.decode())


@pytest.fixture
def on_ray(start: Any, cluster: str) -> Callable[..., Finished]:
    """Call taskcli as a process of its own, with the cluster to answer."""

    def call(*words: object) -> Finished:
        return ended(start(*words, "--engine", "ray", "--address", cluster, "--workers", 1))

    return call


@pytest.mark.long
def test_answers_are_those_of_a_local_run_though_a_worker_is_killed(
    run: Run, start: Any, cluster: str
) -> None:
    for number in range(70):
        scene(64, 48, number).save(f"{number:03}.png")
    Path("050.png").write_bytes(b"no picture")
    words = ("classify-image", ".", "-m", "starter")
    local = run(*words)
    process = start(*words, "--engine", "ray", "--address", cluster, "--workers", 2)
    first = process.stdout.readline().decode()
    next(filter(is_worker, psutil.process_iter(["cmdline"]))).kill()
    rest = process.stdout.read().decode()  # communicate() would lose what readline() read ahead
    done = ended(process)
    assert first + rest == local.stdout
    assert done.exit_code == local.exit_code == 1
    assert "050.png: not an image" in done.stderr
    assert done.stderr.endswith("cpu, float32\n")
    assert "ray" not in done.stderr.lower()


def is_worker(process: psutil.Process) -> bool:
    return "ray::Worker" in " ".join(process.info["cmdline"] or ())


@pytest.mark.long
def test_a_checkpoint_that_helps_is_loaded_there_too(
    run: Run, on_ray: Callable[..., Finished], tmp_path: Path
) -> None:
    conversation(tmp_path / "talk.wav", ("sentence.wav", HIGH), ("scene.wav", LOW), pause=1.0)
    words = ("asr", tmp_path / "talk.wav", "-m", "starter", "--speakers", diarization())
    local, done = run(*words), on_ray(*words)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == local.stdout
    assert len(local.records[0]["result"]["turns"]) == 2


@pytest.mark.long
def test_an_input_that_ends_every_worker_is_found_and_nothing_else_is_lost(
    spawn: Any, cluster: str
) -> None:
    """Windows end before 1, 3, 7 and 15: one stands at the edge of its block, one within."""
    program = Path(__file__).with_name("cluster_program.py")
    done = ended(spawn(sys.executable, program, cluster, 15, 3, 10))
    (told,) = (line for line in done.stdout.splitlines() if line.startswith("{"))  # Ray speaks, too
    assert json.loads(told) == {
        "count": 15,
        "errors": [[3, "WorkerLost"], [10, "WorkerLost"]],
    }


@pytest.mark.long
def test_what_is_written_beside_records_is_that_of_a_local_run(
    run: Run, on_ray: Callable[..., Finished]
) -> None:
    scene(320, 200).save("wide.png")
    scene(90, 120, 1).save("high.png")
    words = ("depth", "wide.png", "high.png", "-m", "starter", "--report", "page.html")
    local = run(*words, "--save-dir", "local", "-o", "local.jsonl")
    page = read_page(Path("page.html"))
    done = on_ray(*words, "--save-dir", "ray", "-o", "ray.jsonl", "--overwrite")
    assert done.exit_code == local.exit_code == 0, done.stderr
    assert files_in("ray") == files_in("local") != {}
    in_local = Path("local.jsonl").read_text().replace('"local/', '"ray/')
    assert Path("ray.jsonl").read_text() == in_local
    assert read_page(Path("page.html")).previews == page.previews


def files_in(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).glob("[!.]*")}


@pytest.mark.long
def test_a_format_has_the_words_of_the_texts(run: Run, on_ray: Callable[..., Finished]) -> None:
    Path("names.txt").write_text("Maria Keller lives in Paris.\nJohn works for Acme in Oslo.\n")
    words = ("ner", "names.txt", "--lines", "-m", "starter", "--format", "conll")
    assert on_ray(*words).stdout == run(*words).stdout != ""


@pytest.mark.long
def test_a_checkpoint_that_cannot_load_ends_the_run_as_it_does_here(
    run: Run, on_ray: Callable[..., Finished], classifier: Path
) -> None:
    shutil.copytree(classifier, "broken")
    Path("broken", "model.safetensors").write_bytes(b"no weights")
    words = ("classify-text", "--text", "Yes.", "-m", "broken")
    local, done = run(*words), on_ray(*words)
    assert (done.exit_code, done.stdout, done.stderr) == (3, "", local.stderr)


@pytest.mark.long
@pytest.mark.parametrize("asks", [False, True])
def test_a_machine_without_the_checkpoint_is_sent_it_or_says_what_to_do(
    spawn: Any, cluster: str, cache_folder: Path, classifier: Path, asks: bool
) -> None:
    """The driver's folder is told to be of its package, so that the worker looks in its own."""
    program = SHIPPING.format(folder=str(classifier), asks=asks)
    done = ended(spawn(sys.executable, "-c", program, cluster, cwd=Path(__file__).parent))
    sent = list(cache_folder.glob("taskcli/shipped/*/*"))
    if not asks:
        assert "does not have" in done.stdout
        assert "--ship-model sends it there" in done.stdout
        assert not sent
        return
    assert "NEGATIVE" in done.stdout.splitlines()
    found = {path.name: path.read_bytes() for path in sent}
    assert found == {name: (classifier / name).read_bytes() for name in found}
    assert {"config.json", "model.safetensors"} <= found.keys()


SHIPPING = """
import sys
from dataclasses import replace
from pathlib import Path

from cluster_program import Silent, plain_load
from taskcli.cluster.capacity import Capacity
from taskcli.cluster.connection import connected
from taskcli.cluster.opening import first_loaded
from taskcli.cluster.workers import Workers
from taskcli.errors import CheckpointError
from taskcli.tasks import BY_NAME

folder = Path("{folder}")
load = replace(plain_load(folder), asks={asks}, package=folder.parent)
with connected(sys.argv[1], 1):
    capacity = Capacity(1, 1, 0.0)
    workers = Workers(capacity, load)
    workers.grow(1)
    try:
        print(first_loaded(workers, capacity, Silent()).labels[0])
    except CheckpointError as refused:
        print(refused.message, refused.hint)
"""


@pytest.mark.long
def test_an_interrupted_run_leaves_whole_records_and_nothing_else(
    run: Run, start: Any, tmp_path: Path, classifier: Path
) -> None:
    Path("lines.txt").write_text("".join(f"Line {number} is good.\n" for number in range(20_000)))
    words = ("classify-text", "lines.txt", "--lines", "-m", classifier, "-o", "ray.jsonl")
    place = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    # Torch makes a folder for compiled code wherever it is imported.
    env = {**os.environ, "TMPDIR": str(place), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    process = start(*words, "--engine", "ray", env=env)
    wait_for(lambda: Path("ray.jsonl").exists() and Path("ray.jsonl").stat().st_size > 0)
    processes = psutil.Process(process.pid).children(recursive=True)
    assert any("raylet" in one.name() for one in processes)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.exit_code == 130
    assert "--resume goes on" in done.stderr
    psutil.wait_procs(processes, 5)
    assert not [one for one in processes if one.is_running()]
    assert not list(place.iterdir())
    written = parse(Path("ray.jsonl").read_text())
    assert [one["input"] for one in written] == [f"lines.txt:{n + 1}" for n in range(len(written))]
    assert 0 < len(written) < 20_000
    place.rmdir()


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.long
def test_a_run_goes_on_with_what_another_engine_wrote(
    run: Run, on_ray: Callable[..., Finished], classifier: Path
) -> None:
    Path("lines.txt").write_text("".join(f"Line {number} is good.\n" for number in range(40)))
    words = ("classify-text", "lines.txt", "--lines", "-m", classifier)
    run(*words, "-o", "whole.jsonl")
    run(*words, "-o", "part.jsonl")
    whole = Path("whole.jsonl").read_text()
    Path("part.jsonl").write_text("".join(whole.splitlines(True)[:20]) + '{"input": "torn')
    assert on_ray(*words, "-o", "part.jsonl", "--resume").exit_code == 0
    assert Path("part.jsonl").read_text() == whole


# What needs no cluster


def test_without_ray_the_way_to_it_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskcli.errors.find_spec", lambda name: None)
    done = run("classify-text", "--text", "Yes.", "--engine", "ray")
    assert done.exit_code == 2
    assert done.stderr == "error: --engine ray needs Ray\n  → pip install 'taskcli[ray]'\n"


@pytest.mark.parametrize("words", [("--workers", "2"), ("--address", "auto"), ("--ship-model",)])
def test_what_is_for_ray_alone_says_so(run: Run, words: tuple[str, ...]) -> None:
    done = run("classify-text", "--text", "Yes.", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{words[0]} is for runs on Ray\n  → add --engine ray" in done.stderr


def test_a_plan_says_where_it_would_be_answered(run: Run) -> None:
    words = ("classify-text", "--text", "Yes.", "-m", "starter", "--dry-run", "--engine", "ray")
    planned = run(*words, "--workers", 3, "--address", "head:6379").stdout
    assert "Ray, at head:6379; workers: 3 at most" in planned
    assert "Ray, started here; workers: as many as fit" in run(*words).stdout


CPUS, GPUS = Node(8, 0), Node(64, 4)


@pytest.mark.parametrize(
    ("asked", "nodes", "expected"),
    [
        ({}, [CPUS], Capacity(1, 8, 0)),
        ({}, [CPUS, CPUS], Capacity(2, 8, 0)),
        ({"workers": 4}, [CPUS, CPUS], Capacity(4, 4, 0)),
        ({"workers": 3, "cpus_per_worker": 2}, [CPUS], Capacity(3, 2, 0)),
        ({}, [Node(0, 0), GPUS, GPUS], Capacity(8, 16, 1)),
        ({"gpus_per_worker": 0.5}, [GPUS], Capacity(8, 8, 0.5)),
        ({"gpus_per_worker": 0}, [GPUS], Capacity(1, 64, 0)),
    ],
)
def test_workers_suit_the_machines(
    asked: dict[str, Any], nodes: list[Node], expected: Capacity
) -> None:
    assert capacity(ClusterOptions("ray", **asked), "auto", nodes, grows=False) == expected


def test_more_than_this_machine_has_is_refused_and_of_a_cluster_waited_for() -> None:
    asked = ClusterOptions("ray", gpus_per_worker=1, workers=2)
    with pytest.raises(UsageError, match="--gpus-per-worker 1"):
        capacity(asked, "auto", [CPUS], grows=False)
    assert capacity(asked, "auto", [CPUS], grows=True) == Capacity(2, 1, 1)


def test_blocks_end_where_windows_do() -> None:
    numbers = [*range(20), *range(95, 100)]  # whole windows may have been left out
    sources = [Source(str(number), number=number) for number in numbers]
    blocks = Blocks(sources, 8, 1, ahead=100, live=False, changed=lambda: None)
    blocks.start()
    wait_for(lambda: blocks.waiting == 6)
    found = [[source.number for source in blocks.take().sources] for _ in range(6)]
    assert found == [[0], [1, 2], [3, 4, 5, 6], [*range(7, 15)], [*range(15, 20)], numbers[20:]]
    assert blocks.ended


@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:6379", "127.0.0.1:99999"])
def test_an_address_where_nobody_listens_is_refused_at_once(run: Run, address: str) -> None:
    words = ("classify-text", "--text", "a", "-m", "starter", "--engine", "ray")
    done = run(*words, "--address", address)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: no Ray cluster answers at {address}: ")
