"""Reports of a few sentences, each with the one line that says what matters in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from recipes.text_grammars import lexicon
from recipes.text_grammars.lexicon import Names
from recipes.text_grammars.templates import Filled, as_typed, fill, separator


@dataclass(frozen=True)
class Subject:
    """What a report tells, part by part, each in several ways; and its summary."""

    parts: tuple[tuple[str, ...], ...]
    summary: str


SUBJECTS = (
    Subject(
        (
            (
                "The council of {town} met on {day}.",
                "On {day} the council of {town} came together in the old hall.",
                "There was a meeting in {town} on {day}.",
            ),
            (
                "{count} people came.",
                "The talk went on for {few} hours.",
                "{per} opened the meeting.",
            ),
            (
                "In the end they decided to {work} the {building}.",
                "It was decided to {work} the {building}.",
                "All agreed to {work} the {building}.",
            ),
            (
                "The work will begin in {month} and cost {price}.",
                "It will cost {price} and begin in {month}.",
                "From {month} on {price} will be spent on it.",
            ),
        ),
        "{town} will {work} the {building} in {month} for {price}.",
    ),
    Subject(
        (
            (
                "On {day} {town} played against {goal}.",
                "The match between {town} and {goal} was played on {day}.",
                "{town} met {goal} on {day}.",
            ),
            (
                "{count} people watched the game.",
                "It rained during the whole game.",
                "{per} was the best player.",
            ),
            (
                "After a slow start {town} won by {score}.",
                "{town} won {score}.",
                "The winner was {town}, and the score was {score}.",
            ),
        ),
        "{town} beat {goal} {score} on {day}.",
    ),
    Subject(
        (
            (
                "On {day} {per} looked at the {room}.",
                "{per} checked the {room} on {day}.",
                "{per} went through the {room} on {day}.",
            ),
            (
                "There were {count} blocks on the floor.",
                "Most of the {count} blocks were {colour}.",
                "{count} things were in their place.",
            ),
            (
                "Only the {thing} was missing.",
                "The {thing} was not there.",
                "Nobody could find the {thing}.",
            ),
            (
                "It was last seen {place}.",
                "It had been {place} the day before.",
                "Somebody had seen it {place}.",
            ),
        ),
        "The {thing} is missing from the {room}; it was last seen {place}.",
    ),
    Subject(
        (
            (
                "{org} will open a new {site} in {town}.",
                "A new {site} in {town} will be opened by {org}.",
                "In {town}, {org} is building a {site}.",
            ),
            (
                "The first stone was laid on {day}.",
                '"We are glad," said {per}.',
                "{org} has been looking for a place since {year}.",
            ),
            (
                "{count} people will work there.",
                "There will be work for {count} people.",
                "It brings {count} jobs.",
            ),
        ),
        "{org} opens a {site} in {town} with {count} jobs.",
    ),
    Subject(
        (
            (
                "On {day} a {vehicle} hit a {obstacle} near {town}.",
                "Near {town}, a {vehicle} ran into a {obstacle} on {day}.",
                "A {vehicle} hit a {obstacle} not far from {town}.",
            ),
            (
                "{per} saw it from the window.",
                "The road was wet.",
                "It was dark, said {per}.",
            ),
            (
                "{count} people were hurt.",
                "There were {count} hurt people.",
                "The doctors helped {count} hurt people.",
            ),
        ),
        "{count} people were hurt when a {vehicle} hit a {obstacle} near {town}.",
    ),
    Subject(
        (
            (
                "{per} is the new head of {org}.",
                "{org} has a new head, {per}.",
                "From {day} on {per} will lead {org}.",
            ),
            (
                "The office is in {town}.",
                "{count} people work there.",
                "There was a small feast in {town}.",
            ),
            (
                "{other} left in {month} after {years} years.",
                "After {years} years, {other} went in {month}.",
                "In {month} {other}, who had led it for {years} years, stopped.",
            ),
        ),
        "{per} follows {other} as head of {org}.",
    ),
    Subject(
        (
            (
                "In {town} it has been {weather} for {count} days.",
                "For {count} days it has been {weather} in {town}.",
                "The people of {town} are tired: it has been {weather} for {count} days.",
            ),
            (
                "{per} has never seen such a {month}.",
                "It is the worst {month} since {year}.",
                "Nobody can say when it will end.",
            ),
            (
                "The {building} had to be closed.",
                "The {building} is closed until {day}.",
                "On {day} the {building} was closed.",
            ),
        ),
        "The {building} in {town} is closed after {count} days of {weather}.",
    ),
    Subject(
        (
            (
                "The picture shows a {thing} and a {second}.",
                "There are two things in this picture, a {thing} and a {second}.",
                "{per} made a picture of a {second} and a {thing}.",
            ),
            (
                "The {thing} is {relation} the {second}.",
                "We see the {thing} {relation} the {second}.",
                "The {thing} stands {relation} the {second}.",
            ),
            (
                "The light comes from the left.",
                "The sky is white.",
                "It was made on {day}.",
            ),
        ),
        "A {thing} is {relation} a {second}.",
    ),
)
_FILLERS = (
    "Many asked for more news.",
    "That was all for today.",
    "The weather was good.",
    "No more is known yet.",
    "We will write again soon.",
    "People in the street were talking about it.",
    "The old men remember other times.",
    "This is what our reporter learnt.",
)
_WORDS = {
    "day": lexicon.DAYS,
    "month": lexicon.MONTHS,
    "colour": lexicon.COLOURS,
    "building": "library school museum bakery theatre hospital bridge tower market".split(),
    "site": "factory shop office school hospital hotel museum".split(),
    "work": "repair paint close sell open clean".split(),
    "room": "kitchen hall garden cellar classroom shed attic".split(),
    "place": [
        f"{where} the {what}"
        for where in ("behind", "under", "near", "on")
        for what in ("table", "chair", "door", "shelf", "box")
    ],
    "relation": "behind,in front of,to the left of,to the right of,next to,under".split(","),
    "vehicle": "bus train car boat bicycle lorry".split(),
    "obstacle": "tree wall house cow gate lamp".split(),
    "weather": "raining snowing storming".split(),
}


@dataclass(frozen=True)
class Report:
    text: str
    summary: str


def report(rng: random.Random, unseen: bool = False) -> Report:
    """A report of three to eight sentences and its summary."""
    subject = rng.choice(SUBJECTS)
    teller = _Teller(rng, unseen)
    sentences = [fill(rng.choice(part), teller.value).text for part in subject.parts]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        sentences.insert(rng.randint(0, len(sentences)), rng.choice(_FILLERS))
    text = as_typed(Filled(separator(rng).join(sentences)), rng)
    return Report(text.text, fill(subject.summary, teller.value).text)


class _Teller:
    """Fills the slots of one report; a slot keeps its value."""

    def __init__(self, rng: random.Random, unseen: bool) -> None:
        self.rng, self.names = rng, Names(rng, unseen)
        self.known: dict[str, str] = {}

    def value(self, slot: str) -> str:
        if slot not in self.known:
            self.known[slot] = self._draw(slot)
        return self.known[slot]

    def _draw(self, slot: str) -> str:
        randint = self.rng.randint
        makers: dict[str, Callable[[], str]] = {
            "per": self.names.full_name,
            "other": self.names.full_name,
            "town": self.names.town,
            "goal": self.names.town,
            "org": self.names.organisation,
            "thing": self._thing,
            "second": self._thing,
            "count": lambda: str(randint(2, 90)),
            "few": lambda: str(randint(2, 9)),
            "years": lambda: str(randint(2, 30)),
            "year": lambda: str(randint(1900, 2025)),
            "price": lambda: f"{randint(2, 990)} {self.rng.choice(('euros', 'pounds', 'dollars'))}",
            "score": lambda: f"{randint(3, 6)} to {randint(0, 2)}",
        }
        return makers[slot]() if slot in makers else self.rng.choice(_WORDS[slot])

    def _thing(self) -> str:
        while (
            thing := f"{self.rng.choice(lexicon.COLOURS)} {self.rng.choice(lexicon.SHAPES)}"
        ) in (self.known.values()):
            pass
        return thing
