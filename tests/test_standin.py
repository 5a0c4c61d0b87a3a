"""What a GPU would show, shown by a stand-in: every task on a device of its own."""

import json
import math
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import standin_device
import torch
from checkpoints import BY_TASK
from conftest import Finished
from models import answers, load, result
from samples import LONG_TEXT, QUESTION, SHORT_TEXT, one_window, photos, sounds, texts_of
from standin_device import NAME, State
from test_batch_equals_alone import difference

from taskcli.checkpoints.registry import package_folder
from taskcli.errors import InputError
from taskcli.media.items import Media
from taskcli.runtime import session
from taskcli.tasks import BY_NAME

ONE = f"{NAME}:0"
Run = Callable[..., Finished]
Inputs = dict[str, Any]
WRITERS = ("generate", "summarize", "translate")
CASES = [(task, name) for task, names in BY_TASK.items() for name in names]
CHECKOUT = Path(__file__).parent.parent
EXAMPLES = {
    Media.IMAGE: [
        CHECKOUT / "examples/scenes" / name for name in ("red-cube.png", "blue-ball.jpg")
    ],
    Media.AUDIO: [CHECKOUT / "examples/sounds" / name for name in ("yes.wav", "stop.wav")],
}
STARTERS = sorted((package_folder() / "starter").iterdir())
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


def opened(task: str, name: str | Path, **options: Any) -> Any:
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
    model = opened(task, name, device=ONE)
    passes: list[object] = []
    model.loaded.model.register_forward_hook(lambda *_: passes.append(1))
    standin.on_wait = waits = Waits()
    found = ask(model, files)
    assert difference(ask(opened(task, name), files), found) < 1e-4
    assert standin.pageable == 0
    once = ["event in read_back.py"]
    if task in WRITERS or name == "whisper":  # generate() looks at every token
        assert waits.places[-1:] == once
    else:
        assert waits.places == once * len(passes)


@pytest.mark.parametrize("subtask", ["instance", "semantic"])
def test_a_device_divides_pictures_as_the_processor_does(
    standin: State, files: dict[Media, list[Path]], subtask: str
) -> None:
    expected = ask(opened("segment", "mask2former", subtask=subtask), files)
    assert any(expected)
    standin.on_wait = waits = Waits()
    found = ask(opened("segment", "mask2former", subtask=subtask, device=ONE), files)
    assert difference(expected, found) < 1e-4
    assert set(waits.places) == {"event in read_back.py"}


@pytest.mark.parametrize("folder", STARTERS, ids=lambda folder: folder.name)
@pytest.mark.usefixtures("standin")
def test_a_device_answers_as_the_processor_does_with_weights_that_learnt(folder: Path) -> None:
    """Their scores are sure, where those of random weights lie close together."""
    task = folder.name.removesuffix("-convnext")
    languages = {"source_language": "en", "target_language": "fr"}
    options = languages if task == "translate" else {}
    expected, found = (
        ask(opened(task, folder, device=device, **options), EXAMPLES) for device in ("cpu", NAME)
    )
    assert any(expected)
    assert difference(expected, found) < 1e-4


# Which device


def test_a_device_is_chosen_by_what_torch_knows(
    run: Run, standin: State, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcli.runtime.foresight.may_have_accelerator", lambda: True)

    def told(*words: str) -> str:
        done = run("classify-text", "--text", "Yes.", "-m", classifier, "--dry-run", *words)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    assert f"device      {NAME}:0 and {NAME}:1 (all 2 of the fastest kind found)" in told()
    assert f"device      {NAME}:1 (asked for)" in told("--device", f"{NAME}:1")
    assert "dtype       bfloat16 (" in told("--device", ONE)
    standin.missing_dtypes = frozenset({torch.bfloat16})
    assert "dtype       float32 (" in told("--device", ONE)


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


@pytest.mark.usefixtures("standin")
def test_int8_is_for_processors(run: Run, classifier: Path) -> None:
    words = ("classify-text", "--text", "Yes.", "-m", classifier, "--device", ONE)
    done = run(*words, "--dtype", "int8")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--dtype int8: {NAME} does not compute it here" in done.stderr


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


# Memory


def room_for_one(model: Any, state: State, text: str) -> int:
    """Bytes that one input needs beside the weights."""
    before = state.peak = state.used[0]
    list(model.bind()(texts=[text]))
    return state.peak - before


@pytest.mark.long
def test_a_batch_that_exhausts_memory_is_halved_and_all_inputs_are_answered(
    standin: State, classifier: Path
) -> None:
    standin.bytes = 1e9
    model = load("classify-text", classifier, device=ONE, batch_size="8")
    need = room_for_one(model, standin, SHORT_TEXT)
    standin.bytes = standin.used[0] + 3 * need
    sizes: list[int] = []
    model.loaded.model.register_forward_pre_hook(
        lambda module, args, kwargs: sizes.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    with one_window():
        found = answers(model, texts=[SHORT_TEXT] * 16)
    assert difference(
        found, answers(load("classify-text", classifier), texts=[SHORT_TEXT] * 16)
    ) < (1e-4)
    assert sizes[0] == 8
    assert max(sizes[sizes.index(2) :]) < 8  # what was too much is not tried again


@pytest.mark.long
def test_an_input_that_no_memory_holds_is_an_error_and_leaves_room_for_others(
    run: Run, standin: State, classifier: Path
) -> None:
    standin.bytes = 1e9
    model = load("classify-text", classifier, device=ONE)
    need = room_for_one(model, standin, "Yes.")
    standin.bytes = standin.used[0] + 4 * need  # those of a batch before may still be there
    records = list(model(texts=[LONG_TEXT, "Yes.", LONG_TEXT, "No."]))
    assert [record.error is None for record in records] == [False, True, False, True]
    assert f"it needs more memory than there is ({ONE})" in records[0].error.message


def test_a_checkpoint_that_no_memory_holds_is_refused(
    run: Run, standin: State, classifier: Path
) -> None:
    standin.bytes = 1_000
    done = run("classify-text", "--text", "Yes.", "-m", classifier, "--device", ONE)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "is larger than the memory there is: standin out of memory" in done.stderr


@pytest.mark.parametrize(
    ("failure", "is_memory", "is_lost"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True, False),
        (RuntimeError("CUDA error: out of memory\nCompile with TORCH_USE_CUDA_DSA"), True, False),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling ..."), True, False),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True, False),
        (RuntimeError("level_zero failed: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)"), True, False),
        (MemoryError(), True, False),
        (torch.AcceleratorError("an illegal memory access was encountered"), False, True),
        (RuntimeError("CUDA error: device-side assert triggered"), False, True),
        (RuntimeError("HIP error: the operation cannot be performed"), False, True),
        (RuntimeError("level_zero failed: 20 (UR_RESULT_ERROR_DEVICE_LOST)"), False, True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False, False),
        (InputError("the file speaks of a CUDA error: out of memory"), False, False),
    ],
    ids=str,
)
def test_what_a_failure_of_a_device_means(
    failure: Exception, is_memory: bool, is_lost: bool
) -> None:
    assert (session.is_out_of_memory(failure), session.is_device_error(failure)) == (
        is_memory,
        is_lost,
    )


# Faults that are planted, so that the stand-in is known to see them


def forgets(self: Any, batch: Any) -> Any:
    return self.model(**batch.inputs).logits.numpy()


def keeps_on_host(self: Any, batch: Any) -> Any:
    logits = self.model(**batch.inputs).logits
    return logits + torch.zeros(logits.shape)


def does_not_wait(self: Any, batch: Any) -> Any:
    return self.model(**batch.inputs).logits.to("cpu", non_blocking=True).clone()


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (forgets, f"can't convert {NAME}:0 device type tensor to numpy"),
        (keeps_on_host, f"found at least two devices, cpu and {NAME}:0"),
    ],
)
def test_a_fault_of_a_task_is_seen(
    standin: State, classifier: Path, monkeypatch: pytest.MonkeyPatch, forward: Any, message: str
) -> None:
    monkeypatch.setattr(BY_NAME["classify-text"], "forward", forward)
    [record] = load("classify-text", classifier, device=ONE)(texts=["Yes."])
    assert record.error is not None
    assert message in record.error.message


def test_what_is_read_before_it_has_arrived_is_rubbish(
    standin: State, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(load("classify-text", classifier), texts=["Yes."])
    model = load("classify-text", classifier, device=ONE)
    monkeypatch.setattr(BY_NAME["classify-text"], "forward", does_not_wait)
    [[*labels]] = answers(model, texts=["Yes."])
    assert all(math.isnan(label.score) for label in labels)
    monkeypatch.undo()
    assert difference(answers(model, texts=["Yes."]), expected) < 1e-4


def test_a_further_wait_is_counted(
    standin: State, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = BY_NAME["classify-text"].forward

    def looks(self: Any, batch: Any) -> Any:
        logits = forward(self, batch)
        assert logits[logits > -math.inf].tolist()
        return logits

    monkeypatch.setattr(BY_NAME["classify-text"], "forward", looks)
    model = load("classify-text", classifier, device=ONE)
    standin.on_wait = waits = Waits()
    assert answers(model, texts=["Yes."])
    assert [place.split(" in ")[0] for place in waits.places] == [
        "aten::index",
        "copy to host",
        "event",
    ]
