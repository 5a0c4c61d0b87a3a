"""From a source to an item: open what it names, and say clearly why that cannot be done."""

import io
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from taskcli.errors import InputError
from taskcli.media import MEDIA, file_types
from taskcli.media.decode import text
from taskcli.media.items import Item, LongSound, Media
from taskcli.media.source import Source

_GONE = "it was there when the inputs were listed, or it is a link to nothing"


@dataclass(frozen=True)
class Decoder:
    """How sources of one medium are opened; `settings` are those that its row of MEDIA names."""

    media: Media
    settings: Any = None  # unset: as they are by default
    task: str = "TASK"  # for what a message suggests, as are the tasks that read each medium
    readers: Mapping[Media, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        MEDIA[self.media].load_decoder()  # its libraries, before several threads want them
        if self.settings is None:
            object.__setattr__(self, "settings", MEDIA[self.media].load_settings()())

    def __call__(self, source: Source) -> Item:
        """Decode one source. Raises InputError with the reason."""
        if source.error is not None:
            raise source.error
        if source.text is not None:
            return text.written(source.text, source)
        if source.frame is not None and source.frame.shot is not None:
            from taskcli.media.decode.image import of_shot  # no other medium needs its libraries

            return of_shot(source.frame.shot, self.settings)
        with ExitStack() as opened:
            stream = opened.enter_context(content(source))
            item = self._decoded(stream, source)
            if isinstance(item, LongSound):
                opened.pop_all()  # it reads on, and closes the file
            return item

    def with_settings(self, **changed: Any) -> "Decoder":
        return replace(self, settings=replace(self.settings, **changed))

    def _decoded(self, stream: BinaryIO, source: Source) -> Item:
        head = stream.read(file_types.HEAD)
        self._check_kind(head, source)
        stream.seek(0)
        decode = MEDIA[self.media].load_decoder()
        try:
            return decode(stream, source, self.settings)  # type: ignore[no-any-return]
        except InputError as failure:
            a_text = file_types.a_text(source.id)
            unknown = failure.message.startswith("not ")  # it is something else altogether
            if unknown and self.media not in a_text.media and file_types.is_text(head):
                raise self._refusal(a_text, source) from None
            raise

    def _check_kind(self, head: bytes, source: Source) -> None:
        """Raises InputError for content that is known and of no such medium."""
        kind = file_types.kind_of(head, source.id)
        if kind is not None and not kind.is_read_as(self.media):
            raise self._refusal(kind, source)

    def _refusal(self, kind: file_types.FileType, source: Source) -> InputError:
        return kind.refusal(self.media, _to_name(source), self.task, self.readers)


def _to_name(source: Source) -> str:
    """What a command that is suggested could call it."""
    return source.path or (source.id if source.remote is not None else "FILE")


def stated_seconds(path: str) -> float:
    """Seconds of sound in a file by its header alone; 0 for what cannot be opened."""
    from taskcli.media.decode.recording import header_seconds  # no other medium needs its libraries

    try:
        with content(Source(path, path=path)) as stream:
            return header_seconds(stream)
    except InputError:
        return 0.0


def content(source: Source) -> BinaryIO:
    """What a source holds. Only regular files: a pipe or a device could wait for ever.

    Raises InputError for what is empty or cannot be read.
    """
    if source.data is not None:
        return _filled(io.BytesIO(source.data), len(source.data))
    if source.remote is not None:
        stream = source.remote.open()
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        return _filled(stream, size)
    assert source.path is not None, "a source has a path, bytes, a text or an error"
    path = Path(source.path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError("not a regular file", "give its content through - or copy it first")
        return _filled(path.open("rb"), found.st_size)
    except FileNotFoundError:
        raise InputError("the file is gone", _GONE) from None
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or failure
        raise InputError(f"the file cannot be read: {reason}") from None


def _filled(stream: BinaryIO, size: int) -> BinaryIO:
    if not size:
        stream.close()
        raise InputError("the input is empty")
    return stream
