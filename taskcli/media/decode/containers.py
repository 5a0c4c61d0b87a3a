"""What libsndfile does not read, by PyAV: videos, m4a, aac, and whatever is damaged.

Sound keeps the clock of its container: silence stands for what is missing, so that every word
has the time at which a player shows its picture.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from taskcli.errors import InputError
from taskcli.media.decode.audio_blocks import Block, Samples, believed, cut_short, silence

# Containers that PyAV may open. Playlists are not among them: they name other files.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,flac,wav,w64,aiff,au,caf,asf,avi,flv,"
    "mpegts,mpeg,amr,ac3,eac3,wv,ape,tta,dts,rm,gsm,nistsphere,mxf"
)
# FFmpeg derives the length of these from the bit rate of their first frames.
_GUESSES_LENGTH = ("mp3", "aac", "ac3", "eac3", "dts", "amr", "gsm")
_CLOCKED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "mpeg", "flv", "asf", "ogg",
            "flac", "mxf")  # fmt: skip
_RESTARTS = ("mpegts", "mpeg")  # their clocks may start anew at any point
_JUMP = 10  # seconds: more in such a container is a new clock, as FFmpeg's own tools have it
_GAP = 0.1  # seconds: less is jitter, or an encoder's delay
_EXACT_GAP = 0.001  # where every frame states which samples it holds
_BACK = 1.0  # seconds: a clock that goes back by more has started anew
# Bytes of the longest frame. FFmpeg hands on what it passes over as part of the next one.
_LARGEST_FRAME = {"mp3": 1_730, "aac": 6_160, "ac3": 3_840, "eac3": 4_096, "dts": 16_384}
_SHOWN = 0.01  # seconds: less is not worth a word
_MICROSECOND = 1e-6  # FFmpeg's unit for containers
_LONGEST_TITLE, _MOST_NAMES = 60, 8


def stated_seconds(stream: BinaryIO) -> float:
    """How long a recording is by its header; 0 where that says nothing."""
    stream.seek(0)
    try:
        container = _opened(stream)
    except InputError:
        return 0.0
    with container:
        return believed((container.duration or 0) * _MICROSECOND)


def blocks(
    stream: BinaryIO, number: int | None, most: float, stated: float, notes: list[str]
) -> Iterator[Block]:
    """The samples of one track, by `number` from 1, or by the container's own choice.

    Silence is kept up to `most` seconds; `stated` is the length by another decoder's header, or 0.
    Raises InputError for what is no recording, or cannot be decoded at all.
    """
    import av

    stream.seek(0)
    container = _opened(stream)
    with container:
        track = _track(container, number, notes)
        reading = _Reading(_Clock.of(container, track, most))
        largest = _LARGEST_FRAME.get(container.format.name)
        is_flac = container.format.name == "flac"
        for packet in _packets(container, reading):
            if packet.stream.index != track.index:
                continue
            try:
                frames = packet.decode()
            except av.FFmpegError as failure:
                yield from reading.skip(packet, failure)
                continue
            if largest is not None:
                yield from reading.heed(packet, largest)
            for frame in frames:
                time = _flac_time(packet, frame) if is_flac else frame.time
                yield from reading.hear(frame, time)
        reading.check()
        _note_end(container, reading, stated, notes)
        reading.note(notes)


def _opened(stream: BinaryIO) -> Any:
    import av  # only what libsndfile cannot read pays for this import

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        container = av.open(stream, options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        raise InputError("not a recording in a format that can be read") from None
    if not container.streams.audio:
        raise InputError("the file has no sound")
    return container


# Tracks


def _track(container: Any, number: int | None, notes: list[str]) -> Any:
    """The track asked for, or the one that the container marks as its default, or the first."""
    tracks = container.streams.audio
    if number is not None:
        if number > len(tracks):
            raise InputError(
                f"there is no track {number}: the file has {len(tracks)} of sound",
                f"its tracks: {_names(tracks)}",
            )
        track = tracks[number - 1]
    else:
        track = _usual(tracks)
    if track.codec_context is None:
        raise InputError("no decoder here reads its sound")
    if number is None and len(tracks) > 1:
        others = [one for one in tracks if one is not track]
        notes.append(
            f"{len(tracks)} tracks of sound: {_name(track, tracks)} is heard, "
            f"not {_names(tracks, others)} (--track)"
        )
    return track


def _usual(tracks: Any) -> Any:
    from av.stream import Disposition

    readable = [track for track in tracks if track.codec_context is not None] or tracks
    marked = [track for track in readable if track.disposition & Disposition.default]
    return (marked or readable)[0]


def _names(tracks: Any, some: Any = None) -> str:
    named = [_name(track, tracks) for track in (some or tracks)]
    more = ["..."] if len(named) > _MOST_NAMES else []
    return ", ".join(named[:_MOST_NAMES] + more)


def _name(track: Any, tracks: Any) -> str:
    """Its number, and what the container calls it."""
    number = 1 + [one.index for one in tracks].index(track.index)
    known = (track.metadata.get("language"), track.metadata.get("title"))
    called = ", ".join(text[:_LONGEST_TITLE] for text in known if text and text != "und")
    return f"{number} ({called})" if called else str(number)


# Packets and frames


@dataclass
class _Clock:
    """Where in time the samples so far end, and what the container's time stamps make of it.

    `origin` is the container's time at which the recording begins; None where it keeps no time.
    """

    origin: float | None
    restarts: bool
    most: float
    least: float = _GAP
    written: float = 0.0  # seconds
    behind: float = 0.0  # seconds that time stamps are ahead of the samples, too few to matter
    gaps: int = 0
    filled: float = 0.0  # seconds, of gaps behind the first sample
    anew: bool = False

    @classmethod
    def of(cls, container: Any, track: Any, most: float) -> "_Clock":
        name = container.format.name
        if name not in _CLOCKED:
            return cls(None, False, most)
        start = container.start_time
        if start is None:
            start = float((track.start_time or 0) * track.time_base) / _MICROSECOND
        least = _EXACT_GAP if name == "flac" else _GAP
        return cls(start * _MICROSECOND, name in _RESTARTS, most, least)

    def missing(self, time: float | None, damaged: bool) -> float:
        """Seconds of silence that stand before what the container plays at `time`."""
        if self.origin is None or time is None:
            return 0.0
        gap = time - self.origin - self.written
        is_jump = self.restarts and gap > _JUMP
        if gap < -_BACK or is_jump or self.written + gap > self.most:
            self.origin = time - self.written
            self.anew, self.behind = True, 0.0
            return 0.0
        if damaged:  # what was skipped is known to be missing, however short, and told already
            return max(0.0, gap - self.behind)
        if gap <= self.least:
            self.behind = gap
            return 0.0
        if self.written:
            self.gaps += 1
            self.filled += gap
        return gap


class _Reading:
    """Decoded frames as blocks, with what was missing and damaged among them."""

    def __init__(self, clock: _Clock) -> None:
        self.clock = clock
        self.reached = 0.0  # seconds, by the time stamps of all tracks
        self.began: float | None = None
        self.failure: Exception | None = None  # the latest
        self._skipped, self._lost = 0, 0.0
        self._bytes, self._heard = 0, 0.0  # of packets that are whole, and their seconds
        self._damaged = False  # since the latest frame
        self._shape: tuple[int, int] | None = None

    def see(self, packet: Any) -> None:
        """Note how far the file goes, whatever the packet holds."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            return
        start = float(stamp * packet.time_base)
        self.began = start if self.began is None else min(self.began, start)
        self.reached = max(self.reached, start + _seconds(packet))

    def skip(self, packet: Any, failure: Exception) -> Iterator[Block]:
        """Silence in place of a packet that cannot be decoded."""
        self._skipped += 1
        self._damaged = True
        self.failure = failure
        if self.clock.origin is None:
            yield from self._miss(max(_seconds(packet), self._weight(packet.size)))

    def heed(self, packet: Any, largest: int) -> Iterator[Block]:
        """Silence for bytes that hold no frame, in front of one that does."""
        if packet.size > largest:
            self._skipped += 1
            yield from self._miss(self._weight(packet.size) - _seconds(packet))
        elif packet.duration:
            self._bytes += packet.size
            self._heard += _seconds(packet)

    def _weight(self, size: int) -> float:
        """How long so many bytes are, as the frames so far were."""
        return size / self._bytes * self._heard if self._bytes else 0.0

    def _miss(self, seconds: float) -> Iterator[Block]:
        seconds = max(0.0, min(seconds, self.clock.most - self.clock.written))
        self._lost += seconds
        if self._shape is not None:
            yield from self._write(silence(*self._shape, seconds))

    def hear(self, frame: Any, time: float | None) -> Iterator[Block]:
        samples = _as_float(frame)
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


def _packets(container: Any, reading: _Reading) -> Iterator[Any]:
    """The packets of all tracks: only they tell how far the file goes."""
    import av

    try:
        for packet in container.demux():
            reading.see(packet)
            yield packet
    except av.FFmpegError as failure:
        reading.failure = failure


def _seconds(packet: Any) -> float:
    return float(packet.duration * packet.time_base) if packet.duration else 0.0


def _flac_time(packet: Any, frame: Any) -> float | None:
    """The time of a FLAC frame by its own header: FFmpeg counts on behind a lost one.

    The header counts samples, or frames of one size, in as many bytes as UTF-8 would take.
    """
    head = bytes(packet)[:11]
    known = packet.stream.codec_context.extradata
    if len(head) < 11 or head[0] != 0xFF or head[1] & 0xFE != 0xF8 or not known:
        return None
    ones = 8 - (head[4] ^ 0xFF).bit_length()
    number = head[4] & (0xFF >> (ones + 1))
    for byte in head[5 : 4 + ones]:
        number = number << 6 | byte & 0x3F
    counts_samples = head[1] & 1
    size = 1 if counts_samples else int.from_bytes(known[2:4], "big")
    return float(number * size / frame.sample_rate)


def _as_float(frame: Any) -> Samples:
    """[channels, n] in [-1, 1]."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        return np.asarray(samples, np.float32)
    half = np.float32(2 ** (8 * samples.itemsize - 1))
    made = np.asarray(samples, np.float32)
    return np.asarray((made - half if samples.dtype.kind == "u" else made) / half)


def _length(container: Any) -> float:
    """The length that a container states, in seconds, or its longest track does, if that is less.

    Some writers count the time before a late track twice.
    """
    whole = (container.duration or 0) * _MICROSECOND
    tracks = [float(one.duration * one.time_base) for one in container.streams if one.duration]
    return min(whole, max(tracks, default=whole))


def _note_end(container: Any, reading: _Reading, stated: float, notes: list[str]) -> None:
    """Compare where the file ends with where its header says that it does."""
    name = container.format.name
    if stated:
        held = reading.clock.written
    elif name in _GUESSES_LENGTH:
        return
    else:
        stated = _length(container)
        # Some containers count from zero, some from their first time stamp.
        held = max(reading.reached, reading.reached - (reading.began or 0), reading.clock.written)
    note = cut_short(stated, held)
    if note is None:
        return
    if reading.heard_nothing:
        raise InputError(f"the recording is damaged: {note}")
    notes.append(note)
