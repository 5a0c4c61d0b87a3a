"""The best answer spans of a text: the maths of transformers 4's question-answering pipeline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from taskcli.tasks.token_windows import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

_MASKED = -10_000.0  # the logit of a token that can be no part of an answer


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start..end of the context; 0..0 is the answer that there is none."""

    score: float
    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Two that are empty overlap in the same place."""
        latest, first_end = max(self.start, other.start), min(self.end, other.end)
        return latest < first_end or (self.start, self.end) == (other.start, other.end)


@dataclass(frozen=True, slots=True)
class SpanCandidates:
    """The best spans of a context, best first, and the score of the answer that there is none."""

    spans: list[Span]
    no_answer: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Of each of a window's own tokens [tokens] how likely an answer begins, and ends, there.

    Both are 0 for tokens that can be no part of an answer; `no_answer` is how likely there is none.
    """

    window: Window
    start: "Array"
    end: "Array"
    no_answer: float

    def spans(self, longest: int) -> Iterator[Span]:
        """Those of at most `longest` tokens, best first."""
        for score, first, last in self.candidates(longest):
            yield Span(score, *self.characters(first, last))

    def candidates(self, longest: int) -> Iterator[tuple[float, int, int]]:
        """(score, first token, last token) of spans of at most `longest` tokens, best first."""
        return _candidates(self.start, self.end, longest)

    def characters(self, first: int, last: int) -> tuple[int, int]:
        """Where in the context the tokens from `first` to `last` are, in whole words."""
        places = self.window.places[[first, last]].tolist()
        return _characters(self.window.encoding, *places)


class SpanOptions(Protocol):
    """How many spans are given, whether none may be one, and the most tokens of one."""

    @property
    def top_k(self) -> int: ...
    @property
    def no_answer(self) -> bool: ...
    @property
    def max_answer_len(self) -> int: ...


def best_spans(
    read: "Sequence[tuple[Window, Array, Array]]",
    number: int,
    no_answer_id: int | None,
    options: SpanOptions,
) -> SpanCandidates:
    """The best spans of one context that do not overlap.

    `read` holds (window, start logits [tokens], end logits [tokens]); the context is text `number`
    of its pair, and the token `no_answer_id` stands for "no answer". Each window has its own
    softmax, so scores of different windows are not quite on one scale; it is what scripts
    written for the pipeline expect. Of spans that overlap, in one window or in neighbouring ones,
    the best is given: a second answer should be another one.
    """
    found: list[Span] = []
    no_answer = 1.0
    for shares in read_shares(read, number, no_answer_id):
        no_answer = min(no_answer, shares.no_answer)
        found += _apart(shares.spans(options.max_answer_len), options.top_k)
    if options.no_answer:
        found.append(Span(no_answer, 0, 0))
    ordered = sorted(found, key=lambda span: -span.score)
    return SpanCandidates(_apart(ordered, options.top_k), no_answer)


def read_shares(
    read: "Sequence[tuple[Window, Array, Array]]", number: int, no_answer_id: int | None
) -> Iterator[Shares]:
    """Of each window, from its logits as `best_spans` takes them."""
    import numpy as np

    texts = read[0][0].encoding.sequence_ids  # a list of the whole text, made at every access
    is_context = np.array([one == number for one in texts])
    for window, *logits in read:
        context = is_context[window.places]
        none = window.row["input_ids"] == no_answer_id
        p_start, p_end = (_probabilities(window.of(one), context, none) for one in logits)
        no_answer = float((p_start * p_end)[none].sum())
        p_start[none | ~context] = p_end[none | ~context] = 0.0
        yield Shares(window, p_start, p_end, no_answer)


def _apart(spans: Iterable[Span], most: int) -> list[Span]:
    """The first spans that overlap none before them."""
    kept: list[Span] = []
    for span in spans:
        if not any(span.overlaps(other) for other in kept):
            kept.append(span)
        if len(kept) == most:
            break
    return kept


def _probabilities(
    logits: "Array", context: "npt.NDArray[np.bool_]", none: "npt.NDArray[np.bool_]"
) -> "Array":
    import numpy as np

    masked = np.where(context | none, logits, _MASKED)
    exponents = np.exp(masked - masked.max())
    shares: Array = exponents / exponents.sum()
    return shares


def _candidates(p_start: "Array", p_end: "Array", longest: int) -> Iterator[tuple[float, int, int]]:
    """(score, first token, last token) of spans of at most `longest` tokens, best first."""
    import numpy as np

    longest = min(longest, len(p_end))
    behind = np.concatenate([p_end, np.zeros(longest - 1, p_end.dtype)])
    ends = behind[np.arange(len(p_end))[:, None] + np.arange(longest)]
    products = p_start[:, None] * ends  # [first token, tokens behind it]

    def at(place: Any) -> tuple[float, int, int]:
        first, more = divmod(int(place), longest)
        return float(products[first, more]), first, first + more

    best = products.argmax()
    if not products.flat[best]:
        return
    yield at(best)  # all that most callers want, so nothing else is sorted for them
    possible = np.flatnonzero(products)
    yield from map(at, possible[np.argsort(-products.flat[possible], kind="stable")][1:])


def _characters(encoding: Any, first: int, last: int) -> tuple[int, int]:
    """Token places as characters of the context, snapped to whole words."""
    words = encoding.token_to_word(first), encoding.token_to_word(last)
    if None in words:
        return encoding.token_to_chars(first)[0], encoding.token_to_chars(last)[1]
    number = encoding.token_to_sequence(first)
    start, _ = encoding.word_to_chars(words[0], number)
    _, end = encoding.word_to_chars(words[1], number)
    return start, end
