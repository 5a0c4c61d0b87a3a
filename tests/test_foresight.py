"""What --dry-run and doctor say without torch is what they would say with it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers
from checkpoints import BY_TASK, cached
from conftest import Finished
from samples import words_of

from taskcli.checkpoints.registry import Registry
from taskcli.runtime import foresight
from taskcli.tasks import BY_NAME, TASKS

Run = Callable[..., Finished]
LIBRARIES = ("torch", "transformers", "accelerate", "numpy", "PIL", "soundfile", "av")
FLAGS = "processor\t: 0\nflags\t\t: fpu sse2 avx2{}\n"
INPUTS = {"text": ["--text", "Anna lives in Rome."], "image": ["a.png"], "audio": ["a.wav"]}
# Makes a machine without an accelerator of any, calls taskcli, and tells what was imported.
PROGRAM = f"""
import contextlib, io, json, sys
from pathlib import Path
from taskcli.cli.main import main
from taskcli.runtime import foresight

foresight._DEV, foresight._DRIVERS = Path("no-devices"), ()
foresight._has_bfloat16 = lambda: False
found = []
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as told:
        code = main(words)
    loaded = [name for name in {LIBRARIES} if name in sys.modules]
    found.append([int(code), told.getvalue(), loaded])
print(json.dumps(found))
"""


def dry(task: type[Any]) -> list[str]:
    known = "starter" in Registry(task.name).names
    checkpoint = "starter" if known else str(cached(BY_TASK[task.name][0]))
    words = [*INPUTS[task.media], *words_of(task), "-m", checkpoint]
    return [task.name, *words, "--dry-run"]


@pytest.fixture
def inputs() -> None:
    for name in ("a.png", "a.wav"):
        Path(name).write_bytes(b"not read")


@pytest.fixture
def plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No accelerator, and a processor without fast bfloat16."""
    Path("cpuinfo").write_text(FLAGS.format(""))
    monkeypatch.setattr(foresight, "_DEV", Path("no-devices"))
    monkeypatch.setattr(foresight, "_DRIVERS", ())
    monkeypatch.setattr(foresight, "_CPUINFO", Path("cpuinfo").absolute())
    for name in [name for name in os.environ if name.startswith("ACCELERATE_")]:
        monkeypatch.delenv(name)


@pytest.mark.long
@pytest.mark.usefixtures("inputs")
def test_without_an_accelerator_no_dry_run_and_no_doctor_loads_torch() -> None:
    if sys.platform != "linux":
        pytest.skip("elsewhere only torch knows the devices")
    calls = [*map(dry, TASKS), ["doctor"]]
    command = [sys.executable, "-c", PROGRAM, json.dumps(calls)]
    done = subprocess.run(command, capture_output=True, check=True)
    for words, (code, told, loaded) in zip(calls, json.loads(done.stdout), strict=True):
        assert (code, loaded) == (0, []), words
        assert "no accelerator found" in told or words == ["doctor"]
        assert "float32" in told


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_dry_run_says_the_same_with_torch(
    run: Run, monkeypatch: pytest.MonkeyPatch, task: type[Any]
) -> None:
    told = run(*dry(task))
    assert told.exit_code == 0
    monkeypatch.setattr(foresight, "foreseen", lambda *_: None)
    monkeypatch.setattr(foresight, "served_type", lambda *_: None)
    assert run(*dry(task)) == told


def test_doctor_says_the_same_with_torch(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def devices() -> list[tuple[str, list[str]]]:
        parts = json.loads(run("doctor", "--format", "json").stdout)
        return [(one["part"], one["dtypes"]) for one in parts if "dtypes" in one]

    told = devices()
    monkeypatch.setattr("taskcli.runtime.devices.foreseen", lambda *_: None)
    monkeypatch.setattr("taskcli.runtime.devices.may_have_accelerator", lambda: True)
    assert devices() == told
    assert told[-1][0] == "cpu"


def test_the_library_maps_its_classes_as_its_source_says() -> None:
    for auto in {auto for task in TASKS for auto in task.auto_models}:
        names = getattr(transformers, auto)._model_mapping._model_mapping
        assert foresight._classes(auto) == {
            kind: (one,) if isinstance(one, str) else tuple(one) for kind, one in names.items()
        }


@pytest.mark.parametrize(
    ("task", "name"),
    [("ner", "bert-ner"), ("summarize", "t5"), ("generate", "gpt2"), ("asr", "whisper")],
)
def test_the_architecture_is_what_the_loader_says(task: str, name: str) -> None:
    from taskcli.runtime.loader import model_type

    folder = cached(name)
    assert foresight.served_type(BY_NAME[task], folder) == model_type(BY_NAME[task], name, folder)


def test_one_class_may_have_two_names(tmp_path: Path) -> None:
    from taskcli.runtime.loader import model_type

    config = {"model_type": "gpt-sw3", "architectures": ["GPT2LMHeadModel"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert foresight.served_type(BY_NAME["generate"], tmp_path) == "gpt-sw3"
    assert model_type(BY_NAME["generate"], "sw3", tmp_path) == "gpt-sw3"


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "gpt2", "architectures": ["GPT2Model"]},
        {"model_type": "bert", "architectures": ["GPT2LMHeadModel"]},
        {"model_type": "gpt2", "architectures": []},
        {"model_type": "gpt2", "architectures": None},
        {"model_type": ["gpt2"], "architectures": ["GPT2LMHeadModel"]},
        {"architectures": ["GPT2LMHeadModel"]},
        [],
    ],
)
def test_what_is_not_plain_is_left_to_the_loader(tmp_path: Path, config: Any) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert foresight.served_type(BY_NAME["generate"], tmp_path) is None


@pytest.mark.parametrize(
    "device", ["nvidia0", "nvidiactl", "dxg", "kfd", "dri/renderD128", "accel0", "davinci_manager"]
)
def test_a_device_that_may_be_an_accelerator_is_left_to_torch(
    plain_machine: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str
) -> None:
    assert not foresight.may_have_accelerator() or sys.platform != "linux"
    (tmp_path / "dev" / device).parent.mkdir(parents=True)
    (tmp_path / "dev" / device).touch()
    monkeypatch.setattr(foresight, "_DEV", tmp_path / "dev")
    assert foresight.may_have_accelerator()
    assert foresight.foreseen("auto", "auto") is None


@pytest.mark.usefixtures("plain_machine")
def test_only_linux_lists_its_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert foresight.may_have_accelerator()
    assert foresight.foreseen("cpu", "auto") is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own list")
@pytest.mark.usefixtures("plain_machine")
@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("", "float32"),
        (" amx_tile", "bfloat16"),
        (" avx512_bf16", "bfloat16"),
        (" avx512_bf", "float32"),
    ],
)
def test_the_processors_flags_choose_the_dtype(
    run: Run, monkeypatch: pytest.MonkeyPatch, classifier: Path, flags: str, dtype: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    Path("cpuinfo").write_text(FLAGS.format(flags))
    told = run("classify-text", "--text", "Yes.", "-m", classifier, "--dry-run").stdout
    assert f"dtype       {dtype} (" in told


@pytest.mark.usefixtures("plain_machine")
def test_what_a_dry_run_refuses_it_refuses_without_torch(run: Run) -> None:
    words = ("summarize", "--text", "Yes.", "-m", cached("t5"), "--dry-run")
    done = run(*words, "--dtype", "float16")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "t5 overflows" in done.stderr
    done = run(*words, "--device", "quantum")
    assert done.exit_code == 2
    assert "unknown device: quantum" in done.stderr
