"""What one token of a vocabulary reads as."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

SPACES = ("Ġ", "▁")  # what byte-level BPE and SentencePiece write for the space before a word
PARTS = "part of "  # what names of bytes begin with
PART = f"{PARTS}a character"  # a token of bytes that are no whole one
NOTHING = "·"  # the piece of a token that stands for no character of its own
_MOST = 4  # bytes of a character


@lru_cache(maxsize=4096)
def text_of_token(tokenizer: Any, token: int) -> str:
    """With the space before it."""
    if token >= len(tokenizer):
        return f"#{token}"  # there are models with more numbers than their tokenizer has tokens
    own = str(tokenizer.convert_ids_to_tokens(token))
    text = str(
        tokenizer.decode([token], skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )
    if own.startswith(SPACES) and not text.startswith(" "):
        text = f" {text}"
    return PART if "\ufffd" in text else text


def names_of_tokens(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """With the space before them; of those that make a character together, which one."""
    return [
        name
        for count, text in _whole(tokenizer, ids)
        for name in [text if count == 1 else f"{PARTS}{text.strip()}"] * count
    ]


def pieces_of_tokens(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """A text that can be read on; tokens that make a character together have it once."""
    return [
        piece
        for count, text in _whole(tokenizer, ids)
        for piece in (text, *[NOTHING] * (count - 1))
    ]


def _whole(tokenizer: Any, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
    """How many tokens in a row are a text, and this text: one, or the bytes of a character."""
    at = 0
    while at < len(ids):
        count, text = 1, text_of_token(tokenizer, int(ids[at]))
        if text == PART:
            count, text = _character(tokenizer, ids[at : at + _MOST])
        yield count, text
        at += count


def _character(tokenizer: Any, ids: Sequence[int]) -> tuple[int, str]:
    for count in range(2, len(ids) + 1):
        text = str(tokenizer.decode(list(ids[:count]), clean_up_tokenization_spaces=False))
        if text and "\ufffd" not in text:
            return count, text
    return 1, PART
