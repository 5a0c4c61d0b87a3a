"""Short stories under a grammar: `tell` makes one, and `parses` says whether a text is one.

A story is an opening, the scenes of one plot and an ending. Its slots keep their values from
beginning to end: a hero keeps name and pronoun, a lost red ball is not found as a blue cube.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache

from recipes.text_grammars import lexicon
from recipes.text_grammars.lexicon import Names
from recipes.text_grammars.templates import fill, separator

Scene = tuple[str, ...]  # ways to tell it

_PRONOUNS = {
    "girl": ("she", "her"),
    "boy": ("he", "his"),
    "queen": ("she", "her"),
    "king": ("he", "his"),
    "fox": ("it", "its"),
    "bear": ("it", "its"),
    "robot": ("it", "its"),
}
_LANDS = ("sea", "forest", "river", "hill", "lake")
_WORDS = {
    "kind": tuple(_PRONOUNS),
    "thing": tuple(f"{colour} {shape}" for colour in lexicon.COLOURS for shape in lexicon.SHAPES),
    "second": (
        "wooden box",
        "flat stone",
        "thick book",
        "tin can",
        "clay brick",
        "straw basket",
        "glass jar",
        "paper bag",
    ),
    "home": ("house", "hut", "cottage", "castle", "cave"),
    "land": _LANDS,
    "elsewhere": _LANDS,
    "size": ("small", "big", "little", "old"),
    "mood": ("sad", "worried", "tired", "unhappy"),
    "joy": ("happy", "glad", "proud"),
    "day": tuple(lexicon.DAYS),
    "place": tuple(
        f"{where} the {what}"
        for where in ("behind", "under", "near", "next to")
        for what in ("table", "tree", "door", "bridge", "bed")
    ),
    "guest": ("bird", "cat", "dog", "mouse", "duck", "owl"),
}
_NAME = r"[A-Z][^\W\d_]+(?:['-][^\W\d_]+)*"

_OPENING: Scene = (
    "once upon a time there was a {kind} named {hero}.",
    "once upon a time, a {kind} named {hero} lived near the {land}.",
    "long ago there was a {size} {kind} called {hero}.",
    "there once was a {kind} whose name was {hero}.",
    "in a {size} {home} by the {land} lived a {kind} named {hero}.",
    "{hero} was a {size} {kind}.",
)
_LOST: tuple[Scene, ...] = (
    (
        "{hero} had a {thing}.",
        "{she} loved {her} {thing} more than anything.",
        "every day {hero} played with a {thing}.",
    ),
    (
        "one day the {thing} was gone.",
        "on {day} {she} lost the {thing}.",
        "but one morning {hero} could not find the {thing}.",
    ),
    (
        "{hero} was very {mood}.",
        "{she} looked everywhere and was {mood}.",
        "{she} asked everyone, but nobody had seen it.",
    ),
    (
        "then a {guest} named {friend} came to help.",
        "then {she} met a {guest} called {friend}.",
        "a {guest} named {friend} heard of it.",
    ),
    (
        "{friend} found the {thing} {place}.",
        "together {hero} and {friend} found the {thing} {place}.",
        '"Look {place}!" said {friend}, and there was the {thing}.',
    ),
    (
        "{hero} was {joy} again.",
        '"Thank you, {friend}!" said {hero}.',
        "{hero} gave {friend} a {second}.",
    ),
)
_TOWER: tuple[Scene, ...] = (
    (
        "{hero} wanted to build a tower.",
        "one day {hero} began to build a tower.",
        "on {day} {she} wanted to build a high tower.",
    ),
    (
        "{she} put a {thing} on a {second}.",
        "{hero} took a {thing} and a {second}.",
        "first {she} needed a {second} and a {thing}.",
    ),
    (
        "but the {thing} fell down.",
        "but the {thing} would not stay on the {second}.",
        "then the wind came, and the {thing} rolled away.",
    ),
    (
        'a {guest} named {friend} asked: "Why are you so {mood}?"',
        "{hero} was {mood}, until a {guest} named {friend} came by.",
        "then came {friend}, a {guest} from the {elsewhere}.",
    ),
    (
        '"Put the {second} on the {thing}," said {friend}.',
        "{friend} held the {second} and {hero} held the {thing}.",
        "{friend} told {hero} to use the {second} first.",
    ),
    (
        "now the tower was high, and {hero} was {joy}.",
        "the tower stood, and {hero} and {friend} were {joy}.",
        "soon the tower was higher than the {home}.",
    ),
)
_GIFT: tuple[Scene, ...] = (
    (
        "{hero} had a friend, a {guest} named {friend}.",
        "the best friend of {hero} was {friend}, a {guest}.",
    ),
    (
        "{friend} wished for a {thing}.",
        "on {day} it was the birthday of {friend}.",
        "{friend} was {mood}, for {friend} had no {thing}.",
    ),
    (
        "so {hero} went to the {elsewhere} to find a {thing}.",
        "{hero} looked for a {thing} and found one {place}.",
        "so {she} bought a {thing}.",
    ),
    (
        "{she} put the {thing} {place}.",
        "{she} carried the {thing} home.",
        "{hero} hid the {thing} in the {home}.",
    ),
    (
        '"This {thing} is for you," said {hero} to {friend}.',
        "when {friend} saw the {thing}, {friend} was {joy}.",
        "{friend} was {joy} and gave {hero} a {second}.",
    ),
)
PLOTS = (_LOST, _TOWER, _GIFT)
_ENDING: Scene = (
    "and they lived happily ever after.",
    "from that day on, {hero} and {friend} were friends.",
    "that night {hero} slept well.",
    "and {hero} never forgot {friend}.",
    "the end.",
)


def tell(rng: random.Random, unseen: bool = False) -> str:
    """A story; now and then with no capital at its beginning or lines instead of spaces."""
    names = Names(rng, unseen)
    words = {slot: rng.choice(options) for slot, options in _WORDS.items()}
    she, her = _PRONOUNS[words["kind"]]
    words |= {"hero": names.given(), "friend": names.given(), "she": she, "her": her}
    scenes = (_OPENING, *rng.choice(PLOTS), _ENDING)
    sentences = [fill(rng.choice(scene), words.__getitem__).text for scene in scenes]
    text = separator(rng).join(sentences)
    small = rng.random() < 0.08 and not text.startswith(words["hero"])
    return text[:1].lower() + text[1:] if small else text


def parses(text: str) -> bool:
    """Whether a text is one whole story under the grammar, its slots consistent."""
    return any(_continues(text.strip(), (_OPENING, *plot, _ENDING), {}) for plot in PLOTS)


def _continues(text: str, scenes: Sequence[Scene], known: Mapping[str, str]) -> bool:
    if not scenes:
        return not text
    for template in scenes[0]:
        match = _pattern(template).match(text)
        values = match and _consistent(match.groupdict(), known)
        if match and values and _continues(text[match.end() :].lstrip(), scenes[1:], values):
            return True
    return False


def _consistent(found: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str] | None:
    """All values together, or None where two of them disagree."""
    values = dict(known)
    for group, value in found.items():
        slot = group.split("__")[0]
        value = value.lower() if slot in ("she", "her") else value
        if values.setdefault(slot, value) != value:
            return None
    pronouns = _PRONOUNS.get(values.get("kind", ""), ("", ""))
    fits = [
        values.get(slot, own) == own for slot, own in zip(("she", "her"), pronouns, strict=True)
    ]
    return values if all(fits) else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A template as an expression; a slot that comes twice has two groups."""
    parts: list[str] = []
    for number, piece in enumerate(re.split(r"{(\w+)}", template)):
        if number % 2 == 0:
            parts.append(re.sub(r"(^|\\ )a\\ $", r"\1an?\\ ", re.escape(piece)))
        else:
            parts.append(f"(?P<{piece}__{number}>{_options(piece)})")
    whole = "".join(parts)
    if whole[:1].isalpha():
        whole = f"[{whole[0]}{whole[0].upper()}]{whole[1:]}"
    return re.compile(whole + r"(?=\s|$)")


def _options(slot: str) -> str:
    if slot in ("hero", "friend"):
        return _NAME
    if slot in ("she", "her"):
        words = {pair[slot == "her"] for pair in _PRONOUNS.values()}
        return "|".join(sorted({*words, *(word.capitalize() for word in words)}))
    return "|".join(sorted(_WORDS[slot], key=len, reverse=True))
