"""WAVs whose header was never finished, as if it had been."""

import os

from taskcli.media.decode.joined.headers import bytes_at, data_of, stated_end
from taskcli.media.decode.joined.parts import Part, window


def finished(part: Part) -> Part:
    """A WAV; where its header says nothing of its sound, as if that had been completed."""
    stream = part.stream
    data = data_of(stream)
    if data is None or (stated_end(stream, 0, "little") or 0) > data + 4:
        return part
    size = stream.seek(0, os.SEEK_END)
    held = size - data - 4
    if any(bytes_at(stream, data, 4)) or held <= 0:
        return part
    sizes = {4: size - 8, data: held}
    written = {at: min(value, 0xFFFFFFFF).to_bytes(4, "little") for at, value in sizes.items()}
    return Part(window(stream, 0, size, written), unfinished=True)


def finished_long(part: Part) -> Part:
    """An RF64, a WAV for more than 4 GB, whose first chunk has the sizes; as above."""
    sizes = bytes_at(part.stream, 12, 32)
    data = data_of(part.stream)
    if data is None or sizes[:4] != b"ds64" or any(sizes[16:24]):
        return part
    size = part.stream.seek(0, os.SEEK_END)
    written = {20: size - 8, 28: size - data - 4}
    mended = {at: value.to_bytes(8, "little") for at, value in written.items()}
    return Part(window(part.stream, 0, size, mended), unfinished=True)
