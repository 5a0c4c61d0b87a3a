"""Where the index of a container leads, so that what lies before need not be decoded."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from taskcli.media.decode.container.clock import MICROSECOND, Clock

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

# Those with an index in time. The others guess by the rate of bytes, or their clocks start anew.
INDEXED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")


class Place(NamedTuple):
    """A place that can be found again, in a container that is opened anew.

    `offset` is what is asked for, in microseconds. The first frame there begins at `written`
    seconds, and time stamps are `behind` seconds ahead of the samples, as the clock has it.
    """

    offset: int
    written: float
    behind: float


def place_before(
    opened: Callable[[], "tuple[InputContainer, AudioStream]"], most: float, seconds: float
) -> Place | None:
    """The last place at or before so many seconds; None where all must be decoded.

    `opened` opens the container anew, since where a seek leads depends on what was read before it.
    """
    import av

    container, track = opened()
    with container:
        clock = Clock.of(container, track, most)
        if container.format.name not in INDEXED or clock.origin is None:
            return None
        clock.missing(_first_time(container, track), damaged=False)  # it notes what it is ahead
    offset = round((clock.origin + seconds) / MICROSECOND)
    container, track = opened()
    with container:
        try:
            container.seek(offset)
        except (av.FFmpegError, OverflowError):
            return None
        time = _first_time(container, track)
    if time is None or clock.anew:
        return None
    written = time - clock.origin - clock.behind
    return Place(offset, written, clock.behind) if 0 <= written <= seconds else None


def _first_time(container: "InputContainer", track: "AudioStream") -> float | None:
    """Of the first frame from here on; None where there is none, or it is damaged."""
    import av

    try:
        for packet in container.demux(track):
            for frame in packet.decode():
                if frame.time is not None:
                    return float(frame.time)
    except av.FFmpegError:
        pass  # it is decoded from the start, where that is told
    return None
