"""What libsndfile does not read, by PyAV: videos, m4a, aac, and whatever is damaged.

Sound keeps the clock of its container: silence stands for what is missing, so that every word
has the time at which a player shows its picture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from taskcli.errors import InputError
from taskcli.media.decode.audio_blocks import Block, behind, believed, cut_short
from taskcli.media.decode.container.clock import MICROSECOND, Clock
from taskcli.media.decode.container.frames import flac_time
from taskcli.media.decode.container.reading import Reading
from taskcli.media.decode.container.seeking import INDEXED, Place, place_before
from taskcli.media.decode.container.tracks import chosen_track

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

# Containers that PyAV may open. Playlists are not among them: they name other files.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,flac,wav,w64,aiff,au,caf,asf,avi,flv,"
    "mpegts,mpeg,amr,ac3,eac3,wv,ape,tta,dts,rm,gsm,nistsphere,mxf"
)
# FFmpeg derives the length of these from the bit rate of their first frames.
_GUESSES_LENGTH = ("mp3", "aac", "ac3", "eac3", "dts", "amr", "gsm")
# Bytes of the longest frame. FFmpeg hands on what it passes over as part of the next one.
_LARGEST_FRAME = {"mp3": 1_730, "aac": 6_160, "ac3": 3_840, "eac3": 4_096, "dts": 16_384}


def stated_seconds(stream: BinaryIO) -> float:
    """How long a recording is by its header; 0 where that says nothing."""
    stream.seek(0)
    try:
        container = _with_sound(stream)
    except InputError:
        return 0.0
    with container:
        return believed((container.duration or 0) * MICROSECOND)


def blocks(
    stream: BinaryIO,
    number: int | None,
    most: float,
    stated: float,
    notes: list[str],
    skipped: int = 0,
) -> Iterator[Block]:
    """The samples of one track, by `number` from 1, or by the container's own choice.

    Silence is kept up to `most` seconds; `stated` is the length by another decoder's header, or 0.
    So many seconds are `skipped`, by a seek where the container has an index. Raises InputError for
    what is no recording, or cannot be decoded at all.
    """
    if not skipped:
        return _blocks(stream, number, most, stated, notes, None)
    place = _place(stream, number, most, skipped)
    begins = 0.0 if place is None else place.written
    return behind(_blocks(stream, number, most, stated, notes, place), skipped - begins)


def is_indexed(stream: BinaryIO) -> bool:
    """Whether `blocks` finds a later place without decoding what lies before."""
    stream.seek(0)
    try:
        with _with_sound(stream) as container:
            return container.format.name in INDEXED
    except InputError:
        return False  # which its `blocks` raise


def _place(stream: BinaryIO, number: int | None, most: float, seconds: int) -> Place | None:
    def opened() -> "tuple[InputContainer, AudioStream]":
        stream.seek(0)
        container = _with_sound(stream)
        return container, chosen_track(container, number, [])

    return place_before(opened, most, seconds)


def _blocks(
    stream: BinaryIO,
    number: int | None,
    most: float,
    stated: float,
    notes: list[str],
    place: Place | None,
) -> Iterator[Block]:
    """From a place on, or from the start."""
    import av

    stream.seek(0)
    container = _with_sound(stream)
    with container:
        track = chosen_track(container, number, notes)
        reading = Reading(Clock.of(container, track, most))
        if place is not None:
            container.seek(place.offset)
            reading.clock.written, reading.clock.behind = place.written, place.behind
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
                time = flac_time(packet, frame) if is_flac else frame.time
                yield from reading.hear(frame, time)
        reading.check()
        _note_end(container, reading, stated, notes)
        reading.note(notes)


def _with_sound(stream: BinaryIO) -> "InputContainer":
    container = opened_container(stream, "a recording")
    if not container.streams.audio:
        raise InputError("the file has no sound")
    return container


def opened_container(stream: BinaryIO, wanted: str) -> "InputContainer":
    """Raises InputError for what is none, and so not what is `wanted`."""
    import av  # only what libsndfile cannot read pays for this import

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        container: InputContainer = av.open(stream, options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        raise InputError(f"not {wanted} in a format that can be read") from None
    return container


def _packets(container: "InputContainer", reading: Reading) -> "Iterator[Packet[AudioStream]]":
    """The packets of all tracks: only they tell how far the file goes."""
    import av

    try:
        packets: Iterator[Packet[Any]] = container.demux()
        for packet in packets:
            reading.see(packet)
            yield packet
    except av.FFmpegError as failure:
        reading.failure = failure


def stated_length(container: "InputContainer") -> float:
    """The length that a container states, in seconds, or its longest track does, if that is less.

    Some writers count the time before a late track twice.
    """
    whole = (container.duration or 0) * MICROSECOND
    tracks = [
        float(one.duration * one.time_base)
        for one in container.streams
        if one.duration and one.time_base
    ]
    return min(whole, max(tracks, default=whole))


def _note_end(
    container: "InputContainer", reading: Reading, stated: float, notes: list[str]
) -> None:
    """Compare where the file ends with where its header says that it does."""
    name = container.format.name
    if stated:
        held = reading.clock.written
    elif name in _GUESSES_LENGTH:
        return
    else:
        stated = stated_length(container)
        # Some containers count from zero, some from their first time stamp.
        held = max(reading.reached, reading.reached - (reading.began or 0), reading.clock.written)
    note = cut_short(stated, held)
    if note is None:
        return
    if reading.heard_nothing:
        raise InputError(f"the recording is damaged: {note}")
    notes.append(note)
