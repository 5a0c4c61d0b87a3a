"""Which of a detector's queries became objects, and what the others were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Box

if TYPE_CHECKING:
    import torch

NEAR = 1e-3  # how far a score or a share may be off, by rounding


@dataclass(frozen=True)
class Query:
    """`number` counts from 0; `box` is in shares of the picture."""

    number: int
    label: str
    score: float
    no_object: float | None  # how likely that is, if the model says so
    box: Box
    is_kept: bool

    @property
    def name(self) -> str:
        return f"query {self.number + 1}: {self.label} {self.score:.2f}"

    def fate(self, threshold: float) -> str:
        if self.is_kept:
            return "kept"
        if self.no_object is not None and self.no_object > self.score:
            return f"dropped: no object ({self.no_object:.2f})"
        return (
            f"dropped: below the threshold {threshold:g}" if self.score <= threshold else "dropped"
        )


def queries_of(seen: Seen) -> list[Query]:
    """Kept ones first, best score first; none where it is not clear which these are."""
    outputs = seen.outputs[0]
    if not isinstance(outputs, Mapping) or not {"logits", "pred_boxes"} <= outputs.keys():
        return []
    logits, boxes = outputs["logits"], outputs["pred_boxes"]
    if logits.ndim != 3 or boxes.shape != (1, logits.shape[1], 4):
        return []
    names = seen.task.model.config.id2label
    scores, no_object = scores_of(logits[0], len(names))
    if scores is None:
        return []
    corners = corners_of(boxes[0].float())
    kept = _kept(seen, scores, corners)
    if kept is None:
        return []
    best, labels = scores.max(-1)
    found = [
        Query(
            number,
            names[kept.get(number, int(labels[number]))],
            float(scores[number, kept[number]] if number in kept else best[number]),
            None if no_object is None else float(no_object[number]),
            within(corners[number].tolist()),
            number in kept,
        )
        for number in range(len(scores))
    ]
    return sorted(found, key=lambda one: (not one.is_kept, -one.score))


def scores_of(
    logits: "torch.Tensor", labels: int
) -> "tuple[torch.Tensor | None, torch.Tensor | None]":
    """Of logits [queries, classes] how likely each label is, and no object, if that is a class."""
    logits = logits.float()
    if logits.shape[-1] == labels + 1:
        likely = logits.softmax(-1)
        return likely[:, :-1], likely[:, -1]
    return (logits.sigmoid(), None) if logits.shape[-1] == labels else (None, None)


def _kept(seen: Seen, scores: "torch.Tensor", corners: "torch.Tensor") -> dict[int, int] | None:
    """The label of each query that became an object; None where any object is no query's."""
    import torch

    sides = torch.tensor(seen.batches[0].extra["sizes"][0][::-1]).repeat(2)
    ids = {name: number for number, name in seen.task.model.config.id2label.items()}
    shares = corners.clamp(0, 1)
    kept: dict[int, int] = {}
    for one in seen.result:
        box = torch.tensor(one.sides) / sides
        far = (shares - box).abs().amax(-1)
        far = far.maximum((scores[:, ids[one.label]] - one.score).abs())
        if kept:
            far[list(kept)] = torch.inf  # of two labels of one query the better one is shown
        if float(far.min()) > NEAR:
            if not _is_second(kept, shares, box):
                return None
            continue
        kept[int(far.argmin())] = ids[one.label]
    return kept


def _is_second(kept: Mapping[int, int], shares: "torch.Tensor", box: "torch.Tensor") -> bool:
    """Whether a query that is known has this box: under another label it was kept twice."""
    return bool(kept) and float((shares[list(kept)] - box).abs().amax(-1).min()) <= NEAR


def corners_of(boxes: "torch.Tensor") -> "torch.Tensor":
    """Of centres, widths and heights [..., 4]."""
    import torch

    middle, size = boxes.split(2, -1)
    return torch.cat([middle - size / 2, middle + size / 2], -1)


def within(sides: Sequence[float]) -> Box:
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in sides)
    return left, top, right, bottom
