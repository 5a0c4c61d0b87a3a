"""From a source to an item: open what it names, and say clearly why that cannot be done."""

import io
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from taskcli.errors import InputError
from taskcli.media import file_types
from taskcli.media.decode.audio import decode_audio, header_seconds
from taskcli.media.decode.image import ImageReading, decode_image
from taskcli.media.encodings import AUTO, decoded
from taskcli.media.items import MOST_PIXELS, Item, LongSound, Media, TextInput
from taskcli.media.source import NOT_FETCHED, Source, is_url

_WITH_TAGS = "a web page, read with its tags; pandoc -t plain gives its words alone"
_GONE = "it was there when the inputs were listed, or it is a link to nothing"


@dataclass(frozen=True)
class Decoder:
    """How sources of one medium are opened; the limits guard against hostile files."""

    media: Media
    rate: int = 16_000  # samples a second that the checkpoint wants
    picture_side: int | None = None  # pixels a side that the checkpoint resizes to, if fixed
    max_pixels: int = MOST_PIXELS
    max_duration: float = 6.0  # hours
    track: int | None = None  # of sound, from 1; by default the container chooses
    encoding: str = AUTO
    levels: str = "full"
    truncated: bool = False
    final_newline: bool = True  # whether the last line end of a document is text
    task: str = "TASK"  # for what a message suggests, as are the tasks that read each medium
    readers: Mapping[Media, str] = field(default_factory=dict)

    def __call__(self, source: Source) -> Item:
        """Decode one source. Raises InputError with the reason."""
        if source.error is not None:
            raise source.error
        if self.media is Media.TEXT:
            return self._passage(source)
        with ExitStack() as opened:
            stream = opened.enter_context(_open(source))
            item = self._media(stream, source)
            if isinstance(item, LongSound):
                opened.pop_all()  # it reads on, and closes the file
            return item

    def _media(self, stream: BinaryIO, source: Source) -> Item:
        head = stream.read(file_types.HEAD)
        self._check_kind(head, source)
        stream.seek(0)
        try:
            return self._decoded(stream)
        except InputError as failure:
            unknown = failure.message.startswith("not ")  # it is something else altogether
            if unknown and file_types.is_text(head):
                raise self._refusal(file_types.a_text(source.id), source) from None
            raise

    def _decoded(self, stream: BinaryIO) -> Item:
        if self.media is Media.IMAGE:
            return decode_image(stream, self._picture_reading)
        return decode_audio(stream, self.rate, self.max_duration * 3600, self.track)

    def _check_kind(self, head: bytes, source: Source) -> file_types.FileType | None:
        """What the content is, if that is known. Raises InputError for what is no such medium."""
        kind = file_types.kind_of(head, source.id)
        if kind is not None and kind.media is not self.media:
            raise self._refusal(kind, source)
        return kind

    def _refusal(self, kind: file_types.FileType, source: Source) -> InputError:
        return kind.refusal(self.media, source.path or "FILE", self.task, self.readers)

    @property
    def _picture_reading(self) -> ImageReading:
        return ImageReading(self.picture_side, self.max_pixels, self.levels, self.truncated)

    def _passage(self, source: Source) -> TextInput:
        text, notes = self._document(source) if source.text is None else (source.text, ())
        if source.text is None and not self.final_newline:
            text = text.removesuffix("\n").removesuffix("\r")
        if not text.strip():
            raise InputError("the text is empty")
        return TextInput(text, source.fields, notes)

    def _document(self, source: Source) -> tuple[str, tuple[str, ...]]:
        """The text of a document, and what is to be said of it."""
        with _open(source) as stream:
            content = stream.read()
        kind = self._check_kind(content[: file_types.HEAD], source)
        return decoded(content, self.encoding), (_WITH_TAGS,) if file_types.is_page(kind) else ()


def stated_seconds(path: str) -> float:
    """Seconds of sound in a file by its header alone; 0 for what cannot be opened."""
    try:
        with _open(Source(path, path=path)) as stream:
            return header_seconds(stream)
    except InputError:
        return 0.0


def _open(source: Source) -> BinaryIO:
    """The content of a source. Only regular files: a pipe or a device could wait for ever."""
    if source.data is not None:
        return _filled(io.BytesIO(source.data), len(source.data))
    assert source.path is not None, "a source has a path, bytes, a text or an error"
    path = Path(source.path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError("not a regular file", "give its content through - or copy it first")
        return _filled(path.open("rb"), found.st_size)
    except FileNotFoundError:
        if is_url(source.path):
            raise InputError(*NOT_FETCHED) from None
        raise InputError("the file is gone", _GONE) from None
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or failure
        raise InputError(f"the file cannot be read: {reason}") from None


def _filled(stream: BinaryIO, size: int) -> BinaryIO:
    if not size:
        stream.close()
        raise InputError("the input is empty")
    return stream
