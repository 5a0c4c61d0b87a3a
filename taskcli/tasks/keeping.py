"""Which places of a text are kept whole: by patterns, and by the terms of a glossary."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from taskcli.errors import InputError, UsageError, first_line
from taskcli.inputs.delimited import delimiter_of, records
from taskcli.media.encodings import AUTO, decoded
from taskcli.media.word_boundaries import is_spaceless
from taskcli.tasks.kept import Span, own_fillers

_MOST_TIME = 5.0  # seconds that a pattern may take for one text
_COLUMNS = "write a term a line: the word, a tab (or a comma in .csv), and its translation"
_NOTE = "#"  # what a line of a glossary begins with that is none of its terms

# What programs and pages write between words: code, addresses, tags and entities, placeholders.
PLACEHOLDERS = (
    r"```[\s\S]*?```|`[^`\n]+`"
    r"|(?:https?|ftp)://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]|www\.[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|</?[A-Za-z][^<>]*>|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]\w*);"
    r"|\{\{[^{}\n]*\}\}|\$?\{[^{}\n]*\}"
    r"|%(?:\(\w+\))?[-+#0]*\d*(?:\.\d+)?(?:\d+\$)?(?:l{1,2}|h{1,2})?[sdifgxXuc@](?!\w)"
)


@dataclass(frozen=True)
class Keeping:
    """Raises UsageError for a pattern that is none."""

    patterns: Sequence[str] = ()
    terms: Mapping[str, str] = field(default_factory=dict)  # of a glossary, and what is said there

    def __post_init__(self) -> None:
        self._compiled  # noqa: B018  # says what is wrong with it before anything runs

    def spans(self, text: str) -> list[Span]:
        """The places in order, none in another. Raises InputError where a pattern takes long."""
        if not self.patterns and not self.terms:
            return []
        free = list(own_fillers(text))
        for pattern in self._compiled:
            free += _apart(self._matched(pattern, text), free)
        free += _apart(self._terms(text), free)
        return sorted(free)

    @cached_property
    def _compiled(self) -> list[Any]:
        return [_compiled(pattern) for pattern in self.patterns]

    def _matched(self, pattern: Any, text: str) -> Iterator[Span]:
        try:
            for found in pattern.finditer(text, timeout=_MOST_TIME, concurrent=True):
                if found[0]:
                    yield Span(found.start(), found.end(), found[0])
        except TimeoutError:
            raise InputError(
                f"--keep-pattern {pattern.pattern}: it takes longer than {_MOST_TIME:g} s here",
                "write it without a repetition in a repetition",
            ) from None

    def _terms(self, text: str) -> Iterator[Span]:
        if not self.terms:
            return
        for found in self._glossary.finditer(text):
            term = found[0]
            said = self.terms.get(term) or self.terms[term[0].lower() + term[1:]]
            if term not in self.terms:
                said = said[:1].upper() + said[1:]
            yield Span(found.start(), found.end(), said)

    @cached_property
    def _glossary(self) -> Any:
        """The terms as whole words, the longest first; at the head of a sentence capitals, too."""
        import regex

        spelled = {*self.terms, *(term[0].upper() + term[1:] for term in self.terms)}
        longest = sorted(spelled, key=lambda term: (-len(term), term))
        return regex.compile("|".join(map(_whole_word, longest)))


def _compiled(pattern: str) -> Any:
    import regex

    try:
        return regex.compile(pattern)
    except Exception as failure:  # of its parser, which also ends in errors of other kinds
        reason = first_line(failure)
        hint = "to keep a text as it stands, put a \\ before . * + ? ( [ { ^ $ | and \\"
        raise UsageError(f"--keep-pattern {pattern}: {reason}", hint) from None


def _whole_word(term: str) -> str:
    import regex

    before = "" if is_spaceless(term[0]) else r"(?<![\p{L}\p{N}_])"
    behind = "" if is_spaceless(term[-1]) else r"(?![\p{L}\p{N}_])"
    return f"{before}{regex.escape(term)}{behind}"


def _apart(found: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Those that no other place overlaps."""
    held = sorted(taken)
    own = []
    at = 0
    for span in found:
        while at < len(held) and held[at].end <= span.start:
            at += 1
        if at == len(held) or span.end <= held[at].start:
            own.append(span)
    return own


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
    return filled[0], filled[1]
