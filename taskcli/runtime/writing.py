"""How a model came to write what it wrote: at each step, what it might have written instead.

generate() chooses each token by scores that processors change (a penalty, a forced token) and ends
texts by criteria. Both lists are noted here as they are called, in any way of generating.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from transformers import LogitsProcessorList, StoppingCriteriaList

if TYPE_CHECKING:
    import numpy.typing as npt
    from transformers import GenerationConfig, PreTrainedModel

    Floats: TypeAlias = npt.NDArray[np.float32]
    Tokens: TypeAlias = npt.NDArray[np.int64]

_MOST_BATCHES = 16  # that are noted: of the parts that are planned first
BEST = 6  # tokens of a step that are kept: the one that is written, and five others


@dataclass(frozen=True, eq=False)
class Candidates:
    """Texts that a step made, one token longer than the rows that it began with.

    `ids` [n, written tokens]; `rows` [n], of which row each goes on; `own` [n], the logarithm of
    the probability that the model gave its last token; `score` [n], the same number as processors
    left it, which is what beams add up; `drawn` [n], the logarithm of the share it has among the
    scores that processors left; `ended` [n], whether it goes on no more.
    """

    ids: "Tokens"
    rows: "Tokens"
    own: "Floats"
    score: "Floats"
    drawn: "Floats"
    ended: "npt.NDArray[np.bool_]"


@dataclass(frozen=True, eq=False)
class Step:
    """`ids` [rows, tokens] were written before it; of each row there are the likeliest tokens.

    `best` [rows, BEST] are their numbers and `shares` their probabilities, by the model alone;
    `entropy` [rows] is of all its probabilities, in bits.
    """

    ids: "Tokens"
    best: "Tokens"
    shares: "Floats"
    entropy: "Floats"
    candidates: Candidates


@dataclass(eq=False)
class Written:
    """One batch that a model wrote: what it was asked for, and its steps.

    `before` [rows, tokens] stood there before the first: prompts, or what tells a decoder to begin.
    """

    config: "GenerationConfig"
    processors: Sequence[str]  # the classes that changed scores
    steps: list[Step] = field(default_factory=list)
    before: "Tokens | None" = None

    @property
    def beams(self) -> int:
        return self.config.num_beams or 1


class Writing:
    """Notes what a model writes; `batches` has an entry for each time that this was entered.

    That is None where nothing was written by steps, and of later parts of a very long text. Numbers
    are kept on the host, for each step a few of each row; scores of the whole vocabulary only until
    the step's token is chosen.
    """

    def __init__(self, model: "PreTrainedModel") -> None:
        self.batches: list[Written | None] = []
        self._model: Any = model
        self._scored: _Scored | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, in one thread, generate() is noted."""
        self.batches.append(None)
        if not self._model.can_generate() or len(self.batches) > _MOST_BATCHES:
            yield
            return
        names = ("_get_logits_processor", "_get_stopping_criteria")
        kinds = (self._noting_scores, self._noting_texts)
        for name, noting in zip(names, kinds, strict=True):
            setattr(self._model, name, noting(getattr(self._model, name)))
        try:
            yield
        finally:
            for name in names:
                delattr(self._model, name)

    def _noting_scores(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, generation_config: "GenerationConfig", **kwargs: Any) -> Any:
            found = make(*args, generation_config=generation_config, **kwargs)
            if self.batches[-1] is None:  # else a later call goes on with the same texts
                names = [type(one).__name__ for one in found]
                self.batches[-1] = Written(generation_config, names)
            return _Processors(found, self._scores)

        return made

    def _noting_texts(self, make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: _Criteria(make(*args, **kwargs), self._texts)

    def _scores(self, ids: torch.Tensor, own: torch.Tensor, scores: torch.Tensor) -> None:
        self._scored = _Scored(ids, own, scores)

    def _texts(self, ids: torch.Tensor, ended: torch.Tensor) -> None:
        batch, scored = self.batches[-1], self._scored
        if batch is not None and scored is not None and scored.is_before(ids, batch.beams):
            if batch.before is None:
                batch.before = _tokens(scored.ids)
            batch.steps.append(scored.step(ids, ended, batch.beams, batch.before.shape[1]))
        self._scored = None


@dataclass(frozen=True, eq=False)
class _Scored:
    """Rows [rows, tokens], with scores [rows, vocabulary] of the token behind each."""

    ids: torch.Tensor
    own: torch.Tensor  # logarithms of probabilities
    scores: torch.Tensor

    def is_before(self, ids: torch.Tensor, beams: int) -> bool:
        """Whether texts are one token longer, and as many of each input."""
        items = len(self.ids) // beams
        is_whole = items > 0 and not len(self.ids) % beams and not len(ids) % items
        return is_whole and ids.shape[1] == self.ids.shape[1] + 1

    def step(self, ids: torch.Tensor, ended: torch.Tensor, beams: int, begin: int) -> Step:
        rows = self._rows_of(ids, beams)
        shares = self.own.exp()
        best = shares.topk(min(BEST, shares.shape[-1]), dim=-1)
        entropy = torch.special.entr(shares).sum(-1) / np.log(2)
        drawn = self.scores.log_softmax(-1)
        last = ids[:, -1]
        return Step(
            _tokens(self.ids[:, begin:]),
            _tokens(best.indices),
            _floats(best.values),
            _floats(entropy),
            Candidates(
                _tokens(ids[:, begin:]),
                _tokens(rows),
                _floats(self.own[rows, last]),
                _floats(self.scores[rows, last]),
                _floats(drawn[rows, last]),
                ended.cpu().numpy(),
            ),
        )

    def _rows_of(self, ids: torch.Tensor, beams: int) -> torch.Tensor:
        """Which row each text goes on: the first of its input that has its tokens."""
        if len(ids) == len(self.ids):
            return torch.arange(len(ids), device=ids.device)
        items = len(self.ids) // beams
        before = self.ids.view(items, 1, beams, -1)
        same = (ids[:, :-1].view(items, -1, 1, before.shape[-1]) == before).all(-1)
        first = same.int().argmax(-1) + beams * torch.arange(items, device=ids.device)[:, None]
        return first.flatten()


class _Processors(LogitsProcessorList):  # type: ignore[misc]  # transformers does not type it
    def __init__(self, own: Sequence[Any], note: Callable[..., None]) -> None:
        super().__init__(own)
        self._note = note

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> Any:
        own = scores.float().log_softmax(-1)
        found = super().__call__(input_ids, scores, **kwargs)
        self._note(input_ids, own, found.float())
        return found


class _Criteria(StoppingCriteriaList):  # type: ignore[misc]
    def __init__(self, own: Sequence[Any], note: Callable[..., None]) -> None:
        super().__init__(own)
        self._note = note

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> Any:
        ended = super().__call__(input_ids, scores, **kwargs)
        self._note(input_ids, ended)
        return ended


def _tokens(tensor: torch.Tensor) -> "Tokens":
    found: Tokens = tensor.to("cpu", copy=True).numpy()  # of a part, not a view of the whole
    return found


def _floats(tensor: torch.Tensor) -> "Floats":
    found: Floats = tensor.to("cpu", torch.float32).numpy()
    return found
