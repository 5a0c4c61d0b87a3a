"""Image processors that have pictures reduced by Pillow, without a copy of their pixels before.

A processor makes an array of a picture, and of that a picture again, for Pillow to resize: four
copies, which are a gigabyte of a picture of eighty megapixels. What it does first is to ask for the
size and to resize. So it gets something that answers just that, by the picture itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Resizing:
    """What Pillow is asked for: `size` is (width, height), the rest are its other arguments."""

    size: tuple[int, int]
    args: tuple[Any, ...]
    how: dict[str, Any]

    def made(self, picture: Image.Image) -> Image.Image:
        return picture.resize(self.size, *self.args, **self.how)


_notes: ContextVar[list[Resizing] | None] = ContextVar("notes", default=None)


@contextmanager
def noted() -> Iterator[list[Resizing]]:
    """How pictures are resized unread in this thread meanwhile."""
    notes: list[Resizing] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


class _Unread(Image.Image):
    """A picture in the place of its pixels, an array [3, height, width], of which none is there."""

    def __init__(self, picture: Image.Image) -> None:
        super().__init__()
        self._picture = picture
        self.shape = (3, picture.height, picture.width)
        self.ndim = 3
        self.dtype = np.dtype(np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Transformers takes a picture's size for that of an array: height, width."""
        return self._picture.height, self._picture.width

    def resize(self, size: Any, *args: Any, **how: Any) -> Image.Image:
        resizing = Resizing(size, args, how)
        notes = _notes.get()
        if notes is not None:
            notes.append(resizing)
        return resizing.made(self._picture)


def unread(own: Callable[..., Any]) -> Callable[..., Any]:
    """A processor's `process_image` that leaves RGB pictures as they are, to be resized."""

    def process_image(image: object, *args: object, **kwargs: object) -> object:
        if isinstance(image, Image.Image) and image.mode == "RGB":
            return _Unread(image)
        return own(image, *args, **kwargs)

    return process_image
