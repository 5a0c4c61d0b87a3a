"""Images of every kind, good and bad, as the decoder gives them to the tasks."""

import io
import resource
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import answers, load
from PIL import Image
from samples import odd_images, photos, scene

from taskcli.errors import InputError
from taskcli.items import Media, Picture
from taskcli.runtime.media import Decoder
from taskcli.sources import Source

PICTURE = scene(96, 64)
GREY = np.asarray(PICTURE.convert("L"))


def decode(file: Path | bytes, **settings: Any) -> Picture:
    """What the decoder makes of a file, or of bytes."""
    source = Source("x", data=file) if isinstance(file, bytes) else Source("x", str(file))
    return Decoder(Media.IMAGE, **settings)(source)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def difference(picture: Picture | Image.Image, expected: Image.Image) -> float:
    """The mean difference of levels, of 255."""
    image = picture.image if isinstance(picture, Picture) else picture
    assert (image.mode, image.size) == ("RGB", expected.size)
    pixels = (np.asarray(one.convert("RGB"), np.float32) for one in (image, expected))
    return float(np.abs(next(pixels) - next(pixels)).mean())


# What is seen as it was meant

TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(orientation: int, kind: str = "PNG") -> bytes:
    """The picture as a camera held otherwise stores it, with the note of how it was held."""
    turn = TURNS[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = PICTURE if turn is None else PICTURE.transpose(turn)
    return saved(image, kind, exif=exif, lossless=True)


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize(("kind", "allowed"), [("PNG", 0), ("JPEG", 5), ("TIFF", 0), ("WEBP", 0)])
def test_every_orientation_is_seen_upright(orientation: int, kind: str, allowed: float) -> None:
    found = decode(turned(orientation, kind))
    assert found.size == PICTURE.size
    assert difference(found, PICTURE) <= allowed
    assert not found.warnings


@pytest.mark.parametrize("orientation", [1, 6])
def test_boxes_are_in_upright_pixels(orientation: int, tmp_path: Path) -> None:
    files = [tmp_path / "upright.png", tmp_path / "turned.png"]
    files[0].write_bytes(saved(PICTURE, "PNG"))
    files[1].write_bytes(turned(orientation))
    upright, same = answers(load("detect", "detr", threshold=0.3), files)
    assert upright == same != []


def float_tiff(levels: np.ndarray) -> bytes:
    return saved(Image.fromarray(levels.astype(np.float32)), "TIFF")


def big_endian_tiff(levels: np.ndarray) -> bytes:
    """A 16-bit grey TIFF whose bytes stand the other way round."""
    height, width = levels.shape
    data = levels.astype(">u2").tobytes()
    entries = [
        (256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 1),
        (273, 4, 8), (277, 3, 1), (278, 3, height), (279, 4, len(data)),
    ]  # fmt: skip
    head = b"MM\x00\x2a" + struct.pack(">I", 8 + len(data))
    table = struct.pack(">H", len(entries))
    for tag, kind, value in entries:
        packed = struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
        table += struct.pack(">HHI", tag, kind, 1) + packed
    return head + data + table + bytes(4)


DEEP = GREY.astype(np.uint16) * 257
LEVELS = {
    "grey": saved(PICTURE.convert("L"), "PNG"),
    "grey with alpha": saved(PICTURE.convert("LA"), "PNG"),
    "16 bits": saved(Image.fromarray(DEEP), "PNG"),
    "16 bits, TIFF": saved(Image.fromarray(DEEP), "TIFF"),
    "16 bits, big-endian": big_endian_tiff(DEEP),
    "float of 0 to 1": float_tiff(GREY / 255),
    "float of 0 to 255": float_tiff(GREY),
    "float of 0 to 65535": float_tiff(DEEP),
    "32 bits": saved(Image.fromarray(DEEP.astype(np.int32)), "TIFF"),
}


@pytest.mark.parametrize("name", LEVELS)
def test_levels_are_kept(name: str) -> None:
    assert difference(decode(LEVELS[name]), PICTURE.convert("L")) < 1


def test_levels_beyond_any_convention_are_stretched_and_said_so() -> None:
    found = decode(float_tiff(GREY / 255.0 * 40 - 20))
    assert "stretched" in found.warnings[0]
    assert np.asarray(found.image).max() > 250


@pytest.mark.parametrize("level", [0.0, 1.0, 300.0, -5.0, 70_000.0, np.nan, np.inf])
def test_levels_all_alike_are_no_trouble(level: float) -> None:
    assert decode(float_tiff(np.full((8, 8), level))).image.size == (8, 8)


def half_transparent(mode: str) -> bytes:
    """The picture on the right; on the left nothing, in the colour red."""
    image = PICTURE.convert("RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 48, 64))
    if mode == "RGBA":
        return saved(image, "PNG")
    palette = image.convert("RGB").quantize(64)
    hidden = palette.getpixel((0, 0))
    return saved(palette, "PNG", transparency=hidden)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    found = np.asarray(decode(half_transparent(mode)).image)
    assert (found[:, :40] == 255).all()
    assert np.abs(found[:, 50:].astype(int) - np.asarray(PICTURE)[:, 50:]).mean() < 12


COLOURS = {
    "CMYK": (saved(PICTURE.convert("CMYK"), "JPEG"), 5),
    "palette": (saved(PICTURE.quantize(255), "PNG"), 12),
    "progressive": (saved(PICTURE, "JPEG", progressive=True), 5),
    "YCbCr": (saved(PICTURE.convert("YCbCr"), "TIFF"), 4),
    "WebP": (saved(PICTURE, "WEBP", lossless=True), 0),
    "BMP": (saved(PICTURE, "BMP"), 0),
}


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_right(name: str) -> None:
    data, allowed = COLOURS[name]
    assert difference(decode(data), PICTURE) <= allowed


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_frames_the_first_is_taken_and_said_so(kind: str) -> None:
    frames = [scene(96, 64, seed) for seed in range(3)]
    found = decode(saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))
    assert "3 frames" in found.warnings[0]
    assert difference(found, frames[0]) < 12


@pytest.mark.parametrize("data", [b"\xff\xd8junk", b"\x00" * 40, b"MM\x00\x2a" + b"\xff" * 60])
def test_broken_exif_does_not_lose_the_picture(data: bytes) -> None:
    found = decode(saved(PICTURE, "JPEG", exif=b"Exif\x00\x00" + data))
    assert difference(found, PICTURE) < 5


def test_one_bit_is_black_and_white() -> None:
    assert difference(decode(saved(PICTURE.convert("1"), "PNG")), PICTURE.convert("1")) == 0


def test_the_name_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(saved(PICTURE, "PNG"))
    assert difference(decode(file), PICTURE) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1)], ids=str)
@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("classify-image", "vit"),
        ("classify-image", "convnext"),
        ("detect", "detr"),
        ("segment", "segformer"),
        ("segment", "mask2former"),
        ("depth", "glpn"),
        ("depth", "depth-anything"),
    ],
)
def test_extreme_shapes_are_answered_or_an_error(
    size: tuple[int, int], task: str, name: str, tmp_path: Path
) -> None:
    files = [tmp_path / "extreme.png", *photos(tmp_path).values()]
    Image.new("RGB", size, (30, 60, 90)).save(files[0])
    extreme, *ordinary = load(task, name)(files)
    assert (extreme.result is None) is (extreme.error is not None)
    assert extreme.error is None or extreme.error.type == "InputError"
    if task == "depth" and extreme.result:
        assert extreme.result.values.shape == size[::-1]
    assert all(record.error is None for record in ordinary)


@pytest.mark.parametrize("name", ["glpn", "dpt"])
def test_depth_of_black_is_numbers(name: str, tmp_path: Path) -> None:
    file = tmp_path / "black.png"
    Image.new("RGB", (64, 64)).save(file)
    [found] = answers(load("depth", name), [file])
    assert np.isfinite([found.min, found.max, found.mean]).all()


# What cannot be seen


def png_of(width: int, height: int) -> bytes:
    """A small PNG that unpacks to a large one."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def with_bad_crc() -> bytes:
    data = bytearray(saved(PICTURE, "PNG"))
    data[data.index(b"IDAT") + 20] ^= 0xFF
    return bytes(data)


WHOLE = saved(PICTURE, "JPEG")
PNG = saved(PICTURE, "PNG")
BROKEN = {
    "empty": (b"", "empty"),
    "text": (b"just text", "not an image"),
    "half a JPEG": (WHOLE[: len(WHOLE) // 2], "damaged"),
    "half a PNG": (PNG[: len(PNG) // 2], "damaged"),
    "a bad CRC": (with_bad_crc(), "damaged"),
    "a header alone": (PNG[:40], "not an image"),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_errors(name: str) -> None:
    data, reason = BROKEN[name]
    with pytest.raises(InputError, match=reason):
        decode(data)


def test_a_bomb_is_refused_by_its_header() -> None:
    bomb = png_of(10_000, 10_000)
    assert len(bomb) < 120_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="10000 x 10000 pixels, more than 89,478,485"):
        decode(bomb)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB
    with pytest.raises(InputError, match="more than 6,000"):
        decode(saved(PICTURE, "PNG"), max_pixels=6_000)


# Reduced decoding


@pytest.mark.parametrize("side", [32, 100, 224, 300])
@pytest.mark.parametrize("size", [(1200, 800), (801, 1203), (640, 640)], ids=str)
def test_a_jpeg_is_decoded_no_smaller_than_twice_the_side(side: int, size: tuple[int, int]) -> None:
    data = saved(scene(*size), "JPEG", quality=95)
    found, full = decode(data, picture_side=side), decode(data)
    assert found.size == full.size == size
    assert min(found.image.size) >= min(2 * side, *size)
    small = (side, side)
    resized = (one.image.resize(small, Image.Resampling.BICUBIC) for one in (found, full))
    assert difference(next(resized), next(resized)) < 1.5


def test_a_reduced_decode_keeps_the_answer(tmp_path: Path) -> None:
    jpeg, png = tmp_path / "large.jpg", tmp_path / "large.png"
    scene(1600, 1200, 2).save(jpeg, quality=98)
    Image.open(jpeg).save(png)
    for task, name in (("classify-image", "vit"), ("classify-image", "convnext")):
        reduced, full = answers(load(task, name), [jpeg, png])
        assert [one.label for one in reduced] == [one.label for one in full]
        assert [one.score for one in reduced] == pytest.approx(
            [one.score for one in full], abs=0.02
        )


def test_the_samples_are_all_readable(tmp_path: Path) -> None:
    for file in [*photos(tmp_path).values(), *odd_images(tmp_path).values()]:
        assert decode(file).image.mode == "RGB"
