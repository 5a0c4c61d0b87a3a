"""The tokens that a model was given of a text: of a long one, of each window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.token_words import Span, words_in_texts, words_of_vocabulary

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Tokenized:
    """One row of the model's inputs; of a long text window `number`, from 0, of `windows`.

    `tokens` are as the vocabulary has them, `names` as a person reads them, `pieces` hold the white
    space between them. `texts` tells of which text each is, None for special ones, and `spans`
    where it stands there, None if that is not known. In the batch number `batch` the row is number
    `row`, and `shift` padding stands before the first token. `inputs` are the row's, [1, ...].
    """

    ids: Sequence[int]
    tokens: Sequence[str]
    names: Sequence[str]
    pieces: Sequence[str]
    texts: Sequence[int | None]
    spans: Sequence[Span | None]
    segments: Sequence[int] | None
    batch: int
    row: int
    shift: int
    number: int
    windows: int
    inputs: "Mapping[str, torch.Tensor]"

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, values: Any) -> Any:
        """What a row of numbers [padded tokens, ...] says of these tokens."""
        return values[self.shift : self.shift + len(self)]

    @property
    def told(self) -> str:
        """A sentence, if there are several windows."""
        which = f" This is window {self.number + 1} of the text's {self.windows}."
        return which if self.windows > 1 else ""


def tokenized(seen: Seen, number: int = 0) -> Tokenized | None:
    """A window of the input's text; None where there is none, or its tokens have no numbers."""
    found = rows_in_order(seen)
    if number >= len(found) or "input_ids" not in seen.batches[0].inputs:
        return None
    batch, row = found[number]
    given = seen.batches[batch].inputs
    inputs = {name: one[row : row + 1] for name, one in given.items() if hasattr(one, "shape")}
    own, places = _own(seen, batch, row)
    ids = inputs["input_ids"][0, own].tolist()
    words = None if places is None else words_in_texts(seen, ids, places)
    words = words or words_of_vocabulary(seen, ids)
    segments = inputs.get("token_type_ids")
    return Tokenized(
        ids,
        words.tokens,
        words.names,
        words.pieces,
        words.texts,
        words.spans,
        None if segments is None else segments[0, own].tolist(),
        batch,
        row,
        own.start,
        number,
        len(found),
        inputs,
    )


def rows_in_order(seen: Seen) -> list[tuple[int, int]]:
    """(batch, row) of every part of the input, in the order of the text."""
    rows = [(batch, row) for batch, parts in enumerate(seen.parts) for row in range(len(parts))]
    windows = [getattr(seen.parts[batch][row], "places", None) for batch, row in rows]
    places = [one.tolist() for one in windows if one is not None]
    if len(places) < len(rows):  # parts that are no windows come as they were cut
        return rows
    return [row for _, row in sorted(zip(places, rows, strict=True))]


def _own(seen: Seen, batch: int, row: int) -> tuple[slice, Sequence[int] | None]:
    """Where in a row its own tokens are, without padding; and where they are in the whole text."""
    known = seen.batches[batch].extra.get("windows")
    if known is not None:
        window = known[row]
        return slice(window.shift, window.shift + len(window)), window.places.tolist()
    mask = seen.batches[batch].inputs.get("attention_mask")
    length = seen.batches[batch].inputs["input_ids"].shape[-1]
    if mask is None:
        return slice(0, length), None
    first = int(mask[row].argmax())
    return slice(first, first + int(mask[row].sum())), None
