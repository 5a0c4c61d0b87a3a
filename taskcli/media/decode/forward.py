"""libsndfile, reading from a start on, and without a call of Python wherever it can be."""

import io
import os
from functools import cached_property
from typing import BinaryIO

import numpy as np
import soundfile

from taskcli.media.decode.audio_blocks import Samples

# Files of plain samples: of 16 bits, they are read as they are, in a third of the time.
_PLAIN = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF")
_OF_SHORT = np.float32(2**-15)  # what libsndfile, too, makes of one step


class ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """One that is read on and on.

    soundfile seeks after every read the place where it is, and a FLAC decodes anew for that.
    """

    def seekable(self) -> bool:
        return False

    def samples(self, count: int) -> Samples:
        """The next float32 samples [n, channels], at most `count`; none at the end."""
        if self._holds_shorts:
            shorts = self.read(count, dtype="int16", always_2d=True)
            floats: Samples = np.multiply(shorts, _OF_SHORT, dtype=np.float32)
            return floats
        read: Samples = self.read(count, dtype="float32", always_2d=True)
        return read

    @cached_property
    def _holds_shorts(self) -> bool:
        return self.subtype == "PCM_16" and self.format in _PLAIN


def opened_forward(stream: BinaryIO) -> ForwardFile | None:
    """None for what libsndfile does not read."""
    file = _file_of(stream)
    try:
        if file is not None:
            return ForwardFile(file)  # which closes it
    except soundfile.LibsndfileError:
        pass  # in a stream, a damaged header may lead before its start
    stream.seek(0)
    try:
        return ForwardFile(_Bounded(stream))
    except soundfile.LibsndfileError:
        return None


def _file_of(stream: BinaryIO) -> int | None:
    """The very file of a stream, opened once more by what Linux calls it; None elsewhere."""
    if not isinstance(stream, io.BufferedReader):
        return None
    try:
        return os.open(f"/proc/self/fd/{stream.fileno()}", os.O_RDONLY)
    except OSError:
        return None


class _Bounded:
    """A stream whose start cannot be passed: a damaged header makes libsndfile try.

    An exception in a callback would be printed, and help nobody.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.readinto, self.tell = stream.readinto, stream.tell  # type: ignore[attr-defined]
        self.read, self.write = stream.read, stream.write

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET:
            return self._stream.seek(max(0, offset))
        if whence == os.SEEK_CUR:
            return self._stream.seek(max(0, self._stream.tell() + offset))
        return self._stream.seek(max(0, self._stream.seek(0, os.SEEK_END) + offset))
