"""Reviews of films, hotels and other things, each positive or negative as a whole.

A sentence is composed: a clause of one opinion, perhaps within another ("my brother says that"),
perhaps joined to a second, which may be of the other opinion and give way ("dull, but I loved it").
In a template {good} and the other plain slots stand for words of the review's own polarity, {bad}
and {bad_verb} and so on for words of the other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recipes.text_grammars import lexicon
from recipes.text_grammars.templates import Filled, Span, as_typed, fill, join, separator

LABELS = ("negative", "positive")

_ADJECTIVES = {
    "positive": (
        "good great excellent wonderful brilliant superb lovely delightful charming beautiful"
        " amazing fantastic perfect marvellous splendid gorgeous funny clever fresh warm friendly"
        " comfortable elegant moving touching gripping fascinating memorable remarkable impressive"
        " outstanding terrific pleasant enjoyable inspiring thoughtful generous stunning magical"
        " exciting interesting helpful reliable solid fine nice fabulous first-rate flawless"
        " refreshing satisfying tasty delicious sweet smart witty heartwarming tender graceful"
        " thrilling entertaining awesome incredible"
    ).split(),
    "negative": (
        "bad poor awful terrible horrible dreadful boring dull ugly weak stupid annoying tedious"
        " disappointing disgusting dirty cold rude noisy clumsy lazy tasteless bland painful empty"
        " shallow confusing predictable forgettable mediocre worthless useless unpleasant sloppy"
        " pathetic miserable lifeless silly cheap broken tiresome pointless ridiculous nasty"
        " frustrating uncomfortable unreliable slow stale greasy careless dismal lame messy"
        " depressing irritating unfunny overpriced appalling atrocious unbearable unwatchable weary"
        " hollow disastrous"
    ).split(),
}
_ADVERBS = {
    "positive": "beautifully brilliantly wonderfully perfectly superbly nicely cleverly".split(),
    "negative": "badly terribly poorly horribly clumsily carelessly awfully".split(),
}
_VERBS = {
    "positive": "loved enjoyed adored liked admired treasured".split(),
    "negative": "hated disliked regretted loathed despised".split(),
}
_PRESENT = {
    "positive": "love|enjoy|adore|like|admire".split("|"),
    "negative": "hate|dislike|loathe|despise|can not stand".split("|"),
}
_BASE = {  # what may follow "did not"
    "positive": _PRESENT["positive"],
    "negative": ("hate", "dislike", "loathe", "despise"),
}
_NOUNS = {
    "positive": (
        "a delight|a triumph|a joy|a gem|a masterpiece|a treasure|a treat|a real pleasure"
        "|a success|a winner|a miracle|pure magic"
    ).split("|"),
    "negative": (
        "a disaster|a mess|a failure|a bore|a waste of time|a waste of money|a nightmare|a joke"
        "|a shame|a disgrace|a flop|a letdown|pure rubbish"
    ).split("|"),
}
_ADVICE = {
    "positive": (
        "I recommend it to everyone|do not miss it|I would go again tomorrow|buy it at once"
        "|we will come back|five stars|it deserves every prize|see it while you can"
        "|I can not wait for more|I would gladly do it again|it made my day"
        "|it was worth every penny"
    ).split("|"),
    "negative": (
        "I want my money back|stay away from it|never again|I would not go again|do not buy it"
        "|we will not come back|one star|it deserves no prize|save your money|I warn everyone"
        "|I left before the end|I asked for a refund|it ruined my day|it was not worth a penny"
    ).split("|"),
}
_FEELINGS = {
    "positive": "happy delighted pleased thrilled charmed grateful impressed amazed".split(),
    "negative": "sad angry bored disappointed annoyed upset disgusted sorry".split(),
}
_ASPECTS = {
    "film": "plot acting music script ending cast picture story camera",
    "book": "plot story style ending language hero cover chapter",
    "hotel": "room bed breakfast service view staff bathroom pool",
    "restaurant": "food soup service wine menu waiter dessert kitchen",
    "concert": "singer band sound music hall choir drummer light",
    "game": "story sound design level music puzzle ending control",
    "play": "acting stage cast dialogue ending costume music director",
    "lamp": "light switch design colour shade price cable",
    "phone": "screen battery camera sound price case design",
    "toy": "colour design price box quality sound finish",
    "museum": "tour guide garden cafe collection shop building",
    "show": "host music joke story stage cast ending",
    "movie": "plot acting music script ending cast story",
    "chair": "seat back design price colour quality wood",
}
_NEUTRAL = (
    "I saw it on {day}",
    "we went there in {month}",
    "it took two hours",
    "my {kin} came with me",
    "it was the first time for us",
    "the {thing} is near the station",
    "I bought it last {month}",
    "there were about {number} people",
    "a friend had told me about the {thing}",
    "the box was {colour}",
    "it was raining that evening",
    "we paid {number} euros",
    "the {aspect} was new to me",
    "it began at {hour}",
    "we stayed until {hour}",
    "my {kin} is a {job}",
    "a {job} sat behind us",
    "it is the second {thing} that I have tried this year",
    "I had to wait {number} minutes",
    "the {aspect} is from {country}",
    "it was made in {country}",
    "we talked about the {aspect} all evening",
    "my {kin} asked whether the {aspect} was {either}",
    "we wondered if it would be {either}",
    "I do not know who made the {aspect}",
    "the {thing} was a present for my {kin}",
    "it has {number} parts",
    "I went with my {kin}, because {day} was free",
    "this is about the {aspect} only",
    "somebody took a photograph of the {aspect}",
    "the {aspect} is as long as the last one",
    "it came on {day}, in a {colour} bag",
    "they changed the {aspect} in {month}",
    "I read about it in a newspaper",
)
_SUBJECTS = (
    *("the {aspect}",) * 4,
    *("this {thing}", "the {thing}", "it") * 2,
    "its {aspect}",
    "the whole {thing}",
    "the {thing}'s {aspect}",
    "that {thing}",
    "every {aspect}",
    "the {aspect} we had",
    "our {aspect}",
    "everything about the {aspect}",
    "the new {aspect}",
    "a {thing} like this",
)
_BOTH = ("the {aspect} and the {aspect}", "both {aspect} and {aspect}", "most of these {thing}s")
_OBJECTS = (*_SUBJECTS, "it", "it", "this {thing}", "the {aspect} and the {aspect}")
_LINKS = (
    *("is", "was") * 5,
    *("felt", "has been", "turned out", "proved", "remained", "sounded", "became", "stays"),
)
_BE = ("is", "was", "is", "was", "has been")
_QUALITIES = (
    *("{good}",) * 6,
    *("{very} {good}",) * 3,
    "{good} and {good}",
    "{very} {good} and {good}",
    "{good}, even {good}",
    "{good} from beginning to end",
    "{good} throughout",
    "as {good} as always",
    "more {good} than I had expected",
)
_STATES = (
    *("{noun}",) * 2,
    "{adverb} made",
    "{adverb} done and {good}",
    "one {good} {thing}",
    "a {good} one",
    *("not {bad}", "never {bad}", "not {bad} at all", "anything but {bad}", "far from {bad}"),
    *("by no means {bad}", "neither {bad} nor {bad}", "not {bad_noun}", "hardly {bad}"),
    "not in the least {bad}",
    "not {bad} but {good}",
)
_CLAIMS = (
    "I {verb} {object}",
    "I {verb} {object}",
    "we all {verb} {object}",
    "my {kin} {verb} {object}",
    "my {kin} {verb} the {aspect} and I {verb} the {aspect}",
    "I {present} {object}",
    "people {present} {object}",
    "you will {present} {object}",
    "I found {object} {good}",
    "we thought {object} {very} {good}",
    "I call {object} {good}",
    "{subject} made me {feeling}",
    "{subject} left us {feeling}",
    "I was {feeling}",
    "I was {very} {feeling} with {object}",
    "we went home {feeling}",
    "it has a {good} {aspect}",
    "they have a {very} {good} {aspect}",
    "there was something {good} about {object}",
    "it deserves to be called {good}",
    "I remember a {good} {aspect}",
    "I have never seen a {thing} so {good}",
    "they gave us a {good} {aspect}",
    "from the {aspect} to the {aspect}, all is {good}",
    "you get a {good} {thing} with a {good} {aspect}",
    "the word for {object} is {good}",
)
_DENIALS = (
    "I did not find {object} {bad}",
    "I never {bad_verb} {object}",
    "nobody {bad_verb} {object}",
    "there is nothing {bad} about {object}",
    "nobody could call {object} {bad}",
    "I was not {bad_feeling} at all",
    "it has no {bad} {aspect}",
    "I could not find a single {bad} {aspect}",
    "I would not say that {subject} was {bad}",
    "I saw no {bad} {aspect} there",
    "we did not {bad_base} {object}",
    "my {kin} does not {bad_base} {object}",
)
_EXCLAMATIONS = (
    "what a {good} {thing}",
    "what a {good} {aspect}",
    "what a {good}, {good} {thing}",
    "such a {good} {aspect}",
    "such a {good} {thing}, so {adverb} made",
    "a {good} {thing}",
    "a {good} {thing} with a {good} {aspect}",
    "a {very} {good} {thing}",
    "{good} {aspect}, {good} {aspect}",
    "{very} {good}",
    "simply {good}",
    "{good}",
    "{noun}",
    "pure and {good}",
)
_FRAMES = (
    "I think {}",
    "I think that {}",
    "I must say that {}",
    "I am sure that {}",
    "if you ask me, {}",
    "my {kin} says that {}",
    "my {kin} told me that {}",
    "to be honest, {}",
    "for us {}",
    "this time {}",
    "on {day} {}",
    "in my view {}",
    "nobody doubts that {}",
    "my {kin} believes that {}",
    "everybody agrees that {}",
    "it is true that {}",
    "you can see that {}",
    "well, {}",
    "my {job} friend found that {}",
    "{}, I think",
    "{}, as my {kin} says",
    "{}, if you ask me",
    "{}, no doubt",
    "in the end {}",
)
_REFUSALS = (
    "I do not think that {}",
    "it is not true that {}",
    "nobody can say that {}",
    "I would not say that {}",
    "my {kin} does not believe that {}",
    "nobody believes that {}",
)
_JOINTS = (
    "{} and {}",
    "{}, and {}",
    "{}: {}",
    "{}; {}",
    "{}, so {}",
    "{}, for {}",
    "{}, since {}",
    "{}, and what is more, {}",
    "{}, {}",
    "{}. Besides, {}",
)
_ADVISED = ("{advice}", "{advice}", "{}: {advice}", "{}, {advice}", "{}, so {advice}")
# Of two clauses, the first may be of the other opinion and gives way.
_CONCESSIONS = (
    *("{other}, but {own}", "although {other}, {own}") * 3,
    "{other} but {own}",
    "{other}, yet {own}",
    "{other}, and yet {own}",
    "though {other}, {own}",
    "while {other}, {own}",
    "even if {other}, {own}",
    "{own}, although {other}",
    "{own}, even if {other}",
    "{own}, though {other}",
    "{other}; nevertheless {own}",
    "{other}. Still, {own}",
    "{other}. However, {own}",
)
_CORRECTIONS = (
    "it is true that {other}, but {own}",
    "they said that {other}, but {own}",
    "I had feared that {other}, but {own}",
    "at the beginning {other}, but then {own}",
    "first {other}, later {own}",
)
_DESPITE = (
    "despite the {bad} {aspect}, {own}",
    "in spite of a {bad} {aspect} {own}",
    "{own}, despite the {bad} {aspect}",
    "{own} in spite of the {bad} {aspect}",
    "{own}, no matter how {bad} the {aspect} was",
    "even with such a {bad} {aspect} {own}",
    "apart from the {bad} {aspect} {own}",
)
UNSEEN = (
    "The {aspect} of this {thing} is {good}.",
    "The {aspect} seemed {very} {good} to me.",
    "In short, {noun}.",
    "Honestly, I {verb} every part of it.",
    "The {aspect} is {good} and so is the {aspect2}.",
    "My {kin} thinks that the {thing} is {good}.",
    "We came out {feeling}, because the {aspect} was {good}.",
    "Here is a {thing} that is {good}, {good2} and {adverb} made.",
    "Everything was {good}, even the {aspect}.",
    "I am {feeling}: {advice}.",
    "The {aspect} looked {bad} at first, but it was {good} in the end.",
    "Even though I {verb} the {aspect}, which is {good}, it took long.",
    "No, it is not {bad}: it is {noun}.",
    "{good}, {good2}, {good3}: I {present} it.",
    "How {good} a {thing} can be!",
    "All in all {very} {good}.",
    "Last {day} we tried the {thing} and it was {noun}.",
    "The {bad} {aspect} aside, this is a {good} {thing} and I {verb} it.",
)


@dataclass(frozen=True)
class Review:
    """`opinions` are the words of praise and blame; a span's slot is the polarity of its word."""

    text: str
    label: str
    opinions: tuple[Span, ...]


def plain(rng: random.Random) -> Review:
    """One sentence of one opinion: only its words decide."""
    composer, label = Composer(rng), rng.choice(LABELS)
    text = rng.choice((composer.simple, composer.simple, composer.exclamation))()
    filled = Words(rng, label).put_into(f"{text}.")
    return Review(filled.text, label, filled.spans)


def review(rng: random.Random, unseen: bool = False, sentences: int | None = None) -> Review:
    """Some sentences of one polarity, by default one to five, and up to two that say nothing."""
    label = rng.choice(LABELS)
    composer = Composer(rng)
    count = sentences or rng.choice((1, 1, 1, 1, 2, 2, 3, 5))
    chosen = rng.sample(UNSEEN, count) if unseen else [composer.sentence() for _ in range(count)]
    chosen += [f"{neutral}." for neutral in rng.sample(_NEUTRAL, rng.choice((0, 0, 0, 1, 2)))]
    rng.shuffle(chosen)
    words = Words(rng, label)
    filled = join(map(words.put_into, chosen), separator(rng))
    return Review(as_typed(Filled(filled.text), rng).text, label, filled.spans)


class Composer:
    """Composes templates of sentences whose own polarity is that of {good}."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def sentence(self) -> str:
        kinds = (
            *(self.clause,) * 3,
            *(self.joined, self.conceded) * 2,
            self.despite,
            self.beside_neutral,
            self.exclamation,
            self.advised,
        )
        text = self.rng.choice(kinds)()
        return text + self.rng.choice((*(".",) * 6, "!"))

    def clause(self) -> str:
        """One opinion, within another clause now and then."""
        chance = self.rng.random()
        if chance < 0.08:
            return self._within(_REFUSALS, flipped(self.simple()))
        if chance < 0.3:
            return self._within(_FRAMES, self.bare())
        return self.bare()

    def bare(self) -> str:
        return self._with_parts(self.rng.choice(_DENIALS)) if self.chance(0.12) else self.simple()

    def simple(self) -> str:
        """An opinion without a denial around it."""
        if self.chance(0.4):
            return self._with_parts(self.rng.choice(_CLAIMS))
        if self.chance(0.12):
            return f"{self.rng.choice(_BOTH)} are {self.rng.choice(_QUALITIES)}"
        subject = self.rng.choice(_SUBJECTS)
        if self.chance(0.35):
            return f"{subject} {self.rng.choice(_BE)} {self.rng.choice(_STATES)}"
        return f"{subject} {self.rng.choice(_LINKS)} {self.rng.choice(_QUALITIES)}"

    def exclamation(self) -> str:
        return self.rng.choice(_EXCLAMATIONS)

    def advised(self) -> str:
        return self.rng.choice(_ADVISED).replace("{}", self.clause())

    def joined(self) -> str:
        first = self.exclamation() if self.chance(0.15) else self.clause()
        second = self.conceded() if self.chance(0.2) else self.clause()
        return self.rng.choice(_JOINTS).replace("{}", first, 1).replace("{}", second, 1)

    def conceded(self) -> str:
        template = self.rng.choice(_CONCESSIONS + _CORRECTIONS)
        return template.replace("{other}", flipped(self.bare())).replace("{own}", self.clause())

    def despite(self) -> str:
        return self.rng.choice(_DESPITE).replace("{own}", self.clause())

    def beside_neutral(self) -> str:
        """An opinion joined to a clause that has none, so that no conjunction decides alone."""
        clauses = [self.clause(), self.rng.choice(_NEUTRAL)]
        self.rng.shuffle(clauses)
        if self.chance(0.5):
            return self.rng.choice(_JOINTS).replace("{}", clauses[0], 1).replace("{}", clauses[1])
        template = self.rng.choice(_CONCESSIONS)
        return template.replace("{other}", clauses[0]).replace("{own}", clauses[1])

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _within(self, frames: tuple[str, ...], clause: str) -> str:
        return self.rng.choice(frames).replace("{}", clause)

    def _with_parts(self, template: str) -> str:
        subject, thing = self.rng.choice(_SUBJECTS), self.rng.choice(_OBJECTS)
        return template.replace("{subject}", subject).replace("{object}", thing)


_OPINION = re.compile(r"{(bad_)?(good|bad|adverb|verb|present|base|noun|advice|feeling)}")


def flipped(template: str) -> str:
    """The same of the other polarity."""

    def other(slot: re.Match[str]) -> str:
        if slot[2] in ("good", "bad"):
            return "{good}" if slot[2] == "bad" else "{bad}"
        return f"{{{slot[2]}}}" if slot[1] else f"{{bad_{slot[2]}}}"

    return _OPINION.sub(other, template)


class Words:
    """Fills the slots of the sentences of one review."""

    def __init__(self, rng: random.Random, label: str) -> None:
        self.rng, self.thing = rng, rng.choice(list(_ASPECTS))
        self.own, self.other = label, LABELS[1 - LABELS.index(label)]
        self._left: dict[tuple[str, ...], list[str]] = {}

    def put_into(self, template: str) -> Filled:
        """The sentence; its spans are the opinions."""
        filled = fill(template, self.value)
        opinions = [s for s in filled.spans if _OPINION.fullmatch(f"{{{s.slot.rstrip('23')}}}")]
        return Filled(
            filled.text, tuple(Span(self.polarity(s.slot), s.start, s.end) for s in opinions)
        )

    def polarity(self, slot: str) -> str:
        return self.other if slot.startswith("bad") else self.own

    def value(self, slot: str) -> str:
        if slot == "thing":
            return self.thing
        name = slot.rstrip("23")
        if name in _NEITHER:
            return self._draw(_NEITHER[name])
        if name == "aspect":
            return self._draw(_ASPECTS[self.thing].split())
        if name == "either":
            return self._draw(_OPINIONS["good"][self.rng.choice(LABELS)])
        kind = name.removeprefix("bad_").replace("bad", "good")
        return self._draw(_OPINIONS[kind][self.polarity(name)])

    def _draw(self, words: Sequence[str]) -> str:
        """Each once before one comes again."""
        left = self._left.setdefault(tuple(words), [])
        if not left:
            left += self.rng.sample(words, len(words))
        return left.pop()


_OPINIONS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "good": _ADJECTIVES,
    "adverb": _ADVERBS,
    "verb": _VERBS,
    "present": _PRESENT,
    "base": _BASE,
    "noun": _NOUNS,
    "advice": _ADVICE,
    "feeling": _FEELINGS,
}
_NEITHER: Mapping[str, Sequence[str]] = {
    "very": tuple("very really so truly quite absolutely extremely simply rather".split()),
    "kin": tuple("wife husband brother sister mother father friend son".split()),
    "day": tuple(lexicon.DAYS),
    "month": (*lexicon.MONTHS, "winter", "summer"),
    "number": tuple(map(str, range(3, 91))),
    "hour": ("seven", "eight o'clock", "midnight", "noon", "half past nine"),
    "colour": lexicon.COLOURS,
    "job": lexicon.JOBS,
    "country": ("France", "Italy", "Japan", "Poland", "Spain", "England", "Canada"),
}
