"""What many records amount to: counts of labels, and how scores are spread."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.output.presentation import answers_of, presentation_of
from taskcli.output.sanitize import safe_line
from taskcli.results import Record

_MOST_LABELS = 20
_STEPS = 10  # of scores, each a tenth
_BAR = 40  # characters


@dataclass
class Statistics:
    """Of all answers; of ranked labels, the best one of each input alone.

    Where windows were asked for, each of them counts in place of the whole recording.
    """

    inputs: int = 0
    failures: Counter[str] = field(default_factory=Counter)  # by their type
    answers: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    scores: Counter[int] = field(default_factory=Counter)  # by tenths
    characters: list[int] = field(default_factory=list)  # of texts that were written

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Statistics":
        found = cls()
        for record in records:
            found.add(record)
        return found

    def add(self, record: Record) -> None:
        self.inputs += 1
        if record.error is not None:
            self.failures[record.error.type] += 1
            return
        windows = [one.labels for one in record.windows]
        for result in [record.result] if record.window is None else windows:
            self._count(result)

    def _count(self, result: object) -> None:
        shape = presentation_of(result)
        answers = answers_of(result)
        self.answers += len(answers)
        for one in answers[:1] if shape.view == "ranking" else answers:
            if (label := shape.label_of(one)) is not None:
                self.labels[label] += 1
            if (score := shape.score_of(one)) is not None:
                self.scores[min(int(score * _STEPS), _STEPS - 1)] += 1
            if shape.view in ("text", "transcript", "reply"):
                self.characters.append(len(shape.line(one)))

    def show(self, console: Console) -> None:
        """Print what there is of it."""
        failed = sum(self.failures.values())
        counts = f"{_counted(self.inputs, 'input')}, {_counted(self.answers, 'answer')}"
        console.print(Text(counts, style="bold"))
        for kind, count in self.failures.most_common():
            console.print(Text(f"{count:,} failed: {safe_line(kind)}", style="red"))
        if self.characters:
            told = sorted(self.characters)
            middle, longest = told[len(told) // 2], told[-1]
            console.print(f"characters: least {told[0]:,}, half {middle:,}, most {longest:,}")
        if self.labels:
            console.print(_bars("label", self.labels.most_common(_MOST_LABELS)))
            if (more := len(self.labels) - _MOST_LABELS) > 0:
                console.print(Text(f"and {more:,} other labels", style="dim"))
        if self.scores:
            steps = [
                (f"{step / _STEPS:.1f} to {(step + 1) / _STEPS:.1f}", self.scores[step])
                for step in range(_STEPS)
            ]
            console.print(_bars("score", steps))
        if failed == self.inputs:
            console.print(Text("no input has an answer", style="dim"))


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _bars(heading: str, counted: Iterable[tuple[str, int]]) -> Table:
    rows = list(counted)
    most = max((count for _, count in rows), default=0) or 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(heading, overflow="fold")
    table.add_column("count", justify="right")
    table.add_column("")
    for name, count in rows:
        bar = "━" * round(count / most * _BAR)
        table.add_row(Text(safe_line(name)), f"{count:,}", Text(bar, style="green"))
    return table
