"""How a transformer over patches looks at a picture: where [CLS] and every patch attend."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import WHOLE, Box, Frame, Looks, Maps, View

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_MOST_LOOKS = 3_000_000  # numbers of one view
_MOST_EXTRA = 16  # tokens that are no patches: [CLS], a distilled model's own, registers
_CLS = ("cls_token", "class_embedding", "class_token")  # as models name its parameter


@dataclass(frozen=True)
class Patches:
    """Patches row by row in `grid`, (h, w), behind `before` other tokens.

    `layers` are all of the transformer's, each [heads, tokens, tokens]; a single head may be the
    mean of many. `stage` is the path of the first one's attention.
    """

    grid: tuple[int, int]
    before: int
    layers: "Sequence[Array]"
    stage: str
    has_cls: bool
    extent: Box | None

    @property
    def places(self) -> slice:
        return slice(self.before, self.before + self.grid[0] * self.grid[1])


def draw(seen: Seen) -> Iterator[View]:
    patches = patches_of(seen)
    if patches is None:
        return
    if patches.has_cls and patches.before:
        yield _of_cls(patches)
    places = patches.places
    yield looks(
        patches.stage,
        "Where each patch looks",
        "Choose a patch: the others are as bright as it takes from them by its attention.",
        [one[:, places, places] for one in patches.layers],
        patches.grid,
        patches.extent,
    )


def rollout(layers: "Sequence[Array]") -> "Array":
    """What each token took from each of the input, [tokens, tokens], through all layers.

    Half of a token is what the layer before had at its place: the residual connection. Abnar and
    Zuidema, "Quantifying attention flow in transformers", 2020. Each of `layers` is
    [heads, tokens, tokens].
    """
    import numpy as np

    taken = np.eye(layers[0].shape[-1], dtype=np.float32)
    for heads in layers:
        taken = (heads.mean(0) + np.eye(len(taken), dtype=np.float32)) / 2 @ taken
    return taken


def patches_of(seen: Seen) -> Patches | None:
    """None for models whose tokens are no patches, or that look only at some of them."""
    plane, config = seen.plane, _with_patches(seen.task.model.config)
    if plane is None or config is None:
        return None
    grid = (plane.height // config.patch_size, plane.width // config.patch_size)
    count = grid[0] * grid[1]
    names = [name.rpartition(".")[2] for name, _ in seen.task.model.named_parameters()]
    behind = config.num_detection_tokens if "detection_tokens" in names else 0
    known = {
        path: calls[0]
        for path, calls in seen.attention.items()
        if _are_of(calls[0], count + behind)
    }
    layers = [weights[0] for weights in known.values()]
    if len(layers) != config.num_hidden_layers or len({one.shape[-1] for one in layers}) != 1:
        return None
    return Patches(
        grid,
        layers[0].shape[-1] - count - behind,
        layers,
        next(iter(known)),
        any(name in _CLS for name in names),
        plane.extent,
    )


def _with_patches(config: Any) -> Any:
    """The configuration, or that part of it, which tells of patches and layers."""
    parts = (
        config,
        *(getattr(config, name, None) for name in ("backbone_config", *_parts(config))),
    )
    return next(filter(_tells_of_patches, parts), None)


def _parts(config: Any) -> Sequence[str]:
    return tuple(getattr(config, "sub_configs", ()))


def _tells_of_patches(config: object) -> bool:
    return all(
        isinstance(getattr(config, name, None), int) for name in ("patch_size", "num_hidden_layers")
    )


def _are_of(weights: "Array", count: int) -> bool:
    """Whether [rows, heads, queries, keys] are between all of so many tokens, and few others."""
    rows, _, queries, keys = weights.shape
    return bool(rows == 1 and queries == keys and 0 <= keys - count <= _MOST_EXTRA)


def _of_cls(patches: Patches) -> Maps:
    places = patches.places
    frames = [_frame(rollout(patches.layers)[0, places], patches, ("all layers", "rollout"))]
    for number, heads in enumerate(patches.layers, 1):
        frames += [
            _frame(one[0, places], patches, (f"layer {number}", name))
            for name, one in _mean_and_heads(heads)
        ]
    return Maps(
        patches.stage,
        "Where [CLS] looks",
        "How much [CLS], a vector that stands before those of the patches, takes from each patch "
        "by its attention. The rollout follows it through all layers. Attention tells where a "
        "model looks, not yet why it answers so.",
        frames,
        ("layer", "head"),
        extent=patches.extent,
    )


def _frame(values: "Array", patches: Patches, place: tuple[str, ...]) -> Frame:
    return Frame(values.reshape(patches.grid), place)


def looks(
    stage: str,
    title: str,
    about: str,
    layers: "Sequence[Array]",
    grid: tuple[int, int],
    extent: Box | None,
) -> Looks:
    """Of layers, each [heads, h * w, h * w]: all heads, where they are not too much to be shown.

    Else their mean; where that is too much, too, neighbours stand together.
    """
    count = sum(one.size + one[0].size for one in layers)
    layers = layers if count <= _MOST_LOOKS else [one.mean(0, keepdims=True) for one in layers]
    side = _joined_side(len(layers), grid) if count > _MOST_LOOKS else 1
    joined = f" Of {side} x {side} that lie together one is drawn." if side > 1 else ""
    frames = [
        Frame(_joined(one, grid, side), (f"layer {number}", name))
        for number, heads in enumerate(layers, 1)
        for name, one in _mean_and_heads(heads)
    ]
    drawn = (-(-grid[0] // side), -(-grid[1] // side))
    return Looks(stage, title, about + joined, frames, drawn, ("layer", "head"), extent or WHOLE)


def _joined_side(layers: int, grid: tuple[int, int]) -> int:
    """How many neighbours stand together, a side, so that all layers are not too much."""
    side = 1
    while layers * (-(-grid[0] // side) * -(-grid[1] // side)) ** 2 > _MOST_LOOKS:
        side += 1
    return side


def _joined(weights: "Array", grid: tuple[int, int], side: int) -> "Array":
    """[h * w, h * w], where blocks look as their places do on the mean, at all of a block."""
    import numpy as np

    if side == 1:
        return weights
    blocks: Array = weights.reshape(*grid, *grid)
    for axis, length in enumerate(blocks.shape):
        starts = np.arange(0, length, side)
        blocks = np.add.reduceat(blocks, starts, axis)
        if axis < 2:
            sizes = np.diff(np.append(starts, length)).astype(np.float32)
            blocks /= np.expand_dims(sizes, tuple(one for one in range(4) if one != axis))
    return blocks.reshape(blocks.shape[0] * blocks.shape[1], -1)


def _mean_and_heads(heads: "Array") -> "Iterator[tuple[str, Array]]":
    """The mean alone of a single one, which may be the mean of many."""
    yield "mean of heads", heads.mean(0)
    if len(heads) > 1:
        yield from ((f"head {number}", one) for number, one in enumerate(heads, 1))
