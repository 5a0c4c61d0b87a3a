"""One model type at one task: does it answer, and does a batch answer as one at a time?"""

import tempfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import transformers as hf
from samples import ARTICLE, SHORT_TEXT, UNICODE_TEXT, noise, one_window, scene, texts_of, tone

import taskcli
from parity.checkpoint import make
from taskcli.media.items import Media
from taskcli.results import Detection, Segment
from taskcli.runtime import dtypes
from taskcli.runtime.batching import BatchPolicy
from taskcli.task import Task
from taskcli.tasks.languages import language_codes

NOT_MADE = "not made"  # how the reason begins where there is no checkpoint to run
CLOSE = 1e-4  # how far scores, depths and times may lie apart, in float32
TEXTS = [SHORT_TEXT, "Yes.", UNICODE_TEXT, ARTICLE]
PROMPTS = [SHORT_TEXT, "Yes, the cat", UNICODE_TEXT]
PICTURES = [(64, 64), (120, 70), (70, 110)]
SECONDS = [1.0, 0.6, 1.3]


def run(task: type[Task[Any, Any, Any]], model_type: str) -> dict[str, Any]:
    """What was found: `works`, `policy` and whether in `bfloat16`, too; or `why` it cannot."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            make(task, model_type, folder)
        except Exception as failure:
            return {"works": False, "why": f"{NOT_MADE}: {_line(failure)}"}
        try:
            return judge(task, folder)
        except Exception as failure:
            return {"works": False, "why": _line(failure)}


def _line(failure: Exception) -> str:
    text = " ".join(str(failure).split())
    return f"{type(failure).__name__}: {text}"[:300]


def judge(task: type[Task[Any, Any, Any]], folder: Path) -> dict[str, Any]:
    """Ask one at a time, then together, then together in equals, all in float32; then in half."""
    options = {**task.samples.options, **_languages(task, folder), **_subtask(task, folder)}
    model = taskcli.load(task.name, str(folder), device="cpu", dtype="float32", **options)
    with tempfile.TemporaryDirectory() as name:
        inputs = list(_inputs(task, Path(name)))
        alone = _answers(model, inputs, "1")
        if not any(alone):
            return {"works": False, "why": "no answer to compare"}
        in_half = _answers_in_half(task, folder, options, inputs)
        found = {"works": True, "bfloat16": in_half, **_sharing(model, inputs, alone)}
        return {key: min(v, 1e9) if isinstance(v, float) else v for key, v in found.items()}


def _sharing(model: Any, inputs: list[str], alone: list[Any]) -> dict[str, Any]:
    apart = difference(alone, _padded(model, inputs))
    if apart <= CLOSE:
        return {"sharing": "padded"}
    twins = [one for one in inputs for _ in range(2)]
    expected = [one for one in alone for _ in range(2)]
    equal = difference(expected, _of_equals(model, twins))
    return {"sharing": "equal" if equal <= CLOSE else "never", "apart": apart, "equal": equal}


def _answers_in_half(
    task: type[Task[Any, Any, Any]], folder: Path, options: dict[str, Any], inputs: list[str]
) -> bool:
    """Whether there is an answer: what it is means nothing, the weights are random."""
    with patch.object(dtypes, "only_in_float32", frozenset):
        try:
            model = taskcli.load(task.name, str(folder), device="cpu", dtype="bfloat16", **options)
            return any(_answers(model, inputs, "1"))
        except Exception:
            return False


def _languages(task: type[Task[Any, Any, Any]], folder: Path) -> dict[str, str]:
    """Two that a multilingual tokenizer knows."""
    if task.name != "translate":
        return {}
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    if not hasattr(tokenizer, "_build_translation_inputs"):
        return {}
    source, target, *_ = language_codes(tokenizer)
    return {"source_language": source, "target_language": target}


def _subtask(task: type[Task[Any, Any, Any]], folder: Path) -> dict[str, str]:
    """Every pixel has a class; what is above a threshold comes and goes with rounding."""
    if task.name != "segment":
        return {}
    processor = hf.AutoImageProcessor.from_pretrained(folder, backend="pil")
    known = hasattr(processor, "post_process_semantic_segmentation")
    return {"subtask": "semantic" if known else "auto"}


def _inputs(task: type[Task[Any, Any, Any]], folder: Path) -> Iterator[str]:
    if task.media is Media.TEXT:
        yield from texts_of(task, PROMPTS if task.name == "generate" else TEXTS)
    elif task.media is Media.IMAGE:
        for seed, size in enumerate(PICTURES):
            scene(*size, seed).save(folder / f"{seed}.png")
            yield str(folder / f"{seed}.png")
    else:
        import soundfile

        for seed, seconds in enumerate(SECONDS):
            samples = tone(seconds, pitch=300 + 100 * seed) + 0.2 * noise(seconds, seed=seed)
            soundfile.write(folder / f"{seed}.wav", samples, 16_000)
            yield str(folder / f"{seed}.wav")


def _answers(model: Any, inputs: list[str], batch_size: str) -> list[Any]:
    model.batch_size = batch_size
    text = model.task.media is Media.TEXT
    with one_window():
        records = list(model(texts=inputs) if text else model(inputs))
    found = []
    for record in records:
        if record.error is not None:
            raise RuntimeError(f"{record.error.type}: {record.error.message}")
        found.append(record.result)
    return found


def _padded(model: Any, inputs: list[str]) -> list[Any]:
    """All in one batch, whatever the planner holds of it."""
    model.policy = BatchPolicy.PADDED
    if model.task.media is not Media.IMAGE:
        return _answers(model, inputs, "8")
    # Pictures that are not made one shape never share; their twins do.
    return _answers(model, inputs * 2, "8")[: len(inputs)]


def _of_equals(model: Any, inputs: list[str]) -> list[Any]:
    model.policy = BatchPolicy.EQUAL
    return _answers(model, inputs, "2")


def difference(one: Any, other: Any) -> float:
    """The largest difference between two numbers of two results; infinite if all else differs."""
    # The values of a large depth map may not yet be made.
    one, other = (value() if callable(value) else value for value in (one, other))
    if isinstance(one, Segment) and isinstance(other, Segment):
        same = one.label == other.label and abs(one.area - other.area) <= 0.01 * one.area + 2
        return difference(one.score, other.score) if same else np.inf
    if is_dataclass(one) and type(one) is type(other):
        pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
        return max((difference(*pair) for pair in pairs), default=0.0)
    if isinstance(one, list | tuple) and len(one) == len(other):
        if one and isinstance(one[0], Detection):
            return _between_detections(one, other)
        return max(map(difference, one, other), default=0.0)
    if isinstance(one, np.ndarray):
        same = one.shape == other.shape
        return float(np.abs(one - other).max() / max(1, np.abs(one).max())) if same else np.inf
    if isinstance(one, float):
        return abs(one - other) / max(1.0, abs(one))
    return 0.0 if one == other else np.inf


def _between_detections(one: list[Detection], other: list[Detection]) -> float:
    """Scores in order; boxes of equal score may come in any order, and round to either side."""
    apart = max(abs(a.score - b.score) for a, b in zip(one, other, strict=True))
    met = all(any(_same(a, b) for b in other) for a in one)
    return apart if met else np.inf


def _same(one: Detection, other: Detection) -> bool:
    sides = [(getattr(one.box, f.name), getattr(other.box, f.name)) for f in fields(one.box)]
    close = all(abs(a - b) <= 1 for a, b in sides)
    return close and one.label == other.label and abs(one.score - other.score) <= CLOSE
