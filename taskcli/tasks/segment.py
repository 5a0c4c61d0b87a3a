"""taskcli segment."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from taskcli.config.options import OUTPUT_PANEL, Threshold
from taskcli.errors import CheckpointError, UsageError
from taskcli.media.items import ImageInput
from taskcli.results import Segment
from taskcli.task import Batch, Samples
from taskcli.tasks.dividing import Divided, Found, Reduced, Thresholds, way_of
from taskcli.tasks.enlarging import Size
from taskcli.tasks.image import EncodedImage, FoundOutput
from taskcli.tasks.picking import Labels, MinArea, Picked, area_of
from taskcli.tasks.run_lengths import regions
from taskcli.tasks.stitching import stitched, stitched_things
from taskcli.tasks.tiled import Overlap, TiledTask, Tiles

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor
    from transformers.utils import ModelOutput

Subtask = Literal["auto", "panoptic", "instance", "semantic"]
_MASKS = {"masks_queries_logits", "pred_masks"}
_LEAST_SHARED = 16  # pixels
_ORDER: tuple[Subtask, ...] = ("panoptic", "instance", "semantic")


@dataclass(frozen=True)
class SegmentOptions:
    """What regions are, and which are kept."""

    subtask: Annotated[
        Subtask, typer.Option(help="What to divide into; auto takes the checkpoint's richest.")
    ] = "auto"
    threshold: Threshold = 0.9
    mask_threshold: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="A pixel belongs to a mask whose probability there is above this.",
        ),
    ] = 0.5
    overlap_threshold: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Keep a region if surer ones leave it more than this share of its mask.",
        ),
    ] = 0.5
    labels: Labels = None
    min_area: MinArea = None
    tiles: Tiles = None
    overlap: Overlap = 0.2

    def __post_init__(self) -> None:
        area_of(self.min_area)


@dataclass(frozen=True)
class SegmentOutput(FoundOutput):
    """With what of each region is saved."""

    masks: Annotated[
        bool,
        typer.Option(
            "--masks", help="Save the mask of every region too.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False
    cutouts: Annotated[
        bool,
        typer.Option(
            "--cutouts",
            help="Save every region on transparency too.",
            rich_help_panel=OUTPUT_PANEL,
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


class SegmentImage(TiledTask[SegmentOptions, list[Segment]]):
    """Divide an image into labelled regions, each with its mask.

    Any checkpoint that the segmentation Auto classes map: Mask2Former, MaskFormer, SegFormer, ...
    Masks are COCO run-length codes in pixels of the upright image. With --tiles a large picture is
    divided in parts, at its full resolution, and what a seam cuts is put together. Of panoptic and
    instance masks that is what two tiles show of one thing: a sky or a floor may stay in several,
    but for OneFormer, whose files tell areas from things, and a piece that a tile sees too little
    of may be a segment of its own. --subtask semantic, where offered, has each label once.
    """

    name = "segment"
    Options = SegmentOptions
    answers_pixels = True
    tiles_alone = True  # the whole shows the same labels in less detail
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
        "taskcli segment cat.jpg --labels cat --save-dir seen --cutouts",
        "taskcli segment street.jpg --labels road,sky --min-area 1%",
        "taskcli segment aerial.tif --tiles 512 --overlap 0.25",
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
        _check_tiles(options, self.subtask, offered)
        _require_torchvision(self.subtask, "task_inputs" in self._arguments)
        self._way = way_of(processor, self.subtask)
        self._picked = Picked.of(options.labels, options.min_area, model.config.id2label)
        self._least = Thresholds(
            options.threshold, options.mask_threshold, options.overlap_threshold
        )

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

    def forward(self, batch: Batch) -> "ModelOutput | Sequence[Reduced]":
        """Scores and small masks, without the features that they were made of; from a device what
        is left of them."""
        outputs = self.model(**batch.inputs)
        if self._way and self.model.device.type != "cpu":
            return self._way(outputs, batch.extra["sizes"], self._least)
        kept = {name: value for name, value in outputs.items() if "hidden_state" not in name}
        return type(outputs)(**kept)

    def postprocess(self, outputs: Any, batch: Batch, parts: list[EncodedImage]) -> list[Any]:
        return list(map(self._segments, self._divided(outputs, batch.extra["sizes"])))

    def fold(self, item: ImageInput, results: list[list[Segment]]) -> list[Segment]:
        found = results[0] if len(results) == 1 else self._of_tiles(item, results)
        return self._picked.among(found, item.size)

    def _of_tiles(self, item: ImageInput, results: list[list[Segment]]) -> list[Segment]:
        labels, frames = self.model.config.id2label, self._frames(item)
        if self.subtask == "semantic":
            names = [labels[number] for number in sorted(labels)]
            return stitched(results, frames, item.size, names)
        areas = _areas(self.processor, labels) if self.subtask == "panoptic" else frozenset()
        return stitched_things(results, frames, item.size, areas)

    def _divided(self, outputs: Any, sizes: list[Size]) -> list[Divided]:
        if not self._way:
            return self._by_processor(outputs, sizes)
        known = outputs if isinstance(outputs, list) else self._way(outputs, sizes, self._least)
        return [one.divided(size, self._least) for one, size in zip(known, sizes, strict=True)]

    def _by_processor(self, outputs: Any, sizes: list[Size]) -> list[Divided]:
        for name in _MASKS & outputs.keys():
            outputs[name] = outputs[name].float()  # as the classes, which multiply them
        divide = getattr(self.processor, _method(self.subtask))
        if self.subtask == "semantic":
            return [_of_classes(ids) for ids in divide(outputs, target_sizes=sizes)]
        asked: dict[str, Any] = {
            "threshold": self._least.score,
            "mask_threshold": self._least.mask,
            "overlap_mask_area_threshold": self._least.overlap,
            "label_ids_to_fuse": set(),
        }
        known = inspect.signature(divide).parameters  # EoMT and RF-DETR have no masks that overlap
        kept = {name: value for name, value in asked.items() if name in known}
        return [_of_instances(one) for one in divide(outputs, target_sizes=sizes, **kept)]

    def _segments(self, divided: Divided) -> list[Segment]:
        names = self.model.config.id2label
        where = regions(divided.numbers.numpy())
        return [
            Segment(names[one.label], one.score, *where[one.number])
            for one in divided.found
            if one.number in where
        ]


def _of_classes(ids: "Tensor") -> Divided:
    """`ids` [height, width] holds a label per pixel."""
    return Divided(ids, [Found(label, label, None) for label in ids.unique().tolist()])


def _of_instances(found: dict[str, Any]) -> Divided:
    infos = found["segments_info"]
    known = [Found(info["id"], info["label_id"], info["score"]) for info in infos]
    return Divided(found["segmentation"].int(), known)


def _check_tiles(options: SegmentOptions, subtask: str, offered: Sequence[str]) -> None:
    """Labels go on behind a seam; which objects do is seen in what two tiles share."""
    if options.tiles is None or subtask == "semantic":
        return
    if int(options.tiles * options.overlap) < _LEAST_SHARED:
        by_label = ", or --subtask semantic" if "semantic" in offered else ""
        raise UsageError(
            f"--overlap {options.overlap:g}: tiles that share less than {_LEAST_SHARED} pixels "
            f"do not tell which {subtask} masks are of one object",
            f"raise --overlap{by_label}",
        )


def _areas(processor: object, labels: Mapping[int, str]) -> frozenset[str]:
    """The labels that are no things, such as a sky, where the checkpoint says: OneFormer's do."""
    known = getattr(getattr(processor, "image_processor", processor), "metadata", None) or {}
    things = known.get("thing_ids")
    if things is None:
        return frozenset()
    return frozenset(name for number, name in labels.items() if number not in things)


def _require_torchvision(subtask: str, is_oneformer: bool) -> None:
    if is_oneformer and subtask != "semantic" and find_spec("torchvision") is None:
        raise CheckpointError(
            f"OneFormer's {subtask} masks need torchvision",
            "pip install torchvision, or --subtask semantic",
        )


def _method(subtask: str) -> str:
    return f"post_process_{subtask}_segmentation"
