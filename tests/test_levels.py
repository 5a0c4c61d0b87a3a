"""Pictures that travel as levels: what the model is given is what its processor would have made."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from checkpoints import BY_TASK
from models import load
from parity.processors import image_processor_of
from PIL import Image
from pipelines import image_processor
from samples import scene

import taskcli
from taskcli.media.items import ImageInput
from taskcli.runtime.image_processors import spare
from taskcli.runtime.levels import left_out

SIZES = [(97, 64), (160, 240), (301, 200), (64, 64), (600, 150)]  # (width, height)
TASKS = ("classify-image", "detect", "segment", "depth")
MADE = [(task, name) for task in TASKS for name in BY_TASK[task]]
OWN_WAY = {"imagegpt", "siglip2"}  # whose processors make words of colours, and rows of patches
TYPES = """beit bit clip convnext cvt deit detr dinov2 dpt efficientnet eomt glpn hgnet_v2
    imagegpt levit
    mask2former maskformer mobilenet_v1 mobilenet_v2 mobilevit oneformer perceiver poolformer pvt
    rt_detr segformer siglip siglip2 swin textnet vit yolos""".split()


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Every level of every channel."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(noise)


@contextmanager
def given_to(model: Any) -> Iterator[list[dict[str, Any]]]:
    """What the network is called with meanwhile."""
    calls: list[dict[str, Any]] = []

    def note(module: Any, args: Any, named: dict[str, Any]) -> None:
        calls.append(named)

    hook = model.loaded.model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield calls
    finally:
        hook.remove()


@pytest.mark.parametrize(("task", "name"), MADE)
def test_the_model_is_given_what_its_processor_makes(task: str, name: str, tmp_path: Path) -> None:
    model, theirs = load(task, name, batch_size="1"), image_processor(name)
    # Of pictures of one size the processor is asked for the first alone.
    for seed, size in enumerate([*SIZES, *SIZES]):
        file = tmp_path / "{}x{}.png".format(*size)
        picture(*size, seed).save(file)
        with given_to(model) as calls:
            [record] = model(file)
        assert record.error is None
        expected = theirs(images=[picture(*size, seed)], return_tensors="pt")
        assert calls[0]["pixel_values"].dtype == torch.float32
        for argument in calls[0].keys() & expected.keys():
            assert torch.equal(calls[0][argument], expected[argument])


@pytest.mark.parametrize("task", [*TASKS, "classify-image-convnext"])
def test_pictures_for_the_starters_travel_as_bytes(task: str) -> None:
    starter = {"classify-image-convnext": "starter-convnext"}.get(task, "starter")
    model = taskcli.load(task.removesuffix("-convnext"), starter, device="cpu")
    [(_, part)] = model.session.encode([ImageInput(scene(120, 90), (120, 90))])
    assert part.inputs["pixel_values"].dtype == torch.uint8


def both(processor: Any, known: frozenset[str], size: tuple[int, int]) -> Iterator[Any]:
    """What a processor makes of a picture, and what it does where the rest is left to a device."""
    yield processor(images=[picture(*size)], return_tensors="pt")
    scaling = spare(processor, known)
    made = processor(images=[picture(*size)], return_tensors="pt")
    yield made if scaling is None else scaling.numbers(made)


def check(expected: Any, found: Any) -> None:
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        if isinstance(value, torch.Tensor):
            torch.testing.assert_close(found[name], value, atol=1e-5, rtol=0)
        else:
            assert found[name] == value


@pytest.mark.parametrize("first", ["grey", "plain"])
@pytest.mark.parametrize("kind", [hf.MobileViTImageProcessorPil, hf.ViTImageProcessorPil])
def test_a_first_picture_that_tells_little_settles_nothing(kind: Any, first: str) -> None:
    """MobileViT's channels change places, which no grey picture shows."""
    spared, own = kind(), kind()
    spare(spared, frozenset({"pixel_values"}))
    dull = picture(160, 120).convert("L") if first == "grey" else Image.new("L", (160, 120), 90)
    for one in (dull.convert("RGB"), picture(160, 120), picture(160, 120, 1)):
        found = spared(images=[one], return_tensors="pt")["pixel_values"]
        expected = own(images=[one], return_tensors="pt")["pixel_values"]
        if found.dtype == torch.uint8:
            expected = own(images=[one], return_tensors="pt", **left_out(own))["pixel_values"]
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_what_is_kept_of_a_size_is_small() -> None:
    """DETR's mask of a picture takes seven megabytes: all of it is ones."""
    processor = hf.DetrImageProcessorPil()
    spare(processor, frozenset({"pixel_values", "pixel_mask"}))
    one = picture(64, 48)
    made = [processor(images=[one], return_tensors="pt") for _ in range(2)]
    assert torch.equal(made[0]["pixel_mask"], made[1]["pixel_mask"])
    kept = processor.preprocess._recipes[64, 48]
    assert not any(isinstance(value, torch.Tensor) for value in kept.masks.values())


@pytest.mark.parametrize("model_type", TYPES)
def test_every_processor_is_spared_what_it_can_be(model_type: str) -> None:
    for size in SIZES[1:3]:
        processor = image_processor_of(model_type)
        check(*both(processor, frozenset({"pixel_mask"}), size))
    given = processor(images=[picture(64, 64)], return_tensors="pt").get("pixel_values")
    in_bytes = isinstance(given, torch.Tensor) and given.dtype == torch.uint8
    assert in_bytes is (model_type not in OWN_WAY)


_SMALL = {"shortest_edge": 64, "longest_edge": 96}
_PADDED = {"height": 128, "width": 112}


@pytest.mark.parametrize(
    ("made", "known", "in_bytes"),
    [
        (hf.DetrImageProcessorPil(size=_SMALL, pad_size=_PADDED), {"pixel_mask"}, True),
        # Who is not told what is padding could not keep it zero.
        (hf.YolosImageProcessorPil(size=_SMALL, pad_size=_PADDED), set(), False),
        (
            hf.EfficientNetImageProcessorPil(rescale_offset=True, rescale_factor=1 / 127.5),
            set(),
            True,
        ),
        (hf.ViTImageProcessorPil(do_normalize=False), set(), True),
        (hf.ViTImageProcessorPil(do_resize=False), set(), True),
        (
            hf.DPTImageProcessorPil(size={"height": 60, "width": 60}, do_pad=True, size_divisor=32),
            set(),
            False,
        ),
    ],
)
def test_padding_and_offsets_stay_the_processors(
    made: Any, known: set[str], in_bytes: bool
) -> None:
    check(*both(made, frozenset(known), (160, 240)))
    given = made(images=[picture(160, 240)], return_tensors="pt")["pixel_values"]
    assert (given.dtype == torch.uint8) is in_bytes
