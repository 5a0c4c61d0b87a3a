"""Places in a text for tokenizers in Python whose tokens are its letters, as CANINE's are.

They tell no places themselves; a CharEncoding answers as one of the tokenizers library would.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SAMPLE = "a É\u0301🙂"
_WORD = re.compile(r"\w+|[^\w\s]")


def are_tokens_of(tokenizer: "PreTrainedTokenizerBase") -> bool:
    return list(tokenizer.tokenize(_SAMPLE)) == list(_SAMPLE)


class CharEncoding:
    """One encoding of `texts`, one or a pair: `special[token]` says what is no letter of theirs."""

    def __init__(self, special: Sequence[int], texts: Sequence[str]) -> None:
        self.special_tokens_mask = list(special)
        self.sequence_ids = list(sequences(special))
        self.offsets: list[tuple[int, int]] = []
        self.word_ids: list[int | None] = []
        self._words = [[found.span() for found in _WORD.finditer(text)] for text in texts]
        numbers = [
            _numbers(words, len(text)) for words, text in zip(self._words, texts, strict=True)
        ]
        at = [0] * len(texts)
        for number in self.sequence_ids:
            start = 0 if number is None else at[number]
            self.offsets.append((start, start + (number is not None)))
            self.word_ids.append(None if number is None else numbers[number][start])
            if number is not None:
                at[number] += 1

    def token_to_word(self, token: int) -> int | None:
        return self.word_ids[token]

    def token_to_chars(self, token: int) -> tuple[int, int]:
        return self.offsets[token]

    def token_to_sequence(self, token: int) -> int | None:
        return self.sequence_ids[token]

    def word_to_chars(self, word: int, sequence: int) -> tuple[int, int]:
        return self._words[sequence][word]


def sequences(special: Sequence[int]) -> Iterator[int | None]:
    """Which text each token is of, None for special ones: those between two texts divide them."""
    number, inside = -1, False
    for one in special:
        number += not (one or inside)
        inside = not one
        yield None if one else number


def _numbers(words: list[tuple[int, int]], length: int) -> list[int | None]:
    """The number of the word that each of a text's letters is in."""
    numbers: list[int | None] = [None] * length
    for number, (start, end) in enumerate(words):
        numbers[start:end] = [number] * (end - start)
    return numbers
