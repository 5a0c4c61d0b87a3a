"""A result as plain data. The only place where results meet JSON."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from taskcli.output.sanitize import UNSAFE_IN_NAMES
from taskcli.results import Record

_OBEYED = re.compile(UNSAFE_IN_NAMES)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_LONG = 1000.0  # seconds, of which six digits hold no milliseconds


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON values, in the order a reader wants them; what is empty is left out."""
    data: dict[str, Any] = {
        "input": record.input,
        "task": record.task,
        "model": record.model,
        "revision": record.revision,
    }
    if record.error is not None:
        data["error"] = plain(record.error)
    else:
        data["result"] = plain(record.result)
    if record.windows:
        data["windows"] = plain(record.windows)
    if record.warnings:
        data["warnings"] = list(record.warnings)
    if record.files:
        data["files"] = list(record.files)
    return data


def to_line(record: Record) -> str:
    """The record as one line."""
    return one_line(to_json(record))


def one_line(data: object) -> str:
    """One line of valid JSON: text stays readable; what a terminal or a line reader obeys does not.

    The escapes of json.dumps leave out C1 controls, other line ends, and changes of direction.
    """
    line = _ENCODER.encode(data)
    if line.isprintable():  # as is nothing that is obeyed, and most lines are
        return line
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def plain(value: Any, seconds: bool = False) -> Any:
    """Dataclasses, tuples and floats as JSON has them: no NaN, six digits of a float.

    Of `seconds`, milliseconds at least: six digits would leave out some after a quarter of an hour.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return round(float(value), 3) if seconds and value >= _LONG else float(f"{value:.6g}")
    if isinstance(value, (list, tuple)):
        return [plain(item, seconds) for item in value]
    kind: Any = type(value)
    fields = _fields(kind)
    if fields is not None:
        return {
            name: plain(item, is_seconds)
            for name, is_seconds, is_optional in fields
            if (item := getattr(value, name)) is not None or not is_optional
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value


@cache
def _fields(kind: type[Any]) -> list[tuple[str, bool, bool]] | None:
    """The fields of a dataclass that a record has; None for other types.

    Each with its name, whether it is in seconds, and whether None says nothing, being the default.
    """
    if not dataclasses.is_dataclass(kind):
        return None
    return [
        (field.name, "seconds" in field.metadata, field.default is None)
        for field in dataclasses.fields(kind)
        if field.metadata.get("record", True)
    ]
