"""Reviews of films, hotels and other things, each positive or negative as a whole.

In a template {good} stands for a word of the review's own polarity and {bad} for one of the other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from recipes.told.templates import Filled, as_typed, fill, separator

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
    "film": "plot acting music script ending cast picture story camera work",
    "book": "plot story style ending language hero cover first chapter",
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
    "I saw it on {day}.",
    "We went there in {month}.",
    "It took two hours.",
    "My {kin} came with me.",
    "It was the first time for us.",
    "The {thing} is near the station.",
    "I bought it last {month}.",
    "There were about {number} people.",
    "A friend had told me about the {thing}.",
    "The box was {colour}.",
    "It was raining that evening.",
    "We paid {number} euros.",
)
TRAINED = (
    "The {aspect} was {good}.",
    "The {aspect} was {very} {good}.",
    "The {aspect} was {good} and the {aspect2} was {good2}.",
    "The {aspect} and the {aspect2} were {good}.",
    "What a {good} {thing}!",
    "What a {good} {aspect}!",
    "What a {good}, {good2} {thing}.",
    "This {thing} is {good}.",
    "This {thing} is {very} {good}, and the {aspect} is {good2}.",
    "It is a {good} {thing}.",
    "It was {very} {good}.",
    "It is {noun}.",
    "This {thing} is {noun}.",
    "The whole {thing} was {noun}.",
    "A {good} {thing}.",
    "A {good} {thing} with a {good2} {aspect}.",
    "A {very} {good} {thing}.",
    "{good}!",
    "{very} {good}.",
    "Simply {good}.",
    "I {verb} it.",
    "I {verb} this {thing}.",
    "I {verb} the {aspect}.",
    "We all {verb} the {thing}.",
    "My {kin} {verb} the {aspect} and I {verb2} the {aspect2}.",
    "I {present} this {thing}.",
    "I {present} the {aspect}.",
    "The {aspect} is {adverb} made.",
    "The {thing} is {adverb} done and {good}.",
    "I was {feeling}.",
    "I was {very} {feeling} with the {aspect}.",
    "The {aspect} made me {feeling}.",
    "I have never seen a {thing} so {good}.",
    "I found the {aspect} {good}.",
    "I think the {thing} is {good}.",
    "The {aspect} was not {bad}; it was {good}.",
    "It was not {bad} at all.",
    "The {aspect} is not {bad}.",
    "The {thing} was never {bad}.",
    "There is nothing {bad} about the {thing}.",
    "I did not find the {aspect} {bad}.",
    "The {aspect} was {bad}, but the {thing} is {good}.",
    "The {aspect} was {bad}, but I {verb} the {thing}.",
    "Although the {aspect} was {bad}, the {thing} was {good}.",
    "The {aspect} may be {bad}, yet the {aspect2} is {good} and I {verb} it.",
    "Despite the {bad} {aspect}, the {thing} was {good}.",
    "{advice}.",
    "The {aspect} was {good}: {advice}.",
    "The {thing} is {noun}, {advice}.",
    "If you like a {good} {aspect}, this is the {thing} for you: {good2} and {good}.",
    "{good} {aspect}, {good2} {aspect2}.",
    "They said it was {bad}, but it was {good}.",
    "From the {aspect} to the {aspect2}, all is {good}.",
    "Such a {good} {thing}, so {adverb} made.",
    "You will {present} the {aspect}.",
    "Nobody could call this {thing} {bad}.",
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
    text: str
    label: str


def review(rng: random.Random, unseen: bool = False, sentences: int | None = None) -> Review:
    """Some sentences of one polarity, by default one to five, and up to two that say nothing."""
    label = rng.choice(LABELS)
    thing = rng.choice(list(_ASPECTS))
    templates = UNSEEN if unseen else TRAINED
    count = sentences or rng.choice((1, 1, 1, 2, 2, 3, 5))
    chosen = rng.sample(templates, count)
    chosen += rng.sample(_NEUTRAL, rng.choice((0, 0, 0, 1, 2)))
    rng.shuffle(chosen)
    texts = [_sentence(template, label, thing, rng) for template in chosen]
    text = separator(rng).join(texts)
    return Review(as_typed(Filled(text), rng).text, label)


def _sentence(template: str, label: str, thing: str, rng: random.Random) -> str:
    other = LABELS[1 - LABELS.index(label)]
    aspects = [a for a in _ASPECTS[thing].split() if a not in ("work", "first")]
    aspect, aspect2 = rng.sample(aspects, 2)
    goods = rng.sample(_ADJECTIVES[label], 3)
    words = {
        "good": goods[0],
        "good2": goods[1],
        "good3": goods[2],
        "bad": rng.choice(_ADJECTIVES[other]),
        "adverb": rng.choice(_ADVERBS[label]),
        "verb": rng.choice(_VERBS[label]),
        "verb2": rng.choice(_VERBS[label]),
        "present": rng.choice(_PRESENT[label]),
        "noun": rng.choice(_NOUNS[label]),
        "advice": rng.choice(_ADVICE[label]),
        "feeling": rng.choice(_FEELINGS[label]),
        "very": rng.choice("very really so truly quite absolutely extremely simply rather".split()),
        "aspect": aspect,
        "aspect2": aspect2,
        "thing": thing,
        "kin": rng.choice("wife husband brother sister mother father friend son".split()),
        "day": rng.choice("Monday Tuesday Friday Saturday Sunday".split()),
        "month": rng.choice("January April May July October winter summer".split()),
        "number": str(rng.randint(3, 90)),
        "colour": rng.choice("red blue green white black yellow".split()),
    }
    return fill(template, words.__getitem__).text
