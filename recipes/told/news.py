"""Small news and letters in which persons, places and organisations are marked."""

from __future__ import annotations

import random

from recipes.told import lexicon
from recipes.told.lexicon import Names
from recipes.told.templates import Filled, Span, as_typed, fill, join, separator

KINDS = {"per": "PER", "family": "PER", "loc": "LOC", "town": "LOC", "org": "ORG"}
TRAINED = (
    "{per} met {per} in {loc}.",
    "{per} met {per} at {org} on {day}.",
    "{per}, who works for {org}, lives in {loc}.",
    "{per} of {org} flew from {loc} to {loc} last {day}.",
    "{org} opened an office in {loc}.",
    "{org} has bought {org} for {number} million euros.",
    "The head of {org} is {per}.",
    "{title} {per} spoke in {loc} on {day}.",
    "On {day}, {per} left {loc} for {loc}.",
    "In {month}, {org} will move to {loc}.",
    "In {loc}, {per} and {per} saw a {colour} {shape}.",
    "{per} was born in {loc} in {year}.",
    "{per} put the {colour} {shape} on the table.",
    "The {colour} {shape} belongs to {per}.",
    "The {colour} {shape} from {loc} was sold to {org}.",
    "A spokesman for {org} said that {per} was in {loc}.",
    "Workers at {org} in {loc} went on strike on {day}.",
    "The mayor of {loc}, {per}, thanked {org}.",
    '{per} said: "{loc} is my home."',
    '"We are proud," said {per} of {org}.',
    "{per} ({loc}) won the race before {per} ({loc}).",
    "{per} has joined {org} as a {job}.",
    "Our {job}, {per}, comes from {loc}.",
    "The {job} {per} was seen near {loc}.",
    "{org} and {org} signed a contract in {loc}.",
    "{loc} is {number} miles from {loc}.",
    "It rained in {loc}, {loc} and {loc} all {day}.",
    "Shares of {org} fell after {per} left.",
    "Students from {loc} visited {org} with {per}.",
    "{org} asked {per} to stay until {month}.",
    "Dear {per}, thank you for your letter from {loc}.",
    "Dear {per},",
    "Yours, {per}",
    "Best wishes from {loc}, {per}",
    "Yesterday we went to {loc} with {per}.",
    "My friend {per} is a {job} in {loc}.",
    "Please write to {per} at {org}.",
    "I work for {org} now.",
    "We took the train to {loc} and met {per} there.",
    "{per}'s house in {loc} is old.",
    "{org}'s office is in {loc}.",
    "{loc}'s streets were empty on {day}.",
    "{per} called {per} and {per}.",
    "{per} and {per} live in {loc}.",
    "{per} studied at {org} before she moved to {loc}.",
    "The police in {loc} are looking for {per}.",
    "A report by {org} says that prices in {loc} rose by {number} percent.",
    "After the match in {loc}, {per} was tired.",
    "When {per} arrived in {loc}, nobody from {org} was there.",
    "President {per} will visit {loc} in {month}.",
    "The trip to {loc} was paid by {org}.",
    "According to {org}, {number} people live in {loc}.",
    "Mr {family} and Mrs {family} own {org}.",
    '{per}: "I never worked for {org}."',
    "{org} won the match against {org}.",
    "The book by {per} is sold in {loc}.",
    "{per} gave {per} a {colour} {shape}.",
    "Is {per} still in {loc}?",
    "Where does {per} live?",
    "{town}, {day}: {org} has closed its office in {loc}.",
    "{loc} - {per} of {org} is {number} years old today.",
    "The {shape} was {colour}.",
    "There were {number} people, and nobody spoke.",
    "It was a cold {day} in {month}.",
    "The weather was good all day.",
    "Nothing else is known.",
    "The old bridge over the river was closed in {year}.",
    "He said that the work would begin in {month}.",
    "She has two sons and lives by the sea.",
    "They want to build a new school.",
)
UNSEEN = (
    "{per} has been a {job} at {org} since {year}.",
    "The two friends, {per} and {per}, grew up in {loc}.",
    "{org} will build a factory near {loc} in {month}.",
    "On {day} the council of {loc} heard {per}.",
    "The {job} from {loc} sold a {colour} {shape} to {per}.",
    "A letter from {per} reached {org} on {day}.",
    "{per} travelled through {loc} and {loc} by train.",
    "In {year} {org} was led by {per}.",
    "Nobody at {org} knows {per}.",
    "The people of {loc} like {per}.",
    "He met {per} in {month}.",
    "It was late, and the {shape} was gone.",
)


class Writer:
    """Puts words into the slots of one text."""

    def __init__(self, rng: random.Random, unseen: bool) -> None:
        self.rng, self.names = rng, Names(rng, unseen)

    def value(self, slot: str) -> str:
        choice, randint = self.rng.choice, self.rng.randint
        makers = {
            "per": self.names.person,
            "family": self.names.family,
            "loc": self.names.place,
            "town": self.names.town,
            "org": self.names.organisation,
            "day": lambda: choice(lexicon.DAYS),
            "month": lambda: choice(lexicon.MONTHS),
            "year": lambda: str(randint(1800, 2030)),
            "number": lambda: str(randint(2, 900)),
            "job": lambda: choice(lexicon.JOBS),
            "colour": lambda: choice(lexicon.COLOURS),
            "shape": lambda: choice(lexicon.SHAPES),
            "title": lambda: choice(("Dr", "Dr.", "Mr", "Mr.", "Mrs", "Mrs.", "Ms.", "Professor")),
        }
        return makers[slot]()


def article(
    rng: random.Random,
    unseen_names: bool = False,
    templates: tuple[str, ...] = TRAINED,
    sentences: int | None = None,
) -> Filled:
    """Some sentences, by default one to eight; its spans are the names, each with its kind."""
    writer = Writer(rng, unseen_names)
    count = sentences or rng.choice((1, 1, 1, 2, 2, 3, 4, 8))
    filled = [fill(template, writer.value) for template in rng.sample(templates, count)]
    text = as_typed(join(filled, separator(rng)), rng)
    return Filled(text.text, tuple(marked(text.spans)))


def marked(spans: tuple[Span, ...]) -> list[Span]:
    return [Span(KINDS[s.slot], s.start, s.end) for s in spans if s.slot in KINDS]
