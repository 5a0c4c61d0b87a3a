"""Recordings as every model wants them: mono float32 at the model's rate, from any container."""

import re
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
_HEAD = 8192  # bytes in which an mp3 states its length, unless a picture stands before it
_MP3_LENGTHS = (b"Xing", b"Info", b"VBRI")
_GUESSES_LENGTH = ("mp3", "aac")  # FFmpeg derives it from the first frames' bit rate
_SIZES = re.compile(r"(\d+) \(should be (\d+)\)")
_SLACK_BYTES = 8  # headers disagree over whether padding counts
_SLACK_SECONDS = 0.2  # an mp3 header counts whole frames, its encoder's delay included
_SHORTEST = 0.025  # one frame of every speech model here; less has no answer
# Containers that PyAV may open. Playlists are not among them: they name other files.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,flac,wav,w64,aiff,au,caf,asf,avi,flv,"
    "mpegts,mpeg,amr,ac3,eac3,wv,ape,tta,dts,rm,gsm,nistsphere,mxf"
)


def decode_sound(stream: BinaryIO, rate: int, max_seconds: float) -> Sound:
    """Decode a recording to mono float32 at `rate` samples a second.

    libsndfile reads wav, flac, ogg and mp3; PyAV reads the rest (m4a, mp4, webm, ...).
    Raises InputError for what is not sound, holds none, or is longer than `max_seconds`.
    """
    notes: list[str] = []
    opened = _with_libsndfile(stream, notes)
    if opened is None:
        stream.seek(0)
        opened = _with_pyav(stream, notes)
    samples = _collect(*opened, rate, max_seconds)
    _check(samples, rate)
    return Sound(samples, rate, tuple(notes))


def header_seconds(stream: BinaryIO) -> float:
    """How long a recording is by its header; 0 where that says nothing. Decodes no sound."""
    recording = _opened_by_libsndfile(stream)
    if recording is not None:
        return float(recording.frames / recording.samplerate)
    stream.seek(0)
    try:
        container, _ = _opened_by_pyav(stream)
    except InputError:
        return 0.0
    with container:
        return (container.duration or 0) / 1e6  # FFmpeg counts microseconds


def _with_libsndfile(stream: BinaryIO, notes: list[str]) -> tuple[Iterator[Samples], int] | None:
    recording = _opened_by_libsndfile(stream)
    return recording and (_sndfile_blocks(recording, notes), recording.samplerate)


def _opened_by_libsndfile(stream: BinaryIO) -> Any:
    """None for what libsndfile does not read, or would read a part of."""
    head = stream.read(_HEAD)
    stream.seek(0)
    try:
        recording = soundfile.SoundFile(stream)
    except soundfile.LibsndfileError:
        return None
    if recording.format == "MP3" and not any(mark in head for mark in _MP3_LENGTHS):
        return None  # libsndfile would guess its length, and stop there
    return recording


def _sndfile_blocks(recording: Any, notes: list[str]) -> Iterator[Samples]:
    """Read until nothing comes: SoundFile.blocks() gives stray memory where a file is cut short."""
    size, decoded = _BLOCK_SECONDS * recording.samplerate, 0
    while len(block := recording.read(size, dtype="float32", always_2d=True)):
        decoded += len(block)
        yield _mono(block.T)
    if _ends_before_its_header(recording.extra_info):
        notes.append("cut short: the header promises more than the file holds")
    else:
        _compare(recording.frames, decoded, recording.samplerate, notes)


def _ends_before_its_header(log: str) -> bool:
    """libsndfile says nothing of a file that ends early, but it logs the sizes in its header."""
    sizes = [(int(promised), int(held)) for promised, held in _SIZES.findall(log)]
    return any(
        promised > held + _SLACK_BYTES
        for promised, held in sizes
        if promised % 2**31 < 2**31 - 4096  # a writer to a pipe knows no length and states the most
    )


def _compare(promised: float, decoded: int, rate: int, notes: list[str]) -> None:
    """Note a recording of fewer samples than its header states."""
    if promised > decoded + _SLACK_SECONDS * rate:
        stated, seconds = promised / rate, decoded / rate
        notes.append(f"cut short: the header promises {stated:.1f} s, the file holds {seconds:.1f}")


def _with_pyav(stream: BinaryIO, notes: list[str]) -> tuple[Iterator[Samples], int]:
    container, track = _opened_by_pyav(stream)
    rate = getattr(track, "rate", None)  # absent where no decoder fits
    if not rate:
        raise InputError("the file states no sample rate")
    return _av_blocks(container, track, notes), rate


def _opened_by_pyav(stream: BinaryIO) -> tuple[Any, Any]:
    """The container and its first sound track."""
    import av  # only what libsndfile cannot read pays for this import

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
    try:
        container = av.open(stream, options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        raise InputError("not a recording in a format that can be read") from None
    if not container.streams.audio:
        raise InputError("the file has no sound")
    return container, container.streams.audio[0]


def _av_blocks(container: Any, track: Any, notes: list[str]) -> Iterator[Samples]:
    import av

    to_float = av.AudioResampler(format="fltp")
    decoded = 0
    with container:
        for frame in container.decode(track):
            for converted in to_float.resample(frame):
                decoded += converted.samples
                yield _mono(converted.to_ndarray())
        if track.duration and container.format.name not in _GUESSES_LENGTH:
            _compare(track.duration * track.time_base * track.rate, decoded, track.rate, notes)


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
