"""Option values from files and checkpoints, checked by the declarations that make the flags.

Precedence, strongest first: flag, TASKCLI_<OPTION>, ./taskcli.toml, the user's file, the
checkpoint's own options, the default in --help. (Flags and the environment come from Typer.)
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from taskcli.config.flags import declarations, flag_of, keys_of, plain, variable_of
from taskcli.config.options import UsersOwn
from taskcli.errors import UsageError

OptionsT = TypeVar("OptionsT")
PROJECT_FILE = Path("taskcli.toml")
_OTHER_VARIABLES = {"TASKCLI_DEBUG"}  # read by cli/main.py


def user_file() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("taskcli")) / "taskcli.toml"


@dataclass(frozen=True)
class Setting:
    """A setting's value, and the place that it comes from."""

    value: object
    where: str


def from_files(
    task: str, groups: Iterable[type[Any]], every: Iterable[type[Any]], tasks: Iterable[str]
) -> dict[str, Any]:
    """The task's settings of the project's and the user's file, by field; the project's win."""
    found = found_in_files(task, groups, every, tasks)
    return {name: setting.value for name, setting in found.items()}


def found_in_files(
    task: str, groups: Iterable[type[Any]], every: Iterable[type[Any]], tasks: Iterable[str]
) -> dict[str, Setting]:
    """As `from_files`, each with the file that it comes from.

    Top-level keys are for every task, those of a [task] table for that one. `groups` are this
    task's options; a top-level key that only one of `every` has is meant for another task. Raises
    UsageError for an unknown key or table, and for what a project's file may not decide.
    """
    groups = tuple(groups)
    keys, known = keys_of(*groups), keys_of(*groups, *every)
    merged: dict[str, Setting] = {}
    for path in (user_file(), PROJECT_FILE):
        document = _read(path)
        own = document.get(task, {})
        if not isinstance(own, dict):
            raise UsageError(f"{path}: {task} = {own!r} is no table", f"write [{task}] on a line")
        shared = {key: value for key, value in document.items() if key not in tasks}
        _check_tables(shared, path, tasks)
        for key in shared:
            if plain(key) not in known:
                raise _unknown(key, known, str(path))
        shared = {key: value for key, value in shared.items() if plain(key) in keys}
        for values, where in ((shared, str(path)), (own, f"{path} [{task}]")):
            named = fields_of(values, keys, where)
            if not _is_users(path):
                _check_harmless(named, groups, where)
            merged |= {name: Setting(value, where) for name, value in named.items()}
    return merged


def _is_users(path: Path) -> bool:
    """Whether a file is the user's own, also where that lies in the working folder."""
    own = user_file()
    return path == own or (path.exists() and own.exists() and path.samefile(own))


def _check_harmless(values: Mapping[str, Any], groups: Iterable[type[Any]], where: str) -> None:
    """Refuse what a file that merely lies in the working folder may not decide."""
    declared = {
        name: declaration for group in groups for name, declaration in declarations(group).items()
    }
    for name, value in values.items():
        marks = getattr(declared[name], "__metadata__", ())
        mark = next((setting for setting in marks if isinstance(setting, UsersOwn)), None)
        if mark is None or any(_is_same(value, harmless) for harmless in mark.harmless):
            continue
        flag = flag_of(name, declared[name])
        raise UsageError(
            f"{where}: a file in the working folder may not set {flag}",
            f"give --{flag}, set {variable_of(name, declared[name])}, or put it into {user_file()}",
        )


def _is_same(value: object, harmless: object) -> bool:
    """Not 1 for True."""
    return type(value) is type(harmless) and value == harmless


def found_in_environment(*groups: type[Any]) -> dict[str, Setting]:
    """The options that TASKCLI_<OPTION> sets, by field, as text."""
    return {
        name: Setting(os.environ[variable], variable)
        for group in groups
        for name, declaration in declarations(group).items()
        if (variable := variable_of(name, declaration)) in os.environ
    }


def check_environment(*groups: type[Any]) -> None:
    """Raise UsageError for a TASKCLI_ variable that sets none of the options of `groups`."""
    known = {
        variable_of(name, declaration)
        for group in groups
        for name, declaration in declarations(group).items()
    }
    for name in os.environ:
        if name.startswith("TASKCLI_") and name not in known | _OTHER_VARIABLES:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else "unset it: TASKCLI_ is for options"
            raise UsageError(f"the environment: unknown option {name}", hint)


def models_of(tasks: Iterable[str]) -> dict[str, str]:
    """The checkpoints that the project's file names: by [task], `model` of it, or base."""
    document = _read(PROJECT_FILE)
    shared = document.get("model")
    named = {task: document[task] for task in tasks if isinstance(document.get(task), dict)}
    return {task: str(own.get("model", shared or "base")) for task, own in named.items()}


def _check_tables(document: Mapping[str, Any], path: Path, tasks: Iterable[str]) -> None:
    for name, value in document.items():
        if isinstance(value, dict):
            close = difflib.get_close_matches(name, tasks, 1)
            hint = f"did you mean [{close[0]}]?" if close else f"known: {', '.join(tasks)}"
            raise UsageError(f"{path}: [{name}] is no task", hint)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except OSError as failure:
        raise UsageError(f"{path} cannot be read: {failure.strerror}") from None
    except ValueError as failure:  # of the encoding, too
        raise UsageError(f"{path} is not valid TOML: {failure}") from None


def named(group: type[Any], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Values by the fields of a group. Raises UsageError for what is none of its options."""
    return fields_of(values, keys_of(group), where)


def fields_of(values: Mapping[str, Any], keys: Mapping[str, str], where: str) -> dict[str, Any]:
    """Values by field instead of by what the user calls them. Raises UsageError for an unknown."""
    for key in values:
        if plain(key) not in keys:
            raise _unknown(key, keys, where)
    return {keys[plain(key)]: value for key, value in values.items()}


def build(group: type[OptionsT], where: str, *layers: Mapping[str, Any]) -> OptionsT:
    """A group of options from layers, the strongest first; keys of other groups are passed over.

    Raises UsageError naming `where` for a value that the declaration does not allow.
    """
    declared = declarations(group)
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        values |= {name: value for name, value in layer.items() if name in declared}
    return group(**{name: _checked(declared[name], name, values[name], where) for name in values})


def _checked(declaration: Any, name: str, value: object, where: str) -> Any:
    """`value` as the annotation has it, within the range that the flag states."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    try:
        numbers_too = ConfigDict(coerce_numbers_to_str=True)  # batch_size = 8
        value = TypeAdapter(declaration, config=numbers_too).validate_python(value)
    except ValidationError as failure:
        reason = failure.errors()[0]["msg"]
        raise UsageError(f"{where}: {name} = {value!r}: {reason}") from None
    for info in getattr(declaration, "__metadata__", ()):
        low, high = getattr(info, "min", None), getattr(info, "max", None)
        if value is not None and low is not None and value < low:
            raise UsageError(f"{where}: {name} = {value!r} is below {low}")
        if value is not None and high is not None and value > high:
            raise UsageError(f"{where}: {name} = {value!r} is above {high}")
    return value


def _unknown(name: str, known: Iterable[str], where: str) -> UsageError:
    close = difflib.get_close_matches(plain(name), list(known), 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
    return UsageError(f"{where}: unknown option {name}", hint)
