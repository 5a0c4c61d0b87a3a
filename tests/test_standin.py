"""What a GPU would show, shown by a stand-in: every task on a device of its own."""

import json
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import standin_device
import torch
from checkpoints import BY_TASK
from conftest import Finished
from models import load, result
from samples import QUESTION, SHORT_TEXT, one_window, photos, sounds, texts_of
from standin_device import NAME, State
from test_batch_equals_alone import difference

from taskcli.media.items import Media
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
Inputs = dict[str, Any]
WRITERS = ("generate", "summarize", "translate")
CASES = [(task, name) for task, names in BY_TASK.items() for name in names]
SHORT: dict[str, dict[str, Any]] = {
    "generate": {"max_new_tokens": 3},
    "summarize": {"max_length": 5, "min_length": 2},
    "translate": {"max_length": 5},
    "qa": {"question": [QUESTION]},
    "segment": {"threshold": 0.3},
    "detect": {"threshold": 0.3},
}


@pytest.fixture
def standin() -> Iterator[State]:
    with standin_device.present() as state:
        yield state


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Media, list[Path]]:
    """Two of a medium, which pad each other."""
    folder = tmp_path_factory.mktemp("files")
    pictures, heard = photos(folder), sounds(folder)
    return {
        Media.IMAGE: [pictures["small"], pictures["wide"]],
        Media.AUDIO: [heard["float"], heard["voice"]],
    }


def opened(task: str, name: str, **options: Any) -> Any:
    model = load(task, name, **{**BY_NAME[task].samples.options, **SHORT.get(task, {}), **options})
    if name == "whisper":  # which would write until its context is full
        model.loaded.model.generation_config.max_length = 8
    return model


def ask(model: Any, files: dict[Media, list[Path]]) -> list[Any]:
    """The results of two inputs or more."""
    task = model.task
    given: Inputs = {"texts": texts_of(task, [SHORT_TEXT, "Yes, it is."])}
    if task.media is not Media.TEXT:
        given = {"inputs": files[task.media]}
    with one_window():
        return [result(record) for record in model(**given)]


class Waits:
    """Where the device is waited for, beside what models do between their layers."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def __call__(self, reason: str) -> None:
        files = [Path(frame.filename) for frame in traceback.extract_stack()]
        if not any(file.name.startswith(("modeling_", "masking_")) for file in files):
            ours = [file.name for file in files if "taskcli" in file.parts]
            self.places.append(f"{reason} in {ours[-1]}")


@pytest.mark.parametrize(("task", "name"), CASES, ids=map("/".join, CASES))
def test_a_device_answers_as_the_processor_does_and_is_waited_for_once_a_batch(
    standin: State, files: dict[Media, list[Path]], task: str, name: str
) -> None:
    model = opened(task, name, device=NAME)
    passes: list[object] = []
    model.loaded.model.register_forward_hook(lambda *_: passes.append(1))
    standin.on_wait = waits = Waits()
    found = ask(model, files)
    assert difference(ask(opened(task, name), files), found) < 1e-4
    once = ["event in read_back.py"]
    if task in WRITERS or name == "whisper":  # generate() looks at every token
        assert waits.places[-1:] == once
    else:
        assert waits.places == once * len(passes)


# Which device


def test_a_device_is_chosen_by_what_torch_knows(
    run: Run, standin: State, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcli.runtime.foresight.may_have_accelerator", lambda: True)

    def told(*words: str) -> str:
        done = run("classify-text", "--text", "Yes.", "-m", classifier, "--dry-run", *words)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    assert f"device      {NAME} (the fastest device found)" in told()
    assert f"device      {NAME}:1 (asked for)" in told("--device", f"{NAME}:1")
    assert "dtype       bfloat16 (" in told("--device", NAME)
    standin.missing_dtypes = frozenset({torch.bfloat16})
    assert "dtype       float32 (" in told("--device", NAME)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (f"{NAME}:2", f"--device {NAME}:2: there is none here"),
        ("hpu", "--device hpu: there is none here"),
        ("meta", "--device meta: there is none here"),
        ("quantum", "unknown device: quantum"),
    ],
)
@pytest.mark.usefixtures("standin")
def test_a_device_that_is_not_there_is_refused_with_those_that_are(
    run: Run, classifier: Path, word: str, message: str
) -> None:
    done = run("classify-text", "--text", "Yes.", "-m", classifier, "--device", word)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert f"leave it out, or --device {NAME}:0, {NAME}:1 or cpu" in done.stderr


def test_doctor_lists_every_device(
    run: Run, standin: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcli.runtime.devices.may_have_accelerator", lambda: True)
    standin.bytes = 8e9
    listed = [
        one for one in json.loads(run("doctor", "--format", "json").stdout) if "dtypes" in one
    ]
    assert [one["part"] for one in listed] == [f"{NAME}:0", f"{NAME}:1", "cpu"]
    for one in listed[:2]:
        assert (one["total"], one["free"]) == (8e9, 8e9)
        assert one["dtypes"] == ["bfloat16", "float32"]
        assert "Stand-in, 8.0 of 8.0 GB free, bfloat16" in one["found"]


def test_inputs_and_weights_go_to_the_device_that_was_asked_for(
    standin: State, files: dict[Media, list[Path]]
) -> None:
    model = opened("classify-image", "vit", device=f"{NAME}:1")
    assert {str(one.device) for one in model.loaded.model.parameters()} == {f"{NAME}:1"}
    assert difference(ask(model, files), ask(opened("classify-image", "vit"), files)) < 1e-4
