"""Tables of plain values as TOML: files that taskcli alone writes, and those that a user edits."""

import json
import re
from collections.abc import Mapping
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskcli.files import atomic_write

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_tables(
    path: Path, head: str, tables: Mapping[tuple[str, ...], Mapping[str, object]]
) -> None:
    """Replace a file at once: `head` as a comment, then a table for each dotted name.

    Values are text, numbers, booleans, and mappings of them; None and what is empty is left out.
    """
    _write(path, "\n".join([f"# {head}\n", *starmap(_table, tables.items())]))


def set_table(path: Path, head: str, name: str, values: Mapping[str, object]) -> None:
    """Add a table to a file, or give it these values and no others.

    All else stays as the user wrote it: comments, order, quotes, blank lines. A file that is not
    there begins with `head`.
    """
    if not path.exists():
        write_tables(path, head, {(name,): values})
        return
    document = _parsed(path)
    if name in document:
        _change(document[name], {key: value for key, value in values.items() if _says(value)})
        _write(path, document.as_string())
        return
    text = document.as_string()
    added = "\n" + _table((name,), values)
    _write(path, _ended(text) + (added.replace("\n", "\r\n") if "\r\n" in text else added))


def remove_table(path: Path, name: str) -> None:
    """Take a table out of a file; the comments that stand between it and the next stay."""
    from tomlkit.items import Table, Whitespace

    document = _parsed(path)
    ends = {
        at: _end(item)
        for at, (key, item) in enumerate(document.body)
        if key is not None and key.key == name and isinstance(item, Table)
    }
    document.remove(name)
    for at, end in ends.items():
        document.body[at] = (None, Whitespace(end.lstrip("\r\n")))
    _write(path, _ended(document.as_string()))


def _change(table: Any, values: Mapping[str, object]) -> None:
    """Give a table these values and no others, before the comments at its end."""
    import tomlkit

    body = table.value.body if hasattr(table, "is_super_table") else []
    end = []
    while body and body[-1][0] is None:
        end.append(body.pop())
    for key in [key for key in table if key not in values]:
        del table[key]
    for key, value in values.items():
        if isinstance(value, Mapping):
            inline = tomlkit.inline_table()
            inline.update(value)
            value = inline
        if table.get(key) != value:
            table[key] = value
    body.extend(reversed(end))


def _end(table: Any) -> str:
    """What stands behind the last value of a table: blank lines and comments."""
    end = ""
    for key, item in reversed(table.value.body):
        if key is not None:
            return (_end(item) if hasattr(item, "is_super_table") else "") + end
        end = item.as_string() + end
    return end


def _ended(text: str) -> str:
    """The text with one line end behind it."""
    body = text.rstrip("\r\n")
    return body + ("\r\n" if "\r\n" in text else "\n") if body else ""


def _parsed(path: Path) -> "TOMLDocument":
    import tomlkit

    return tomlkit.parse(path.read_bytes())  # as bytes, which keep their line ends


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write.appearing(path) as stream:
        stream.write(text.encode())


def _table(name: tuple[str, ...], values: Mapping[str, object]) -> str:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if _says(value)]
    return "\n".join([f"[{'.'.join(map(_key, name))}]", *lines]) + "\n"


def _says(value: object) -> bool:
    return value is not None and value != "" and value != {}


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    # JSON's text, numbers and booleans are TOML's, but for the control character 127.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
