"""Which inputs may share a batch without changing each other's answers.

Padding is invisible to most models, but not to all: some read it through a convolution or a
recurrence, some count positions from it. `make parity` measures every model type; what it has
not seen shares batches only with inputs of its own length.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from taskcli.checkpoints.registry import package_folder
from taskcli.media import MEDIA
from taskcli.task import Task


class BatchPolicy(StrEnum):
    PADDED = "padded"  # inputs of any length
    EQUAL = "equal"  # inputs of one length
    NEVER = "never"  # none: each is answered alone


@dataclass(frozen=True)
class BatchRule:
    """How inputs share batches, in a few words where not all may, and the reason for it."""

    policy: BatchPolicy
    how: str
    why: str


_PADDED = BatchRule(
    BatchPolicy.PADDED,
    "",
    "inputs of any length share one: padding leaves this architecture's answers alone",
)
_EQUAL = BatchRule(
    BatchPolicy.EQUAL,
    "in batches of one length",
    "only inputs of one length share one: padding changes this architecture's answers",
)
_NEVER = BatchRule(
    BatchPolicy.NEVER,
    "one at a time",
    "one input each: what shares a batch changes this architecture's answers",
)
_UNKNOWN = replace(
    _EQUAL, why="only inputs of one length share one: this architecture is not measured"
)
_OF_ONE_SHAPE = BatchRule(
    BatchPolicy.PADDED,
    "in batches of one shape",
    "only pictures that the model sees in one shape share one: convolutions see what pads others",
)


@cache
def _measured() -> Mapping[str, Any]:
    """task -> how they share -> model types."""
    found: dict[str, Any] = json.loads(
        (package_folder() / "runtime" / "facts" / "batching.json").read_text("utf-8")
    )
    return found


def policy_for(task: type[Task[Any, Any, Any]], model_type: str) -> BatchRule:
    measured = _measured().get(task.name, {})
    rules = (_PADDED, _EQUAL, _NEVER)
    rule = next((one for one in rules if model_type in measured.get(one.policy, ())), _UNKNOWN)
    if not MEDIA[task.media].is_padded and rule is not _NEVER:
        return _OF_ONE_SHAPE
    return rule
