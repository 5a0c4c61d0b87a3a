"""--report: what its page says of the run, and how it is opened."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, get_type_hints

from taskcli import __version__
from taskcli.cli.run.engines import Engine
from taskcli.cli.run.request import Invocation, RunConfig
from taskcli.cli.run.signals import Stopping
from taskcli.config.flags import flag_of, off_flag_of
from taskcli.remote.urls import shown_path, without_secrets
from taskcli.task import Task

if TYPE_CHECKING:
    from taskcli.output.report import Report

_NAMED = 3  # inputs of a command that its line names, before and after a gap


def opened(
    config: RunConfig, model: Engine | None, total: int | None
) -> "AbstractContextManager[Report | None]":
    """The page that --report asks for; `model` is None in a run that had nothing to answer."""
    if config.output.report is None:
        return nullcontext()
    from taskcli.output import report

    labels = {} if model is None else model.labels
    return report.opened(config.output.report, facts_of(config, model), total, labels)


def why_stopped(stopping: Stopping) -> str | None:
    """Why not every input was answered, for the page."""
    if stopping.exit_code is not None:
        return "it was interrupted"
    return "an input failed, under --on-error stop" if stopping.event.is_set() else None


def command_line(call: Invocation) -> str:
    """The call as one would type it; options from the environment are flags in it."""
    words = ["taskcli", call.task.name, *_few(call.inputs)]
    for group in call.task.groups():
        for name, declaration in get_type_hints(group, include_extras=True).items():
            if name in call.given:
                off = off_flag_of(declaration)
                words += _spelled(f"--{flag_of(name, declaration)}", off, call.given[name])
    return shlex.join(map(without_secrets, words))


def _few(inputs: tuple[str, ...]) -> tuple[str, ...]:
    if len(inputs) <= 2 * _NAMED:
        return inputs
    left = len(inputs) - 2 * _NAMED
    return (*inputs[:_NAMED], f"[{left} more]", *inputs[-_NAMED:])


def _spelled(flag: str, off: str | None, value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield from filter(None, [flag if value else off])
        return
    for one in value if isinstance(value, list | tuple) else [value]:
        yield from (flag, shown_path(one) if isinstance(one, PurePath) else str(one))


def facts_of(config: RunConfig, model: Engine | None) -> dict[str, Any]:
    """What is shown at the top of its page."""
    facts = told(
        config.task,
        config.command,
        (config.checkpoint.name, config.checkpoint.revision),
        _options(config.options),
        config.output.resume,
    )
    return facts if model is None else facts | _placement(model)


def told(
    task: type[Task[Any, Any, Any]],
    command: str,
    checkpoint: tuple[str, str | None],
    options: Mapping[str, str],
    resumed: bool = False,
) -> dict[str, Any]:
    """What any page says of where its answers are from; a checkpoint is its name and revision."""
    return {
        "task": task.name,
        "media": task.media,
        "command": command,
        "model": checkpoint[0],
        "revision": checkpoint[1],
        "options": options,
        "resumed": resumed,
        "version": __version__,
    }


def _options(options: Any) -> dict[str, str]:
    """The task's own options that say something, by their flags."""
    declared = get_type_hints(type(options), include_extras=True)
    return {
        flag_of(name, declared[name]): ", ".join(map(str, value))
        if isinstance(value, list | tuple)
        else str(value)
        for name, value in asdict(options).items()
        if value not in (None, False, [], ())
    }


def _placement(model: Engine) -> dict[str, str]:
    placement = model.loaded.placement
    return {
        "device": placement.device_name,
        "device_why": placement.device_why,
        "dtype": placement.dtype_name,
        "dtype_why": placement.dtype_why,
    }
