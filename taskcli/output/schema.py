"""The JSON Schema of a record, derived from the result types themselves."""

import dataclasses
from typing import Any, get_args

from taskcli.results import NOT_IN_RECORD, Failure, LabelWindow


def record_schema(result: Any, windows: bool = False) -> dict[str, Any]:
    """The schema of one task's records; `result` is the type that the task declares.

    `windows` says that a record may hold the answers of stretches beside that of the whole.
    """
    from pydantic import TypeAdapter

    answer = TypeAdapter(result).json_schema(ref_template="#/$defs/{model}")
    failure = TypeAdapter(Failure).json_schema()
    definitions = answer.pop("$defs", {})
    texts = {"type": "array", "items": {"type": "string"}}
    _drop_hidden(result, answer, definitions)
    more = {}
    if windows:
        described = TypeAdapter(list[LabelWindow]).json_schema(ref_template="#/$defs/{model}")
        definitions |= described.pop("$defs")
        more["windows"] = described
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "input": {"type": "string"},
            "task": {"type": "string"},
            "model": {"type": "string"},
            "revision": {"type": ["string", "null"]},
            "result": answer,
            **more,
            "error": failure,
            "warnings": texts,
            "files": texts,
        },
        "required": ["input", "task", "model", "revision"],
        "oneOf": [{"required": ["result"]}, {"required": ["error"]}],
        "additionalProperties": False,
        "$defs": definitions,
    }


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
