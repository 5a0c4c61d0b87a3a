"""Where words begin and end, also in scripts that put no spaces between them."""

import unicodedata
from collections.abc import Iterator
from typing import Literal

from taskcli.media.patterns import Pattern

# Han, kana, Bopomofo, Thai, Lao, Myanmar, Khmer, Tibetan. Katakana writes whole words, as names.
SPACELESS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf"
    "\u3005-\u3007\u3021-\u3029\u3040-\u309f\u3100-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff"
    "\uaa60-\uaa7f\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = Pattern(f"[{SPACELESS}]", "re")
_CLOSE = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"
_CLOSE_END = Pattern(f"[{_CLOSE}][”’…—]*$", "re")
_CLOSE_START = Pattern(f"[“‘…—]*[{_CLOSE}]", "re")
_INSIDE = ("M", "Cf")  # accents, and what is not seen: joiners, soft hyphens, marks of direction
_ZERO_WIDTH_SPACE = "\u200b"
# What no cut goes through: a letter with its marks, in Thai and Lao with the vowel written before.
GRAPHEME = Pattern(r"[\u0e40-\u0e44\u0ec0-\u0ec4]*\X")
_INITIAL = Pattern(r"(?<![\p{L}\p{N}.])\p{Lu}\.\s*$")
_TITLE = Pattern(r"(?<!\p{L})(?:Dhr|Dott|Dra?|Hr|Mgr|Mlle|Mme|Mrs?|Ms|Prof|Rev|[Ss]ig|Sra?)\.\s*$")
_SMALL = Pattern(r"^[\p{Ps}\p{Pi}\"']*\p{Ll}")
_END = Pattern(r"[.!?…؟][\p{Pe}\p{Pf}\"']*\s*$")
_CLOSE_STOP = Pattern(r"[。！？।۔။។៕๛][\p{Pe}\p{Pf}\"']*\s*$")  # that no space needs to follow
LINE_ENDS = r"\n\v\f\r\x1c-\x1e\x85\u2028\u2029"  # what str.splitlines knows
LINE_END = Pattern(f"\r\n|[{LINE_ENDS}]", "re")


def is_spaceless(letter: str) -> bool:
    """Whether the letter's script writes words without spaces between them."""
    return _LETTER.match(letter) is not None


def stands_close(left: str, right: str) -> bool:
    """Whether one text follows another without a space, as in Chinese and Japanese."""
    return _CLOSE_END.search(left) is not None and _CLOSE_START.match(right) is not None


def is_border(before: str, after: str) -> bool:
    """Whether a word may end between two letters: at a space, or where a script writes none."""
    return any(letter.isspace() or is_spaceless(letter) for letter in (before, after))


def is_mark(text: str) -> bool:
    """Whether a text is punctuation alone."""
    return text != "" and all(unicodedata.category(one).startswith("P") for one in text)


def ends_sentence(before: str, after: str) -> bool:
    """Whether a sentence ends between two words, of which `after` has the space before it."""
    if _CLOSE_STOP.search(before):
        return True
    if not after[:1].isspace() or _END.search(before) is None:
        return False
    return not runs_on(before, after.lstrip())


def runs_on(before: str, after: str) -> bool:
    """Whether a mark behind `before` ends no sentence: an initial's, a title's, or it goes on."""
    return bool(_SMALL.match(after) or _INITIAL.search(before) or _TITLE.search(before))


def words(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the words of a text, in order; every character but spaces is in one.

    Letters and digits with the accents on them make a word; any other character is one by itself,
    and so is a letter of a script without spaces.
    """
    start, before = 0, "space"
    for place, letter in enumerate(text):
        kind = _kind(letter)
        if kind == "inside":
            if before != "space":
                continue
            kind = "word"
        if not kind == before == "word":
            if before != "space":
                yield start, place
            start = place
        before = kind
    if before != "space":
        yield start, len(text)


def _kind(letter: str) -> Literal["space", "inside", "word", "own"]:
    if letter.isspace() or letter == _ZERO_WIDTH_SPACE:
        return "space"
    if unicodedata.category(letter).startswith(_INSIDE):
        return "inside"
    is_word = letter.isalnum() or letter == "_"
    return "word" if is_word and not is_spaceless(letter) else "own"
