"""What views of writing share: the text that a part of the input became, and its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.token_text import names_of_tokens

if TYPE_CHECKING:
    from transformers import GenerationConfig

    from taskcli.runtime.writing import Step, Written

MOST_TOKENS = 200  # that are shown of a text
_BLANKS = {ord(" "): "␣", ord("\n"): "↵", ord("\t"): "⇥", ord("\r"): "␍"}


@dataclass(frozen=True, eq=False)
class Text:
    """One answer: of several texts the first, of an input in parts that of the first part.

    `source` are an encoder's tokens, none of a model without one. `before` are the tokens behind
    which it began: a prompt, or what tells a decoder to begin. `ids` are those that it wrote, and
    `path` the steps of these: each with the number of the candidate that was taken.
    `place` is that of the part among the `items` of its batch, `parts` how many there are in all;
    `is_of_several` whether more texts than one were asked for.
    """

    written: "Written"
    source: Sequence[int]
    before: Sequence[int]
    ids: Sequence[int]
    path: "Sequence[tuple[Step, int]]"
    place: int
    items: int
    parts: int
    is_of_several: bool

    @property
    def config(self) -> "GenerationConfig":
        return self.written.config

    @property
    def begin(self) -> int:
        """How many tokens stood in the rows before; padding stands before prompts."""
        before = self.written.before
        return 0 if before is None else int(before.shape[1])

    @property
    def ends(self) -> Sequence[int]:
        """The tokens that end a text."""
        found = self.config.eos_token_id
        return found if isinstance(found, list) else [found] * (found is not None)

    def own(self, count: int) -> slice:
        """Which of so many rows, or candidates, of a batch belong to this input."""
        each = count // self.items
        return slice(self.place * each, (self.place + 1) * each)


def text_of(seen: Seen) -> Text | None:
    """None where it is not known how the text was written."""
    number, place = _first_part(seen)
    if len(seen.writing) != len(seen.batches) or number < 0:
        return None
    written, parts = seen.writing[number], seen.parts[number]
    if written is None or written.before is None:
        return None
    has_encoder = bool(seen.task.model.config.is_encoder_decoder)
    begin = written.before.shape[1]
    rows = seen.outputs[number]
    row = rows[place * (len(rows) // len(parts))].tolist()[begin if has_encoder else 0 :]
    given = list(parts[place].ids)
    first = written.before[place * (len(written.before) // len(parts))].tolist()
    text = Text(
        written,
        given if has_encoder else [],
        first if has_encoder else given,
        [],
        [],
        place,
        len(parts),
        sum(map(len, seen.parts)),
        isinstance(seen.result, list),
    )
    return _with_path(text, row[: _count(row, text, seen.result)])


def _first_part(seen: Seen) -> tuple[int, int]:
    """In which batch the first part of the input is, and at which place; else below zero."""
    _, first = next(iter(seen.task.encode([seen.item])))
    for number, parts in enumerate(seen.parts):
        if first in parts:
            return number, parts.index(first)
    return -1, -1


def _count(row: Sequence[int], text: Text, result: Any) -> int:
    """How many tokens are the text's own: an end token is the last, padding is none."""
    one = result[0] if isinstance(result, list) else result
    told = getattr(one, "generated_tokens", None)
    if told is not None:
        return int(told)
    for count, token in enumerate(row, 1):
        if token in text.ends:
            return count
    count = len(row)
    while count and row[count - 1] == text.config.pad_token_id:
        count -= 1
    return count


def _with_path(text: Text, ids: Sequence[int]) -> Text | None:
    import numpy as np

    path = []
    for count, step in enumerate(text.written.steps[: len(ids)], 1):
        own = text.own(len(step.candidates.ids))
        same = (step.candidates.ids[own] == np.array(ids[:count])).all(-1)
        if not same.any():
            return None
        path.append((step, own.start + int(same.argmax())))
    if not ids or len(path) < len(ids):
        return None
    return replace(text, ids=ids, path=path)


def shown(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """Tokens as names, without the space before them."""
    return [one.strip() or one.translate(_BLANKS) or "∅" for one in names_of_tokens(tokenizer, ids)]


def of_part(text: Text) -> str:
    """What is to be said of an input in parts, or of several texts."""
    part = f" The input was read in {text.parts} parts: this is of the first." * (text.parts > 1)
    return part + " Of the texts that were asked for, this is the first." * text.is_of_several


def cut(text: Text, shown: int) -> str:
    """What is to be said of a text that is not shown as a whole."""
    return f" The first {shown} of {len(text.ids)} tokens are shown." * (shown < len(text.ids))
