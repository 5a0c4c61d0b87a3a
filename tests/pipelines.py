"""transformers' own pipelines over the tiny checkpoints, and what compares answers with theirs."""

from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from checkpoints import cached, without_losses
from models import pixels
from PIL import Image

CLOSE = 1e-4


def pipeline(task: str, name: str, **options: Any) -> Any:
    folder = cached(name)
    if task in ("image-classification", "object-detection", "image-segmentation"):
        options["image_processor"] = image_processor(name)
    with without_losses():
        return hf.pipeline(task, model=str(folder), device="cpu", dtype=torch.float32, **options)


def image_processor(name: str) -> Any:
    return hf.AutoImageProcessor.from_pretrained(cached(name), backend="pil")


def close(value: float) -> Any:
    return pytest.approx(value, abs=CLOSE)


def pairs(labels: Any) -> list[tuple[str, Any]]:
    """A pipeline's list of labels as (label, about the score)."""
    return [(one["label"], close(one["score"])) for one in labels]


def ours(labels: Any) -> list[tuple[str, float]]:
    return [(one.label, one.score) for one in labels]


def spoken(name: str, samples: np.ndarray, timestamps: Any, **options: Any) -> Any:
    """What the speech pipeline hears; `options` are for generate()."""
    recogniser = pipeline("automatic-speech-recognition", name)
    asked: dict[str, Any] = {"return_timestamps": timestamps} if timestamps else {}
    if name == "whisper":  # its pipeline would search with 5 beams, and leave the task open
        usual = {"num_beams": 1, "max_length": 64, "task": "transcribe"}
        asked["generate_kwargs"] = usual | options
    return recogniser({"raw": samples, "sampling_rate": 16_000}, **asked)


def check_chunks(found: Any, expected: dict[str, Any], seconds: float) -> None:
    """Whisper marks times beyond the sound, or none; ours end with it."""
    chunks = []
    for one in expected.get("chunks", ()):
        start, end = one["timestamp"]
        end = min(seconds if end is None else end, seconds)
        chunks.append((one["text"], close(min(start, end)), close(end)))
    assert [(one.text, *one.timestamp) for one in found.chunks or ()] == chunks


def check_boxes(found: Any, expected: list[Any], image: Image.Image) -> None:
    """Ours are sorted, and clipped to the image."""
    ordered = sorted(expected, key=lambda one: -one["score"])
    assert len(found) == len(ordered)
    for one, other in zip(found, ordered, strict=True):
        assert (one.label, one.score) == (other["label"], close(other["score"]))
        box = {side: getattr(one.box, side) for side in other["box"]}
        assert box == _inside(other["box"], image)


def _inside(box: dict[str, int], image: Image.Image) -> dict[str, int]:
    limits = {"x": image.width, "y": image.height}
    return {side: min(max(value, 0), limits[side[0]]) for side, value in box.items()}


def check_segments(found: Any, expected: list[Any]) -> None:
    """The pipeline also gives segments without a single pixel; ours have a box too."""
    seen = [one for one in expected if np.asarray(one["mask"]).any()]
    assert [(one.label, one.score) for one in found] == [
        (one["label"], None if one["score"] is None else close(one["score"])) for one in seen
    ]
    for one, other in zip(found, seen, strict=True):
        mask = np.asarray(other["mask"]) > 0
        assert (pixels(one.mask) == mask).all()
        assert one.area == mask.sum()
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        assert (one.box.ymin, one.box.ymax - 1) == (rows[0], rows[-1])
        assert (one.box.xmin, one.box.xmax - 1) == (columns[0], columns[-1])


def check_entities(found: Any, expected: list[Any], text: str) -> None:
    """Ours are slices of the text, without spaces at their ends.

    The pipeline's start may be the space before the word, its word is put together from tokens,
    and it also gives entities of tokens that cover no text.
    """
    kind = "entity" if "index" in (expected or [{}])[0] else "entity_group"
    seen = [one for one in expected if kind == "entity" or one["start"] < one["end"]]
    assert [(getattr(one, kind), one.score, one.end) for one in found] == [
        (one[kind], close(one["score"]), one["end"]) for one in seen
    ]
    for one, other in zip(found, seen, strict=True):
        assert one.word == text[one.start : one.end] == text[other["start"] : one.end].strip()
