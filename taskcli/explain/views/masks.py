"""Masks of a segmenter: how its queries' proposals sharpen, and how likely each label is where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.feature_maps import of_features
from taskcli.explain.views.kinds import WHOLE, Box, Frame, Maps, Rows, View
from taskcli.explain.views.picture import Plane, bounded
from taskcli.output.drawing.annotator import decoded

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array
    from taskcli.results import Segment

WANTED: tuple[str, ...] = (
    "*mask_predictor",
    "class_predictor",
    "*pixel_level_module.decoder",
    "*transformer_module.decoder.layers.*.cross_attn",
)
_KEPT, _DROPPED = 12, 4  # queries that are shown
_LABELS = 12
_PADDING_IS_CUT = ("eomt", "eomt_dinov3")  # off the masks, by the processor
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


def draw(seen: Seen) -> Iterator[View]:
    plane = seen.plane
    if plane is None:
        return
    yield from _of_pixel_decoder(seen, plane)
    layers, labels = proposals_of(seen), seen.task.model.config.id2label
    if layers:
        extent = _extent(seen, plane)
        queries = segmenting(seen.result, layers[-1], labels, extent)
        yield from _of_masked_attention(seen, layers[-1], queries, plane)
        yield _of_proposals(seen, layers, queries, extent)
        if len(layers) > 1 and queries.kept:
            yield _of_sharpening(seen, layers, queries.kept)
    yield from _of_labels(seen, layers)


def proposals_of(seen: Seen) -> list[Proposals]:
    """Of every layer, where the model makes them; else of the last alone."""
    labels = len(seen.task.model.config.id2label)
    masks = [
        call.outputs[0] for path in _paths(seen, "mask_predictor") for call in seen.calls[path]
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
        Proposals(name, _softmax(one[0]), _sigmoid(other[0]))
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


def _extent(seen: Seen, plane: Plane) -> Box:
    """Where masks lie: most processors take them for the picture's, padded or not."""
    is_cut = seen.task.model.config.model_type in _PADDING_IS_CUT
    return (is_cut and plane.extent) or WHOLE


def _of_proposals(
    seen: Seen, layers: Sequence[Proposals], queries: Segmenting, extent: Box
) -> Maps:
    labels = seen.task.model.config.id2label
    names = _named(layers[-1], labels)
    frames = [
        Frame(bounded(one.masks[number]), (names[number], one.name), _note(one, number, labels))
        for number in queries.shown
        for one in layers
    ]
    many = len(layers) > 1
    return Maps(
        next(iter(_paths(seen, "mask_predictor")), ""),
        "Masks that queries propose" + (", layer by layer" if many else ""),
        "How likely each place belongs to a query's mask. Queries that became segments come first, "
        "then a few that did not."
        + (" Before any layer, learned queries propose the same to every picture's features."
           if many else ""),
        frames,
        ("query", "layer"),
        shared=True,
        extent=extent,
    )  # fmt: skip


def _of_sharpening(seen: Seen, layers: Sequence[Proposals], kept: Sequence[int]) -> Rows:
    names = _named(layers[-1], seen.task.model.config.id2label)
    last = layers[-1].masks > 0.5
    rows: list[list[str | float]] = [
        [names[number], *(alike(one.masks[number] > 0.5, last[number]) for one in layers)]
        for number in kept
    ]
    return Rows(
        next(iter(_paths(seen, "mask_predictor"))),
        "How masks sharpen",
        "How much each layer's mask has in common with the last one: the share of both masks' "
        "area, where a mask is what is likelier than not.",
        ("query", *(one.name for one in layers)),
        rows,
        frozenset(one.name for one in layers),
    )


def _named(last: Proposals, labels: Mapping[int, str]) -> list[str]:
    """Names of all queries: the best label of each, with how likely it is in the end."""
    best = last.likely[:, :-1].argmax(-1)
    return [
        f"query {number + 1}: {labels[int(label)]} {last.likely[number, label]:.2f}"
        for number, label in enumerate(best)
    ]


def _note(layer: Proposals, number: int, labels: Mapping[int, str]) -> str:
    likely = layer.likely[number]
    best = int(likely[:-1].argmax())
    return f"{labels[best]} {likely[best]:.2f}, no object {likely[-1]:.2f}"


def _of_pixel_decoder(seen: Seen, plane: Plane) -> Iterator[View]:
    """Maps of all scales, coarse ones first; then the embeddings of pixels."""
    for path in _paths(seen, "pixel_level_module.decoder"):
        for features in seen.calls[path][-1].outputs:
            if features.ndim == 4 and features.shape[0] == 1 and plane.fits(features.shape[2:]):
                yield of_features(features[0], path, plane)


def _of_masked_attention(
    seen: Seen, last: Proposals, queries: Segmenting, plane: Plane
) -> Iterator[View]:
    """Where queries look, within their masks of the layer before."""
    paths = _paths(seen, "cross_attn")
    layers = [seen.calls[path][-1].outputs[-1] for path in paths]
    grids = [plane.grid_of(one.shape[-1]) for one in layers]
    names = _named(last, seen.task.model.config.id2label)
    frames = [
        Frame(
            one[0, number].reshape(grid),
            (names[number], f"layer {place}"),
            f"at {plane.scale(grid)}",
        )
        for number in queries.shown
        for place, (one, grid) in enumerate(zip(layers, grids, strict=True), 1)
        if grid and one.ndim == 3 and one.shape[:2] == (1, len(names))
    ]
    if frames:
        yield Maps(
            paths[0],
            "Where each query looks",
            "How much a query takes from each place, on the mean of the heads: only within the "
            "mask that it had after the layer before, or everywhere if that was empty. The scales "
            "take turns.",
            frames,
            ("query", "layer"),
            extent=plane.extent,
        )


def _of_labels(seen: Seen, layers: Sequence[Proposals]) -> Iterator[View]:
    """How likely each label is at each place, where segments are of labels."""
    found = [one.label for one in sorted(seen.result, key=lambda one: -one.area)]
    if any(one.score is not None for one in seen.result):
        return
    likely = _likely_labels(seen, layers)
    names = seen.task.model.config.id2label
    if likely is None or len(likely) != len(names):
        return
    ids = {name: number for number, name in names.items()}
    shown = found[:_LABELS]
    left = len(found) - len(shown)
    frames = [Frame(bounded(likely[ids[label]]), (label,)) for label in shown]
    yield Maps(
        "",
        "How likely each label is",
        "At each place, among all labels of the checkpoint. Those of the answer are shown, largest "
        "first." + (f" {left} smaller ones are left out." if left else ""),
        frames,
        ("label",),
        shared=True,
        extent=WHOLE,
    )


def _likely_labels(seen: Seen, layers: Sequence[Proposals]) -> "Array | None":
    """[labels, h, w]; of queries, their masks shared out by how likely their labels are."""
    import numpy as np

    from taskcli.runtime.capture import array

    if layers:
        shares = np.einsum("qc,qhw->chw", layers[-1].likely[:, :-1], layers[-1].masks)
        total: Array = shares / np.maximum(shares.sum(0), 1e-12)
        return total
    outputs = seen.outputs[0]
    logits = outputs.get("logits") if isinstance(outputs, Mapping) else None
    if logits is None or logits.ndim != 4 or logits.shape[1] < 2:
        return None
    return _softmax(array(logits[0]), 0)


def _paths(seen: Seen, name: str) -> list[str]:
    return [path for path in seen.calls if path == name or path.endswith(f".{name}")]


def _softmax(logits: "Array", axis: int = -1) -> "Array":
    import numpy as np

    powers = np.exp(logits - logits.max(axis, keepdims=True))
    likely: Array = powers / powers.sum(axis, keepdims=True)
    return likely


def _sigmoid(logits: "Array") -> "Array":
    import torch

    likely: Array = torch.from_numpy(logits).sigmoid().numpy()
    return likely
