"""What Whisper's tokens say: a text, when its words are said, and how sure the model was."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli.results import Chunk, Transcript

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

_UNSPACED = ("zh", "ja", "th", "lo", "my", "yue")  # whose words Whisper's tokenizer parts otherwise
# What its tokenizer is asked to put times to.
_MARKS: dict[str, Any] = {"none": None, "segment": True, "word": "word"}


class Row(NamedTuple):
    """What was written of a recording: tokens [n], when each was said [n], their probabilities.

    Behind the tokens of a shorter one than its batch's longest there is padding, which has none.
    """

    tokens: "torch.Tensor"
    times: "torch.Tensor | None" = None
    shares: "torch.Tensor | None" = None


class TokenText:
    """Reads rows; `precision` is the seconds between two of the times that tokens stand for."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", precision: float) -> None:
        self._tokenizer = tokenizer
        self._precision = precision

    def transcript(
        self,
        row: Row,
        language: str | None,
        as_spoken: bool,
        seconds: float,
        timestamps: str,
        language_share: float | None,
    ) -> Transcript:
        """Of a recording of so many `seconds`, written in its own language or in English."""
        written = language if as_spoken else None
        text, found = self._read(row.tokens, row.times, written, _MARKS[timestamps])
        chunks = None
        if timestamps != "none":
            chunks = tuple(_clamped(chunk, seconds) for chunk in found)
        said = Transcript(text.strip(), chunks, language, language_score=language_share)
        return said if row.shares is None else self._scored(said, row, written, timestamps)

    def _read(
        self,
        tokens: "torch.Tensor",
        times: "torch.Tensor | None",
        language: str | None,
        marks: Any,
    ) -> tuple[str, list[dict[str, Any]]]:
        """The text, and what has times in it; words of a `language` as it parts them."""
        output = {"tokens": tokens[None]}
        if marks == "word":
            assert times is not None
            output["token_timestamps"] = times[None]
            output = self._said_to_be(language, output)
        text, optional = self._tokenizer._decode_asr(
            [output], return_timestamps=marks, return_language=None, time_precision=self._precision
        )
        return text, optional.get("chunks", [])

    def _said_to_be(
        self, language: str | None, output: dict[str, "torch.Tensor"]
    ) -> dict[str, "torch.Tensor"]:
        """The tokens behind that of their language, if the tokenizer must know it to find words."""
        from torch.nn.functional import pad

        if language not in _UNSPACED:
            return output
        mark = self._tokenizer.convert_tokens_to_ids(f"<|{language}|>")
        return {
            "tokens": pad(output["tokens"], (1, 0), value=mark),
            "token_timestamps": pad(output["token_timestamps"], (1, 0)),
        }

    def _scored(
        self, said: Transcript, row: Row, language: str | None, timestamps: str
    ) -> Transcript:
        """With the mean probability of the text's tokens, and of those of each chunk."""
        assert row.shares is not None
        tokens, shares = row.tokens.tolist(), row.shares.tolist()
        end = self._tokenizer.eos_token_id  # tokens of texts come before it
        of_text = [share for token, share in zip(tokens, shares, strict=False) if token < end]
        chunks = said.chunks
        if chunks:
            words = self._words(row.tokens, language)
            if timestamps == "word":
                groups: Iterable[list[_Word]] = ([word] for word in words)
            else:
                groups = _grouped(words, [chunk.text for chunk in chunks])
            chunks = tuple(
                replace(chunk, score=_mean(_shares(group, shares)))
                for chunk, group in zip(chunks, groups, strict=True)
            )
        return replace(said, chunks=chunks, score=_mean(of_text))

    def _words(self, tokens: "torch.Tensor", language: str | None) -> Iterator["_Word"]:
        """The words of all tokens, and where these are: their places stand in for their times."""
        import torch

        places = torch.arange(1, len(tokens) + 1)  # of the ends
        for word in self._read(tokens, places, language, "word")[1]:
            start, end = word["timestamp"]
            yield _Word(word["text"], int(start), int(end))


class _Word(NamedTuple):
    """A word, and which tokens it consists of."""

    text: str
    start: int
    end: int


def _grouped(words: Iterable[_Word], texts: Iterable[str]) -> Iterator[list[_Word]]:
    """The words of each text; one after another, these say what the words say."""
    left = iter(words)
    for text in texts:
        group: list[_Word] = []
        missing = len(text)
        while missing > 0 and (word := next(left, None)) is not None:
            group.append(word)
            missing -= len(word.text)
        yield group


def _shares(words: Iterable[_Word], shares: Sequence[float]) -> list[float]:
    return [share for word in words for share in shares[word.start : word.end]]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _clamped(chunk: dict[str, Any], seconds: float) -> Chunk:
    """Whisper leaves the last end open and may mark times beyond the sound."""
    start, end = chunk["timestamp"]
    end = seconds if end is None else min(max(end, 0.0), seconds)
    return Chunk(chunk["text"], (min(max(start or 0.0, 0.0), end), end))
