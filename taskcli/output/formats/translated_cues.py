"""Translated subtitles as a file: cue by cue as their source has them, in either format."""

import html
from collections.abc import Iterator

from taskcli.media.patterns import Pattern
from taskcli.media.subtitles import lasting, without_blank_lines
from taskcli.results import Cue, Translation

# What SubRip's players obey: a place on the screen, as on the keys of numbers, and the tags.
_PLACED = Pattern(r"\{\\an?(\d+)\}", "re")
_BRACES = Pattern(r"\{\\[^{}\n]*\}", "re")
_PLAYED = Pattern(r"</?(?:[biu]|font)\b[^<>\n]*>", "re")
_LESS = Pattern(r"<(?!/?(?:[biu]|font)\b[^<>\n]*>)", "re")
_AMPERSAND = Pattern(r"&(?!\w+;|#\d+;)", "re")
_VOICE = Pattern(r"<v(?:\.[^ <>\n]*)?[ \t]+([^<>\n]*)>", "re")
_TAG = Pattern(r"</?[A-Za-z][^<>\n]*>|<[\d:.]+>", "re")
_LINES = ("", "line:50%", "line:0")  # from the bottom to the top of the screen
_ALIGNED = ("align:left", "", "align:right")


def translated(found: Translation, kind: str) -> str:
    """A whole file of `kind`, srt or vtt."""
    is_webvtt = found.head is not None
    blocks = [found.head or "WEBVTT"] if kind == "vtt" else []
    for number, cue in enumerate(lasting(found.chunks or ()), 1):
        blocks.append(_cue(number, _as_kind(cue, kind, is_webvtt), kind))
        blocks += [cue.after] if cue.after and kind == "vtt" else []
    return "".join(f"{block}\n\n" for block in blocks)


def times(timestamp: tuple[float, float], kind: str) -> str:
    return " --> ".join(clock(second, "." if kind == "vtt" else ",") for second in timestamp)


def clock(seconds: float, mark: str) -> str:
    """Hours, minutes, seconds and milliseconds, which `mark` parts from them."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    whole = f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}"
    return f"{whole}{mark}{milliseconds % 1000:03}"


def _cue(number: int, cue: Cue, kind: str) -> str:
    """A cue without its number only where WebVTT's source has none."""
    name = cue.id if kind == "vtt" or (cue.id or "").isdecimal() else str(number)
    head = [name] if name else []
    shown = times(cue.timestamp, kind) + (f" {cue.settings}" if cue.settings else "")
    return "\n".join([*head, shown, *without_blank_lines(cue.text)])


def _as_kind(cue: Cue, kind: str, is_webvtt: bool) -> Cue:
    """The cue with the markup and the settings of the format that it is written in."""
    if kind == "vtt" and not is_webvtt:
        return Cue(_webvtt(cue.text), cue.timestamp, cue.id, " ".join(_place(cue.text)) or None)
    if kind == "srt" and is_webvtt:
        return Cue(_subrip(cue.text), cue.timestamp)
    arrow = "--&gt;" if kind == "vtt" else "→"
    text = cue.text.replace("-->", arrow)
    return Cue(text, cue.timestamp, cue.id, cue.settings)


def _webvtt(text: str) -> str:
    text = _AMPERSAND.sub("&amp;", _BRACES.sub("", text))
    return str(_LESS.sub("&lt;", text).replace("-->", "--&gt;"))


def _place(text: str) -> Iterator[str]:
    """WebVTT's settings for a place on the screen of SubRip's."""
    found = _PLACED.search(text)
    if found is None or not 1 <= int(found[1]) <= 9:
        return
    row, column = divmod(int(found[1]) - 1, 3)
    yield from filter(None, (_LINES[row], _ALIGNED[column]))


def _subrip(text: str) -> str:
    named = _VOICE.sub(lambda found: f"{found[1].strip()}: ", text)
    plain = _TAG.sub(lambda found: found[0] if _PLAYED.fullmatch(found[0]) else "", named)
    return html.unescape(plain).replace("-->", "→")
