"""Scores and labels: what the three classify commands share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from taskcli.config.options import ScoreFunction, TopK
from taskcli.results import Label

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig


@dataclass(frozen=True)
class RankingOptions:
    """How scores become labels, and how many are given."""

    top_k: TopK = 5
    function: ScoreFunction = "auto"


def scores(
    logits: "torch.Tensor",
    function: Literal["auto", "softmax", "sigmoid", "none"],
    config: "PreTrainedConfig",
) -> "torch.Tensor":
    """Logits [n, labels] as scores [n, labels], in float32.

    `auto` follows the checkpoint as transformers' pipelines do: raw for regression, sigmoid for
    several labels at once or a single one, else softmax.
    """
    if function == "auto":
        problem = getattr(config, "problem_type", None)
        single = logits.shape[-1] == 1
        several = problem == "multi_label_classification" or single
        function = "none" if problem == "regression" else "sigmoid" if several else "softmax"
    logits = logits.float()
    if function == "none":
        return logits
    return logits.sigmoid() if function == "sigmoid" else logits.softmax(-1)


def ranked(scored: "torch.Tensor", top_k: int, config: "PreTrainedConfig") -> list[list[Label]]:
    """The best `top_k` labels of each row of scores [n, labels], best first."""
    best = scored.topk(min(top_k, scored.shape[-1]), dim=-1)
    rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    names = config.id2label
    return [[Label(names[index], score) for index, score in zip(*row, strict=True)] for row in rows]
