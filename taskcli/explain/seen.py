"""What views are drawn from: one input through a model, with all that was wanted kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskcli.media.items import Item
from taskcli.task import Batch, Task

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array
    from taskcli.explain.views.picture import Plane
    from taskcli.runtime.capture import Call
    from taskcli.runtime.writing import Written


@dataclass(frozen=True)
class Seen:
    """One input on its way; a long one has several batches, in order.

    `task` is bound to the processor, the weights and the options. `batches` hold what the model was
    given, `parts` what they were made of, `outputs` what Task.forward gave; tensors are torch's, on
    the host. `calls` and `attention` are by the paths of modules, in the order of the calls:
    NumPy's, float32. Weights of attention are [rows, heads, queries, keys]. `writing` tells of each
    batch how it was written, None of one that was not. `plane` is where the model's input lies on a
    picture.
    """

    task: Task[Any, Any, Any]
    model_type: str
    item: Item
    result: Any
    batches: Sequence[Batch]
    parts: Sequence[Sequence[Any]]
    outputs: Sequence[Any]
    calls: Mapping[str, "Sequence[Call]"]
    attention: Mapping[str, "Sequence[Array]"]
    writing: "Sequence[Written | None]"
    plane: "Plane | None"
