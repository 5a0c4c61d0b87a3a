"""The schemas in a JSON Schema, and what was surely meant otherwise in them."""

import json
from collections.abc import Iterator
from typing import TypeAlias

Schema: TypeAlias = "dict[str, object]"

# Where a schema holds others: one, a list of them, or by name.
_ONE = "items additionalProperties additionalItems not if then else contains propertyNames".split()
_LISTS = "allOf anyOf oneOf prefixItems".split()
_NAMED = "properties patternProperties dependentSchemas $defs definitions".split()

_TYPES = "string number integer boolean object array null".split()
# And what holds values, which may look like schemas, or schemas in other ways.
_OTHERS = "default const enum examples example dependencies contentSchema".split()
_UNEVALUATED = "unevaluatedItems unevaluatedProperties".split()
_KEYWORDS = {*_ONE, *_LISTS, *_NAMED, *_OTHERS, *_UNEVALUATED}


def slips(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Where a schema is not as it can have been meant, as a JSON Pointer, why, and what to do."""
    text = json.dumps(schema)
    for place, part in _all_parts(schema, "#"):
        if isinstance(part, dict):
            yield from ((place, *slip) for slip in _slips_in(part, text))
        elif not isinstance(part, bool) and not (
            isinstance(part, list) and place.endswith("/items")
        ):
            told = f"{json.dumps(part)} is no schema"
            yield place, told, 'a schema is an object, such as {"type": "string"}'


def _slips_in(part: Schema, text: str) -> Iterator[tuple[str, str]]:
    """Not those of the schemas in it. `text` is all that may refer to something of it."""
    if part.get("enum") == []:
        yield "it allows nothing: enum is empty", "list the values that are allowed"
    for name, value in part.items():
        if name not in _KEYWORDS and _is_like_a_schema(value) and f'"#/{name}' not in text:
            yield (
                f"{json.dumps(name)} is no keyword of JSON Schema, and would allow anything",
                f'write it under "properties": {{{json.dumps(name)}: ...}}',
            )


def _is_like_a_schema(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    kind = value.get("type")
    return (isinstance(kind, str) and kind in _TYPES) or isinstance(value.get("properties"), dict)


def parts(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """A schema and those in it, each with its JSON Pointer."""
    yield from ((at, part) for at, part in _all_parts(schema, "#") if isinstance(part, dict))


def _all_parts(schema: object, place: str) -> Iterator[tuple[str, object]]:
    """And what stands in the place of one."""
    yield place, schema
    if isinstance(schema, dict):
        for name, part in _held(schema):
            yield from _all_parts(part, f"{place}/{name}")


def _held(schema: Schema) -> Iterator[tuple[str, object]]:
    yield from ((name, schema[name]) for name in _ONE if name in schema)
    for name in (*_LISTS, *_NAMED):
        held = schema.get(name)
        if isinstance(held, dict | list):
            named = held.items() if isinstance(held, dict) else enumerate(held)
            yield from ((f"{name}/{_escaped(str(key))}", part) for key, part in named)


def _escaped(key: str) -> str:
    """A key in a JSON Pointer."""
    return key.replace("~", "~0").replace("/", "~1")
