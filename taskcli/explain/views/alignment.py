"""What a writer looked at: its own text, and by cross-attention the source."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import Frame, Grid, View
from taskcli.explain.views.written import MOST_TOKENS, Text, cut, of_part, shown, text_of

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array
    from taskcli.runtime.looking_back import LookedAt

WANTED: tuple[str, ...] = ()
ATTENTION = False  # of the run: it is taken from a reading of its own
_MOST_COLUMNS = 512
_MOST = 3_000_000  # numbers; heads are shown together where they have more, then layers
_SAME = 1e-4  # how far probabilities may lie from those that were seen in the run, in float32
_NEARLY = 2e-2  # and in other dtypes

Weights = Mapping[int, "Array"]


def draw(seen: Seen) -> Iterator[View]:
    text = text_of(seen)
    found = None if text is None else _looked_at(text, seen)
    if text is None or found is None:
        return
    stage = _stage(seen)
    if found.source:
        yield _alignment(text, found.source, seen, stage)
    if found.own:
        yield _own(text, found.own, seen, stage)


def _looked_at(text: Text, seen: Seen) -> "LookedAt | None":
    """None of a model that answers otherwise when it reads its text at once, as XLNet does."""
    import numpy as np
    import torch

    from taskcli.runtime.looking_back import looked_at

    model = seen.task.model
    try:
        found = looked_at(model, text.source, text.before, text.ids[:MOST_TOKENS])
    except Exception:
        return None  # of an architecture that wants other inputs than its kin
    if found is None:
        return None
    before = [step.candidates.own[taken] for step, taken in text.path[: len(found.shares)]]
    far = np.abs(np.exp(found.shares) - np.exp(np.array(before, np.float32))).max()
    return found if far <= (_SAME if model.dtype == torch.float32 else _NEARLY) else None


def _stage(seen: Seen) -> str:
    """The first of the layers that write, which those that read pictures or sounds are not."""
    from torch import nn

    from taskcli.runtime.structure import path_of

    lists = (
        one
        for part in _readers_of_text(seen.task.model.get_decoder())
        for one in part.children()
        if isinstance(one, nn.ModuleList) and len(one)
    )
    first = next(lists, None)
    return "" if first is None else path_of(seen.task.model, first[0])


def _readers_of_text(module: Any) -> Iterator[Any]:
    yield module
    for one in module.children():
        if getattr(one, "main_input_name", "input_ids") == "input_ids":
            yield from _readers_of_text(one)


def _alignment(text: Text, layers: Weights, seen: Seen, stage: str) -> Grid:
    tokens = shown(seen.task.processor, text.source)
    count, frames = _frames({key: one[..., :_MOST_COLUMNS] for key, one in layers.items()})
    return Grid(
        stage,
        "Which words of the source each token was written from",
        "Cross-attention: how much each token took from each of the source when it was written. "
        "The most is outlined, for the mean of all layers and heads. It tells where the model "
        "looked, which need not be the word that was meant; much of it may go to tokens that only "
        "mark an end."
        f"{_of_columns(len(tokens), 'source')}{of_part(text)}{cut(text, count)}",
        frames,
        shown(seen.task.processor, text.ids[:count]),
        tokens[:_MOST_COLUMNS],
        ("layer", "head"),
        [(row, int(column)) for row, column in enumerate(frames[0].values.argmax(-1))],
        "written",
        "source",
    )


def _own(text: Text, layers: Weights, seen: Seen, stage: str) -> Grid:
    """Of a long prompt its last tokens are shown."""
    before = [*text.before, *text.ids]
    length = next(iter(layers.values())).shape[-1]
    first = max(0, length - _MOST_COLUMNS)
    count, frames = _frames({key: one[..., first:] for key, one in layers.items()})
    return Grid(
        stage,
        "Which tokens before it each token was written from",
        "Attention to the text so far: how much each token took from those before it when it was "
        "written. It never looks ahead. Models often leave much of it on the first token, where "
        "it tells nothing of that token. Attention tells where a model looks, not yet why it "
        "answers so."
        f"{_of_columns(length, 'text', 'last')}{of_part(text)}{cut(text, count)}",
        frames,
        shown(seen.task.processor, text.ids[:count]),
        shown(seen.task.processor, before[first:length]),
        ("layer", "head"),
        (),
        "written",
        "looked at",
    )


def _of_columns(count: int, what: str, which: str = "first") -> str:
    if count <= _MOST_COLUMNS:
        return ""
    return f" Of the {count} tokens of the {what}, the {which} {_MOST_COLUMNS} are shown."


def _frames(layers: Weights) -> tuple[int, Sequence[Frame]]:
    """How many rows there are; and the mean of all, then each layer's, as far as they are few."""
    import numpy as np

    means = {number: heads.mean(0) for number, heads in layers.items()}
    every = np.stack(list(means.values())).mean(0)
    frames = [Frame(every, ("all layers", "mean of heads"))]
    if every.size * len(means) > _MOST:
        return len(every), frames
    is_all = sum(one.size for one in layers.values()) <= _MOST
    for number, heads in layers.items():
        frames.append(Frame(means[number], (f"layer {number}", "mean of heads")))
        frames += [
            Frame(one, (f"layer {number}", f"head {place}"))
            for place, one in enumerate(heads if is_all else (), 1)
        ]
    return len(every), frames
