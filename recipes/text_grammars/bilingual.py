"""Sentences in English and in French that say the same, one to one in both directions.

French agrees in gender and number, elides (l'arbre, d'un cube, j'aime), contracts (du, aux) and
puts colours behind the noun and small, big, old, new and beautiful before it.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from recipes.text_grammars.lexicon import Names, is_held_out
from recipes.text_grammars.templates import takes_an


@dataclass(frozen=True)
class Pair:
    en: str
    fr: str


@dataclass(frozen=True)
class Noun:
    en: str
    ens: str
    fr: str
    frs: str
    feminine: bool
    animate: bool = False
    human: bool = False  # humans come in no colour


@dataclass(frozen=True)
class Phrase:
    """A noun phrase or a pronoun, with what a verb and an adjective must agree with."""

    en: str
    fr: str
    person: str  # I, we, he, they: the forms of a verb
    feminine: bool = False
    human: bool = False


def _noun(row: str) -> Noun:
    en, fr, gender, *rest = row.split()
    marks = dict(mark.split("=") for mark in rest if "=" in mark)
    plural = fr + ("x" if fr.endswith("eau") else "s")
    human = "human" in rest
    return Noun(
        en=en,
        ens=marks.get("en", en + "s"),
        fr=fr,
        frs=marks.get("fr", plural),
        feminine=gender == "f",
        animate=human or "animal" in rest,
        human=human,
    )


NOUNS = [
    _noun(row)
    for row in (
        "ball balle f|cube cube m|cylinder cylindre m|cone cône m|ball balle f|cube cube m"
        "|cylinder cylindre m|cone cône m|table table f|chair chaise f|house maison f|tree arbre m"
        "|door porte f|garden jardin m|book livre m|box boîte f en=boxes|car voiture f"
        "|apple pomme f|flower fleur f|bed lit m|window fenêtre f|school école f"
        "|bridge pont m|boat bateau m"
        "|tower tour f|lamp lampe f|letter lettre f|mirror miroir m|church église f en=churches"
        "|star étoile f|road route f|key clé f|bag sac m|cat chat m animal|dog chien m animal"
        "|bird oiseau m animal|horse cheval m animal fr=chevaux"
        "|mouse souris f animal en=mice fr=souris"
        "|girl fille f human|boy garçon m human|woman femme f human en=women"
        "|man homme m human en=men|child enfant m human en=children|queen reine f human"
        "|king roi m human|friend ami m human"
    ).split("|")
]
# Masculine and feminine, singular and plural.
COLOURS = {
    "red": "rouge rouge rouges rouges".split(),
    "orange": "orange orange orange orange".split(),
    "yellow": "jaune jaune jaunes jaunes".split(),
    "green": "vert verte verts vertes".split(),
    "blue": "bleu bleue bleus bleues".split(),
    "purple": "violet violette violets violettes".split(),
    "white": "blanc blanche blancs blanches".split(),
    "black": "noir noire noirs noires".split(),
}
BEFORE = {
    "small": "petit petite petits petites".split(),
    "big": "grand grande grands grandes".split(),
    "old": "vieux vieille vieux vieilles".split(),
    "new": "nouveau nouvelle nouveaux nouvelles".split(),
    "beautiful": "beau belle beaux belles".split(),
}
_BEFORE_VOWEL = {"vieux": "vieil", "nouveau": "nouvel", "beau": "bel"}
NUMBERS = dict(
    zip(
        "two three four five six seven eight nine ten".split(),
        "deux trois quatre cinq six sept huit neuf dix".split(),
        strict=True,
    )
)
RELATIONS = {
    "behind": "derrière",
    "in front of": "devant",
    "on": "sur",
    "under": "sous",
    "in": "dans",
    "with": "avec",
    "to the left of": "à gauche de",
    "to the right of": "à droite de",
    "next to": "à côté de",
    "near": "près de",
    "far from": "loin de",
}
# English: he, they and I, past. French: je, nous, il, ils; past with avoir, or imperfect.
VERBS = [
    row.split("|")
    for row in (
        "sees|see|saw|vois|voyons|voit|voient|vu",
        "finds|find|found|trouve|trouvons|trouve|trouvent|trouvé",
        "takes|take|took|prends|prenons|prend|prennent|pris",
        "buys|buy|bought|achète|achetons|achète|achètent|acheté",
        "paints|paint|painted|peins|peignons|peint|peignent|peint",
        "carries|carry|carried|porte|portons|porte|portent|porté",
        "hides|hide|hid|cache|cachons|cache|cachent|caché",
        "loses|lose|lost|perds|perdons|perd|perdent|perdu",
        "draws|draw|drew|dessine|dessinons|dessine|dessinent|dessiné",
        "likes|like|liked|aime|aimons|aime|aiment|aimé",
        "wants|want|wanted|veux|voulons|veut|veulent|voulu",
        "has|have|had|ai|avons|a|ont|eu",
    )
]
_PERSONS = ("I", "we", "he", "they")  # the order of the French forms
_AVOIR = dict(zip(_PERSONS, ("ai", "avons", "a", "ont"), strict=True))
_BE = {"he": ("is", "est", "était"), "they": ("are", "sont", "étaient")}
DAYS = {
    "Monday": "lundi",
    "Tuesday": "mardi",
    "Wednesday": "mercredi",
    "Thursday": "jeudi",
    "Friday": "vendredi",
    "Saturday": "samedi",
    "Sunday": "dimanche",
}
FIXED = (
    ("hello.", "bonjour."),
    ("hello {name},", "bonjour {name},"),
    ("good evening.", "bonsoir."),
    ("good night, {name}.", "bonne nuit, {name}."),
    ("thank you.", "merci."),
    ("thank you, {name}.", "merci, {name}."),
    ("thank you for the letter.", "merci pour la lettre."),
    ("yes.", "oui."),
    ("no.", "non."),
    ("please.", "s'il vous plaît."),
    ("see you soon.", "à bientôt."),
    ("see you on {day}.", "à {day}."),
    ("goodbye.", "au revoir."),
    ("how are you?", "comment allez-vous ?"),
    ("happy birthday!", "joyeux anniversaire !"),
    ("my name is {name}.", "je m'appelle {name}."),
    ("I live in {town}.", "j'habite à {town}."),
    ("{name} lives in {town}.", "{name} habite à {town}."),
    ("where is {name}?", "où est {name} ?"),
    ("the weather is fine.", "il fait beau."),
    ("it is raining.", "il pleut."),
    ("what is it?", "qu'est-ce que c'est ?"),
    ("today is {day}.", "aujourd'hui, c'est {day}."),
    ("what a beautiful day!", "quelle belle journée !"),
)


def pair(rng: random.Random, unseen: bool = False, most: int = 4) -> Pair:
    """One to four sentences; a fifth of all sentences is held out from training."""
    count = min(rng.choice((1, 1, 1, 1, 2, 2, 3, 4)), most)
    sentences = [_sentence(rng, unseen) for _ in range(count)]
    together = Pair(" ".join(s.en for s in sentences), " ".join(s.fr for s in sentences))
    return _as_typed(together, rng)


def heard(rng: random.Random, unseen: bool = False) -> Pair:
    """A sentence as a speech recognizer writes it, without marks and in one case; in French
    as people write."""
    drawn = _sentence(rng, unseen)
    bare = re.sub(r"[.,?!]", "", drawn.en)
    return Pair(bare.lower() if rng.random() < 0.4 else bare.upper(), drawn.fr)


def _sentence(rng: random.Random, unseen: bool) -> Pair:
    speaker = Speaker(rng, unseen)
    if rng.random() < 0.1:
        return _capital(speaker.fixed())
    while is_held_out((drawn := speaker.clause()).en) != unseen:
        pass
    return _capital(drawn)


def _capital(drawn: Pair) -> Pair:
    return Pair(drawn.en[0].upper() + drawn.en[1:], drawn.fr[0].upper() + drawn.fr[1:])


def _as_typed(drawn: Pair, rng: random.Random) -> Pair:
    """Now and then without a capital at the beginning, or without the final full stop.

    Never without both: that is how a recognizer writes, see `heard`.
    """
    en, fr = drawn.en, drawn.fr
    if rng.random() < 0.1 and not en.startswith("I ") and en.split()[0].lower() in _LOWER:
        en, fr = en[0].lower() + en[1:], fr[0].lower() + fr[1:]
    elif rng.random() < 0.12 and en.endswith(".") and fr.endswith("."):
        en, fr = en[:-1], fr[:-1]
    return Pair(en, fr)


_LOWER = {"the", "a", "an", "this", "these", "my", "there", "where", "is", "he", "she", *NUMBERS}


class Speaker:
    """Makes clauses in both languages at once."""

    def __init__(self, rng: random.Random, unseen: bool) -> None:
        self.rng, self.names = rng, Names(rng, unseen, real=0.2)

    def fixed(self) -> Pair:
        en, fr = self.rng.choice(FIXED)
        name, town = self.names.given(), self.names.town()
        day = self.rng.choice(list(DAYS))
        return Pair(
            en.format(name=name, town=town, day=day), fr.format(name=name, town=town, day=DAYS[day])
        )

    def clause(self) -> Pair:
        kinds = (
            *(self.being,) * 4,
            self.describing,
            *(self.there,) * 2,
            *(self.doing,) * 4,
            self.asking_where,
            self.asking_whether,
            self.giving,
        )
        drawn = self.rng.choice(kinds)()
        if drawn.en.endswith(".") and self.rng.random() < 0.1:
            second = self.rng.choice((self.being, self.doing))()
            return Pair(f"{drawn.en[:-1]} and {second.en}", f"{drawn.fr[:-1]} et {second.fr}")
        return drawn

    def being(self) -> Pair:
        """The red ball is behind the blue cube."""
        subject, where = self.thing(self.determiner()), self.where()
        past, negative = self.rng.random() < 0.25, self.rng.random() < 0.15
        en, fr = _be(subject, past)
        if negative:
            en, fr = f"{en} not", f"{_elided('ne', fr)} pas"
        return Pair(f"{subject.en} {en} {where.en}.", f"{subject.fr} {fr} {where.fr}.")

    def describing(self) -> Pair:
        """The balls are red."""
        subject = self.thing(self.rng.choice(("the", "my", "this")))
        adjectives = BEFORE if subject.human else COLOURS | BEFORE
        word = self.rng.choice(list(adjectives))
        en, fr = _be(subject, self.rng.random() < 0.25)
        form = adjectives[word][2 * (subject.person == "they") + subject.feminine]
        return Pair(f"{subject.en} {en} {word}.", f"{subject.fr} {fr} {form}.")

    def there(self) -> Pair:
        """There are two red balls on the table."""
        what, where = self.thing(self.rng.choice(("a", "number"))), self.where()
        past = self.rng.random() < 0.25
        be = _be(what, past)[0]
        has = "il y avait" if past else "il y a"
        return Pair(f"there {be} {what.en} {where.en}.", f"{has} {what.fr} {where.fr}.")

    def doing(self) -> Pair:
        """Mira sees the small red ball under the table."""
        subject, what = self.actor(), self.thing(self.determiner())
        en, fr = self.verb(subject)
        where = self.where() if self.rng.random() < 0.25 else Pair("", "")
        english = f"{subject.en} {en} {what.en} {where.en}".rstrip()
        french = f"{subject.fr} {fr} {what.fr} {where.fr}".rstrip()
        return Pair(f"{english}.", f"{_with_elided_je(french)}.")

    def giving(self) -> Pair:
        """The girl gives a ball to the king."""
        subject, what = self.actor(), self.thing(self.determiner())
        other = self.thing("the", animate=True)
        forms = ["gives", "give", "gave", "donne", "donnons", "donne", "donnent", "donné"]
        en, fr = self.verb(subject, forms)
        french = f"{subject.fr} {fr} {what.fr} {_contracted('à', other.fr)}"
        return Pair(f"{subject.en} {en} {what.en} to {other.en}.", f"{_with_elided_je(french)}.")

    def asking_where(self) -> Pair:
        """Where is the red ball?"""
        what = self.thing(self.rng.choice(("the", "my", "this")))
        en, fr = _be(what, self.rng.random() < 0.2)
        return Pair(f"where {en} {what.en}?", f"où {fr} {what.fr} ?")

    def asking_whether(self) -> Pair:
        """Is the red ball behind the cube?"""
        what, where = self.thing(self.rng.choice(("the", "my", "this"))), self.where()
        en, fr = _be(what, self.rng.random() < 0.2)
        return Pair(f"{en} {what.en} {where.en}?", f"est-ce que {what.fr} {fr} {where.fr} ?")

    def verb(self, subject: Phrase, forms: list[str] | None = None) -> tuple[str, str]:
        """A verb that agrees with its subject, in the present or in the past."""
        singular, plain, past, *french, participle = forms or self.rng.choice(VERBS)
        if self.rng.random() < 0.35:
            return past, f"{_AVOIR[subject.person]} {participle}"
        place = _PERSONS.index(subject.person)
        return singular if subject.person == "he" else plain, french[place]

    def actor(self) -> Phrase:
        chance = self.rng.random()
        if chance < 0.35:
            name = self.names.given()
            return Phrase(name, name, "he")
        if chance < 0.6:
            en, fr, person = self.rng.choice(
                ("I je I", "we nous we", "he il he", "she elle he", "they ils they")
            ).split()
            return Phrase(en, fr, person)
        return self.thing(self.rng.choice(("the", "the", "a", "my", "this")), animate=True)

    def determiner(self) -> str:
        return self.rng.choice(("the", "the", "the", "the", "a", "a", "my", "this", "number"))

    def where(self) -> Pair:
        if self.rng.random() < 0.08:
            one, other = self.thing("the"), self.thing("the")
            return Pair(f"between {one.en} and {other.en}", f"entre {one.fr} et {other.fr}")
        relation = self.rng.choice(list(RELATIONS))
        what = self.thing(self.rng.choice(("the", "the", "the", "the", "a", "my", "this")))
        return Pair(f"{relation} {what.en}", _contracted(RELATIONS[relation], what.fr))

    def thing(self, determiner: str, animate: bool = False) -> Phrase:
        """A noun with at most one adjective before it in French and a colour behind it."""
        noun = self.rng.choice([noun for noun in NOUNS if noun.animate or not animate])
        plural = determiner == "number" or (determiner != "a" and self.rng.random() < 0.15)
        before = self.rng.choice(list(BEFORE)) if self.rng.random() < 0.2 else ""
        coloured = not noun.human and self.rng.random() < 0.5
        colour = self.rng.choice(list(COLOURS)) if coloured else ""
        form = 2 * plural + noun.feminine
        head = noun.frs if plural else noun.fr
        front = BEFORE[before][form] if before else ""
        if front and not plural and _begins_with_vowel(head):
            front = _BEFORE_VOWEL.get(front, front)
        tail = COLOURS[colour][form] if colour else ""
        english = " ".join(filter(None, (before, colour, noun.ens if plural else noun.en)))
        french = " ".join(filter(None, (front, head, tail)))
        en, fr = self._determined(determiner, english, french, noun.feminine, plural)
        return Phrase(en, fr, "they" if plural else "he", noun.feminine, noun.human)

    def _determined(
        self, determiner: str, en: str, fr: str, feminine: bool, plural: bool
    ) -> tuple[str, str]:
        if determiner == "number":
            number = self.rng.choice(list(NUMBERS))
            return f"{number} {en}", f"{NUMBERS[number]} {fr}"
        if determiner == "a":
            return f"{'an' if takes_an(en) else 'a'} {en}", f"{'une' if feminine else 'un'} {fr}"
        if determiner == "this" and plural:
            return f"these {en}", f"ces {fr}"
        if plural:
            return f"{determiner} {en}", f"{'les' if determiner == 'the' else 'mes'} {fr}"
        return f"{determiner} {en}", _singular(determiner, fr, feminine)


def _singular(determiner: str, fr: str, feminine: bool) -> str:
    vowel = _begins_with_vowel(fr)
    if determiner == "the":
        return f"l'{fr}" if vowel else f"{'la' if feminine else 'le'} {fr}"
    if determiner == "this":
        return f"{'cette' if feminine else 'cet' if vowel else 'ce'} {fr}"
    return f"{'ma' if feminine and not vowel else 'mon'} {fr}"


def _begins_with_vowel(word: str) -> bool:
    return word[0] in "aeiouéèêîôû" or word.startswith("homme")


def _be(subject: Phrase, past: bool) -> tuple[str, str]:
    present, est, etait = _BE[subject.person]
    return ({"is": "was", "are": "were"}[present] if past else present), (etait if past else est)


def _elided(word: str, following: str) -> str:
    return f"{word[:-1]}'{following}" if _begins_with_vowel(following) else f"{word} {following}"


def _with_elided_je(text: str) -> str:
    return _elided("je", text[3:]) if text.startswith("je ") else text


def _contracted(relation: str, phrase: str) -> str:
    """à gauche de + le cube: à gauche du cube."""
    for preposition, le, les in (("de", "du", "des"), ("à", "au", "aux")):
        if relation.split()[-1] == preposition:
            stem = relation[: -len(preposition)]
            if phrase.startswith("le "):
                return f"{stem}{le} {phrase[3:]}"
            if phrase.startswith("les "):
                return f"{stem}{les} {phrase[4:]}"
            if preposition == "de" and phrase.startswith(("un ", "une ")):
                return f"{stem}d'{phrase}"
    return f"{relation} {phrase}"
