"""Option values from files and checkpoints, checked by the declarations that make the flags.

Precedence, strongest first: flag, TASKCLI_<OPTION>, ./taskcli.toml, the user's file, the
checkpoint's own options, the default in --help. (Flags and the environment come from Typer.)
"""

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


def from_files(
    task: str, keys: Mapping[str, str], elsewhere: Iterable[str], tasks: Iterable[str]
) -> dict[str, Any]:
    """The task's settings of the project's and the user's file; the project's win.

    Top-level keys are for every task, those of a [task] table for that one. `keys` are this
    task's, as `keys_of` gives them; a top-level key that is only known `elsewhere` is meant for
    another task. Raises UsageError for an unknown key or table.
    """
    merged: dict[str, Any] = {}
    for path in (user_file(), PROJECT_FILE):
        document = _read(path)
        own = document.get(task, {})
        if not isinstance(own, dict):
            raise UsageError(f"{path}: {task} = {own!r} is no table", f"write [{task}] on a line")
        shared = {key: value for key, value in document.items() if key not in tasks}
        _check_tables(shared, path, tasks)
        for key in shared:
            if _plain(key) not in keys and _plain(key) not in elsewhere:
                raise _unknown(key, {*keys, *elsewhere}, str(path))
        shared = {key: value for key, value in shared.items() if _plain(key) in keys}
        merged |= fields_of(shared, keys, str(path)) | fields_of(own, keys, f"{path} [{task}]")
    return merged


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


def keys_of(*groups: type[Any]) -> dict[str, str]:
    """What an option may be called, and its field: `to` and `target_language`, say."""
    fields = [item for group in groups for item in _declarations(group).items()]
    return {name: name for name, _ in fields} | {
        _plain(flag_of(name, declaration)): name for name, declaration in fields
    }


def flag_of(name: str, declaration: Any) -> str:
    """An option's long flag without the dashes."""
    for info in getattr(declaration, "__metadata__", ()):
        # Typer keeps a flag that is its first argument as the default.
        for word in (info.default, *(info.param_decls or ())):
            if isinstance(word, str) and word.startswith("--"):
                return word.removeprefix("--")
    return name.replace("_", "-")


def fields_of(values: Mapping[str, Any], keys: Mapping[str, str], where: str) -> dict[str, Any]:
    """Values by field instead of by what the user calls them. Raises UsageError for an unknown."""
    for key in values:
        if _plain(key) not in keys:
            raise _unknown(key, keys, where)
    return {keys[_plain(key)]: value for key, value in values.items()}


def build(group: type[OptionsT], where: str, *layers: Mapping[str, Any]) -> OptionsT:
    """A group of options from layers, the strongest first; keys of other groups are passed over.

    Raises UsageError naming `where` for a value that the declaration does not allow.
    """
    declared = _declarations(group)
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        values |= {name: value for name, value in layer.items() if name in declared}
    return group(**{name: _checked(declared[name], name, values[name], where) for name in values})


def _declarations(group: type[Any]) -> dict[str, Any]:
    return get_type_hints(group, include_extras=True)


def _checked(declaration: Any, name: str, value: Any, where: str) -> Any:
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


def _plain(key: str) -> str:
    return key.replace("-", "_")


def _unknown(name: str, known: Iterable[str], where: str) -> UsageError:
    close = difflib.get_close_matches(_plain(name), list(known), 1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known))}"
    return UsageError(f"{where}: unknown option {name}", hint)
