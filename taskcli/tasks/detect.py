"""taskcli detect."""

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskcli.config.options import OUTPUT_PANEL, Threshold
from taskcli.errors import UsageError
from taskcli.media.amounts import amount
from taskcli.media.items import ImageInput
from taskcli.results import Detection
from taskcli.task import Batch, Samples
from taskcli.tasks.boxes import without_doubles
from taskcli.tasks.image import EncodedImage, FoundOutput
from taskcli.tasks.picking import Labels, MinArea, Picked, area_of
from taskcli.tasks.seams import joined
from taskcli.tasks.tiled import Overlap, TiledTask, Tiles

if TYPE_CHECKING:
    import torch
    from transformers.utils import ModelOutput

_PLACES = {"pred_boxes", "last_hidden_state"}
# What processors read of all that detectors answer; PP-DocLayout's also order what they find.
_READ = frozenset(
    """logits pred_boxes order_logits relative_order_logits successor_order_logits
    out_masks""".split()
)
# What makes boxes of pixels' features; most detectors refine them from layer to layer in there.
_BOX_MAKERS = frozenset(
    """decoder decoder_input_proj reference_points enc_output enc_output_norm enc_score_head
    enc_bbox_head enc_out_class_embed enc_out_bbox_embed""".split()
)


@dataclass(frozen=True)
class DetectOptions:
    """Where is looked, and which objects are kept."""

    threshold: Threshold = 0.5
    labels: Labels = None
    min_area: MinArea = None
    iou: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Of boxes of one label that overlap more than this, by IoU, keep the best.",
        ),
    ] = None
    max_detections: Annotated[
        int | None, typer.Option(min=1, help="Keep so many objects of a picture, the best.")
    ] = None
    tiles: Tiles = None
    overlap: Overlap = 0.2

    def __post_init__(self) -> None:
        area_of(self.min_area)


@dataclass(frozen=True)
class DetectOutput(FoundOutput):
    """With whether each object is a picture, too, and with what around it."""

    crops: Annotated[
        bool,
        typer.Option(
            "--crops", help="Save every object as a picture too.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False
    crop_margin: Annotated[
        str | None,
        typer.Option(
            metavar="PIXELS|SHARE%",
            help="With --crops: so many pixels around each object, or such a share of its sides.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crop_margin is None:
            return
        amount(self.crop_margin, "--crop-margin")
        if not self.crops:
            raise UsageError("--crop-margin is of what --crops saves", "add --crops")


class Detect(TiledTask[DetectOptions, list[Detection]]):
    """Find objects in an image: a box, a label and a score for each.

    Any checkpoint that AutoModelForObjectDetection maps: DETR, RT-DETR, YOLOS, ...
    Boxes are in pixels of the upright image, best score first. With --tiles a large picture is
    looked at in parts too, at its full resolution, and what a seam cuts is put together.
    """

    name = "detect"
    Options = DetectOptions
    Output = DetectOutput
    result = list[Detection]
    auto_models = ("AutoModelForObjectDetection",)
    budget = 4
    fp32_modules = _BOX_MAKERS
    examples = (
        "taskcli detect street.jpg --threshold 0.9",
        "taskcli detect 'photos/*.jpg' --save-dir seen --crops --crop-margin 10%",
        "taskcli detect street.jpg --labels person,car --min-area 0.1%",
        "taskcli detect aerial.tif --tiles 640 --overlap 0.25",
        "taskcli detect photos/ -r --format coco -o found.json",
        "taskcli detect street.mp4 --fps 2 --save-dir seen",
        "taskcli detect photos/ -r | jq -c '[.input, (.result | length)]'",
    )
    samples = Samples(options={"threshold": 0.0})

    def __init__(self, options: DetectOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._picked = Picked.of(options.labels, options.min_area, model.config.id2label)

    def forward(self, batch: Batch) -> "ModelOutput":
        """What boxes are made of; of a map, as PP-OCR gives it, all."""
        outputs = self.model(**batch.inputs)
        if "pred_boxes" not in outputs:
            return outputs
        return type(outputs)(**{name: outputs[name] for name in _READ & outputs.keys()})

    def postprocess(
        self, outputs: "ModelOutput", batch: Batch, parts: list[EncodedImage]
    ) -> list[Any]:
        import torch

        sizes = batch.extra["sizes"]
        # In bfloat16 a box would be rounded once more on its way to pixels. PP-OCR gives a map.
        for name in _PLACES & outputs.keys():
            outputs[name] = outputs[name].float()
        decide = self.processor.post_process_object_detection
        # Where there are both, as for PP-OCR, "threshold" is of pixels.
        own = "box_threshold" in inspect.signature(decide).parameters
        asked = {"box_threshold" if own else "threshold": self.options.threshold}
        found = decide(outputs, target_sizes=torch.tensor(sizes), **asked)
        return [self._detections(one, *size) for one, size in zip(found, sizes, strict=True)]

    def fold(self, item: ImageInput, results: list[list[Detection]]) -> list[Detection]:
        found = results[0] if len(results) == 1 else joined(results, self._frames(item))
        kept = self._picked.among(found, item.size)
        if self.options.iou is not None:
            kept = _apart(kept, self.options.iou)
        return kept[: self.options.max_detections]

    def _detections(self, found: dict[str, Any], height: int, width: int) -> list[Detection]:
        names = self.model.config.id2label
        found["boxes"] = _upright(found["boxes"])
        rows = zip(*(found[key].tolist() for key in ("labels", "scores", "boxes")), strict=True)
        detections = [
            Detection.at(names[label], score, _within(corners, height, width))
            for label, score, corners in rows
        ]
        return sorted(detections, key=lambda detection: -detection.score)


def _upright(boxes: "torch.Tensor") -> "torch.Tensor":
    """Boxes [n, 4]; around corners [n, 4, 2], for lines of text that lean."""
    import torch

    return torch.cat([boxes.amin(1), boxes.amax(1)], -1) if boxes.dim() == 3 else boxes


def _apart(detections: list[Detection], most: float) -> list[Detection]:
    """Without those that lie, by more than `most`, where a better one of their label does."""
    import numpy as np

    boxes = np.array([one.sides for one in detections], float).reshape(-1, 4)
    _, labels = np.unique([one.label for one in detections], return_inverse=True)
    return [detections[place] for place in without_doubles(boxes, labels, most)]


def _within(corners: list[float], height: int, width: int) -> list[float]:
    """The four sides inside the image: a model may put an edge slightly outside."""
    sides = zip(corners, (width, height, width, height), strict=True)
    return [min(max(corner, 0.0), float(side)) for corner, side in sides]
