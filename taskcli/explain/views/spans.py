"""Where in its context a model finds the answer to a question: starts, ends, and both together."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.stages import ANSWER
from taskcli.explain.views.answers import Found, best_found, shares_in_order
from taskcli.explain.views.kinds import Frame, Grid, Rows, Strip, View
from taskcli.explain.views.tokenized import Tokenized, tokenized
from taskcli.tasks.spans import Shares

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_MOST_TOKENS = 2_048  # of a context in several windows; of a longer one, the answer's window alone
_MOST_WINDOWS = 12
_BEST = 10  # starts, ends and spans


def draw(seen: Seen) -> Iterator[View]:
    read = shares_in_order(seen)
    found = best_found(seen, read, _BEST)
    if not found:
        return
    yield _ends(seen, read, found[0].number)
    text = tokenized(seen, found[0].number)
    if text is not None:
        yield _together(seen, read[found[0].number], found[0], text)
    yield _best(seen, read, found)


def _ends(seen: Seen, read: Sequence[Shares], best: int) -> Strip:
    length = len({place for one in read for place in one.window.places.tolist()})
    all_shown = len(read) <= _MOST_WINDOWS and length <= _MOST_TOKENS
    numbers = range(len(read)) if all_shown else range(best, best + 1)
    pieces = _pieces(seen, numbers)
    told = "" if all_shown else f" Window {best + 1} of {len(read)}, in which the answer is."
    each = " Each window has its own shares." if len(read) > 1 else ""
    return Strip(
        ANSWER,
        "Where the answer might start, and end",
        "How likely each token of the context is the answer's first, and its last. Shares are of "
        "what can be answered: the question and the tokenizer's own tokens are left out, as no "
        f"answer lies there.{each}{told}",
        [frame for number in numbers for frame in _of_window(read[number], number, pieces)],
        list(pieces.values()),
        ("window", "scores"),
    )


def _pieces(seen: Seen, numbers: range) -> dict[int, str]:
    """The context's, by the places of their tokens in the whole text."""
    context = 1 if seen.task.processor.padding_side == "right" else 0
    found: dict[int, str] = {}
    for number in numbers:
        text = tokenized(seen, number)
        assert text is not None
        of_context = [owner == context for owner in text.texts]
        places = seen.parts[text.batch][text.row].places.tolist()
        told = zip(places, text.pieces, of_context, strict=True)
        found |= {place: piece for place, piece, is_context in told if is_context}
    return found


def _of_window(shares: Shares, number: int, pieces: dict[int, str]) -> Iterator[Frame]:
    for name, values in (("start", shares.start), ("end", shares.end)):
        yield Frame(_spread(shares, values, list(pieces)), (f"window {number + 1}", name))


def _spread(shares: Shares, values: "Array", places: Sequence[int]) -> "Array":
    """Over tokens at `places`; those that are not in the window have no number."""
    import numpy as np

    known = dict(zip(shares.window.places.tolist(), values.tolist(), strict=True))
    return np.array([known.get(place, np.nan) for place in places], np.float32)


def _together(seen: Seen, shares: Shares, best: Found, text: Tokenized) -> Grid:
    import numpy as np

    longest = seen.task.options.max_answer_len
    starts, ends = _places(shares.start, best.first), _places(shares.end, best.last)
    lengths = np.array(ends) - np.array(starts)[:, None] + 1
    scores = (
        shares.start[starts][:, None] * shares.end[ends] * ((lengths > 0) & (lengths <= longest))
    )
    return Grid(
        ANSWER,
        "Start and end together",
        "The likeliest first and last tokens: the score of a span is the share of its start times "
        f"that of its end. It is 0 for spans that end before they start, or have over {longest} "
        f"tokens. The best is outlined.{text.told}",
        [Frame(scores.astype(np.float32))],
        [text.names[at] for at in starts],
        [text.names[at] for at in ends],
        marked=[(starts.index(best.first), ends.index(best.last))],
        row_name="start",
        column_name="end",
    )


def _places(shares: "Array", needed: int) -> list[int]:
    """Of the best tokens, in the order of the text, with the one that is needed."""
    best = [at for at in shares.argsort()[::-1][:_BEST].tolist() if shares[at] > 0]
    return sorted({*best, needed})


def _best(seen: Seen, read: Sequence[Shares], found: Sequence[Found]) -> Rows:
    several = len(read) > 1
    return Rows(
        ANSWER,
        "Best spans",
        f"The best spans of at most {seen.task.options.max_answer_len} tokens, in whole words."
        f"{_of_none(seen, read)} Shares are of what the model finds in this text: a high one is no "
        "proof that the answer is right.",
        ("span", "start", "end", "score", *(("window",) if several else ())),
        [_row(seen, read[one.number], one, several) for one in found],
        frozenset(("start", "end", "score")),
    )


def _of_none(seen: Seen, read: Sequence[Shares]) -> str:
    if not seen.task.options.no_answer:
        return ""
    return f" That there is no answer has the score {min(one.no_answer for one in read):.3f}."


def _row(seen: Seen, shares: Shares, one: Found, several: bool) -> list[str | int | float]:
    start, end = shares.characters(one.first, one.last)
    text = str(getattr(seen.item, "text", ""))[start:end]
    ends = float(shares.start[one.first]), float(shares.end[one.last])
    return [text, *ends, one.score, *([one.number + 1] if several else [])]
