"""How the boxes of a detector's queries move from layer to layer of its decoder."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.detector_queries import NEAR, Query, corners_of, scores_of, within
from taskcli.explain.views.kinds import Box, Rows

if TYPE_CHECKING:
    import torch

# Modules whose calls are read.
LAYERS = ("*decoder.layers.[0-9]", "*decoder.layers.[0-9][0-9]")


def of_moves(seen: Seen, kept: Sequence[Query]) -> Iterator[Rows]:
    moves = list(_moves(seen, kept))
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
            box = within(corners[one.number].tolist())
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
    if not torch.allclose(place(behind[-1]).sigmoid(), answered, atol=NEAR):
        return
    for vectors in behind:
        scores, _ = scores_of(classify(vectors)[0], len(seen.task.model.config.id2label))
        if scores is not None:
            yield scores, corners_of(place(vectors).sigmoid()[0])


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
