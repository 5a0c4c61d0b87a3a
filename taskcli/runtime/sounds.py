"""Recordings as every model wants them: mono float32 at the model's rate, from any container."""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from taskcli.errors import InputError
from taskcli.items import Sound

Samples = NDArray[Any]

_BLOCK_SECONDS = 10  # long recordings are decoded and resampled in blocks: bounded memory
_SHORTEST = 0.025  # one frame of every speech model here; less has no answer
# Containers that PyAV may open. Playlists are not among them: they name other files.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,flac,wav,w64,aiff,au,caf,asf,avi,flv,"
    "mpegts,mpeg,amr,ac3,eac3,wv,ape,tta,dts,rm"
)


def decode_sound(stream: BinaryIO, rate: int, max_seconds: float) -> Sound:
    """Decode a recording to mono float32 at `rate` samples a second.

    libsndfile reads wav, flac, ogg and mp3; PyAV reads the rest (m4a, mp4, webm, ...).
    Raises InputError for what is not sound, holds none, or is longer than `max_seconds`.
    """
    notes = _cut_short(stream)
    try:
        blocks, source_rate = _with_libsndfile(stream)
    except soundfile.LibsndfileError:
        stream.seek(0)
        blocks, source_rate = _with_pyav(stream)
    samples = _collect(blocks, source_rate, rate, max_seconds)
    _check(samples, rate)
    return Sound(samples, rate, notes)


def _with_libsndfile(stream: BinaryIO) -> tuple[Iterator[Samples], int]:
    recording = soundfile.SoundFile(stream)
    size = _BLOCK_SECONDS * recording.samplerate
    blocks = recording.blocks(size, dtype="float32", always_2d=True)
    return (_mono(block.T) for block in blocks), recording.samplerate


def _with_pyav(stream: BinaryIO) -> tuple[Iterator[Samples], int]:
    import av  # only what libsndfile cannot read pays for this import

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        container = av.open(stream, options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        raise InputError("not a recording in a format that can be read") from None
    if not container.streams.audio:
        raise InputError("the file has no sound")
    track = container.streams.audio[0]
    if not track.rate:
        raise InputError("the file states no sample rate")
    return _av_blocks(container, track), track.rate


def _av_blocks(container: Any, track: Any) -> Iterator[Samples]:
    import av

    to_float = av.AudioResampler(format="fltp")
    with container:
        for frame in container.decode(track):
            for converted in to_float.resample(frame):
                yield _mono(converted.to_ndarray())


def _mono(channels: Samples) -> Samples:
    """[channels, n] -> [n], the mean of all channels."""
    if len(channels) == 1:
        return channels.reshape(-1)
    return np.asarray(channels.mean(axis=0), np.float32)


def _collect(blocks: Iterator[Samples], source: int, rate: int, max_seconds: float) -> Samples:
    resampler = None if source == rate else soxr.ResampleStream(source, rate, 1, dtype="float32")
    kept: list[Samples] = []
    decoded = 0
    try:
        for block in blocks:
            decoded += len(block)
            if decoded > max_seconds * source:
                raise InputError(
                    f"longer than {max_seconds / 3600:g} h", "raise --max-duration if you trust it"
                )
            kept.append(block if resampler is None else resampler.resample_chunk(block))
    except InputError:
        raise
    except Exception as failure:  # both decoders raise their own kinds for damaged data
        raise InputError(f"the recording is damaged: {failure}") from None
    if resampler is not None:
        kept.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(kept) if kept else np.zeros(0, np.float32)


def _check(samples: Samples, rate: int) -> None:
    if not len(samples):
        raise InputError("the recording holds no samples")
    if len(samples) < _SHORTEST * rate:
        raise InputError(f"only {1000 * len(samples) / rate:.0f} ms of sound, too short to answer")
    if not np.isfinite(samples).all():
        raise InputError("the recording holds samples that are not numbers")


def _cut_short(stream: BinaryIO) -> tuple[str, ...]:
    """WAV files state their length, and libsndfile does not say when the file ends before it."""
    header = stream.read(12)
    held = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if header[:4] != b"RIFF" or header[8:] != b"WAVE":
        return ()
    promised = int.from_bytes(header[4:8], "little") + 8
    streamed = promised >= 0xFFFF_FFF0  # writers to a pipe cannot know the length
    if streamed or promised <= held:
        return ()
    return (f"cut short: the header promises {promised} bytes, the file holds {held}",)
