"""A record from its line: the other direction of serialize.py."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from taskcli.errors import InputError
from taskcli.results import Failure, LabelWindow, Record, Shard


def record_of(data: object, result: Any) -> Record:
    """The record that JSON values are; `result` is the type that its task declares.

    Raises InputError where they are none, or one of another task.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("input"), str):
        raise InputError("not a record: it has no input")
    error = data.get("error")
    return Record(
        data["input"],
        str(data.get("task")),
        str(data.get("model")),
        data.get("revision"),
        result=_typed(result, data, "result") if error is None else None,
        error=None if error is None else _typed(Failure, data, "error"),
        warnings=_typed(tuple[str, ...], data, "warnings", ()),
        files=_typed(tuple[str, ...], data, "files", ()),
        window=_typed(float | None, data, "window", None),
        windows=_typed(tuple[LabelWindow, ...], data, "windows", ()),
        frame=_typed(int | None, data, "frame", None),
        time=_typed(float | None, data, "time", None),
        shard=_typed(Shard | None, data, "shard", None),
        fields=_typed(dict[str, object] | None, data, "fields", None),
    )


def _typed(kind: Any, data: Mapping[str, object], name: str, *default: object) -> Any:
    from pydantic import ValidationError

    if name not in data:
        if default:
            return default[0]
        raise InputError(f"not a record: it has neither result nor error, but {', '.join(data)}")
    try:
        return _adapter(kind).validate_python(data[name])
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(map(str, (name, *first["loc"])))
        raise InputError(f"{place}: {first['msg']}") from None


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
