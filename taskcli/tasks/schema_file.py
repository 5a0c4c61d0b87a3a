"""A JSON Schema in a file, refused before a model is loaded where nothing could be written."""

import json
from pathlib import Path

from taskcli.errors import UsageError, require_package
from taskcli.tasks.schema_parts import Schema, parts, slips

# One space behind a comma and a colon, and no other: a model that likes spaces would write no end.
_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}

# Words of llguidance's for what is right and beyond it; the rest is wrong, or allows nothing.
_NOTHING = "it allows nothing"
_BEYOND = ("Unimplemented", "Unknown format", "support", "too ", "limit")


def read_schema(file: Path) -> str:
    """A JSON Schema as text.

    Raises UsageError for a file that holds none, and for one that allows nothing, is wrong or
    asks for more than llguidance knows, naming the place in it.
    """
    try:
        found = json.loads(file.read_bytes())
    except OSError as failure:
        hint = _file_hint(str(file))
        raise UsageError(f"--json-schema {file}: {failure.strerror}", hint) from None
    except ValueError as failure:  # of the encoding, too
        raise UsageError(f"--json-schema {file}: not JSON: {failure}") from None
    if found is False:
        raise UsageError(f"--json-schema {file}: false allows nothing", "correct it")
    if not isinstance(found, dict) and found is not True:
        raise UsageError(f"--json-schema {file}: a schema is an object, such as {{}}")
    require_package("llguidance", "json-schema", "--json-schema needs llguidance, not installed")
    schema = {} if found is True else found
    if slip := next(slips(schema), None):
        at, why, hint = slip
        raise UsageError(f"--json-schema {file}{_at(at)}: {why}", hint)
    if fault := _fault(schema):
        place, why = _origin(schema, fault)
        raise UsageError(f"--json-schema {file}{_at(place)}: {why}", _hint(why))
    return json.dumps(schema)


def grammar_of(schema: str) -> str:
    """A schema as llguidance's grammar."""
    from llguidance import LLMatcher

    return str(LLMatcher.grammar_from_json_schema(schema, overrides=_LAYOUT))


def _at(place: str) -> str:
    return "" if place == "#" else f" at {place}"


def _file_hint(name: str) -> str | None:
    if name == "-":
        return "it names a file: standard input is for inputs"
    is_schema = name.lstrip().startswith("{")
    return "it names a file: write the schema into one, such as schema.json" if is_schema else None


def _fault(schema: Schema) -> str | None:
    """Why nothing can be written to a schema, even byte by byte; None where something can."""
    from llguidance import LLMatcher, LLTokenizer

    matcher = LLMatcher(LLTokenizer("byte"), grammar_of(json.dumps(schema)), log_level=0)
    if matcher.is_error():
        return _told(matcher.get_error())
    matcher.compute_logit_bias()
    if matcher.is_error():
        return f"{_NOTHING}: it leads to itself alone"
    for byte in matcher.compute_ff_bytes()[:1]:  # what any model writes, which may have no end
        matcher.consume_token(byte)
    return f"{_NOTHING} that ends" if matcher.is_error() else None


def _told(message: str) -> str:
    """llguidance's message in a line, without the parts of an expression that can match nothing."""
    first, *more = message.splitlines()
    if first.startswith("regex parse error"):
        return f"{first} {more[-1].removeprefix('error: ')}"
    return first.replace("Unsatisfiable schema", _NOTHING).split(":  (")[0]


def _hint(fault: str) -> str:
    if fault.startswith("Resource"):
        return "nothing is fetched: write it under $defs"
    if any(word in fault for word in _BEYOND):
        return "it may be right, but goes beyond what llguidance knows: simplify it"
    return "correct it"


def _origin(schema: Schema, fault: str) -> tuple[str, str]:
    """Where in a schema a fault begins, and what it is there.

    That is in what has it by itself and holds no other schema that does.
    """
    shared = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    faults = {place: _fault(shared | part) for place, part in parts(schema)}
    asked = {place: why for place, why in faults.items() if why and _leads_to(why, fault)}
    ends = [one for one in asked if not any(other.startswith(f"{one}/") for other in asked)]
    # What refers to a definition has its faults, too, and stands before it.
    best = next((one for one in reversed(ends) if one.startswith("#/$defs/")), ends[0])
    return best, asked[best]


def _leads_to(why: str, fault: str) -> bool:
    """Whether a part's fault is the whole's, or what makes a part that is required impossible."""
    return why == fault or (fault.endswith("is unsatisfiable") and why.startswith(_NOTHING))
