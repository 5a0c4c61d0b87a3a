"""How well objects were found: COCO's own measures."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CERTAIN = 0.5  # detections of a lower score do not count for F1


@dataclass(frozen=True)
class Found:
    """An object in a picture: a true one, or one that was detected."""

    label: int
    box: tuple[float, float, float, float]  # xmin, ymin, xmax, ymax in pixels
    score: float = 1.0


def f1_and_map(true: list[list[Found]], found: list[list[Found]]) -> tuple[float, float]:
    """F1 at an IoU of 0.5, and the average precision over IoUs of 0.5 to 0.95."""
    certain = [[one for one in picture if one.score >= CERTAIN] for picture in found]
    matches = [picture["dtMatches"][0] for picture in _compared(true, certain).evalImgs if picture]
    right = sum(int((row > 0).sum()) for row in matches)
    evaluation = _compared(true, found)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
        evaluation.summarize()
    return 2 * right / (_count(true) + _count(certain)), float(evaluation.stats[0])


def _count(pictures: list[list[Found]]) -> int:
    return sum(map(len, pictures))


def _compared(true: list[list[Found]], found: list[list[Found]]) -> COCOeval:
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(_as_coco(true), _as_coco(found), "bbox")
        evaluation.params.areaRng = evaluation.params.areaRng[:1]  # objects of all sizes
        evaluation.params.areaRngLbl = evaluation.params.areaRngLbl[:1]
        evaluation.evaluate()
    return evaluation


def _as_coco(pictures: list[list[Found]]) -> COCO:
    rows = [(image, one) for image, picture in enumerate(pictures) for one in picture]
    labels = sorted({one.label for _, one in rows})
    coco = COCO()
    coco.dataset = {
        "images": [{"id": image} for image in range(len(pictures))],
        "categories": [{"id": label} for label in labels],
        "annotations": [_annotation(number, *row) for number, row in enumerate(rows, 1)],
    }
    coco.createIndex()
    return coco


def _annotation(number: int, image: int, one: Found) -> dict[str, Any]:
    left, top, right, bottom = one.box
    width, height = right - left, bottom - top
    return {
        "id": number,
        "image_id": image,
        "category_id": one.label,
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": 0,
        "score": one.score,
    }
