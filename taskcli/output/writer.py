"""What every writer does: take records one at a time, and leave whole output behind."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from taskcli.media.cues import LINE, LINES, CueShape
from taskcli.results import Record

_NO_CLASS = frozenset({"", "N/A"})


@dataclass(frozen=True)
class Layout:
    """How the answers of a run are laid out, beyond the choice of a format."""

    labels: Mapping[int, str] = field(default_factory=dict)  # the checkpoint's numbers for them
    inputs: Sequence[str] = ()  # the ids of those that are known beforehand
    line_width: int = LINE  # characters in a line of subtitles
    max_lines: int = LINES  # of a cue
    max_words: int | None = None  # of a cue
    word_cues: bool = False
    karaoke: bool = False
    crops: bool = False
    crop_margin: str | None = None  # as --crop-margin has it
    masks: bool = False
    cutouts: bool = False
    preview: bool = False
    depth_range: str = "auto"  # as --depth-range has it
    save: str | None = None  # as --save has it
    no_names: bool = False
    no_scores: bool = False
    stroke: int | None = None  # pixels, of lines on pictures; by default as these are large
    polygons: bool = False
    yolo_scores: bool = False
    coco_ids: Path | None = None
    result: Any = None  # the result type of the task, where its columns are typed
    more_fields: Collection[str] = ()  # of OF_SOME_TASKS, those that its records may have
    keeps: bool = False  # whether records may have columns of the user's own
    kept: Sequence[str] = ()  # which, as far as is known beforehand
    own_types: Mapping[str, Any] = field(default_factory=dict)  # of those, Arrow's, where known
    own_cells: bool = False  # whether all of these were cells of tables

    @property
    def cue_shape(self) -> CueShape:
        return CueShape(self.line_width, self.max_lines, self.max_words, self.word_cues)

    @property
    def classes(self) -> list[str]:
        """The labels in the order of their numbers, for formats that number them anew.

        Gaps in a checkpoint's numbering, which COCO's own has and names N/A, are no classes.
        """
        names = dict.fromkeys(self.labels[number] for number in sorted(self.labels))
        return [name for name in names if name not in _NO_CLASS]


def free_name(name: str, taken: Collection[str]) -> str:
    """The name of a column of ours beside those of others, which keep theirs."""
    while name in taken:
        name = f"result.{name}"
    return name


class Writer(ABC):
    """Made with a stream and the layout of the run."""

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        self.stream = stream
        self.layout = layout or Layout()

    @abstractmethod
    def write(self, record: Record) -> None:
        """Write one record and flush it, so that a reader never waits for the next one."""

    def notes(self) -> list[str]:
        """What the user should know of the output, once it is written."""
        return []

    def close(self) -> None:
        """End the output. The stream belongs to the caller."""

    @property
    def note(self) -> str:
        """What the format could not hold of the records so far; empty if it held all."""
        return ""
