"""Files that hold several pictures, as several inputs: videos, animations, pages of a TIFF.

Frames are decoded here, once and in their order, as the run asks for its inputs, and no further.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING

from taskcli.errors import InputError, first_line
from taskcli.media import MEDIA, file_types
from taskcli.media.frames import FrameChoice
from taskcli.media.items import MOST_PIXELS, Media
from taskcli.media.source import Frame, Source
from taskcli.remote.kept import kept

if TYPE_CHECKING:
    from taskcli.media.decode.frames.reel import Reel

# How most files with a single picture begin: they are looked into no further.
_SINGLE = (b"\xff\xd8\xff", b"BM")
_IMAGE = MEDIA[Media.IMAGE]
_NAMES = _IMAGE.extensions.union(*(extra.extensions for extra in _IMAGE.extras))


@dataclass(frozen=True)
class Framing:
    """Which frames are inputs, of files whose pictures are no larger than `max_pixels`."""

    choice: FrameChoice
    max_pixels: int = MOST_PIXELS

    @classmethod
    def asked(cls, frames: str | None, fps: float | None, max_pixels: int) -> "Framing":
        """As --frames and --fps say. Raises UsageError for what they do not take."""
        return cls(FrameChoice.of(frames, fps), max_pixels)

    def leaves(self, names: Sequence[str], total: int | None) -> bool:
        """Whether all of so many files are one input each, as far as their names tell."""
        one_each = not self.choice.is_said and all(map(_names_a_picture, names))
        return one_each and len(names) == total

    def of(self, items: Iterable[Source]) -> Iterator[Source]:
        """The same, where each of the frames that are chosen is one."""
        return chain.from_iterable(map(self._frames, items))

    def _frames(self, source: Source) -> Iterable[Source]:
        if source.error is not None or source.text is not None:
            return [source]
        if not self.choice.is_said and _is_one_picture(source):
            return [source]
        return self._looked_into(source)

    def _looked_into(self, source: Source) -> Iterator[Source]:
        """What cannot be read is one record, as it is of a file with one picture."""
        try:
            if source.remote is not None:  # which is read several times
                source = replace(source, remote=kept(source.remote))
            yield from self._inside(source)
        except InputError as failure:
            yield replace(source, error=failure)
        except Exception as failure:  # of a library: it must not end the run
            reason = InputError(f"the file cannot be read: {first_line(failure)}")
            yield replace(source, error=reason)

    def _inside(self, source: Source) -> Iterator[Source]:
        from taskcli.media.decode.decoder import content

        with content(source) as stream:
            head = stream.read(file_types.HEAD)
        if file_types.is_video(file_types.kind_of(head, source.id)):
            yield from self._filmed(source)
        elif self.choice.is_said and not head.startswith(_SINGLE):
            yield from self._drawn(source)
        else:
            yield self._only(source)

    def _only(self, source: Source) -> Source:
        """A file with one picture: its first frame, and no other."""
        return source if self.choice.takes_first else _lacking(source, self.choice, 1)

    def _drawn(self, source: Source) -> Iterator[Source]:
        from taskcli.media.decode.decoder import content
        from taskcli.media.decode.frames import animation, pages

        with content(source) as stream:
            if animation.is_animation(stream, self.max_pixels):
                yield from self._of_reel(source, animation.reel(partial(content, source)))
                return
            stream.seek(0)
            if self.choice.fps is None and pages.is_paged(stream):
                yield from self._chosen(source, map(Frame, pages.pages(stream)))
                return
        yield self._only(source)

    def _filmed(self, source: Source) -> Iterator[Source]:
        from taskcli.media.decode.decoder import content
        from taskcli.media.decode.frames import video

        reel = video.reel(partial(content, source), self.max_pixels)
        return self._of_reel(source, reel, filmed=True)

    def _of_reel(self, source: Source, reel: "Reel", filmed: bool = False) -> Iterator[Source]:
        shots = reel.shots()
        each = (Frame(shot.number, shot.time, shot, filmed) for shot in shots)
        latest = None
        for chosen in self._chosen(source, each):
            latest = None if chosen.frame is None else chosen.frame.number
            yield chosen
        reel.latest = latest

    def _chosen(self, source: Source, frames: Iterator[Frame]) -> Iterator[Source]:
        """Those that are asked for. Raises InputError behind the last of a damaged file."""
        picking, count, found = self.choice.picking(), 0, False
        for frame in frames:
            count = frame.number
            if picking.takes(count, frame.time):
                found = True
                yield replace(source, id=f"{source.id}#{_fragment(frame)}", frame=frame)
            if picking.ends_at(count):
                return
        if not found:
            yield _lacking(source, self.choice, count)


def _fragment(frame: Frame) -> str:
    """`t=12.4` as media fragments have it, or the number of a frame or a page."""
    return f"t={frame.time:.3f}".rstrip("0").rstrip(".") if frame.filmed else str(frame.number)


def _lacking(source: Source, choice: FrameChoice, count: int) -> Source:
    holds = "it holds one picture" if count == 1 else f"it has {count:,} frames"
    return replace(source, error=InputError(f"{holds}, and {choice.asked_for} asks for another"))


def _is_one_picture(source: Source) -> bool:
    """Whether it is one by its name, or how its bytes begin.

    Elsewhere only what has the name of a video is taken for one: to look is to fetch.
    """
    if source.data is not None:
        return source.data.startswith((*_SINGLE, b"\x89PNG"))
    if source.remote is not None:
        return source.remote.suffix not in _IMAGE.frames_in
    return source.path is None or _names_a_picture(source.path)


def _names_a_picture(name: str) -> bool:
    return PurePath(name).suffix.lower() in _NAMES


def once_more(path: str, number: int, time: float | None) -> Source:
    """A frame of a file on this disk, by what its record says of it. Raises InputError."""
    if time is None:
        return Source(path, path=path, frame=Frame(number))
    return Source(path, path=path, frame=Frame(number, time, _reel_of(path).shot(number, time)))


@lru_cache(maxsize=1)
def _reel_of(path: str) -> "Reel":
    """Kept for the next of its frames, which is most often the next record's."""
    from taskcli.media.decode.decoder import content
    from taskcli.media.decode.frames import animation, video

    source = Source(path, path=path)
    with content(source) as stream:
        filmed = file_types.is_video(file_types.kind_of(stream.read(file_types.HEAD), path))
    opened = partial(content, source)
    return video.reel(opened, MOST_PIXELS) if filmed else animation.reel(opened)
