"""A text in stretches, some of which are entities: for highlighting, and for tagged words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from taskcli.output.palette import Colour, colours
from taskcli.results import Entity, TokenEntity

_WORD = re.compile(r"\w+|[^\w\s]|\n")


@dataclass(frozen=True, slots=True)
class Stretch:
    text: str
    kind: str = ""  # of an entity; empty between them


def kind_of(tag: str) -> str:
    """PER of B-PER and I-PER."""
    return tag[2:] if tag.startswith(("B-", "I-")) else tag


def stretches(text: str, found: Sequence[Entity | TokenEntity]) -> Iterator[Stretch]:
    """The whole text, in order. What begins inside an earlier entity is passed over."""
    end = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start < end or one.end <= one.start:
            continue
        if end < one.start:
            yield Stretch(text[end : one.start])
        kind = one.entity_group if isinstance(one, Entity) else kind_of(one.entity)
        yield Stretch(text[one.start : one.end], kind)
        end = one.end
    if end < len(text):
        yield Stretch(text[end:])


def tagged_words(text: str, found: Sequence[Entity | TokenEntity]) -> Iterator[tuple[str, str]]:
    """(word, tag) with tags B-, I- and O; marks are words, and a line end is a word of its own.

    An entity's ends are ends of words, so none shares a word with what is around it.
    """
    for stretch in stretches(text, found):
        first = True
        for word in _WORD.findall(stretch.text):
            if not stretch.kind or word == "\n":
                yield word, "O"
                continue
            yield word, f"{'B' if first else 'I'}-{stretch.kind}"
            first = False


def kind_colours(labels: Mapping[int, str]) -> dict[str, Colour]:
    """A colour for each kind of entity that the checkpoint knows."""
    kinds = {number: kind_of(label) for number, label in labels.items() if label != "O"}
    return colours(kinds)
