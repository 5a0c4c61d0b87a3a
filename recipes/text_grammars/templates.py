"""Filling templates such as "{per} went to {loc}." while keeping track of where each slot went."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"(^|\s)[Aa] $")


@dataclass(frozen=True)
class Span:
    """What stands at characters start..end of a text."""

    slot: str
    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def moved(self, by: int) -> Span:
        return Span(self.slot, self.start + by, self.end + by)


@dataclass(frozen=True)
class Filled:
    text: str
    spans: tuple[Span, ...] = ()


def stream(*parts: object) -> random.Random:
    """A stream of chance of its own for each seed, split and number."""
    return random.Random("/".join(map(str, parts)))


def fill(template: str, value: Callable[[str], str]) -> Filled:
    """Put `value(slot)` for each {slot}; begin with a capital, and write "an" before vowels."""
    text, spans, last = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[last : slot.start()]
        word = value(slot[1])
        if _ARTICLE.search(text) and takes_an(word):
            text = text[:-1] + "n "
        spans.append(Span(slot[1], len(text), len(text) + len(word)))
        text += word
        last = slot.end()
    text += template[last:]
    return Filled(text[:1].upper() + text[1:], tuple(spans))


def takes_an(word: str) -> bool:
    return word[0] in "aeiouAEIOU" and not word.startswith(("use", "uni", "eu", "one"))


def join(parts: Iterable[Filled], separator: str = " ") -> Filled:
    """Texts one after the other."""
    text, spans = "", list[Span]()
    for part in parts:
        text += separator if text else ""
        spans += [span.moved(len(text)) for span in part.spans]
        text += part.text
    return Filled(text, tuple(spans))


def separator(rng: random.Random) -> str:
    """Between sentences: mostly a space, now and then a line break."""
    return rng.choice((" ",) * 12 + ("\n", "\n\n", "  "))


def as_typed(filled: Filled, rng: random.Random) -> Filled:
    """As people type: now and then no capital, no final mark, a line break at the end.

    A name at the beginning keeps its capital; no character moves.
    """
    text = filled.text
    begins_with_name = any(span.start == 0 for span in filled.spans)
    if rng.random() < 0.1 and not begins_with_name and not text.startswith("I "):
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.12 and text.endswith((".", "!")):
        text = text[:-1]
    if rng.random() < 0.15:
        text += "\n"
    return Filled(text, filled.spans)
