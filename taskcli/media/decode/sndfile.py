"""wav, flac, ogg, mp3 and their kin, by libsndfile: fast, and exact to the sample."""

import re
from collections.abc import Iterator
from typing import BinaryIO

import soundfile

from taskcli.media.decode import mpeg
from taskcli.media.decode.audio_blocks import BLOCK_SECONDS, Block, believed, cut_short
from taskcli.media.decode.forward import ForwardFile, opened_forward

_RESUMABLE = ("FLAC", "MP3", "OGG")  # of frames: behind a damaged one, FFmpeg finds the next
_FRAME = 1_152  # samples of an MP3: the least that can be missing
# The sizes that libsndfile found wanting, by its log. "Bytes/sec" is none: ADPCM's is never right.
_SIZES = re.compile(
    r"^\s*(?:RIFF|RIFX|riff|FORM|SSND|data|Data Size|Riff size)\s*: (\d+) \(should be (\d+)\)",
    re.MULTILINE,
)
# What it logs of a VOC or a MATLAB file instead.
_TRUNCATED = re.compile(r"^(?:\*\*\* File s|S)eems to be (?:a )?truncated", re.MULTILINE)
_SLACK_BYTES = 8  # headers disagree over whether padding counts


class Unfinished(Exception):
    """libsndfile stopped before the end of a recording of so many `seconds`; others go on."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def opened(stream: BinaryIO) -> ForwardFile | None:
    """None for what libsndfile does not read, or would read a part of."""
    recording = opened_forward(stream)
    if recording is None:
        return None
    if recording.format == "FLAC" and not seconds_of(recording):
        return None  # it was written to a pipe, and libsndfile seeks for an end that is not told
    if recording.format == "MP3":
        position = stream.tell()
        states = mpeg.stated(stream) is not None
        stream.seek(position)
        if not states:
            return None  # libsndfile would guess its length, and stop there
    return recording


def seconds_of(recording: ForwardFile) -> float:
    """How long it is by its header; 0 where that says nothing."""
    return believed(recording.frames / recording.samplerate)


def blocks(recording: ForwardFile, notes: list[str], skipped: int = 0) -> Iterator[Block]:
    """Read until nothing comes: SoundFile.blocks() gives stray memory where a file is cut short.

    So many seconds are `skipped`, by a seek. Raises Unfinished where a compressed recording cannot
    be read on.
    """
    rate = recording.samplerate
    decoded = skipped * rate
    if decoded and decoded >= recording.frames:
        return
    resumable = recording.format in _RESUMABLE
    try:
        if decoded:
            recording.seek(decoded)
        while len(block := recording.samples(BLOCK_SECONDS * rate)):
            decoded += len(block)
            yield Block(rate, block.T)
    except soundfile.LibsndfileError:
        if resumable:
            raise Unfinished(seconds_of(recording)) from None
        raise
    if resumable and seconds_of(recording) * rate > decoded + _FRAME:
        raise Unfinished(seconds_of(recording))
    if _ends_before_its_header(recording.extra_info):
        notes.append("cut short: the header promises more than the file holds")
    elif note := cut_short(seconds_of(recording), decoded / rate):
        notes.append(note)


def _ends_before_its_header(log: str) -> bool:
    """libsndfile says nothing of a file that ends early, but it logs the sizes in its header."""
    sizes = [(int(promised), int(held)) for promised, held in _SIZES.findall(log)]
    return bool(_TRUNCATED.search(log)) or any(
        promised > held + _SLACK_BYTES
        for promised, held in sizes
        if promised % 2**31 < 2**31 - 4096  # a writer to a pipe knows no length and states the most
    )
