"""Decoded frames as blocks, with silence for what was missing and damaged among them."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from taskcli.errors import InputError
from taskcli.media.decode.audio_blocks import Block, silence
from taskcli.media.decode.container.clock import Clock
from taskcli.media.decode.container.frames import as_float, seconds_of

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.packet import Packet

_SHOWN = 0.01  # seconds: less is not worth a word


class Reading:
    """Decoded frames as blocks, with what was missing and damaged among them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.reached = 0.0  # seconds, by the time stamps of all tracks
        self.began: float | None = None
        self.failure: Exception | None = None  # the latest
        self._skipped, self._lost = 0, 0.0
        self._bytes, self._heard = 0, 0.0  # of packets that are whole, and their seconds
        self._damaged = False  # since the latest frame
        self._shape: tuple[int, int] | None = None

    def see(self, packet: "Packet[Any]") -> None:
        """Note how far the file goes, whatever the packet holds."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            return
        start = float(stamp * packet.time_base)
        self.began = start if self.began is None else min(self.began, start)
        self.reached = max(self.reached, start + seconds_of(packet))

    def skip(self, packet: "Packet[Any]", failure: Exception) -> Iterator[Block]:
        """Silence in place of a packet that cannot be decoded."""
        self._skipped += 1
        self._damaged = True
        self.failure = failure
        if self.clock.origin is None:
            yield from self._miss(max(seconds_of(packet), self._weight(packet.size)))

    def heed(self, packet: "Packet[Any]", largest: int) -> Iterator[Block]:
        """Silence for bytes that hold no frame, in front of one that does."""
        if packet.size > largest:
            self._skipped += 1
            yield from self._miss(self._weight(packet.size) - seconds_of(packet))
        elif packet.duration:
            self._bytes += packet.size
            self._heard += seconds_of(packet)

    def _weight(self, size: int) -> float:
        """How long so many bytes are, as the frames so far were."""
        return size / self._bytes * self._heard if self._bytes else 0.0

    def _miss(self, seconds: float) -> Iterator[Block]:
        seconds = max(0.0, min(seconds, self.clock.most - self.clock.written))
        self._lost += seconds
        if self._shape is not None:
            yield from self._write(silence(*self._shape, seconds))

    def hear(self, frame: "AudioFrame", time: float | None) -> Iterator[Block]:
        samples = as_float(frame)
        if not frame.sample_rate or not samples.size:
            return
        self._shape = (frame.sample_rate, len(samples))
        missing = self.clock.missing(time, self._damaged)
        if self._damaged:
            self._lost += missing
        self._damaged = False
        yield from self._write(silence(*self._shape, missing))
        yield from self._write([Block(frame.sample_rate, samples)])

    def _write(self, made: Iterable[Block]) -> Iterator[Block]:
        for block in made:
            self.clock.written += block.seconds
            yield block

    @property
    def heard_nothing(self) -> bool:
        return self._shape is None

    def check(self) -> None:
        if self.heard_nothing and self.failure is not None:
            raise InputError(f"the recording is damaged: {self.failure}")

    def note(self, notes: list[str]) -> None:
        if self._skipped:
            packets = "packet is" if self._skipped == 1 else "packets are"
            lost = f", {self._lost:.2f} s of silence stand there" if self._lost >= _SHOWN else ""
            notes.append(f"damaged: {self._skipped} {packets} skipped{lost}")
        if self.clock.gaps:
            gaps = "a gap" if self.clock.gaps == 1 else f"{self.clock.gaps} gaps"
            notes.append(
                f"{gaps} in the time stamps: {self.clock.filled:.2f} s of silence stand there"
            )
        if self.clock.anew:
            notes.append("the time stamps start anew: later times count what is heard")
