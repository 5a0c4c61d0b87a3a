"""Pictures from file to model inputs in one go, so that few are whole at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.image import SHOWN, reduced, without_pixels
from taskcli.media.decode.room import Room
from taskcli.media.items import ImageInput
from taskcli.media.source import Source

# Bytes of pixels that are whole at a time: one of the largest pictures that are taken unasked, and
# with many threads one of a camera's in each.
_LARGEST = 384 << 20
_USUAL = 48 << 20


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """What the model takes of a picture, and a small one to show."""

    part: Any
    shown: ImageInput

    @property
    def nbytes(self) -> int:
        return int(self.part.nbytes) + self.shown.nbytes


class PictureEncoder:
    """Decodes and encodes one picture after another in each of several threads.

    `encode` gives one part of each picture. Of those that are not `looked_at` no pixels are kept.
    """

    def __init__(
        self,
        decoder: Decoder,
        encode: Callable[[list[Any]], Iterator[tuple[int, Any]]],
        threads: int,
        looked_at: bool,
    ) -> None:
        self._decoder = decoder
        self._encode = encode
        self._looked_at = looked_at
        self._room = Room(max(_LARGEST, threads * _USUAL))

    def __call__(self, source: Source) -> EncodedPicture:
        """Raises InputError for what is no picture, or none that the checkpoint can take."""
        with self._room.entered() as claim:
            item: Any = self._decoder.with_settings(claim=claim)(source)
            [(_, part)] = self._encode([item])
            shown = reduced(item, SHOWN) if self._looked_at else without_pixels(item)
            return EncodedPicture(part, shown)
