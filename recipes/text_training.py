"""What the recipes for text share: tokenizers, batches and the training loop."""

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import torch
import typer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import BertTokenizer, GenerationConfig
from transformers.pytorch_utils import Conv1D

from recipes import training
from recipes.text_grammars.templates import stream

IGNORED = -100  # label of a token that counts for no loss
BEGIN, PAD, END = range(3)  # tokens, as BART and mBART number them
SAMPLE = 20_000  # texts that a tokenizer is trained on
# Every tokenizer can spell with these, so that no word is unknown to it.
CHARACTERS = [chr(code) for code in range(33, 127)] + list(
    "àâäåæçéèêëîïíìñôöóòøœùûüúÿßÀÂÄÅÆÇÉÈÊËÎÏÍÑÔÖÓØŒÙÛÜÚ«»“”‘’–—…€£°"
)
_POSITIONS = ("position_embeddings", "embed_positions", "wpe")  # as BERT, BART and GPT-2 call them
_GROUP = 8  # batches that are drawn together and sorted by length

Example = TypeVar("Example")
Batch = dict[str, Tensor]


def wordpiece(texts: Sequence[str], size: int, max_length: int) -> BertTokenizer:
    """A cased BERT tokenizer whose pieces are those of byte pair encoding.

    The WordPiece and Unigram trainers of the library differ from process to process.
    """
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="##"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    spelling = [form + c for c in CHARACTERS for form in ("", "##")]
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(spelling),
        continuing_subword_prefix="##",
        special_tokens=special,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    pieces = dict.fromkeys([*special, *spelling, *(piece for piece, _ in learnt)])
    vocab = {piece: number for number, piece in enumerate(pieces)}
    return BertTokenizer(
        vocab=vocab, do_lower_case=False, strip_accents=False, model_max_length=max_length
    )


def byte_pairs(
    texts: Sequence[str], size: int, special: list[str]
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of byte pair encoding over bytes, the special tokens first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())["model"]
    return learnt["vocab"], [(left, right) for left, right in learnt["merges"]]


@dataclass(frozen=True)
class Stream(Generic[Example]):
    """Batches of examples drawn by `draw`, of like length within a batch.

    The same seed and step give the same batch. `progress` goes from 0 to 1 over the training.
    """

    draw: Callable[[random.Random, float], Example]
    length: Callable[[Example], int]
    collate: Callable[[list[Example]], Batch]
    size: int  # examples in a batch

    def batches(self, seed: int, first: int, steps: int) -> Iterator[Batch]:
        for start in range(first - first % _GROUP, steps, _GROUP):
            group = self._group(seed, start, start / steps)
            for batch in group[max(first - start, 0) : steps - start]:
                yield self.collate(batch)

    def _group(self, seed: int, start: int, progress: float) -> list[list[Example]]:
        rng = stream(seed, "train", start)
        pool = [self.draw(rng, progress) for _ in range(_GROUP * self.size)]
        pool.sort(key=self.length)
        batches = [pool[i : i + self.size] for i in range(0, len(pool), self.size)]
        rng.shuffle(batches)
        return batches


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train."""

    steps: int
    peak_rate: float
    decay: float = 0.05
    bfloat16: bool = False
    every: int = 200  # steps between checkpoints and looks at unseen data


def fit(
    model: Any,
    data: Stream[Any],
    plan: Plan,
    seed: int,
    folder: Path,
    watch: Callable[[Any], dict[str, float]],
) -> None:
    """Train a model on its own loss, or go on from the checkpoint in `folder`."""
    torch.set_num_threads(1)
    log = training.Log(folder)
    optimizer = training.optimiser([model], plan.peak_rate, plan.decay)
    parts = {"model": model, "optimizer": optimizer}
    checkpoint = folder / "checkpoint.pt"
    first = training.load_checkpoint(checkpoint, **parts)
    model.train()
    for step, batch in enumerate(data.batches(seed, first, plan.steps), first):
        training.set_rate(optimizer, training.learning_rate(step, plan.steps, plan.peak_rate, 150))
        loss = _step(model, batch, optimizer, plan.bfloat16)
        if step % 20 == 0:
            log.write(step=step, loss=round(loss, 4))
        if (step + 1) % plan.every == 0 or step + 1 == plan.steps:
            training.save_checkpoint(checkpoint, step + 1, **parts)
            log.write(step=step + 1, **_watched(model, watch))
    model.eval()


def _step(model: Any, batch: Batch, optimizer: torch.optim.Optimizer, bfloat16: bool) -> float:
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        loss = model(**batch).loss
    training.update(loss, [optimizer], model.parameters())
    return float(loss.detach())


def _watched(model: Any, watch: Callable[[Any], dict[str, float]]) -> dict[str, float]:
    model.eval()
    with torch.inference_mode():
        values = watch(model)
    model.train()
    return {name: round(value, 4) for name, value in values.items()}


def padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    """Rows of different length as one tensor [rows, longest]."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])


@dataclass(frozen=True)
class Starter:
    """What makes one: `tokenizer(seed)`, `model(tokenizer)`, `recipe(tokenizer)` with its stream,
    `watch(recipe, seed, model)` on unseen data. `shipped` takes from the trained what is saved.
    """

    task: str
    step: str  # what one step of training reads
    plan: Plan
    tokenizer: Callable[[int], Any]
    model: Callable[[Any], Any]
    recipe: Callable[[Any], Any]
    watch: Callable[[Any, int, Any], dict[str, float]]
    shipped: Callable[[Any], Any] = lambda model: model

    def make(self, out: Path, seed: int, steps: int) -> None:
        """Train it from `seed` and save it in `out`/model; unseen data is of the next seed."""
        tokenizer = self.tokenizer(seed)
        torch.manual_seed(seed)
        model, recipe = self.model(tokenizer), self.recipe(tokenizer)
        plan = replace(self.plan, steps=steps)
        fit(model, recipe.stream(), plan, seed, out, lambda now: self.watch(recipe, seed + 1, now))
        training.save_half(self.shipped(model), tokenizer, out / "model")


def command(starter: Starter) -> Callable[..., None]:
    """The main function of a recipe."""

    def main(
        out: Annotated[Path, typer.Option(help="Folder for log, checkpoint and model/.")],
        seed: Annotated[int, typer.Option(help="Seed of the weights and of the texts.")] = 0,
        steps: Annotated[int, typer.Option(help=f"Steps of {starter.step}.")] = starter.plan.steps,
    ) -> None:
        starter.make(out, seed, steps)

    main.__doc__ = f"Train the {starter.task} starter and save it in OUT/model."
    return main


def build_small_bart(
    config_type: type[Any], model_type: type[Any], vocabulary: int, places: int, **generating: Any
) -> Any:
    """An encoder and a decoder of three layers, in the layout of BART or mBART."""
    tokens = {
        "bos_token_id": BEGIN,
        "pad_token_id": PAD,
        "eos_token_id": END,
        "decoder_start_token_id": END,
        "forced_eos_token_id": END,
    }
    config = config_type(
        vocab_size=vocabulary,
        d_model=128,
        encoder_layers=3,
        decoder_layers=3,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=384,
        decoder_ffn_dim=384,
        max_position_embeddings=places,
        dropout=0.0,
        attention_dropout=0.0,
        **tokens,
    )
    model = model_type(config)
    initialise_small(model)
    model.generation_config = GenerationConfig(
        **tokens, num_beams=2, early_stopping=True, **generating
    )
    return model


def initialise_small(model: nn.Module, std: float = 0.05) -> None:
    """Xavier-uniform matrices, and embeddings that stand out from the first step.

    Positions start as sinusoids: a look at the token before, which copying and aligning are built
    from, is then one matrix away.
    """
    training.initialise(model)
    for name, module in model.named_modules():
        if isinstance(module, Conv1D):  # GPT-2's word for a linear layer
            nn.init.xavier_uniform_(module.weight)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=std)
            if name.endswith(_POSITIONS):
                module.weight.data = sinusoids(*module.weight.shape) * std * 2**0.5
            elif module.padding_idx is not None:
                nn.init.zeros_(module.weight[module.padding_idx])


def sinusoids(places: int, width: int) -> Tensor:
    """[places, width], from one turn in six tokens to one in some thousands (Vaswani, 2017)."""
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    angles = torch.arange(places)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
