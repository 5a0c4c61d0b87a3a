"""What packets and frames of PyAV say: how long, at what time, which samples."""

from typing import TYPE_CHECKING, Any

import numpy as np

from taskcli.media.decode.audio_blocks import Samples

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.packet import Packet


def seconds_of(packet: "Packet[Any]") -> float:
    return float(packet.duration * packet.time_base) if packet.duration else 0.0


def flac_time(packet: "Packet[Any]", frame: "AudioFrame") -> float | None:
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


def as_float(frame: "AudioFrame") -> Samples:
    """[channels, n] in [-1, 1]."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        return np.asarray(samples, np.float32)
    half = np.float32(2 ** (8 * samples.itemsize - 1))
    made = np.asarray(samples, np.float32)
    return np.asarray((made - half if samples.dtype.kind == "u" else made) / half)
