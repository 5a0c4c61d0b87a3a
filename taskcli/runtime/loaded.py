"""A checkpoint on its devices: what sessions of other options share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from transformers import PreTrainedModel

from taskcli.errors import CheckpointError, TaskcliError, first_line
from taskcli.runtime.compiling import Compiler, compiled
from taskcli.runtime.contained import contained
from taskcli.runtime.levels import Scaling
from taskcli.runtime.placement import Placement
from taskcli.runtime.session import Session, Turns, is_out_of_memory
from taskcli.task import Task

if TYPE_CHECKING:
    from taskcli.task import Processor


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A checkpoint of a task on its devices: its processor, its weights, and facts about both.

    Any number of sessions may be bound to it and used in any threads: in turns they collate, for
    some tokenizers change while they pad, and in turns those of one device compute.
    """

    name: str
    task: type[Task[Any, Any, Any]]
    processor: "Processor"
    models: Sequence[PreTrainedModel]  # the same weights, in the order of `placement.each`
    placement: Placement
    model_type: str  # the checkpoint's; its half that writes has one of its own
    scaling: Scaling | None = None  # of what its processor leaves to the device
    turns: Sequence[Turns] = field(init=False)
    compiler: Compiler | None = None
    helper: "LoadedModel | None" = None  # with a copy of its weights for each of these

    def __post_init__(self) -> None:
        first = Turns()
        others = (replace(first, compute=Lock()) for _ in self.models[1:])
        object.__setattr__(self, "turns", (first, *others))

    @property
    def model(self) -> PreTrainedModel:
        """The one on the first device."""
        return self.models[0]

    @property
    def each(self) -> "tuple[LoadedModel, ...]":
        """The model itself, and its helper."""
        return (self,) if self.helper is None else (self, self.helper)

    @property
    def is_compiled(self) -> bool:
        """Whether the forward pass is compiled, or will be by its first batch."""
        return self.compiler is not None and self.compiler.works

    def compiling(self, warn: Callable[[str], None]) -> "LoadedModel":
        """The same model, compiled where it can be; `warn` hears, at any time, where it cannot."""
        return replace(self, compiler=compiled(self.models, self.placement, warn))

    def bind(self, options: object) -> tuple[Session, ...]:
        """A session for each copy of the weights, which answer by `options`.

        Raises UsageError for options that the checkpoint cannot serve, and CheckpointError where
        it lacks what its task needs.
        """
        with refusing_damage(self.name), contained(), self.turns[0].collate:
            tasks = [self.task(options, self.processor, model) for model in self.models]
            for place, task in enumerate(tasks):
                task.take_help(None if self.helper is None else self.helper.as_helper(place))
        return tuple(
            Session(task, placement, self.model_type, turns, self.scaling)
            for task, placement, turns in zip(tasks, self.placement.each, self.turns, strict=True)
        )

    def as_helper(self, place: int) -> Task[Any, Any, Any]:
        """Its task with the weights on one of the devices, in the order of `placement.each`."""
        return self.task(self.task.Options(), self.processor, self.models[place])


@contextmanager
def refusing_damage(name: str) -> Iterator[None]:
    """What else a damaged checkpoint makes libraries raise, at any of a thousand places."""
    try:
        yield
    except TaskcliError:
        raise
    except Exception as failure:
        if is_out_of_memory(failure):
            raise CheckpointError(
                f"{name} is larger than the memory there is: {first_line(failure)}",
                "choose a smaller checkpoint, or --device cpu",
            ) from failure
        reason = f"{type(failure).__name__}: {first_line(failure)}"
        raise CheckpointError(
            f"{name} cannot be loaded: {reason}",
            "choose a checkpoint that is whole; TASKCLI_DEBUG=1 shows where it failed",
        ) from failure
