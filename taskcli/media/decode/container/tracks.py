"""Which of a container's tracks of sound is heard, and what the others are called."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskcli.errors import InputError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_LONGEST_TITLE, _MOST_NAMES = 60, 8


def chosen_track(
    container: "InputContainer", number: int | None, notes: list[str]
) -> "AudioStream":
    """The track asked for, or the one that the container marks as its default, or the first."""
    tracks = container.streams.audio
    if number is not None:
        if number > len(tracks):
            raise InputError(
                f"there is no track {number}: the file has {len(tracks)} of sound",
                f"its tracks: {_names(tracks)}",
            )
        track = tracks[number - 1]
    else:
        track = _usual(tracks)
    if track.codec_context is None:
        raise InputError("no decoder here reads its sound")
    if number is None and len(tracks) > 1:
        others = [one for one in tracks if one is not track]
        notes.append(
            f"{len(tracks)} tracks of sound: {_name(track, tracks)} is heard, "
            f"not {_names(tracks, others)} (--track)"
        )
    return track


def _usual(tracks: "Sequence[AudioStream]") -> "AudioStream":
    from av.stream import Disposition

    readable = [track for track in tracks if track.codec_context is not None] or tracks
    marked = [track for track in readable if track.disposition & Disposition.default]
    return (marked or readable)[0]


def _names(tracks: "Sequence[AudioStream]", some: "Sequence[AudioStream] | None" = None) -> str:
    named = [_name(track, tracks) for track in (some or tracks)]
    more = ["..."] if len(named) > _MOST_NAMES else []
    return ", ".join(named[:_MOST_NAMES] + more)


def _name(track: "AudioStream", tracks: "Sequence[AudioStream]") -> str:
    """Its number, and what the container calls it."""
    number = 1 + [one.index for one in tracks].index(track.index)
    known = (track.metadata.get("language"), track.metadata.get("title"))
    called = ", ".join(text[:_LONGEST_TITLE] for text in known if text and text != "und")
    return f"{number} ({called})" if called else str(number)
