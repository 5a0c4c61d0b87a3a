"""The JSON Schema of a record, derived from the result types themselves."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, get_args

from taskcli.results import NOT_IN_RECORD, Failure, LabelWindow, Shard

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_OWN: Mapping[str, Any] = {
    "window": float,
    "windows": list[LabelWindow],
    "frame": int,
    "time": float,
}


def record_schema(result: Any, more_fields: Collection[str] = ()) -> dict[str, Any]:
    """The schema of one task's records; `result` is the type that the task declares.

    `more_fields` are those of OF_SOME_TASKS that they may have.
    """
    definitions: dict[str, Any] = {}
    properties = {
        "input": _TEXT,
        "task": _TEXT,
        "model": _TEXT,
        "revision": {"type": ["string", "null"]},
        "fields": {"type": "object"},
        "result": _described(result, definitions),
        **{
            name: _described(kind, definitions)
            for name, kind in _OWN.items()
            if name in more_fields
        },
        "error": _described(Failure, definitions),
        "warnings": _TEXTS,
        "files": _TEXTS,
        "shard": _described(Shard, definitions),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": ["input", "task", "model", "revision"],
        "oneOf": [{"required": ["result"]}, {"required": ["error"]}],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _described(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type; adds those that it refers to."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
    definitions |= schema.pop("$defs", {})
    _drop_hidden(kind, schema, definitions)
    return schema


def _drop_hidden(result: Any, answer: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Fields that never leave the process are no part of a record."""
    for part in get_args(result):  # what a list or a union holds
        _drop_hidden(part, answer, definitions)
    if not dataclasses.is_dataclass(result):
        return
    for field in dataclasses.fields(result):
        if field.metadata == NOT_IN_RECORD:
            for described in (answer, *definitions.values()):
                described.get("properties", {}).pop(field.name, None)
