"""Whether asr loses or doubles words where its windows meet: half an hour of generated speech.

    python -m recipes.long_speech --seed 7 --minutes 30

Sentences are spoken and joined into one recording, which one microphone hears. It is written down
twice: whole, in windows, and cut into its sentences. Both have the same sound, so only the windows
can make the difference. Exits with 1 when the word error rates differ by more than 0.005.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import jiwer
import numpy as np
import typer

import taskcli
from recipes.asr import utterances
from recipes.evaluate import STARTERS
from recipes.speech import PLAIN_UNSEEN_VOICES, RATE, Floats, hear, save_sound, speak_all
from recipes.training import FIRST_UNSEEN_SEED

PAUSES = 0.2, 0.6  # seconds between two sentences
MOST_WORSE = 0.005  # of the word error rate


def spoken(seed: int, minutes: float) -> tuple[list[str], Floats, list[slice]]:
    """(sentences, one recording of them, where in it each of them stands)."""
    rng = np.random.default_rng(seed)
    wanted, texts, parts, places, length = minutes * 60 * RATE, [], [], [], 0
    while length < wanted:
        said = utterances(rng, PLAIN_UNSEEN_VOICES, few=0, size=20)
        for one, samples in zip(said, speak_all(said), strict=True):
            texts.append(one.text)
            pause = int(rng.uniform(*PAUSES) * RATE)
            places.append(slice(length + pause // 2, length + pause + len(samples) + pause // 2))
            parts += [np.zeros(pause, np.float32), samples]
            length += pause + len(samples)
    parts.append(np.zeros(int(PAUSES[1] * RATE), np.float32))
    return texts, hear(np.concatenate(parts), rng, ends=0), places


def heard(model: taskcli.Model, sounds: list[Floats]) -> list[str]:
    """The transcripts, in the case of the sentences."""
    with TemporaryDirectory() as place:
        files = [save_sound(Path(place) / f"{n:05}.wav", sound) for n, sound in enumerate(sounds)]
        return [record.result.text.lower() for record in model(files)]


def errors(said: str, written: str) -> dict[str, float]:
    found = jiwer.process_words(said, written)
    return {
        "word error rate": round(found.wer, 4),
        "words left out": found.deletions,
        "words too many": found.insertions,
        "other words": found.substitutions,
    }


def main(
    seed: Annotated[int, typer.Option(min=FIRST_UNSEEN_SEED, help="Of what is said.")] = 7,
    minutes: Annotated[float, typer.Option(help="Length of the recording.")] = 30,
    folder: Annotated[Path, typer.Option(help="An asr checkpoint.")] = STARTERS / "asr",
) -> None:
    """Print the errors of both ways."""
    model = taskcli.load("asr", str(folder), offline=True, device="cpu", dtype="float32")
    texts, recording, places = spoken(seed, minutes)
    said = " ".join(texts)
    clips = errors(said, " ".join(heard(model, [recording[place] for place in places])))
    [written] = heard(model, [recording])
    whole = errors(said, written)
    print(f"{len(said.split())} words in {len(recording) / RATE / 60:.1f} minutes")
    for name, clip in clips.items():
        print(f"{name}: {clip} in sentences of their own, {whole[name]} in one recording")
    if whole["word error rate"] > clips["word error rate"] + MOST_WORSE:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
