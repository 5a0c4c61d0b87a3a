"""How a ViT looks at a picture: where [CLS] and every patch attend."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Frame, Looks, Maps, View

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_MOST_LOOKS = 3_000_000  # numbers; where heads together have more, their mean is shown


def draw(seen: Seen) -> Iterator[View]:
    grid = _grid_of(seen)
    layers = [calls[0][0] for calls in seen.attention.values()]  # each [heads, tokens, tokens]
    if grid is None or not layers:
        return
    extra = layers[0].shape[-1] - grid[0] * grid[1]  # [CLS], and a distilled model's own
    stage = next(iter(seen.attention))
    if extra < 0 or any(one.shape[-1] != layers[0].shape[-1] for one in layers):
        return
    if extra:
        yield _of_cls(layers, extra, grid, stage)
    yield _of_patches([one[:, extra:, extra:] for one in layers], grid, stage)


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


def _grid_of(seen: Seen) -> tuple[int, int] | None:
    """(h, w) of the patches, row by row."""
    pixels = seen.batches[0].inputs.get("pixel_values")
    side = getattr(seen.task.model.config, "patch_size", None)
    if pixels is None or not isinstance(side, int):
        return None
    return int(pixels.shape[-2]) // side, int(pixels.shape[-1]) // side


def _of_cls(layers: "Sequence[Array]", extra: int, grid: tuple[int, int], stage: str) -> Maps:
    maps = [Frame(rollout(layers)[0, extra:].reshape(grid), ("all layers", "rollout"))]
    for number, heads in enumerate(layers, 1):
        each = (("mean of heads", heads.mean(0)), *_named(heads))
        maps += [
            Frame(one[0, extra:].reshape(grid), (f"layer {number}", name)) for name, one in each
        ]
    return Maps(
        stage,
        "Where [CLS] looks",
        "How much [CLS], whose vector tells the label, takes from each patch. The rollout follows "
        "it through all layers. Attention tells where a model looks, not yet why it answers so.",
        maps,
        ("layer", "head"),
        over=True,
    )


def _of_patches(layers: "Sequence[Array]", grid: tuple[int, int], stage: str) -> Looks:
    count = sum(one.size for one in layers)
    frames = [
        Frame(one, (f"layer {number}", name))
        for number, heads in enumerate(layers, 1)
        for name, one in (
            ("mean of heads", heads.mean(0)),
            *(_named(heads) if count <= _MOST_LOOKS else ()),
        )
    ]
    return Looks(
        stage,
        "Where each patch looks",
        "Choose a patch: the others are as bright as it takes from them.",
        frames,
        grid,
        ("layer", "head"),
    )


def _named(heads: "Array") -> "Iterator[tuple[str, Array]]":
    """None of a single one, which may be the mean of many."""
    return ((f"head {number}", one) for number, one in enumerate(heads, 1) if len(heads) > 1)
