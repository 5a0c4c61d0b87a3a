"""The frames of a video, by PyAV, at the times at which a player shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from taskcli.errors import InputError
from taskcli.media.decode.containers import opened_container
from taskcli.media.decode.frames.clock import Clock
from taskcli.media.decode.frames.damage import Damage
from taskcli.media.decode.frames.reel import Decoded, Opened, Reel

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_HIGH = (
    720  # lines from which on a video that does not say has the colours of BT.709, as in players
)
_UNSAID = 2  # FFmpeg's number for a colour space that a file does not name
# How Pillow turns what is to be turned so many degrees, counter-clockwise.
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Filmed:
    """A frame as its codec gives it: half as large as the picture that it becomes."""

    frame: "VideoFrame"

    @property
    def nbytes(self) -> int:
        return sum(plane.buffer_size for plane in self.frame.planes)

    def image(self) -> Image.Image:
        frame = self.frame
        unsaid = frame.colorspace == _UNSAID and frame.height >= _HIGH
        colours = "ITU709" if unsaid else None
        image: Image.Image = frame.to_image(src_colorspace=colours)  # type: ignore[no-untyped-call]
        turn = _TURNS.get(round(frame.rotation / 90) * 90 % 360)
        return image if turn is None else image.transpose(turn)


def reel(opened: Opened, max_pixels: int) -> Reel:
    """The frames of a file, whose pictures are no larger than `max_pixels`."""

    def read(after: float | None) -> Iterator[Decoded]:
        with opened() as stream, opened_container(stream, "a video") as container:
            track = _track(container, max_pixels)
            yield from _frames(container, track, after)

    return Reel(read)


def _track(container: "InputContainer", max_pixels: int) -> "VideoStream":
    """The first that moves: a cover is a picture, too. Raises InputError where there is none."""
    from av.codec.context import ThreadType

    track = next((one for one in container.streams.video if not _is_cover(one)), None)
    if track is None:
        raise InputError("the file has no moving pictures")
    if track.width * track.height > max_pixels:
        raise InputError(
            f"the video has {track.width} x {track.height} pixels, more than {max_pixels:,}",
            "raise --max-pixels if you trust the file",
        )
    track.thread_type = ThreadType.AUTO
    track.codec_context.options = {"max_pixels": str(max_pixels)}  # of frames that grow
    return track


def _is_cover(track: "VideoStream") -> bool:
    from av.stream import Disposition

    return bool(track.disposition & Disposition.attached_pic)


def _frames(
    container: "InputContainer", track: "VideoStream", after: float | None
) -> Iterator[Decoded]:
    """Raises InputError behind the last where packets or the end are missing."""
    clock, damage = Clock.of(container, track), Damage(container, track)
    if after is not None and clock.origin is not None:
        _seek(container, track, clock.origin, after)
    number = 0
    for frame in damage.frames():
        number += after is None
        yield Decoded(number, clock.seconds_of(frame), Filmed(frame), clock.lasts(frame))
    if after is None:
        damage.check(number)


def _seek(
    container: "InputContainer", track: "VideoStream", origin: Fraction, after: float
) -> None:
    """To a frame from which on decoding leads to the one at this time."""
    import av

    assert track.time_base is not None, "PyAV gives every track of pictures one"
    try:
        at = (after + float(origin)) / track.time_base
        container.seek(max(0, int(at)), stream=track)
    except av.FFmpegError:  # without an index, say: then all of it is decoded
        container.seek(0)
