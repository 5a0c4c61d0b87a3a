"""What may be shown on a terminal: for every view, message and page."""

import unicodedata

# Explicit direction changes reorder what a terminal shows; they are not letters.
_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str) -> str:
    """Text that cannot drive a terminal: no control characters but line ends and tabs."""
    return "".join(
        char
        for char in text
        if char in "\n\t"
        or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _DIRECTION)
    )


def safe_line(text: str) -> str:
    """A name, which must not look like further lines of ours."""
    return safe(text).replace("\n", " ")
