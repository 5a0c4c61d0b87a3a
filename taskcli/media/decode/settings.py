"""How inputs are decoded: every medium's decoder takes from it what it needs."""

from dataclasses import dataclass

from taskcli.media.decode.room import Claim, unlimited
from taskcli.media.encodings import AUTO
from taskcli.media.items import MOST_PIXELS, Media


@dataclass(frozen=True)
class DecodeSettings:
    """What the checkpoint wants, and what the user said; the limits guard against hostile files."""

    media: Media
    rate: int = 16_000  # samples a second that the checkpoint wants
    picture_side: int | None = None  # pixels a side that the checkpoint resizes to, if fixed
    max_pixels: int = MOST_PIXELS
    max_duration: float = 6.0  # hours
    track: int | None = None  # of sound, from 1; by default the container chooses
    encoding: str = AUTO
    levels: str = "full"
    truncated: bool = False
    final_newline: bool = True  # whether the last line end of a document is text
    claim: Claim = unlimited  # hears what a large input will take, before it does
