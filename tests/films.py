"""Small videos in which a solid moves, drawn as the scenes of which the starters learned."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from samples import tone

from recipes.scenes import (
    FIRST_THING,
    Camera,
    Layout,
    Thing,
    draw_colour,
    draw_surroundings,
    shade,
    trace,
)

RATE = 10  # frames a second
SOUND_RATE = 44_100


@dataclass(frozen=True)
class Moment:
    """A picture, and where the solid is on it: left, top, right and bottom, in pixels."""

    picture: Image.Image
    box: tuple[int, int, int, int]


@cache
def moving_cube(count: int = 40, width: int = 320, height: int = 240) -> tuple[Moment, ...]:
    """A red cube that goes from left to right over the plane."""
    rng = np.random.default_rng(7)
    cube = Thing("cube", "red", 0.0, 4.5, 0.6, 0.4, draw_colour(rng, "red"))
    around = replace(draw_surroundings(rng), noise=0.0)
    camera = Camera(width, height, 1.8, 0.28)
    places = np.linspace(-1.2, 1.2, count)
    return tuple(_drawn(Layout(camera, around, (replace(cube, x=float(x)),))) for x in places)


def _drawn(layout: Layout) -> Moment:
    view = trace(layout)
    rows, columns = np.nonzero(view.ids == FIRST_THING)
    pixels = (shade(layout, view) * 255 + 0.5).astype(np.uint8)
    box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return Moment(Image.fromarray(pixels), tuple(map(int, box)))  # type: ignore[arg-type]


def film(
    file: Path,
    pictures: list[Image.Image],
    *,
    codec: str = "libx264",
    rate: int = RATE,
    turn: int = 0,
    sound: str | None = None,
    **options: str,
) -> Path:
    """A video of these pictures; `turn` is its note of how a player turns it, counter-clockwise.

    `sound` is the codec of a tone as long as the video.
    """
    with av.open(str(file), "w", options=options) as container:
        track: Any = container.add_stream(codec, rate=rate, options={"g": "10"})
        track.width, track.height = pictures[0].size
        track.pix_fmt = "yuv444p" if codec == "ffv1" else "yuv420p"
        if turn:
            track.set_display_rotation(turn)
        heard = None if sound is None else _sound(container, sound)
        packets = list(_filmed(track, pictures))
        if heard is not None:
            packets += _heard(heard, len(pictures) / rate)
        container.mux(sorted(packets, key=lambda one: float(one.dts * one.time_base)))
    return file


def _filmed(track: Any, pictures: list[Image.Image]) -> list[Any]:
    packets = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_image(picture)
        if picture.height >= 720:  # whose colours are BT.709, as everywhere
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
        frame.pts, frame.time_base = number, Fraction(1, track.codec_context.framerate)
        packets += track.encode(frame)
    return [*packets, *track.encode(None)]


def _sound(container: Any, codec: str) -> Any:
    track = container.add_stream(codec, rate=SOUND_RATE, layout="mono")
    if codec == "wmav2":
        track.bit_rate = 64_000
    return track


def _heard(track: Any, seconds: float) -> list[Any]:
    samples = tone(seconds, SOUND_RATE)[None]
    frame = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
    frame.sample_rate, frame.pts = SOUND_RATE, 0
    return [*track.encode(frame), *track.encode(None)]


def pictures_in(file: Path) -> list[tuple[float, Image.Image]]:
    """What a player shows of a video: the time in seconds and the picture."""
    with av.open(str(file)) as container:
        return [(frame.time or 0.0, frame.to_image()) for frame in container.decode(video=0)]


def overlap(box: dict[str, int], other: tuple[int, int, int, int]) -> float:
    """Intersection over union of a record's box and another."""
    mine = box["xmin"], box["ymin"], box["xmax"], box["ymax"]
    wide = max(0, min(mine[2], other[2]) - max(mine[0], other[0]))
    high = max(0, min(mine[3], other[3]) - max(mine[1], other[1]))
    both = wide * high
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (mine, other))
    return both / (areas - both)
