"""The scans of a JPEG file (ITU T.81, annex B): how many there are, and what none of them holds."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# A marker; what follows 0xFF in a scan's own data is a zero or the number of a restart.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_WITHOUT_LENGTH = (0x01, 0xD8)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # of all kinds of coding
_SEQUENTIAL = (0xC0, 0xC1)  # of these, those of which a scan may hold everything
_COEFFICIENTS = 64  # of a block, for each component


class _Segment(NamedTuple):
    marker: int
    begin: int  # of the marker, and the end of what it has: places in the file
    end: int
    content: bytes


def scans(content: bytes) -> int:
    """How many scans the first picture has; thumbnails and what is appended have their own."""
    return sum(segment.marker == _START_OF_SCAN for segment in _segments(content))


def takes_one_pass(head: bytes) -> bool:
    """Whether a file that begins so is decoded in one pass: the first scan has every component.

    libjpeg goes through the pixels once more for each further scan, and then there is no end that
    the number of pixels would set.
    """
    frames = []
    for segment in _segments(head) if head.startswith(b"\xff\xd8") else ():
        if segment.marker in _FRAMES:
            frames.append(segment)
        elif segment.marker == _START_OF_SCAN:
            kinds, counts = {one.marker for one in frames}, {one.content[5:6] for one in frames}
            return len(frames) == 1 and kinds <= {*_SEQUENTIAL} and counts == {segment.content[:1]}
    return False


def lacks_detail(content: bytes) -> bool:
    """Whether bits of a coefficient are in no scan that has begun."""
    left: dict[tuple[int, int], int] = {}  # bits, by component and coefficient
    for marker, _, _, said in _segments(content):
        if marker in _FRAMES:
            left |= {(segment, at): 1 for segment in said[6::3] for at in range(_COEFFICIENTS)}
        elif marker == _START_OF_SCAN and len(said) > 3:
            first, last, bits = said[-3:]
            left |= {
                (segment, at): bits & 15
                for segment in said[1:-3:2]
                for at in range(first, last + 1)
            }
    return any(left.values())


def without_cut_segment(content: bytes) -> bytes:
    """The file up to a segment that it ends in: tables cannot be read in part, scans can."""
    for segment in _segments(content):
        if segment.end > len(content):
            return content[: segment.begin]
    return content


def _segments(content: bytes) -> Iterator[_Segment]:
    """What has a marker, up to the end of the first picture."""
    at = 2
    while found := _MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            return
        if marker in _WITHOUT_LENGTH:
            continue
        end = at + max(2, int.from_bytes(content[at : at + 2]))
        yield _Segment(marker, found.start(), end, content[at + 2 : end])
        at = end
