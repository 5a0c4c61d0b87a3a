"""What every writer does: take records one at a time, and leave whole output behind."""

from abc import ABC, abstractmethod
from typing import TextIO

from taskcli.results import Record


class Writer(ABC):
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @abstractmethod
    def write(self, record: Record) -> None:
        """Write one record and flush it, so that a reader never waits for the next one."""

    def close(self) -> None:
        """End the output. The stream belongs to the caller."""
