"""A task class as `taskcli explain TASK`: the task's own options, and how the stages are shown."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from taskcli.cli.command import INPUTS, is_given, parameter, parameters, typed
from taskcli.config.options import ModelOptions, RunOptions
from taskcli.media import MEDIA
from taskcli.task import Task

_RUN = ("device", "dtype")  # of the options of a run
_WRITTEN = ("save_dir", "report", "overwrite")  # of those of its output
Format = Annotated[
    Literal["auto", "rich", "jsonl"],
    typer.Option("--format", "-f", help="auto: a table on a terminal, else a line an input."),
]
Drawn = Annotated[
    bool,
    typer.Option("--architecture", help="From the config alone: no input, no weights, any size."),
]
StageName = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="In table and lines: only stages with this in their name or path.",
    ),
]


def shown_options(
    format: Format = "auto", stage: StageName = None, architecture: Drawn = False
) -> None:
    """The options that no task has: their declarations are read, it is never called."""


def make_explain(task: type[Task[Any, Any, Any]]) -> Callable[..., None]:
    """The function that Typer turns into `taskcli explain <task>`."""
    input_group = MEDIA[task.media].load_options()
    groups = [
        *(
            one
            for group in (task.Options, input_group, ModelOptions)
            for one in parameters(group, task)
        ),
        *(one for one in parameters(RunOptions, task) if one.name in _RUN),
        *(one for one in parameters(task.Output, task) if one.name in _WRITTEN),
    ]

    def command(
        ctx: typer.Context,
        inputs: list[str] | None = None,
        format: str = "auto",
        stage: str | None = None,
        architecture: bool = False,
        **values: Any,
    ) -> None:
        from taskcli.cli.explain.architecture import run_architecture
        from taskcli.cli.explain.execute import run_inputs
        from taskcli.cli.run.request import Invocation

        given = {name: value for name, value in values.items() if is_given(ctx, name)}
        call = Invocation(task, input_group, tuple(inputs or ()), given, typed(ctx, given))
        run = run_architecture if architecture else run_inputs
        raise typer.Exit(run(call, format, stage))

    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter("ctx", typer.Context),
            parameter("inputs", INPUTS, None),
            *inspect.signature(shown_options).parameters.values(),
            *groups,
        ]
    )
    command.__doc__ = _help(task)
    return command


def _help(task: type[Task[Any, Any, Any]]) -> str:
    """What a command of its own would say, told once for all tasks."""
    example = task.examples[0].replace("taskcli ", "taskcli explain ", 1)
    return (
        f"Explain an answer of {task.name}.\n\n"
        "It shows what happens inside the model: the stages in the order of the data, what goes in "
        "and comes out, weights, multiply-adds, time and memory. The answer is the one that the "
        "task's own command gives. With --report a page, with --save-dir files show what flows "
        "between the stages: where attention goes, what was tried, what each part says.\n\n"
        f"[bold]Example[/bold]\n  $ {example} -m starter"
    )
