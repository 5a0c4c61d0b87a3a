"""One input before it is decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from taskcli.errors import InputError
from taskcli.remote.fetching import RemoteFile
from taskcli.results import Shard

if TYPE_CHECKING:
    from PIL.Image import Image


class Shot(Protocol):
    """The pixels of a frame that is decoded with those before it."""

    @property
    def until(self) -> float | None:
        """When the file ends, in seconds, once it is known that no frame behind this is asked."""

    def image(self) -> "Image":
        """Upright. Raises InputError where they cannot be had once more."""

    def let_go(self) -> None:
        """Keep none in memory."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Which of the pictures in its file a source is: `number` from 1, `time` in seconds.

    Pages have no time, and no `shot`: each is read from the file by itself.
    """

    number: int
    time: float | None = None
    shot: Shot | None = field(default=None, compare=False)
    filmed: bool = False  # in a video, and not in an animation


@dataclass(frozen=True, slots=True)
class Source:
    """One input before it is decoded: a file, here or elsewhere, bytes or a text, or why it
    is none of them.

    `number` is its place among the inputs of the run, from 0; `shard` tells that among those of all
    shards, where the run answers one of them. What is `answered` by an earlier run
    is computed again only where an input that shared its batch is not.
    `kept` are columns of its row that go with the answer; None where nothing is to be kept. Of a
    file that holds several pictures, `frame` tells which it is.
    """

    id: str
    path: str | None = None
    remote: RemoteFile | None = None
    data: bytes | None = None
    text: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    error: InputError | None = None
    number: int = 0
    answered: bool = False
    shard: Shard | None = None
    kept: Mapping[str, object] | None = None
    frame: Frame | None = None

    @property
    def on_this_disk(self) -> str | None:
        """The file here that is read for it: its own, or the archive that it lies in."""
        return self.path if self.remote is None else self.remote.on_this_disk

    def numbered(self, number: int) -> "Source":
        """The same with another number; `dataclasses.replace` takes three times as long."""
        return Source(
            self.id,
            self.path,
            self.remote,
            self.data,
            self.text,
            self.fields,
            self.error,
            number,
            self.answered,
            self.shard,
            self.kept,
            self.frame,
        )
