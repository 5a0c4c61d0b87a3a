"""What measures the starters for pictures; `recipes.evaluate` runs it.

The pictures are files, as users have them: as rendered and as larger JPEGs of other shapes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco

from recipes.classify_image import is_certain
from recipes.depth import measures
from recipes.found import Found, f1_and_map
from recipes.panoptic import LABELS, Quality
from recipes.scenes import SHAPES, SKY, Scene, draw_scene
from recipes.score import Score
from recipes.starter import Starter


@dataclass(frozen=True)
class Kind:
    """How the pictures of one row of scores are made."""

    width: int
    height: int
    quality: int | None = None  # of a JPEG
    supersample: int = 1

    def __str__(self) -> str:
        made = f"{self.width}x{self.height}"
        made += f" JPEG {self.quality}" if self.quality else ""
        return made + (" smoothed" if self.supersample > 1 else "")

    def save(self, scene: Scene, stem: Path) -> Path:
        path = stem.with_suffix(".jpg" if self.quality else ".png")
        options = {"quality": self.quality} if self.quality else {}
        Image.fromarray(scene.image).save(path, **options)
        return path


RENDERED = Kind(128, 128)
WIDE = Kind(256, 192, 75)
UPRIGHT = Kind(240, 320, 50)
AT_ONCE = 100  # scenes held in memory
KINDS = (RENDERED, WIDE, Kind(320, 240, 90), UPRIGHT, Kind(160, 128, supersample=2))


def drawn(kind: Kind, seed: int, count: int, **how: Any) -> Iterator[Scene]:
    """Scenes that training never saw."""
    for index in range(count):
        rng = np.random.default_rng([seed, kind.width, kind.height, index])
        yield draw_scene(rng, kind.width, kind.height, supersample=kind.supersample, **how)


def answered(
    task: str, starter: Starter, kind: Kind, scenes: Iterator[Scene], **options: Any
) -> Iterator[tuple[Scene, Any]]:
    """Each scene with what taskcli answers for a file of it."""
    model = starter.load(task, **options)
    while some := list(islice(scenes, AT_ONCE)):
        with tempfile.TemporaryDirectory() as place:
            files = [kind.save(scene, Path(place) / f"{i:05}") for i, scene in enumerate(some)]
            for scene, record in zip(some, model(files), strict=True):
                if record.error is not None:
                    raise RuntimeError(f"{record.input}: {record.error}")
                yield scene, record.result


def evaluate_classify_image(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Accuracy where the nearest object is beyond doubt."""
    for kind in KINDS:
        scenes = drawn(kind, seed, count, accept=is_certain)
        rows = answered("classify-image", starter, kind, scenes, top_k=1)
        right = [best.label == scene.things[scene.nearest].label for scene, [best] in rows]
        yield Score(f"accuracy, {kind}", sum(right) / count, 0.95)


def evaluate_detect(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """F1 at an IoU of 0.5 of what scores 0.5 or more, and COCO's average precision."""
    names = list(SHAPES)
    for kind in (RENDERED, WIDE, UPRIGHT):
        true, found = [], []
        scenes = drawn(kind, seed, count)
        for scene, result in answered("detect", starter, kind, scenes, threshold=0.01):
            pairs = zip(scene.things, scene.boxes.tolist(), strict=True)
            true.append([Found(names.index(thing.shape), tuple(box)) for thing, box in pairs])
            found.append([Found(names.index(d.label), _corners(d.box), d.score) for d in result])
        f1, precision = f1_and_map(true, found)
        yield Score(f"F1 at IoU 0.5, {kind}", f1, 0.90)
        yield Score(f"mAP at IoU 0.5 to 0.95, {kind}", precision, 0.60)


def _corners(box: Any) -> tuple[float, float, float, float]:
    return box.xmin, box.ymin, box.xmax, box.ymax


def evaluate_depth(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Of the plane and the objects, the mean over pictures: the sky has no depth."""
    for kind in (RENDERED, WIDE, UPRIGHT):
        pairs = []
        for scene, result in answered("depth", starter, kind, drawn(kind, seed, count)):
            ground = scene.panoptic != SKY
            found, true = result.values[ground], scene.depth[ground]
            pairs.append(measures(torch.from_numpy(found), torch.from_numpy(true)))
        relative, near = np.mean(pairs, axis=0)
        yield Score(f"relative error, {kind}", float(relative), 0.08, True)
        yield Score(f"off by less than a quarter, {kind}", float(near), 0.95)


def evaluate_segment(starter: Starter, seed: int, count: int) -> Iterator[Score]:
    """Panoptic quality of the segments that score 0.5 or more; it takes long to count."""
    few = max(1, count // 4)
    for kind in (RENDERED, WIDE, UPRIGHT):
        quality, scenes = Quality(), drawn(kind, seed, few)
        for scene, result in answered("segment", starter, kind, scenes, threshold=0.5):
            labels = ["sky", "plane", *(thing.shape for thing in scene.things)]
            masks = [torch.from_numpy(scene.panoptic == i) for i in range(len(labels))]
            true = [(LABELS.index(la), mask) for la, mask in zip(labels, masks, strict=True)]
            found = [(LABELS.index(one.label), _decoded(one.mask)) for one in result]
            quality.add(true, found, kind.height, kind.width)
        yield Score(f"panoptic quality, {few} of {kind}", quality.value, 0.75)


def _decoded(mask: Any) -> torch.Tensor:
    coded = {"size": list(mask.size), "counts": mask.counts}
    return torch.from_numpy(coco.decode(coded)).bool()


PICTURE_EVALUATIONS: dict[str, Callable[[Starter, int, int], Iterator[Score]]] = {
    "classify-image": evaluate_classify_image,
    "classify-image-convnext": evaluate_classify_image,
    "detect": evaluate_detect,
    "depth": evaluate_depth,
    "segment": evaluate_segment,
}
