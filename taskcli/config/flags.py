"""What the options of a group are called: by field, as a flag, in the environment."""

from collections.abc import Callable
from typing import Any, get_type_hints

from taskcli.config.options import UsersOwn


def declarations(group: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(group, include_extras=True)


def variable_of(name: str, declaration: Any) -> str:
    """The environment variable that sets an option."""
    return f"TASKCLI_{plain(flag_of(name, declaration)).upper()}"


def keys_of(*groups: type[Any]) -> dict[str, str]:
    """What an option may be called, and its field: `to` and `target_language`, say."""
    fields = [item for group in groups for item in declarations(group).items()]
    return {name: name for name, _ in fields} | {
        plain(flag_of(name, declaration)): name for name, declaration in fields
    }


def flags_of(group: type[Any]) -> dict[str, str]:
    """The long flag of each field of a group, without its dashes."""
    return {name: flag_of(name, declaration) for name, declaration in declarations(group).items()}


def flags_as_typed(group: Callable[..., Any]) -> dict[str, list[str]]:
    """The flags of each field of a group, with their dashes."""
    return {
        name: _spelled(declaration) or [f"--{name.replace('_', '-')}"]
        for name, declaration in declarations(group).items()
    }


def flag_of(name: str, declaration: Any) -> str:
    """An option's long flag without the dashes."""
    long = [flag for flag in _spelled(declaration) if flag.startswith("--")]
    return long[0].removeprefix("--") if long else name.replace("_", "-")


def off_flag_of(declaration: Any) -> str | None:
    """What says no to an option that may be on, off or unset."""
    return next((flag for flag in _spelled(declaration)[1:] if flag.startswith("--no-")), None)


def bounds_of(declared: object) -> str:
    """Which numbers an option takes, as a sentence; nothing where its name says as much.

    `declared` has `min` and `max`, as Typer's and Click's declarations of numbers do.
    """
    low, high = getattr(declared, "min", None), getattr(declared, "max", None)
    if high is not None:
        return f"Up to {high:g}." if low is None else f"From {low:g} to {high:g}."
    return f"At least {low:g}." if low not in (None, 0, 1) else ""


def _spelled(declaration: Any) -> list[str]:
    return [
        word
        for info in getattr(declaration, "__metadata__", ())
        if not isinstance(info, UsersOwn)
        # Typer keeps a flag that is its first argument as the default.
        for declared in (info.default, *(info.param_decls or ()))
        if isinstance(declared, str) and declared.startswith("-")
        for word in declared.split("/")  # of what is on or off, both
    ]


def plain(key: str) -> str:
    return key.replace("-", "_")
