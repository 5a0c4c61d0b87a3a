"""The tokens of a text with their scores, as arrays: joined from the windows that ner reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from taskcli.tasks.token_windows import Window

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]
    Chosen = npt.NDArray[np.bool_]
    Scores = npt.NDArray[np.float32]

Span = tuple[int, int]  # characters start..end of the text


class Encoding(Protocol):
    """Each of these lists is made of the whole text at every access."""

    @property
    def special_tokens_mask(self) -> list[int]: ...
    @property
    def word_ids(self) -> list[int | None]: ...
    @property
    def offsets(self) -> list[Span]: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every token of a text once, in order, without special ones.

    `places` [tokens] are their numbers in the encoding, `scores` are [tokens, labels].
    """

    encoding: Encoding
    places: "Numbers"
    scores: "Scores"

    def words(self) -> "Numbers":
        """The number of each token's word, from 0 up; without words every token is its own."""
        import numpy as np

        told = np.array(self.encoding.word_ids, np.float64)[self.places]
        begins = np.zeros(len(told), np.int64)
        begins[1:] = told[1:] != told[:-1]  # None has become NaN, which is unequal to itself
        return begins.cumsum()

    def spans(self, chosen: "Numbers") -> list[Span]:
        """Where in the text these of the tokens are."""
        offsets = self.encoding.offsets
        return [offsets[at] for at in self.places[chosen].tolist()]


def in_whole_words(chosen: "Chosen", words: "Numbers") -> "Numbers":
    """Which tokens are `chosen`, or in one word with such a token, by the `words` of all."""
    import numpy as np

    is_wanted = np.zeros(int(words[-1]) + 1, bool)
    is_wanted[words[chosen]] = True
    return np.flatnonzero(is_wanted[words])


def merged(read: "Sequence[tuple[Window, Scores]]") -> Tokens:
    """The tokens of a text from its windows, and their scores [tokens, labels], padding included.

    Where windows overlap, from the one in which a token has most context on both sides.
    """
    import numpy as np

    encoding: Encoding = read[0][0].encoding
    is_special = np.array(encoding.special_tokens_mask) != 0
    if len(read) == 1:
        ((window, scored),) = read
        places = np.flatnonzero(~is_special)
        return Tokens(encoding, places, window.of(scored)[places])
    context = np.full(len(is_special), -1)
    scores = np.zeros((len(is_special), read[0][1].shape[-1]), read[0][1].dtype)
    for window, scored in read:
        is_real = ~is_special[window.places]
        places, rows = window.places[is_real], window.of(scored)[is_real]
        before = np.arange(len(places))
        around = np.minimum(before, before[::-1])
        is_better = around > context[places]
        context[places[is_better]] = around[is_better]
        scores[places[is_better]] = rows[is_better]
    found = np.flatnonzero(context >= 0)
    return Tokens(encoding, found, scores[found])
