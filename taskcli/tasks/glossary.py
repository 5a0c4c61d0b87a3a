"""The terms of a glossary: read from a table, and found in texts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from taskcli.errors import InputError, UsageError
from taskcli.inputs.delimited import delimiter_of, records
from taskcli.media.encodings import AUTO, decoded
from taskcli.media.patterns import Pattern
from taskcli.media.word_boundaries import SPACELESS, is_spaceless
from taskcli.tasks.kept import Span

_COLUMNS = "write a term a line: the word, a tab (or a comma in .csv), and its translation"
_NOTE = "#"  # what a line of a glossary begins with that is none of its terms
_BEGINNING = Pattern(rf"(?<![\p{{L}}\p{{N}}_])\S|[{SPACELESS}]")
_GOES_ON = Pattern(r"[\p{L}\p{M}\p{N}_]")


class Glossary:
    """Terms and what is said for each: whole words, the longest first, with capitals, too.

    How long it takes to find them hangs on the text and on how long terms are, not on how many
    there are: a pattern of ten thousand alternatives tries all of them at each letter.
    """

    def __init__(self, terms: Mapping[str, str]) -> None:
        self._said = {_capital(term): _capital(said) for term, said in terms.items()} | {**terms}
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for term in self._said:
            lengths[term[0]].add(len(term))
        self._lengths = {first: sorted(own, reverse=True) for first, own in lengths.items()}

    def spans(self, text: str) -> Iterator[Span]:
        """Their places in a text, in order, none in another."""
        end = 0
        for found in _BEGINNING.finditer(text) if self._said else ():
            start = found.start()
            if start >= end and (term := self._term(text, start)):
                end = start + len(term)
                yield Span(start, end, self._said[term])

    def _term(self, text: str, start: int) -> str | None:
        """The longest term that begins at a place and ends with a word."""
        for length in self._lengths.get(text[start], ()):
            term = text[start : start + length]
            if term in self._said and _is_whole(term, text, start + length):
                return term
        return None


def _capital(words: str) -> str:
    """As they stand at the head of a sentence."""
    return words[:1].upper() + words[1:]


def _is_whole(term: str, text: str, end: int) -> bool:
    return is_spaceless(term[-1]) or not _GOES_ON.match(text, end)


def read_glossary(file: Path) -> dict[str, str]:
    """The terms of a table of two columns, and what they are translated as.

    Raises UsageError for what is none.
    """
    try:
        text = decoded(file.read_bytes(), AUTO)
    except OSError as failure:
        raise UsageError(f"--glossary {file}: {failure.strerror}") from None
    except InputError as failure:
        raise UsageError(f"--glossary {file}: {failure.message}", "save it as UTF-8") from None
    lines = ["\n" if line.startswith(_NOTE) else line for line in text.splitlines(keepends=True)]
    delimiter = "\t" if "\t" in text else delimiter_of("".join(lines), True, ",")
    terms: dict[str, str] = {}
    for row in records(lines, delimiter):
        term, said = _pair(file, row.line, row.cells)
        if terms.setdefault(term, said) != said:
            what = f"line {row.line}: {term} is given twice: {terms[term]}, {said}"
            raise UsageError(f"--glossary {file}: {what}", "leave one of them out")
    if not terms:
        raise UsageError(f"--glossary {file}: there are no terms in it", _COLUMNS)
    return terms


def _pair(file: Path, line: int, cells: Sequence[str]) -> tuple[str, str]:
    filled = [cell.strip() for cell in cells]
    if len(filled) < 2 or not filled[0] or not filled[1]:
        raise UsageError(f"--glossary {file}: line {line} is no pair of terms", _COLUMNS)
    if more := [cell for cell in filled[2:] if cell]:
        raise UsageError(
            f"--glossary {file}: line {line} has more than a pair: {more[0]}", _COLUMNS
        )
    return filled[0], filled[1]
