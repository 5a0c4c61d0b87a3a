"""A text as its tokens, and where each of them looks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.stages import INPUT
from taskcli.explain.views.kinds import Frame, Grid, Rows, Strip, View
from taskcli.explain.views.token_text import PARTS
from taskcli.explain.views.tokenized import Tokenized, tokenized

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_MOST_TOKENS = 1_024  # in a table and a strip
_MOST_OF_HEADS = 128  # tokens; of more, heads are shown as their mean alone
_MOST_NUMBERS = 3_000_000  # of attention; of more, the first tokens alone are shown


def draw(seen: Seen) -> Iterator[View]:
    text = tokenized(seen)
    if text is None or not len(text):
        return
    yield _table(text)
    yield _cuts(text)
    layers = _layers(seen, text)
    if layers:
        yield _attention(layers, text)


def _table(text: Tokenized) -> Rows:
    columns: dict[str, Sequence[str | int]] = {
        "place": range(len(text)),
        "token": text.tokens,
        "id": text.ids,
    }
    if text.segments is not None:
        columns["segment"] = text.segments
    return Rows(
        INPUT,
        "Tokens",
        "What the model is given of the text: the numbers of its tokens in the vocabulary."
        f"{_of_segments(text)}{_of_special(text)}{_of_bytes(text)}{text.told}{_left_out(text)}",
        tuple(columns),
        list(zip(*columns.values(), strict=True))[:_MOST_TOKENS],
    )


def _of_segments(text: Tokenized) -> str:
    if text.segments is None:
        return " This model is given no segments."
    return " Segments tell texts apart, where the tokenizer does so."


def _of_special(text: Tokenized) -> str:
    special = list(dict.fromkeys(_special(text)))[:8]
    if not special:
        return ""
    return f" The tokenizer's own, which stand for no word: {', '.join(special)}."


def _of_bytes(text: Tokenized) -> str:
    if not any(name.startswith(PARTS) for name in text.names):
        return ""
    return " Of a character that the vocabulary lacks each token holds some bytes, as odd letters."


def _special(text: Tokenized) -> Iterator[str]:
    return (token for token, owner in zip(text.tokens, text.texts, strict=True) if owner is None)


def _left_out(text: Tokenized) -> str:
    return f" The first {_MOST_TOKENS} of {len(text)}." if len(text) > _MOST_TOKENS else ""


def _cuts(text: Tokenized) -> Strip:
    import numpy as np

    pieces = text.pieces[:_MOST_TOKENS]
    frames = [Frame(np.arange(len(pieces), dtype=np.float32) % 2, ("every second token",))]
    if text.segments is not None and any(text.segments):
        segments = np.array(text.segments[:_MOST_TOKENS], np.float32)
        frames.insert(0, Frame(segments, ("segment",)))
    return Strip(
        INPUT,
        "The text, cut into its tokens",
        f"Colours only tell one token from the next, or a text from another.{text.told}"
        f"{_left_out(text)}",
        frames,
        pieces,
        ("colour",),
        measured=False,
    )


@dataclass(frozen=True)
class Layer:
    """Where tokens look [heads, tokens, tokens]; `number` counts from 1, `path` is a module's."""

    number: int
    path: str
    weights: "Array"


def _layers(seen: Seen, text: Tokenized) -> list[Layer]:
    """Those in which all of the text's tokens look at each other."""
    width, own = text.inputs["input_ids"].shape[-1], slice(text.shift, text.shift + len(text))
    calls = enumerate(_calls(seen, text), 1)
    return [
        Layer(number, path, weights[text.row, :, own, own])
        for number, (path, weights) in calls
        if weights.shape[-2:] == (width, width) and text.row < len(weights)
    ]


def _calls(seen: Seen, text: Tokenized) -> "Iterator[tuple[str, Array]]":
    """Of the text's batch; ALBERT's one layer is called again and again."""
    for path, calls in _of_text(seen):
        each = 1 if any(seen.writing) else len(calls) // len(seen.batches)
        for weights in calls[each * text.batch : each * (text.batch + 1)]:
            yield path, weights


def _of_text(seen: Seen) -> "Iterator[tuple[str, Sequence[Array]]]":
    """Without those of a decoder that stands behind an encoder: its tokens are others."""
    both = getattr(seen.task.model.config, "is_encoder_decoder", False)
    for path, calls in seen.attention.items():
        if not (both and "decoder" in path):
            yield path, calls


def _attention(layers: Sequence[Layer], text: Tokenized) -> Grid:
    count, length = len(layers), len(text)
    heads = max(len(one.weights) for one in layers) if length <= _MOST_OF_HEADS else 0
    if heads == 1 or count * (heads + 1) * length**2 > _MOST_NUMBERS:
        heads = 0  # of many weights their mean is kept alone, as if there were one head
    shown = min(length, int((_MOST_NUMBERS / count) ** 0.5))
    return Grid(
        layers[0].path,
        "Where each token looks",
        "A row tells how much its token takes from each token in a layer: all of a row is 1. "
        "Attention tells where a model looks, not yet why it answers so."
        f"{_of_others(layers)}{text.told}{_told_of_size(length, heads, shown)}",
        list(_frames(layers, shown, heads > 0)),
        text.names[:shown],
        text.names[:shown],
        ("layer", "head"),
        row_name="token",
        column_name="looks at",
    )


def _of_others(layers: Sequence[Layer]) -> str:
    missing = layers[-1].number > len(layers)
    return " Layers in which tokens are joined or parted are left out." if missing else ""


def _told_of_size(length: int, heads: int, shown: int) -> str:
    told = "" if heads else " Shown is the mean of each layer's heads."
    return f"{told} The first {shown} are shown." if shown < length else told


def _frames(layers: Sequence[Layer], shown: int, with_heads: bool) -> Iterator[Frame]:
    for layer in layers:
        heads = layer.weights[:, :shown, :shown]
        yield Frame(heads.mean(0), (f"layer {layer.number}", "mean of heads"))
        if with_heads:
            for head, one in enumerate(heads, 1):
                yield Frame(one, (f"layer {layer.number}", f"head {head}"))
