"""Words of the told world, and names without end, built from syllables.

A fifth of all names is held out: training never uses them, and unseen texts use nothing else.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable

from recipes.scenes import COLOURS as SEEN_COLOURS
from recipes.scenes import SHAPES as SEEN_SHAPES

COLOURS = tuple(SEEN_COLOURS)
SHAPES = tuple(SEEN_SHAPES)
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
JOBS = (
    "baker teacher doctor painter farmer singer builder writer nurse pilot lawyer driver"
    " gardener engineer sailor tailor chemist reporter judge potter"
).split()

_ONSETS = (
    "b d f g h j k l m n p r s t v w z b d g k l m n r s t br ch cl dr fl gr kr pr sh st tr th"
).split()
_VOWELS = "a e i o u a e i o ai ea oo".split()
_CODAS = ("",) * 8 + tuple("l n r s t m k n l r nd rn ll st rt".split())
_GIVEN_ENDS = "a o i e en el is us ia ina ette an on ey ric bert wyn ann la ra mir dor".split()
_FAMILY_ENDS = (
    "son berg ley man sky ski ova er ers well ton wood field stein ini ez ard eau ic ham low ing"
).split()
_PLACE_ENDS = (
    "ton ham ville burg by ford stad mouth field ia land bury port wick pool grad ona ara chester"
).split()
_PLACE_FORMS = (
    *("{}",) * 9,
    *("New {}", "Port {}", "Lake {}", "San {}", "Mount {}", "North {}", "Saint {}", "{} Island"),
)
_ORG_ENDS = (
    "Ltd Inc Bank Group Press Motors Airlines Foods Foundation Records Systems Energy University"
    " Museum Institute Union Theatre Insurance Steel Hospital Institute Council Times Railways"
).split()
_REAL_GIVEN = (
    "Ada Grace Marie Anna John Mary James Emma Peter Paul Alice Charles Alan Rosa Nina Omar Ali"
    " Fatima Chen Wei Yuki Ken Ivan Olga Hans Greta Luis Carmen Pedro Lucia Marco Giulia Sven"
    " Ingrid Lars David Sarah Ruth Daniel Eva Leo Max Clara Hugo Louise Pierre Jean Sophie Camille"
    " Amina Kofi Zara Raj Priya Ravi Tom Jack Lily Sam Kate Henry Jane George Robert Linda Susan"
    " Angela Barack Albert Isaac Galileo Nelson Maria Frank Helen Oscar Julia Martin Laura"
).split()
_REAL_FAMILY = (
    "Lovelace Babbage Hopper Curie Turing Smith Jones Brown Taylor Wilson Johnson Williams Miller"
    " Davis Garcia Martinez Lopez Rossi Bianchi Müller Schmidt Weber Dubois Martin Durand Moreau"
    " Laurent Ivanov Petrov Novak Kowalski Nielsen Hansen Larsen Tanaka Sato Suzuki Wang Zhang Li"
    " Chen Kim Park Singh Patel Kumar Khan Ahmed Hassan Okafor Mensah Silva Santos Costa Murphy"
    " O'Brien Walker Hall Green White Black Young King Wright Baker Newton Einstein Darwin Obama"
    " Merkel Mandela Lincoln Washington Clark Lewis Adams Nelson Carter Rivera Cooper Reed"
).split()
_REAL_PLACES = (
    "London|Paris|Berlin|Madrid|Rome|Vienna|Prague|Warsaw|Oslo|Stockholm|Copenhagen|Helsinki|Dublin"
    "|Lisbon|Athens|Moscow|Tokyo|Osaka|Beijing|Shanghai|Delhi|Mumbai|Cairo|Lagos|Nairobi|Accra"
    "|New York|Boston|Chicago|Seattle|Texas|California|Toronto|Montreal|Mexico|Lima|Brazil|Chile"
    "|Argentina|France|Germany|Spain|Italy|Poland|Norway|Sweden|Denmark|Ireland|Scotland|England"
    "|Wales|Japan|China|India|Egypt|Nigeria|Kenya|Ghana|Canada|Australia|Sydney|Geneva|Lyon"
    "|Marseille|Nice|Hamburg|Munich|Milan|Naples|Venice|Cambridge|Oxford|Manchester|Leeds|Europe"
    "|Africa|Asia|San Francisco|Los Angeles|Hong Kong|Cape Town|South Africa|New Zealand"
    "|United States|United Kingdom|Washington"
).split("|")
_REAL_ORGS = (
    "Google|Microsoft|Apple|Amazon|IBM|Intel|Siemens|Nokia|Sony|Toyota|Renault|Airbus|Boeing|NASA"
    "|UNESCO|United Nations|Red Cross|World Bank|European Union|Hugging Face|Harvard University"
    "|University of Oxford|BBC|Reuters|Air France|Deutsche Bank|New York Times|Ford|Tesla|Samsung"
).split("|")


def is_held_out(name: str) -> bool:
    return zlib.crc32(name.encode()) % 5 == 0


class Names:
    """Draws names: held-out ones for unseen texts, others and real ones for training."""

    def __init__(self, rng: random.Random, unseen: bool, real: float = 0.25) -> None:
        self.rng, self.unseen = rng, unseen
        self.real = 0.0 if unseen else real  # share of real names

    def given(self) -> str:
        if self.rng.random() < self.real:
            return self.rng.choice(_REAL_GIVEN)
        return self._fitting(lambda: self._syllables(1, 2) + self.rng.choice(_GIVEN_ENDS))

    def family(self) -> str:
        if self.rng.random() < self.real:
            return self.rng.choice(_REAL_FAMILY)
        name = self._fitting(lambda: self._syllables(1, 2) + self.rng.choice(_FAMILY_ENDS))
        return self.rng.choice(("{}",) * 12 + ("van {}", "de {}", "Mac{}", "O'{}")).format(name)

    def person(self) -> str:
        form = self.rng.choice(("full",) * 6 + ("given",) * 3 + ("family", "initial", "middle"))
        given, family = self.given(), self.family()
        names = {
            "full": f"{given} {family}",
            "given": given,
            "family": family[:1].upper() + family[1:],
            "initial": f"{given[0]}. {family}",
            "middle": f"{given} {self.rng.choice('ABCDEFGHJKLMPRST')}. {family}",
        }
        return names[form]

    def full_name(self) -> str:
        return f"{self.given()} {self.family()}"

    def town(self) -> str:
        """A place of one word."""
        if self.rng.random() < self.real:
            return next(place for place in self._shuffled(_REAL_PLACES) if " " not in place)
        return self._fitting(lambda: self._syllables(1, 2) + self.rng.choice(_PLACE_ENDS))

    def place(self) -> str:
        if self.rng.random() < self.real:
            return self.rng.choice(_REAL_PLACES)
        return self.rng.choice(_PLACE_FORMS).format(self.town())

    def organisation(self) -> str:
        if self.rng.random() < self.real:
            return self.rng.choice(_REAL_ORGS)
        word, end = self._word(), self.rng.choice(_ORG_ENDS)
        forms: list[Callable[[], str]] = [
            *[lambda: f"{word} {end}"] * 5,
            lambda: f"{self.town()} {end}",
            lambda: f"{self.family()} & {self.family()}",
            lambda: f"University of {self.town()}",
            lambda: f"Bank of {self.town()}",
            lambda: f"{self.town()} United",
            self._acronym,
            lambda: word,
        ]
        return self.rng.choice(forms)()

    def _acronym(self) -> str:
        length = self.rng.randint(3, 4)
        return self._fitting(lambda: "".join(self.rng.choices("ABCDEFGHIKLMNOPRSTUVW", k=length)))

    def _word(self) -> str:
        ends = "ex on ia ix os um or al ara tec co ora is".split()
        return self._fitting(lambda: self._syllables(1, 2) + self.rng.choice(ends))

    def _fitting(self, draw: Callable[[], str]) -> str:
        while is_held_out(name := draw()) != self.unseen:
            pass
        return name

    def _syllables(self, least: int, most: int) -> str:
        choice = self.rng.choice
        count = self.rng.choice((least, least, most))
        word = "".join(choice(_ONSETS) + choice(_VOWELS) + choice(_CODAS) for _ in range(count))
        return (word + ("" if word[-1] not in "aeiou" else choice("lnrstmvd"))).capitalize()

    def _shuffled(self, words: list[str]) -> list[str]:
        return self.rng.sample(words, len(words))
