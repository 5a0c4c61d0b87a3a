"""Masks of a segmenter: how its queries' proposals sharpen, and how likely each label is where."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.feature_maps import of_features
from taskcli.explain.views.kinds import WHOLE, Box, Frame, Maps, Rows, View
from taskcli.explain.views.label_maps import of_labels
from taskcli.explain.views.picture import Plane, bounded
from taskcli.explain.views.proposals import (
    PREDICTORS,
    Proposals,
    Segmenting,
    alike,
    paths_to,
    proposals_of,
    segmenting,
)

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = (
    *PREDICTORS,
    "*pixel_level_module.decoder",
    "*transformer_module.decoder.layers.*.cross_attn",
)
_PADDING_IS_CUT = ("eomt", "eomt_dinov3")  # off the masks, by the processor


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
    yield from of_labels(seen, layers)


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
        next(iter(paths_to(seen, "mask_predictor")), ""),
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
        next(iter(paths_to(seen, "mask_predictor"))),
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
    """Maps of all scales, coarse ones first; its stages show the embeddings of pixels."""
    for path in paths_to(seen, "pixel_level_module.decoder"):
        for features in seen.calls[path][-1].outputs:
            if features.ndim != 4 or features.shape[0] != 1 or not plane.fits(features.shape[2:]):
                continue
            if not _is_of_stage(seen, f"{path}.mask_projection", features):
                yield of_features(features[0], _stage_of_scales(seen, path), plane)


def _is_of_stage(seen: Seen, path: str, features: "Array") -> bool:
    import numpy as np

    calls = seen.calls.get(path, ())
    return any(np.array_equal(one, features) for call in calls for one in call.outputs)


def _stage_of_scales(seen: Seen, path: str) -> str:
    """The layers that gave a decoder's maps, where it has any."""
    layers = f"{path}.encoder.layers"
    return layers if any(one == layers for one, _ in seen.task.model.named_modules()) else path


def _of_masked_attention(
    seen: Seen, last: Proposals, queries: Segmenting, plane: Plane
) -> Iterator[View]:
    """Where queries look, within their masks of the layer before."""
    paths = paths_to(seen, "cross_attn")
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
