"""What was not given is not checked: a default is right as it is declared.

Typer checks values by pydantic, also those that nobody gave; loading that takes longer than all
else of a call that asks for help.
"""

from collections.abc import Iterable
from typing import Any


def trust_defaults(parameters: Iterable[Any]) -> None:
    """Let the parameters of a command take their defaults unchecked; what is given is checked."""
    for one in parameters:
        one.process_value = _processing(one, one.process_value)


def _processing(parameter: Any, check: Any) -> Any:
    def process_value(ctx: Any, value: Any) -> Any:
        source = ctx.get_parameter_source(parameter.name)
        if source is None or source.name != "DEFAULT" or parameter.required:
            return check(ctx, value)
        if value is None and (parameter.multiple or parameter.nargs == -1):
            value = ()  # as Typer has it where nothing was given
        return parameter.callback(ctx, parameter, value) if parameter.callback else value

    return process_value
