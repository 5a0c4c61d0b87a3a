"""Scenes rendered once and photographed many times, for every recipe that looks at pictures.

    python -m recipes.gallery --seed 0 --out runs/gallery

Rendering costs as much as a training step, so the pictures are kept: each as the models read it,
SIDE x SIDE pixels whatever shape it had. What users do to pictures comes when one is read.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from recipes.scenes import COLOURS, SHAPES, Floats, Scene, draw_scene

SIDE = 128  # pixels
SHARD = 1000  # scenes in a file
SHARDS = 40
MOST_THINGS = 5

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Photo:
    """A picture of N objects and all that is true of it."""

    image: NDArray[np.uint8]  # [SIDE,SIDE,3]
    panoptic: NDArray[np.uint8]  # [SIDE,SIDE] as in Scene.panoptic
    depth: NDArray[np.float16]  # [SIDE,SIDE] metres
    boxes: Floats  # [N,4] xmin, ymin, xmax, ymax in units of the picture's width and height
    shapes: NDArray[np.uint8]  # [N] index in SHAPES
    colours: NDArray[np.uint8]  # [N] index in COLOURS
    distances: Floats  # [N] metres from the camera

    def mirrored(self) -> Photo:
        boxes = self.boxes.copy()
        boxes[:, [0, 2]] = 1 - self.boxes[:, [2, 0]]
        return replace(
            self,
            image=self.image[:, ::-1],
            panoptic=self.panoptic[:, ::-1],
            depth=self.depth[:, ::-1],
            boxes=boxes,
        )

    def as_saved(self, rng: np.random.Generator) -> Photo:
        """As users may have saved it: mirrored, brighter or darker, as a JPEG."""
        photo = self.mirrored() if rng.random() < 0.5 else self
        image = expose(photo.image, rng) if rng.random() < 0.6 else photo.image
        if rng.random() < 0.4:
            picture = Image.fromarray(np.ascontiguousarray(image))
            image = np.asarray(through_jpeg(picture, int(rng.integers(40, 96))))
        return replace(photo, image=image)


def expose(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change brightness and contrast by up to a quarter."""
    grey = 128 + 128 * rng.uniform(-0.1, 0.1)
    bright = (image - np.float32(grey)) * np.float32(rng.uniform(0.8, 1.2)) + np.float32(grey)
    bright = np.clip(bright * np.float32(rng.uniform(0.78, 1.25)), 0, 255)
    return np.asarray(bright, np.uint8)


def through_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def draw_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height in pixels: 96 to 256, small ones more often, upright to wide."""
    side = 96 * (232 / 96) ** rng.uniform() ** 1.3
    stretch = rng.uniform(0.6, 1.7) ** 0.5
    width, height = (int(np.clip(x, 96, 256)) for x in (side * stretch, side / stretch))
    return width, height


# --- keeping them ---------------------------------------------------------------------------


class Gallery:
    """Photos that stay on disk until they are read."""

    def __init__(self, shards: list[Path]) -> None:
        self.shards = [np.load(path, mmap_mode="r") for path in shards]

    def __len__(self) -> int:
        return len(self.shards) * SHARD

    def __getitem__(self, index: int) -> Photo:
        row = self.shards[index // SHARD][index % SHARD]
        present = slice(0, int(row["count"]))
        return Photo(
            image=row["image"],
            panoptic=row["panoptic"],
            depth=row["depth"],
            boxes=row["boxes"][present],
            shapes=row["shapes"][present],
            colours=row["colours"][present],
            distances=row["distances"][present],
        )


_ROW = np.dtype(
    [
        ("image", np.uint8, (SIDE, SIDE, 3)),
        ("panoptic", np.uint8, (SIDE, SIDE)),
        ("depth", np.float16, (SIDE, SIDE)),
        ("count", np.uint8),
        ("boxes", np.float32, (MOST_THINGS, 4)),
        ("shapes", np.uint8, MOST_THINGS),
        ("colours", np.uint8, MOST_THINGS),
        ("distances", np.float32, MOST_THINGS),
    ]
)


def gallery(folder: Path, seed: int, shards: int = SHARDS) -> Gallery:
    """`shards` files of SHARD photos; those in `folder` already are not rendered again."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"scenes-{seed}-{index:03}.npy" for index in range(shards)]
    for index, path in enumerate(paths):
        if not path.exists():
            _render(path, [seed, index])
    return Gallery(paths)


def _render(path: Path, seed: list[int]) -> None:
    rng = np.random.default_rng(seed)
    rows = np.zeros(SHARD, _ROW)
    for row in rows:
        _fill(row, draw_scene(rng, *draw_size(rng), max_things=MOST_THINGS), rng)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        np.save(file, rows)
    fresh.replace(path)


def _fill(row: Any, scene: Scene, rng: np.random.Generator) -> None:
    smooth = Image.Resampling.BILINEAR if rng.random() < 0.8 else Image.Resampling.BICUBIC
    row["image"] = Image.fromarray(scene.image).resize((SIDE, SIDE), smooth)
    height, width = scene.panoptic.shape
    centres = (np.arange(SIDE) + 0.5) / SIDE
    pixels = np.ix_((centres * height).astype(int), (centres * width).astype(int))
    row["panoptic"], row["depth"] = scene.panoptic[pixels], scene.depth[pixels]
    present = slice(0, len(scene.things))
    row["count"] = len(scene.things)
    row["boxes"][present] = scene.boxes / (width, height, width, height)
    row["shapes"][present] = [list(SHAPES).index(thing.shape) for thing in scene.things]
    row["colours"][present] = [list(COLOURS).index(thing.colour) for thing in scene.things]
    row["distances"][present] = scene.distances


# --- reading them ---------------------------------------------------------------------------


class Shuffled(IterableDataset[Batch], Generic[Batch]):
    """Batches of the given steps, epoch after epoch; the same seed and step give the same batch."""

    def __init__(
        self,
        photos: Gallery,
        collate: Callable[[list[Photo]], Batch],
        size: int,
        seed: int,
        first: int,
        last: int,
    ) -> None:
        self.photos, self.collate, self.size = photos, collate, size
        self.seed, self.first, self.last = seed, first, last

    def __iter__(self) -> Iterator[Batch]:
        for step, chosen in islice(enumerate(self._choices()), self.first, self.last):
            rng = np.random.default_rng([self.seed, 1, step])
            yield self.collate([self.photos[index].as_saved(rng) for index in chosen])

    def _choices(self) -> Iterator[list[int]]:
        for epoch in count():
            order = np.random.default_rng([self.seed, 2, epoch]).permutation(len(self.photos))
            for start in range(0, len(order) - self.size + 1, self.size):
                yield order[start : start + self.size].tolist()


def batches(
    photos: Gallery,
    collate: Callable[[list[Photo]], Batch],
    size: int,
    seed: int,
    first: int,
    last: int,
    workers: int = 0,
) -> DataLoader[Batch]:
    """Batches of steps `first` to `last` of a training, each made of `size` photos."""
    data = Shuffled(photos, collate, size, seed, first, last)
    return DataLoader(data, None, num_workers=workers, prefetch_factor=8 if workers else None)


def main(
    out: Annotated[Path, typer.Option(help="Folder for the files of photos.")],
    seed: Annotated[int, typer.Option(help="Seed of the scenes.")] = 0,
    shards: Annotated[int, typer.Option(help=f"Times {SHARD} scenes.")] = SHARDS,
) -> None:
    """Render the scenes that are missing in OUT."""
    print(f"{len(gallery(out, seed, shards))} scenes in {out}")


if __name__ == "__main__":
    typer.run(main)
