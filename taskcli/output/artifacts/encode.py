"""Pictures as the bytes of files."""

import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.Image import Image

_MOST_FOR_PNG = 4_000_000  # pixels; beyond, a PNG of a photograph is slow to write and to open
_LONGEST_JPEG = 65_500  # pixels of a side


def to_look_at(image: "Image") -> tuple[str, bytes]:
    """(extension, bytes): a PNG, or for what a camera makes a JPEG of full colour resolution."""
    content = io.BytesIO()
    extension = extension_of(image.size)
    if extension == ".png":
        image.save(content, "PNG", compress_level=4)
    else:
        image.save(content, "JPEG", quality=92, subsampling=0)
    return extension, content.getvalue()


def extension_of(size: tuple[int, int]) -> str:
    """Of a picture to look at, of this size."""
    small = size[0] * size[1] <= _MOST_FOR_PNG
    return ".png" if small or max(size) > _LONGEST_JPEG else ".jpg"


def png(pixels: "npt.NDArray[np.bool_ | np.uint8 | np.uint16]", **notes: object) -> bytes:
    """An array as PNG: bool [h, w] has one bit, uint16 [h, w] sixteen, uint8 [h, w, 4] is RGBA.

    Notes are its text chunks.

    What is no text is written as JSON.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told, content = PngInfo(), io.BytesIO()
    for key, note in notes.items():
        told.add_text(key, note if isinstance(note, str) else json.dumps(note))
    Image.fromarray(pixels).save(content, "PNG", pnginfo=told, compress_level=4)
    return content.getvalue()


def slug(label: str) -> str:
    """A label as a part of a file name."""
    kept = "".join(char if char.isalnum() else "-" for char in label)
    return "-".join(part for part in kept.split("-") if part)[:40].strip("-") or "unnamed"
