"""Small news and letters in which persons, places and organisations are marked.

A sentence is one of `FIXED`, or composed: <P>, <L> and <O> stand for any phrase that names a
person, a place or an organisation, {per}, {loc} and {org} for the bare names. {noun}, {adjective}
and {past} are any of thousands of English words: else every word that is new would seem a name.
"""

from __future__ import annotations

import random
import re

from recipes.text_grammars import lexicon
from recipes.text_grammars.lexicon import Names
from recipes.text_grammars.templates import Filled, Span, as_typed, fill, join, separator
from recipes.words import KNOWN

KINDS = {"per": "PER", "family": "PER", "loc": "LOC", "town": "LOC", "org": "ORG"}
FIXED = (
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


_NAMED = {
    "P": (
        *("{per}",) * 12,
        "{title} {per}",
        "the {job} {per}",
        "our {job} {per}",
        "my {kin} {per}",
        "old {per}",
        "{per} of {org}",
        "{per} from {loc}",
        "{per} ({loc})",
        "{per} ({number})",
        "{per}, a {job} from {loc},",
        "{per}, the head of {org},",
        "{per}, who works for {org},",
        "{per}, {number},",
        "{per} and {per}",
        "{per}, {per} and {per}",
        "President {per}",
        "the mayor of {loc}, {per},",
        "a certain {per}",
        "{per}'s {kin}",
        "the {kin} of {per}",
        *("{who}",) * 5,
        *("the {noun}", "the {adjective} {noun}") * 2,
        "a {noun}",
        "my {noun}",
        "the {noun} and the {noun}",
        "the {noun} of {per}",
        "{per}'s {noun}",
        "the {adjective} {per}",
        "the {noun} {per}",
        "the {adjective} {noun}s {per} and {per}",
    ),
    "L": (
        *("{loc}",) * 12,
        "{loc} and {loc}",
        "{loc}, {loc} and {loc}",
        "{town}, {loc}",
        "the city of {loc}",
        "the town of {loc}",
        "the old town of {loc}",
        "the north of {loc}",
        "the hills above {loc}",
        "beautiful {loc}",
        "a village near {loc}",
        "the streets of {loc}",
        *("the {noun} of {loc}",) * 2,
        "a {adjective} {noun} in {loc}",
        "the {adjective} {noun}",
        "the {noun} near {loc}",
        "{adjective} {loc}",
    ),
    "O": (
        *("{org}",) * 12,
        "{org} and {org}",
        "the company {org}",
        "its rival {org}",
        "{org} of {loc}",
        "{org} in {loc}",
        "{org} ({loc})",
        "{org}, a firm from {loc},",
        "the office of {org}",
        "the workers of {org}",
        "the {job}s of {org}",
        *("the {noun} of {org}",) * 2,
        "the {adjective} {noun} at {org}",
        "{org}'s {noun}",
        "a {noun}",
        "the {noun} maker {org}",
    ),
}
# What the first may do to the second.
_DEEDS = {
    "PP": (
        "met|called|wrote to|saw|thanked|married|invited|followed|asked|answered|helped|praised"
        "|blamed|replaced|beat|works with|spoke with|was seen with|lives with|danced with"
        "|is older than|was a friend of|gave a {colour} {shape} to|bought a {shape} from|never met"
        "|waited for|{past}|{past}|{past}|will {base}|{past} the {noun} of|{past} a {noun} with"
    ),
    "PO": (
        "works for|joined|left|founded|runs|sued|was hired by|wrote to|phoned|resigned from"
        "|studied at|taught at|is a {job} at|is the new head of|was dismissed by|owns a third of"
        "|signed a contract with|bought shares of|spoke for|spent {number} years at|trusts"
        "|{past}|{past} a {noun} for|{past} a {noun} at|will {base} the {noun} of|{past} for"
    ),
    "PL": (
        "lives in|was born in|moved to|flew to|left|visited|went back to|died in|arrived in"
        "|drove to|came home from|loves|fled from|was seen in|walked from {loc} to|works in"
        "|is on the way to"
        "|wrote a book about|has a house near|will stay in|took the train to|was found near"
        "|never saw|studied in|crossed|sailed to|{past} in|{past} near|{past} a {noun} in"
        "|will {base} the {noun} in|{past} towards|{past} the {noun} of|{past} the way to"
    ),
    "OO": (
        "bought|sued|will merge with|signed a contract with|beat|competes with|lent money to"
        "|was sold to|works with|took over|asked|belongs to|is larger than|has left"
        "|{past}|will {base}|{past} the {noun} of|{past} a {noun} for"
    ),
    "OL": (
        "opened an office in|will move to|is based in|has closed its office in|sells cars in"
        "|came to|has {number} workers in|will leave|owns land near|began in|flies to"
        "|holds its meeting in|gave money to|has a school in|{past} in|{past} a {noun} in"
        "|{past} near|will {base} the {noun} in"
    ),
    "OP": (
        "hired|dismissed|thanked|chose|named|paid|was founded by|belongs to|is run by|invited|sued"
        "|has a new head,|wrote to|apologised to|gave a prize to|was sold by"
        "|{past}|will {base}|{past} the {noun} of|was {past} by"
    ),
    "LL": (
        "is near|lies {number} miles from|is larger than|is a town in|lies between {loc} and"
        "|is connected by train with|is colder than|played against|is the capital of"
        "|sends {noun}s to"
    ),
    "LP": "chose|thanked|remembers|was visited by|gave a feast for|was painted by|was {past} by",
}
# What one of them does, or what is so.
_STATES = {
    "P": (
        "was tired|has two sons|is a {job}|is {number} years old|laughed|did not answer"
        "|bought a {colour} {shape}|lost the {shape}|won the race|was not there|came on {day}"
        "|has a {colour} {shape}|wants to become a {job}|will speak in {month}|was ill|is dead"
        "|sings well|painted the {shape} {colour}|has been seen again|said nothing|slept"
        "|{past}|was {adjective}|{past} the {noun}|has a {adjective} {noun}|will {base}|can {base}"
    ),
    "O": (
        "made {number} million euros|has {number} workers|is in trouble|lost the match"
        "|will open in {month}|was founded in {year}|makes {colour} {shape}s|is on strike"
        "|has a new office|won {number} to {number}|did not pay|closed on {day}|is looking for"
        " {job}s|{past} the {noun}|sells {noun}s|is {adjective}|will {base} a {noun}"
    ),
    "L": (
        "was flooded|has {number} schools|is an old town|has a new bridge|was quiet on {day}"
        "|is known for its {shape}s|lies by the sea|was hit by a storm|has no airport|is far away"
        "|was built in {year}|is beautiful in {month}|has changed|was {adjective}|has a {noun}"
        "|is proud of its {noun}s|was {past}"
    ),
    "": (
        "the {shape} was {colour}|it rained|the meeting was long|prices rose by {number} percent"
        "|the train was late|nobody answered|he sold the {colour} {shape}|she wrote a long letter"
        "|they stayed for {number} days|I am well|we are tired|the work began|there was a fire"
        "|the {job} was late|a {job} found the {shape}|the door was open|many came"
        "|the {noun} {past} the {adjective} {noun}|nobody {past} the {noun}|{who} {past} a {noun}"
        "|the {noun} was {adjective}|{who} {past}|there is a {noun} in the {noun}"
        "|{noun}s are {adjective}"
    ),
}
_WHEN_AND_WHERE = (
    *("on {day}", "in {month}", "in {year}", "last {day}", "in <L>", "near <L>", "with <P>"),
    *("yesterday", "today", "in the morning", "for {number} years", "by train", "at <O>"),
    *("together with <P>", "from <L>", "after a visit to <L>", "because of <P>", "without <P>"),
    *("before the meeting", "at the station of <L>", "during the strike at <O>", "outside <L>"),
    *("in {month} {year}", "instead of <P>", "at the request of <O>", "again", "for <O>"),
    *("with a {noun}", "in the {noun}", "during the {adjective} {noun}", "under a {noun}"),
    *("at the {noun}", "without a {noun}", "for the {noun} of <P>", "in the {noun} of <L>"),
)
_FRAMES = (
    "<P> said that {}",
    "<P> says {}",
    "<O> said that {}",
    "<O> reports that {}",
    "according to <P>, {}",
    "according to <O>, {}",
    "{}, said <P>",
    "{}, said <P> on {day}",
    "{}, a spokesman of <O> said",
    "it is true that {}",
    "in <L> they say that {}",
    '<P> said: "{}"',
    '"{}," wrote <P>',
    "we hear that {}",
    "I think {}",
    "{day}: {}",
    "{town}, {day}: {}",
    "{loc} - {}",
    "news from <L>: {}",
    "did you know that {}",
    "<P> asked whether {}",
)
_JOINTS = (
    "{} and {}",
    "{}, but {}",
    "when {}, {}",
    "after {}, {}",
    "{}, because {}",
    "{}, while {}",
    "{}; {}",
    "{}, and {}",
    "{} before {}",
)
_WHO = "he she it they we I you nobody somebody everyone many some others two who".split()
_LISTS = (
    "present: <P>, <P>, <P>",
    "with <P>, <P> and <P> as guests",
    "guests came from <L>, <L> and <L>",
    "trains to <L> and <L> were late",
    "shares of <O> and <O> fell",
    "thanks to <P> and <O>",
    "greetings from <L>",
    "a visit to <L>",
    "the {shape} of <P>",
    "books by <P> and <P>",
    "from <L> to <L> in {number} hours",
    "jobs at <O> in <L>",
    "<P>, {job}",
    "{noun} in <L>",
    "{adjective} {noun} at <O>",
    "{noun}, {noun} and {noun}",
    "{noun}: <P>",
    "{adjective} {noun}s for <L>",
    "no {noun} without <P>",
    "<P> in <L>",
    "<O>, <L>",
)


class Composer:
    """Composes sentences with the slots of names still open."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def sentence(self) -> str:
        chance = self.rng.random()
        if chance < 0.25:
            return self.rng.choice(FIXED)
        if chance < 0.33:
            text = self.rng.choice(_LISTS)
        elif chance < 0.5:
            text = _put(self.rng.choice(_JOINTS), self.clause(), self.clause())
        elif chance < 0.7:
            text = _put(self.rng.choice(_FRAMES), self.clause())
        else:
            text = self.clause()
        named = _PHRASE.sub(lambda kind: self.rng.choice(_NAMED[kind[1]]), text)
        # The comma that closes an apposition goes with another mark.
        return re.sub(r",+([,.;:?!)])", r"\1", f"{named}{self.rng.choice('......!?')}")

    def clause(self) -> str:
        text = self._core()
        while self.rng.random() < 0.3:
            text += f" {self.rng.choice(_WHEN_AND_WHERE)}"
        before = self.rng.choice(_WHEN_AND_WHERE) + self.rng.choice(", ") + " "
        return (before.replace("  ", " ") if self.rng.random() < 0.15 else "") + text

    def _core(self) -> str:
        if self.rng.random() < 0.35:
            subject = self.rng.choice(list(_STATES))
            state = self.rng.choice(_STATES[subject].split("|"))
            return f"<{subject}> {state}" if subject else state
        subject, other = self.rng.choice(list(_DEEDS))
        return f"<{subject}> {self.rng.choice(_DEEDS[subject + other].split('|'))} <{other}>"


_PHRASE = re.compile(r"<([PLO])>")


def _put(frame: str, *clauses: str) -> str:
    for clause in clauses:
        frame = frame.replace("{}", clause, 1)
    return frame


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
            "noun": lambda: choice(KNOWN.nouns),
            "adjective": lambda: choice(KNOWN.adjectives),
            "past": lambda: choice(KNOWN.verbs)[1],
            "base": lambda: choice(KNOWN.verbs)[0],
            "who": lambda: choice(_WHO),
            "kin": lambda: choice(("friend", "sister", "brother", "aunt", "teacher", "neighbour")),
            "title": lambda: choice(("Dr", "Dr.", "Mr", "Mr.", "Mrs", "Mrs.", "Ms.", "Professor")),
        }
        return makers[slot]()


def article(
    rng: random.Random,
    unseen_names: bool = False,
    unseen_templates: bool = False,
    sentences: int | None = None,
) -> Filled:
    """Some sentences, by default one to eight; its spans are the names, each with its kind."""
    writer, composer = Writer(rng, unseen_names), Composer(rng)
    count = sentences or rng.choice((1, 1, 1, 2, 2, 3, 4, 8))
    templates = (
        rng.sample(UNSEEN, min(count, len(UNSEEN)))
        if unseen_templates
        else [composer.sentence() for _ in range(count)]
    )
    filled = [fill(template, writer.value) for template in templates]
    text = as_typed(join(filled, separator(rng)), rng)
    return Filled(text.text, tuple(marked(text.spans)))


def piece(article: Filled, rng: random.Random, length: int) -> Filled:
    """About so many characters from anywhere in an article; it begins and ends at a word.

    No name is cut: of one that the edge falls into, the mark goes with its rest.
    """
    text = article.text
    start = text.rfind(" ", 0, rng.randint(0, max(0, len(text) - length)) + 1) + 1
    end = text.rfind(" ", start, start + length) if start + length < len(text) else len(text)
    spans = [
        Span(s.slot, max(s.start, start), min(s.end, end)).moved(-start)
        for s in article.spans
        if s.start < end and s.end > start
    ]
    return Filled(text[start:end], tuple(spans))


def marked(spans: tuple[Span, ...]) -> list[Span]:
    return [Span(KINDS[s.slot], s.start, s.end) for s in spans if s.slot in KINDS]
