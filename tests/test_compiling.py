"""--compile: the compiled pass answers as the plain one does, which stands in where it fails.

Inductor takes minutes; a backend that runs the graphs as they were traced stands in its place.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import cached
from conftest import Finished
from models import load, near
from samples import ARTICLE, SHORT_TEXT, photos
from torch import fx
from torch._inductor.exc import InvalidCxxCompiler

from taskcli.runtime import compiling

Run = Callable[..., Finished]
TEXTS = ["Yes.", "I love this film!", "It was warm, funny and honest, and then it was over."]
NOTED = "warning: --compile: "


@dataclass
class Backend:
    """Runs graphs as they are; raises `fails` where one is compiled, `breaks` where it runs."""

    fails: Exception | None = None
    breaks: Exception | None = None
    graphs: int = 0
    passes: int = 0

    def __call__(self, graph: fx.GraphModule, inputs: list[Any]) -> Callable[..., Any]:
        self.graphs += 1
        if self.fails is not None:
            raise self.fails

        def call(*values: Any) -> Any:
            self.passes += 1
            if self.breaks is not None:
                raise self.breaks
            return graph.forward(*values)

        return call


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    made = Backend()
    monkeypatch.setattr(compiling, "_BACKEND", made)
    yield made
    torch.compiler.reset()


def classify(run: Run, checkpoint: Path, *more: object, texts: list[str] = TEXTS) -> Finished:
    words = [word for text in texts for word in ("--text", text)]
    return run("classify-text", *words, "-m", checkpoint, "-f", "jsonl", *more)


def results(done: Finished) -> list[Any]:
    assert done.exit_code == 0, done.stderr
    return [record["result"] for record in done.records]


def notes(done: Finished) -> list[str]:
    return [line for line in done.stderr.splitlines() if "--compile" in line]


@pytest.mark.long
def test_a_compiled_model_answers_as_the_plain_one_and_is_the_one_that_answers(
    run: Run, backend: Backend, classifier: Path
) -> None:
    plain = classify(run, classifier)
    assert (backend.graphs, backend.passes) == (0, 0)
    done = classify(run, classifier, "--compile", "--batch-size", "1")
    assert results(done) == near(results(plain))
    assert backend.passes == len(TEXTS)
    assert notes(done) == []
    assert "on cpu, float32, compiled" in done.stderr
    assert "compiled" not in plain.stderr


@pytest.mark.parity
def test_compiled_code_lies_where_nobody_else_writes(
    run: Run, backend: Backend, classifier: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    results(classify(run, classifier, "--compile"))
    folder = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    assert folder.is_relative_to(tmp_path / "cache")
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_pictures_are_answered_by_a_compiled_model(
    run: Run, backend: Backend, tmp_path: Path
) -> None:
    words = ("classify-image", *photos(tmp_path).values(), "-m", cached("vit"), "-f", "jsonl")
    plain, done = run(*words), run(*words, "--compile")
    assert results(done) == near(results(plain))
    assert backend.passes >= 1
    assert backend.graphs <= 2  # one picture, and several
    assert notes(done) == []


@pytest.mark.parity
def test_sound_that_is_padded_is_answered_as_without(backend: Backend) -> None:
    """Wav2Vec2's first norm is told the lengths of a batch beside its inputs."""
    plain, other = (load("asr", "wav2vec2-ctc", compile=compile) for compile in (False, True))
    samples = torch.rand(2, 4000, generator=torch.Generator().manual_seed(0)) - 0.5
    for valid in (4000, 3000, 2200):
        mask = (torch.arange(4000)[None] < torch.tensor([[4000], [valid]])).long()
        with torch.inference_mode():
            expected, found = (
                model.loaded.model(samples, attention_mask=mask).logits for model in (plain, other)
            )
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert backend.graphs == 1
    assert backend.passes == 3


@pytest.mark.long
def test_batches_of_all_sizes_share_what_was_compiled(backend: Backend, classifier: Path) -> None:
    plain, model = (load("classify-text", classifier, compile=compile) for compile in (False, True))
    first = None
    for rows, length in ((2, 4), (3, 9), (5, 17), (8, 30), (7, 60), (4, 11)):
        ids = torch.arange(rows * length).reshape(rows, length) % 90 + 5
        with torch.inference_mode():
            expected, found = (
                one.loaded.model(ids, attention_mask=torch.ones_like(ids)).logits
                for one in (plain, model)
            )
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        first = first or backend.graphs
    assert backend.graphs == first


@pytest.mark.long
@pytest.mark.parametrize(
    "failure",
    [
        InvalidCxxCompiler(),
        pytest.param(
            torch.OutOfMemoryError("out of memory while kernels are tried"),
            marks=pytest.mark.parity,
        ),
    ],
    ids=["no-compiler", "memory"],
)
def test_what_cannot_be_compiled_answers_as_it_is(
    run: Run, backend: Backend, classifier: Path, failure: Exception
) -> None:
    plain = classify(run, classifier)
    backend.fails = failure
    done = classify(run, classifier, "--compile", "--batch-size", "1")
    assert results(done) == near(results(plain))
    assert backend.graphs == 1  # and not once a batch
    (note,) = notes(done)
    assert note.startswith(f"{NOTED}the model cannot be compiled here and runs as it is: ")
    assert type(failure).__name__ in note
    assert "compiled" not in done.stderr.replace(note, "")


@pytest.mark.parity
def test_a_compiled_pass_that_breaks_is_left(run: Run, backend: Backend, classifier: Path) -> None:
    backend.breaks = RuntimeError("misaligned")
    done = classify(run, classifier, "--compile", "--batch-size", "1")
    assert results(done) == near(results(classify(run, classifier)))
    assert backend.passes == 1
    assert len(notes(done)) == 1


@pytest.mark.parity
def test_a_batch_that_is_too_large_is_halved_and_the_model_stays_compiled(
    run: Run, backend: Backend, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Backend.__call__

    def scarce(self: Backend, graph: fx.GraphModule, inputs: list[Any]) -> Callable[..., Any]:
        call = inner(self, graph, inputs)

        def within(*values: Any) -> Any:
            tensors = [value for value in values if isinstance(value, torch.Tensor)]
            if any(value.dtype == torch.int64 and len(value) > 2 for value in tensors):
                raise torch.OutOfMemoryError("out of memory")
            return call(*values)

        return within

    monkeypatch.setattr(Backend, "__call__", scarce)
    texts = ["Yes.", "No.", "Why."]
    done = classify(run, classifier, "--compile", "--batch-size", "3", texts=texts)
    assert results(done) == near(results(classify(run, classifier, texts=texts)))
    assert notes(done) == []
    assert "on cpu, float32, compiled" in done.stderr


def test_an_input_that_fails_by_itself_is_an_error_and_blames_no_compiler(
    backend: Backend, classifier: Path
) -> None:
    model = load("classify-text", classifier)
    whole, told = model.loaded.model.forward, []

    def picky(**inputs: torch.Tensor) -> Any:
        if inputs["input_ids"].shape[1] > 20:
            raise ValueError("too long for this model")
        return whole(**inputs)

    model.loaded.model.forward = picky
    loaded = model.loaded.compiling(told.append)
    (record,) = model(texts=[ARTICLE])
    assert record.error is not None
    assert "too long for this model" in record.error.message
    assert loaded.is_compiled
    assert told == []
    assert backend.graphs == 0


def test_a_model_that_writes_is_left_as_it_is(run: Run, backend: Backend) -> None:
    texts = ("--text", SHORT_TEXT, "--text", ARTICLE)
    words = ("summarize", *texts, "-m", cached("bart"), "-f", "jsonl")
    plain, done = run(*words), run(*words, "--compile")
    assert results(done) == results(plain)
    (note,) = notes(done)
    assert note.startswith(f"{NOTED}models that write run as they are")
    assert backend.graphs == 0


@pytest.mark.long
def test_int8_is_left_as_it_is(run: Run, backend: Backend, classifier: Path) -> None:
    plain = classify(run, classifier, "--dtype", "int8")
    done = classify(run, classifier, "--dtype", "int8", "--compile")
    assert results(done) == results(plain)
    (note,) = notes(done)
    assert note.startswith(f"{NOTED}layers in int8 run as they are")


@pytest.mark.parity
def test_a_program_that_loads_is_warned(backend: Backend, classifier: Path) -> None:
    backend.fails = InvalidCxxCompiler()
    model = load("classify-text", classifier, compile=True)
    with pytest.warns(UserWarning, match="--compile: the model cannot be compiled") as told:
        list(model(texts=TEXTS))
    assert len([one for one in told if "--compile" in str(one.message)]) == 1
    assert not model.loaded.is_compiled


def test_a_dry_run_tells_of_it_and_a_settings_file_may_ask(run: Run, classifier: Path) -> None:
    plan = classify(run, classifier, "--dry-run", "--compile").stdout
    assert "compiled    asked for: the first batch takes minutes" in plan
    Path("taskcli.toml").write_text("compile = true\n")
    assert "compiled    asked for" in classify(run, classifier, "--dry-run").stdout
