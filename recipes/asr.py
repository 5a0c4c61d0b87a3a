"""Train the asr starter: write down English that espeak-ng speaks, letter by letter.

    python -m recipes.asr --seed 0 --out runs/asr

The first epochs hear short utterances only, which is how it finds out that sounds have to do with
letters. Half-way up, a head that is thrown away later writes down phonemes, which are as they
sound: so the lower layers learn to hear, and leave the spelling to the upper ones (intermediate
CTC, Lee and Watanabe 2021). Those learn on alone (recipes/spelling.py), and in the end all of it
hears long rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import jiwer
import numpy as np
import torch
import typer
from torch import nn
from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2ForCTC, Wav2Vec2Processor

from recipes import speech_model, spelling, training
from recipes.speech import (
    INVENTED_VOICES,
    MORE_PLAIN_VOICES,
    PLAIN_VOICES,
    SHARD,
    Corpus,
    Utterance,
    corpus,
    with_phonemes,
)
from recipes.talk import (
    BATCH_SECONDS,
    ID_OF,
    VOCABULARY,
    Batch,
    Talk,
    alike,
    batches,
    frames_of,
    phoneme_ids,
    texts_of,
)
from recipes.text_grammars import bilingual
from recipes.text_grammars.templates import stream
from recipes.words import KNOWN, Lexicon, Writer, more_words

FEW = 0.3  # share of utterances of one to three words
LONG_STEPS, LONG_JOINED, LONG_RATE = 2400, 0.85, 4e-4  # of the last stage
KEPT_STEPS = 3300  # of rows of either kind that are kept for the spelling: each utterance twice
HOPS = 3  # of 10 ms in a frame: two letters in one frame are rare, and the way is shorter
VOICES = PLAIN_VOICES + MORE_PLAIN_VOICES  # of the usual writer; others have invented ones
PEAK_RATE = 1.5e-3
HEARING_LAYER = 2  # after which phonemes are told
HEARING_SHARE, LEAST_SHARE = 0.5, 0.1  # of their loss; it fades to a tenth as the spelling comes

Write = Callable[[np.random.Generator], list[Utterance]]


@dataclass(frozen=True)
class Shards:
    """How much is spoken, once: by a usual and by an even writer, of the many words that stand in
    no sentence, and of what translate reads."""

    usual: int = 32
    even: int = 32
    more: int = 48
    scenes: int = 4


def utterances(
    rng: np.random.Generator,
    voices: list[str],
    lexicon: Lexicon = KNOWN,
    few: float = FEW,
    size: int = SHARD,
    even: bool = False,
) -> list[Utterance]:
    """A shard of sentences and of single words."""
    writer = Writer(rng, lexicon, even)

    def text() -> str:
        return writer.few() if rng.random() < few else writer.sentence()

    return [Utterance.draw(rng, text(), voices) for _ in range(size)]


def more_utterances(rng: np.random.Generator) -> list[Utterance]:
    """One to three of the many words."""
    words, counts = np.array(more_words()), rng.integers(1, 4, SHARD).tolist()
    texts = (" ".join(rng.choice(words, count)) for count in counts)
    return [Utterance.draw(rng, text, INVENTED_VOICES) for text in texts]


def scene_utterances(rng: np.random.Generator) -> list[Utterance]:
    """Sentences that the translate starter knows, so that one command can feed the other."""
    chance = stream(*rng.integers(1 << 32, size=2).tolist())
    texts = (bilingual.heard(chance).en.lower() for _ in range(SHARD))
    return [Utterance.draw(rng, text, VOICES) for text in texts]


def build_model() -> Wav2Vec2ForCTC:
    config = speech_model.build_config(
        hops=HOPS,
        hidden_size=192,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=640,
        vocab_size=len(VOCABULARY),
        pad_token_id=ID_OF["<pad>"],
        bos_token_id=ID_OF["<s>"],
        eos_token_id=ID_OF["</s>"],
        ctc_loss_reduction="mean",
    )
    model = Wav2Vec2ForCTC(config)
    speech_model.initialise(model)
    return model


def build_processor(folder: Path) -> Wav2Vec2Processor:
    """`folder` gets the vocabulary that the tokenizer reads, and the extractor's own file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vocab.json"
    path.write_text(json.dumps(ID_OF))
    extractor = speech_model.build_extractor()
    extractor.save_pretrained(folder)
    return Wav2Vec2Processor(extractor, Wav2Vec2CTCTokenizer(str(path)))


def build_hearing_head(width: int, phonemes: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, phonemes + 1))


@torch.inference_mode()
def error_rates(model: Wav2Vec2ForCTC, batches: list[Batch]) -> dict[str, float]:
    """Word and character error rates."""
    model.eval()
    said, heard = [], []
    for batch in batches:
        logits = model(batch.values, attention_mask=batch.mask).logits
        heard += texts_of(logits, frames_of(model, batch))
        said += batch.texts
    model.train()
    print("   ", said[0], "->", heard[0], flush=True)
    return {"wer": round(jiwer.wer(said, heard), 4), "cer": round(jiwer.cer(said, heard), 4)}


def unseen(folder: Path, seed: int) -> list[Batch]:
    """A few batches to watch the progress by."""

    def write(rng: np.random.Generator) -> list[Utterance]:
        return utterances(rng, PLAIN_VOICES, few=0.0, size=120)  # of letters only

    spoken = corpus(folder, seed, 1, write)
    rows = [[index] for index in range(len(spoken))]
    talk = Talk(spoken, seed, 0, 0)
    batches = alike(rows, spoken.seconds(), np.random.default_rng(seed))
    return [talk.batch(batch, np.random.default_rng([seed, 3])) for batch in batches]


def spoken_to_train_on(folder: Path, seed: int, shards: Shards) -> Corpus:
    def spoken(place: Path, count: int, write: Write) -> Corpus:
        return corpus(place, seed, count, lambda rng: with_phonemes(write(rng)))

    return (
        spoken(folder, shards.usual, partial(utterances, voices=VOICES))
        + spoken(
            folder / "even", shards.even, partial(utterances, voices=INVENTED_VOICES, even=True)
        )
        + spoken(folder / "more", shards.more, more_utterances)
        + spoken(folder / "scenes", shards.scenes, scene_utterances)
    )


def train(
    seed: int, steps: int, spelling_steps: int, folder: Path, shards: Shards = Shards()
) -> Wav2Vec2ForCTC:
    """Train, or go on from the checkpoints in `folder`."""
    torch.set_num_threads(2)  # making the data takes a fifth of a core
    torch.manual_seed(seed)
    spoken = spoken_to_train_on(folder / "speech", seed, shards)
    watched = unseen(folder / "speech", seed + 1)
    model = build_model()
    head = build_hearing_head(model.config.hidden_size, len(phoneme_ids(spoken.utterances)))
    course = training.Course(folder, [model, head], partial(error_rates, model, watched))
    learn_to_hear(course, spoken, seed, steps)
    short = Talk(spoken, seed + 1, 0, KEPT_STEPS, short_epochs=0)
    kept = [short, long_rows(spoken, seed + 2, KEPT_STEPS)]
    spelling.learn_to_spell(course, HEARING_LAYER, kept, seed, spelling_steps)
    hear_long_rows(course, spoken, seed + 3)
    return model.eval()


def learn_to_hear(course: training.Course, spoken: Corpus, seed: int, steps: int) -> None:
    optimizer = training.optimiser(course.modules, PEAK_RATE, decay=0.02)

    def lessons(first: int) -> Iterable[Batch]:
        return batches(Talk(spoken, seed, first, steps))

    def losses(step: int, batch: Batch) -> training.Losses:
        return losses_of(course, batch, HEARING_SHARE * max(1 - step / steps, LEAST_SHARE))

    course.stage("hearing", steps, PEAK_RATE, [optimizer], lessons, losses)


def hear_long_rows(course: training.Course, spoken: Corpus, seed: int) -> None:
    model, head = course.modules
    inner = model.wav2vec2
    encoder = inner.encoder
    around = [inner.feature_extractor, inner.feature_projection, encoder.pos_conv_embed]
    around += [encoder.layer_norm, model.lm_head, head]
    optimizers = training.muon_and_adamw(encoder.layers, around, LONG_RATE, decay=0.02)

    def lessons(first: int) -> Iterable[Batch]:
        return batches(long_rows(spoken, seed, LONG_STEPS, first))

    def losses(_: int, batch: Batch) -> training.Losses:
        return losses_of(course, batch, HEARING_SHARE * LEAST_SHARE)

    course.stage("long_rows", LONG_STEPS, LONG_RATE, optimizers, lessons, losses)


def losses_of(course: training.Course, batch: Batch, share: float) -> training.Losses:
    """Of the letters, and in a share of the phonemes."""
    model, head = course.modules
    with training.mixed_precision():
        told = model(batch.values, attention_mask=batch.mask, output_hidden_states=True)
        phonemes = head(told.hidden_states[HEARING_LAYER])
    frames = frames_of(model, batch)
    spelt = batch.letters.loss(told.logits, frames)
    heard = batch.phonemes.loss(phonemes, frames)
    return spelt + share * heard, {"spelt": spelt, "heard": heard}


def long_rows(spoken: Corpus, seed: int, steps: int, first: int = 0) -> Talk:
    return Talk(spoken, seed, first, steps, LONG_JOINED, short_epochs=0)


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint, speech/ and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of what is said.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {BATCH_SECONDS:.0f} s of speech.")] = 38_000,
    spelling_steps: Annotated[
        int, typer.Option(help=f"Steps of {spelling.BATCH_SECONDS:.0f} s for what spells.")
    ] = 15_500,
    usual: Annotated[int, typer.Option(help=f"Times {SHARD} usual utterances.")] = Shards.usual,
    even: Annotated[int, typer.Option(help=f"Times {SHARD} even utterances.")] = Shards.even,
    more: Annotated[int, typer.Option(help=f"Times {SHARD} of many words.")] = Shards.more,
    scenes: Annotated[int, typer.Option(help=f"Times {SHARD} of scenes.")] = Shards.scenes,
) -> None:
    """Train the asr starter and save it in OUT/model."""
    model = train(seed, steps, spelling_steps, out, Shards(usual, even, more, scenes))
    training.save_half(model, build_processor(out / "model"), out / "model")


if __name__ == "__main__":
    typer.run(main)
