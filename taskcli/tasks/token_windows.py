"""Long texts as rows of tokens that a model can hold: what classify-text, ner and qa share.

The windows are cut here rather than by the tokenizer: its settings then never change, while
several threads use it, and a question that fills a window is an error instead of a panic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taskcli.errors import CheckpointError, InputError
from taskcli.task import Batch
from taskcli.tasks import char_tokens

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

    `row` holds the model's inputs by name, a number per token. `count` is how many windows the
    item has. `shift` is the count of padding before the first token in a batch.
    """

    encoding: Any
    places: Sequence[int]
    row: Mapping[str, list[int]]
    count: int
    shift: int = 0

    def __len__(self) -> int:
        return len(self.places)

    @property
    def nbytes(self) -> int:
        return 8 * len(self.places) * (len(self.row) + 1)

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
) -> Iterator[tuple[int, Window]]:
    """Texts, or pairs of them, in rows of at most `limit` tokens, each with its text's number.

    Of a pair, the text `cut_text` is cut and the other one stands in every row. `stride` tokens are
    shared by neighbours, as far as there is room. Raises InputError if the text that stays fills
    a row.
    """
    encoded = tokenizer(texts, pairs, return_special_tokens_mask=True)
    names = [name for name in tokenizer.model_input_names if name in encoded]
    told = encoded.encodings or _letters(tokenizer, encoded, texts, pairs)
    for owner in range(len(texts)):
        sequence = _sequence(encoded, owner)
        cut = list(_places(sequence, cut_text if pairs else 0, limit, stride))
        for places in cut:
            row = {name: [encoded[name][owner][place] for place in places] for name in names}
            yield owner, Window(told[owner] if told else None, places, row, len(cut))


def batch_of(tokenizer: Any, parts: Sequence[Window]) -> Batch:
    """Windows as one padded batch; `extra["windows"]` knows where each lies in its row."""
    inputs = padded(tokenizer, [dict(part.row) for part in parts])
    shifted = _shifted(parts, inputs, tokenizer.padding_side)
    return Batch(inputs, range(len(parts)), {"windows": shifted})


def _sequence(encoded: Any, owner: int) -> list[int | None]:
    """Which text each token is of; None for special ones."""
    if encoded.encodings:
        return list(encoded.sequence_ids(owner))
    return list(char_tokens.sequences(encoded["special_tokens_mask"][owner]))


def _letters(
    tokenizer: Any, encoded: Any, texts: list[str], pairs: list[str] | None
) -> list[char_tokens.CharEncoding]:
    if not char_tokens.are_tokens_of(tokenizer):
        return []
    together = zip(texts, pairs, strict=True) if pairs else zip(texts, strict=True)
    rows = zip(encoded["input_ids"], encoded["special_tokens_mask"], together, strict=True)
    return [char_tokens.CharEncoding(*row) for row in rows]


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


def _shifted(parts: Sequence[Window], inputs: Mapping[str, Any], side: str) -> Sequence[Window]:
    if side == "right":
        return parts
    width = inputs["input_ids"].shape[1]
    return [replace(part, shift=width - len(part)) for part in parts]


def padded(tokenizer: Any, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows of tokens as tensors [rows, longest]."""
    names = rows[0].keys()
    made = tokenizer.pad({n: [row[n] for row in rows] for n in names}, return_tensors="pt")
    return dict(made)


def require_places(tokenizer: Any) -> None:
    """Raise CheckpointError for a tokenizer that cannot tell where in the text its tokens are."""
    if not (tokenizer.is_fast or char_tokens.are_tokens_of(tokenizer)):
        raise CheckpointError(
            "this checkpoint's tokenizer tells no places in the text",
            "choose one with a tokenizer.json",
        )


def prepare_tokenizer(tokenizer: Any, config: Any) -> None:
    """Settle that "[SEP]" in a text is five characters, and what pads."""
    tokenizer.split_special_tokens = True
    ensure_pad_token(tokenizer, config)


def ensure_pad_token(tokenizer: Any, config: Any) -> None:
    """GPT-2 and its kin were trained without one; the mask hides what stands in for it."""
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    for own in {id(one): one for one in (config, config.get_text_config())}.values():
        if getattr(own, "pad_token_id", None) is None:
            own.pad_token_id = tokenizer.pad_token_id


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
