"""How likely each label is at each place of a picture, where segments are of labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import WHOLE, Frame, Maps
from taskcli.explain.views.picture import bounded
from taskcli.explain.views.proposals import Proposals
from taskcli.explain.views.shares import softmax

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

_LABELS = 12


def of_labels(seen: Seen, layers: Sequence[Proposals]) -> Iterator[Maps]:
    """How likely each label is at each place, where segments are of labels."""
    found = [one.label for one in sorted(seen.result, key=lambda one: -one.area)]
    if any(one.score is not None for one in seen.result):
        return
    likely = _likely_labels(seen, layers)
    names = seen.task.model.config.id2label
    if likely is None or len(likely) != len(names):
        return
    ids = {name: number for number, name in names.items()}
    shown = found[:_LABELS]
    left = len(found) - len(shown)
    frames = [Frame(bounded(likely[ids[label]]), (label,)) for label in shown]
    yield Maps(
        "",
        "How likely each label is",
        "At each place, among all labels of the checkpoint. Those of the answer are shown, largest "
        "first." + (f" {left} smaller ones are left out." if left else ""),
        frames,
        ("label",),
        shared=True,
        extent=WHOLE,
    )


def _likely_labels(seen: Seen, layers: Sequence[Proposals]) -> "Array | None":
    """[labels, h, w]; of queries, their masks shared out by how likely their labels are."""
    import numpy as np

    from taskcli.runtime.capture import array

    if layers:
        shares = np.einsum("qc,qhw->chw", layers[-1].likely[:, :-1], layers[-1].masks)
        total: Array = shares / np.maximum(shares.sum(0), 1e-12)
        return total
    outputs = seen.outputs[0]
    logits = outputs.get("logits") if isinstance(outputs, Mapping) else None
    if logits is None or logits.ndim != 4 or logits.shape[1] < 2:
        return None
    return softmax(array(logits[0]), 0)
