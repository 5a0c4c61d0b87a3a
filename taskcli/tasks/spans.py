"""The best answer spans of a text: the maths of transformers 4's question-answering pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_MASKED = -10_000.0  # the logit of a token that can be no part of an answer


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end of the context; 0..0 is the answer that there is none."""

    score: float
    start: int
    end: int


def best_spans(start: Any, end: Any, encoded: Any, rows: Sequence[int], options: Any) -> list[Span]:
    """The best spans of one context, best first.

    `start` and `end` are logits [rows, tokens] and `rows` are this context's windows. Each window
    has its own softmax, so scores of different windows are not quite on one scale; it is what
    scripts written for the pipeline expect. A span that two windows share is given once.
    """
    found: dict[tuple[int, int], Span] = {}
    no_answer = 1.0
    for row in rows:
        context = [number == 1 for number in encoded.sequence_ids(row)]
        p_start, p_end = (_probabilities(logits[row], context) for logits in (start, end))
        no_answer = min(no_answer, float(p_start[0] * p_end[0]))
        p_start[0] = p_end[0] = 0.0  # the first token stands for "no answer"
        for score, first, last in _candidates(p_start, p_end, context, options):
            span = Span(score, *_characters(encoded, row, first, last))
            place = (span.start, span.end)
            if place not in found or found[place].score < span.score:
                found[place] = span
    if options.no_answer:
        found[0, 0] = Span(no_answer, 0, 0)
    return sorted(found.values(), key=lambda span: -span.score)[: options.top_k]


def _probabilities(logits: Any, context: list[bool]) -> Any:
    import numpy as np

    allowed = np.array(context)
    allowed[0] = True
    masked = np.where(allowed, logits, _MASKED)
    exponents = np.exp(masked - masked.max())
    return exponents / exponents.sum()


def _candidates(
    p_start: Any, p_end: Any, context: list[bool], options: Any
) -> list[tuple[float, int, int]]:
    """(score, first token, last token) of the window's best spans that are long enough allowed."""
    import numpy as np

    products = np.outer(p_start, p_end)
    products = np.tril(np.triu(products), options.max_answer_len - 1)
    order = np.argsort(-products, axis=None, kind="stable")[: options.top_k]
    pairs = [divmod(int(place), len(p_end)) for place in order]
    return [
        (float(products[first, last]), first, last)
        for first, last in pairs
        if context[first] and context[last]
    ]


def _characters(encoded: Any, row: int, first: int, last: int) -> tuple[int, int]:
    """Token places as characters of the context, snapped to whole words."""
    words = encoded.token_to_word(row, first), encoded.token_to_word(row, last)
    if None in words:
        offsets = encoded["offset_mapping"][row]
        return int(offsets[first][0]), int(offsets[last][1])
    return (
        encoded.word_to_chars(row, words[0], sequence_index=1)[0],
        encoded.word_to_chars(row, words[1], sequence_index=1)[1],
    )
