"""Annotated videos: what is shown of the frames of a video is a video, too."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taskcli.errors import InputError
from taskcli.media.source import Frame, Source
from taskcli.output.artifacts.film import Film
from taskcli.output.artifacts.soundtrack import Soundtrack, soundtrack
from taskcli.output.filesystem.files import Files
from taskcli.results import Record

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class _Open:
    """The one that is being written, or why it cannot be."""

    of: str  # the id of the video whose frames it shows
    written: "tuple[Path, Film] | InputError"
    number: int  # of its latest frame

    def goes_on(self, record: Record, frame: Frame) -> bool:
        """Whether a frame is behind the latest one of the same video."""
        return _video_of(record) == self.of and frame.number > self.number


class Films:
    """One at a time: a video ends where the frames of another begin."""

    def __init__(self, files: Files, drawn: Callable[[Record], "Image"], ending: str) -> None:
        self._files, self._drawn, self._ending = files, drawn, ending
        self._open: _Open | None = None
        self._stack = ExitStack()

    def add(self, record: Record, source: Source, frame: Frame) -> tuple[str, tuple[str, ...]]:
        """Show what was answered: the file that will show it, and warnings.

        Raises InputError where something else has the file's name.
        """
        assert frame.time is not None, "frames of videos have times"
        image = self._drawn(record)
        is_first = self._open is None or not self._open.goes_on(record, frame)
        if self._open is None or is_first:
            self.close()
            written = self._begun(record, source, frame, image)
            self._open = _Open(_video_of(record), written, frame.number)
        self._open.number = frame.number
        if isinstance(self._open.written, InputError):
            raise self._open.written
        path, film = self._open.written
        film.add(image, frame.time)
        return str(path), film.warnings if is_first else ()

    def close(self) -> None:
        """End the one that is being written; what it shows so far stays."""
        self._open = None
        self._stack.close()

    def _begun(
        self, record: Record, source: Source, frame: Frame, image: "Image"
    ) -> tuple[Path, Film] | InputError:
        relative = self._name(record, frame)
        width, height = record.item.size
        size = image.width, round(height * image.width / width)  # without a legend under it
        try:
            with ExitStack() as stack:
                sound = stack.enter_context(_sound_of(source, frame))
                stream = stack.enter_context(self._files.appearing(relative))
                film = Film(stream, size, sound)
                stack.callback(film.finish)
                self._stack = stack.pop_all()
        except InputError as refusal:
            return refusal
        return self._files.path(relative), film

    def _name(self, record: Record, frame: Frame) -> Path:
        """One that goes on where an earlier run ended says from where."""
        since = "" if frame.number == 1 else f".from-{record.input.rpartition('=')[2]}"
        name = self._files.name(_video_of(record))
        return name.with_name(f"{name.name}{self._ending}{since}.mp4")


def _video_of(record: Record) -> str:
    return record.input.rpartition("#")[0]


@contextmanager
def _sound_of(source: Source, frame: Frame) -> Iterator[Soundtrack | None]:
    from taskcli.media.decode.decoder import content

    try:
        stream = content(source)
    except InputError:  # the file may have gone since
        yield None
        return
    with stream:
        sound = soundtrack(stream, frame.time or 0.0)
        try:
            yield sound
        finally:
            if sound is not None:
                sound.close()
