"""brat's standoff annotations: a folder with two files for each text."""

import re
from collections.abc import Iterator
from pathlib import Path

from taskcli.checkpoints.token_labels import kinds
from taskcli.media.word_boundaries import LINE_ENDS
from taskcli.output.formats.folder import FolderWriter
from taskcli.results import Entity, Record

_TYPE = re.compile(r"\W+")  # what the name of a type in brat cannot hold
# A fragment of a brat entity: its line is parted by tabs, and ends where a line of text does.
_FRAGMENT = re.compile(rf"[^\t{LINE_ENDS}]+")


class BratWriter(FolderWriter):
    """The text beside its entities: a type and places in characters, for each."""

    def write(self, record: Record) -> None:
        if record.error is None:
            text = record.item.text
            lines = "".join(self._lines(text, record.result))
            files = [(".txt", text), (".ann", lines)]
            encoded = [(suffix, content.encode("utf-8", "replace")) for suffix, content in files]
            self._leave(record.input, encoded)

    def _lines(self, text: str, found: list[Entity]) -> Iterator[str]:
        for number, entity in enumerate(found, 1):
            parts = list(_fragments(text, entity))
            places = ";".join(f"{start} {end}" for start, end in parts)
            words = " ".join(text[start:end] for start, end in parts)
            yield f"T{number}\t{_type(entity.entity_group)} {places}\t{words}\n"

    def close(self) -> None:
        """The types of entities, as brat asks for them."""
        known = dict.fromkeys(map(_type, kinds(self.layout.labels).values()))
        listed = "".join(f"{kind}\n" for kind in known)
        sections = f"[entities]\n{listed}\n[relations]\n\n[events]\n\n[attributes]\n"
        self._files.put(Path("annotation.conf"), sections.encode())


def _fragments(text: str, entity: Entity) -> Iterator[tuple[int, int]]:
    """Where an entity's words stand: one over a line end is of several parts."""
    for found in _FRAGMENT.finditer(text, entity.start, entity.end):
        part = found[0]
        start = found.start() + len(part) - len(part.lstrip())
        if part.strip():
            yield start, start + len(part.strip())


def _type(kind: str) -> str:
    return _TYPE.sub("_", kind)
