"""What a report shows of an input: a small picture, compressed sound, or the text itself."""

import base64
import io
import os
from dataclasses import dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from taskcli.media.items import (
    AudioInput,
    ImageInput,
    Item,
    LongSound,
    Recording,
    TextInput,
    loudest,
)
from taskcli.output.presentation import answers_of, presentation_of
from taskcli.results import DepthMap

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

# (inputs up to, longest side in pixels): a page of many pictures must still open quickly.
_SIDES = ((100, 720), (1_000, 480), (4_000, 320))
_SMALLEST_SIDE = 224
_UNCOUNTED = 1_000  # inputs that a run of unknown length is taken for
_QUALITY = 80  # JPEG: a tenth of WebP's time, which would hold back a fast device
_DEPTH_SIDE, _DEPTH_QUALITY = 360, 90
_LONGEST_SOUND = 600  # seconds that are embedded, about 2.4 MB
_SQUEEZED = 0.85  # of libsndfile's scale: about 32 kbit/s for speech at 16 kHz
_TENTHS = 10  # in a second, of each of which the loudest is known
_PEAKS = 240  # of a waveform
_STEREO = 2  # channels, the most that an MP3 holds
_LONGEST_TEXT = 100_000  # characters that are embedded


@dataclass(frozen=True)
class Preview:
    """Previews for one page, of pictures with at most `side` pixels a side.

    `folder` is where the page will stand: originals are linked from there.
    """

    folder: Path
    side: int

    @classmethod
    def for_run(cls, page: Path, total: int | None) -> "Preview":
        many = _UNCOUNTED if total is None else total
        side = next((side for most, side in _SIDES if many <= most), _SMALLEST_SIDE)
        return cls(page.absolute().parent, side)

    def of(self, item: Item | None, result: object, path: str | None, full: bool) -> dict[str, Any]:
        """JSON values; `full` leaves out media, since the page is large enough."""
        shown = {} if item is None else self._shown(item, result, full)
        link = self._link(path)
        return shown if link is None else {**shown, "link": link}

    def _link(self, path: str | None) -> str | None:
        """The original as a relative address; every character with a meaning there is quoted."""
        if path is None or not Path(path).is_file():
            return None
        try:
            relative = os.path.relpath(path, self.folder)
        except ValueError:  # another drive
            return None
        return quote(os.fsencode(relative.replace(os.sep, "/")))

    @singledispatchmethod
    def _shown(self, item: Item, result: object, full: bool) -> dict[str, Any]:
        return {}  # of another medium: its answers are shown without it

    @_shown.register
    def _(self, item: ImageInput, result: object, full: bool) -> dict[str, Any]:
        width, height = item.size
        shown: dict[str, Any] = {"width": width, "height": height}
        if full:
            return shown
        small = item.image.copy()
        small.thumbnail((self.side, self.side), reducing_gap=2.0)
        shown["image"] = _jpeg(small, _QUALITY)
        if isinstance(result, DepthMap) and result.values is not None:
            shown["depth"] = _depth(result)
        return shown

    @_shown.register
    def _(self, item: AudioInput, result: object, full: bool) -> dict[str, Any]:
        levels = loudest(item.samples, item.rate // _TENTHS) if item.is_cut else item.samples
        shown = {**_stretch(item), "peaks": _peaks(_in_time(item, levels, _TENTHS))}
        if not full and shown["seconds"] <= _LONGEST_SOUND:
            shown["sound"] = _mp3(_in_time(item, item.samples, item.rate), item.rate)
        return shown

    @_shown.register
    def _(self, item: LongSound, result: object, full: bool) -> dict[str, Any]:
        return {**_stretch(item), "peaks": _peaks(_in_time(item, item.loudest, _TENTHS))}

    @_shown.register
    def _(self, item: TextInput, result: object, full: bool) -> dict[str, Any]:
        start = _excerpt_start(item.text, result)
        text = item.text[start : start + _LONGEST_TEXT]
        shown = {"text": text, "start": start, "length": len(item.text)}
        pair = item.fields.get("text_pair")
        return shown if pair is None else {**shown, "pair": str(pair)[:_LONGEST_TEXT]}


def _stretch(item: Recording) -> dict[str, Any]:
    """How long, from what was first heard to the last, and where it begins, if not at the start."""
    places = _places(item, item.rate, round(item.seconds * item.rate))
    behind, _, last = places[-1] if places else (0, 0, 0)
    shown = {"seconds": (behind + last) / item.rate}
    return shown | ({"begins": item.start} if item.start else {})


def _places(item: Recording, rate: int, count: int) -> list[tuple[int, int, int]]:
    """Where each excerpt lies behind the first, where among the `count` that were heard, how many.

    All are in samples, or in moments of which there are as many as `rate` a second.
    """
    bounds = [one.samples_at(rate) for one in item.excerpts]
    places, at = [], 0
    for first, end in bounds:
        own = min(end - first, count - at)
        if own > 0:
            places.append((first - bounds[0][0], at, own))
        at += own
    return places


def _in_time(item: Recording, levels: "npt.ArrayLike", rate: int) -> "npt.ArrayLike":
    """The samples or moments of several clips, with silence for what lies between them."""
    import numpy as np

    heard = np.asarray(levels)
    places = _places(item, rate, heard.shape[-1])
    if len(places) < 2:
        return levels
    behind, _, last = places[-1]
    laid = np.zeros((*heard.shape[:-1], behind + last), heard.dtype)
    for behind, at, own in places:
        laid[..., behind : behind + own] = heard[..., at : at + own]
    return laid


def _excerpt_start(text: str, result: object) -> int:
    """Where the embedded part of a text begins: an answer must lie in it."""
    if len(text) <= _LONGEST_TEXT or presentation_of(result).view != "reply":
        return 0
    start: int = answers_of(result)[0].start
    return max(0, start - _LONGEST_TEXT // 2)


def _jpeg(image: "Image", quality: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=False)
    return _data_url("image/jpeg", buffer)


def _depth(result: DepthMap) -> str:
    """A small grey picture: 0 is the least depth and 255 the greatest."""
    import numpy as np
    from PIL import Image

    span = (result.max - result.min) or 1.0
    levels = (np.asarray(result.values, np.float32) - result.min) * (255 / span)
    # Not `thumbnail`: it cannot draw floats.
    scale = min(1.0, _DEPTH_SIDE / max(levels.shape))
    size = (max(1, round(result.width * scale)), max(1, round(result.height * scale)))
    small = Image.fromarray(levels).resize(size, Image.Resampling.BILINEAR)
    return _jpeg(small.convert("L"), _DEPTH_QUALITY)


def _peaks(samples: "npt.ArrayLike") -> list[int]:
    """The outline of a waveform: the loudest sample of each stretch, over the loudest of all."""
    import numpy as np

    loudness = np.atleast_2d(np.abs(samples)).max(axis=0)  # of several channels the louder one
    starts = np.unique(np.linspace(0, len(loudness), _PEAKS, endpoint=False).astype(int))
    peaks = np.maximum.reduceat(loudness, starts)
    return [int(level) for level in np.rint(peaks * (100 / (float(peaks.max()) or 1.0)))]


def _mp3(sound: "npt.ArrayLike", rate: int) -> str | None:
    """The sound as MP3, which every browser plays; None at a rate that MP3 has not."""
    import numpy as np
    import soundfile

    buffer = io.BytesIO()
    samples = np.asarray(sound).T
    if samples.ndim > 1 and samples.shape[1] > _STEREO:
        samples = samples.mean(axis=1)
    how: dict[str, Any] = {"bitrate_mode": "CONSTANT", "compression_level": _SQUEEZED}
    try:
        soundfile.write(buffer, samples, rate, format="MP3", **how)
    except soundfile.LibsndfileError:
        return None
    return _data_url("audio/mpeg", buffer)


def _data_url(kind: str, content: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
