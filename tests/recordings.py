"""Recordings made on the spot, and what the decoder makes of them."""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import av
import numpy as np
import soundfile

from taskcli.errors import InputError
from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.forward import ForwardFile
from taskcli.media.decode.settings import AudioSettings
from taskcli.media.items import AudioInput, Media, Recording
from taskcli.media.source import Source

RATE = 16_000


def decode(file: Path | bytes, **settings: Any) -> AudioInput:
    """What the decoder makes of a file, or of bytes; read as it is heard, it is the same."""
    source = Source("x", data=file) if isinstance(file, bytes) else Source("x", str(file))
    decoder = Decoder(Media.AUDIO, AudioSettings(**{"rate": RATE, **settings}))
    with mock.patch("taskcli.media.decode.audio._HELD_SECONDS", 0.1):
        read, failure = _outcome(lambda: whole(decoder(source)))
    sound, expected = _outcome(lambda: decoder(source))
    assert str(failure) == str(expected)
    if sound is None:
        raise expected
    np.testing.assert_array_equal(read.samples, sound.samples)
    assert read.warnings == sound.warnings
    return sound


@contextmanager
def counted_samples() -> Iterator[list[int]]:
    """How many samples libsndfile decodes meanwhile, a number for each time that it is asked."""
    counted: list[int] = []
    read = ForwardFile.samples

    def counting(file: ForwardFile, count: int) -> np.ndarray:
        samples = read(file, count)
        counted.append(len(samples))
        return samples

    with mock.patch.object(ForwardFile, "samples", counting):
        yield counted


def whole(item: Recording) -> AudioInput:
    """A recording with all of its samples."""
    if isinstance(item, AudioInput):
        return item
    pieces: list[np.ndarray] = []
    for piece in item.read():
        if piece is None:
            pieces.clear()
        else:
            pieces.append(piece)
    samples = np.concatenate(pieces, axis=-1)
    return AudioInput(samples, item.rate, item.warnings, item.excerpts)


def _outcome(made: Callable[[], AudioInput]) -> tuple[AudioInput | None, InputError | None]:
    try:
        return made(), None
    except InputError as failure:
        return None, failure


def written(
    samples: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str | None = None
) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def as_told(seconds: float) -> float:
    """The usual clock of a track."""
    return seconds


@dataclass(frozen=True)
class Track:
    """One track of sound: mono samples, and what the container is told of it.

    `clock` gives the time stamp, in seconds, of what would stand at so many seconds.
    """

    samples: np.ndarray
    language: str = ""
    title: str = ""
    default: bool = False
    clock: Callable[[float], float] = as_told


def muxed(
    kind: str,
    codec: str,
    rate: int,
    tracks: Sequence[Track],
    pictures: float | None = None,
    **options: str,
) -> bytes:
    """Tracks in a container that PyAV writes; `pictures` adds a video of so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made"
        with av.open(str(file), "w", format=kind, options=options) as container:
            video = _video(container, kind) if pictures is not None else None
            streams = [_stream(container, codec, rate, track) for track in tracks]
            packets = [
                packet
                for stream, track in zip(streams, tracks, strict=True)
                for packet in _encoded(stream, rate, track)
            ]
            if video is not None:
                packets += _filmed(video, pictures)
            container.mux(sorted(packets, key=lambda one: float(one.dts * one.time_base)))
        return file.read_bytes()


def _stream(container: Any, codec: str, rate: int, track: Track) -> Any:
    stream = container.add_stream(codec, rate=rate, layout="mono")
    if codec == "wmav2":
        stream.bit_rate = 64_000
    named = {"language": track.language, "title": track.title}
    stream.metadata.update({name: value for name, value in named.items() if value})
    stream.disposition = av.stream.Disposition.default if track.default else 0
    return stream


def _encoded(stream: Any, rate: int, track: Track) -> list[Any]:
    frame = av.AudioFrame.from_ndarray(track.samples[None].astype(np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts = rate, 0
    made = [*stream.encode(frame), *stream.encode(None)]
    for packet in made:
        time = float(packet.pts * packet.time_base)
        packet.pts = packet.dts = round(track.clock(time) / packet.time_base)
    return made


def _video(container: Any, kind: str) -> Any:
    codec = "flv" if kind == "flv" else "mpeg2video"
    return container.add_stream(codec, rate=25, width=64, height=48)


def _filmed(stream: Any, seconds: float) -> list[Any]:
    made = []
    for number in range(max(1, round(25 * seconds))):
        frame = black_frame(64, 48)
        frame.pts = number
        made += stream.encode(frame)
    return [*made, *stream.encode(None)]


def through_av(
    kind: str, codec: str, samples: np.ndarray, rate: int, video: bool = False, **options: str
) -> bytes:
    """Mono samples in a container that only PyAV writes; `video` adds a picture track."""
    return muxed(kind, codec, rate, [Track(samples)], 0.04 if video else None, **options)


def black_frame(width: int = 32, height: int = 32) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8))


def tones(*pieces: tuple[float, float], rate: int = RATE) -> np.ndarray:
    """(hertz, seconds) of pure tones of one level, one behind the other; 0 Hz is silence."""
    times = [(hertz, np.arange(round(seconds * rate)) / rate) for hertz, seconds in pieces]
    made = [0.4 * np.sin(2 * np.pi * hertz * time) for hertz, time in times]
    return np.concatenate(made).astype(np.float32)


def heard(sound: AudioInput) -> list[tuple[int, float]]:
    """(hertz, seconds) of what is heard in a row, in steps of 20 Hz and 0.1 s; 0 Hz is silence.

    What lasts a single step is left out: where two tones meet, or a codec rings.
    """
    step = sound.rate // 10
    found: list[tuple[int, int]] = []
    for at in range(0, len(sound.samples) - step // 2, step):
        part = sound.samples[at : at + step]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), sound.rate))
        hertz = int(round(np.argmax(spectrum) / 20) * 20) if np.abs(part).max() > 0.01 else 0
        if found and found[-1][0] == hertz:
            found[-1] = (hertz, found[-1][1] + 1)
        else:
            found.append((hertz, 1))
    return [(hertz, steps / 10) for hertz, steps in found if steps > 1]
