"""Formats that are a folder of files: YOLO's labels, and brat's standoff annotations."""

import re
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path

from taskcli.errors import InputError, StoppedError
from taskcli.output.drawing import decoded
from taskcli.output.outlines import outline
from taskcli.output.saved.files import Files
from taskcli.output.writer import Layout, Writer
from taskcli.results import Box, Detection, Entity, Record, Segment
from taskcli.tags import kinds

_TYPE = re.compile(r"\W+")  # what the name of a type in brat cannot hold
# A fragment of a brat entity: its line is parted by tabs, and ends where a line of text does.
_FRAGMENT = re.compile("[^\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


class FolderWriter(Writer):
    """Every input has files of its own, whole when they appear; an input that failed has none."""

    def __init__(self, folder: Path, known: Iterable[str], layout: Layout) -> None:
        self._files = Files(folder, known, reserved=("classes", "annotation"))
        self._layout = layout

    def _leave(self, id: str, contents: Iterable[tuple[str, bytes]]) -> None:
        """Write the files of one input. Nothing else would tell that they are missing."""
        try:
            self._files.write(id, contents)
        except InputError as failure:
            raise StoppedError(failure.message, failure.hint) from None


class YoloWriter(FolderWriter):
    """A line per object: its class, then shares of the picture's width and height.

    Of a box its centre and size, of a region the points of its outline. Scores have no place:
    what loads labels refuses a column more.
    """

    def __init__(self, folder: Path, known: Iterable[str], layout: Layout) -> None:
        super().__init__(folder, known, layout)
        names = dict.fromkeys(layout.labels[number] for number in sorted(layout.labels))
        self._classes = {name: place for place, name in enumerate(names)}

    def write(self, record: Record) -> None:
        if record.error is None:
            lines = "".join(self._lines(record.result, *record.item.size))
            self._leave(record.input, [(".txt", lines.encode())])

    def _lines(self, found: list[Detection | Segment], width: int, height: int) -> Iterator[str]:
        for one in found:
            points = _outline(one) if isinstance(one, Segment) else _centre_and_size(one.box)
            if not points:
                continue  # a region without pixels
            shares = (
                f"{pixel / whole:.6f}"
                for pixel, whole in zip(points, cycle((width, height)), strict=False)
            )
            number = self._classes.setdefault(one.label, len(self._classes))
            yield " ".join([str(number), *shares]) + "\n"

    def close(self) -> None:
        """The names of the classes, one a line, in the order of their numbers."""
        names = (" ".join(name.split()) for name in self._classes)
        self._files.put(Path("classes.txt"), "".join(f"{name}\n" for name in names).encode())


def _centre_and_size(box: Box) -> list[float]:
    middle = (box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2
    return [*middle, box.xmax - box.xmin, box.ymax - box.ymin]


def _outline(segment: Segment) -> list[float]:
    points: list[float] = outline(decoded(segment.mask)).ravel().tolist()
    return points


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
        for number, one in enumerate(found, 1):
            parts = list(_fragments(text, one))
            places = ";".join(f"{start} {end}" for start, end in parts)
            words = " ".join(text[start:end] for start, end in parts)
            yield f"T{number}\t{_type(one.entity_group)} {places}\t{words}\n"

    def close(self) -> None:
        """The types of entities, as brat asks for them."""
        known = dict.fromkeys(map(_type, kinds(self._layout.labels).values()))
        listed = "".join(f"{kind}\n" for kind in known)
        sections = f"[entities]\n{listed}\n[relations]\n\n[events]\n\n[attributes]\n"
        self._files.put(Path("annotation.conf"), sections.encode())


def _fragments(text: str, one: Entity) -> Iterator[tuple[int, int]]:
    """Where an entity's words stand: one over a line end is of several parts."""
    for found in _FRAGMENT.finditer(text, one.start, one.end):
        part = found[0]
        start = found.start() + len(part) - len(part.lstrip())
        if part.strip():
            yield start, start + len(part.strip())


def _type(kind: str) -> str:
    return _TYPE.sub("_", kind)
