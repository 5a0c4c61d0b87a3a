"""What each token is held to be, and how tokens become entities."""

from collections.abc import Iterator, Sequence
from typing import Any

from taskcli.explain.seen import Seen
from taskcli.explain.stages import ANSWER
from taskcli.explain.views.kinds import Frame, Grid, Rows, View
from taskcli.explain.views.tokenized import Tokenized, tokenized

WANTED: tuple[str, ...] = ()
_MOST_TOKENS = 512
_MOST_LABELS = 128
_MOST_ENTITIES = 200
_WAYS = {
    "none": "Tokens are given as they are, without those outside of all entities.",
    "simple": "Neighbours whose labels are of one kind join.",
    "first": "A word takes the label of its first token; neighbours of one kind join.",
    "average": "A word takes the best label of its tokens' mean scores; neighbours of one kind "
    "join.",
    "max": "A word takes the label of its surest token; neighbours of one kind join.",
}


def draw(seen: Seen) -> Iterator[View]:
    text = tokenized(seen)
    if text is None:
        return
    yield _labels(seen, text)
    if seen.result:
        yield _joined(seen, text)


def _labels(seen: Seen, text: Tokenized) -> Grid:
    scores = text.of(seen.outputs[text.batch][text.row]).float().numpy()
    names = seen.task.model.config.id2label
    own = [at for at, owner in enumerate(text.texts) if owner is not None][:_MOST_TOKENS]
    count = sum(owner is not None for owner in text.texts)
    best = scores.argmax(-1)
    columns = sorted(scores[own].max(0).argsort()[::-1][:_MOST_LABELS].tolist())
    return Grid(
        ANSWER,
        "Labels of tokens",
        "How likely each label is for a token: a row is 1 together. The likeliest is outlined."
        f"{_left_out(scores.shape[-1], len(columns), 'labels')}"
        f"{_left_out(count, len(own), 'tokens')}{text.told}",
        [Frame(scores[own][:, columns])],
        [text.names[at] for at in own],
        [str(names.get(at, at)) for at in columns],
        marked=[
            (row, columns.index(best[at])) for row, at in enumerate(own) if best[at] in columns
        ],
        row_name="token",
        column_name="label",
    )


def _left_out(count: int, shown: int, of: str) -> str:
    return f" {shown} of {count} {of} are shown." if shown < count else ""


def _joined(seen: Seen, text: Tokenized) -> Rows:
    shown: Sequence[Any] = seen.result[:_MOST_ENTITIES]
    return Rows(
        ANSWER,
        "From tokens to entities",
        f"{_WAYS[seen.task.options.aggregation]}{text.told}"
        f"{_left_out(len(seen.result), len(shown), 'entities')}",
        ("entity", "kind", "tokens and their labels", "score"),
        [_row(seen, text, entity) for entity in shown],
        frozenset(("score",)),
    )


def _row(seen: Seen, text: Tokenized, entity: Any) -> tuple[str, str, str, float]:
    best = text.of(seen.outputs[text.batch][text.row]).argmax(-1).tolist()
    names = seen.task.model.config.id2label
    told = [
        f"{text.names[at]} {names.get(best[at], best[at])}"
        for at, span in enumerate(text.spans)
        if span is not None and max(span[0], entity.start) < min(span[1], entity.end)
    ]
    kind = getattr(entity, "entity_group", None) or entity.entity
    return entity.word, kind, ", ".join(told) or "in another window", entity.score
