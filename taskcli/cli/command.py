"""A task class as a Typer command: options, declared once, become flags."""

import copy
import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, get_args, get_origin

import typer

from taskcli.config.flags import variable_of
from taskcli.formats import UNIVERSAL
from taskcli.task import Task

INPUTS = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT", help="Files, quoted globs, folders, their URLs, or - for standard input."
    ),
]


def make_command(task: type[Task[Any, Any, Any]]) -> Callable[..., None]:
    """The function that Typer turns into `taskcli <task>`."""
    groups = task.groups()
    own = [one for group in groups for one in parameters(group, task)]

    def command(ctx: typer.Context, inputs: list[str] | None = None, **values: Any) -> None:
        from taskcli.cli.run.execute import run
        from taskcli.cli.run.request import Invocation

        given = {name: value for name, value in values.items() if is_given(ctx, name)}
        words = tuple(inputs or ())
        raise typer.Exit(run(Invocation(task, groups[1], words, given, typed(ctx, given))))

    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter("ctx", typer.Context),
            parameter("inputs", INPUTS, None),
            *own,
        ]
    )
    command.__doc__ = _help(task)
    return command


def parameters(group: type[Any], task: type[Task[Any, Any, Any]]) -> list[inspect.Parameter]:
    """The fields of an options dataclass as keyword parameters with live annotations."""
    return [
        one.replace(
            kind=inspect.Parameter.KEYWORD_ONLY,
            annotation=_of_task(task, one.name, one.annotation),
            default=_default(group, one),
        )
        for one in inspect.signature(group).parameters.values()
    ]


def parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def _default(group: type[Any], one: inspect.Parameter) -> Any:
    """A list field has a factory, which `inspect` shows as a marker object."""
    factory = group.__dataclass_fields__[one.name].default_factory
    return factory() if callable(factory) else one.default


def _of_task(task: type[Task[Any, Any, Any]], name: str, annotation: Any) -> Any:
    """The same option, also read from TASKCLI_<OPTION>; its help lists the task's own formats."""
    assert get_origin(annotation) is Annotated, f"{name} is not declared as an option"
    kind, declared, *_ = get_args(annotation)
    info = copy.copy(declared)
    info.envvar = variable_of(name, annotation)
    info.show_envvar = False
    if name == "format":
        info.metavar = "|".join(("auto", *UNIVERSAL, *task.formats()))
    return Annotated[kind, info]


def is_given(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")


def typed(ctx: typer.Context, names: Iterable[str]) -> frozenset[str]:
    """Those that flags say."""
    sources = {name: ctx.get_parameter_source(name) for name in names}
    return frozenset(name for name, one in sources.items() if one and one.name == "COMMANDLINE")


def _help(task: type[Task[Any, Any, Any]]) -> str:
    """The docstring, then the examples."""
    examples = "\n".join(f"  $ {example}" for example in task.examples)
    return f"{inspect.getdoc(task)}\n\n[bold]Examples[/bold]\n{examples}"
