"""Annotated videos: what is shown of the frames of a video is a video, too."""

from collections.abc import Iterator
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

_MOST_LEGEND = 0.35  # of a frame's height
_SMALLEST = 0.6  # of the size of its letters: smaller ones are not read
_OPAQUE = 0.85  # of a legend that stands on the picture


@dataclass
class _Open:
    """The one that is being written, or why it cannot be."""

    of: str  # the id of the video whose frames it shows
    written: "tuple[Path, Film] | InputError"
    latest: Frame

    def goes_on(self, record: Record, frame: Frame) -> bool:
        """Whether a frame is behind the latest one of the same video."""
        return _video_of(record) == self.of and frame.number > self.latest.number

    def ends(self) -> None:
        """Show the latest frame to the end of the video, where no other comes behind it."""
        until = None if self.latest.shot is None else self.latest.shot.until
        if until is not None and not isinstance(self.written, InputError):
            self.written[1].end_at(until)


class Films:
    """One at a time: a video ends where the frames of another begin."""

    def __init__(self, files: Files, ending: str) -> None:
        self._files, self._ending = files, ending
        self._open: _Open | None = None
        self._named: tuple[str, int, Path] = "", 0, Path()
        self._stack = ExitStack()

    def named(self, record: Record, frame: Frame) -> Path:
        """The name, below the folder, of the video that is to show a frame, where these are asked
        for in their order."""
        of, number, name = self._named
        if of != _video_of(record) or frame.number <= number:
            name = self._name(record, frame)
        self._named = _video_of(record), frame.number, name
        return name

    def add(
        self, record: Record, source: Source, frame: Frame, image: "Image", name: Path
    ) -> tuple[str, tuple[str, ...]]:
        """Show a picture of what was answered: the file that will show it, and warnings.

        Raises InputError where something else has the file's name.
        """
        assert frame.time is not None, "frames of videos have times"
        is_first = self._open is None or not self._open.goes_on(record, frame)
        if self._open is None or is_first:
            self.close()
            written = self._begun(record, source, frame, image, name)
            self._open = _Open(_video_of(record), written, frame)
        self._open.latest = frame
        if isinstance(self._open.written, InputError):
            raise self._open.written
        path, film = self._open.written
        film.add(_within(image, record), frame.time)
        return str(path), film.warnings if is_first else ()

    def close(self) -> None:
        """End the one that is being written; what it shows so far stays."""
        if self._open is not None:
            self._open.ends()
        self._open = None
        self._stack.close()

    def _begun(
        self, record: Record, source: Source, frame: Frame, image: "Image", relative: Path
    ) -> tuple[Path, Film] | InputError:
        size = image.width, _height(image, record)
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


def _height(image: "Image", record: Record) -> int:
    """Of what is drawn of a picture, without the legend under it."""
    width, height = record.item.size
    return round(int(height) * image.width / int(width))


def _within(image: "Image", record: Record) -> "Image":
    """Its legend stands on the picture, at the bottom, for all frames of a video are one size."""
    from PIL import Image

    height = _height(image, record)
    if image.height <= height:
        return image
    picture = image.crop((0, 0, image.width, height))
    legend = image.crop((0, height, image.width, image.height))
    most = round(height * _MOST_LEGEND)
    if legend.height > most:
        share = max(most / legend.height, _SMALLEST)
        legend = legend.resize((round(legend.width * share), round(legend.height * share)))
        legend = legend.crop((0, 0, legend.width, most))  # the surest are first
    place = (0, height - legend.height, legend.width, height)
    picture.paste(Image.blend(picture.crop(place), legend, _OPAQUE), place)
    return picture


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
