"""Where what made an output file differs from what is asked now, as the flags that would say it."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from taskcli.config.flags import declarations, flag_of, off_flag_of
from taskcli.tasks import BY_NAME

_WORDS = ("task", "taskcli")  # which no flag says
_BESIDE = (*_WORDS, "model", "revision", "shard", "dtype")
_GROUPS = ("options", "reading")  # of a fingerprint: options by field
_LONGEST = 60  # characters of a value: --text may be a page
Options = Mapping[str, Any]


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """`with --fps 2, not --fps 4`; None where both are fingerprints of the same answers."""
    was, wants = _plain(before), _plain(now)
    differing = [name for name in {**wants, **was} if _differs(name, was, wants)]
    for name in set(_WORDS).intersection(differing):  # other options follow from them
        return f"with {name} {was.get(name)}, not {name} {wants[name]}"
    declared = _declared(wants["task"])
    then, today = (
        " ".join(filter(None, (_typed(name, side.get(name), declared) for name in differing)))
        for side in (was, wants)
    )
    if not then:
        return f"without {today}" if differing else None
    return f"with {then}, not {today or 'without'}"


def _plain(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """What the answers hang on, by name: the options, and what is beside them."""
    beside = {name: fingerprint.get(name) for name in _BESIDE}
    return beside | {
        name: value for group in _GROUPS for name, value in fingerprint.get(group, {}).items()
    }


def _declared(task: str) -> dict[str, Any]:
    return {
        name: one for group in BY_NAME[task].groups() for name, one in declarations(group).items()
    }


def _differs(name: str, was: Options, wants: Options) -> bool:
    """What one of them lacks, as a file of another version may, is what it is if nobody asks."""
    if name in was and name in wants:
        return bool(was[name] != wants[name])
    return bool(was.get(name) or wants.get(name))


def _typed(name: str, value: object, declared: Mapping[str, Any]) -> str:
    """The flag and its value; empty where none is needed to say it."""
    declaration = declared.get(name)
    flag = f"--{flag_of(name, declaration)}"
    if value is False:
        return off_flag_of(declaration) or ""
    if value is None or value is True:
        return flag if value else ""
    if isinstance(value, list):
        return " ".join(_typed(name, one, declared) for one in value)
    return f"{flag} {shlex.quote(_shown(value))}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value).removesuffix(".0")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
