"""Long texts as rows of tokens that a model can hold: what classify-text, ner and qa share.

The windows are cut here rather than by the tokenizer: its settings then never change, while
several threads use it, and a question that fills a window is an error instead of a panic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from taskcli.errors import CheckpointError, InputError
from taskcli.task import Batch
from taskcli.tasks import char_tokens
from taskcli.tasks.token_rows import Row, TokenRow, padded, token_rows

if TYPE_CHECKING:
    import numpy as np

_LENGTHS = 1_024  # of texts, whose places are kept
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


# Of a token in an encoding of the tokenizers library: its text, its numbers, its place.
_ENCODING_BYTES = 100


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one item's tokens: `places[i]` is row position i in the whole encoding.

    `row` holds the model's inputs. `encoding` knows the tokens' places in the text, if these are
    asked for. `count` is how many windows the item has. `shift` is the count of padding before
    the first token in a batch.
    """

    encoding: Any
    places: "np.ndarray[Any, Any]"
    row: Row
    count: int
    shift: int = 0

    def __len__(self) -> int:
        return len(self.places)

    @property
    def nbytes(self) -> int:
        arrays = self.places.nbytes + sum(one.nbytes for one in self.row.values())
        return arrays + (0 if self.encoding is None else _ENCODING_BYTES * len(self.places))

    def of(self, row: Any) -> Any:
        """What a row of model outputs [tokens, ...] says of this window's own tokens."""
        return row[self.shift : self.shift + len(self.places)]


@dataclass(frozen=True, slots=True)
class Cut:
    """How texts become windows of at most `limit` tokens, of which neighbours share `stride`.

    Of a pair the text `number` is cut, and the other one stands in every window.
    """

    limit: int
    stride: int = 0
    number: int = 1


def windows(
    tokenizer: Any, texts: list[str], pairs: list[str] | None, cut: Cut, places: bool = True
) -> Iterator[tuple[int, Window]]:
    """Texts, or pairs of them, in windows, each with its text's number.

    `places` keeps where in the text the tokens are. Raises InputError if the text that is not cut
    fills a window.
    """
    own = replace(cut, number=0) if pairs is None else cut
    for owner, encoded in enumerate(token_rows(tokenizer, texts, pairs, places)):
        for window in _windows_of(encoded, own, places):
            yield owner, window


def _windows_of(encoded: TokenRow, cut: Cut, places: bool) -> Iterator[Window]:
    encoding = encoded.origin if places else None
    length = len(encoded.row["input_ids"])
    if length <= cut.limit:
        yield Window(encoding, _all_places(length), encoded.row, 1)
        return
    found = list(_places(encoded.origin.sequence_ids, cut))
    for own in found:
        row = {name: numbers[own] for name, numbers in encoded.row.items()}
        yield Window(encoding, own, row, len(found))


@lru_cache(maxsize=_LENGTHS)
def _all_places(length: int) -> "np.ndarray[Any, Any]":
    """Of a text that is one window: the same array for all texts of a length, never written to."""
    import numpy as np

    places = np.arange(length)
    places.flags.writeable = False
    return places


def batch_of(tokenizer: Any, parts: Sequence[Window]) -> Batch:
    """Windows as one padded batch; `extra["windows"]` knows where each lies in its row."""
    inputs = padded(tokenizer, [part.row for part in parts])
    shifted = _shifted(parts, inputs["input_ids"].shape[1], tokenizer.padding_side)
    return Batch(inputs, range(len(parts)), {"windows": shifted})


def _places(sequence: Sequence[int | None], cut: Cut) -> "Iterator[np.ndarray[Any, Any]]":
    """The places of each window's tokens: the text that is cut slides, what is around it stays."""
    import numpy as np

    number = min(cut.number, max(known for known in sequence if known is not None))
    first = sequence.index(number)
    stop = len(sequence) - sequence[::-1].index(number)
    room = cut.limit - first - (len(sequence) - stop)
    if room < 2:
        other = "first" if number else "second"
        raise InputError(
            f"the {other} text alone fills the {cut.limit} tokens that the model holds"
        )
    step = room - min(cut.stride, room - max(room // 4, 1))
    for start in range(first, stop, step):
        end = min(start + room, stop)
        yield np.r_[0:first, start:end, stop : len(sequence)]
        if end == stop:
            return


def _shifted(parts: Sequence[Window], width: int, side: str) -> Sequence[Window]:
    if side == "right":
        return parts
    return [replace(part, shift=width - len(part)) for part in parts]


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
