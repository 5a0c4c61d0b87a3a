"""Which inputs may share a batch without changing each other's answers.

Padding is invisible to most models, but not to all: some read it through a convolution or a
recurrence, some count positions from it. `make parity` measures every model type; what it has
not seen shares batches only with inputs of its own length.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from taskcli.checkpoints import package_folder


class Sharing(StrEnum):
    PADDED = "padded"  # inputs of any length
    EQUAL = "equal"  # inputs of one length
    NEVER = "never"  # none: each is answered alone


@dataclass(frozen=True)
class Rule:
    """How inputs share batches, and the reason for it."""

    sharing: Sharing
    why: str


_WHYS = {
    Sharing.PADDED: "inputs of any length together: padding leaves this architecture's answers",
    Sharing.EQUAL: "inputs of one length together: padding changes this architecture's answers",
    Sharing.NEVER: "one at a time: what shares a batch changes this architecture's answers",
}
_UNKNOWN = Rule(Sharing.EQUAL, "inputs of one length together: this architecture is not measured")


@cache
def _measured() -> Mapping[str, Any]:
    """task -> how they share -> model types."""
    found: dict[str, Any] = json.loads((package_folder() / "sharing.json").read_text("utf-8"))
    return found


def rule_of(task: str, model_type: str) -> Rule:
    for sharing in Sharing:
        if model_type in _measured().get(task, {}).get(sharing, ()):
            return Rule(sharing, _WHYS[sharing])
    return _UNKNOWN
