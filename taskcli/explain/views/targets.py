"""What a model's answer is measured by: the score of a label, of an entity, of a span."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from taskcli.checkpoints.token_labels import read_token_labels
from taskcli.explain.seen import Seen
from taskcli.explain.views.answers import best_found, shares_in_order
from taskcli.explain.views.tokenized import Tokenized, tokenized
from taskcli.tasks.ranking import scores

if TYPE_CHECKING:
    import torch


class Scoring(Protocol):
    """From what the model answers to a score of each row [rows]."""

    def __call__(self, outputs: Any) -> "torch.Tensor": ...


@dataclass(frozen=True)
class Target:
    """`logit` is the raw number of which gradients are taken, `score` what is told of the answer.

    `named` says of what, `raw` what the logit is, `counted` what the score is.
    """

    named: str
    raw: str
    counted: str
    logit: Scoring
    score: Scoring


def targets(seen: Seen) -> tuple[Tokenized | None, list[Target]]:
    """What is measured, and in which window of the text."""
    if seen.task.name == "qa":
        return _of_span(seen)
    text = tokenized(seen)
    if text is None:
        return None, []
    found = _of_label(seen) if seen.task.name == "classify-text" else _of_entities(seen, text)
    return text, list(found)


def _of_label(seen: Seen) -> Iterator[Target]:
    config, function = seen.task.model.config, seen.task.options.function
    best = seen.result[0].label
    number = next((at for at, name in config.id2label.items() if name == best), None)
    if number is None:
        return
    yield Target(
        f"“{best}”",
        "the label's logit",
        "the label's score",
        lambda outputs: outputs.logits[:, number].float(),
        lambda outputs: scores(outputs.logits, function, config)[:, number],
    )


def _of_entities(seen: Seen, text: Tokenized) -> Iterator[Target]:
    best = text.of(seen.outputs[text.batch][text.row]).argmax(-1).tolist()
    for entity in seen.result:
        places = [at for at, span in enumerate(text.spans) if _overlap(span, entity)]
        chosen = [(at, best[at]) for at in places if _is_of(seen, best[at], entity)]
        if chosen:
            yield _of_tokens(f"“{entity.word}” as {_kind(entity)}", text, chosen)


def _of_tokens(named: str, text: Tokenized, chosen: Sequence[tuple[int, int]]) -> Target:
    places = [text.shift + at for at, _ in chosen]
    labels = [label for _, label in chosen]
    return Target(
        named,
        "the mean logit of its tokens' labels",
        "the mean score of its tokens' labels",
        lambda outputs: outputs.logits[:, places, labels].float().mean(-1),
        lambda outputs: outputs.logits.float().softmax(-1)[:, places, labels].mean(-1),
    )


def _overlap(span: tuple[int, int] | None, entity: Any) -> bool:
    return span is not None and max(span[0], entity.start) < min(span[1], entity.end)


def _kind(entity: Any) -> str:
    return str(getattr(entity, "entity_group", None) or entity.entity)


def _is_of(seen: Seen, label: int, entity: Any) -> bool:
    names = seen.task.model.config.id2label
    kind = read_token_labels(names.values())[names[label]].kind
    return kind == _kind(entity) or names[label] == _kind(entity)


def _of_span(seen: Seen) -> tuple[Tokenized | None, list[Target]]:
    read = shares_in_order(seen)
    found = best_found(seen, read, 1)
    text = tokenized(seen, found[0].number) if found else None
    if text is None:
        return None, []
    start, end = text.shift + found[0].first, text.shift + found[0].last
    first, last = read[found[0].number].characters(found[0].first, found[0].last)

    def score(outputs: Any) -> "torch.Tensor":
        total: torch.Tensor = (outputs.start_logits[:, start] + outputs.end_logits[:, end]).float()
        return total

    told = "its start's logit plus its end's"
    answer = str(getattr(seen.item, "text", ""))[first:last]
    return text, [Target(f"“{answer}”", told, told, score, score)]
