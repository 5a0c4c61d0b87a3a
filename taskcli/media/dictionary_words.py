"""Words of scripts that put no spaces between them, by the dictionaries of ICU.

An extra brings ICU. Without it such a text has no words but what stands between spaces: in Thai,
Lao, Khmer and Burmese those part phrases.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate, pairwise
from types import ModuleType

from taskcli.media.patterns import Pattern
from taskcli.media.word_boundaries import GRAPHEME, SPACELESS

_SPACELESS = Pattern(f"[{SPACELESS}]", "re")


def dictionary_words(text: str) -> list[str]:
    """A text in its words, each with the marks and spaces that no line begins with.

    Joined they are the text. One piece where no dictionary is needed, or none is there.
    """
    icu = _icu() if _SPACELESS.search(text) else None
    if icu is None:
        return [text] if text else []
    # A line of Chinese may end within a word, and a word before a mark: neither is a cut.
    words, lines = (
        set(accumulate(map(len, breaker(text, ""))))
        for breaker in (icu.WordBreaker, icu.LineBreaker)
    )
    return [text[a:b] for a, b in pairwise([0, *sorted(words & lines)])]


def uncut(text: str) -> list[str]:
    """What no cut goes through: words where a dictionary is there, else letters with marks."""
    return dictionary_words(text) if _icu() else GRAPHEME.findall(text)


@cache
def _icu() -> ModuleType | None:
    return import_module("icu4py.breakers") if find_spec("icu4py") else None
