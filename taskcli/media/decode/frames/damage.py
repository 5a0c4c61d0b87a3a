"""What of a video can be decoded, and what could not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskcli.errors import InputError
from taskcli.media.decode.audio_blocks import cut_short
from taskcli.media.decode.container.clock import MICROSECOND
from taskcli.media.decode.containers import stated_length

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass
class Damage:
    container: "InputContainer"
    track: "VideoStream"
    packets: int = field(default=0, init=False)  # that no frame could be made of
    reason: str = field(default="", init=False)
    reached: float = field(default=0.0, init=False)  # seconds to which the packets of all tracks go

    def frames(self) -> "Iterator[VideoFrame]":
        for packet in self._packets():
            if packet.stream.index == self.track.index:
                yield from self._decoded(packet)
        yield from self._decoded(None)

    def check(self, frames: int) -> None:
        """Raises InputError if there should have been more than these."""
        if not frames:
            why = f": {self.reason}" if self.reason else ""
            raise InputError(f"the video is damaged, no frame can be decoded{why}")
        began = float((self.container.start_time or 0) * MICROSECOND)
        held = max(self.reached, self.reached - began)
        told = cut_short(stated_length(self.container), held)
        if self.packets:
            told = f"{self.packets:,} of its packets could not be decoded"
        if told or self.reason:
            raise InputError(f"the video is damaged: {told or self.reason}")

    def _packets(self) -> "Iterator[Packet[Any]]":
        """Of all tracks: only they tell how far the file goes."""
        import av

        failures = (av.FFmpegError, OSError)  # the latter of the stream itself
        try:
            for packet in self.container.demux():
                if not packet.size:  # the end, of which the decoder is told by name
                    continue
                at = packet.dts if packet.pts is None else packet.pts
                if at is not None:
                    end = float((at + (packet.duration or 0)) * packet.time_base)
                    self.reached = max(self.reached, end)
                yield packet
        except failures as failure:
            self.reason = failure.strerror or str(failure)

    def _decoded(self, packet: "Packet[Any] | None") -> "list[VideoFrame]":
        """None is the end."""
        import av

        try:
            return self.track.decode(packet)
        except EOFError:
            return []
        except av.FFmpegError as failure:
            self.packets += 1
            self.reason = failure.strerror or str(failure)
            return []
