"""The starters on the examples: bfloat16 and int8 change no answer, nor do windows of sound.

`recipes.precision` and `recipes.long_speech` measure the same on a thousand inputs and on half an
hour; docs/fidelity.md has their numbers.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile
import soxr

import taskcli
from recipes import precision
from taskcli.checkpoints.registry import package_folder
from taskcli.results import Box, Detection, Entity, Summary

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
STARTERS = package_folder() / "starter"
SCENES, WORDS, SPEECH, TEXTS = (
    "scenes/*",
    ("sounds/yes.wav", "sounds/stop.wav", "sounds/left.flac", "sounds/go-stereo.wav"),
    ("sounds/sentence.wav", "sounds/question.flac", "sounds/news.ogg", "sounds/scene.wav"),
    "texts/*",
)
GIVEN: dict[str, tuple[str | tuple[str, ...], dict[str, Any]]] = {
    "classify-audio": (WORDS, {}),
    "asr": (SPEECH, {}),
    "classify-image": (SCENES, {}),
    "detect": (SCENES, {}),
    "classify-text": (TEXTS, {}),
    "ner": (TEXTS, {}),
    "qa": (TEXTS, {"question": ["Who?"]}),
}


def files(named: str | tuple[str, ...]) -> list[Path]:
    if isinstance(named, str):
        return sorted(EXAMPLES.glob(named))
    return [EXAMPLES / name for name in named]


def answers(task: str, dtype: str, inputs: Iterable[Path], **options: Any) -> list[Any]:
    model = taskcli.load(task, str(STARTERS / task), device="cpu", dtype=dtype, **options)
    records = list(model(inputs))
    assert not any(record.error for record in records)
    return [record.result for record in records]


def essence(result: Any) -> Any:
    """What must not change at all: the best label, the objects, the words, the places."""
    if not isinstance(result, list):
        return getattr(result, "text", None) or (result.start, result.end)
    if result and hasattr(result[0], "entity_group"):
        return [(one.entity_group, one.start, one.end) for one in result]
    if result and hasattr(result[0], "box"):
        return sorted(one.label for one in result)
    return result[0].label if result else None


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
@pytest.mark.parametrize("task", GIVEN)
def test_less_precision_answers_alike(task: str, dtype: str) -> None:
    named, options = GIVEN[task]
    exact, near = (answers(task, kind, files(named), **options) for kind in ("float32", dtype))
    same = [essence(one) == essence(other) for one, other in zip(exact, near, strict=True)]
    assert all(same), files(named)[same.index(False)]


def test_windows_lose_no_word_and_double_none(tmp_path: Path) -> None:
    """Sentences in one recording of three windows, beside the same sentences each alone.

    By speakers whom the starter hears surely: of others it hears a letter more or less in company.
    """
    sure = files((SPEECH[0], SPEECH[3]))
    sounds = [samples_of(file) for file in sure]
    pause, joined = np.zeros(6_400, np.float32), [np.zeros(0, np.float32)]
    order: list[int] = []
    while sum(map(len, joined)) < 75 * 16_000:
        order.append(len(order) % len(sounds))
        joined += [sounds[order[-1]], pause]
    soundfile.write(tmp_path / "long.wav", np.concatenate(joined), 16_000)
    [whole] = answers("asr", "float32", [tmp_path / "long.wav"])
    alone = answers("asr", "float32", sure)
    expected = " ".join(alone[number].text for number in order)
    compared = jiwer.process_words(expected, whole.text)
    words = len(expected.split())
    assert compared.insertions + compared.deletions <= 0.01 * words
    assert compared.wer < 0.05


def samples_of(file: Path) -> np.ndarray:
    """Mono, 16 kHz."""
    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples.mean(1), rate, 16_000), np.float32)


# What recipes.precision counts


def changes(count: Any, *pairs: tuple[Any, Any]) -> list[float]:
    return [change.value for change in count(list(pairs))]


def test_entities_and_words_are_counted_one_by_one() -> None:
    paris, rome = (Entity("LOC", 0.9, name, 0, len(name)) for name in ("Paris", "Rome"))
    ann = Entity("PER", 0.9, "Ann", 9, 12)
    pairs = [([paris, ann], [paris, ann]), ([rome, ann], [paris, ann])]
    assert changes(precision.changed_entities, *pairs) == [2 / 8, 1 / 2]
    told = [(Summary("It rained a lot."), Summary("It rained a lot."))] * 3
    assert changes(
        precision.changed_words, *told, (Summary("It rained a lot."), Summary("It rained a bit."))
    ) == [1 / 16, 1 / 4]


def test_objects_are_held_against_their_nearest() -> None:
    def found(label: str, left: int) -> Detection:
        return Detection(label, 0.9, Box(left, 0, left + 10, 10))

    one = [found("cat", 0), found("cat", 40), found("dog", 7)]
    other = [found("cat", 41), found("cat", 0)]
    assert changes(precision.moved_boxes, (one, other)) == [1 / 3, 1]
