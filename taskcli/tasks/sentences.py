"""A text as its sentences, of which every letter is in one: joined, they are the text.

The library knows the marks of three hundred languages and what is abbreviated in them. What it
takes for an end and a reader does not is joined again: numbers of lists, initials, and full stops
within words or before small letters. A Thai text whose sentences no mark ends is one sentence:
where it is too long, it is parted at its spaces, with which Thai parts phrases.
"""

import itertools
from collections.abc import Iterator

from taskcli.media.patterns import Pattern
from taskcli.media.word_boundaries import runs_on

# Where a text's language is not known, none of these may hold a full stop to be an abbreviation's.
# (Those of Italian and Dutch are words of others: it, so.)
_LIKELY = ("en", "de", "fr", "es", "pt", "pl", "ru")
_NUMBER = Pattern(r"(\d{1,3})\.\s*$")  # of a list, of a chapter, in a date
_ITEM = Pattern(r"\s*(\d{1,3})\.\s")
_ABBREVIATED = Pattern(r"^\s*\p{Ll}\S*\.\s*$")  # a word that begins small, alone
_STOP = Pattern(r"\.[\p{Pe}\p{Pf}\"']*(\s*)$")
# The library's time grows with the square of a text without spaces: it is given some at once.
_BLOCK = Pattern(r".{4000}[^。！？!?।۔؟]*[。！？!?।۔؟]+[\p{Pe}\p{Pf}\"']*\s*|.+")
_SPACE = Pattern(r"\s")
_NEAR = 40  # characters before an end that tell what it is of
# The one mark of an end that Thai has, and those of Khmer, which writes ។ល។ for "and so on".
_OWN_ENDS = Pattern(r"(?:[๛៕]|(?<!។ល)។(?!ល។))[\p{Pe}\p{Pf}\"']*\s*")
_SAYS = Pattern(r"^(?:と|って)")  # after a quotation, in Japanese


def sentences(text: str, language: str | None = None) -> list[str]:
    """The sentences of a text in a language (a code of two letters), each with what follows it."""
    if not text.strip():
        return [text] if text else []
    first, *others = (language, "en") if language else _LIKELY
    sure = set.intersection(*(_ends(text, one) for one in others))
    found = _ends(text, first)
    ends = {
        end for end in found if end in sure or not _STOP.search(text[max(0, end - _NEAR) : end])
    }
    ends |= {found.end() for found in _OWN_ENDS.finditer(text)} | {len(text)}
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *sorted(ends)])]
    return list(_rejoined(_numbered(pieces)))


def _ends(text: str, language: str) -> set[int]:
    """Where the library ends sentences, as counts of code points."""
    # It counts bytes and breaks inside spaces of several, so it sees every space as a plain one.
    blocks = _BLOCK.findall(_SPACE.sub(" ", text))
    pieces = (piece for block in blocks for piece in _segmented(language, block))
    return {end for end in itertools.accumulate(map(len, pieces)) if 0 < end < len(text)}


def _segmented(language: str, text: str) -> list[str]:
    import sentencex

    try:
        found: list[str] = sentencex.segment(language, text)
    except BaseException as failure:  # a fault in it is none of an Exception's kind
        if type(failure).__name__ != "PanicException":
            raise
        return [text]
    return found


def _numbered(pieces: list[str]) -> Iterator[str]:
    """With the numbers of a list that runs on in a line before what they number: 1. a 2. b."""
    number, carried = 0, ""
    for piece in pieces[:-1]:
        whole = carried + piece
        if (begins := _ITEM.match(whole)) and (carried or not number):
            number = int(begins[1])
        found = _NUMBER.search(whole)
        follows = found is not None and number > 0 and int(found[1]) == number + 1
        cut = found.start() if found and follows else len(whole)
        if cut:
            yield whole[:cut]
        carried = whole[cut:]
    yield carried + pieces[-1]


def _rejoined(pieces: Iterator[str]) -> Iterator[str]:
    parts: list[str] = []
    for piece in pieces:
        if parts and _is_end(parts, piece):
            yield "".join(parts)
            parts = []
        parts.append(piece)
    yield "".join(parts)


def _is_end(parts: list[str], after: str) -> bool:
    """Whether a sentence ends behind its parts so far, as the library says of the last of them."""
    before = parts[-1][-_NEAR:]
    if before.endswith("」") and _SAYS.match(after):
        return False
    stop = _STOP.search(before)
    if stop is None:
        return True
    if not stop[1] or runs_on(before, after):
        return False
    is_number = len(parts) == 1 and _NUMBER.fullmatch(before.strip())
    is_word = len(parts) == 1 and _ABBREVIATED.match(before)
    return not is_number and not is_word and not _NUMBER.fullmatch(after.strip())
