"""The kinds of view: plain numbers and words, which a page and files draw in their own ways.

Every view belongs to a stage: `stage` is the path of its module, empty for the answer. Arrays are
float32. Where there are several, such as one for each layer and head, each has a `place` among the
view's `axes`, and a reader chooses one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[np.float32]
else:
    Array: TypeAlias = object

Box = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax as shares of the picture
EVERY_STAGE = "<every stage>"  # among the modules that a view wants the calls of
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Frame:
    """One array of a view, and where it stands among the others: (`layer 2`, `head 3`)."""

    values: Array
    place: tuple[str, ...] = ()
    note: str = ""  # what is told of it alone
    box: Box | None = None  # drawn over it


@dataclass(frozen=True)
class View:
    """`about` says in a sentence or two what is seen, and what it does not mean."""

    stage: str
    title: str
    about: str


@dataclass(frozen=True)
class Maps(View):
    """Numbers over a plane, each frame [h, w]; with `extent`, over the picture.

    That is where the plane lies on it: a model is given less of it where its processor crops, more
    where that pads. Of `signed` numbers zero is the middle of the colours. All frames
    of a view with a `shared` scale are coloured by the same least and greatest number.
    """

    frames: Sequence[Frame]
    axes: tuple[str, ...] = ()
    signed: bool = False
    shared: bool = False
    unit: str = ""
    extent: Box | None = None


@dataclass(frozen=True)
class Looks(View):
    """Where each place of a picture looks: frames [h * w, h * w], rows look at columns.

    Places stand row by row in `grid`, which is (h, w) and lies at `extent` on the picture.
    """

    frames: Sequence[Frame]
    grid: tuple[int, int]
    axes: tuple[str, ...] = ()
    extent: Box = WHOLE


@dataclass(frozen=True)
class Grid(View):
    """Numbers between two rows of words: frames [rows, columns].

    `marked` cells (row, column) are outlined: a path, or the best ones.
    """

    frames: Sequence[Frame]
    rows: Sequence[str]
    columns: Sequence[str]
    axes: tuple[str, ...] = ()
    marked: Sequence[tuple[int, int]] = ()
    row_name: str = "row"
    column_name: str = "column"
    signed: bool = False


@dataclass(frozen=True)
class Strip(View):
    """A text in pieces, and numbers for each piece: frames [pieces].

    Pieces hold the white space between them, so that they can be read on. Those that are not
    `measured` are numbers of kinds, which only tell one piece from the next.
    """

    frames: Sequence[Frame]
    pieces: Sequence[str]
    axes: tuple[str, ...] = ()
    signed: bool = False
    measured: bool = True


@dataclass(frozen=True)
class Rows(View):
    """A table. Numbers of columns named in `shares` are between 0 and 1, and drawn as bars."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str | int | float]]
    shares: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Node:
    """One step of a tree: `parent` is the number of a node before it, None at the root."""

    parent: int | None
    text: str
    score: float
    is_kept: bool  # else it was dropped where it stands
    is_answer: bool = False  # whether it is on the way to the answer


@dataclass(frozen=True)
class Tree(View):
    """What was tried, step by step; nodes come after their parents."""

    nodes: Sequence[Node]


@dataclass(frozen=True)
class Piece:
    """A stretch of a recording, in seconds, and what was heard there."""

    start: float
    end: float
    text: str
    is_kept: bool = True  # else it is a repeat or a blank, which the text lacks


@dataclass(frozen=True)
class Wave(View):
    """Samples [n] from -1 to 1 at `rate` a second, cut into frames of `step` seconds."""

    samples: Array
    rate: int
    step: float
    pieces: Sequence[Piece] = ()
