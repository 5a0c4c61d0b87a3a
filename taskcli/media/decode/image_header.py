"""An image file by its header: whether it is read, its first frame, what its pixels will take."""

from typing import BinaryIO

from PIL import Image, ImageFile

from taskcli.errors import InputError
from taskcli.media.decode.jpeg import scans
from taskcli.media.decode.jpeg_xl import is_jpeg_xl, size_of
from taskcli.media.decode.jpeg_xl import opened as opened_jpeg_xl
from taskcli.media.decode.settings import ImageSettings

# What is read. Others that Pillow knows start programs (EPS) or hold no picture (HDF5, GRIB).
_FORMATS = (
    "AVIF BMP CUR DIB GIF ICNS ICO JPEG JPEG2000 PCX PNG PPM QOI SGI TGA TIFF WEBP XBM"
).split()
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_MOST_FRAMES = 1000  # counted in a TIFF: Pillow's time grows with their square
# A progressive JPEG has about ten scans, and each costs a pass over all its pixels.
_MOST_SCANS = 100

# Bytes of memory for a pixel: Pillow has four for one in colour, and every conversion makes a copy.
_WHILE_CONVERTED = {"RGB": 4, "L": 5, "1": 5, "P": 5, "CMYK": 8, "YCbCr": 8}
_WHILE_COMPOSED = 20  # with transparency, or with more than eight bits
_OF_HEIC = 8
_COEFFICIENTS = 4  # of a progressive JPEG, all of which are held until its last scan


def opened(
    stream: BinaryIO, settings: ImageSettings, notes: list[str], page: int | None = None
) -> Image.Image:
    """The image by its header alone: a `page`, from 1, or its first frame."""
    image = _begun(stream, settings)
    check_size(image.size, settings.max_pixels)
    if page is not None:
        image.seek(page - 1)
        check_size(image.size, settings.max_pixels)
    elif (frames := _frames(image)) != "1":
        called = "page" if image.format == "TIFF" else "frame"
        notes.append(f"{called} 1 of {frames}; --frames all answers each")
    if image.info.get("progressive"):
        _check_scans(stream)
    return image


def _begun(stream: BinaryIO, settings: ImageSettings) -> Image.Image:
    """By its header; what optional libraries decode is decoded at once, if it may be so large."""
    if _is_heif(stream):
        return _heif(stream, settings)
    if is_jpeg_xl(stream):
        check_size(size_of(stream), settings.max_pixels)
        return opened_jpeg_xl(stream)
    return Image.open(stream, formats=_FORMATS)


def coefficients(image: Image.Image) -> int:
    """Bytes that a JPEG's decoder holds beside the pixels, in whatever size it gives them."""
    return _COEFFICIENTS * image.width * image.height if image.info.get("progressive") else 0


def bytes_of_pixels(image: Image.Image) -> int:
    """What decoding and conversions will take, by the header."""
    usual = _WHILE_COMPOSED if "transparency" in image.info else _WHILE_CONVERTED.get(image.mode)
    return (usual or _WHILE_COMPOSED) * image.width * image.height


def reopened(content: BinaryIO, side: int | None) -> ImageFile.ImageFile:
    image = Image.open(content, formats=_FORMATS)
    draft(image, side)
    return image


def draft(image: Image.Image, side: int | None) -> None:
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
    check_size(found.size, settings.max_pixels)
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


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Raises InputError for a picture that is larger than the user allows."""
    width, height = size
    if width * height > max_pixels:
        raise InputError(
            f"the image has {width} x {height} pixels, more than {max_pixels:,}",
            "raise --max-pixels if you trust the file",
        )
