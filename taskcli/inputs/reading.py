"""How the words of the command line are to be read."""

from dataclasses import dataclass, replace

from taskcli.inputs.files import AUTO as BY_NAME
from taskcli.inputs.frames import Framing
from taskcli.inputs.keeping import Keep
from taskcli.inputs.rows import RowReading
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.media.items import MOST_PIXELS, Media
from taskcli.remote.stores import USUAL, Patience


@dataclass(frozen=True)
class Reading:
    """How the words are to be read: the shared input options, and what the task accepts."""

    media: Media
    text_fields: tuple[str, ...] = ("text",)
    field: str | None = None
    lines: bool = False
    encoding: str = AUTO
    delimiter: str | None = None
    recursive: bool = False
    chats: bool = False  # whether a row's text may be a list of messages
    allow_remote: bool = False  # whether URLs are fetched that a list or a row names
    patience: Patience = USUAL
    keep: Keep | None = None  # which columns of rows stay beside the answers
    format: str = BY_NAME  # what files and pipes hold
    left: frozenset[str] = frozenset()  # endings of files that are saved beside the inputs
    framing: Framing | None = None  # which pictures are inputs of a file that holds several

    @property
    def rows(self) -> RowReading:
        is_text = MEDIA[self.media].is_text
        usual = self.text_fields if is_text else ()
        names = (self.field,) if self.field else usual
        named = self.field is not None
        return RowReading(
            names,
            named,
            self.encoding,
            self.delimiter,
            self.chats,
            holds_bytes=not is_text,
            keep=self.keep,
            format=self.format,
        )

    @property
    def framed(self) -> bool:
        """Whether folders are searched for files of frames, too."""
        return self.framing is not None and self.framing.choice.is_said

    def seeing(
        self, frames: str | None = None, fps: float | None = None, max_pixels: int = MOST_PIXELS
    ) -> "Reading":
        """The same, but frames as --frames and --fps say, none larger than `max_pixels`.

        Raises UsageError for what the options do not take.
        """
        if not MEDIA[self.media].frames_in:
            return self
        return replace(self, framing=Framing.asked(frames, fps, max_pixels))
