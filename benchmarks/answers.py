"""What the answers to one input are compared by: a label or a text, and a score beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What was said, and a score in [0, 1], a depth in metres, or 0 where there is no number."""

    label: str
    score: float = 0.0


Answers = list[Answer]
Read = Callable[[Any], Answer]  # of a record's result, or of what a pipeline gives


@dataclass(frozen=True)
class Reading:
    """How answers of one task are read from either side."""

    of_result: Read
    of_pipeline: Read


def _top_result(result: Sequence[Any]) -> Answer:
    """Of labels, boxes and regions: the surest."""
    best = max(result, key=lambda one: one.score or 0.0, default=None)
    return Answer("nothing") if best is None else Answer(best.label, best.score or 0.0)


def _top_found(found: Any) -> Answer:
    listed = found if isinstance(found, list) else [found]
    best = max(listed, key=lambda one: one["score"] or 0.0, default=None)
    return Answer("nothing") if best is None else Answer(best["label"], best["score"] or 0.0)


def _places(found: Iterable[tuple[str, int, int]]) -> Answer:
    return Answer(" ".join(f"{kind} {start}-{end}" for kind, start, end in found))


LABELS = Reading(_top_result, _top_found)
NAMES = Reading(
    lambda result: _places((one.entity_group, one.start, one.end) for one in result),
    lambda found: _places((one["entity_group"], one["start"], one["end"]) for one in found),
)
DEPTHS = Reading(
    lambda result: Answer("", result.mean),
    lambda found: Answer("", float(found["predicted_depth"].mean())),
)
SPOKEN = Reading(
    lambda result: Answer(result.text.strip()), lambda found: Answer(found["text"].strip())
)
SPANS = Reading(lambda result: Answer(result.answer, result.score), lambda found: found)
CONTINUED = Reading(
    lambda result: Answer(result.generated_text), lambda found: Answer(found[0]["generated_text"])
)
SUMMARIES = Reading(lambda result: Answer(result.summary_text.strip()), lambda found: found)
TRANSLATIONS = Reading(lambda result: Answer(result.translation_text), lambda found: found)
