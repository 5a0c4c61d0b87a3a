"""The sound of a video, copied as it is."""

from collections.abc import Iterator
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, BinaryIO

from taskcli.errors import InputError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

_MICROSECOND = 1e-6


class Soundtrack:
    """The sound of a file from a time on, in seconds; `codec` is its name."""

    def __init__(self, container: "InputContainer", begins: float) -> None:
        self._container = container
        self._track: AudioStream = container.streams.audio[0]
        self._origin = (container.start_time or 0) * _MICROSECOND + begins
        # What stands before the beginning of a file is for the decoder to begin with.
        self._first = self._origin if begins else -inf
        self._packets = self._read()
        self._next: Packet[AudioStream] | None = None
        self._joined: AudioStream | None = None
        self.codec = self._track.codec_context.codec.canonical_name

    def join(self, video: "OutputContainer") -> bool:
        """Become the sound of a video that is begun; False where its format holds none such."""
        import av

        try:
            self._joined = video.add_stream_from_template(self._track)
        except (av.FFmpegError, ValueError):
            return False
        return True

    def until(self, seconds: float) -> "Iterator[Packet[AudioStream]]":
        """What is heard before a time of the video, and was not given yet."""
        while (packet := self._next or next(self._packets, None)) is not None:
            if _time(packet) - self._origin >= seconds:
                self._next = packet
                return
            self._next = None
            yield self._moved(packet)

    def close(self) -> None:
        self._container.close()

    def _read(self) -> "Iterator[Packet[AudioStream]]":
        """Up to where the file is damaged, which the records of its pictures tell."""
        import av

        with suppress(av.FFmpegError):
            for packet in self._container.demux(self._track):
                if packet.pts is not None and _time(packet) >= self._first:
                    yield packet

    def _moved(self, packet: "Packet[Any]") -> "Packet[Any]":
        ticks = round(self._origin / float(packet.time_base))
        assert packet.pts is not None, "_read passes over those without"
        packet.pts -= ticks
        packet.dts = packet.pts if packet.dts is None else packet.dts - ticks
        packet.stream = self._joined
        return packet


def _time(packet: "Packet[Any]") -> float:
    assert packet.pts is not None, "_read passes over those without"
    return float(packet.pts * packet.time_base)


def soundtrack(stream: BinaryIO, begins: float) -> Soundtrack | None:
    """Of a file, from a time on; None where it has no sound."""
    from taskcli.media.decode.containers import opened_container

    try:
        container = opened_container(stream, "a video")
    except InputError:  # it was changed meanwhile
        return None
    if not container.streams.audio:
        container.close()
        return None
    return Soundtrack(container, begins)
