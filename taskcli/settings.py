"""Option values from files and checkpoints, checked by the declarations that make the flags.

Precedence, strongest first: flag, TASKCLI_<OPTION>, ./taskcli.toml, the user's file, the
checkpoint's own options, the default in --help. (Flags and the environment come from Typer.)
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from taskcli.errors import UsageError

OptionsT = TypeVar("OptionsT")
PROJECT_FILE = Path("taskcli.toml")


def user_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("taskcli")) / "taskcli.toml"


def from_files(task: str, known: Iterable[str], tasks: Iterable[str]) -> dict[str, Any]:
    """The task's settings of the project's and the user's file; the project's win.

    Top-level keys are for every task, those of a [task] table for that one. A top-level key that
    this task has no use for may be meant for another. Raises UsageError for an unknown key.
    """
    known = set(known)
    merged: dict[str, Any] = {}
    for path in (user_file(), PROJECT_FILE):
        document = _read(path)
        tables = {name: document.pop(name) for name in tasks if name in document}
        shared = {key: value for key, value in document.items() if _field(key) in known}
        own = tables.get(task, {})
        for key in own:
            if _field(key) not in known:
                raise _unknown(key, known, f"{path} [{task}]")
        merged |= {_field(key): value for key, value in {**shared, **own}.items()}
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as failure:
        raise UsageError(f"{path} is not valid TOML: {failure}") from None


def build(group: type[OptionsT], where: str, *layers: Mapping[str, Any]) -> OptionsT:
    """A group of options from layers, the strongest first; keys of other groups are passed over.

    Raises UsageError naming `where` for a value that the declaration does not allow.
    """
    declared = _declarations(group)
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        values |= {name: value for name, value in layer.items() if name in declared}
    return group(**{name: _checked(declared[name], name, values[name], where) for name in values})


def names(group: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(group)}


def check_known(values: Mapping[str, Any], group: type[Any], where: str) -> None:
    for name in values:
        if name not in names(group):
            raise _unknown(name, names(group), where)


def _declarations(group: type[Any]) -> dict[str, Any]:
    return get_type_hints(group, include_extras=True)


def _checked(declaration: Any, name: str, value: Any, where: str) -> Any:
    """`value` as the annotation has it, within the range that the flag states."""
    from pydantic import TypeAdapter, ValidationError

    try:
        value = TypeAdapter(declaration).validate_python(value)
    except ValidationError as failure:
        reason = failure.errors()[0]["msg"]
        raise UsageError(f"{where}: {name} = {value!r}: {reason}") from None
    for info in getattr(declaration, "__metadata__", ()):
        low, high = getattr(info, "min", None), getattr(info, "max", None)
        too_low = low is not None and value is not None and value < low
        if too_low or (high is not None and value is not None and value > high):
            raise UsageError(f"{where}: {name} = {value!r} is outside {low}..{high}")
    return value


def _field(key: str) -> str:
    return key.replace("-", "_")


def _unknown(name: str, known: Iterable[str], where: str) -> UsageError:
    close = difflib.get_close_matches(name, list(known), 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
    return UsageError(f"{where}: unknown option {name}", hint)
