"""Recordings as models want them: float32 at the model's rate, mono, from any container."""

from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from taskcli.media.decode.audio_blocks import Samples
from taskcli.media.decode.recording import Reading
from taskcli.media.decode.settings import AudioSettings
from taskcli.media.items import AudioInput, LongSound, Recording
from taskcli.media.source import Source

_HELD_SECONDS = 600  # of a recording that is decoded whole; a longer one is read as it is heard


def decode(stream: BinaryIO, source: Source, settings: AudioSettings) -> Recording:
    """Decode a recording to float32 at the `rate` of the settings, in samples a second.

    One line of them, or of `channel` each a line for every channel.

    libsndfile reads wav, flac, ogg and mp3; PyAV reads the rest (m4a, mp4, webm, ...), and what
    is damaged. Recordings that were joined end to end are heard one after the other. `track`
    counts from 1; by default the container chooses. `start` and `duration` say which stretch is
    heard, `clips` which ones are, whose samples follow one another; where a seek leads near them,
    what lies before is not decoded. What is longer than ten
    minutes is a LongSound, which reads on in `stream` and closes it at its end.
    Raises InputError for what is not sound, holds none there, or is longer than `max_duration`;
    a LongSound does so where it meets it.
    """
    rate = settings.rate
    reading = Reading(stream, settings)
    pieces = reading.pieces()
    head = deque[Samples]()
    held = 0
    for piece in pieces:
        if piece is None:
            head.clear()
            held = 0
            continue
        head.append(piece)
        held += piece.size
        if held > _HELD_SECONDS * rate:
            if not reading.surely_fits:
                for _ in pieces:  # what is too long is known before any of it is answered
                    pass
                head.clear()
                pieces = reading.pieces()
            rest = _read_on(head, pieces, stream)
            return LongSound(rate, rest, reading.notes, reading.heard.excerpts)
    samples = head[0] if len(head) == 1 else np.concatenate(head, axis=-1)
    notes = tuple(dict.fromkeys(reading.notes))
    return AudioInput(samples, rate, notes, reading.heard.excerpts)


def _read_on(
    head: deque[Samples], pieces: Iterator[Samples | None], stream: BinaryIO
) -> Iterator[Samples | None]:
    """What was read of a long recording, no longer held, and the rest."""
    with stream:
        while head:
            yield head.popleft()
        yield from pieces
