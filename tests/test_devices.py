"""Several devices of one machine, shown by two stand-ins: they answer as one, and one may fail."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import standin_device
import torch
from checkpoints import cached
from conftest import Finished, parse
from models import answers, load, near
from samples import ARTICLE, QUESTION, SHORT_TEXT, long_sound, one_window, photos, sounds
from standin_device import NAME, State
from test_batch_equals_alone import difference

from taskcli.engine import THREADS
from taskcli.output.serialize import to_json
from taskcli.runtime.session import Session
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
ZERO, ONE = f"{NAME}:0", f"{NAME}:1"
BOTH = f"{ZERO} and {ONE}"
PATIENCE = 60.0  # seconds within which another thread has done what is waited for
GONE = "CUDA error: uncorrectable ECC error encountered"
TEXTS = [f"{SHORT_TEXT} {'Again. ' * (number % 4)}{number}" for number in range(24)]


@pytest.fixture(autouse=True)
def standin() -> Iterator[State]:
    with standin_device.present() as state:
        yield state
    ended = time.monotonic() + PATIENCE
    while left := [one.name for one in threading.enumerate() if one.name.startswith(THREADS)]:
        assert time.monotonic() < ended, left
        time.sleep(0.01)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> "Computed":
    return Computed(monkeypatch)


def sizes_of() -> dict[str, list[int]]:
    return {ZERO: [], ONE: [], "cpu": []}


class Computed:
    """The batches of each device. `before` hears of one that begins, and of how many so far."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes = sizes_of()
        self.before: Callable[[str, int], object] = lambda device, number: None
        forward = Session.forward

        def counting(session: Session, collated: Any, *rest: Any) -> Any:
            device = session.placement.device_name
            self.sizes[device].append(len(collated.parts))
            self.before(device, len(self.sizes[device]))
            return forward(session, collated, *rest)

        monkeypatch.setattr(Session, "forward", counting)

    @property
    def counts(self) -> dict[str, int]:
        return {device: len(self.sizes[device]) for device in (ZERO, ONE)}

    def both_begin(self) -> None:
        """Neither goes on with its first batch before the other one has one."""
        barrier = threading.Barrier(2, timeout=PATIENCE)
        self.before = lambda device, number: barrier.wait() if number == 1 else None


@pytest.fixture
def lines(classifier: Path) -> tuple[object, ...]:
    """A call that answers 24 texts."""
    Path("texts.txt").write_text("\n".join(TEXTS))
    return ("classify-text", "texts.txt", "--lines", "-m", classifier, "--batch-size", 2)


# The answers of one


def pictures() -> dict[str, Any]:
    return {"inputs": [*photos(Path()).values()]}


def recordings() -> dict[str, Any]:
    return {"inputs": [long_sound(Path("long.wav")), *[*sounds(Path()).values()][:3]]}


def texts() -> dict[str, Any]:
    return {"texts": [*TEXTS[:4], "", ARTICLE * 3]}


def few() -> dict[str, Any]:
    """For what is slow to write on a stand-in."""
    return {"texts": [*TEXTS[:4], ""]}


CASES: list[tuple[str, str, Callable[[], dict[str, Any]], dict[str, Any]]] = [
    ("classify-image", "vit", pictures, {}),
    ("detect", "detr", pictures, {"threshold": 0.3}),
    ("segment", "mask2former", pictures, {"threshold": 0.3}),
    ("depth", "glpn", pictures, {}),
    ("classify-text", "distilbert-sentiment", texts, {}),
    ("ner", "bert-ner", texts, {}),
    ("qa", "bert-qa", texts, {"question": [QUESTION]}),
    ("asr", "wav2vec2-ctc", recordings, {"timestamps": "word"}),
    ("asr", "whisper", recordings, {}),
    ("classify-audio", "ast", recordings, {}),
    ("generate", "gpt2", few, {"max_new_tokens": 4}),
    ("generate", "gpt2", few, {"max_new_tokens": 4, "temperature": 1.4, "seed": 3}),
    ("summarize", "bart", few, {"max_length": 5, "min_length": 2}),
    ("translate", "m2m100", few, {"max_length": 5}),
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "name", "inputs", "options"), CASES, ids=[f"{one[0]}/{one[1]}" for one in CASES]
)
def test_two_devices_answer_as_one(
    computed: Computed,
    task: str,
    name: str,
    inputs: Callable[[], dict[str, Any]],
    options: dict[str, Any],
) -> None:
    """In the same order, of the same batches."""
    given = inputs()

    def said(device: str) -> list[dict[str, Any]]:
        model = load(task, name, device=device, batch_size=2, **options)
        if name == "whisper":  # which would write until its context is full
            for one in model.loaded.models:
                one.generation_config.max_length = 8
        return [to_json(record) for record in model(**given)]

    expected = said(ZERO)
    assert any("error" not in record for record in expected)
    alone, computed.sizes = computed.sizes[ZERO], sizes_of()
    computed.both_begin()
    assert said(NAME) == near(expected)
    assert sorted(computed.sizes[ZERO] + computed.sizes[ONE]) == sorted(alone)
    assert all(computed.counts.values())


@pytest.mark.long
def test_a_resumed_run_writes_the_bytes_of_one_device(run: Run, computed: Computed) -> None:
    """Of texts, which are drawn: numbers would differ in the last digit from call to call."""
    whole, torn = Path("whole.jsonl"), Path("torn.jsonl")
    Path("texts.txt").write_text("\n".join(TEXTS[:7]))
    drawn = ("--max-new-tokens", 2, "--temperature", 1.4, "--seed", 3, "--batch-size", 2)
    call = ("generate", "texts.txt", "--lines", "-m", cached("gpt2"), *drawn)
    assert run(*call, "--device", ZERO, "-o", whole).exit_code == 0
    assert run(*call, "--device", ONE, "-o", torn).exit_code == 0
    assert torn.read_bytes() == whole.read_bytes()
    torn.write_bytes(torn.read_bytes()[: whole.stat().st_size // 2])
    computed.sizes = sizes_of()
    computed.both_begin()
    assert run(*call, "--device", NAME, "-o", torn, "--resume").exit_code == 0
    assert all(computed.counts.values())
    assert torn.read_bytes() == whole.read_bytes()


@pytest.mark.long
def test_batches_are_shared_evenly(computed: Computed, classifier: Path) -> None:
    barrier = threading.Barrier(2, timeout=PATIENCE)
    computed.before = lambda device, number: barrier.wait()
    model = load("classify-text", classifier, device=NAME, batch_size=1)
    assert len(answers(model, texts=[SHORT_TEXT] * 40)) == 40
    assert computed.counts == {ZERO: 20, ONE: 20}


@pytest.mark.long
def test_a_model_on_two_devices_serves_several_threads(classifier: Path) -> None:
    expected = answers(load("classify-text", classifier, device=ZERO), texts=TEXTS)
    model = load("classify-text", classifier, device=NAME)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: answers(model, texts=TEXTS), range(6)))
    for each in found:
        assert difference(each, expected) < 1e-4


def test_what_a_task_makes_lies_on_the_device_that_computes(
    computed: Computed, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forward(self: Any, batch: Any) -> Any:
        logits = self.model(**batch.inputs).logits
        return logits + torch.zeros(1, device=NAME)

    monkeypatch.setattr(BY_NAME["classify-text"], "forward", forward)
    computed.both_begin()
    model = load("classify-text", classifier, device=NAME, batch_size=2)
    assert len(answers(model, texts=TEXTS)) == len(TEXTS)


def test_each_has_the_weights_and_its_own_of_other_options(classifier: Path) -> None:
    model = load("classify-text", classifier, device=NAME, top_k=1)
    bound = model.bind(top_k=2)
    for number, one in enumerate(model.loaded.models):
        assert {str(weight.device) for weight in one.parameters()} == {f"{NAME}:{number}"}
        assert bound.sessions[number].task.model is one
    assert [len(answer) for answer in answers(bound, texts=TEXTS)] == [2] * len(TEXTS)


# Which devices


@pytest.mark.parametrize(
    ("words", "device"),
    [
        ((), f"{BOTH} (all 2 of the fastest kind found)"),
        (("--device", NAME), f"{BOTH} (all 2 of the kind asked for)"),
        (("--device", ONE), f"{ONE} (asked for)"),
        (("--devices", "1"), f"{ONE} (asked for)"),
        (("--devices", "1,0"), f"{ONE} and {ZERO} (asked for)"),
        (("--device", NAME, "--devices", "0"), f"{ZERO} (asked for)"),
        (("--device", "cpu"), "cpu (asked for)"),
    ],
    ids=str,
)
def test_a_dry_run_says_which_and_why(
    run: Run,
    lines: tuple[object, ...],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    device: str,
) -> None:
    monkeypatch.setattr("taskcli.runtime.foresight.may_have_accelerator", lambda: True)
    done = run(*lines, *words, "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert f"device      {device}" in map(str.rstrip, done.stdout.splitlines())


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            ("--device", "cpu", "--devices", "0"),
            "--devices 0: --device cpu has no numbers",
            f"leave it out; there are {BOTH}",
        ),
        (("--devices", "0,2"), f"--devices 0,2: there is no {NAME}:2", f"there are {BOTH}"),
        (("--devices", "1,1"), f"--devices 1,1: {ONE} is named twice", f"there are {BOTH}"),
        (
            ("--device", ONE, "--devices", "0"),
            f"--devices 0: --device {ONE} has named one already",
            "give one of them",
        ),
        (("--devices", "a"), "--devices a: not numbers with commas", "try --devices 0,1"),
        (("--devices", ""), "--devices : not numbers with commas", "try --devices 0,1"),
    ],
    ids=str,
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=str)
def test_devices_that_are_not_there_are_refused_with_those_that_are(
    run: Run,
    lines: tuple[object, ...],
    words: tuple[str, ...],
    message: str,
    hint: str,
    more: tuple[str, ...],
) -> None:
    done = run(*lines, *words, *more)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert hint in done.stderr


def test_numbers_without_an_accelerator_are_refused(
    run: Run, standin: State, lines: tuple[object, ...]
) -> None:
    standin.is_present = False
    done = run(*lines, "--devices", "0,1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--devices 0,1: there is no accelerator here" in done.stderr
    assert "leave it out; there is cpu alone" in done.stderr


def test_files_variables_and_the_python_api_name_devices_too(
    run: Run, lines: tuple[object, ...], classifier: Path
) -> None:
    def device(**variables: str) -> str:
        (line,) = [
            one
            for one in run(*lines, "--dry-run", **variables).stdout.splitlines()
            if one.startswith("device ")
        ]
        return line.split(maxsplit=1)[1].rstrip()

    Path("taskcli.toml").write_text(f'device = "{NAME}"\ndevices = 1\n')
    assert device() == f"{ONE} (asked for)"
    assert device(TASKCLI_DEVICES="0,1") == f"{BOTH} (asked for)"
    for devices in ("1,0", [1, 0]):
        model = load("classify-text", classifier, device=NAME, devices=devices)
        assert model.loaded.placement.device_name == f"{ONE} and {ZERO}"


def test_doctor_says_which_a_run_would_use(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskcli.runtime.foresight.may_have_accelerator", lambda: True)
    monkeypatch.setattr("taskcli.runtime.devices.may_have_accelerator", lambda: True)
    found = json.loads(run("doctor", "--format", "json").stdout)
    (told,) = [one["found"] for one in found if one["part"] == "a run"]
    assert told.startswith(f"computes on {BOTH} (all 2 of the fastest kind found) in bfloat16 (")


def test_a_model_that_is_too_large_for_one_device_runs_on_the_others(
    run: Run, lines: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory: dict[int | str, float] = {0: 1e9, 1: 1e9, "cpu": 1e9}
    monkeypatch.setattr("taskcli.runtime.placement.get_max_memory", lambda: memory)

    def device(*words: str) -> str:
        done = run(*lines, "--device", NAME, *words, "--dry-run")
        (line,) = [one for one in done.stdout.splitlines() if one.startswith("device ")]
        return line.split(maxsplit=1)[1].rstrip()

    assert device() == f"{BOTH} (all 2 of the kind asked for)"
    memory[1] = 1
    why = f"too little memory is free on {ONE}"
    assert device() == f"{ZERO} (all 2 of the kind asked for; {why})"
    assert device("--devices", "0,1") == f"{ZERO} (asked for; {why})"
    memory[0] = 1
    why = "larger than the memory of one, so spread over"
    assert device() == f"{BOTH} (all 2 of the kind asked for; {why} {BOTH})"
    assert device("--devices", "0") == f"{ZERO} (asked for; {why} {ZERO})"


@pytest.mark.long
def test_the_last_line_and_the_page_of_a_run_name_its_devices(
    run: Run, lines: tuple[object, ...]
) -> None:
    done = run(*lines, "--device", NAME, "--dtype", "float32", "--report", "page.html")
    assert done.exit_code == 0
    assert done.stderr.endswith(f" on {BOTH}, float32\n")
    page = Path("page.html").read_text()
    assert f'"device": "{BOTH}"' in page
    assert '"device_why": "all 2 of the kind asked for"' in page


# A device that fails


def test_a_device_that_fails_hands_its_batch_to_the_other(
    run: Run, standin: State, computed: Computed, lines: tuple[object, ...]
) -> None:
    expected = run(*lines, "--device", ZERO).records
    computed.sizes = sizes_of()
    failed = threading.Event()

    def before(device: str, number: int) -> None:
        if device == ONE and number == 2:
            standin.lost[1] = GONE
            failed.set()
        elif device == ZERO:
            failed.wait(PATIENCE)

    computed.before = before
    done = run(*lines, "--device", NAME)
    assert (done.exit_code, done.records) == (0, near(expected))
    warning, summary = done.stderr.splitlines()
    assert warning == f"warning: {ONE} failed, and the others go on without it: {GONE}"
    assert "24 inputs in " in summary
    assert computed.counts[ONE] == 2


def test_a_device_that_fails_before_its_answers_are_read_hands_them_to_the_other(
    standin: State, computed: Computed, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(load("classify-text", classifier, device=ZERO, batch_size=2), texts=TEXTS)
    computed.sizes = sizes_of()
    begun, read = threading.Event(), Session.read

    def reads(session: Session, *arguments: Any) -> Any:
        if begun.is_set():
            standin.lost[1] = GONE
        return read(session, *arguments)

    monkeypatch.setattr(Session, "read", reads)
    computed.before = lambda device, _: begun.set() if device == ONE else begun.wait(PATIENCE)
    model = load("classify-text", classifier, device=NAME, batch_size=2)
    with pytest.warns(RuntimeWarning, match=f"{ONE} failed, and the others go on"):
        found = answers(model, texts=TEXTS)
    assert difference(found, expected) < 1e-4


@pytest.mark.parametrize("words", [(), ("-o", "answers.jsonl")], ids=str)
def test_a_run_ends_when_the_last_device_fails_and_can_be_gone_on_with(
    run: Run,
    standin: State,
    computed: Computed,
    lines: tuple[object, ...],
    words: tuple[str, ...],
) -> None:
    expected = run(*lines, "--device", "cpu", "--dtype", "float32").records
    computed.sizes = sizes_of()
    begun = itertools.count()

    def before(device: str, number: int) -> None:
        if next(begun) >= 6:
            standin.lost |= {0: GONE, 1: GONE}

    computed.before = before
    call = (*lines, "--dtype", "float32", *words)
    done = run(*call, "--device", NAME)
    assert done.exit_code == 4
    warning, error, hint, *_ = done.stderr.splitlines()
    assert warning.startswith(f"warning: {NAME}:")
    assert error.startswith(f"error: all 2 devices are lost, {NAME}:")
    assert error.endswith(GONE)
    assert hint.startswith("  → --device cpu may go further")
    if not words:
        assert 0 < len(done.records) < len(TEXTS)
        assert len(set(done.inputs)) == len(done.inputs)
        return
    begun = itertools.count(-1_000)
    answered = parse(Path("answers.jsonl").read_text())
    assert 0 < len(answered) < len(TEXTS)
    again = run(*call, "--device", "cpu", "--resume")
    assert again.exit_code == 0
    found = parse(Path("answers.jsonl").read_text())
    assert found == near(expected)


def test_an_input_that_every_device_fails_is_an_error_record(
    run: Run, lines: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a device says that it cannot compute something, and computes all else."""
    Path("texts.txt").write_text("\n".join([*TEXTS[:5], SHORT_TEXT * 6, *TEXTS[6:]]))
    forward = BY_NAME["classify-text"].forward

    def fails(self: Any, batch: Any) -> Any:
        if batch.inputs["input_ids"].shape[1] > 80:
            raise torch.AcceleratorError("CUDA error: invalid configuration argument")
        return forward(self, batch)

    tried: Counter[str] = Counter()

    def noting(self: Any, batch: Any) -> Any:
        try:
            return fails(self, batch)
        except torch.AcceleratorError:
            tried[str(self.model.device)] += 1
            raise

    monkeypatch.setattr(BY_NAME["classify-text"], "forward", noting)
    done = run(*lines, "--device", NAME)
    assert done.exit_code == 1
    assert [one["input"] for one in done.records if "error" in one] == ["texts.txt:6"]
    assert len(done.records) == len(TEXTS)
    assert tried.keys() == {ZERO, ONE}
    assert "warning" not in done.stderr


# Memory


@pytest.mark.long
def test_a_device_with_less_memory_halves_its_own_batches_alone(
    standin: State, computed: Computed, classifier: Path
) -> None:
    standin.bytes = 1e9
    model = load("classify-text", classifier, device=NAME, batch_size=8)
    expected = answers(load("classify-text", classifier, device=ZERO), texts=[SHORT_TEXT] * 64)
    weights = standin.used[1]
    standin.peak = 0
    answers(load("classify-text", classifier, device=ONE), texts=[SHORT_TEXT])
    need = standin.peak - 2 * weights
    taken = torch.empty(int(standin.bytes - weights - 3 * need), dtype=torch.uint8, device=ONE)
    computed.sizes = sizes_of()
    barrier, goes_on = threading.Barrier(2, timeout=PATIENCE), threading.Event()

    def before(device: str, number: int) -> None:
        if number == 1:
            barrier.wait()
        elif device == ZERO and computed.sizes[ZERO].count(8) == 2:
            goes_on.set()
        elif device == ONE and computed.sizes[ONE][-1] < 8:
            goes_on.wait(PATIENCE)

    computed.before = before
    with one_window():
        found = answers(model, texts=[SHORT_TEXT] * 64)
    assert difference(found, expected) < 1e-4
    assert computed.sizes[ONE][0] == 8
    assert max(computed.sizes[ONE][1:]) < 8
    assert len(taken), "it is kept until here"
