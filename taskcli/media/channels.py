"""Which channels of a recording are heard, and what they are called."""

import re

MIX, EACH = "mix", "each"
_NAMED = {"left": 1, "right": 2}
# What stands before what is said, where transcripts name who says it, or in which channel.
VOICE = r"(?:speaker \d{1,4}|left|right|mono|\d{1,4}):(?:[^\S\n]+|$)"
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


def number_of(channel: str) -> int | None:
    """Which one is heard alone, from 1; None for all of them, and for what is no channel."""
    return int(channel) if _NUMBER.fullmatch(channel) else _NAMED.get(channel)


def names_of(count: int) -> tuple[str, ...]:
    """Of so many channels that are each heard by themselves."""
    if count == len(_NAMED):
        return tuple(_NAMED)
    return ("mono",) if count == 1 else tuple(str(number) for number in range(1, count + 1))
