"""Which of a checkpoint's codes a word means: a code in any style, or a name in any language."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from taskcli.errors import UsageError

if TYPE_CHECKING:
    from langcodes import Language

# Languages that stand for one another as codes, beyond what langcodes knows of macrolanguages.
_NO_REGIONS = ("XX", "AR")  # mBART's, for English and for Arabic: fr_XX, ar_AR
_SAME = {"nb": "no", "pbt": "ps", "quy": "qu", "fuv": "ff"}


@dataclass(frozen=True)
class Meaning:
    """What a code or a name means; script and region only where they are said."""

    language: str
    script: str | None
    region: str | None
    likely_script: str | None


def one_of(word: str, codes: Iterable[str], flag: str) -> str:
    """The code that a word means. Raises UsageError unless there is exactly one."""
    codes = list(codes)
    fitting = matching(word, codes)
    if len(fitting) != 1:
        problem = "unknown language" if not fitting else "more than one language is called"
        raise UsageError(f"{flag} {word}: {problem} {word}", known_languages(fitting or codes))
    return fitting[0]


def matching(word: str, codes: Iterable[str]) -> list[str]:
    """The codes that a word may mean: `fr` finds fr_XX and fr itself; French finds both."""
    codes = list(codes)
    whole = [code for code in codes if code == word]
    batch_key = [c for c in codes if c.split("_")[0] == word or c.lower() == word.lower()]
    if whole or len(batch_key) == 1:
        return whole or batch_key
    wanted = meaning(word)
    if wanted is None:
        return batch_key
    known = {code: meant for code in codes if (meant := meaning(code))}
    fitting = [code for code, meant in known.items() if _may_be(wanted, meant)]
    return _nearest(wanted, {code: known[code] for code in fitting}) or batch_key


def _may_be(wanted: Meaning, known: Meaning) -> bool:
    if wanted.language != known.language:
        return False
    said = all(one.script or one.region for one in (wanted, known))
    return not said or wanted.likely_script == known.likely_script


def _nearest(wanted: Meaning, known: Mapping[str, Meaning]) -> list[str]:
    """Of several codes of one language those of the region that was said, else of none."""
    for region in (wanted.region, None):
        if near := [code for code, meant in known.items() if meant.region == region]:
            return near
    return list(known)


@cache
def meaning(word: str) -> Meaning | None:
    """What a code, in any style, or a name in any language means; None where nobody knows."""
    from langcodes import Language

    found = _by_code(word) or _by_name(word)
    if found is None:
        return None
    plain = found.prefer_macrolanguage()
    region = None if plain.territory in _NO_REGIONS else plain.territory
    code = plain.language or "und"
    likely = plain if region or plain.script else Language.get(code)
    return Meaning(_SAME.get(code, code), plain.script, region, likely.maximize().script)


def _by_code(word: str) -> "Language | None":
    from langcodes import Language

    with suppress(LookupError, ValueError):
        found = Language.get(word.strip("_<> ").replace("_", "-"))
        return found if found.is_valid() and found.language else None
    return None


def _by_name(word: str) -> "Language | None":
    from langcodes import Language

    with suppress(LookupError):
        return Language.get(Language.find(word).to_tag())  # Tagalog's code is replaced by fil
    return None


def short_code(code: str | None) -> str | None:
    meant = meaning(code) if code else None
    return meant.language if meant else None


def known_languages(codes: Iterable[str]) -> str:
    return "known languages: " + ", ".join(codes)
