"""Images as every model wants them: upright, RGB, eight bits, whatever the file holds."""

from dataclasses import replace
from functools import partial
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from taskcli.errors import InputError
from taskcli.media.decode.image_header import (
    bytes_of_pixels,
    check_size,
    coefficients,
    draft,
    opened,
    reopened,
)
from taskcli.media.decode.jpeg import takes_one_pass
from taskcli.media.decode.levels import is_deep_colour, rgb
from taskcli.media.decode.orientation import is_transposed, upright
from taskcli.media.decode.pillow import any_size
from taskcli.media.decode.settings import ImageSettings
from taskcli.media.decode.time_limit import within
from taskcli.media.decode.truncated_image import can_be_rescued, rescued
from taskcli.media.items import ImageInput
from taskcli.media.source import Shot, Source

_HEAD = 1 << 16  # bytes in which most JPEGs have told what they are
_MOST_SECONDS = 60.0  # of a processor, for one file; the largest honest ones take five


def decode(stream: BinaryIO, source: Source, settings: ImageSettings) -> ImageInput:
    """An image file as the settings say.

    `picture_side` is what the processor will resize to: a JPEG is then decoded no larger than
    needed, but never below twice that, so that the processor still does the last reduction.
    `levels` is "full", "used" or "LOW,HIGH": what becomes black and white. `truncated` accepts a
    file of which pixels are missing. `claim` hears how many bytes the pixels will take.
    Raises InputError for what is not an image, is damaged, is larger than the settings allow, or
    takes a decoder longer than any honest file does.
    """
    head = stream.read(_HEAD)
    stream.seek(0)
    page = None if source.frame is None else source.frame.number
    work = partial(_decoded, stream, settings, page)
    # In this thread the pixels stay in the cache of the core that resizes them next.
    return work() if takes_one_pass(head) else within(_MOST_SECONDS, work)


def of_shot(shot: Shot, settings: ImageSettings) -> ImageInput:
    """A frame that was decoded with those before it, as the settings say. Raises InputError."""
    notes: list[str] = []
    image = shot.image()
    check_size(image.size, settings.max_pixels)
    settings.claim(bytes_of_pixels(image))
    with any_size():
        picture = rgb(image, False, settings.levels, notes)
    return ImageInput(picture, picture.size, tuple(notes))


# Pixels of the longer side of what is shown of an input: previews and reports have no more. What
# is saved in full is decoded once more.
SHOWN = 1024


def reduced(item: ImageInput, side: int) -> ImageInput:
    """The item with no more than `side` pixels a side; its `size` stays."""
    scale = side / max(item.image.size)
    if scale >= 1:
        return item
    width, height = (max(1, round(length * scale)) for length in item.image.size)
    return replace(item, image=item.image.resize((width, height), reducing_gap=2.0))


def without_pixels(item: ImageInput) -> ImageInput:
    """The item for who asks for its `size` alone."""
    return replace(item, image=Image.new("RGB", (1, 1)), has_pixels=False)


def _decoded(stream: BinaryIO, settings: ImageSettings, page: int | None) -> ImageInput:
    notes: list[str] = []
    try:
        with any_size():  # our own limit is checked on the header, with a clear message
            image = opened(stream, settings, notes, page)
            size, is_deep = image.size, is_deep_colour(image)
            image = _loaded(stream, image, settings, notes)
            turned = upright(image, notes)
            picture = rgb(turned, is_deep, settings.levels, notes)
    except UnidentifiedImageError:
        raise InputError("not an image in a format that can be read") from None
    except (InputError, MemoryError):
        raise
    except Exception as failure:  # Pillow's plugins raise all kinds for damaged files
        raise InputError(f"the image is damaged: {failure}") from None
    if is_transposed(image):
        size = (size[1], size[0])
    return ImageInput(picture, size, tuple(notes))


def _loaded(
    stream: BinaryIO, image: Image.Image, settings: ImageSettings, notes: list[str]
) -> Image.Image:
    """The image with its pixels, reduced if it is much larger than what the model sees."""
    weight = coefficients(image)
    draft(image, settings.picture_side)
    if isinstance(image, ImageFile.ImageFile):  # HEIC is decoded by its own library
        settings.claim(weight + bytes_of_pixels(image))
    try:
        image.load()
    except Exception as failure:
        if not can_be_rescued(image, failure):
            raise
        stream.seek(0)
        again = partial(reopened, side=settings.picture_side)
        return rescued(stream.read(), again, settings.truncated, notes)
    return image
