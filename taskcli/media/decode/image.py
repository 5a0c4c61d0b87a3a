"""Images as every model wants them: upright, RGB, eight bits, whatever the file holds."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from taskcli.errors import InputError
from taskcli.media.decode.jpeg import scans
from taskcli.media.decode.pillow import any_size
from taskcli.media.decode.settings import ImageSettings
from taskcli.media.decode.truncated_image import can_be_rescued, rescued
from taskcli.media.items import ImageInput
from taskcli.media.source import Source

Levels = NDArray[Any]

# What is read. Others that Pillow knows start programs (EPS) or hold no picture (HDF5, GRIB).
_FORMATS = (
    "AVIF BMP CUR DIB GIF ICNS ICO JPEG JPEG2000 PCX PNG PPM QOI SGI TGA TIFF WEBP XBM"
).split()
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
_WHITE = (255, 255, 255, 255)
_BITS_PER_SAMPLE = 258  # TIFF's tag
_DARK = 8  # a picture that uses less than this part of its levels looks black
_OF_SIXTEEN = 257  # levels of 65,535 in one of 255
_MOST_FRAMES = 1000  # counted in a TIFF: Pillow's time grows with their square
# A progressive JPEG has about ten scans, and each costs a pass over all its pixels.
_MOST_SCANS = 100
_MOST_SECONDS = 60.0  # of a processor, for one file; the largest honest ones take five

# Bytes of memory for a pixel: Pillow has four for one in colour, and every conversion makes a copy.
_WHILE_CONVERTED = {"RGB": 4, "L": 5, "1": 5, "P": 5, "CMYK": 8, "YCbCr": 8}
_WHILE_COMPOSED = 20  # with transparency, or with more than eight bits
_OF_HEIC = 8
_COEFFICIENTS = 4  # of a progressive JPEG, all of which are held until its last scan


def decode(stream: BinaryIO, source: Source, settings: ImageSettings) -> ImageInput:
    """An image file as the settings say.

    `picture_side` is what the processor will resize to: a JPEG is then decoded no larger than
    needed, but never below twice that, so that the processor still does the last reduction.
    `levels` is "full", "used" or "LOW,HIGH": what becomes black and white. `truncated` accepts a
    file of which pixels are missing. `claim` hears how many bytes the pixels will take.
    Raises InputError for what is not an image, is damaged, is larger than the settings allow, or
    takes a decoder longer than any honest file does.
    """
    return _within(_MOST_SECONDS, partial(_decoded, stream, settings))


def reduced(item: ImageInput, side: int) -> ImageInput:
    """The item with no more than `side` pixels a side; its `size` stays."""
    scale = side / max(item.image.size)
    if scale >= 1:
        return item
    width, height = (max(1, round(length * scale)) for length in item.image.size)
    return replace(item, image=item.image.resize((width, height), reducing_gap=2.0))


def without_pixels(item: ImageInput) -> ImageInput:
    """The item for who asks for its `size` alone."""
    return replace(item, image=Image.new("RGB", (1, 1)))


def _within(seconds: float, work: Callable[[], ImageInput]) -> ImageInput:
    """The work's outcome, unless it takes more than `seconds` of a processor.

    A decoder in C cannot be stopped: its thread is left behind, and ends with the process. A child
    process, as chat templates have, could be; but the limit of pixels bounds the memory here, and
    handing every image from one process to another would cost more than a thread that is rare.
    """
    outcome: Future[ImageInput] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as failure:
            outcome.set_exception(failure)

    thread = threading.Thread(target=run, daemon=True, name="one-picture")
    thread.start()
    thread.join(seconds)
    while thread.is_alive() and _processor_seconds(thread) < seconds:
        thread.join(1)
    if not outcome.done():
        raise InputError(
            f"the image keeps its decoder busy for more than {seconds:g} s",
            "save it again with a program that can show it",
        )
    return outcome.result()


def _processor_seconds(thread: threading.Thread) -> float:
    """What a thread has computed; a busy machine makes it wait without that."""
    times = {one.id: one.user_time + one.system_time for one in psutil.Process().threads()}
    return times.get(thread.native_id or 0, 0.0)


def _decoded(stream: BinaryIO, settings: ImageSettings) -> ImageInput:
    notes: list[str] = []
    try:
        with any_size():  # our own limit is checked on the header, with a clear message
            image = _opened(stream, settings, notes)
            size, is_deep = image.size, _is_deep_colour(image)
            image = _loaded(stream, image, settings, notes)
            turned = _upright(image, notes)
            picture = _rgb(turned, is_deep, settings.levels, notes)
    except UnidentifiedImageError:
        raise InputError("not an image in a format that can be read") from None
    except (InputError, MemoryError):
        raise
    except Exception as failure:  # Pillow's plugins raise all kinds for damaged files
        raise InputError(f"the image is damaged: {failure}") from None
    if _is_transposed(image):
        size = (size[1], size[0])
    return ImageInput(picture, size, tuple(notes))


def _opened(stream: BinaryIO, settings: ImageSettings, notes: list[str]) -> Image.Image:
    """The image by its header alone, its first frame."""
    image = _heif(stream, settings) if _is_heif(stream) else Image.open(stream, formats=_FORMATS)
    _check_size(image.size, settings.max_pixels)
    if (frames := _frames(image)) != "1":
        notes.append(f"first of {frames} frames taken")
    if image.info.get("progressive"):
        _check_scans(stream)
    return image


def _loaded(
    stream: BinaryIO, image: Image.Image, settings: ImageSettings, notes: list[str]
) -> Image.Image:
    """The image with its pixels, reduced if it is much larger than what the model sees."""
    weight = _coefficients(image)
    _draft(image, settings.picture_side)
    if isinstance(image, ImageFile.ImageFile):  # HEIC is decoded by its own library
        settings.claim(weight + _bytes_of_pixels(image))
    try:
        image.load()
    except Exception as failure:
        if not can_be_rescued(image, failure):
            raise
        stream.seek(0)
        again = partial(_reopened, side=settings.picture_side)
        return rescued(stream.read(), again, settings.truncated, notes)
    return image


def _coefficients(image: Image.Image) -> int:
    """Bytes that a JPEG's decoder holds beside the pixels, in whatever size it gives them."""
    return _COEFFICIENTS * image.width * image.height if image.info.get("progressive") else 0


def _bytes_of_pixels(image: Image.Image) -> int:
    """What decoding and conversions will take, by the header."""
    usual = _WHILE_COMPOSED if "transparency" in image.info else _WHILE_CONVERTED.get(image.mode)
    return (usual or _WHILE_COMPOSED) * image.width * image.height


def _reopened(content: BinaryIO, side: int | None) -> ImageFile.ImageFile:
    image = Image.open(content, formats=_FORMATS)
    _draft(image, side)
    return image


def _draft(image: Image.Image, side: int | None) -> None:
    if side is not None:
        image.draft(None, (2 * side, 2 * side))


def _is_heif(stream: BinaryIO) -> bool:
    head = stream.read(12)
    stream.seek(0)
    return head[4:8] == b"ftyp" and head[8:] in _HEIF_BRANDS


def _heif(stream: BinaryIO, settings: ImageSettings) -> Image.Image:
    """The main picture of an iPhone's file, upright. An optional library decodes it."""
    try:
        from pillow_heif import open_heif
    except ImportError:
        raise InputError("a HEIC image", "pip install 'taskcli[heic]' reads it") from None
    found = open_heif(stream)
    _check_size(found.size, settings.max_pixels)
    settings.claim(_OF_HEIC * found.size[0] * found.size[1])
    image: Image.Image = found.to_pillow()
    return image


def _frames(image: Image.Image) -> str:
    """How many frames a file holds; those of a TIFF are known only by going through them."""
    if image.format != "TIFF":
        return str(getattr(image, "n_frames", 1))
    try:
        for number in range(1, _MOST_FRAMES + 1):
            image.seek(number)
        return f"more than {_MOST_FRAMES:,}"
    except EOFError:
        return str(number)
    finally:
        image.seek(0)


def _check_scans(stream: BinaryIO) -> None:
    """Refuse a JPEG of few bytes that is decoded for hours."""
    stream.seek(0)
    found = scans(stream.read())
    if found > _MOST_SCANS:
        raise InputError(
            f"the image has {found:,} scans, more than any camera or program writes",
            "save it again with a program that can show it",
        )


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise InputError(
            f"the image has {width} x {height} pixels, more than {max_pixels:,}",
            "raise --max-pixels if you trust the file",
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF comes from anywhere; a broken block must not lose the picture
        return 1


def _is_transposed(image: Image.Image) -> bool:
    return _orientation(image) in (5, 6, 7, 8)


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    if _orientation(image) == 1:
        return image
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        notes.append("the EXIF orientation could not be applied")
        return image


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether a file, not yet decoded, has 16 bits a colour; Pillow then keeps the upper 8."""
    if image.mode in (*_SIXTEEN_BIT, "I", "F"):
        return False
    return any(
        ";16" in str(tile[3]) or (tile[0].startswith("ppm") and tile[3][-1] == 65535)
        for tile in getattr(image, "tile", ())
    )


def _rgb(image: Image.Image, is_deep: bool, levels: str, notes: list[str]) -> Image.Image:
    if image.mode in (*_SIXTEEN_BIT, "I", "F"):
        return _of_deep(image, levels, notes)
    picture = _opaque(image)
    if levels == "full":
        if is_deep:
            _note_dark(int(np.asarray(picture).max()) * _OF_SIXTEEN, 65535, notes)
        return picture
    values = np.asarray(picture).astype(np.float32)
    if is_deep:
        values *= _OF_SIXTEEN  # LOW,HIGH are levels of the file
        notes.append("of its 16 bits a colour the upper 8 are stretched")
    return _from_levels(_stretched(values, *_ends(values, levels)))


def _note_dark(brightest: float, white: float, notes: list[str]) -> None:
    if 0 < brightest < white / _DARK:
        notes.append(
            f"dark: its levels end at {brightest:g} of {white:g}; --levels used stretches them"
        )


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), layers).convert("RGB")
    return image.convert("RGB")


def _of_deep(image: Image.Image, levels: str, notes: list[str]) -> Image.Image:
    """Grey with more than 256 levels."""
    values = np.asarray(image).astype(np.float32)
    values = np.nan_to_num(values, posinf=0, neginf=0)
    if levels != "full":
        return _from_levels(_stretched(values, *_ends(values, levels)))
    low, high = _full(image, values, notes)
    if low == 0 and high > 255:
        _note_dark(float(values.max()), high, notes)
    return _from_levels(_stretched(values, low, high))


def _full(image: Image.Image, values: Levels, notes: list[str]) -> tuple[float, float]:
    """The levels that are black and white by the file's kind, or by a guess, which is noted."""
    if image.mode in _SIXTEEN_BIT:
        return 0, 2 ** _bits(image) - 1
    low, high = float(values.min()), float(values.max())
    for white in (1, 255, 65535):
        if low >= 0 and high <= white:
            return 0, white
    notes.append(f"levels from {low:g} to {high:g} were stretched to 0..255")
    return low, high


def _bits(image: Image.Image) -> int:
    """Of a level: microscopes and X-ray machines write twelve into a TIFF, and say so."""
    stated = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
    return int(stated[0])


def _ends(values: Levels, levels: str) -> tuple[float, float]:
    """What becomes black and white: the darkest and brightest level there is, or LOW,HIGH."""
    if levels == "used":
        return float(values.min()), float(values.max())
    low, high = levels.split(",")
    return float(low), float(high)


def _stretched(values: Levels, low: float, high: float) -> Levels:
    return (values - low) * (255 / ((high - low) or 1))


def _from_levels(levels: Levels) -> Image.Image:
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
