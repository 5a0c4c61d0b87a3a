"""--compile: a model's forward pass by torch.compile, and as it is where that fails.

What is compiled are torch's operators with their shapes, as transformers' code asks for them: of a
checkpoint come numbers alone, so its words reach no compiler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from threading import Lock
from typing import TypeVar

import torch
from transformers import PreTrainedModel

from taskcli.errors import first_line
from taskcli.runtime.placement import Placement
from taskcli.runtime.session import is_out_of_memory

_BACKEND = "inductor"
AnswerT = TypeVar("AnswerT")


def why_plain(model: PreTrainedModel, placement: Placement) -> str:
    """Why a model is better left as it is; empty for those that are compiled."""
    if model.can_generate():
        return "models that write run as they are: token by token, from a memory that grows"
    if placement.spread:
        return "a model that is spread over several devices runs as it is"
    if placement.int8:
        return "layers in int8 run as they are, by kernels of their own"
    return ""


def compiled(
    models: Sequence[PreTrainedModel], placement: Placement, warn: Callable[[str], None]
) -> "Compiler | None":
    """Compile copies of a model at their first batches; `warn` hears why one is not."""
    if why := why_plain(models[0], placement):
        warn(f"--compile: {why}")
        return None
    compiler = Compiler(warn)
    for model in models:
        compiler.compile(model)
    return compiler


@dataclass(eq=False)
class Compiler:
    """Compiles forward passes at their first batches, until one fails that runs as it is.

    `warn` hears of that, once, in the thread that computes.
    """

    warn: Callable[[str], None]
    works: bool = True
    _lock: Lock = field(default_factory=Lock)

    def compile(self, model: PreTrainedModel) -> None:
        """Put the compiled pass in place of the model's own; hooks of the model stay outside."""
        model.forward = self._falling_back(model.forward)

    def _falling_back(self, plain: Callable[..., AnswerT]) -> Callable[..., AnswerT]:
        @cache
        def compiled() -> Callable[..., AnswerT]:
            # For batches of all sizes at once. What copies of a model on other devices are
            # compiled for counts against none of them.
            made: Callable[..., AnswerT] = torch.compile(
                plain, backend=_BACKEND, dynamic=True, isolate_recompiles=True
            )
            return made

        @wraps(plain)
        def forward(*args: object, **kwargs: object) -> AnswerT:
            if not self.works:
                return plain(*args, **kwargs)
            try:
                return compiled()(*args, **kwargs)
            except Exception as failure:
                if _was_too_large(failure):
                    raise
                reason = f"{type(failure).__name__}: {first_line(failure)}"
            answer = plain(*args, **kwargs)  # an input that is to blame fails here, too
            self._give_up(reason)
            return answer

        return forward

    def _give_up(self, reason: str) -> None:
        with self._lock:
            works, self.works = self.works, False
        if works:
            self.warn(f"--compile: the model cannot be compiled here and runs as it is: {reason}")


def _was_too_large(failure: Exception) -> bool:
    """Whether smaller batches may do; of memory that compiling itself lacks, they would not."""
    from torch._dynamo.exc import TorchDynamoException  # torch has it by now; it takes seconds

    return is_out_of_memory(failure) and not isinstance(failure, TorchDynamoException)
