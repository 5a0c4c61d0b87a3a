"""How depth comes about: what is fused at each scale, what the head makes of it, and the answer."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import WHOLE, Frame, Maps, View
from taskcli.explain.views.picture import Plane, bounded

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = (
    "decoder.stages.*.convolution",
    "decoder.stages.*.fusion",
    "decoder.stages.*.fusion.sigmoid",
    "head.head",
)
_MOST_SIDE = 320  # pixels of the answer


def draw(seen: Seen) -> Iterator[View]:
    plane = seen.plane
    if plane is not None and seen.task.model.config.model_type == "glpn":
        yield from _of_fusion(seen, plane)
        yield from _of_scales(seen, plane)
    yield _of_answer(seen)


def _of_fusion(seen: Seen, plane: Plane) -> Iterator[View]:
    """Two weights of every place: of what the encoder saw there, and of the coarser map."""
    for path, calls in seen.calls.items():
        if path.endswith(".fusion.sigmoid"):
            local, coarser = calls[-1].outputs[0][0]
            scale = plane.scale(local.shape)
            yield Maps(
                path.removesuffix(".fusion.sigmoid"),
                f"Selective feature fusion at {scale}",
                "How much counts, at each place, what the encoder saw at this scale, and how much "
                "the coarser map of the decoder. Each is between 0 and 1; the two need not sum to "
                "one. The maps, times these, are added.",
                [
                    Frame(bounded(local), ("the encoder's map",), _mean(local)),
                    Frame(bounded(coarser), ("the coarser map",), _mean(coarser)),
                ],
                ("weight of",),
                shared=True,
                extent=plane.extent,
            )


def _mean(weights: "Array") -> str:
    return f"{weights.mean():.2f} on the mean"


def _of_scales(seen: Seen, plane: Plane) -> Iterator[View]:
    """The head, asked at each scale: as logit lenses ask a head of the layers before its own."""
    features = _features(seen)
    frames = [
        Frame(bounded(depth), (plane.scale(depth.shape),), _from_to(depth, "m"))
        for depth in _read_by_head(seen, features)
    ]
    if len(frames) > 1:
        yield Maps(
            "head",
            "Depth at each scale",
            "What the head makes of the decoder's map at each scale. It was trained on the finest "
            "map alone: what it makes of the others shows what is in them, and is no part of the "
            "answer.",
            frames,
            ("scale",),
            shared=True,
            unit="m",
            extent=plane.extent,
        )


def _features(seen: Seen) -> "list[Array]":
    """What the decoder has at each scale, coarse ones first; then what its head is given."""
    fused = [calls for path, calls in seen.calls.items() if path.endswith(".fusion")]
    coarsest = seen.calls.get("decoder.stages.0.convolution", [])
    modules = ([coarsest] if coarsest else []) + fused
    finest = [one for call in seen.calls.get("head.head", []) for one in call.inputs.values()]
    return [calls[-1].outputs[0] for calls in modules] + finest


def _read_by_head(seen: Seen, features: "list[Array]") -> "Iterator[Array]":
    import torch

    model: Any = seen.task.model
    weight = next(model.head.parameters())
    for one in features:
        given = torch.from_numpy(one).to(weight.device, weight.dtype)
        depth: Array = model.head.head(given).sigmoid()[0, 0].float().cpu().numpy()
        yield depth * model.config.max_depth


def _of_answer(seen: Seen) -> Maps:
    result = seen.result
    unit = "m" if result.units == "m" else ""
    means = (
        "How far each place is." if unit else "Relative depth: only its order within the picture "
        "means something, and some checkpoints have larger numbers for what is near."
    )  # fmt: skip
    return Maps(
        "",
        "Depth",
        means,
        [
            Frame(
                _sampled(result.values), (), f"{result.min:.4g} to {result.max:.4g} {unit}".strip()
            )
        ],
        unit=unit,
        extent=WHOLE,
    )


def _from_to(depth: "Array", unit: str) -> str:
    return f"{depth.min():.4g} to {depth.max():.4g} {unit}"


def _sampled(values: "Array") -> "Array":
    """Every so many pixels one, where there are more than can be shown."""
    side = -(-max(values.shape) // _MOST_SIDE)
    return values[side // 2 :: side, side // 2 :: side]
