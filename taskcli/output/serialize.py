"""A result as plain data. The only place where results meet JSON."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from taskcli.output.sanitize import UNSAFE_IN_NAMES
from taskcli.results import Record

_OBEYED = re.compile(UNSAFE_IN_NAMES)
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


def one_line(data: Any) -> str:
    """One line of valid JSON: text stays readable; what a terminal or a line reader obeys does not.

    The escapes of json.dumps leave out C1 controls, other line ends, and changes of direction.
    """
    line = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def plain(value: Any, seconds: bool = False) -> Any:
    """Dataclasses, tuples and floats as JSON has them: no NaN, six digits of a float.

    Of `seconds`, milliseconds at least: six digits would leave out some after a quarter of an hour.
    """
    if dataclasses.is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name), "seconds" in field.metadata)
            for field in dataclasses.fields(value)
            if field.metadata.get("record", True) and not _is_unset(value, field)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, seconds) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return round(float(value), 3) if seconds and value >= _LONG else float(f"{value:.6g}")
    return value


def _is_unset(value: Any, field: "dataclasses.Field[Any]") -> bool:
    """A field that is None by default says nothing when it is None."""
    return field.default is None and getattr(value, field.name) is None
