"""The pages of a TIFF, which are independent of each other."""

from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from PIL import Image

from taskcli.errors import InputError

_FORMATS = ("TIFF",)


def is_paged(stream: BinaryIO) -> bool:
    """Whether there is a second page."""
    try:
        Image.open(stream, formats=_FORMATS).seek(1)
    except Exception:  # decoding says what is wrong with it
        return False
    return True


def pages(stream: BinaryIO) -> Iterator[int]:
    """Their numbers, from 1. Raises InputError behind the last that the file's index leads to."""
    image = Image.open(stream, formats=_FORMATS)
    for number in count(1):
        try:
            image.seek(number - 1)
        except EOFError:
            return
        except Exception as failure:  # Pillow's plugins raise all kinds for damaged files
            reason = f"the image is damaged behind page {number - 1}: {failure}"
            raise InputError(reason) from None
        yield number
