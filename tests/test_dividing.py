"""Pictures are divided a tile at a time as the processors' own methods divide them whole."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import standin_device
import torch
import transformers as hf
from pycocotools import mask as coco
from torch.nn.functional import interpolate
from torch.utils._pytree import tree_leaves, tree_map_only
from transformers.utils import ModelOutput

from taskcli.runtime.read_back import read_back
from taskcli.tasks import enlarging, on_device
from taskcli.tasks.dividing import Divided, Thresholds, way_of
from taskcli.tasks.enlarging import Greatest
from taskcli.tasks.run_lengths import regions

# Within one tile, over seams, by scales that are no integers, smaller than the maps, a line.
SIZES = [(48, 80), (131, 257), (300, 211), (17, 9), (1, 150)]
ROUNDING = 1e-6
LEAST = Thresholds(score=0.3, mask=0.4, overlap=0.1)


def smooth(*shape: int, seed: int) -> torch.Tensor:
    """Random maps with hills and valleys, and a grain."""
    chance = torch.Generator().manual_seed(seed)
    *front, height, width = shape
    hills = torch.randn(*front, 5, 4, generator=chance)
    enlarged = interpolate(hills, size=(height, width), mode="bicubic")
    return 6 * enlarged + 0.3 * torch.randn(shape, generator=chance)


def queries(names: tuple[str, str], seed: int) -> ModelOutput:
    chance = torch.Generator().manual_seed(seed)
    classes = 3 * torch.randn(2, 12, 6, generator=chance)
    return ModelOutput(zip(names, (classes, smooth(2, 12, 23, 31, seed=seed)), strict=True))


def outputs_of(family: str, seed: int) -> ModelOutput:
    if family in ("Detr",):
        return queries(("logits", "pred_masks"), seed)
    if family in ("Mask2Former", "MaskFormer", "OneFormer"):
        return queries(("class_queries_logits", "masks_queries_logits"), seed)
    return ModelOutput(logits=smooth(2, 9, 23, 31, seed=seed))


def own_answer(processor: Any, subtask: str, outputs: ModelOutput, size: Any) -> list[Any]:
    asked: dict[str, Any] = {"target_sizes": [size] * 2}
    if subtask != "semantic":
        asked["threshold"], asked["mask_threshold"] = LEAST.score, LEAST.mask
        asked["overlap_mask_area_threshold"] = LEAST.overlap
    if subtask == "panoptic":
        asked["label_ids_to_fuse"] = set()
    divide: Callable[..., list[Any]] = getattr(processor, f"post_process_{subtask}_segmentation")
    return divide(outputs, **asked)


def planes(divided: Divided) -> list[tuple[int, float | None, np.ndarray]]:
    """(label, score, mask) of all that has a pixel."""
    ids = divided.numbers.numpy()
    each = [(one.label, one.score, ids == one.number) for one in divided.found]
    return [one for one in each if one[2].any()]


def own_planes(answer: Any) -> list[tuple[int, float | None, np.ndarray]]:
    if isinstance(answer, torch.Tensor):
        return [(label, None, (answer == label).numpy()) for label in answer.unique().tolist()]
    ids = answer["segmentation"].numpy()
    each = [(one["label_id"], one["score"], ids == one["id"]) for one in answer["segments_info"]]
    return [one for one in each if one[2].any()]


def divided_on(
    device: str, processor: Any, subtask: str, outputs: ModelOutput, size: tuple[int, int]
) -> list[Divided]:
    """As on that device, which is not waited for until everything is read back."""
    reduce = way_of(processor, subtask)
    assert reduce is not None
    with standin_device.present() as state:
        there = tree_map_only(torch.Tensor, lambda tensor: tensor.to(device), outputs)
        reduced = reduce(there, [size] * 2, LEAST)
        assert not state.waits
        left = read_back(reduced)()
    return [one.divided(size, LEAST) for one in left]


@pytest.mark.parametrize("device", ["cpu", standin_device.NAME])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("family", "subtask"),
    [
        *((family, "panoptic") for family in ("Detr", "Mask2Former", "MaskFormer")),
        *((family, "instance") for family in ("Detr", "Mask2Former", "MaskFormer")),
        *((family, "semantic") for family in ("Detr", "Mask2Former", "MaskFormer", "OneFormer")),
        *((family, "semantic") for family in ("Beit", "DPT", "MobileViT", "Segformer")),
    ],
)
def test_pictures_are_divided_as_by_the_processor(
    family: str, subtask: str, size: tuple[int, int], device: str
) -> None:
    kind = getattr(hf, f"{family}ImageProcessorPil")
    processor = object.__new__(kind) if family == "OneFormer" else kind()
    seen = 0
    for seed in range(3):
        found = divided_on(device, processor, subtask, outputs_of(family, seed), size)
        expected = own_answer(processor, subtask, outputs_of(family, seed), size)
        for one, other in zip(map(planes, found), map(own_planes, expected), strict=True):
            assert [(label, score) for label, score, _ in one] == [
                (label, pytest.approx(score, abs=2 * ROUNDING)) for label, score, _ in other
            ]
            for (_, _, mask), (_, _, whole) in zip(one, other, strict=True):
                assert (mask != whole).mean() <= 1e-4  # where two maps are equal but for rounding
            seen += len(one)
    assert seen >= 6


@pytest.mark.long
def test_little_is_read_back_from_a_device() -> None:
    """Of 100 queries: a byte for each pixel, or a bit for each of a query's."""
    chance = torch.Generator().manual_seed(5)
    outputs = {
        "class_queries_logits": torch.randn(1, 100, 134, generator=chance),
        "masks_queries_logits": torch.randn(1, 100, 200, 334, generator=chance),
    }
    whole = outputs["masks_queries_logits"].nbytes
    processor = hf.Mask2FormerImageProcessorPil()
    for subtask, share in (("panoptic", 0.02), ("semantic", 0.02), ("instance", 0.08)):
        reduce = way_of(processor, subtask)
        assert reduce is not None
        with standin_device.present():
            there = {name: one.to(standin_device.NAME) for name, one in outputs.items()}
            left = read_back(reduce(there, [(480, 640)], LEAST))()
        tensors = [one for one in tree_leaves(left) if isinstance(one, torch.Tensor)]
        assert sum(one.nbytes for one in tensors) < share * whole


@pytest.mark.parametrize("greatest", [enlarging.greatest, on_device.greatest])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("shape", [(7, 23, 31), (3, 1, 1), (300, 6, 5), (1, 9, 9)], ids=str)
def test_maps_are_compared_as_if_they_were_enlarged_whole(
    shape: tuple[int, int, int],
    size: tuple[int, int],
    greatest: Callable[..., Greatest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_device, "_AT_ONCE", 20_000)  # a few bands
    maps = smooth(1, *shape, seed=4)[0].sigmoid()
    whole = interpolate(maps[None], size=size, mode="bilinear")[0]
    found = greatest(maps, size, threshold=0.7)
    chosen = whole.gather(0, found.numbers[None].long())[0]
    assert (whole.amax(0) - chosen).max() <= ROUNDING
    assert found.areas.tolist() == found.numbers.flatten().bincount(minlength=len(maps)).tolist()
    low, high = ((whole >= 0.7 + room).sum((1, 2)) for room in (ROUNDING, -ROUNDING))
    assert ((low <= found.above) & (found.above <= high)).all()


@pytest.mark.parametrize("greatest", [enlarging.greatest, on_device.greatest])
def test_of_equal_maps_the_first_is_greatest(greatest: Callable[..., Greatest]) -> None:
    maps = smooth(1, 2, 9, 9, seed=1)[0].repeat(2, 1, 1)
    assert greatest(maps, (70, 140)).numbers.unique().tolist() == [0, 1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (37, 53)], ids=str)
def test_regions_are_those_that_coco_encodes(shape: tuple[int, int]) -> None:
    ids = np.random.default_rng(3).integers(0, 3, shape).repeat(2, 0).repeat(3, 1)
    found = regions(ids)
    assert sorted(found) == np.unique(ids).tolist()
    for number, region in found.items():
        encoded = coco.encode(np.asfortranarray(ids == number, np.uint8))
        assert (region.mask.size, region.mask.counts) == (ids.shape, encoded["counts"].decode())
        assert region.area == (ids == number).sum()
        rows, columns = np.nonzero(ids == number)
        sides = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        assert region.box.sides == sides
