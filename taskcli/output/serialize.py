"""A result as plain data. The only place where results meet JSON."""

import dataclasses
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from functools import cache
from typing import Any, TypeAlias

from taskcli.output.sanitize import UNSAFE_IN_NAMES
from taskcli.results import Record

_OBEYED = re.compile(UNSAFE_IN_NAMES)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_PLAIN = frozenset({str, int, bool, type(None)})
_DATED = (date, time)  # a datetime is a date
_LONG = 1000.0  # seconds, of which six digits hold no milliseconds

# A value, and whether it is in seconds, to JSON's own.
_Way: TypeAlias = Callable[[Any, bool], Any]


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON values, in the order a reader wants them; what is empty is left out."""
    data: dict[str, Any] = {
        "input": record.input,
        "task": record.task,
        "model": record.model,
        "revision": record.revision,
    }
    if record.fields:
        data["fields"] = {name: users_own(value) for name, value in record.fields.items()}
    if record.error is not None:
        data["error"] = plain(record.error)
    else:
        data["result"] = plain(record.result)
    if record.window is not None:
        data["window"] = record.window
    if record.windows:
        data["windows"] = plain(record.windows)
    if record.frame is not None:
        data["frame"] = record.frame
    if record.time is not None:
        data["time"] = plain(record.time, seconds=True)
    if record.warnings:
        data["warnings"] = list(record.warnings)
    if record.files:
        data["files"] = list(record.files)
    if record.shard is not None:
        data["shard"] = plain(record.shard)
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


def users_own(value: object) -> object:
    """A value of a column of the user's own as JSON has it: no digit is lost.

    Dates and times are written by ISO 8601, decimals and what else JSON has not as texts.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(name): users_own(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [users_own(inner) for inner in value]
    return value.isoformat() if isinstance(value, _DATED) else str(value)


def plain(value: Any, seconds: bool = False) -> Any:
    """Dataclasses, tuples and floats as JSON has them: no NaN, six digits of a float.

    Of `seconds`, milliseconds at least: six digits would leave out some after a quarter of an hour.
    """
    kind: Any = type(value)
    return _way_of(kind)(value, seconds)


@cache
def _way_of(kind: type[Any]) -> _Way:
    """How values of a type become plain ones, which is asked once for each type."""
    if issubclass(kind, float):
        return _number
    if issubclass(kind, (list, tuple)):
        return _elements
    if dataclasses.is_dataclass(kind):
        return _fields_of(kind)
    if issubclass(kind, Mapping):
        return lambda value, _: {str(key): plain(item) for key, item in value.items()}
    return lambda value, _: value


def _number(value: float, seconds: bool) -> float | None:
    if not math.isfinite(value):
        return None
    return round(float(value), 3) if seconds and value >= _LONG else float(f"{value:.6g}")


def _elements(value: Sequence[Any], seconds: bool) -> list[Any]:
    return [plain(item, seconds) for item in value]


def _fields_of(kind: type[Any]) -> _Way:
    """The way of a dataclass: what a record has of it, but None where that is the default."""
    fields = [
        (field.name, "seconds" in field.metadata, field.default is None)
        for field in dataclasses.fields(kind)
        if field.metadata.get("record", True)
    ]

    def way(value: Any, _: bool) -> dict[str, Any]:
        data = {}
        for name, is_seconds, is_optional in fields:
            item = getattr(value, name)
            if item is not None or not is_optional:
                own: Any = type(item)
                data[name] = item if own in _PLAIN else _way_of(own)(item, is_seconds)
        return data

    return way
