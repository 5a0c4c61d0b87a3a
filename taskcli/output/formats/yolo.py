"""YOLO's labels: a folder with a file for each picture."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path, PurePath

from taskcli.output.drawing.annotator import decoded
from taskcli.output.drawing.polygon import outline
from taskcli.output.formats.folder import FolderWriter
from taskcli.output.serialize import one_line
from taskcli.output.writer import Layout
from taskcli.results import Detection, Record, Segment

_TOLD = 3  # of pictures that share a name
_DATA = """\
# The pictures belong in images/, in the tree of labels/; train and val are to be divided.
path: {}
train: images
val: images
nc: {}
names:
{}"""


class YoloWriter(FolderWriter):
    """A data set without its pictures: labels/, data.yaml and classes.txt.

    A picture has a line per object: its class, then shares of the picture's width and height: of
    a box its centre and size, of a region the points of its outline. A score comes last, and only
    if it is asked for: training refuses a column more.

    A reader finds labels/a/x.txt for images/a/x.jpg, so a label file has its input's path, or of
    a path through a folder "images" what follows that.
    """

    def __init__(self, folder: Path, known: Iterable[str], layout: Layout) -> None:
        super().__init__(folder, (), layout)  # the first of a stem has its name: readers find that
        self._folder = folder
        self._classes = {name: place for place, name in enumerate(layout.classes)}
        self._lost, self._told = 0, list[str]()

    def write(self, record: Record) -> None:
        if record.error is None:
            lines = "".join(self._lines(record.result, *record.item.size))
            wanted = _label_file(record.input)
            (made,) = self._leave(str(wanted), [(".txt", lines.encode())])
            if Path(made) != self._folder / wanted.with_suffix(".txt"):
                self._lost += 1
                if len(self._told) < _TOLD:
                    self._told.append(f"{record.input} has its labels in {made}")

    def notes(self) -> list[str]:
        """Pictures whose label file no reader would find, since another one has its name."""
        if not self._lost:
            return []
        told = "; ".join(self._told) + ("; …" if self._lost > _TOLD else "")
        one = self._lost == 1
        return [
            f"{self._lost} {'picture' if one else 'pictures'} whose labels no YOLO reader "
            f"finds, for {'its name' if one else 'their names'} without the extension "
            f"{'is' if one else 'are'} taken or cannot be written: {told}. Rename them."
        ]

    def _lines(self, objects: list[Detection | Segment], width: int, height: int) -> Iterator[str]:
        for one in objects:
            points = _outline(one) if isinstance(one, Segment) else _centre_and_size(one.sides)
            if not points:
                continue  # a region without pixels
            columns = [
                f"{pixel / whole:.6f}"
                for pixel, whole in zip(points, cycle((width, height)), strict=False)
            ]
            if self.layout.yolo_scores:
                columns.append(f"{1.0 if one.score is None else one.score:.6f}")
            number = self._classes.setdefault(one.label, len(self._classes))
            yield " ".join([str(number), *columns]) + "\n"

    def close(self) -> None:
        """The names of the classes in the order of their numbers, for old tools and for new."""
        names = [" ".join(name.split()) for name in self._classes]
        self._files.put(Path("classes.txt"), "".join(f"{name}\n" for name in names).encode())
        listed = "".join(f"  {number}: {one_line(name)}\n" for number, name in enumerate(names))
        where = one_line(str(self._folder.resolve()))
        self._files.put(Path("data.yaml"), _DATA.format(where, len(names), listed).encode())


def _label_file(id: str) -> PurePath:
    """Where a reader looks for the labels of an input, without the extension."""
    path = PurePath("stdin" if id == "-" else id)
    parts = [part for part in path.parts if part not in (path.anchor, "..")]
    if "images" in parts[:-1]:
        parts = parts[len(parts) - parts[::-1].index("images") :]
    return PurePath("labels", *parts)


def _centre_and_size(sides: Sequence[float]) -> list[float]:
    left, top, right, bottom = sides
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _outline(segment: Segment) -> list[float]:
    points: list[float] = outline(decoded(segment.mask)).ravel().tolist()
    return points
