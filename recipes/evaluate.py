"""Measure the shipped starter checkpoints on data that training never saw.

python -m recipes.evaluate --task classify-image --seed 7
"""

from __future__ import annotations

import operator
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import jiwer
import numpy as np
import torch
import typer
from rich.console import Console

from recipes import asr as asr_recipe
from recipes import classify_audio as sound_recipe
from recipes.evaluate_pictures import PICTURE_EVALUATIONS
from recipes.evaluate_texts import TEXT_EVALUATIONS
from recipes.score import Score, page_of, table_of
from recipes.speech import (
    PLAIN_UNSEEN_VOICES,
    PLAIN_VOICES,
    UNSEEN_VOICES,
    VOICES,
    Floats,
    hear,
    save_sound,
    speak_all,
)
from recipes.starter import Starter
from recipes.training import FIRST_UNSEEN_SEED
from recipes.words import KEPT_BACK, KNOWN, Lexicon

STARTERS = Path(__file__).parent.parent / "taskcli" / "starter"


def heard(task: str, starter: Starter, sounds: Iterable[Floats], stereo: bool = False) -> list[Any]:
    """What taskcli answers for sounds saved as WAV files."""
    model = starter.load(task)
    with tempfile.TemporaryDirectory() as place:
        files = [
            save_sound(Path(place) / f"{index:05}.wav", sound, stereo)
            for index, sound in enumerate(sounds)
        ]
        return [record.result for record in model(files)]


def evaluate_classify_audio(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Accuracy over the twelve labels; unknown words are ones that training never heard."""

    def accuracy(voices: list[str], stereo: bool = False) -> float:
        rng = np.random.default_rng([seed, len(voices), stereo])
        labels, sounds = sound_recipe.draw_clips(rng, count, voices)
        results = heard("classify-audio", starter, sounds, stereo)
        best = [result[0].label for result in results]
        return sum(map(operator.eq, best, labels)) / count

    yield Score("accuracy, known voices", accuracy(VOICES), 0.95)
    yield Score("accuracy, unseen voices", accuracy(UNSEEN_VOICES), 0.95)
    yield Score("accuracy, unseen, 44.1 kHz stereo", accuracy(UNSEEN_VOICES, True), 0.95)


def evaluate_asr(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Error rates on new sentences of known words, and on words that training never heard."""

    def said_and_heard(voices: list[str], lexicon: Lexicon, few: float) -> tuple[list[str], ...]:
        rng = np.random.default_rng([seed, len(voices), int(few)])
        utterances = asr_recipe.utterances(rng, voices, lexicon, few, count)
        sounds = (hear(samples, rng) for samples in speak_all(utterances))
        results = heard("asr", starter, sounds)
        return [one.text for one in utterances], [result.text.lower() for result in results]

    known = said_and_heard(PLAIN_VOICES, KNOWN, 0)
    yield Score("word error rate, known voices", jiwer.wer(*known), 0.12, True)
    unseen = said_and_heard(PLAIN_UNSEEN_VOICES, KNOWN, 0)
    yield Score("word error rate, unseen voices", jiwer.wer(*unseen), 0.12, True)
    untrained = said_and_heard(PLAIN_VOICES, KEPT_BACK, 1)
    yield Score("character error rate, new words", jiwer.cer(*untrained), 0.10, True)


# One row a checkpoint: its folder under STARTERS, and what measures it.
EVALUATIONS: dict[str, Callable[[Starter, int, int], Iterator[Score]]] = {
    "classify-audio": evaluate_classify_audio,
    "asr": evaluate_asr,
    **PICTURE_EVALUATIONS,
    **TEXT_EVALUATIONS,
}


def chosen(tasks: list[str] | None) -> list[str]:
    """The named evaluations, or all; raises for an unknown name."""
    for task in tasks or ():
        if task not in EVALUATIONS:
            raise typer.BadParameter(f"{task!r} is not one of {', '.join(EVALUATIONS)}")
    return tasks or list(EVALUATIONS)


def measured(name: str, starter: Starter, seed: int, count: int) -> list[Score]:
    torch.set_num_threads(1)  # a core for each process
    return list(EVALUATIONS[name](starter, seed, count))


def measured_side_by_side(
    names: list[str], starters: list[Starter], seed: int, count: int
) -> list[list[Score]]:
    """The scores of each checkpoint, in order."""
    same = ([seed] * len(names), [count] * len(names))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        return list(pool.map(measured, names, starters, *same))


def main(
    task: Annotated[list[str] | None, typer.Option(help="Only this one; repeatable.")] = None,
    seed: Annotated[
        int, typer.Option(min=FIRST_UNSEEN_SEED, help="Lower ones may have made training data.")
    ] = 7,
    count: Annotated[int, typer.Option(min=1, help="Samples for each score.")] = 1000,
    folder: Annotated[
        Path | None, typer.Option(help="Measure this checkpoint, not the one that ships.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="What is computed in.")] = "float32",
    page: Annotated[
        Path | None, typer.Option(help="Write the scores there, too: docs/starters.md.")
    ] = None,
) -> None:
    """Print a table of scores; exits with 1 when one misses its bar."""
    names, start = chosen(task), time.monotonic()
    if folder and len(names) > 1:
        raise typer.BadParameter("--folder needs one --task")
    folders = [folder or STARTERS / name for name in names]
    starters = [Starter(one, dtype) for one in folders]
    scores = measured_side_by_side(names, starters, seed, count)
    rows = [(name, score) for name, some in zip(names, scores, strict=True) for score in some]
    Console().print(table_of(rows, f"{dtype}, seed {seed}, {count} samples a score"))
    if page:
        minutes = (time.monotonic() - start) / 60
        page.write_text(page_of(rows, folders, seed, count, minutes), "utf-8")
    if not all(score.met for _, score in rows):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
