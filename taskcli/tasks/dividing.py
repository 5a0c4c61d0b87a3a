"""What each pixel belongs to, by the rules of transformers' post_process methods.

Those hold every map at the picture's size. Here the same rules decide at the model's resolution
which maps count, and only the answer is as large as the picture. A processor that is not in the
tables below divides by its own method.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli.tasks.enlarging import Size, greatest, repeated

if TYPE_CHECKING:
    from torch import Tensor


class Thresholds(NamedTuple):
    """Of a query's score; of a pixel in its mask; of the share of it that overlaps must leave."""

    score: float
    mask: float
    overlap: float


class Found(NamedTuple):
    """What a number stands for; the score is None where classes alone are compared."""

    number: int
    label: int
    score: float | None


class Divided(NamedTuple):
    """A number for each pixel, integers [height, width], and what those are that count."""

    numbers: "Tensor"
    found: list[Found]


class Queries(NamedTuple):
    """Of one picture: logits of each query's classes, the last of none, [n, C + 1], and of its
    mask, [n, h, w], enlarged to `between` before anything else."""

    classes: "Tensor"
    masks: "Tensor"
    between: Size | None = None

    def masks_of(self, kept: "Tensor") -> "Tensor":
        """Logits [kept, h, w] of the queries that a mask or indices name."""
        from torch.nn.functional import interpolate

        masks = self.masks[kept]
        if self.between is None or not len(masks):
            return masks
        return interpolate(masks[None], size=self.between, mode="bilinear")[0]


Way = Callable[[Any, list[Size], Thresholds], list[Divided]]
Rule = Callable[[Queries, Size, Thresholds], Divided]


def way_of(processor: Any, subtask: str) -> Way | None:
    """How a subtask is done here for a processor of transformers, if it is."""
    family = type(processor).__name__.removesuffix("Pil").removesuffix("ImageProcessor")
    if subtask == "semantic" and family in _CLASS_MAPS:
        return _by_class_maps
    rule = _RULES[subtask].get(family)
    return rule and _by_queries(rule, _BETWEEN.get(family))


def _by_class_maps(outputs: Any, sizes: list[Size], _: Thresholds) -> list[Divided]:
    return list(map(_greatest_class, outputs.logits.float(), sizes))


def _by_queries(rule: Rule, between: Size | None) -> Way:
    def divide(outputs: Any, sizes: list[Size], least: Thresholds) -> list[Divided]:
        detr = "pred_masks" in outputs
        names = (
            ("logits", "pred_masks") if detr else ("class_queries_logits", "masks_queries_logits")
        )
        both = (outputs[name].float() for name in names)
        return [
            rule(Queries(classes, masks, between), size, least)
            for classes, masks, size in zip(*both, sizes, strict=True)
        ]

    return divide


def _greatest_class(maps: "Tensor", size: Size) -> Divided:
    """The class whose map, of [C, h, w], is greatest."""
    labels = range(len(maps))
    return Divided(greatest(maps, size).numbers, [Found(label, label, None) for label in labels])


def _by_class(queries: Queries, size: Size, _: Thresholds) -> Divided:
    """The class that has most of the masks, each shared out by how likely its classes are."""
    import torch

    classes = queries.classes.softmax(-1)[:, :-1]
    masks = queries.masks_of(torch.arange(len(classes), device=classes.device)).sigmoid()
    return _greatest_class(torch.einsum("qc,qhw->chw", classes, masks), size)


def _by_mask(queries: Queries, size: Size, least: Thresholds) -> Divided:
    """The query whose mask is greatest, weighed by its score, where that leaves enough of it."""
    scores, labels = queries.classes.softmax(-1).max(-1)
    kept = (labels != queries.classes.shape[-1] - 1) & (scores > least.score)
    if not kept.any():
        return _nothing(size)
    masks = queries.masks_of(kept).sigmoid() * scores[kept, None, None]
    numbers, areas, above = greatest(masks, size, least.mask)
    left = (areas / above).nan_to_num(0, 0).tolist()  # where nothing is above, nothing is left
    known = zip(left, labels[kept].tolist(), scores[kept].tolist(), strict=True)
    return Divided(
        numbers,
        [
            Found(number, label, round(score, 6))
            for number, (share, label, score) in enumerate(known)
            if share > least.overlap
        ],
    )


def _by_painting(queries: Queries, size: Size, least: Thresholds) -> Divided:
    """The likeliest classes of any query, each painted over those before it."""
    import torch

    classes = queries.classes.softmax(-1)[:, :-1]
    likely, places = classes.flatten().topk(len(classes), sorted=False)
    kept = likely > least.score - 1e-5  # the mean that multiplies it is 1 at most, but for rounding
    likely, places = likely[kept], places[kept]
    masks = queries.masks_of(places // classes.shape[1])
    inside = masks > 0
    within = inside.flatten(1).float()
    means = (masks.sigmoid().flatten(1) * within).sum(1) / (within.sum(1) + 1e-6)
    known = zip((likely * means).tolist(), (places % classes.shape[1]).tolist(), strict=True)
    found = [
        Found(number, label, round(score, 6))
        for number, (score, label) in enumerate(known, 1)
        if score >= least.score
    ]
    numbers = torch.zeros(masks.shape[1:], dtype=torch.int16, device=masks.device)
    for number, *_ in found:
        numbers[inside[number - 1]] = number
    return Divided(repeated(numbers, size), found)


def _nothing(size: Size) -> Divided:
    import torch

    return Divided(torch.zeros(size, dtype=torch.uint8), [])


# Families of processors, by what their models answer. OneFormer's other subtasks smooth their
# masks by torchvision, EoMT puts patches together, RF-DETR takes the likeliest first.
_CLASS_MAPS = {"Beit", "DPT", "MobileNetV2", "MobileViT", "Sapiens2", "Segformer", "Tipsv2Dpt"}
_BETWEEN: dict[str, Size] = {"Mask2Former": (384, 384)}
_RULES: dict[str, dict[str, Rule]] = {
    "panoptic": {"Detr": _by_mask, "Mask2Former": _by_mask, "MaskFormer": _by_mask},
    "instance": {"Detr": _by_mask, "Mask2Former": _by_painting, "MaskFormer": _by_painting},
    "semantic": dict.fromkeys(("Detr", "Mask2Former", "MaskFormer", "OneFormer"), _by_class),
}
