"""What may be shown on a terminal or a page, in JSON, and in the name of a file: the only list."""

import re

# Control characters, changes of direction, which reorder what is shown so that a name can look
# like another one, and halves of surrogate pairs. Python's patterns and JavaScript's read it alike.
_UNSAFE = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_LINE_ENDS = r"\n\u2028\u2029"
UNSAFE_IN_NAMES = f"[{_UNSAFE}{_LINE_ENDS}]"

_UNSAFE_IN_TEXTS = re.compile(rf"(?![\n\t])[{_UNSAFE}]")
_LINE_END = re.compile(f"[{_LINE_ENDS}]")


def safe(text: str) -> str:
    """Text that cannot drive a terminal: no control characters but line ends and tabs."""
    return _UNSAFE_IN_TEXTS.sub("", text)


def safe_line(text: str) -> str:
    """A name, which must not look like further lines of ours."""
    return _LINE_END.sub(" ", safe(text))
