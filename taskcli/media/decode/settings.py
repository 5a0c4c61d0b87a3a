"""How inputs of each medium are decoded: what the checkpoint wants, and what the user said.

Fields that a user may change are named as the options of the medium (`config/input_options.py`),
those that the checkpoint decides as the properties of a Session that its row of MEDIA lists.
Limits guard against hostile files.
"""

from dataclasses import dataclass

from taskcli.media.channels import MIX
from taskcli.media.decode.room import Claim, unlimited
from taskcli.media.encodings import AUTO
from taskcli.media.items import MOST_PIXELS


@dataclass(frozen=True)
class TextSettings:
    encoding: str = AUTO
    final_newline: bool = True  # whether the last line end of a document is text
    input_format: str = AUTO  # text: a page is read with its tags


@dataclass(frozen=True)
class ImageSettings:
    picture_side: int | None = None  # pixels a side that the checkpoint resizes to, if fixed
    max_pixels: int = MOST_PIXELS
    levels: str = "full"
    truncated: bool = False
    claim: Claim = unlimited  # hears what a large input will take, before it does


@dataclass(frozen=True)
class AudioSettings:
    rate: int = 16_000  # samples a second that the checkpoint wants
    max_duration: float = 6.0  # hours
    track: int | None = None  # of sound, from 1; by default the container chooses
    channel: str = MIX  # or the one to hear, or each
    start: str | None = None  # of what is heard, as `media/excerpt.py` reads it
    duration: str | None = None
    clips: str | None = None  # in place of both, as `media/clips.py` reads them
