"""Texts on a terminal: entities marked, an answer in what stands around it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, ConsoleOptions
from rich.text import Text

from taskcli.output.entity_spans import Span, text_spans
from taskcli.output.palette import Colour, colour_of, hexadecimal, text_color_on
from taskcli.output.sanitize import safe, safe_line
from taskcli.results import Answer, Entity

_WHOLE = 4_000  # characters of a text that is shown whole
_AROUND = 120  # characters on each side of what is quoted


class EntityHighlighter:
    """The running text with its entities, then how many there are of each kind.

    Of a long text only what stands around the entities is shown.
    """

    def __init__(
        self, text: str, found: Sequence[Entity], known: Mapping[str, Colour] | None
    ) -> None:
        self._known = known
        self._parts = list(text_spans(text, found))
        self._whole = len(text) <= _WHOLE

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        shown = Text()
        for number, part in enumerate(self._parts):
            if part.kind:
                shown.append_text(self._mark(part))
            else:
                first, last = number == 0, number == len(self._parts) - 1
                shown.append(safe(part.text if self._whole else _ends(part.text, first, last)))
        yield shown
        yield self._legend()

    def _legend(self) -> Text:
        counted = Counter(part.kind for part in self._parts if part.kind)
        legend = Text()
        for kind, count in counted.items():
            legend.append(safe_line(kind), style=f"bold {self._style(kind)}")
            legend.append(f" {count}   ", style="dim")
        return legend

    def _mark(self, part: Span) -> Text:
        """On its kind's colour; in brackets where there are none to tell an entity by."""
        word, kind = safe(part.text), safe_line(part.kind)
        if self._known is None:
            return Text(f"[{word} {kind}]")
        style = self._style(part.kind)
        return Text(word, style=f"bold {style}").append(f" {kind}", style="not bold")

    def _style(self, kind: str) -> str:
        if self._known is None:
            return ""
        colour = colour_of(kind, self._known)
        return f"{hexadecimal(text_color_on(colour))} on {hexadecimal(colour)}"


def _ends(text: str, first: bool, last: bool) -> str:
    """What follows one entity and what leads to the next."""
    if len(text) <= 2 * _AROUND:
        return text
    before = "" if first else text[:_AROUND].rsplit(" ", 1)[0]
    after = "" if last else text[-_AROUND:].split(" ", 1)[-1]
    return f"{before} … {after}"


def quoted(answer: Answer, text: str) -> Text:
    """The answer with the words around it."""
    start, end = max(0, answer.start - _AROUND), min(len(text), answer.end + _AROUND)
    before, after = text[start : answer.start], text[answer.end : end]
    if start:
        before = "… " + before.split(" ", 1)[-1]
    if end < len(text):
        after = after.rsplit(" ", 1)[0] + " …"
    shown = Text(safe_line(before))
    shown.append(safe_line(answer.answer), style="bold green underline")
    return shown.append(safe_line(after))
