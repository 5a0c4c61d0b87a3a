"""examples/cluster: what Ray, Kubernetes and Slurm would take, as far as that can be tried."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import tools
import yaml
from conftest import parse

from taskcli.cli.app import make_app

tools.module("ray")
FOLDER = Path(__file__).parents[1] / "examples" / "cluster"
STUB = '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"\n'


def document(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


@pytest.mark.parametrize("name", ["aws.yaml", "on-premise.yaml"])
def test_a_cluster_file_is_one_to_ray(name: str) -> None:
    """Ray fills in what is left out, and holds the rest against its schema."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(document(name)))


def test_the_job_for_kubernetes_has_what_kuberay_asks_for() -> None:
    job = document("kuberay.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    (group,) = cluster["workerGroupSpecs"]
    assert group["groupName"]
    assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    for pods in (cluster["headGroupSpec"], group):
        spec = pods["template"]["spec"]
        (container,) = spec["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
    asked = dict(zip(words := shlex.split(job["spec"]["entrypoint"]), words[1:], strict=False))
    (worker,) = group["template"]["spec"]["containers"]
    limits = worker["resources"]["limits"]
    assert asked["--gpus-per-worker"] == limits["nvidia.com/gpu"]
    assert asked["--cpus-per-worker"] == limits["cpu"]
    assert int(asked["--workers"]) == group["maxReplicas"]


def commands(name: str) -> list[list[str]]:
    """The calls of taskcli in a file's head, or in the job that it describes."""
    text = (FOLDER / name).read_text("utf-8").replace("\n#     ", " ")
    lines = [line for line in text.splitlines() if "taskcli " in line and "--engine" in line]
    called = [line[line.index("taskcli ") :].split("'")[0] for line in lines if "$@" not in line]
    return [shlex.split(line)[1:] for line in called]


@pytest.mark.parametrize("name", ["aws.yaml", "on-premise.yaml"])
def test_the_calls_in_them_are_calls(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskcli.cli.run.execute.run", lambda call: 0)
    found = commands(name)
    assert found
    for words in found:
        assert make_app(words)(args=words, standalone_mode=False) in (0, None)


def slurm(
    folder: Path, script: str, *words: object, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a batch script with a `srun` that runs its command here."""
    taskcli = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m taskcli "$@"\n'
    for name, text in {
        "srun": STUB,
        "scontrol": "#!/bin/sh\necho localhost\n",
        "taskcli": taskcli,
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", str(FOLDER / script), *map(str, words)]
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)


@pytest.mark.long
def test_an_array_of_shares_is_one_run(tmp_path: Path, classifier: Path, run: Any) -> None:
    Path("lines.txt").write_text("".join(f"Line {number}.\n" for number in range(9)))
    words = ("classify-text", "lines.txt", "--lines", "-m", classifier, "--batch-size", 1)
    for number in (1, 2):
        task = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_MAX": "2"}
        done = slurm(tmp_path, "slurm-array.sh", *words, **task)
        assert done.returncode == 0, done.stderr
    assert run("merge", "part-1.jsonl", "part-2.jsonl", "-o", "all.jsonl").exit_code == 0
    assert Path("all.jsonl").read_text() == run(*words).stdout


@pytest.mark.long
def test_a_job_of_several_machines_is_one_run(tmp_path: Path, classifier: Path, run: Any) -> None:
    Path("lines.txt").write_text("".join(f"Line {number}.\n" for number in range(9)))
    words = ("classify-text", "lines.txt", "--lines", "-m", classifier)
    job = {"SLURM_JOB_NODELIST": "n1", "SLURM_JOB_NUM_NODES": "1", "SLURM_CPUS_PER_TASK": "1"}
    with tempfile.TemporaryDirectory(
        prefix="r", dir="/tmp"
    ) as folder:  # paths of sockets are short
        done = slurm(tmp_path, "slurm-ray.sh", *words, **job, RAY_PORT="6391", RAY_TMPDIR=folder)
    assert done.returncode == 0, done.stderr
    records = [line for line in done.stdout.splitlines(True) if line.startswith('{"input"')]
    assert parse("".join(records)) == run(*words).records
