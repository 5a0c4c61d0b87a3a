"""English in small: some thousands of words with their inflections, and sentences made of them.

`UNTRAINED` words are kept back everywhere, to measure what a recogniser makes of new words.
`more_words`, in no sentence, only show how English is spelt.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

Word = TypeVar("Word")  # a stem, or all forms of a verb

_NOUNS = """
accident account actor address adult adventure advice afternoon age agent agreement airport alarm
album amount anchor angle animal ankle answer apartment apple apron arch area arm army arrow art
artist aunt author avenue award baby back badge bag baker balance ball balloon banana band bank
banner bar bargain barn barrel base basket bath battery battle beach beam bean bear beard bed bee
bell belt bench berry bicycle bill bird biscuit blade blanket block blossom boat body bone book
boot border boss bottle boundary bowl box boy bracket brain branch bread breakfast breath brick
bridge broom brother brush bubble bucket budget builder building bullet bundle burden bus bush
business butcher butter button cabin cable cage cake calendar camel camera camp canal candle canoe
canvas cap captain car card career carpet carriage carrot cart castle cat cause cave ceiling
cellar center century chain chair chairman chalk champion chance channel chapter character charge
cheek cheese chef cherry chest chicken chief child chimney chin choice church cigar circle circus
citizen city claim class clerk client cliff climate clock cloth cloud club clue coach coal coast
coat coffee coin collar college color column comb comedy comet command committee company computer
concert condition conference contest contract corn corner cost cottage cotton council country
county couple course court cousin cover cow crack craft crane cream creature credit crew crime
crop cross crowd crown culture cup cupboard curtain curve cushion customer dad damage dance danger
date daughter dawn day deal death debate debt decade decision deck deer degree delay demand
dentist desert desk detail device dialog diamond diary dinner direction dirt disease dish distance
district ditch doctor dog doll dollar donkey door doubt dragon drama drawer dream dress drill
drink driver drum duck dust duty eagle ear earth east economy edge editor effect effort egg
election elephant elevator emotion empire employer end enemy energy engine engineer error escape
estate evening event exam example exit expert eye face fact factory failure fair faith family farm
farmer fashion fate father fault favor feast feather feature fee feeling fence festival fever
field figure film finger fire firm fish fisherman flag flame flavor flight flock flood floor flour
flower flute fog folder food foot football force forehead forest fork form fortune fountain fox
frame freedom friend frog front fruit fuel funeral future galaxy game garage garden garlic gas
gate gentleman ghost giant gift giraffe girl glass glove goal goat gold golf government grain
grandfather grandmother grape grass grave ground group growth guard guest guide guitar gun habit
hair half hall hammer hand handle harbor harvest hat health heart heat heaven hedge height helmet
hen hero highway hill history hobby hole holiday home honey hook hope horn horse hospital hotel
hour house hunger hunter husband ice idea image income industry infant ink insect inspector
instrument interest island issue item jacket jail jar jaw jelly jewel job joke journal journey
judge juice jungle jury kettle key kick king kingdom kiss kitchen kite kitten knee knife knight
knot label labor ladder lady lake lamb lamp land language lantern law lawn lawyer layer leader
leaf league leather lemon lesson letter level library lid life light limit line lion lip list
liver load loan lobby lock log lorry loss luck luggage lunch lung machine magazine magic magnet
maid mail manager map marble march margin market marriage mask master match material matter mayor
meadow meal meaning measure meat medal medicine meeting melon member memory menu merchant message
metal meter middle mile milk mill mind miner minister minute mirror mission mistake mixture model
moment money monkey month mood moon morning mosquito mother motion motor mountain mouse mouth
movement movie mud muscle museum mushroom music musician nail name nation nature neck needle
neighbor nephew nerve nest net network newspaper niece night noise noon north nose note notice
novel number nurse nut oak object ocean offer office officer oil onion opera opinion orange
orchard orchestra order organ origin oven owl owner package page pain painter pair palace palm pan
panel paper parade parcel parent park parrot partner party passage passenger past path patient
pattern peace peach peak pear pearl pen pencil penny people pepper period permit person phone
photograph phrase piano picture pie piece pig pigeon pile pillow pilot pin pipe pirate place plan
planet plant plate platform player pleasure plot plug pocket poem poet point poison police policy
politics pond pony pool port porter position post pot potato pound powder power practice president
price pride priest prince princess print prison prisoner prize problem process product professor
profit program project promise proof property protest pump pupil puppy purpose purse puzzle queen
question quilt rabbit race radio rail railway rain range rat rate reader reason record recipe
region relation religion rent report republic request rescue result reward rhythm ribbon rice
rifle ring river road robot rock rocket roof room root rope rose row rubber ruler rumor sack
saddle safety sailor salad salary sale salt sand sandwich sauce scale scene school science
scientist scissors screen screw sea season seat second secret secretary seed senate sentence
series servant service shadow shape share shark sheep sheet shelf shell shelter ship shirt shoe
shop shore shoulder show shower sister situation size skill skin skirt sky sleeve slice slope
smell smile smoke snail snake snow soap society sock sofa soil soldier solution son song sort
sound soup source south space speaker speech speed spider spirit spoon sport spot spring square
stable staff stage stair stamp standard star state statement station statue steam steel stem step
stick stomach stone store storm story stove stranger straw stream street strength string student
studio study subject success sugar suit summer sun supper supply surface surgeon surprise swan
sweater switch sword symbol system table tail tailor talent tale tank tape target task taste tax
taxi tea teacher team tear telephone temper temple tennis tent term test text theater theory thief
thing thought thread throat throne thumb thunder ticket tide tiger timber time tin tip title toast
tobacco toe tomato tone tongue tool tooth topic tower town toy track trade tradition traffic trail
train traitor tray treasure treaty tree trial triangle tribe trick trip trophy trouble truck
trumpet trunk trust truth tube tunnel turkey turtle twin type uncle uniform union unit university
valley value van vegetable vehicle vessel victim victory view village violin virus visitor voice
volcano volume vote voyage wage wagon waist waiter wall wallet war warning wave wax way weapon
weather wedding week weight west whale wheat wheel whistle widow wife wind window wine wing winner
winter wire wisdom wish witness wolf woman wonder wood wool word worker workshop world worm wound
wrist writer yard year youth zebra zone
"""

_VERBS = """
accept achieve admire admit adopt advise agree allow announce appear approach approve argue
arrange arrest arrive ask assist attack attempt attend attract avoid bake balance bark behave
believe belong blame bless boil borrow bounce bow breathe brush bury calculate call cancel carry
cause celebrate change charge chase check cheer choke claim clap clean clear climb close collect
combine compare complain complete confirm confuse connect consider contain continue control cook
copy correct cough count cover crash crawl create cross crush cry damage dance dare decide declare
decorate delay deliver demand deny depend describe deserve destroy develop disagree disappear
discover discuss divide double doubt drag dream dress drop earn educate employ empty encourage
enjoy enter entertain escape establish examine excite excuse exist expand expect explain explode
explore express extend face fail fasten fear fetch fill film finish fix float flow fold follow
force form frighten gather glance grab greet guard guess guide hammer handle hang happen hate heal
help hesitate hire hope hug hunt hurry identify ignore imagine improve include increase inform
insist inspect intend introduce invent invite join joke judge jump kick kill kiss knock label lack
land last laugh launch learn lift like listen live load lock look love manage mark marry match
measure melt mention miss mix move name need notice obey object observe obtain occur offer open
order organize own pack paint park pass paint perform pick plan plant play point polish pour
practice praise prefer prepare present press pretend prevent print produce promise protect prove
provide publish pull punish push question race rain raise reach realize receive recognize record
recover reduce refuse regret relax release remain remember remind remove repair repeat replace
reply report request rescue respect rest return reveal roll rub ruin rule rush sail save search
seem select separate serve settle shelter shock shout sign signal slip smile smoke snatch sneeze
solve sort spell spill spoil stare start stay steer stir stretch study succeed suffer suggest
supply support suppose surprise surround suspect talk taste telephone thank threaten tie touch
tour trade train travel treat tremble trust try turn twist unite use vanish visit wait walk wander
want warm warn wash waste watch wave welcome whisper whistle wish wonder work worry wrap yell
"""

# Present, past and what follows "has".
_IRREGULAR = """
be was been, beat beat beaten, become became become, begin began begun, bend bent bent,
bite bit bitten, blow blew blown, break broke broken, bring brought brought, build built built,
burn burnt burnt, buy bought bought, catch caught caught, choose chose chosen, come came come,
cut cut cut, dig dug dug, do did done, draw drew drawn, drink drank drunk, drive drove driven,
eat ate eaten, fall fell fallen, feed fed fed, feel felt felt, fight fought fought,
find found found, fly flew flown, forget forgot forgotten, forgive forgave forgiven,
freeze froze frozen, get got got, give gave given, go went gone, grow grew grown, hear heard heard,
hide hid hidden, hit hit hit, hold held held, hurt hurt hurt, keep kept kept, know knew known,
lead led led, leave left left, lend lent lent, lose lost lost, make made made, mean meant meant,
meet met met, pay paid paid, put put put, read read read, ride rode ridden, ring rang rung,
rise rose risen, run ran run, say said said, see saw seen, sell sold sold, send sent sent,
shake shook shaken, shine shone shone, shoot shot shot, sing sang sung, sink sank sunk,
sit sat sat, sleep slept slept, slide slid slid, speak spoke spoken, spend spent spent,
split split split, spread spread spread, stand stood stood, steal stole stolen, stick stuck stuck,
strike struck struck, sweep swept swept, swim swam swum, swing swung swung, take took taken,
teach taught taught, tell told told, think thought thought, throw threw thrown,
understand understood understood, wake woke woken, wear wore worn, weep wept wept, win won won,
write wrote written
"""

_ADJECTIVES = """
able new absent academic active actual afraid alive alone ancient angry annual anxious asleep
available awake awful bad basic beautiful big bitter black blind blue bold brave brief bright
broad broken brown busy calm careful careless central certain cheap cheerful civil clean clear
clever clumsy cold comfortable common complete complex cool correct crazy cruel curious current
daily damp dangerous dark dead deaf dear decent deep delicate delicious different difficult direct
dirty distant double dry dull eager early eastern easy elegant empty endless enormous entire equal
essential evil exact excellent exciting expensive extra faint fair faithful familiar famous fancy
fast fat favorite federal fierce final fine firm flat foolish foreign former fortunate frequent
fresh friendly full funny general generous gentle genuine giant glad global golden good grand
grateful gray great green handsome happy hard harmless healthy heavy helpful hidden high holy
honest hopeful horrible hot huge human humble hungry ideal idle ill important impossible
independent innocent interesting internal invisible jealous joyful keen kind large late lazy legal
light little local lonely long loose loud lovely low loyal lucky mad magnificent main major
married massive mature mean medical mental mild military modern modest moral musical mysterious
narrow nasty national native natural neat necessary nervous nice noble noisy normal northern odd
official old ordinary original painful pale patient peaceful perfect permanent personal pink plain
pleasant plenty polite political poor popular possible powerful practical precious pretty previous
private proper proud public pure purple quick quiet rapid rare raw ready real recent red regular
relative reliable religious remote rich ridiculous rigid ripe romantic rotten rough round royal
rude rural sad safe scared secret selfish senior sensible separate serious severe shallow sharp
short shy sick silent silly silver similar simple single slight slim slow small smart smooth
social soft solid sorry southern special splendid steady steep stiff strange strict strong
stubborn stupid sudden suitable sunny sweet tall tame tender terrible thick thin thirsty tidy
tight tiny tired total tough tropical typical ugly unable uncertain unhappy unique unknown unusual
upset urban urgent useful useless usual vague valuable various vast violent visible vital warm
weak wealthy weary western wet white whole wicked wide wild wise wonderful wooden worried worth
wrong yellow young
"""

_ADVERBS = """
again ahead almost already also always anywhere apart around away abroad afterwards altogether
before below besides beyond certainly downstairs downtown early elsewhere enough especially even
everywhere exactly forever forward fortunately hardly here however indeed indoors inside instead
later maybe meanwhile mostly nearby nearly never nevertheless now nowhere often once only
otherwise outdoors outside perhaps probably quite rather sometimes somewhere soon still straight
suddenly there therefore today together tomorrow tonight too twice unfortunately upstairs usually
very well yesterday yet
"""

_PEOPLE = """
adam alan alice amanda amy andrew angela anna anthony arthur barbara benjamin betty brandon brian
carl carol catherine charles charlotte christine christopher clara cynthia daniel david deborah
dennis diana donald dorothy douglas edward eleanor elizabeth emily emma eric ethan eva florence
frank frederick gabriel george gloria grace gregory hannah harold harry heather helen henry howard
isabel jack jacob james janet jason jennifer jessica joan joseph joshua joyce judith julia justin
karen katherine keith kenneth kevin larry laura lawrence leonard linda lisa louise lucas lucy
margaret maria marie martha martin matthew megan melissa michael michelle monica nancy natalie
nathan nicholas nicole nora oliver olivia oscar pamela patricia patrick paul peter philip rachel
ralph raymond rebecca richard robert roger ronald rosemary roy russell ruth ryan samantha samuel
sandra sarah scott sharon simon sophia stephanie stephen steven susan teresa theodore thomas
timothy tyler vanessa veronica victor victoria vincent virginia walter wayne william anderson
baker bennett brooks campbell carter coleman collins cooper davis edwards evans fisher foster
garcia gibson graham griffin hamilton harris harrison henderson hughes jackson jenkins johnson
kennedy marshall martinez mitchell morgan murphy nelson parker patterson peterson phillips powell
richardson roberts robinson rodriguez rogers sanders simmons simpson stewart sullivan taylor
thompson tucker turner wallace washington watson webster wilson
"""

_PLACES = """
africa alaska america amsterdam arizona asia athens atlanta australia austria baltimore barcelona
belgium berlin boston brazil bristol britain brussels california cambridge canada chicago china
cleveland colorado columbia dallas delhi denmark denver detroit dublin edinburgh egypt england
europe finland florida france geneva georgia germany glasgow greece hamburg hawaii houston hungary
iceland india indiana ireland israel italy jamaica japan kansas kenya lisbon liverpool london
louisiana madrid manchester maryland melbourne memphis mexico miami michigan milan minnesota
montana montreal moscow munich nevada nigeria norway ohio ontario oregon oxford pakistan paris
pennsylvania peru philadelphia phoenix poland portugal prague rome russia scotland seattle seoul
singapore spain stockholm sweden switzerland sydney texas tokyo toronto turkey utah venice vermont
vienna vietnam wales warsaw wyoming zurich
"""

_FUNCTION_WORDS = """
a about above across after against all along although among an and another any anybody anyone
anything are as at because been behind being beneath beside between both but by can cannot could
despite did does doing down during each either else every everybody everyone everything few for from
had has have he her hers herself him himself his how i if in into is it its itself just least less
like many me might mine more most much must my myself near neither no nobody none nor not nothing of
off on onto or other ought our ours over own per same several shall she should since so some
somebody someone something such than that the their them themselves these they this those though
through throughout till to toward towards under underneath unless until up upon us was we were what
whatever when whenever where wherever whether which while who whoever whole whom whose why will with
within without would yes you your yours yourself
next o'clock mister please hello goodbye thanks okay million first second third fourth fifth sixth
seventh eighth ninth tenth english french german american british
don't can't won't isn't didn't doesn't wasn't couldn't i'm you're we're they're it's that's i've
we've i'll you'll they'll she'll there's let's
"""

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
_TEENS = "fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL = f"{_UNITS} {_TEENS}".split()
_CALENDAR = """
monday tuesday wednesday thursday friday saturday sunday january february march april may june
july august september october november december
""".split()
_PLURALS = {
    "child": "children",
    "foot": "feet",
    "gentleman": "gentlemen",
    "fisherman": "fishermen",
    "chairman": "chairmen",
    "goose": "geese",
    "mouse": "mice",
    "people": "peoples",
    "tooth": "teeth",
    "woman": "women",
    "knife": "knives",
    "life": "lives",
    "wife": "wives",
    "leaf": "leaves",
    "half": "halves",
    "shelf": "shelves",
    "wolf": "wolves",
    "thief": "thieves",
    "loaf": "loaves",
    "sheep": "sheep",
    "deer": "deer",
    "scissors": "scissors",
    "series": "series",
    "politics": "politics",
    "tomato": "tomatoes",
    "potato": "potatoes",
    "hero": "heroes",
    "volcano": "volcanoes",
    "mosquito": "mosquitoes",
}
_DOUBLING = set(
    """admit clap drag drop grab hug plan rub ship slip stir wrap bat dig get hit cut put run sit
    swim win begin forget split big fat hot mad red sad slim thin wet dim regret prefer occur
    control permit patrol stun spot""".split()
)


def _is_kept_back(word: str) -> bool:
    """One stem in fourteen, whatever the order of the lists."""
    return zlib.crc32(word.encode()) % 14 == 0


def _stems(block: str) -> list[str]:
    return sorted(set(block.split()))


def plural(noun: str) -> str:
    if noun in _PLURALS:
        return _PLURALS[noun]
    if re.search("(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search("[^aeiou]y$", noun) else noun + "s"


def third(verb: str) -> str:
    """What he, she or it does."""
    return {"be": "is", "do": "does", "go": "goes"}.get(verb) or plural_like(verb)


def plural_like(verb: str) -> str:
    if re.search("(s|x|z|ch|sh)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search("[^aeiou]y$", verb) else verb + "s"


def with_ending(stem: str, ending: str) -> str:
    """Add -ed, -ing, -er or -est as it is spelled."""
    if stem in _DOUBLING:
        return stem + stem[-1] + ending
    if stem in ("tie", "die", "lie") and ending == "ing":
        return stem[:-2] + "y" + ending
    if stem.endswith("e") and not (ending == "ing" and re.search("(ee|oe|ye)$|^be$", stem)):
        return stem[:-1] + ending
    if re.search("[^aeiou]y$", stem) and ending != "ing":
        return stem[:-1] + "i" + ending
    return stem + ending


def adverb(adjective: str) -> str:
    if re.search("[^aeiou]y$", adjective):
        return adjective[:-1] + "ily"
    if adjective.endswith("le") and len(adjective) > 4:
        return adjective[:-1] + "y"
    return adjective + ("ally" if adjective.endswith("ic") and adjective != "public" else "ly")


_ALL_VERBS = [(verb, with_ending(verb, "ed"), with_ending(verb, "ed")) for verb in _stems(_VERBS)]
_ALL_VERBS += [tuple(forms.split()) for forms in _IRREGULAR.replace("\n", " ").split(",")]
_COMPARABLE = {stem for stem in _stems(_ADJECTIVES) if len(stem) <= 5 or stem.endswith("y")}
_COMPARABLE -= set(
    "able actual afraid alive alone bad extra fatal final golden good ideal ill "
    "legal local loyal main major moral rural royal ready total upset usual vital "
    "worth wrong urban native real equal evil giant daily early unhappy".split()
)
_NO_ADVERB = set(
    "afraid alive alone asleep awake big difficult fast fat good ill little long old "
    "red small tall young black blue brown gray green pink purple yellow wooden "
    "golden silver worth friendly lonely lovely early daily ugly silly holy whole "
    "giant hidden human extra able sorry senior junior tired scared worried ready "
    "favorite plenty upset unknown married".split()
)


class Lexicon:
    """Words to choose from, from short to long: those for training, or those kept back."""

    def __init__(self, kept_back: bool) -> None:
        def mine(stem: str) -> bool:
            return _is_kept_back(stem) == kept_back

        def stems(block: str) -> list[str]:
            return sorted(filter(mine, _stems(block)), key=len)

        verbs = [forms for forms in _ALL_VERBS if mine(forms[0]) and forms[0] != "be"]
        self.verbs = sorted(verbs, key=lambda forms: len(forms[0]))
        self.nouns, self.adjectives = stems(_NOUNS), stems(_ADJECTIVES)
        self.comparable = [stem for stem in self.adjectives if stem in _COMPARABLE]
        self.with_adverb = [stem for stem in self.adjectives if stem not in _NO_ADVERB]
        self.adverbs = stems(_ADVERBS)
        self.people = stems(_PEOPLE)
        self.places = stems(_PLACES)

    def words(self) -> list[str]:
        """Every form of every word, without the little words and the numbers."""
        forms = set(self.nouns + self.adjectives + self.adverbs + self.people + self.places)
        forms |= {plural(noun) for noun in self.nouns}
        forms |= {form for verb in self.verbs for form in verb}
        forms |= {third(verb[0]) for verb in self.verbs}
        forms |= {with_ending(verb[0], "ing") for verb in self.verbs}
        forms |= {with_ending(stem, end) for stem in self.comparable for end in ("er", "est")}
        forms |= {adverb(stem) for stem in self.with_adverb}
        return sorted(forms)


KNOWN, KEPT_BACK = Lexicon(kept_back=False), Lexicon(kept_back=True)
LITTLE_WORDS = [*_FUNCTION_WORDS.split(), *_SMALL, *_TENS, "hundred", "thousand", *_CALENDAR]
WORDS = sorted({*KNOWN.words(), *LITTLE_WORDS})
UNTRAINED = sorted({*KEPT_BACK.words()} - set(WORDS))


@cache
def more_words() -> list[str]:
    """Those of the file that hold no word kept back, or most of one: no milkshake, no performer."""
    stems = {word[:-1] if len(word) > 4 and word[-1] in "ey" else word for word in UNTRAINED}
    kept_back = re.compile("|".join(sorted(stem for stem in stems if len(stem) > 3)))
    listed = Path(__file__).with_name("more_words.txt").read_text().split()
    return [word for word in listed if word not in stems and not kept_back.search(word)]


def number(value: int) -> str:
    """0 to 999,999 in words."""
    if value >= 1000:
        rest = f" {number(value % 1000)}" if value % 1000 else ""
        return f"{number(value // 1000)} thousand{rest}"
    if value >= 100:
        rest = f" and {number(value % 100)}" if value % 100 else ""
        return f"{_SMALL[value // 100]} hundred{rest}"
    if value < 20:
        return _SMALL[value]
    rest = f" {_SMALL[value % 10]}" if value % 10 else ""
    return _TENS[value // 10 - 2] + rest


class Writer:
    """Writes sentences: grammatical, and about nothing in particular.

    Short words come up more often than long ones, as in every language (Zipf's law of
    abbreviation): half of all words are from the shortest eighth of the lexicon. An `even` writer
    takes all equally often, so that long ones are heard often enough to learn their spelling.
    """

    def __init__(
        self, rng: np.random.Generator, lexicon: Lexicon = KNOWN, even: bool = False
    ) -> None:
        self.rng, self.lexicon, self.power = rng, lexicon, 1 if even else 3

    def pick(self, words: list[str] | str) -> str:
        choices = words.split() if isinstance(words, str) else words
        return choices[self.rng.integers(len(choices))]

    def usual(self, words: list[Word]) -> Word:
        """One of `words`, which go from short to long."""
        return words[int(len(words) * self.rng.random() ** self.power)]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def adjective(self) -> str:
        if self.chance(0.12):
            stem = self.usual(self.lexicon.comparable)
            return with_ending(stem, self.pick("er est"))
        return self.usual(self.lexicon.adjectives)

    def manner(self) -> str:
        if self.chance(0.5):
            return self.usual(self.lexicon.adverbs)
        return adverb(self.usual(self.lexicon.with_adverb))

    def number(self) -> str:
        digits = int(self.rng.integers(1, 5))
        return number(int(self.rng.integers(2, 10**digits)))

    def name(self) -> str:
        first = self.usual(self.lexicon.people)
        return f"{first} {self.usual(self.lexicon.people)}" if self.chance(0.3) else first

    def things(self) -> str:
        """Who or what, more than one."""
        noun = plural(self.usual(self.lexicon.nouns))
        before = self.pick("the these those some many our their several all few most both such")
        if self.chance(0.35):
            before = self.number()
        return f"{before} {self.adjective()} {noun}" if self.chance(0.5) else f"{before} {noun}"

    def thing(self) -> str:
        """Who or what, just one."""
        noun = self.usual(self.lexicon.nouns)
        phrase = f"{self.adjective()} {noun}" if self.chance(0.55) else noun
        before = self.pick("the the the a a his her my your our their this that every each another")
        if before == "a" and phrase[0] in "aeiou":
            before = "an"
        return f"{before} {phrase}"

    def subject(self) -> tuple[str, bool]:
        """Who does something, and whether that is one third person."""
        kind = self.rng.random()
        if kind < 0.45:
            return self.thing(), True
        if kind < 0.65:
            return self.things(), False
        if kind < 0.8:
            return self.name(), True
        if kind < 0.9:
            return self.pick("he she it somebody everyone nobody"), True
        return self.pick("i you we they"), False

    def object(self) -> str:
        kind = self.rng.random()
        if kind < 0.6:
            return self.thing()
        if kind < 0.85:
            return self.things()
        return self.pick("him her it them us me you") if kind < 0.93 else self.name()

    def where(self) -> str:
        if self.chance(0.3):
            return f"{self.pick('in near from to')} {self.usual(self.lexicon.places)}"
        before = "in on at near behind under above across between against around beside from"
        return f"{self.pick(before + ' into of over through toward with without')} {self.thing()}"

    def when(self) -> str:
        kind = self.rng.random()
        if kind < 0.4:
            return f"{self.pick('on last next every')} {self.pick(_CALENDAR)}"
        if kind < 0.7:
            return f"at {number(int(self.rng.integers(1, 13)))} o'clock"
        unit = self.pick("minutes hours days weeks months years")
        return f"{self.pick('after for in during within')} {self.number()} {unit}"

    def verb(self, single: bool) -> str:
        present, past, done = self.usual(self.lexicon.verbs)
        kind = self.rng.random()
        if kind < 0.4:
            return past
        if kind < 0.6:
            return third(present) if single else present
        if kind < 0.75:
            return f"{'is' if single else 'are'} {with_ending(present, 'ing')}"
        if kind < 0.85:
            return f"{'has' if single else 'have'} {done}"
        helper = "will would can could should must might may did cannot didn't won't couldn't"
        return f"{self.pick(helper)} {present}"

    def clause(self) -> str:
        subject, single = self.subject()
        return f"{subject} {self.verb(single)} {self.object()}"

    def plain(self) -> str:
        parts = [self.clause()]
        for share, more in ((0.45, self.where), (0.25, self.when), (0.25, self.manner)):
            if self.chance(share):
                parts.append(more())
        return " ".join(parts)

    def moved(self) -> str:
        subject, single = self.subject()
        return f"{subject} {self.verb(single)} {self.manner()} {self.where()}"

    def state(self) -> str:
        subject, single = self.subject()
        being = self.pick("is was seems became" if single else "are were seem became")
        degree = self.pick("very quite rather too so not more less really") + " "
        return f"{subject} {being} {degree if self.chance(0.4) else ''}{self.adjective()}"

    def question(self) -> str:
        _, past, _ = self.usual(self.lexicon.verbs)
        present = self.usual(self.lexicon.verbs)[0]
        start = self.pick("why how when where")
        first = f"{start} did {self.thing()} {present} {self.object()}"
        return first if self.chance(0.5) else f"who {past} {self.object()} {self.where()}"

    def joined(self) -> str:
        link = self.pick("and but because when while if although before after until that so")
        return f"{self.clause()} {link} {self.clause()}"

    def few(self) -> str:
        """One to three words on their own."""
        words = WORDS if self.lexicon is KNOWN else UNTRAINED
        return " ".join(self.pick(words) for _ in range(self.rng.integers(1, 4)))

    def sentence(self) -> str:
        kinds: list[Callable[[], str]] = [self.plain, self.moved, self.state, self.question]
        if self.chance(0.2):
            return self.joined()
        return kinds[self.rng.choice(len(kinds), p=[0.5, 0.2, 0.15, 0.15])]()
