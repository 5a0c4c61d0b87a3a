"""Tasks over images that may be looked at in tiles, as their options say."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Protocol, TypeVar

import typer

from taskcli.media.items import ImageInput
from taskcli.task import ResultT
from taskcli.tasks.image import ImageTask
from taskcli.tasks.tiling import Frame, frames, seen

Tiles = Annotated[
    int | None,
    typer.Option(
        min=64,
        metavar="PIXELS",
        help="Look at larger pictures in tiles of this side, for what is small in them.",
    ),
]
Overlap = Annotated[
    float,
    typer.Option(
        min=0.0, max=0.8, help="Share of a tile that its neighbours see too; with --tiles."
    ),
]


class TiledOptions(Protocol):
    @property
    def tiles(self) -> int | None: ...
    @property
    def overlap(self) -> float: ...


TiledT = TypeVar("TiledT", bound=TiledOptions)


class TiledTask(ImageTask[TiledT, ResultT]):
    """`fold` is given the results of `_frames`, in their order, each in pixels of its frame."""

    tiles_alone: ClassVar[bool] = False  # whether a picture in tiles is not seen as a whole

    @property
    def in_parts(self) -> bool:
        return self.options.tiles is not None

    def _views(self, item: ImageInput) -> Iterator[ImageInput]:
        return seen(item, self._frames(item))

    def _frames(self, item: ImageInput) -> list[Frame]:
        every = frames(item.size, self.options.tiles, self.options.overlap)
        return (self.tiles_alone and every[1:]) or every
