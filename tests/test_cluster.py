"""--engine ray: the records of a local run, whatever becomes of the workers."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import tools
from conftest import Finished
from samples import scene

tools.module("ray")

Run = Callable[..., Finished]
SOON = 120.0  # seconds within which a busy machine has started Ray and loaded a model

CLUSTER = """
import sys
import ray

began = ray.init("local", num_cpus=2, include_dashboard=False, _temp_dir=sys.argv[1])
print(began.address_info["address"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Ray with two processors, which all runs of this module share."""
    folder = tmp_path_factory.mktemp("r")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"},
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


@pytest.fixture
def on_ray(start: Any, cluster: str) -> Callable[..., Finished]:
    """Call taskcli as a process of its own, with the cluster to answer."""

    def call(*words: object, workers: int = 1) -> Finished:
        process = start(*words, "--engine", "ray", "--address", cluster, "--workers", workers)
        stdout, stderr = process.communicate(timeout=SOON)
        return Finished(process.returncode, stdout.decode(), stderr.decode())

    return call


def test_answers_are_those_of_a_local_run_though_a_worker_is_killed(
    run: Run, start: Any, cluster: str
) -> None:
    for number in range(70):
        scene(64, 48, number).save(f"{number:03}.png")
    Path("050.png").write_bytes(b"no picture")
    words = ("classify-image", ".", "-m", "starter")
    local = run(*words)
    process = start(*words, "--engine", "ray", "--address", cluster, "--workers", 2)
    first = process.stdout.readline()
    workers_of(process)[0].kill()
    stdout, stderr = process.communicate(timeout=SOON)
    assert (first + stdout).decode() == local.stdout
    assert process.returncode == local.exit_code == 1
    assert "050.png: not an image" in stderr.decode()
    assert stderr.decode().endswith("cpu, float32\n")
    assert "ray" not in stderr.decode().lower()


def workers_of(driver: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """The processes that answer, of the one run that is going on."""
    del driver
    named = psutil.process_iter(["cmdline"])
    return [one for one in named if "ray::Worker" in " ".join(one.info["cmdline"] or ())]
