"""What every writer does: take records one at a time, and leave whole output behind."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from taskcli.captions import LINE
from taskcli.results import Record


@dataclass(frozen=True)
class Layout:
    """How the answers of a run are laid out, beyond the choice of a format."""

    labels: Mapping[int, str] = field(default_factory=dict)  # the checkpoint's numbers for them
    line_width: int = LINE  # characters in a line of subtitles
    word_cues: bool = False
    crops: bool = False
    masks: bool = False
    preview: bool = False


class Writer(ABC):
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @abstractmethod
    def write(self, record: Record) -> None:
        """Write one record and flush it, so that a reader never waits for the next one."""

    def close(self) -> None:
        """End the output. The stream belongs to the caller."""

    @property
    def note(self) -> str:
        """What the format could not hold of the records so far; empty if it held all."""
        return ""
