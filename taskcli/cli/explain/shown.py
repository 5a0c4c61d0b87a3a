"""Explanations for a person, as a table, or for the next program, as a line an input."""

from collections.abc import Sequence
from typing import Any, Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from taskcli.checkpoints.registry import Checkpoint
from taskcli.errors import UsageError
from taskcli.explain import ANSWER, INPUT, Architecture, Explanation, Stage, TensorShape
from taskcli.output import open_writer
from taskcli.output.sanitize import safe_line
from taskcli.output.serialize import one_line, plain, to_json

_BAR = 8  # characters of the whole
_WIDTHS = (7, 13, 7, 25)  # of the columns of numbers, in characters


class Shown(Protocol):
    def write(self, explanation: Explanation) -> None: ...

    def write_architecture(
        self, task: str, checkpoint: Checkpoint, drawn: Architecture
    ) -> None: ...


def open_shown(asked: str, stream: TextIO, stage: str | None) -> Shown:
    """In the format that is `asked` for; auto is a table where somebody looks."""
    lines = asked == "jsonl" or (asked == "auto" and not stream.isatty())
    return _Lines(stream, stage) if lines else _Tables(stream, stage)


def named(stages: Sequence[Stage], part: str | None) -> Sequence[Stage]:
    """The stages that `part` is in the name or path of. Raises UsageError if none is."""
    if part is None:
        return stages
    sought = part.casefold()
    found = [one for one in stages if sought in f"{one.name}\n{one.module}".casefold()]
    if not found:
        names = ", ".join(dict.fromkeys(one.name for one in stages))
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
                "seconds_between": plain(explanation.seconds_between),
                "same": explanation.same,
                **({} if (look := explanation.look) is None else {"looked_same": look.same}),
                "stages": [plain(one) for one in named(explanation.stages, self._stage)],
            }
        self._put(data)

    def write_architecture(self, task: str, checkpoint: Checkpoint, drawn: Architecture) -> None:
        self._put(
            {
                "task": task,
                "model": checkpoint.name,
                "revision": checkpoint.revision,
                "architecture": drawn.model_type,
                "parameters": drawn.parameters,
                "multiply_adds": drawn.multiply_adds,
                "sizes": dict(drawn.sizes),
                "stages": [plain(one) for one in named(drawn.stages, self._stage)],
                **({"lacking": drawn.lacking} if drawn.lacking else {}),
            }
        )

    def _put(self, data: dict[str, Any]) -> None:
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
        self._console.print(_table(explanation.seconds, named(explanation.stages, self._stage)))
        self._console.print(_summary(explanation))
        self._tell(explanation.training)

    def write_architecture(self, task: str, checkpoint: Checkpoint, drawn: Architecture) -> None:
        self._console.print(Text(f"{safe_line(checkpoint.name)}: {drawn.kind}", style="bold"))
        self._console.print(_table(None, named(drawn.stages, self._stage)))
        self._console.print(_outline(drawn))
        self._tell(drawn.training)

    def _tell(self, training: Sequence[str]) -> None:
        for told in training:
            self._console.print(Text(told, style="dim"))
        self._console.print()


def _outline(drawn: Architecture) -> Text:
    sizes = ", ".join(f"{name} {size:,}" for name, size in drawn.sizes.items())
    text = Text(f"{drawn.model_type}: {drawn.parameters:,} weights", style="dim")
    if drawn.lacking:
        why = f"\nno shapes: it cannot be followed without an input ({safe_line(drawn.lacking)})"
        return text.append(why, style="yellow")
    return text.append(f", {drawn.multiply_adds:,} multiply-adds for {sizes}")


def _table(whole: float | None, stages: Sequence[Stage]) -> Group:
    """`whole` is the time of all stages in seconds, None where there was no input to time.

    What is told of a stage has the width of the terminal; its numbers stand in columns below.
    """
    names = ("weights", "multiply-adds", *(() if whole is None else ("memory", "time")))
    heads = [Text(name, style="dim") for name in names]
    parts: list[RenderableType] = [_row(Text("in → out", style="dim"), heads), ""]
    told = {""}
    for stage in stages:
        parts.append(_title(stage))
        if stage.about not in told:  # which the stages of a pyramid share
            parts.append(Text(stage.about))
            told.add(stage.about)
        parts += [_row(_flow(stage), _numbers(stage, whole)), ""]
    return Group(*parts)


def _row(flow: Text, numbers: Sequence[Text]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(ratio=1, overflow="fold")
    for width, _ in zip(_WIDTHS, numbers, strict=False):
        table.add_column(justify="right", width=width, no_wrap=True)
    table.add_row(flow, *numbers)
    return table


def _numbers(stage: Stage, whole: float | None) -> list[Text]:
    counted = [Text(_amount(stage.parameters)), Text(_amount(stage.multiply_adds))]
    if whole is None or stage.seconds is None:
        return counted
    time = _time(stage.seconds, whole) if stage.calls else Text("")
    return [*counted, Text(_amount(stage.peak_bytes or 0, "B")), time]


def _title(stage: Stage) -> Text:
    repeats = f"{stage.repeats} × " if stage.repeats > 1 else ""
    calls = f", called {stage.calls:,} times" if stage.calls > 1 else ""
    where = {INPUT: "before the model", ANSWER: "behind the model", "": "the model itself"}.get(
        stage.module, stage.module
    )
    text = Text(stage.name, style="bold cyan")
    return text.append(f"  {repeats}{stage.kind}  {where}{calls}", style="not bold dim default")


def _flow(stage: Stage) -> Text:
    if not (stage.inputs or stage.outputs):
        read = "read by other stages" if stage.read else "no part in this"
        return Text("–" if stage.calls else read, style="dim")
    return Text.assemble(_shapes(stage.inputs), (" → ", "dim"), _shapes(stage.outputs))


def _shapes(tensors: Sequence[TensorShape]) -> Text:
    """The first tensor, and how many more there are."""
    if not tensors:
        return Text("–")
    first, *more = tensors
    text = Text(" × ".join(map(str, first.shape)))
    return text.append(f" +{len(more)}", style="dim") if more else text


def _time(seconds: float, whole: float) -> Text:
    share = seconds / whole if whole else 0.0
    filled = round(share * _BAR)
    bar = ("━" * filled, "green"), ("━" * (_BAR - filled), "bright_black")
    return Text.assemble(*bar, f" {share:4.0%} {seconds * 1e3:8,.1f} ms")


def _summary(explanation: Explanation) -> Text:
    record = explanation.record
    text = Text(
        f"{record.model} ({explanation.architecture}): {explanation.parameters:,} weights, "
        f"{explanation.multiply_adds:,} multiply-adds, {explanation.seconds * 1e3:,.1f} ms, of "
        f"which {explanation.seconds_between * 1e3:,.1f} ms between the stages",
        style="dim",
    )
    if not explanation.same:
        text.append("\nThe answer was another while the model was watched.", style="yellow")
    if explanation.look is not None and not explanation.look.same:
        text.append("\nIt was another while attention was written out for views.", style="yellow")
    return text


def _amount(number: int, unit: str = "") -> str:
    """Three digits, with what they are thousands, millions or more of."""
    for prefix, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:  # what three digits would round up to it
            return f"{_three_digits(number / size)} {prefix}{unit}"
    return f"{number} {unit}".rstrip() if number else "–"


def _three_digits(number: float) -> str:
    return f"{number:,.0f}" if number >= 999.5 else f"{number:.3g}"
