"""How sure a model was of each token that it wrote, and what it might have written instead."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Frame, Rows, Strip, View
from taskcli.explain.views.settings import changes_of, way_of
from taskcli.explain.views.token_text import pieces_of_tokens
from taskcli.explain.views.written import (
    MOST_TOKENS,
    Text,
    cut,
    of_part,
    shown,
    text_of,
)

if TYPE_CHECKING:
    from taskcli.runtime.writing import Step

WANTED: tuple[str, ...] = ()
ATTENTION = False
_LEAST = 0.001  # of a share that is told in numbers
_OTHERS = 5
_SAME = 1e-4  # of logarithms


def draw(seen: Seen) -> Iterator[View]:
    from taskcli.runtime.structure import path_of

    text = text_of(seen)
    if text is None:
        return
    model = seen.task.model
    stage = path_of(model, model.get_output_embeddings())
    yield _table(text, seen, stage)
    yield _strip(text, seen, stage)


def _table(text: Text, seen: Seen, stage: str) -> Rows:
    path = text.path[:MOST_TOKENS]
    names = shown(seen.task.processor, text.ids)
    is_changed = any(_differs(*one) for one in path)
    rows: list[Sequence[str | int | float]] = []
    for number, ((step, taken), name) in enumerate(zip(path, names, strict=False), 1):
        row = step.candidates.rows[taken]
        numbers = [_share(step.candidates.own[taken])]
        numbers += [_share(step.candidates.drawn[taken])] * is_changed
        others = _others(step, taken, seen)
        rows.append((number, name, *numbers, float(step.entropy[row]), others))
    asked = ("after changes",) * is_changed
    return Rows(
        stage,
        "The next token, step by step",
        "The probability that the model gave each token it wrote, and the likeliest others. "
        "Entropy tells how undecided it was: 0 bits is certain, 1 bit is a choice between two "
        "tokens that are equally likely, and each bit more is one between twice as many."
        f"{way_of(text, is_changed)}{_told_of_changes(text, is_changed)}{of_part(text)}"
        f"{cut(text, len(path))}",
        ("step", "token", "probability", *asked, "entropy in bits", "other tokens"),
        rows,
        frozenset({"probability", *asked}),
    )


def _differs(step: "Step", taken: int) -> bool:
    return bool(abs(step.candidates.drawn[taken] - step.candidates.own[taken]) > _SAME)


def _told_of_changes(text: Text, is_changed: bool) -> str:
    if not is_changed:
        return ""
    names = ", ".join(changes_of(text))
    return (
        f" Before a token was chosen, the model's scores were changed ({names}): the second "
        "probability is what these made of the first."
    )


def _others(step: "Step", taken: int, seen: Seen) -> str:
    row = step.candidates.rows[taken]
    written = step.candidates.ids[taken, -1]
    pairs = [
        one for one in zip(step.best[row], step.shares[row], strict=True) if one[0] != written
    ][:_OTHERS]
    names = [name for token, _ in pairs for name in shown(seen.task.processor, [token])]
    return "  ".join(
        f"{name} {_percent(float(share))}" for name, (_, share) in zip(names, pairs, strict=True)
    )


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= _LEAST else "<0.1%"


def _share(logarithm: float) -> float:
    import numpy as np

    return float(np.exp(logarithm))


def _strip(text: Text, seen: Seen, stage: str) -> Strip:
    import numpy as np

    path = text.path[:MOST_TOKENS]
    own = [step.candidates.own[taken] for step, taken in path]
    entropy = [step.entropy[step.candidates.rows[taken]] for step, taken in path]
    return Strip(
        stage,
        "How sure of each token",
        "The text as it was written. A token that was sure need not be right: the model tells how "
        f"likely it was to come next.{of_part(text)}{cut(text, len(path))}",
        [
            Frame(np.exp(np.array(own, np.float32)), ("probability",)),
            Frame(np.array(entropy, np.float32), ("entropy in bits",)),
        ],
        pieces_of_tokens(seen.task.processor, text.ids[: len(path)]),
        ("number",),
    )
