"""What each pixel belongs to, by the rules of transformers' post_process methods.

Those hold every map at the picture's size. Here the same rules decide at the model's resolution
which maps count, and only the answer is as large as the picture. That is in two steps: maps are
reduced where they lie, so that little is read back from a device, which is not asked meanwhile;
what is left is divided on the host. A processor that is not in the tables below divides by its own
method.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from taskcli.tasks import enlarging, on_device
from taskcli.tasks.enlarging import Greatest, Size, repeated
from taskcli.tasks.image import family_of
from taskcli.tasks.on_device import Bits

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


class Reduced(Protocol):
    """What is left of one picture's maps."""

    def divided(self, size: Size, least: Thresholds) -> Divided:
        """On the host."""


class Compared(NamedTuple):
    """Which of n maps is greatest at each pixel, integers [height, width], and of each its label.

    Of queries also the score, and the share of its mask that overlaps leave, all of these [n].
    """

    numbers: "Tensor"
    labels: "Tensor"
    scores: "Tensor | None" = None
    left: "Tensor | None" = None

    def divided(self, size: Size, least: Thresholds) -> Divided:
        labels = self.labels.tolist()
        if self.scores is None or self.left is None:
            return Divided(self.numbers, [Found(*one, None) for one in enumerate(labels)])
        known = zip(self.left.tolist(), labels, self.scores.tolist(), strict=True)
        return Divided(
            self.numbers,
            [
                Found(number, label, round(score, 6))
                for number, (share, label, score) in enumerate(known)
                if share > least.overlap
            ],
        )


class Queries(NamedTuple):
    """Of one picture: logits of each query's classes, the last of none, [n, C + 1], and of its
    mask, [n, h, w], enlarged to `between` before anything else."""

    classes: "Tensor"
    masks: "Tensor"
    between: Size | None = None

    def inside(self, kept: "Tensor | slice") -> tuple["Tensor", "Tensor"]:
        """Of some queries: which pixels their masks have, [kept, h, w], and the mean there."""
        masks = self.masks_of(kept)
        inside = masks > 0
        within = inside.flatten(1).float()
        return inside, (masks.sigmoid().flatten(1) * within).sum(1) / (within.sum(1) + 1e-6)

    def masks_of(self, kept: "Tensor | slice") -> "Tensor":
        """Logits [kept, h, w] of some queries."""
        from torch.nn.functional import interpolate

        masks = self.masks[kept]
        if self.between is None or not len(masks):
            return masks
        return interpolate(masks[None], size=self.between, mode="bilinear")[0]


class Painting(NamedTuple):
    """How likely each class of each query is, [n, C], and where their masks are."""

    classes: "Tensor"
    where: Queries | Bits

    def divided(self, size: Size, least: Thresholds) -> Divided:
        """The likeliest classes of any query, each painted over those before it."""
        import torch

        likely, places = self.classes.flatten().topk(len(self.classes), sorted=False)
        kept = likely > least.score - 1e-5  # the mean that multiplies it is 1 at most, but rounded
        likely, places = likely[kept], places[kept]
        inside, means = self.where.inside(places // self.classes.shape[1])
        known = zip(
            (likely * means).tolist(), (places % self.classes.shape[1]).tolist(), strict=True
        )
        found = [
            Found(number, label, round(score, 6))
            for number, (score, label) in enumerate(known, 1)
            if score >= least.score
        ]
        numbers = torch.zeros(inside.shape[1:], dtype=torch.int16)
        for number, *_ in found:
            numbers[inside[number - 1]] = number
        return Divided(repeated(numbers, size), found)


Way = Callable[[Any, list[Size], Thresholds], Sequence[Reduced]]
Rule = Callable[[Queries, Size, Thresholds], Reduced]


def way_of(processor: Any, subtask: str) -> Way | None:
    """How maps of a subtask are reduced here for a processor of transformers, if they are."""
    family = family_of(processor)
    if subtask == "semantic" and family in _CLASS_MAPS:
        return _by_class_maps
    rule = _RULES[subtask].get(family)
    return rule and _by_queries(rule, _BETWEEN.get(family))


def _by_class_maps(outputs: Any, sizes: list[Size], _: Thresholds) -> list[Compared]:
    return list(map(_greatest_class, outputs.logits.float(), sizes))


def _by_queries(rule: Rule, between: Size | None) -> Way:
    def reduce(outputs: Any, sizes: list[Size], least: Thresholds) -> list[Reduced]:
        detr = "pred_masks" in outputs
        names = (
            ("logits", "pred_masks") if detr else ("class_queries_logits", "masks_queries_logits")
        )
        both = (outputs[name].float() for name in names)
        return [
            rule(Queries(classes, masks, between), size, least)
            for classes, masks, size in zip(*both, sizes, strict=True)
        ]

    return reduce


def _greatest_class(maps: "Tensor", size: Size) -> Compared:
    """The class whose map, of [C, h, w], is greatest."""
    import torch

    return Compared(_greatest(maps, size).numbers, torch.arange(len(maps), device=maps.device))


def _by_class(queries: Queries, size: Size, _: Thresholds) -> Compared:
    """The class that has most of the masks, each shared out by how likely its classes are."""
    import torch

    classes = queries.classes.softmax(-1)[:, :-1]
    masks = queries.masks_of(slice(None)).sigmoid()
    return _greatest_class(torch.einsum("qc,qhw->chw", classes, masks), size)


def _by_mask(queries: Queries, size: Size, least: Thresholds) -> Compared:
    """The query whose mask is greatest, weighed by its score, where that leaves enough of it."""
    scores, labels = queries.classes.softmax(-1).max(-1)
    counts = (labels != queries.classes.shape[-1] - 1) & (scores > least.score)
    known = counts if _on_host(counts) else slice(None)  # a device would be waited for
    scores, labels, ignored = scores[known], labels[known], ~counts[known]
    if not len(scores):
        return _nothing(size)
    masks = queries.masks_of(known).sigmoid().mul_(scores[:, None, None])
    if not _on_host(masks):
        masks.masked_fill_(ignored[:, None, None], -1.0)  # less than any that counts
    numbers, areas, above = _greatest(masks, size, least.mask)
    left = (areas / above).nan_to_num(0, 0)  # where nothing is above, nothing is left
    return Compared(numbers, labels, scores, left.masked_fill(ignored, -1.0))


def _by_painting(queries: Queries, size: Size, least: Thresholds) -> Painting:
    """Their masks as they are, for few will count; from a device a bit for each pixel of all."""
    classes = queries.classes.softmax(-1)[:, :-1]
    if _on_host(classes):
        return Painting(classes, queries)
    return Painting(classes, Bits.of(*queries.inside(slice(None))))


def _greatest(maps: "Tensor", size: Size, threshold: float = math.inf) -> Greatest:
    compare = enlarging.greatest if _on_host(maps) else on_device.greatest
    return compare(maps, size, threshold)


def _on_host(tensor: "Tensor") -> bool:
    return bool(tensor.device.type == "cpu")


def _nothing(size: Size) -> Compared:
    import torch

    none = torch.empty(0)
    return Compared(torch.zeros(size, dtype=torch.uint8), none, none, none)


# Families of processors, by what their models answer. OneFormer's other subtasks smooth their
# masks by torchvision, EoMT puts patches together, RF-DETR takes the likeliest first.
_CLASS_MAPS = {"Beit", "DPT", "MobileNetV2", "MobileViT", "Sapiens2", "Segformer", "Tipsv2Dpt"}
_BETWEEN: dict[str, Size] = {"Mask2Former": (384, 384)}
_RULES: dict[str, dict[str, Rule]] = {
    "panoptic": {"Detr": _by_mask, "Mask2Former": _by_mask, "MaskFormer": _by_mask},
    "instance": {"Detr": _by_mask, "Mask2Former": _by_painting, "MaskFormer": _by_painting},
    "semantic": dict.fromkeys(("Detr", "Mask2Former", "MaskFormer", "OneFormer"), _by_class),
}
