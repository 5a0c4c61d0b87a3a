"""Images of every kind, good and bad, as the decoder gives them to the tasks."""

import io
import re
import resource
import struct
import sys
import threading
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from models import answers, load
from PIL import Image
from samples import odd_images, photos, scene

from taskcli.errors import InputError
from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.settings import ImageSettings
from taskcli.media.items import ImageInput, Media
from taskcli.media.source import Source

PICTURE = scene(96, 64)
GREY = np.asarray(PICTURE.convert("L"))


def decode(file: Path | bytes, **settings: Any) -> ImageInput:
    """What the decoder makes of a file, or of bytes."""
    source = Source("x", data=file) if isinstance(file, bytes) else Source("x", str(file))
    return Decoder(Media.IMAGE, ImageSettings(**settings))(source)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def difference(picture: ImageInput | Image.Image, expected: Image.Image) -> float:
    """The mean difference of levels, of 255."""
    image = picture.image if isinstance(picture, ImageInput) else picture
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
    assert " 1 of 3; --frames all answers each" in found.warnings[0]
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


# Files that end early


def without_end(progressive: bool) -> bytes:
    return saved(PICTURE, "JPEG", quality=90, progressive=progressive)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("side", [None, 20])
def test_a_jpeg_without_its_end_mark_lacks_no_pixel(
    progressive: bool, lost: int, side: int | None
) -> None:
    data = without_end(progressive)
    found = decode(data[:-lost], picture_side=side)
    assert found.warnings == ("cut short: the file lacks its end, but no pixel is missing",)
    assert found.size == PICTURE.size
    assert difference(found, decode(data, picture_side=side).image) == 0


@pytest.mark.parametrize("share", [0.3, 0.67, 0.97])
@pytest.mark.parametrize("how", [{}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"mode": "L"}])
def test_of_a_cut_jpeg_the_share_that_is_missing_is_told_and_grey(
    share: float, how: dict[str, Any]
) -> None:
    how = {**how}
    data = saved(scene(800, 640).convert(how.pop("mode", "RGB")), "JPEG", quality=90, **how)
    cut = data[: int(len(data) * share)]
    found, whole = decode(cut, truncated=True), decode(data)
    pixels, right = (np.asarray(one.image).astype(int) for one in (found, whole))
    missing = 100 * (pixels != right).any(-1).mean()
    told = r"cut short: (\d+) % of its pixels are missing, and grey stands in their place"
    (note,) = found.warnings
    match = re.fullmatch(told, note)
    assert match is not None
    assert missing <= int(match[1]) < missing + 4  # two rows of what is decoded at once
    # The last of what is there may have turned out wrong; beyond it all is grey.
    assert share > 0.9 or (pixels[-16:] == 128).all()
    with pytest.raises(
        InputError, match=f"cut short, {match[1]} % of its pixels are missing"
    ) as no:
        decode(cut)
    assert no.value.hint == "--truncated answers what is left"


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_cut_picture_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(scene(320, 240), "JPEG", quality=90, exif=exif)
    found, whole = decode(data[: len(data) * 2 // 3], truncated=True), decode(data)
    assert found.size == whole.size == found.image.size
    top = (0, 0, whole.size[0], 40) if orientation == 1 else (200, 0, 240, 320)
    assert difference(found.image.crop(top), whole.image.crop(top)) < 0.01


def scan_starts(data: bytes) -> list[int]:
    return [found.start() for found in re.finditer(rb"\xff\xda", data)]


@pytest.mark.parametrize("between", [True, False])
def test_a_cut_progressive_jpeg_lacks_detail(between: bool) -> None:
    """Be it cut within a scan or between two, of which the first are whole."""
    data = saved(scene(320, 240), "JPEG", quality=90, progressive=True)
    starts = scan_starts(data)
    cut = data[: starts[4] - (0 if between else 40)]
    with pytest.raises(
        InputError, match="the image is damaged: cut short, finer detail is missing"
    ):
        decode(cut)
    found, whole = decode(cut, truncated=True), decode(data)
    assert found.warnings == ("cut short: finer detail is missing",)
    assert 0 < difference(found.image, whole.image) < 12


def test_a_progressive_jpeg_that_ends_in_its_first_scan_lacks_pixels() -> None:
    data = saved(scene(320, 240), "JPEG", quality=90, progressive=True)
    first, second = scan_starts(data)[:2]
    found = decode(data[: (first + second) // 2], truncated=True)
    assert "% of its pixels are missing" in found.warnings[0]
    assert (np.asarray(found.image)[-16:] == 128).all()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TGA"])
def test_of_other_cut_files_rows_are_left(kind: str) -> None:
    data = saved(PICTURE, kind)
    with pytest.raises(InputError, match="pixels are missing"):
        decode(data[: len(data) // 2])
    found, whole = decode(data[: len(data) // 2], truncated=True), decode(data)
    first, last = ((0, 0, 96, 8), (0, 56, 96, 64))
    if kind in ("BMP", "TGA"):  # their last row comes first
        first, last = last, first
    assert difference(found.image.crop(first), whole.image.crop(first)) == 0
    assert np.asarray(found.image.crop(last)).std() < 1  # one grey


def test_a_picture_that_ends_in_one_colour_is_not_taken_for_a_cut_one() -> None:
    picture = PICTURE.copy()
    picture.paste((0, 0, 0), (0, 32, 96, 64))
    assert not decode(saved(picture, "PNG")).warnings
    found = decode(saved(picture, "JPEG")[:-2])
    assert "no pixel is missing" in found.warnings[0]


def test_a_cut_file_is_a_record_that_says_how_to_go_on(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "cut.jpg"
    data = saved(scene(320, 240), "JPEG", quality=90)
    file.write_bytes(data[: len(data) // 2])
    call = ("classify-image", file, "-m", "starter")
    refused = run(*call)
    assert refused.exit_code == 1
    assert refused.records[0]["error"]["hint"].startswith("--truncated")
    answered = run(*call, "--truncated")
    assert answered.exit_code == 0
    assert "grey stands in their place" in answered.records[0]["warnings"][0]


# Levels


def twelve_bits() -> np.ndarray:
    """A ramp that uses 4,096 of 65,536 levels, as microscopes and X-ray machines write it."""
    return np.linspace(0, 4095, 96 * 64).reshape(64, 96).astype(np.uint16)


def brightest(picture: ImageInput) -> int:
    return int(np.asarray(picture.image).max())


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_twelve_bits_in_sixteen_are_told_and_can_be_stretched(kind: str) -> None:
    data = saved(Image.fromarray(twelve_bits()), kind)
    dark = decode(data)
    assert brightest(dark) == 16
    assert dark.warnings == ("dark: its levels end at 4095 of 65535; --levels used stretches them",)
    for levels in ("used", "0,4095"):
        found = decode(data, levels=levels)
        assert not found.warnings
        expected = Image.fromarray((twelve_bits() / 4095 * 255 + 0.5).astype(np.uint8))
        assert difference(found, expected.convert("RGB")) < 0.01
    upper = decode(data, levels="2047.5,4095")
    assert np.asarray(upper.image)[:31].max() == 0
    assert brightest(upper) == 255


def png_of_sixteen_bit_colours(values: np.ndarray) -> bytes:
    """By hand: Pillow writes none. uint16 [height, width, 3]."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + name + data
        made += struct.pack(">I", zlib.crc32(name + data))
    return made


def test_colours_of_sixteen_bits_that_look_black_are_told_and_can_be_stretched() -> None:
    ramp = twelve_bits()
    colours = np.stack([ramp, ramp // 2, ramp // 4], -1)
    data = png_of_sixteen_bit_colours(colours)
    (told,) = decode(data).warnings
    assert told.startswith("dark: its levels end at ")
    assert told.endswith(" of 65535; --levels used stretches them")
    for levels in ("used", "0,4095"):
        found = decode(data, levels=levels)
        assert found.warnings == ("of its 16 bits a colour the upper 8 are stretched",)
        assert np.abs(np.asarray(found.image) - colours / 4095 * 255).max() < 18  # one of 16 levels
    assert not decode(png_of_sixteen_bit_colours(colours * 16)).warnings


def test_a_tiff_of_twelve_bits_says_so_and_is_right_at_once() -> None:
    levels = twelve_bits()[:, :96].reshape(-1, 2).astype(np.uint32)
    packed = np.empty((len(levels), 3), np.uint8)
    packed[:, 0] = levels[:, 0] >> 4
    packed[:, 1] = (levels[:, 0] & 15) << 4 | levels[:, 1] >> 8
    packed[:, 2] = levels[:, 1] & 255
    found = decode(tiff(packed.tobytes(), 96, 64, bits=12))
    assert not found.warnings
    assert brightest(found) == 255


def tiff(data: bytes, width: int, height: int, bits: int) -> bytes:
    """An uncompressed grey TIFF, by hand: Pillow writes no twelve bits."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: height}
    tags[279] = len(data)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


def test_pictures_of_eight_bits_are_stretched_too() -> None:
    pale = Image.fromarray((np.asarray(PICTURE) // 4 + 100).astype(np.uint8))
    assert decode(saved(pale, "PNG")).image.tobytes() == pale.tobytes()
    found = np.asarray(decode(saved(pale, "PNG"), levels="used").image)
    assert (found.min(), found.max()) == (0, 255)


@pytest.mark.parametrize("levels", ["most", "1", "5,5", "9,1", "0,nan", "a,b", "1,2,3", ""])
def test_levels_that_are_none_are_a_wrong_call(run: Any, levels: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(PICTURE, "PNG"))
    refused = run("classify-image", tmp_path / "a.png", "-m", "starter", "--levels", levels)
    assert refused.exit_code == 2
    assert "LOW,HIGH" in refused.stderr


# Files that keep a decoder busy, or start a program


def of_many_scans(scans: int) -> bytes:
    """A progressive JPEG, one of its scans again and again."""
    data = saved(scene(640, 480), "JPEG", progressive=True)
    starts = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    first, second = starts[2:4]
    return data[:first] + data[first:second] * scans + data[first:]


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    with pytest.raises(InputError, match=r"5,0\d\d scans"):
        decode(of_many_scans(5000))
    assert decode(of_many_scans(20)).size == (640, 480)


def test_what_is_appended_to_a_jpeg_has_no_scans_of_it() -> None:
    """Phones append a video."""
    data = saved(scene(320, 240), "JPEG", progressive=True)
    assert decode(data + b"\xff\xda" * 1000).size == (320, 240)


def test_a_tiff_of_many_pages_is_answered_without_counting_them() -> None:
    """Each page is a directory that points to the next."""
    grey = PICTURE.convert("L")
    page = tiff(grey.tobytes(), 96, 64, bits=8)
    directory = page[8 + 96 * 64 : -4]
    offsets = range(len(page), len(page) + 100_000 * (len(directory) + 4), len(directory) + 4)
    pages = [page[:-4], *(struct.pack("<I", at) + directory for at in offsets)]
    began = time.monotonic()
    found = decode(b"".join(pages) + struct.pack("<I", 0))
    assert time.monotonic() - began < 20  # hours, if they were counted
    assert found.warnings == ("page 1 of more than 1,000; --frames all answers each",)
    assert difference(found, grey.convert("RGB")) == 0


@pytest.mark.parametrize("name", ["loop.eps", "loop.jpg"])
def test_postscript_never_runs(run: Any, name: str, tmp_path: Path) -> None:
    """Pillow would hand it to Ghostscript, and this one never ends."""
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n{} loop\n"
    (tmp_path / name).write_bytes(program)
    found = run("classify-image", tmp_path / name, "-m", "starter")
    assert found.exit_code == 1
    message = found.records[0]["error"]["message"]
    assert message == "not an image: this is a PostScript document"


@pytest.mark.parametrize("kind", ["PSD", "FITS", "HDF5", "WMF", "DDS", "SPIDER", "GRIB", "IM"])
def test_only_formats_that_are_meant_are_read(kind: str) -> None:
    from taskcli.media.decode import image_header

    Image.init()
    assert kind in Image.OPEN  # Pillow would
    assert kind not in image_header._FORMATS


def test_a_decoder_that_never_returns_costs_its_own_input_only(
    monkeypatch: pytest.MonkeyPatch, run: Any, tmp_path: Path
) -> None:
    from taskcli.media.decode import image as image_decoding

    end = threading.Event()
    decoded = image_decoding._decoded

    def busy(stream: Any, *words: Any) -> ImageInput:
        if stream.read(4) == b"slow":
            while not end.is_set():
                pass
        stream.seek(0)
        return decoded(stream, *words)

    monkeypatch.setattr(image_decoding, "_decoded", busy)
    monkeypatch.setattr(image_decoding, "_MOST_SECONDS", 0.3)
    for name, data in {"a.png": PNG, "b.png": b"slow", "c.png": PNG}.items():
        (tmp_path / name).write_bytes(data)
    try:
        found = run("classify-image", tmp_path, "-m", "starter")
    finally:
        end.set()
    assert found.exit_code == 1
    assert ["result" in record for record in found.records] == [True, False, True]
    assert "keeps its decoder busy" in found.records[1]["error"]["message"]


def of_separate_scans() -> bytes:
    """A head as of a file with a scan for each component, however many of them follow."""
    at = WHOLE.index(b"\xff\xda\x00\x0c\x03")
    return WHOLE[:at] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + WHOLE[at + 14 :]


@pytest.mark.parametrize(
    ("data", "is_watched"),
    [
        (WHOLE, False),
        (saved(PICTURE.convert("L"), "JPEG"), False),
        (saved(PICTURE, "JPEG", progressive=True), True),
        (of_separate_scans(), True),
        (PNG, True),
    ],
    ids=["JPEG", "grey", "progressive", "separate scans", "PNG"],
)
def test_only_what_its_pixels_bound_is_decoded_unwatched(data: bytes, is_watched: bool) -> None:
    threads = set[str]()
    with suppress(InputError):
        decode(data, claim=lambda weight: threads.add(threading.current_thread().name))
    assert threads == {"one-picture" if is_watched else threading.current_thread().name}


# HEIC, by an optional library


def heic(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, quality=95)
    return stream.getvalue()


def test_pictures_of_iphones_are_read() -> None:
    found = decode(heic(scene(320, 240)))
    assert found.size == (320, 240)
    assert difference(found, scene(320, 240)) < 5
    with pytest.raises(InputError, match="more than 6,000"):
        decode(heic(scene(320, 240)), max_pixels=6_000)


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(PICTURE)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match="HEIC") as refused:
        decode(data)
    assert refused.value.hint == "pip install 'taskcli[heic]' reads it"
