"""--keep: which of a row's own columns stay beside its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskcli.inputs.fields import has, reach


@dataclass(frozen=True)
class Keep:
    """The columns by `names`, dots reach into objects; all of them without any.

    Those of bytes are none: a picture in a row is the input, and no line of text holds it.
    """

    names: tuple[str, ...] = ()

    def of(self, row: Mapping[str, object]) -> dict[str, object]:
        """What is kept of a row, in its order or in that of the names."""
        if not self.names:
            return {name: value for name, value in row.items() if not _holds_bytes(value)}
        found = {name: reach(row, name) for name in self.names if has(row, name)}
        return {name: value for name, value in found.items() if not _holds_bytes(value)}

    def missing(self, kept: Sequence[Mapping[str, object]]) -> list[str]:
        """The names that are not in what was kept of any of some rows."""
        return [name for name in self.names if not any(name in row for row in kept)]


def _holds_bytes(value: object) -> bool:
    """Whether it is bytes, or what datasets makes of a file: {bytes, path}, one of them null."""
    if not isinstance(value, dict):
        return isinstance(value, bytes)
    if value.keys() == {"bytes", "path"} and value["bytes"] is None:
        return True
    return any(map(_holds_bytes, value.values()))
