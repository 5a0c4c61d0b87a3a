"""Pictures as a video, each shown from its time on, with the sound of the one they come from."""

from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, BinaryIO

from taskcli.output.artifacts.soundtrack import Soundtrack

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream
    from PIL.Image import Image

_CODECS = ("libx264", "libopenh264", "mpeg4")  # the first that there is
# Pictures stand in the file in their order, without B-frames: a muxer takes the length of what
# stands last for that of what is shown last.
_LOOKS = {"libx264": {"preset": "veryfast", "crf": "20", "bf": "0"}}
_UNIT = Fraction(1, 1000)  # seconds
_KEYS = 12  # frames from one that stands alone to the next, so that players find places fast
_NOMINAL = 25  # frames a second: encoders want a number, though each frame has its own time
_ALONE = 1000  # milliseconds that a single frame is shown
_BT709 = 1  # FFmpeg's number for these colours


class Film:
    """Written to a stream that can seek; `sound` begins with the first picture."""

    def __init__(self, stream: BinaryIO, size: tuple[int, int], sound: Soundtrack | None) -> None:
        import av

        self._container = av.open(stream, "w", format="mp4")
        self._size = (size[0] + size[0] % 2, size[1] + size[1] % 2)  # as 4:2:0 has it
        self._track = _track(self._container, self._size)
        self._sound = sound
        self._heard = sound is not None and sound.join(self._container)
        self._began: float | None = None  # seconds
        self._latest, self._interval = 0, _ALONE  # milliseconds
        self._ends: int | None = None  # milliseconds

    @property
    def warnings(self) -> tuple[str, ...]:
        if self._sound is None or self._heard:
            return ()
        return (f"the video is without its sound: an MP4 does not hold {self._sound.codec}",)

    def add(self, image: "Image", time: float) -> None:
        """Show a picture from a time on, in seconds; its corner, if it is larger than the first."""
        import av

        if self._began is None:
            self._began = time
        at = round((time - self._began) / _UNIT)
        self._interval = at - self._latest or self._interval
        self._latest = at
        frame = av.VideoFrame.from_image(_fitted(image, self._size))
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.pts, frame.time_base = at, _UNIT
        self._put(self._track.encode(frame), at)

    def end_at(self, time: float) -> None:
        """Show the last picture up to a time, in seconds, and all sound that is left."""
        if self._began is not None:
            self._ends = round((time - self._began) / _UNIT)

    def finish(self) -> None:
        """End the file; the last picture is shown as long as the one before it, or as was said."""
        if self._ends is not None:
            self._interval = max(1, self._ends - self._latest)
        until = self._latest + self._interval if self._ends is None else inf
        self._put(self._track.encode(None), until)
        self._container.close()

    def _put(self, pictures: "list[Packet[VideoStream]]", until: float) -> None:
        """Write pictures, and what is heard before a time in milliseconds."""
        for packet in pictures:
            packet.duration = round(self._interval * _UNIT / packet.time_base)
            self._container.mux(packet)
        if self._heard and self._sound is not None:
            for heard in self._sound.until(until * float(_UNIT)):
                self._container.mux(heard)


def _track(container: "OutputContainer", size: tuple[int, int]) -> "VideoStream":
    import av

    for codec in _CODECS:
        if codec in av.codecs_available:
            break
    track: VideoStream = container.add_stream(codec, _NOMINAL, _LOOKS.get(codec))  # type: ignore
    track.width, track.height = size
    track.pix_fmt = "yuv420p"
    context = track.codec_context
    context.time_base, context.gop_size = _UNIT, _KEYS
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    return track


def _fitted(image: "Image", size: tuple[int, int]) -> "Image":
    from PIL import Image

    if image.size == size:
        return image
    if abs(image.width - size[0]) > 1:  # the video has changed its size
        height = max(1, round(image.height * size[0] / image.width))
        image = image.resize((size[0], height))
    paper = Image.new("RGB", size)
    paper.paste(image)
    return paper
