"""Which way up a picture is, by its EXIF."""

from PIL import Image, ImageOps


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF comes from anywhere; a broken block must not lose the picture
        return 1


def is_transposed(image: Image.Image) -> bool:
    return _orientation(image) in (5, 6, 7, 8)


def upright(image: Image.Image, notes: list[str]) -> Image.Image:
    if _orientation(image) == 1:
        return image
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        notes.append("the EXIF orientation could not be applied")
        return image
