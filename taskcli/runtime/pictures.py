"""Pictures from file to model inputs in one go, so that few are whole at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.image import SHOWN, reduced, without_pixels
from taskcli.media.decode.room import Claim, Room
from taskcli.media.items import ImageInput
from taskcli.media.source import Source

# Bytes of pixels that are whole at a time: one of the largest pictures that are taken unasked, and
# with many threads one of a camera's in each.
_LARGEST = 384 << 20
_USUAL = 48 << 20

Encode = Callable[[list[Any]], Iterator[tuple[int, Any]]]
Weighed = tuple[int, Any, int]  # the place of a picture in a list, a part of it, and its bytes


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """What the model takes of a picture, and a small one to show."""

    part: Any
    shown: ImageInput

    @property
    def nbytes(self) -> int:
        return int(self.part.nbytes) + self.shown.nbytes


class _Encoder:
    """Has room for a few whole pictures. Of those that are not `looked_at` no pixels are kept."""

    def __init__(self, decoder: Decoder, encode: Encode, threads: int, looked_at: bool) -> None:
        self._decoder = decoder
        self._encode = encode
        self._looked_at = looked_at
        self._room = Room(max(_LARGEST, threads * _USUAL))

    def _decoded(self, source: Source, claim: Claim) -> ImageInput:
        item: Any = self._decoder.with_settings(claim=claim)(source)
        assert isinstance(item, ImageInput)
        return item

    def _shown(self, item: ImageInput) -> ImageInput:
        return reduced(item, SHOWN) if self._looked_at else without_pixels(item)


class PictureEncoder(_Encoder):
    """Decodes and encodes one picture after another in each of several threads.

    `encode` gives one part of each picture.
    """

    def __call__(self, source: Source) -> EncodedPicture:
        """Raises InputError for what is no picture, or none that the checkpoint can take."""
        with self._room.entered() as claim:
            item = self._decoded(source, claim)
            [(_, part)] = self._encode([item])
            return EncodedPicture(part, self._shown(item))

    def parts(self, pictures: list[EncodedPicture]) -> Iterator[Weighed]:
        for place, picture in enumerate(pictures):
            yield place, picture.part, picture.nbytes


@dataclass(slots=True, eq=False)
class PictureInParts:
    """A picture that is decoded when its parts are made; `shown` is there behind the last."""

    source: Source
    shown: ImageInput | None = None


class PartsEncoder(_Encoder):
    """As PictureEncoder, of pictures that have several parts.

    A thread may wait between two parts until those of earlier pictures are computed. These are
    therefore given room at once (`Room`): sources come in the order of their numbers.
    """

    def __call__(self, source: Source) -> PictureInParts:
        return PictureInParts(source)

    def parts(self, pictures: list[PictureInParts]) -> Iterator[Weighed]:
        """Raises InputError as a PictureEncoder does."""
        for place, picture in enumerate(pictures):
            with self._room.entered(picture.source.number) as claim:
                item = self._decoded(picture.source, claim)
                picture.shown = self._shown(item)
                weight = picture.shown.nbytes
                for _, part in self._encode([item]):
                    yield place, part, weight + int(part.nbytes)
                    weight = 0
