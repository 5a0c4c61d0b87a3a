"""JPEG XL, by an optional library, which is asked only for what may be so large."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pillow_jxl  # noqa: F401  # Pillow writes the format with it
import pytest
from PIL import Image
from samples import scene

from taskcli.errors import InputError
from taskcli.inputs.discovery import in_folder
from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.jpeg_xl import size_of
from taskcli.media.decode.settings import ImageSettings
from taskcli.media.items import Media
from taskcli.media.source import Source


def jpeg_xl(image: Image.Image, **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JXL", lossless=True, **how)
    return stream.getvalue()


def decode(data: bytes, **settings: Any) -> Any:
    return Decoder(Media.IMAGE, ImageSettings(**settings))(Source("a.jxl", data=data))


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_pictures_are_as_they_were_saved(mode: str) -> None:
    picture = scene(96, 64).convert(mode)
    found = decode(jpeg_xl(picture))
    assert found.size == (96, 64)
    assert np.array_equal(np.asarray(found.image), np.asarray(picture.convert("RGB")))


def test_a_picture_is_upright() -> None:
    """The format turns its pixels itself: what EXIF says besides was done."""
    turned = Image.Exif()
    turned[0x0112] = 6
    plain = decode(jpeg_xl(scene(96, 64)))
    told = decode(jpeg_xl(scene(96, 64), exif=turned.tobytes()))
    assert told.size in ((96, 64), (64, 96))
    assert told.size == told.image.size
    assert plain.image.tobytes() == scene(96, 64).tobytes()


@pytest.mark.parametrize(
    "size",
    [(8, 8), (256, 256), (256, 128), (9, 7), (640, 480), (1920, 1080), (300, 200), (1, 999),
     (513, 511), (9000, 3)],
)  # fmt: skip
@pytest.mark.parametrize("boxed", [True, False])
def test_the_size_stands_in_the_header(size: tuple[int, int], boxed: bool) -> None:
    data = jpeg_xl(Image.new("RGB", size), use_container=boxed)
    assert data.startswith(b"\xff\x0a") is not boxed
    assert size_of(io.BytesIO(data)) == size


def test_what_is_too_large_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = jpeg_xl(scene(320, 240))
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(InputError, match="320 x 240 pixels, more than 6,000"):
        decode(data, max_pixels=6_000)
    with pytest.raises(InputError, match="a JPEG XL image") as refused:
        decode(data)
    assert refused.value.hint == "pip install 'taskcli[jxl]' reads it"


@pytest.mark.parametrize("boxed", [True, False])
def test_a_damaged_file_is_an_error(boxed: bool) -> None:
    data = jpeg_xl(scene(96, 64), use_container=boxed)
    for count in (12, 14, 30, len(data) // 2):
        with pytest.raises(InputError):
            decode(data[:count])


def test_folders_are_searched_for_it() -> None:
    Path("in").mkdir()
    Path("in/a.jxl").write_bytes(jpeg_xl(scene(96, 64)))
    assert in_folder("in", Media.IMAGE, recursive=False).paths == ["in/a.jxl"]
