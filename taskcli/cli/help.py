"""--help: what it does, examples, the commonest options on the first screen, then the rest."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from taskcli.cli.defaults import trust_defaults
from taskcli.config.flags import bounds_of

_COMMON = "Common options"
_MOST = 10  # options that stand first
_OWN = 3  # of them the task's own at most
# Of the task's own what is looked for first; without a question or a language there is no answer.
_SOUGHT = ("question", "source_language", "target_language", "max_length")
# Those of every task, the commonest first.
_SHARED = (
    "model", "output", "format", "text", "recursive", "device", "save_dir", "resume", "report",
    "dry_run", "quiet",
)  # fmt: skip
_WIDEST = 100  # columns: longer lines are hard to read
_FLAGS = 26  # columns for an option and its value; a longer one has a line of its own
_VALUES: Mapping[str, str] = {"str": "WORD", "int": "N", "float": "X", "path": "FILE", "bool": ""}


class Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        trust_defaults(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _show(self, ctx)


class Group(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        trust_defaults(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _show(self, ctx)


def _show(command: Any, ctx: Any) -> None:
    console = Console(highlight=False)
    console.width = min(console.width, _WIDEST)
    pieces = " ".join(command.collect_usage_pieces(ctx)).replace("[[", "[").replace("]]", "]")
    console.print(Text("Usage: ", style="bold").append(f"{ctx.command_path} {pieces}"))
    for paragraph in (command.help or "").split("\n\n"):
        console.print()
        lines = paragraph if "\n  " in paragraph else " ".join(paragraph.split())
        console.print(Text.from_markup(lines))
    for title, parameters in _sections(command, ctx).items():
        _print_rows(console, title, [_row(parameter, ctx) for parameter in parameters])
    for title, commands in _commands(command, ctx).items():
        _print_rows(console, title, commands)
    if command.epilog:
        console.print()
        console.print(Text.from_markup(command.epilog))


def _sections(command: Any, ctx: Any) -> dict[str, list[Any]]:
    """The options by their panels; those of a run have the commonest before all."""
    parameters = [one for one in command.get_params(ctx) if not getattr(one, "hidden", False)]
    options = [one for one in parameters if one.param_type_name == "option"]
    arguments = [one for one in parameters if one.param_type_name != "option" and one.help]
    sections: dict[str, list[Any]] = {"Arguments": arguments} if arguments else {}
    common = _common(command.name, options)
    if common:
        sections[_COMMON] = common
    grouped: defaultdict[str, list[Any]] = defaultdict(list)
    for one in options:
        if one not in common:
            own = f"More of {command.name}" if common else "Options"
            grouped[getattr(one, "rich_help_panel", None) or own].append(one)
    return sections | grouped


def _common(task: str, options: list[Any]) -> list[Any]:
    """The ten commonest options of a task, its own first; nothing for another command."""
    named = {one.name: one for one in options}
    if not {"model", "output"} <= named.keys():
        return []
    if not _saves_files(task):
        del named["save_dir"]
    own = [one for one in options if one.rich_help_panel is None and one.name != "help"]
    sought = {name: place for place, name in enumerate(_SOUGHT)}
    own = sorted(own, key=lambda one: sought.get(one.name, len(sought)))[:_OWN]
    shared = [named[name] for name in _SHARED if name in named and named[name] not in own]
    return [*own, *shared[: _MOST - 1 - len(own)], named["help"]]


def _saves_files(task: str) -> bool:
    from taskcli.output.presentation import saved_by
    from taskcli.tasks import BY_NAME

    return task not in BY_NAME or bool(saved_by(BY_NAME[task].result))


def _row(parameter: Any, ctx: Any) -> tuple[Text, str]:
    told = parameter.help or ""
    if parameter.param_type_name != "option":
        return Text(parameter.metavar or parameter.name.upper(), style="cyan"), told
    if parameter.secondary_opts:
        told = f"{told} Off by {', '.join(parameter.secondary_opts)}."
    value = _value(parameter, ctx)
    if len(value) > _FLAGS - len(max(parameter.opts, key=len)) - 4 and "|" in value:
        if not value.isupper():  # words to choose from, not kinds of words
            told = f"{told} One of {value.replace('|', ', ')}."
        value = (parameter.name or "").split("_")[-1].upper()
    flags = sorted(parameter.opts, key=len)
    words = Text(("" if len(flags[0]) == 2 else "    ") + ", ".join(flags), style="cyan")
    told = " ".join(filter(None, [told, bounds_of(parameter)]))
    default = parameter.default
    if default not in (None, False, "", [], ()) and not callable(default) and value:
        told = f"{told} [{default}]"
    return words.append(f" {value}", style="yellow") if value else words, told


def _value(parameter: Any, ctx: Any) -> str:
    """How a value is spelled, in words of the field and not of Python."""
    if parameter.metavar:
        return str(parameter.metavar)
    kind = str(parameter.display_type(ctx)).split(" [")[0].strip("<>[]").removesuffix(" range")
    kind = kind.removeprefix("list[").rstrip("]")
    return _VALUES.get(kind.lower(), kind)


def _commands(command: Any, ctx: Any) -> dict[str, list[tuple[Text, str]]]:
    grouped: defaultdict[str, list[tuple[Text, str]]] = defaultdict(list)
    for name in command.list_commands(ctx) if isinstance(command, TyperGroup) else ():
        one: Any = command.get_command(ctx, name)
        panel = getattr(one, "rich_help_panel", None) or "Commands"
        told = one.short_help or (one.help or "").split("\n\n")[0].replace("\n", " ")
        grouped[panel].append((Text(name, style="cyan"), told))
    return dict(grouped)


def _print_rows(console: Console, title: str, rows: list[tuple[Text, str]]) -> None:
    """Two columns; what is too long for the first stands on a line of its own."""
    console.print()
    console.print(Text(title, style="bold"))
    wide = min(_FLAGS, max(len(first) for first, _ in rows))
    for first, told in rows:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=wide, no_wrap=True)
        table.add_column(overflow="fold")
        if len(first) > wide:
            console.print(Text("  ").append(first), soft_wrap=True)
            first = Text()
        table.add_row(first, Text(told))
        console.print(Padding(table, (0, 0, 0, 2)))
