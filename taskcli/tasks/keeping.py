"""Which places of a text are kept whole: by patterns, and by the terms of a glossary."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from taskcli.errors import InputError, UsageError, first_line
from taskcli.tasks.glossary import Glossary
from taskcli.tasks.kept import Span, own_fillers

_MOST_TIME = 5.0  # seconds that a pattern may take for one text

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
        free += _apart(self._glossary.spans(text), free)
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

    @cached_property
    def _glossary(self) -> Glossary:
        return Glossary(self.terms)


def _compiled(pattern: str) -> Any:
    import regex

    try:
        return regex.compile(pattern)
    except Exception as failure:  # of its parser, which also ends in errors of other kinds
        reason = first_line(failure)
        hint = "to keep a text as it stands, put a \\ before . * + ? ( [ { ^ $ | and \\"
        raise UsageError(f"--keep-pattern {pattern}: {reason}", hint) from None


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
