"""Train the asr starter: write down English that espeak-ng speaks, letter by letter.

    python -m recipes.asr --seed 0 --out runs/asr

Letters and their order are those of facebook/wav2vec2-base-960h. The first epochs hear short
utterances only, which is how it finds out that sounds have to do with letters. Half-way up, a head
that is thrown away later writes down phonemes, which are as they sound: so the lower layers learn
to hear, and leave the spelling to the upper ones (intermediate CTC, Lee and Watanabe 2021).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Annotated

import jiwer
import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, IterableDataset
from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2ForCTC, Wav2Vec2Processor

from recipes import hearing, training
from recipes.speech import (
    INVENTED_VOICES,
    MORE_PLAIN_VOICES,
    PLAIN_VOICES,
    RATE,
    SHARD,
    Corpus,
    Floats,
    Utterance,
    another_throat,
    corpus,
    hear,
    nothing,
    with_phonemes,
)
from recipes.told import bilingual
from recipes.told.templates import stream
from recipes.words import KNOWN, Lexicon, Writer, more_words

VOCABULARY = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
ID_OF = {letter: index for index, letter in enumerate(VOCABULARY)}
BATCH_SECONDS = 90.0  # of sound in a batch, padding included
SHORT_EPOCHS, SHORT = 2, 2.2  # epochs that hear only what is shorter than so many seconds
LONGEST = 32.0  # seconds of an example: a window of taskcli has 30
FEW, JOINED = 0.3, 0.4  # shares of utterances of one to three words, of two or more in a row
# In the end it hears long rows, twice; the means of both ends' weights are kept, which are better
# than either (stochastic weight averaging, Izmailov et al. 2018).
LONG_STEPS, LONG_JOINED, LONG_RATE, LONG_CYCLES = 2200, 0.85, 4e-4, 2
HOPS = 3  # of 10 ms in a frame: two letters in one frame are rare, and the way is shorter
SILENT = 0.01  # share of examples in which nothing is said
VOICES = PLAIN_VOICES + MORE_PLAIN_VOICES  # of the usual writer; others have invented ones
OTHER_THROATS = 0.5  # share of those as by speakers whom espeak does not have; fades to none
PEAK_RATE = 1.5e-3
HEARING_LAYER = 2  # after which phonemes are told
HEARING_SHARE = 0.5  # of their loss at the start; it fades as the spelling comes

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


def ids_of(text: str) -> list[int]:
    return [ID_OF[letter] for letter in text.upper().replace(" ", "|")]


def phoneme_ids(spoken: Corpus) -> dict[str, int]:
    """From 1: CTC's blank is 0."""
    codes = {code for one in spoken.utterances for code in one.phonemes.split()}
    return {code: index for index, code in enumerate(sorted(codes), 1)}


def text_of(ids: list[int]) -> str:
    """The likeliest text of frames: repeats merged, blanks dropped."""
    merged = [now for before, now in zip([-1, *ids], ids, strict=False) if now != before]
    letters = "".join(VOCABULARY[index] for index in merged if index > 3)
    return " ".join(letters.replace("|", " ").lower().split())


@dataclass(frozen=True)
class Labels:
    ids: Tensor  # [all of them], row after row
    lengths: Tensor  # [B] of each row

    @classmethod
    def of(cls, rows: list[list[int]]) -> Labels:
        ids = torch.tensor([index for row in rows for index in row])
        return cls(ids, torch.tensor([len(row) for row in rows]))


@dataclass(frozen=True)
class Batch:
    values: Tensor  # [B,n]
    mask: Tensor  # [B,n]
    letters: Labels
    phonemes: Labels
    texts: list[str]


class Talk(IterableDataset[Batch]):
    """Batches of like length, epoch after epoch; the same seed and step give the same batch."""

    def __init__(
        self,
        spoken: Corpus,
        seed: int,
        first: int,
        last: int,
        joined: float = JOINED,
        short_epochs: int = SHORT_EPOCHS,
    ) -> None:
        self.spoken, self.seed, self.first, self.last = spoken, seed, first, last
        self.joined, self.short_epochs = joined, short_epochs
        self.ids = phoneme_ids(spoken)

    def __iter__(self) -> Iterator[Batch]:
        for step, rows in enumerate(self._batches()):
            if step >= self.last:
                return
            if step >= self.first:
                rng = np.random.default_rng([self.seed, 1, step])
                yield self.batch(rows, rng, SILENT, OTHER_THROATS * (1 - step / self.last))

    def _batches(self) -> Iterator[list[list[int]]]:
        """Rows of utterances, where most rows hold one."""
        seconds = self.spoken.seconds()
        for epoch in count():
            rng = np.random.default_rng([self.seed, 2, epoch])
            limit = SHORT if epoch < self.short_epochs else LONGEST
            order = rng.permutation(np.flatnonzero(seconds < limit)).tolist()
            rows = list(_joined(order, seconds, limit, self.joined, rng))
            batches = list(_alike(rows, seconds, rng))
            yield from (batches[index] for index in rng.permutation(len(batches)))

    def batch(
        self,
        rows: list[list[int]],
        rng: np.random.Generator,
        silent: float = 0.0,
        throats: float = 0.0,
    ) -> Batch:
        """Rows of utterances as they are heard; in a share of them nobody speaks, or another."""
        sounds = [self._sound(row, rng, throats) for row in rows]
        said = [[self.spoken.utterances[index] for index in row] for row in rows]
        for row in np.flatnonzero(rng.random(len(rows)) < silent):
            sounds[row], said[row] = nothing(len(sounds[row]), rng), []
        texts = [" ".join(one.text for one in row) for row in said]
        codes = [[code for one in row for code in one.phonemes.split()] for row in said]
        return Batch(
            *hearing.pad(sounds),
            letters=Labels.of([ids_of(text) for text in texts]),
            phonemes=Labels.of([[self.ids[code] for code in row] for row in codes]),
            texts=texts,
        )

    def _sound(self, row: list[int], rng: np.random.Generator, throats: float) -> Floats:
        parts = [self.spoken.sound(index) for index in row]
        pauses = [np.zeros(int(rng.uniform(0.1, 0.6) * RATE), np.float32) for _ in parts[1:]]
        mixed = [piece for pair in zip(pauses, parts[1:], strict=True) for piece in pair]
        said = np.concatenate([parts[0], *mixed])
        if rng.random() < throats:
            said = another_throat(said, rng)
        return hear(said, rng)


def _joined(
    order: list[int], seconds: Floats, limit: float, joined: float, rng: np.random.Generator
) -> Iterator[list[int]]:
    row: list[int] = []
    for index in order:
        if row and (rng.random() > joined or seconds[[*row, index]].sum() + len(row) > limit):
            yield row
            row = []
        row.append(index)
    yield row


def _alike(
    rows: list[list[int]], seconds: Floats, rng: np.random.Generator
) -> Iterator[list[list[int]]]:
    """Batches of rows that take about as long as each other."""
    lasting = np.array([seconds[row].sum() for row in rows]) * rng.uniform(0.9, 1.1, len(rows))
    batch: list[list[int]] = []
    for index in np.argsort(lasting):
        if (len(batch) + 1) * (lasting[index] + 0.4) > BATCH_SECONDS:
            yield batch
            batch = []
        batch.append(rows[index])
    yield batch


def build_model() -> Wav2Vec2ForCTC:
    config = hearing.build_config(
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
    hearing.initialise(model)
    return model


def build_processor(folder: Path) -> Wav2Vec2Processor:
    """`folder` gets the vocabulary that the tokenizer reads, and the extractor's own file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "vocab.json"
    path.write_text(json.dumps(ID_OF))
    extractor = hearing.build_extractor()
    extractor.save_pretrained(folder)
    return Wav2Vec2Processor(extractor, Wav2Vec2CTCTokenizer(str(path)))


def frames_of(model: Wav2Vec2ForCTC, batch: Batch) -> Tensor:
    """[B] frames that hold sound."""
    return model._get_feat_extract_output_lengths(batch.mask.sum(-1))


def build_hearing_head(width: int, phonemes: int) -> nn.Module:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, phonemes + 1))


def losses_of(model: Wav2Vec2ForCTC, head: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """(of the letters, of the phonemes)."""
    with torch.autocast("cpu", torch.bfloat16):
        told = model(batch.values, attention_mask=batch.mask, output_hidden_states=True)
        phonemes = head(told.hidden_states[HEARING_LAYER])
    frames = frames_of(model, batch)
    return (
        connectionist(told.logits, frames, batch.letters),
        connectionist(phonemes, frames, batch.phonemes),
    )


def connectionist(logits: Tensor, frames: Tensor, labels: Labels) -> Tensor:
    """CTC loss of logits [B,frames,labels]."""
    scores = logits.float().log_softmax(-1).transpose(0, 1)
    return functional.ctc_loss(scores, labels.ids, frames, labels.lengths, zero_infinity=True)


@torch.inference_mode()
def error_rates(model: Wav2Vec2ForCTC, batches: list[Batch]) -> dict[str, float]:
    """Word and character error rates."""
    model.eval()
    said, heard = [], []
    for batch in batches:
        best = model(batch.values, attention_mask=batch.mask).logits.argmax(-1)
        lengths = frames_of(model, batch).tolist()
        heard += [text_of(row[:n]) for row, n in zip(best.tolist(), lengths, strict=True)]
        said += batch.texts
    model.train()
    print("   ", said[0], "->", heard[0], flush=True)
    return {"wer": round(jiwer.wer(said, heard), 4), "cer": round(jiwer.cer(said, heard), 4)}


def batches(talk: Talk) -> DataLoader[Batch]:
    return DataLoader(talk, None, num_workers=1, prefetch_factor=16)


def lessons(spoken: Corpus, seed: int, first: int, steps: int) -> Iterator[Batch]:
    """Batches from step `first` on: `steps` of them of mostly short rows, then of long ones."""
    yield from batches(Talk(spoken, seed, first, steps))
    for cycle in range(LONG_CYCLES):
        done = max(first - steps - cycle * LONG_STEPS, 0)
        rows = Talk(spoken, seed + 1 + cycle, done, LONG_STEPS, LONG_JOINED, short_epochs=0)
        yield from batches(rows)


def learning_rate(step: int, steps: int) -> float:
    if step < steps:
        return training.learning_rate(step, steps, PEAK_RATE)
    return training.learning_rate((step - steps) % LONG_STEPS, LONG_STEPS, LONG_RATE)


def ends_a_cycle(done: int, steps: int) -> bool:
    return done > steps and (done - steps) % LONG_STEPS == 0


def unseen(folder: Path, seed: int) -> list[Batch]:
    """A few batches to watch the progress by."""

    def write(rng: np.random.Generator) -> list[Utterance]:
        return utterances(rng, PLAIN_VOICES, few=0.0, size=120)  # of letters only

    spoken = corpus(folder, seed, 1, write)
    rows = [[index] for index in range(len(spoken))]
    talk = Talk(spoken, seed, 0, 0)
    batches = _alike(rows, spoken.seconds(), np.random.default_rng(seed))
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
    seed: int, steps: int, folder: Path, shards: Shards = Shards(), every: int = 200
) -> Wav2Vec2ForCTC:
    """Train, or go on from the checkpoint in `folder`."""
    torch.set_num_threads(2)  # making the data takes a fifth of a core
    torch.manual_seed(seed)
    speech = folder / "speech"
    spoken = spoken_to_train_on(speech, seed, shards)
    watched = unseen(speech, seed + 1)
    model, log = build_model(), training.Log(folder)
    head = build_hearing_head(model.config.hidden_size, len(phoneme_ids(spoken)))
    optimizer = training.optimiser([model, head], PEAK_RATE, decay=0.02)
    mean = AveragedModel(model)
    parts = {"model": model, "head": head, "optimizer": optimizer, "mean": mean}
    checkpoint = folder / "checkpoint.pt"
    first = training.load_checkpoint(checkpoint, **parts)
    model.train()
    for step, batch in enumerate(lessons(spoken, seed, first, steps), first):
        training.set_rate(optimizer, learning_rate(step, steps))
        spelt, heard = losses_of(model, head, batch)
        optimizer.zero_grad()
        (spelt + HEARING_SHARE * max(1 - step / steps, 0) * heard).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 0:
            log.write(step=step, spelt=round(spelt.item(), 4), heard=round(heard.item(), 4))
        if ends_a_cycle(step + 1, steps):
            mean.update_parameters(model)
        if (step + 1) % every == 0 or step + 1 == steps + LONG_CYCLES * LONG_STEPS:
            training.save_checkpoint(checkpoint, step + 1, **parts)
            log.write(step=step + 1, **error_rates(model, watched))
    return mean.module.eval()


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint, speech/ and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of what is said.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {BATCH_SECONDS:.0f} s of speech.")] = 38_000,
    usual: Annotated[int, typer.Option(help=f"Times {SHARD} usual utterances.")] = Shards.usual,
    even: Annotated[int, typer.Option(help=f"Times {SHARD} even utterances.")] = Shards.even,
    more: Annotated[int, typer.Option(help=f"Times {SHARD} of many words.")] = Shards.more,
    scenes: Annotated[int, typer.Option(help=f"Times {SHARD} of scenes.")] = Shards.scenes,
) -> None:
    """Train the asr starter and save it in OUT/model."""
    model = train(seed, steps, out, Shards(usual, even, more, scenes))
    training.save_half(model, build_processor(out / "model"), out / "model")


if __name__ == "__main__":
    typer.run(main)
