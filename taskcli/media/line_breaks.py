"""A text in lines, broken as its scripts allow, as wide as they look."""

from collections.abc import Iterator

from rich.cells import cell_len

from taskcli.media.dictionary_words import dictionary_words
from taskcli.media.patterns import Pattern
from taskcli.media.word_boundaries import GRAPHEME

_BREAKS = Pattern(r"[^\S\u00a0\u2007\u202f]+")  # those three hold together what they part
# Scripts that are written without spaces, whose lines may end anywhere but before a closing mark.
_UNSPACED = Pattern(r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uff60]")
_CLOSING = Pattern(r"[\p{Pe}\p{Pf}\p{Po}\u30fcぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ%]")
_OPENING = Pattern(r"[\p{Ps}\p{Pi}]")


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken as its script allows."""
    lines = [""]
    for atom in atoms(text):
        if cell_len((lines[-1] + atom).strip()) <= width:
            lines[-1] += atom
            continue
        lines.append("")
        for piece in pieces(atom.strip(), width):
            if lines[-1] and cell_len(lines[-1] + piece) > width:
                lines.append("")
            lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


def pieces(atom: str, width: int) -> list[str]:
    """What is longer than a line may be cut between words; one that is, but inside a letter."""
    if cell_len(atom.strip()) <= width:
        return [atom]
    words = dictionary_words(atom)
    is_long = (cell_len(word.strip()) > width for word in words)
    cut = zip(words, is_long, strict=True)
    return [one for word, long in cut for one in (GRAPHEME.findall(word) if long else [word])]


def atoms(text: str) -> Iterator[str]:
    """What no line may break, with the space before it: words, letters of Chinese, a-|b."""
    for word in _BREAKS.split(text):
        space, atom = " ", ""
        for piece in GRAPHEME.findall(word):
            if atom and _may_break(atom, piece):
                yield space + atom
                space = atom = ""
            atom += piece
        if atom:
            yield space + atom


def words_of(text: str) -> Iterator[str]:
    """Words, with the space before them; of Chinese, the letters."""
    word = ""
    for atom in atoms(text):
        if word and (atom[0] == " " or not _is_hyphened(word)):
            yield word
            word = ""
        word += atom
    if word:
        yield word


def _may_break(atom: str, following: str) -> bool:
    if _CLOSING.match(following) or _OPENING.search(atom[-1]):
        return False
    if _is_hyphened(atom) and following.isalpha():
        return True
    return bool(_UNSPACED.search(atom[-1]) or _UNSPACED.match(following))


def _is_hyphened(atom: str) -> bool:
    return len(atom.strip()) > 1 and atom[-1] in "-–—"
