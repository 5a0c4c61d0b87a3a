"""Generate docs/commands.md from the commands themselves; `--check` fails when it is stale."""

import inspect
import sys
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from taskcli.checkpoints import Registry
from taskcli.options import INPUT_GROUPS, ModelOptions, OutputOptions, RunOptions
from taskcli.task import Task
from taskcli.tasks import TASKS

PAGE = Path(__file__).parent / "commands.md"
HEAD = """# Commands

Generated from the code by `make docs`; `taskcli TASK --help` shows the same.

"""
SHARED = {
    "Checkpoint": ModelOptions,
    "Running": RunOptions,
    "Output": OutputOptions,
}


def main() -> int:
    page = HEAD + "\n".join([*map(_task_section, TASKS), *_shared_sections()])
    if "--check" not in sys.argv:
        PAGE.write_text(page, "utf-8")
        return 0
    fresh = PAGE.exists() and PAGE.read_text("utf-8") == page
    if not fresh:
        print(f"{PAGE.name} is stale: run make docs", file=sys.stderr)
    return 0 if fresh else 1


def _task_section(task: type[Task[Any, Any, Any]]) -> str:
    examples = "\n".join(task.examples)
    checkpoints = "\n".join(_checkpoint_rows(task.name))
    return (
        f"## {task.name}\n\n{inspect.getdoc(task)}\n\n```sh\n{examples}\n```\n\n"
        f"{_options_table(task.Options, task.Output)}\n"
        f"| `--model` | checkpoint | when |\n|---|---|---|\n{checkpoints}\n"
    )


def _checkpoint_rows(task: str) -> Iterator[str]:
    registry = Registry(task)
    for name in registry.names:
        checkpoint = registry.resolve(name)
        where = checkpoint.repo or "ships with taskcli"
        yield f"| `{name}` | {where} | {checkpoint.about} |"


def _shared_sections() -> Iterator[str]:
    yield "## Options of every command\n"
    for medium, group in INPUT_GROUPS.items():
        yield f"### Inputs ({medium})\n\n{_options_table(group)}"
    for title, group in SHARED.items():
        yield f"### {title}\n\n{_options_table(group)}"


def _options_table(group: type[Any], output: type[Any] = OutputOptions) -> str:
    """The options of a group, and those of a task's own output that are not every task's."""
    shared = set(inspect.signature(OutputOptions).parameters)
    rows = "\n".join([*_option_rows(group), *_option_rows(output, shared)])
    return f"| option | meaning | default |\n|---|---|---|\n{rows}\n" if rows else ""


def _option_rows(group: type[Any], left_out: Set[str] = frozenset()) -> Iterator[str]:
    hints = get_type_hints(group, include_extras=True)
    for name, parameter in inspect.signature(group).parameters.items():
        if name in left_out:
            continue
        assert get_origin(hints[name]) is Annotated
        kind, info = get_args(hints[name])
        flags = " ".join(
            f"`{flag}`" for flag in info.param_decls or (f"--{name.replace('_', '-')}",)
        )
        choices = " ".join(str(choice) for choice in get_args(kind) if isinstance(choice, str))
        meaning = f"{info.help} ({choices})" if choices else info.help
        yield f"| {flags} | {meaning} | {_shown(parameter.default)} |"


def _shown(default: Any) -> str:
    if default is None or default is False or "factory" in repr(default):
        return ""
    return f"{default}"


if __name__ == "__main__":
    sys.exit(main())
