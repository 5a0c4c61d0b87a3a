"""How sure Whisper was of each token, noted while it writes, which costs no pass of its own."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class _Window:
    """Up to 30 seconds of some of a batch's recordings, and what was written of them by steps."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = rows
        self.tokens: list[torch.Tensor] = []  # [rows, 1] each
        self.shares: list[torch.Tensor] = []  # their probabilities

    def clear(self) -> None:
        self.tokens.clear()
        self.shares.clear()

    def of(self, row: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        """The tokens of a recording [steps], and their probabilities."""
        import torch

        place = self.rows.index(row)
        return torch.cat(self.tokens, 1)[place], torch.cat(self.shares, 1)[place]


class TokenScores:
    """Notes the probability of each token that one call of generate() chooses, before any warping.

    Greedy or sampled, not searched with beams. What is tried again counts as it was tried last, so
    a batch that may be tried at several temperatures must be of one recording.
    """

    def __init__(self) -> None:
        self._windows: list[_Window] = []
        self._length = 0
        self._logs: torch.Tensor | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """Arguments of generate()."""
        return {
            "monitor_progress": self._begin,
            "logits_processor": [self._weigh],
            "stopping_criteria": [self._note],
            "return_segments": True,
        }

    def of(self, row: int, segments: Sequence[Mapping[str, Any]]) -> "torch.Tensor":
        """Probabilities of the tokens of a recording's segments [tokens]."""
        import torch

        windows = (window.of(row) for window in self._windows if row in window.rows)
        found = [_shares_of(tokens, windows) for tokens in _by_window(segments)]
        return torch.cat(found) if found else torch.zeros(0)

    def _begin(self, progress: "torch.Tensor") -> None:
        """Frames that were read of each recording, of how many, as the next window begins."""
        rows = (progress[:, 0] < progress[:, 1]).nonzero().flatten().tolist()
        self._windows.append(_Window(rows))

    def _weigh(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        if input_ids.shape[1] <= self._length:  # it begins anew
            self._windows[-1].clear()
        self._length = input_ids.shape[1]
        self._logs = scores.float().log_softmax(-1)
        return scores

    def _note(self, input_ids: "torch.Tensor", scores: object, **_: object) -> "torch.Tensor":
        import torch

        assert self._logs is not None
        token = input_ids[:, -1:]
        self._windows[-1].tokens.append(token)
        self._windows[-1].shares.append(self._logs.gather(-1, token).exp())
        return torch.zeros(len(token), dtype=torch.bool, device=token.device)


def _by_window(segments: Sequence[Mapping[str, Any]]) -> Iterator["torch.Tensor"]:
    """The tokens of neighbouring segments that one window was parted into."""
    import torch

    for _, own in groupby(segments, lambda segment: id(segment["result"])):
        yield torch.cat([segment["tokens"] for segment in own])


def _shares_of(
    tokens: "torch.Tensor", windows: Iterator[tuple["torch.Tensor", "torch.Tensor"]]
) -> "torch.Tensor":
    """Those of the next window that begins so; one that was taken for silence is passed over."""
    import torch

    count = len(tokens)
    return next(shares[:count] for said, shares in windows if torch.equal(said[:count], tokens))
