"""Tables of plain values as TOML, for the files that taskcli itself writes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskcli.files import atomic_write

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_tables(
    path: Path, head: str, tables: Mapping[tuple[str, ...], Mapping[str, Any]]
) -> None:
    """Replace a file at once: `head` as a comment, then a table for each dotted name.

    Values are text, numbers, booleans, and mappings of them; None and what is empty is left out.
    """
    parts = [f"# {head}\n"]
    for name, values in tables.items():
        lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if _says(value)]
        parts.append("\n".join([f"[{'.'.join(map(_key, name))}]", *lines]) + "\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write.appearing(path) as stream:
        stream.write("\n".join(parts).encode())


def _says(value: Any) -> bool:
    return value is not None and value != "" and value != {}


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    # JSON's text, numbers and booleans are TOML's, but for the control character 127.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
