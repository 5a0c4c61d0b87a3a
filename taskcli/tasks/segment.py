"""taskcli segment."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from taskcli.config.options import OUTPUT_PANEL, Threshold
from taskcli.errors import CheckpointError, UsageError
from taskcli.results import Box, RunLengthMask, Segment
from taskcli.task import Batch, Samples
from taskcli.tasks.image import EncodedImage, FoundOutput, ImageTask

if TYPE_CHECKING:
    from PIL.Image import Image

Subtask = Literal["auto", "panoptic", "instance", "semantic"]
_MASKS = {"masks_queries_logits", "pred_masks"}
_ORDER: tuple[Subtask, ...] = ("panoptic", "instance", "semantic")


@dataclass(frozen=True)
class SegmentOptions:
    """What regions are, and which are kept."""

    subtask: Annotated[
        Subtask, typer.Option(help="What to divide into; auto takes the checkpoint's richest.")
    ] = "auto"
    threshold: Threshold = 0.9
    mask_threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="A pixel belongs to a mask above this.")
    ] = 0.5
    overlap_threshold: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share of a mask that overlaps must leave it."),
    ] = 0.5


@dataclass(frozen=True)
class SegmentOutput(FoundOutput):
    """With whether masks are saved."""

    masks: Annotated[
        bool,
        typer.Option(
            "--masks", help="Save the mask of every region too.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False
    polygons: Annotated[
        bool,
        typer.Option(
            "--polygons",
            help="For coco: outlines in place of run-length codes.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = False


class SegmentImage(ImageTask[SegmentOptions, list[Segment]]):
    """Divide an image into labelled regions, each with its mask.

    Any checkpoint that the segmentation Auto classes map: Mask2Former, MaskFormer, SegFormer, ...
    Masks are COCO run-length codes in pixels of the upright image.
    """

    name = "segment"
    Options = SegmentOptions
    answers_pixels = True
    Output = SegmentOutput
    result = list[Segment]
    auto_models = (
        "AutoModelForUniversalSegmentation",
        "AutoModelForSemanticSegmentation",
        "AutoModelForImageSegmentation",
        "AutoModelForInstanceSegmentation",
    )
    budget = 4
    fp32_heads = frozenset({"class_predictor", "class_labels_classifier", "classifier"})
    examples = (
        "taskcli segment street.jpg",
        "taskcli segment street.jpg --save-dir seen --masks",
        "taskcli segment 'photos/*.jpg' --subtask semantic -o regions.jsonl",
    )
    samples = Samples(options={"threshold": 0.0})

    def __init__(self, options: SegmentOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        offered = [kind for kind in _ORDER if hasattr(processor, _method(kind))]
        asked = options.subtask
        if not offered or (asked != "auto" and asked not in offered):
            known = ", ".join(offered) or "none"
            raise UsageError(f"--subtask {asked}: this checkpoint offers {known}")
        self.subtask: Subtask = offered[0] if asked == "auto" else asked
        _require_torchvision(self.subtask, "task_inputs" in self._arguments)

    def _features(self, image: "Image") -> Mapping[str, Any]:
        made = super()._features(image)
        return {name: value for name, value in made.items() if name != "task_inputs"}

    def preprocess(self, parts: list[EncodedImage]) -> Batch:
        batch = super().preprocess(parts)
        if "task_inputs" in self._arguments:
            batch.inputs = {**batch.inputs, "task_inputs": self._told(len(parts))}
        return batch

    def _told(self, times: int) -> Any:
        """What to divide into, tokens [times, tokens], zeros behind as in OneFormer's training."""
        told = self.processor.tokenizer(
            [f"the task is {self.subtask}"] * times,
            padding="max_length",
            max_length=self.model.config.task_seq_len,
            return_tensors="pt",
        )
        return told["input_ids"] * told["attention_mask"]

    def postprocess(self, outputs: Any, batch: Batch, parts: list[EncodedImage]) -> list[Any]:
        sizes = batch.extra["sizes"]
        for name in _MASKS & outputs.keys():
            outputs[name] = outputs[name].float()  # as the classes, which multiply them
        divide = getattr(self.processor, _method(self.subtask))
        if self.subtask == "semantic":
            return [self._semantic(one) for one in divide(outputs, target_sizes=sizes)]
        asked: dict[str, Any] = {
            "threshold": self.options.threshold,
            "mask_threshold": self.options.mask_threshold,
            "overlap_mask_area_threshold": self.options.overlap_threshold,
            "label_ids_to_fuse": set(),
        }
        known = inspect.signature(divide).parameters  # EoMT and RF-DETR have no masks that overlap
        kept = {name: value for name, value in asked.items() if name in known}
        return [self._instances(one) for one in divide(outputs, target_sizes=sizes, **kept)]

    def _semantic(self, ids: Any) -> list[Segment]:
        """`ids` [height, width] holds a label per pixel."""
        names = self.model.config.id2label
        return [_segment(names[label], None, ids == label) for label in ids.unique().tolist()]

    def _instances(self, found: dict[str, Any]) -> list[Segment]:
        names = self.model.config.id2label
        ids = found["segmentation"]
        segments = [
            _segment(names[info["label_id"]], info["score"], ids == info["id"])
            for info in found["segments_info"]
        ]
        return [segment for segment in segments if segment.area]


def _require_torchvision(subtask: str, is_oneformer: bool) -> None:
    if is_oneformer and subtask != "semantic" and find_spec("torchvision") is None:
        raise CheckpointError(
            f"OneFormer's {subtask} masks need torchvision",
            "pip install torchvision, or --subtask semantic",
        )


def _method(subtask: str) -> str:
    return f"post_process_{subtask}_segmentation"


def _segment(label: str, score: float | None, mask: Any) -> Segment:
    """`mask` is a boolean tensor [height, width]."""
    import numpy as np
    from pycocotools import mask as coco

    encoded = coco.encode(np.asfortranarray(mask.cpu().numpy(), dtype=np.uint8))
    left, top, width, height = (int(side) for side in coco.toBbox(encoded))
    rle = RunLengthMask(tuple(encoded["size"]), encoded["counts"].decode("ascii"))
    box = Box(left, top, left + width, top + height)
    return Segment(label, score, rle, int(coco.area(encoded)), box)
