"""What the labels of frames say: a text, and at which frames its words or letters stand."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Wav2Vec2CTCTokenizer

Unit = Literal["char", "word"]


class Span(NamedTuple):
    """A word or a letter, and from which frame up to which it is heard."""

    text: str
    start: int
    end: int


class FrameText(Protocol):
    """Reads labels, one a frame, of which repetitions and blanks say nothing."""

    def text(self, labels: Sequence[int]) -> str: ...

    def spans(self, labels: Sequence[int], unit: Unit) -> tuple[str, list[Span]]:
        """The text, and its words or letters."""


def frame_text(tokenizer: "PreTrainedTokenizerBase") -> FrameText:
    from transformers import Wav2Vec2CTCTokenizer

    # Its kin, of phonemes say, read in ways of their own.
    return _Plain(tokenizer) if type(tokenizer) is Wav2Vec2CTCTokenizer else _Decoded(tokenizer)


class _Decoded:
    """As the tokenizer does it."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self._tokenizer = tokenizer

    def text(self, labels: Sequence[int]) -> str:
        return str(self._tokenizer.decode(labels))

    def spans(self, labels: Sequence[int], unit: Unit) -> tuple[str, list[Span]]:
        decoded: Any = self._tokenizer.decode(labels, **{f"output_{unit}_offsets": True})
        return decoded["text"], [
            Span(one[unit], int(one["start_offset"]), int(one["end_offset"]))
            for one in decoded[f"{unit}_offsets"]
        ]


class _Plain:
    """As Wav2Vec2's tokenizer does it, which looks at several tables for each frame."""

    def __init__(self, tokenizer: "Wav2Vec2CTCTokenizer") -> None:
        self._tokenizer = tokenizer
        self._tokens = _Tokens(tokenizer)
        self._blank = tokenizer.pad_token
        self._space = tokenizer.replace_word_delimiter_char
        self._written = {tokenizer.word_delimiter_token: self._space, self._blank: ""}

    def text(self, labels: Sequence[int]) -> str:
        tokens = groupby(map(self._tokens.__getitem__, labels))
        return self._finished(self._written.get(token, token) for token, _ in tokens)

    def spans(self, labels: Sequence[int], unit: Unit) -> tuple[str, list[Span]]:
        letters = list(self._letters(labels))
        text = self._finished(one.text for one in letters)
        return text, letters if unit == "char" else list(self._words(letters))

    def _finished(self, written: Iterable[str]) -> str:
        text = "".join(written).strip()
        if self._tokenizer.do_lower_case:
            text = text.lower()
        if self._tokenizer.clean_up_tokenization_spaces:
            text = self._tokenizer.clean_up_tokenization(text)
        return text

    def _letters(self, labels: Sequence[int]) -> Iterator[Span]:
        end = 0
        for token, run in groupby(map(self._tokens.__getitem__, labels)):
            start, end = end, end + len(list(run))
            if token != self._blank:
                yield Span(self._written.get(token, token), start, end)

    def _words(self, letters: list[Span]) -> Iterator[Span]:
        for is_space, run in groupby(letters, lambda one: one.text == self._space):
            if not is_space:
                word = list(run)
                yield Span("".join(one.text for one in word), word[0].start, word[-1].end)


class _Tokens(dict[int, str]):
    """The token of each label; the tokenizer is asked for it once."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, label: int) -> str:
        token: str = self._tokenizer.convert_ids_to_tokens(label)
        self[label] = token
        return token
