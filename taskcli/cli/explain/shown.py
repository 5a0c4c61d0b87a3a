"""Explanations for a person, as a table, or for the next program, as a line an input."""

from collections.abc import Sequence
from typing import Protocol, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.errors import UsageError
from taskcli.explain import Explanation, Stage, TensorShape
from taskcli.output import open_writer
from taskcli.output.serialize import one_line, plain, to_json

_BAR = 8  # characters of the whole


class Shown(Protocol):
    def write(self, explanation: Explanation) -> None: ...


def open_shown(chosen: str, stream: TextIO, stage: str | None) -> Shown:
    return _Lines(stream, stage) if chosen == "jsonl" else _Tables(stream, stage)


def _named(explanation: Explanation, part: str | None) -> Sequence[Stage]:
    """The stages that `part` is in the name or path of. Raises UsageError if none is."""
    if part is None or explanation.record.error is not None:
        return explanation.stages
    sought = part.casefold()
    found = [one for one in explanation.stages if sought in f"{one.name}\n{one.module}".casefold()]
    if not found:
        names = ", ".join(dict.fromkeys(one.name for one in explanation.stages))
        raise UsageError(f"--stage {part}: no stage is called so", f"there are: {names}")
    return found


class _Lines:
    def __init__(self, stream: TextIO, stage: str | None) -> None:
        self._stream = stream
        self._stage = stage

    def write(self, explanation: Explanation) -> None:
        data = to_json(explanation.record)
        if explanation.record.error is None:
            data |= {
                "architecture": explanation.architecture,
                "parameters": explanation.parameters,
                "multiply_adds": explanation.multiply_adds,
                "seconds": plain(explanation.seconds),
                "stages": [plain(one) for one in _named(explanation, self._stage)],
            }
        self._stream.write(one_line(data) + "\n")
        self._stream.flush()


class _Tables:
    def __init__(self, stream: TextIO, stage: str | None) -> None:
        self._answers = open_writer("rich", stream)
        self._console = Console(file=stream, highlight=False)
        self._stage = stage

    def write(self, explanation: Explanation) -> None:
        self._answers.write(explanation.record)
        if explanation.record.error is not None:
            return
        self._console.print(_table(explanation, _named(explanation, self._stage)))
        self._console.print(_summary(explanation))
        for told in explanation.training:
            self._console.print(Text(told, style="dim"))
        self._console.print()


def _table(explanation: Explanation, stages: Sequence[Stage]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0), header_style="dim")
    table.add_column("stage", ratio=1, overflow="fold")
    table.add_column("in → out", overflow="fold")
    for name in ("weights", "multiply-adds", "memory"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("time", no_wrap=True)
    told = ""
    for stage in stages:
        about, told = stage.about if stage.about != told else "", stage.about
        table.add_row(
            _told(stage, about),
            _flow(stage),
            _count(stage.parameters),
            _count(stage.multiply_adds),
            _bytes(stage.peak_bytes),
            _time(stage.seconds, explanation.seconds) if stage.calls else Text(""),
        )
    return table


def _told(stage: Stage, about: str) -> Text:
    repeats = f"{stage.repeats} × " if stage.repeats > 1 else ""
    text = Text(stage.name, style="bold cyan")
    if about:  # which the stages of a pyramid share
        text.append(f"\n{about}", style="not bold default")
    calls = f", called {stage.calls:,} times" if stage.calls > 1 else ""
    where = stage.module or "the model itself"
    return text.append(f"\n{repeats}{stage.kind}  {where}{calls}", style="not bold dim")


def _flow(stage: Stage) -> Text:
    if not stage.calls:
        return Text("read by other stages", style="dim")
    return Text.assemble(_shapes(stage.inputs), "\n", ("→ ", "dim"), _shapes(stage.outputs))


def _shapes(tensors: Sequence[TensorShape]) -> Text:
    """The first tensor, and how many more there are."""
    if not tensors:
        return Text("–")
    first, *more = tensors
    name = f"{first.name} " if first.name not in ("", "input") else ""
    text = Text(name, style="dim").append(" × ".join(map(str, first.shape)), style="not dim")
    return text.append(f"  +{len(more)}", style="dim") if more else text


def _time(seconds: float, whole: float) -> Text:
    share = seconds / whole if whole else 0.0
    filled = round(share * _BAR)
    bar = ("━" * filled, "green"), ("━" * (_BAR - filled), "bright_black")
    return Text.assemble(*bar, f" {share:4.0%} {seconds * 1e3:8,.1f} ms")


def _summary(explanation: Explanation) -> Text:
    record = explanation.record
    text = Text(
        f"{record.model} ({explanation.architecture}): {explanation.parameters:,} weights, "
        f"{explanation.multiply_adds:,} multiply-adds, {explanation.seconds * 1e3:,.1f} ms in the "
        "model",
        style="dim",
    )
    if not explanation.same:
        text.append("\nThe answer was another while the model was watched.", style="yellow")
    return text


def _count(number: int) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number) if number else "–"


def _bytes(number: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} B" if number else "–"
