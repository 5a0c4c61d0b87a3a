"""The spans that a model holds to be answers, window by window."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from taskcli.explain.seen import Seen
from taskcli.explain.views.tokenized import rows_in_order
from taskcli.tasks.spans import Shares, read_shares


@dataclass(frozen=True)
class Found:
    """A span from the `first` to the `last` token of window `number`, from 0."""

    score: float
    number: int
    first: int
    last: int


def shares_in_order(seen: Seen) -> list[Shares]:
    """Of each window, in the order of the text."""
    answered = [
        seen.task.postprocess(outputs, batch, list(parts))
        for outputs, batch, parts in zip(seen.outputs, seen.batches, seen.parts, strict=True)
    ]
    read = [answered[batch][row] for batch, row in rows_in_order(seen)]
    context = 1 if seen.task.processor.padding_side == "right" else 0
    return list(read_shares(read, context, seen.task.processor.cls_token_id))


def best_found(seen: Seen, read: Sequence[Shares], most: int) -> list[Found]:
    """Of all windows, best first; of those of one place in the text the best alone."""
    longest = seen.task.options.max_answer_len
    found = (
        Found(score, number, first, last)
        for number, shares in enumerate(read)
        for score, first, last in islice(shares.candidates(longest), 4 * most)
    )
    by_place: dict[tuple[int, int], Found] = {}
    for one in sorted(found, key=lambda span: -span.score):
        by_place.setdefault(read[one.number].characters(one.first, one.last), one)
    return list(by_place.values())[:most]
