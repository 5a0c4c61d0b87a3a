"""The tree of beams: what was tried at each step, what was kept, what was dropped."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Node, Rows, Tree, View
from taskcli.explain.views.written import MOST_TOKENS, Text, of_part, shown, text_of

if TYPE_CHECKING:
    from taskcli.runtime.writing import Step

WANTED: tuple[str, ...] = ()
ATTENTION = False
_IMPOSSIBLE = -1e8  # generate() gives less to what must not be chosen
Ids = tuple[int, ...]


def draw(seen: Seen) -> Iterator[View]:
    text = text_of(seen)
    if text is None or (text.config.num_beams or 1) < 2:
        return
    grown = _grown(text, seen.task.processor)
    yield _tree(text, grown)
    yield _finished(text, grown, seen.task.processor)


@dataclass
class _Grown:
    """Nodes, the number of the node of each text, and the texts that ended with their scores."""

    nodes: list[Node]
    of_text: dict[Ids, int]
    finished: dict[Ids, float] = field(default_factory=dict)  # the best, as many as beams


def _grown(text: Text, tokenizer: Any) -> _Grown:
    begun = " ".join(shown(tokenizer, text.before)) if text.source else "the prompt"
    grown = _Grown([Node(None, begun, 0.0, True, True)], {(): 0})
    steps = text.written.steps[:MOST_TOKENS]
    answer = {tuple(text.ids[:count]) for count in range(1, len(text.ids) + 1)}
    for number, step in enumerate(steps):
        after = text.written.steps[number + 1] if number + 1 < len(text.written.steps) else None
        _grow(grown, step, _rows(text, after), text, tokenizer)
        if text.config.early_stopping is True and len(grown.finished) == text.config.num_beams:
            break
    for ids in answer & grown.of_text.keys():
        place = grown.of_text[ids]
        grown.nodes[place] = replace(grown.nodes[place], is_answer=True)
    return grown


def _rows(text: Text, step: "Step | None") -> set[Ids]:
    """The texts that a step began with: those that the step before it kept."""
    if step is None:
        return set()
    return {tuple(row) for row in step.ids[text.own(len(step.ids))].tolist()}


def _grow(grown: _Grown, step: "Step", kept: set[Ids], text: Text, tokenizer: Any) -> None:
    """Candidates come best first: one that ends counts among as many as there are beams."""
    own = text.own(len(step.candidates.ids))
    tried = step.candidates.ids[own].tolist()
    found = zip(tried, step.candidates.score[own].tolist(), step.candidates.ended[own], strict=True)
    new: list[tuple[Ids, Node]] = []
    for rank, (tokens, score, has_ended) in enumerate(found):
        ids = tuple(tokens)
        parent = grown.of_text[ids[:-1]]
        total = grown.nodes[parent].score + score
        if total < _IMPOSSIBLE or any(ids == known for known, _ in new):
            continue  # where a token is forced, all beams are one text
        [word] = shown(tokenizer, ids[-1:])
        new.append((ids, Node(parent, word, total, False)))
        if has_ended and rank < (text.config.num_beams or 1):
            grown.finished[ids] = total
    best = sorted(grown.finished, key=lambda ids: -_final(text, ids, grown.finished[ids]))
    grown.finished = {ids: grown.finished[ids] for ids in best[: text.config.num_beams]}
    for ids, node in new:
        grown.of_text[ids] = len(grown.nodes)
        grown.nodes.append(replace(node, is_kept=ids in kept or ids in grown.finished))


def _final(text: Text, ids: Ids, total: float) -> float:
    """By what texts of different lengths are compared in the end."""
    return float(total / len(ids) ** (text.config.length_penalty or 0.0))


def _tree(text: Text, grown: _Grown) -> Tree:
    steps = len(text.written.steps)
    cut = f" The first {MOST_TOKENS} of {steps} steps are shown." * (steps > MOST_TOKENS)
    drawn = " Candidates were drawn by chance." * bool(text.config.do_sample)
    return Tree(
        "",
        "Beams: what was tried and what was dropped",
        f"At each step {text.config.num_beams} texts are gone on with, those of the highest score; "
        "the others are dropped. A text that ended waits for the end, while it is one of the best. "
        "The score is the sum of the logarithms of the probabilities of all tokens, after the "
        "changes that were asked for: 0 is certain. Only in the end is it weighed by the length."
        f"{drawn}{of_part(text)}{cut}",
        grown.nodes,
    )


def _finished(text: Text, grown: _Grown, tokenizer: Any) -> Rows:
    answer = tuple(text.ids)
    rows = [
        (
            tokenizer.decode(list(ids), skip_special_tokens=True).strip(),
            len(ids),
            total,
            _final(text, ids, total),
            "yes" if ids == answer else "",
        )
        for ids, total in grown.finished.items()
    ]
    return Rows(
        "",
        "The texts that the beams finished",
        "Of texts that ended, the one of the highest final score is the answer: its sum of "
        f"logarithms, divided by the number of its tokens to the power of "
        f"{text.config.length_penalty or 0.0:g}, the length penalty.{of_part(text)}",
        ("text", "tokens", "sum of logarithms", "final score", "answer"),
        rows,
    )
