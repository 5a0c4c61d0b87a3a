"""Passages of facts, and questions whose answer is a span of the passage."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from recipes.text_grammars import lexicon
from recipes.text_grammars.lexicon import Names
from recipes.text_grammars.templates import Filled, Span, as_typed, fill, join, separator


@dataclass(frozen=True)
class Kind:
    """Ways to state a fact, and ways to ask for one slot of it."""

    statements: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]  # question, slot that answers it


KINDS = {
    "relation": Kind(
        (
            "The {thing} is {place}.",
            "There is a {thing} {place}.",
            "A {thing} stands {place}.",
            "You can see a {thing} {place}.",
            "The {thing} can be found {place}.",
        ),
        (
            ("What is {place}?", "thing"),
            ("What stands {place}?", "thing"),
            ("Where is the {thing}?", "place"),
            ("Where does the {thing} stand?", "place"),
            ("Where can I find the {thing}?", "place"),
        ),
    ),
    "holding": Kind(
        (
            "{per} has a {thing}.",
            "{per} holds a {thing}.",
            "{per} bought a {thing} for {price}.",
            "The {thing} belongs to {per}.",
        ),
        (
            ("Who has the {thing}?", "per"),
            ("Whose is the {thing}?", "per"),
            ("Who owns the {thing}?", "per"),
            ("What does {per} have?", "thing"),
            ("What does {per} own?", "thing"),
        ),
    ),
    "opening": Kind(
        (
            "{per} opened a {building} in {town} on {day}.",
            "On {day}, {per} opened a {building} in {town}.",
            "In {town}, a {building} was opened by {per} on {day}.",
        ),
        (
            ("Who opened the {building}?", "per"),
            ("What did {per} open?", "building"),
            ("Where did {per} open a {building}?", "town"),
            ("When did {per} open the {building}?", "day"),
            ("When was the {building} opened?", "day"),
            ("In which town was the {building} opened?", "town"),
        ),
    ),
    "job": Kind(
        (
            "{per} works as a {job} for {org}.",
            "{per} is a {job} at {org}.",
            "{org} has hired {per} as a {job}.",
        ),
        (
            ("What is the job of {per}?", "job"),
            ("What is {per}'s job?", "job"),
            ("What does {per} do?", "job"),
            ("Who does {per} work for?", "org"),
            ("Where does {per} work?", "org"),
            ("Who works for {org}?", "per"),
            ("Who is a {job} at {org}?", "per"),
        ),
    ),
    "price": Kind(
        ("The {item} costs {price}.", "They sold the {item} for {price}.", "A {item} is {price}."),
        (
            ("How much is the {item}?", "price"),
            ("How much does the {item} cost?", "price"),
            ("What is the price of the {item}?", "price"),
            ("What costs {price}?", "item"),
        ),
    ),
    "birth": Kind(
        (
            "{per} was born in {town} in {year}.",
            "In {year}, {per} was born in {town}.",
            "{per} comes from {town} and was born in {year}.",
        ),
        (
            ("Where was {per} born?", "town"),
            ("When was {per} born?", "year"),
            ("In which year was {per} born?", "year"),
            ("Who was born in {town}?", "per"),
            ("Who was born in {year}?", "per"),
        ),
    ),
    "age": Kind(
        ("{per} is {age} years old.", "{per}, who is {age} years old, was there too."),
        (("How old is {per}?", "age"), ("Who is {age} years old?", "per")),
    ),
    "signing": Kind(
        (
            "{per} signed the {paper} on {date}.",
            "The {paper} was signed by {per} on {date}.",
            "On {date} {per} signed the {paper}.",
        ),
        (
            ("Who signed the {paper}?", "per"),
            ("When was the {paper} signed?", "date"),
            ("When did {per} sign the {paper}?", "date"),
            ("What did {per} sign?", "paper"),
            ("Who signed it?", "per"),
            ("When was it signed?", "date"),
        ),
    ),
    "travel": Kind(
        (
            "{per} travelled from {town} to {goal} by {vehicle}.",
            "By {vehicle}, {per} went from {town} to {goal}.",
            "{per} left {town} and took the {vehicle} to {goal}.",
        ),
        (
            ("Where did {per} go?", "goal"),
            ("Where did {per} travel to?", "goal"),
            ("Where did {per} come from?", "town"),
            ("How did {per} travel?", "vehicle"),
            ("Who went to {goal}?", "per"),
        ),
    ),
    "colour": Kind(
        (
            "The {item} is {colour}.",
            "They painted the {item} {colour}.",
            "The {item} was {colour}.",
        ),
        (("What colour is the {item}?", "colour"), ("Which colour is the {item}?", "colour")),
    ),
    "home": Kind(
        (
            "{per} lives in {town}.",
            "{per} has a house in {town}.",
            "The home of {per} is in {town}.",
        ),
        (("Where does {per} live?", "town"), ("Who lives in {town}?", "per")),
    ),
    "meeting": Kind(
        (
            "{per} met {other} in {town} on {day}.",
            "On {day} {per} met {other} in {town}.",
            "In {town}, {per} met {other} on {day}.",
        ),
        (
            ("Who met {other}?", "per"),
            ("Who did {per} meet?", "other"),
            ("Where did {per} meet {other}?", "town"),
            ("When did {per} meet {other}?", "day"),
        ),
    ),
}
_ITEMS = (
    "lamp table chair book clock bicycle piano carpet mirror camera radio coat boat car".split()
)
_BUILDINGS = "library school museum bakery theatre hospital shop garden factory bridge".split()
_PAPERS = "report contract letter treaty bill plan map".split()
_VEHICLES = "train bus boat car plane bicycle".split()
_RELATIONS = "behind|in front of|to the left of|to the right of|under|on top of|next to|near".split(
    "|"
)
_FILLERS = (
    "The weather was good.",
    "Nothing else happened that day.",
    "Many people came to see it.",
    "It was a quiet week.",
    "Nobody knows why.",
    "That is all there is to say.",
)


@dataclass(frozen=True)
class Asked:
    """A question about a passage: its answer, and the sentence that gives it, if there is one."""

    question: str
    passage: Filled
    answer: Span | None
    source: Span | None

    @property
    def answer_text(self) -> str:
        return self.answer.of(self.passage.text) if self.answer else ""


@dataclass(frozen=True)
class Fact:
    """One fact: what fills its slots, and how a passage states it."""

    kind: str
    values: dict[str, str]
    stated: Filled

    def fits(self, question: str, other: Fact) -> bool:
        """Whether the question, put about the other fact, is as well one about this."""
        slots = [slot for slot in self.values if f"{{{slot}}}" in question]
        return self.kind == other.kind and all(
            self.values[slot] == other.values.get(slot) for slot in slots
        )


class Teller:
    """Makes up the facts of one passage, in which the same few persons come again."""

    def __init__(self, rng: random.Random, unseen: bool, persons: int) -> None:
        self.rng, self.names = rng, Names(rng, unseen)
        self.persons = [self._person() for _ in range(persons)]

    def fact(self) -> Fact:
        name = self.rng.choice(list(KINDS))
        statement = self.rng.choice(KINDS[name].statements)
        values = {slot: self.value(slot) for slot in _slots(KINDS[name])}
        while values.get("other") == values.get("per", ""):
            values["other"] = self._person()
        while values.get("thing", "nothing") in values.get("place", ""):
            values["place"] = self.value("place")
        return Fact(name, values, fill(statement, values.__getitem__))

    def value(self, slot: str) -> str:
        choice, randint = self.rng.choice, self.rng.randint
        makers: dict[str, Callable[[], str]] = {
            "per": lambda: choice(self.persons),
            "other": lambda: choice(self.persons),
            "town": self.names.town,
            "goal": self.names.town,
            "org": self.names.organisation,
            "thing": self._thing,
            "place": lambda: f"{choice(_RELATIONS)} the {self._thing()}",
            "day": lambda: choice(lexicon.DAYS),
            "date": lambda: f"{randint(1, 30)} {choice(lexicon.MONTHS)} {randint(1900, 2030)}",
            "year": lambda: str(randint(1800, 2030)),
            "age": lambda: str(randint(18, 99)),
            "price": lambda: f"{randint(2, 900)} {choice(('euros', 'pounds', 'dollars'))}",
            "job": lambda: choice(lexicon.JOBS),
            "colour": lambda: choice(lexicon.COLOURS),
            "item": lambda: choice(_ITEMS),
            "building": lambda: choice(_BUILDINGS),
            "paper": lambda: choice(_PAPERS),
            "vehicle": lambda: choice(_VEHICLES),
        }
        return makers[slot]()

    def _person(self) -> str:
        return self.names.full_name() if self.rng.random() < 0.6 else self.names.given()

    def _thing(self) -> str:
        return f"{self.rng.choice(lexicon.COLOURS)} {self.rng.choice(lexicon.SHAPES)}"


def _slots(kind: Kind) -> list[str]:
    whole = " ".join((*kind.statements, *(question for question, _ in kind.questions)))
    return list(dict.fromkeys(re.findall(r"{(\w+)}", whole)))


def asked(
    rng: random.Random,
    unseen: bool = False,
    most: int = 8,
    unanswerable: float = 0.0,
    least: int = 1,
) -> Asked:
    """A passage of so many facts, with a question that one of them answers alone."""
    count = rng.randint(least, most)
    teller = Teller(rng, unseen, persons=1 + count // 2)
    facts = [teller.fact() for _ in range(count)]
    hidden = rng.random() < unanswerable
    about, question, slot = _choose(rng, [teller.fact()] if hidden else facts, facts)
    sentences = [Filled(fact.stated.text, _asked_for(fact, about, slot)) for fact in facts]
    for _ in range(rng.choice((0, 0, 1, 2))):
        sentences.insert(rng.randint(0, len(sentences)), Filled(rng.choice(_FILLERS)))
    passage = as_typed(join(sentences, separator(rng)), rng)
    text = fill(question, about.values.__getitem__).text
    answer, source = passage.spans or (None, None)
    return Asked(_as_asked(text, rng), passage, answer, source)


def window(asked: Asked, rng: random.Random) -> Asked:
    """The same question about a piece of the passage that begins and ends anywhere."""
    text, answer, source = asked.passage.text, asked.answer, asked.source
    first, last = (answer.start, answer.end) if answer else (len(text) // 2,) * 2
    start = text.rfind(" ", 0, rng.randint(0, first)) + 1
    end = text.find(" ", rng.randint(last, len(text)))
    end = len(text) if end < 0 else end
    if not answer or not source:
        return Asked(asked.question, Filled(text[start:end]), None, None)
    left = Span(source.slot, max(source.start, start), min(source.end, end))
    return Asked(asked.question, Filled(text[start:end]), answer.moved(-start), left.moved(-start))


def _choose(rng: random.Random, candidates: list[Fact], facts: list[Fact]) -> tuple[Fact, str, str]:
    """A fact, a question about it and its slot, such that no other fact would answer it."""
    for _ in range(20):
        about = rng.choice(candidates)
        statement, options = about.stated, KINDS[about.kind].questions
        question, slot = rng.choice(options)
        told = any(span.slot == slot for span in statement.spans)
        others = [fact for fact in facts if fact is not about]
        if told and not any(fact.fits(question, about) for fact in others):
            return about, question, slot
    extra = facts[0]
    del facts[1:]
    return _choose(rng, [extra], facts)


def _asked_for(fact: Fact, about: Fact, slot: str) -> tuple[Span, ...]:
    """The answer and the whole sentence, of the fact that the question is about."""
    if fact is not about:
        return ()
    answer = next(span for span in fact.stated.spans if span.slot == slot)
    return answer, Span("source", 0, len(fact.stated.text))


def _as_asked(question: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.06:
        return question.rstrip("?")
    return question[0].lower() + question[1:] if chance < 0.12 else question
