"""What became of a detector's queries: where each looks, its box, why it was kept or dropped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.box_moves import LAYERS, of_moves
from taskcli.explain.views.detector_queries import Query, queries_of
from taskcli.explain.views.kinds import EVERY_STAGE, Frame, Maps, Rows, View
from taskcli.explain.views.patches import looks, patches_of
from taskcli.explain.views.picture import Plane, bounded

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED = (EVERY_STAGE, *LAYERS)
_KEPT, _DROPPED = 12, 4  # queries of which attention is shown
_MOST_ROWS = 300
_MOST_PLACES = 2_500  # that all look at each other


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
    yield from of_moves(seen, [one for one in shown if one.is_kept])
    yield _table(queries, threshold)


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
