"""What became of a detector's queries: where each looks, its box, why it was kept or dropped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import EVERY_STAGE, Box, Frame, Maps, Rows, View
from taskcli.explain.views.patches import looks, patches_of
from taskcli.explain.views.picture import Plane, bounded

if TYPE_CHECKING:
    import torch

    from taskcli.explain.views.kinds import Array

WANTED = (EVERY_STAGE, "*decoder.layers.[0-9]", "*decoder.layers.[0-9][0-9]")
_KEPT, _DROPPED = 12, 4  # queries of which attention is shown
_MOST_ROWS = 300
_NEAR = 1e-3  # how far a score or a share may be off, by rounding
_MOST_PLACES = 2_500  # that all look at each other


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
        return f"dropped: {_below(threshold)}" if self.score <= threshold else "dropped"


@dataclass(frozen=True)
class LayersOf:
    """Where queries look, each [queries, h, w], layer by layer; `stage` is the first's path."""

    stage: str
    maps: "Sequence[Array]"
    is_cross: bool


def draw(seen: Seen) -> Iterator[View]:
    plane, queries = seen.plane, queries_of(seen)
    if plane is None or not queries:
        return
    yield from _of_encoder(seen, plane)
    looked = _looked(seen, plane, len(queries))
    shown = [one for one in queries if one.is_kept][:_KEPT]
    shown += [one for one in queries if not one.is_kept][:_DROPPED]
    threshold = seen.task.options.threshold
    if looked is not None:
        yield _of_attention(looked, shown, plane, threshold)
    moves = list(_moves(seen, [one for one in shown if one.is_kept]))
    if moves:
        yield Rows(
            _decoder_layers(seen)[0],
            "How boxes move from layer to layer",
            "What the heads make of each kept query behind each layer of the decoder. Overlap is "
            "the share of both boxes' area that this one and the last have in common.",
            ("query", "layer", "label", "score", "xmin", "ymin", "xmax", "ymax", "overlap"),
            moves,
            frozenset({"score", "xmin", "ymin", "xmax", "ymax", "overlap"}),
        )
    yield _table(queries, threshold)


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
    corners = _corners(boxes[0].float())
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
            _within(corners[number].tolist()),
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
        if float(far.min()) > _NEAR:
            if not _is_second(kept, shares, box):
                return None
            continue
        kept[int(far.argmin())] = ids[one.label]
    return kept


def _is_second(kept: Mapping[int, int], shares: "torch.Tensor", box: "torch.Tensor") -> bool:
    """Whether a query that is known has this box: under another label it was kept twice."""
    return bool(kept) and float((shares[list(kept)] - box).abs().amax(-1).min()) <= _NEAR


def _corners(boxes: "torch.Tensor") -> "torch.Tensor":
    """Of centres, widths and heights [..., 4]."""
    import torch

    middle, size = boxes.split(2, -1)
    return torch.cat([middle - size / 2, middle + size / 2], -1)


def _within(sides: Sequence[float]) -> Box:
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in sides)
    return left, top, right, bottom


def _below(threshold: float) -> str:
    return f"below the threshold {threshold:g}"


# Where they look


def _looked(seen: Seen, plane: Plane, queries: int) -> LayersOf | None:
    """Cross-attention to the encoder's map; of tokens among the patches, attention to those."""
    grids = _grids(seen, plane)
    crossed = {
        path: (weights[0][0], grids[weights[0].shape[-1]])
        for path, weights in seen.attention.items()
        if weights[0].shape[0] == 1
        and weights[0].shape[2] == queries
        and weights[0].shape[3] in grids
        and "decoder" in path
    }
    if crossed:
        maps = [one.mean(0).reshape(-1, *grid) for one, grid in crossed.values()]
        return LayersOf(next(iter(crossed)), maps, is_cross=True)
    patches = patches_of(seen)
    if patches is None or patches.layers[0].shape[-1] != patches.places.stop + queries:
        return None
    maps = [
        heads.mean(0)[-queries:, patches.places].reshape(-1, *patches.grid)
        for heads in patches.layers
    ]
    return LayersOf(patches.stage, maps, is_cross=False)


def _grids(seen: Seen, plane: Plane) -> dict[int, tuple[int, int]]:
    """(h, w) of the maps that stages give, by how many places they have."""
    return {
        one.shape[2] * one.shape[3]: (one.shape[2], one.shape[3])
        for calls in seen.calls.values()
        for one in calls[-1].outputs
        if one.ndim == 4 and one.shape[0] == 1 and plane.fits(one.shape[2:])
    }


def _of_attention(looked: LayersOf, shown: Sequence[Query], plane: Plane, threshold: float) -> Maps:
    frames = [
        Frame(
            bounded(layer[one.number]),
            (one.name, f"layer {number}"),
            one.fate(threshold),
            one.box,
        )
        for one in shown
        for number, layer in enumerate(looked.maps, 1)
    ]
    how = "by its cross-attention" if looked.is_cross else "by its attention among the patches"
    return Maps(
        looked.stage,
        "Where each query looks",
        f"How much a query takes from each place {how}, on the mean of the heads, beside its last "
        "box. Kept queries come first, then a few that were dropped. A query may look outside its "
        "box: what lies around an object tells where that ends.",
        frames,
        ("query", "layer"),
        extent=plane.extent,
    )


def _of_encoder(seen: Seen, plane: Plane) -> Iterator[View]:
    grids = _grids(seen, plane)
    layers = {
        path: weights[0]
        for path, weights in seen.attention.items()
        if "encoder.layers" in path
        and weights[0].shape[0] == 1
        and weights[0].shape[2] == weights[0].shape[3]
        and weights[0].shape[3] in grids
        and weights[0].shape[3] <= _MOST_PLACES
    }
    if len({one.shape[-1] for one in layers.values()}) == 1:
        first, weights = next(iter(layers.items()))
        yield looks(
            first,
            "Where each place looks",
            "Choose a place of the encoder's map: the others are as bright as it takes from them.",
            [one[0] for one in layers.values()],
            grids[weights.shape[-1]],
            plane.extent,
        )


# How boxes move


def _decoder_layers(seen: Seen) -> list[str]:
    """Paths of the decoder's layers that give a vector for every query, in order."""
    paths = [path for path in seen.calls if path.rpartition(".")[0].endswith("decoder.layers")]
    return sorted(paths, key=lambda path: int(path.rpartition(".")[2]))


def _moves(seen: Seen, shown: Sequence[Query]) -> Iterator[tuple[str | float, ...]]:
    """A row for each query and layer, if the heads make of the last layer what was answered."""
    layers = list(_read_by_heads(seen))
    names = seen.task.model.config.id2label
    for one in shown if layers else ():
        for number, (scores, corners) in enumerate(layers, 1):
            score, label = scores[one.number].max(-1)
            box = _within(corners[one.number].tolist())
            named = (one.name, f"layer {number}", names[int(label)])
            yield (*named, float(score), *box, overlap(box, one.box))


def _read_by_heads(seen: Seen) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
    """Scores and corners of all queries behind each layer.

    Other detectors give their heads more than a layer's vectors: of those nothing is read.
    """
    import torch

    modules = dict(seen.task.model.named_modules())
    heads = [modules.get(name) for name in ("class_labels_classifier", "bbox_predictor")]
    norm = modules.get("model.decoder.layernorm")
    paths = _decoder_layers(seen)
    if None in (*heads, norm) or not paths:
        return
    classify, place, normalise = (_called(module, seen) for module in (*heads, norm))
    given = [torch.from_numpy(seen.calls[path][-1].outputs[0]) for path in paths]
    behind = [normalise(one) for one in given]
    behind[-1] = normalise(behind[-1]) if seen.task.model.config.auxiliary_loss else behind[-1]
    answered = seen.outputs[0]["pred_boxes"].float()
    if not torch.allclose(place(behind[-1]).sigmoid(), answered, atol=_NEAR):
        return
    for vectors in behind:
        scores, _ = scores_of(classify(vectors)[0], len(seen.task.model.config.id2label))
        if scores is not None:
            yield scores, _corners(place(vectors).sigmoid()[0])


def _called(module: Any, seen: Seen) -> Any:
    """A module of the model as a function of tensors on the host."""
    weight = next(module.parameters())
    return lambda given: module(given.to(weight.device, weight.dtype)).float().cpu()


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    common = max(across, 0.0) * max(down, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common) if common else 0.0


def _table(queries: Sequence[Query], threshold: float) -> Rows:
    rows = [
        (one.number + 1, one.label, one.score, one.no_object, one.fate(threshold))
        for one in queries
    ]
    has_none = queries[0].no_object is not None
    left = len(rows) - _MOST_ROWS
    more = f" {left} that scored less are left out." if left > 0 else ""
    heads = ("query", "best label", "score", "no object", "what became of it")
    keep = [place for place in range(5) if has_none or place != 3]
    return Rows(
        "",
        "All queries",
        f"Each asks for one object. Its best label is shown, whether it was kept or not.{more}",
        [heads[place] for place in keep],
        [[_plain(row[place]) for place in keep] for row in rows[:_MOST_ROWS]],
        frozenset({"score", "no object"}),
    )


def _plain(value: str | int | float | None) -> str | int | float:
    return "" if value is None else value
