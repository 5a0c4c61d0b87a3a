"""Generate docs/commands.md from the commands themselves; `--check` fails when it is stale."""

import inspect
import sys
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from generated import keep
from typer.models import ArgumentInfo

from taskcli.checkpoints.registry import Registry
from taskcli.cli.commands import COMMANDS
from taskcli.cli.explain.command import shown_options
from taskcli.config.flags import bounds_of, flags_as_typed
from taskcli.config.options import ClusterOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.formats import FORMATS, Format
from taskcli.media import MEDIA
from taskcli.task import Task
from taskcli.tasks import BY_NAME, TASKS

PAGE = Path(__file__).parent / "commands.md"
HEAD = """# Commands

Generated from the code by `make docs`; `taskcli TASK --help` shows the same.

"""
SHARED = {
    "Checkpoint": ModelOptions,
    "Running": RunOptions,
    "Several machines": ClusterOptions,
    "Output": OutputOptions,
}


def main() -> int:
    sections = [*map(_task_section, TASKS), *_shared_sections(), *_other_sections()]
    page = HEAD + "\n".join(sections)
    return keep(PAGE, page)


def _task_section(task: type[Task[Any, Any, Any]]) -> str:
    examples = "\n".join(task.examples)
    checkpoints = _checkpoints("model", task.name)
    if task.Helper is not None:
        checkpoints += "\n" + _checkpoints(task.Helper.name, task.Helper.name)
    return (
        f"## {task.name}\n\n{inspect.getdoc(task)}\n\n```sh\n{examples}\n```\n\n"
        f"{_options_table(task.Options, task.Output)}\n"
        f"{checkpoints}"
    )


def _checkpoints(flag: str, registry: str) -> str:
    rows = "\n".join(_checkpoint_rows(registry))
    return f"| `--{flag}` | checkpoint | licence | when |\n|---|---|---|---|\n{rows}\n"


def _checkpoint_rows(task: str) -> Iterator[str]:
    registry = Registry(task)
    for name in registry.names:
        checkpoint = registry.resolve(name)
        where = checkpoint.repo or "ships with taskcli"
        license = checkpoint.license or "not known"
        yield f"| `{name}` | {where} | {license} | {checkpoint.about} |"


def _shared_sections() -> Iterator[str]:
    yield "## Options of every task\n"
    for media, medium in MEDIA.items():
        yield f"### Inputs ({media})\n\n{_options_table(medium.load_options())}"
    for title, group in SHARED.items():
        yield f"### {title}\n\n{_options_table(group)}"
    yield _formats_table()
    yield _OWN_COLUMNS


_OWN_COLUMNS = """With `--keep`, columns of the user's own stand beside the answer. In `jsonl` and
`json` they are the object `fields` of a record, values as they were read. In `csv`, `tsv` and
`parquet` they are the first columns, in their order and under their own names; of ours, one whose
name is taken has `result.` before it, such as `result.label`. Rows that failed are there, with
their `error`. In `csv` and `tsv` a row has a line for each of its answers, so one line if it has a
single one (`--top-k 1`) or none; in `parquet` it is one row whatever it has, and columns keep the
types that they had in Parquet, or get the one that all their values in JSON fit in. Columns of
bytes, such as pictures, are not kept.
"""


def _formats_table() -> str:
    rows = "".join(map(_format_row, FORMATS.values()))
    return (
        f"### Formats\n\n| `--format` | what it is | extension | tasks |\n|---|---|---|---|\n{rows}"
    )


def _format_row(format: Format) -> str:
    extensions = " ".join(f"`{extension}`" for extension in format.extensions)
    where = "a folder" if format.kind == "folder" else extensions
    tasks = ", ".join(task.name for task in TASKS if format.name in task.formats()) or "every"
    return f"| `{format.name}` | {format.about} | {where} | {tasks} |\n"


def _other_sections() -> Iterator[str]:
    """The commands that are no tasks, by their functions' signatures."""
    rows = [row for row in COMMANDS.values() if row.home and row.name not in BY_NAME]
    for panel in dict.fromkeys(("Results", *(row.panel for row in rows))):
        yield f"## {panel}\n"
        if panel == COMMANDS["explain"].panel:
            yield _explain_section()
        yield from (_command_section(one.words, one.load()) for one in rows if one.panel == panel)


def _explain_section() -> str:
    """One section for the commands of all tasks, which differ in the task's own options alone."""
    return (
        f"### explain TASK\n\n{COMMANDS['explain'].summary}\n\n"
        "It takes the inputs and options of the task's own command that decide the answer; "
        "`--report`, `--save-dir` and `--overwrite`, which leave what flows between the stages as "
        "a page and as files, and\n\n"
        f"{_options_table(shown_options)}"
    )


def _command_section(name: str, command: Callable[..., Any]) -> str:
    hints = get_type_hints(command, include_extras=True)
    words = [
        (get_args(hint)[1].metavar or f"[{name.upper()}]") + _repeated(hint)
        for name, hint in hints.items()
        if get_origin(hint) is Annotated and isinstance(get_args(hint)[1], ArgumentInfo)
    ]
    usage = " ".join(["taskcli", name, *words])
    return f"### {name}\n\n{inspect.getdoc(command)}\n\n```sh\n{usage}\n```\n\n" + _options_table(
        command
    )


def _repeated(hint: Any) -> str:
    """What says that an argument may be given several times, unless its name does."""
    kind, info, *_ = get_args(hint)
    is_list = list in (kind, get_origin(kind))
    return "..." if is_list and "..." not in (info.metavar or "") else ""


def _choices(kind: Any) -> list[str]:
    """The words of a Literal, also of one that may be None."""
    found = [
        word
        for one in get_args(kind)
        for word in ([one] if isinstance(one, str) else _choices(one))
    ]
    return list(dict.fromkeys(found))


def _options_table(group: Callable[..., Any], output: type[Any] = OutputOptions) -> str:
    """The options of a group, and those of a task's own output that are not every task's."""
    shared = set(inspect.signature(OutputOptions).parameters)
    rows = "\n".join([*_option_rows(group), *_option_rows(output, shared)])
    return f"| option | meaning | default |\n|---|---|---|\n{rows}\n" if rows else ""


def _option_rows(group: Callable[..., Any], left_out: Set[str] = frozenset()) -> Iterator[str]:
    hints = get_type_hints(group, include_extras=True)
    for name, parameter in inspect.signature(group).parameters.items():
        if name in left_out:
            continue
        assert get_origin(hints[name]) is Annotated
        kind, info, *_ = get_args(hints[name])
        if isinstance(info, ArgumentInfo):
            continue
        flags = " ".join(f"`{flag}`" for flag in flags_as_typed(group)[name])
        word = info.metavar or ""
        choices = _choices(kind)
        if not (choices or word.isupper()) and "|" in word:  # words, and not kinds of words
            choices = word.split("|")
        value = "" if choices or not word else f" {word.replace('|', '&#124;')}"
        meaning = " ".join(filter(None, [info.help, bounds_of(info)]))
        listed = f" ({' '.join(choices)})" if choices else ""
        yield f"| {flags}{value} | {meaning}{listed} | {_shown(parameter.default)} |"


def _shown(default: Any) -> str:
    if default is None or default is False or "factory" in repr(default):
        return ""
    return f"{default}"


if __name__ == "__main__":
    sys.exit(main())
