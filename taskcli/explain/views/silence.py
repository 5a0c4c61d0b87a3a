"""On which moments of a recording its best labels hang."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.beginning import Beginning, beginning, seconds_between, times
from taskcli.explain.views.kinds import Frame, Grid, View

if TYPE_CHECKING:
    import torch

    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_LEAST_SECONDS = 0.1  # of silence
_HEARD_SECONDS = 200  # in all, over every silence: a second of sound takes a model a while
_FEWEST, _MOST = 10, 60  # stretches
_LABELS = 3
_VECTORS = "feature_projection"  # what gives one vector a frame, in Wav2Vec2 and its kin


def draw(seen: Seen) -> Iterator[View]:
    start = beginning(seen)
    labels = _best(seen, start)
    if labels is None:
        return
    yield _silenced(seen, start, labels)
    path = next((one for one, _ in seen.task.model.named_modules() if _gives_vectors(one)), None)
    if path is not None:
        yield _pulled(seen, start, labels[0], path)


def _gives_vectors(path: str) -> bool:
    return path.rpartition(".")[2] == _VECTORS


def _best(seen: Seen, start: Beginning) -> Sequence[int] | None:
    """The best labels of what was heard first; None where it is too short to be silenced."""
    if start.seconds < 2 * _LEAST_SECONDS or not len(start.samples):
        return None
    logits: torch.Tensor = seen.outputs[start.batch].logits[start.row]
    return [int(one) for one in logits.argsort(descending=True)[:_LABELS]]


def _silenced(seen: Seen, start: Beginning, labels: Sequence[int]) -> Grid:
    """Of stretches side by side, each put to silence alone."""
    import numpy as np

    most = max(_FEWEST, min(_MOST, int(_HEARD_SECONDS / start.seconds)))
    width = max(_LEAST_SECONDS, start.seconds / most)
    before = _measured(seen, start, start.part.samples)[:, labels]
    falls = []
    for place in range(max(round(start.seconds / width), 1)):
        silenced = start.part.samples.copy()
        silenced[round(place * width * start.rate) : _end(place + 1, width, start)] = 0
        falls.append(before - _measured(seen, start, silenced)[:, labels])
    logits, scores = np.stack(falls, -1)
    return Grid(
        "",
        "What silence takes away",
        f"Each stretch of {width:.2g} seconds was put to silence, alone, and the recording heard "
        "again: the number is how much the label's logit, or its score, was higher with it. Where "
        "a model is sure, scores hardly move, and logits tell more. Where it is below zero, "
        "silence speaks for the label more than the sound did. Stretches that say the same "
        f"thing twice seem to matter little.{start.of_what}",
        [Frame(logits, ("logit",)), Frame(scores, ("score",))],
        _names(seen, labels),
        times(len(falls), width),
        ("what is lost of",),
        row_name="label",
        column_name="silent from",
        signed=True,
    )


def _end(count: int, width: float, start: Beginning) -> int:
    """The last stretch reaches to the end."""
    whole = count >= round(start.seconds / width)
    return len(start.part.samples) if whole else round(count * width * start.rate)


def _measured(seen: Seen, start: Beginning, samples: "Array") -> "Array":
    """[2, labels]: a model's logits, and scores as the task makes them of these."""
    import torch

    from taskcli.runtime.heard_again import logits_of
    from taskcli.tasks.ranking import scores

    logits = logits_of(seen.task, replace(start.part, samples=samples))
    scored = scores(logits[None], seen.task.options.function, seen.task.model.config)
    measured: Array = torch.stack((logits, scored[0])).numpy()
    return measured


def _pulled(seen: Seen, start: Beginning, label: int, path: str) -> Grid:
    from taskcli.runtime.heard_again import gradient_times_input

    pull = gradient_times_input(seen.task, start.part, path, label)
    step = seconds_between(seen, start, len(pull))
    pull = pull[: round(start.seconds / step)]
    return Grid(
        path,
        "What each vector pulls",
        "The gradient of the best label's score before it becomes a probability, times the vector "
        "of each moment: above zero it speaks for the label, below against it, as far as the model "
        f"is a straight line there, which it is not.{start.of_what}",
        [Frame(pull[None])],
        _names(seen, [label]),
        times(len(pull), step),
        row_name="label",
        column_name="moment",
        signed=True,
    )


def _names(seen: Seen, labels: Sequence[int]) -> Sequence[str]:
    names = seen.task.model.config.id2label
    return [str(names.get(one, one)) for one in labels]
