"""What a segmenter's queries propose, layer by layer, and which of them became segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Box
from taskcli.explain.views.shares import sigmoid, softmax
from taskcli.output.drawing.annotator import decoded

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array
    from taskcli.results import Segment

# Modules whose calls are read.
PREDICTORS = ("*mask_predictor", "class_predictor")
_KEPT, _DROPPED = 12, 4  # queries that are shown
_NAMES = (("class_queries_logits", "masks_queries_logits"), ("logits", "pred_masks"))


@dataclass(frozen=True)
class Proposals:
    """What queries propose after one of the decoder's layers.

    `likely` [queries, labels + 1] has no object last, `masks` [queries, h, w] are probabilities.
    """

    name: str
    likely: "Array"
    masks: "Array"


@dataclass(frozen=True)
class Segmenting:
    """The numbers of queries that became segments, as the answer has these; and of others."""

    kept: Sequence[int]
    dropped: Sequence[int]

    @property
    def shown(self) -> Sequence[int]:
        return (*self.kept[:_KEPT], *self.dropped[:_DROPPED])


def proposals_of(seen: Seen) -> list[Proposals]:
    """Of every layer, where the model makes them; else of the last alone."""
    labels = len(seen.task.model.config.id2label)
    masks = [
        call.outputs[0] for path in paths_to(seen, "mask_predictor") for call in seen.calls[path]
    ]
    classes = [call.outputs[0] for call in seen.calls.get("class_predictor", ())]
    if not masks or len(masks) != len(classes):
        classes, masks = _answered(seen)
    if not masks or not all(
        one.ndim == 3 and one.shape[-1] == labels + 1 and other.ndim == 4
        for one, other in zip(classes, masks, strict=True)
    ):
        return []
    names = ["learned queries", *(f"layer {number}" for number in range(1, len(masks)))]
    return [
        Proposals(name, softmax(one[0]), sigmoid(other[0]))
        for name, one, other in zip(
            names if len(masks) > 1 else ["last layer"], classes, masks, strict=True
        )
    ]


def _answered(seen: Seen) -> "tuple[list[Array], list[Array]]":
    """Logits of classes and of masks that the model's answer has."""
    from taskcli.runtime.capture import array

    outputs = seen.outputs[0]
    known = outputs.keys() if isinstance(outputs, Mapping) else ()
    names = next((pair for pair in _NAMES if set(pair) <= set(known)), None)
    if names is None:
        return [], []
    classes, masks = (array(outputs[name]) for name in names)
    return [classes], [masks]


def segmenting(
    segments: "Sequence[Segment]", last: Proposals, labels: Mapping[int, str], extent: Box
) -> Segmenting:
    """Which queries the segments are of: the one of a segment's label whose mask is most like it.

    Segments of labels without scores are of no query.
    """
    kept: list[int] = []
    ids = {name: number for number, name in labels.items()}
    for one in segments:
        if one.score is None:
            continue
        region = resized(decoded(one.mask).astype(bool), last.masks.shape[1:], extent)
        order = sorted(
            (number for number in range(len(last.masks)) if number not in kept),
            key=lambda number: (
                -(alike(last.masks[number] > 0.5, region) + last.likely[number, ids[one.label]])
            ),
        )
        kept += order[:1]
    best = last.likely[:, :-1].max(-1)
    others = [number for number in (-best).argsort().tolist() if number not in kept]
    return Segmenting(kept, others)


def resized(mask: Any, size: Sequence[int], extent: Box) -> Any:
    """Of a mask [height, width] what stands in the middle of each cell, [h, w]; nothing outside."""
    import numpy as np

    sides = (extent[1::2], extent[::2])
    rows, columns = (
        np.floor((first + (np.arange(cells) + 0.5) / cells * (last - first)) * length).astype(int)
        for cells, length, (first, last) in zip(size, mask.shape, sides, strict=True)
    )
    inside = np.outer((rows >= 0) & (rows < len(mask)), (columns >= 0) & (columns < mask.shape[1]))
    return mask[rows.clip(0, len(mask) - 1)][:, columns.clip(0, mask.shape[1] - 1)] & inside


def alike(one: Any, other: Any) -> float:
    """Intersection over union of two masks; of two empty ones 1."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 1.0


def paths_to(seen: Seen, name: str) -> list[str]:
    """The modules of this name whose calls were kept."""
    return [path for path in seen.calls if path == name or path.endswith(f".{name}")]
