"""Long texts as rows of tokens that a model can hold: what classify-text, ner and qa share.

The windows are cut here rather than by the tokenizer: its settings then never change, while
several threads use it, and a question that fills a window is an error instead of a panic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskcli.errors import CheckpointError, InputError
from taskcli.task import Batch
from taskcli.tasks import letters

_TOKENS = 16_384  # computed together, padding included: a longer text is taken in parts
_UNSET = 1_000_000  # tokenizers without a limit state an astronomical one
# These count positions from the padding index up, so two of them hold no token.
_OFFSET_POSITIONS = (
    "roberta",
    "camembert",
    "longformer",
    "mpnet",
    "luke",
    "ibert",
    "data2vec-text",
    "xmod",
    "esm",
)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one item's tokens: `places[i]` is row position i in the whole encoding.

    `shift` is the count of padding before the first token.
    """

    encoding: Any
    places: Sequence[int]
    shift: int = 0

    def of(self, row: Any) -> Any:
        """What a row of model outputs [tokens, ...] says of this window's own tokens."""
        return row[self.shift : self.shift + len(self.places)]


def windows(
    tokenizer: Any,
    texts: list[str],
    pairs: list[str] | None,
    limit: int,
    stride: int,
    cut_text: int = 1,
) -> Batch:
    """Texts, or pairs of them, in rows of at most `limit` tokens.

    Of a pair, the text `cut_text` is cut and the other one stands in every row. `stride` tokens are
    shared by neighbours, as far as there is room. `extra["windows"]` holds a Window per row if the
    tokenizer knows places. Raises InputError if the text that stays fills a row.
    """
    tokenizer.split_special_tokens = True  # "[SEP]" in a text is five characters
    encoded = tokenizer(texts, pairs, return_special_tokens_mask=True)
    rows: list[dict[str, Any]] = []
    owners: list[int] = []
    cut: list[Window] = []
    names = [name for name in tokenizer.model_input_names if name in encoded]
    told = encoded.encodings or _letters(tokenizer, encoded, texts, pairs)
    for owner in range(len(texts)):
        sequence = _sequence(encoded, owner)
        for places in _places(sequence, cut_text if pairs else 0, limit, stride):
            rows.append({name: [encoded[name][owner][p] for p in places] for name in names})
            owners.append(owner)
            cut.append(Window(told[owner] if told else None, places))
    inputs = padded(tokenizer, rows)
    return Batch(inputs, owners, {"windows": _shifted(cut, inputs, tokenizer.padding_side)})


def _sequence(encoded: Any, owner: int) -> list[int | None]:
    """Which text each token is of; None for special ones."""
    if encoded.encodings:
        return list(encoded.sequence_ids(owner))
    return list(letters.sequences(encoded["special_tokens_mask"][owner]))


def _letters(
    tokenizer: Any, encoded: Any, texts: list[str], pairs: list[str] | None
) -> list[letters.Letters]:
    if not letters.are_tokens_of(tokenizer):
        return []
    together = zip(texts, pairs, strict=True) if pairs else zip(texts, strict=True)
    rows = zip(encoded["input_ids"], encoded["special_tokens_mask"], together, strict=True)
    return [letters.Letters(*row) for row in rows]


def _places(
    sequence: list[int | None], number: int, limit: int, stride: int
) -> Iterator[list[int]]:
    """The places of each window's tokens: text `number` slides, what stands around it stays."""
    if len(sequence) <= limit:
        yield list(range(len(sequence)))
        return
    number = min(number, max(known for known in sequence if known is not None))
    first = sequence.index(number)
    stop = len(sequence) - sequence[::-1].index(number)
    room = limit - first - (len(sequence) - stop)
    if room < 2:
        other = "first" if number else "second"
        raise InputError(f"the {other} text alone fills the {limit} tokens that the model holds")
    step = room - min(stride, room - max(room // 4, 1))
    for start in range(first, stop, step):
        end = min(start + room, stop)
        yield [*range(first), *range(start, end), *range(stop, len(sequence))]
        if end == stop:
            return


def _shifted(cut: list[Window], inputs: Mapping[str, Any], side: str) -> list[Window]:
    if side == "right":
        return cut
    width = inputs["input_ids"].shape[1]
    return [Window(one.encoding, one.places, width - len(one.places)) for one in cut]


def padded(tokenizer: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows of tokens as tensors [rows, longest]."""
    names = rows[0].keys()
    made = tokenizer.pad({n: [row[n] for row in rows] for n in names}, return_tensors="pt")
    return dict(made)


def require_places(tokenizer: Any) -> None:
    """Raise CheckpointError for a tokenizer that cannot tell where in the text its tokens are."""
    if not (tokenizer.is_fast or letters.are_tokens_of(tokenizer)):
        raise CheckpointError(
            "this checkpoint's tokenizer tells no places in the text",
            "choose one with a tokenizer.json",
        )


def ensure_pad_token(tokenizer: Any, config: Any) -> None:
    """GPT-2 and its kin were trained without one; the mask hides what stands in for it."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    for own in {id(one): one for one in (config, config.get_text_config())}.values():
        if getattr(own, "pad_token_id", None) is None:
            own.pad_token_id = tokenizer.pad_token_id


def count_tokens(tokenizer: Any, *texts: Any) -> int:
    """How many tokens the texts make, without special ones: what a row of a batch costs."""
    known = [text for text in texts if isinstance(text, str)]
    if not tokenizer.is_fast:
        return sum(len(tokenizer.tokenize(text)) for text in known)
    encode = tokenizer.backend_tokenizer.encode
    return sum(len(encode(text, add_special_tokens=False)) for text in known)


def max_tokens(tokenizer: Any, config: Any, fallback: int = 512) -> int:
    """How many tokens the model can attend to, special ones included."""
    limits = [getattr(tokenizer, "model_max_length", _UNSET)]
    positions = getattr(config, "max_position_embeddings", None) or getattr(
        config, "n_positions", None
    )
    if isinstance(positions, int) and positions > 0:
        offset = 2 if any(kind in config.model_type for kind in _OFFSET_POSITIONS) else 0
        limits.append(positions - offset)
    known = [limit for limit in limits if limit and limit < _UNSET]
    return min(known, default=fallback)


def row_logits(model: Any, batch: Batch, *names: str) -> Any:
    """The named outputs over all rows, each [rows, ...], computed in bounded parts."""
    import torch

    rows = max(1, _TOKENS // batch.inputs["input_ids"].shape[1])
    parts = [model(**part) for part in batch.parts(rows)]
    joined = [torch.cat([getattr(part, name) for part in parts]) for name in names]
    return joined[0] if len(joined) == 1 else tuple(joined)
