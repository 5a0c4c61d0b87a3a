"""How sure a CTC model is of what it wrote: the probabilities of the frames that wrote letters."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from taskcli.results import Chunk, Transcript

if TYPE_CHECKING:
    import torch


def best_shares(logits: "torch.Tensor") -> "torch.Tensor":
    """The probability of the best label of each frame [rows, frames]."""
    logits = logits.float()
    return (logits.amax(-1) - logits.logsumexp(-1)).exp()


def scored(
    said: Transcript,
    labels: Sequence[int],
    shares: Sequence[float],
    silent: Collection[int | None],
    seconds: float,
) -> Transcript:
    """With the mean probability of the text's letters, and of those of each chunk.

    `labels` and `shares` are of the recording's frames, each of so many `seconds`; the `silent`
    labels, of blanks and of spaces, write no letter.
    """

    def score(start: int, end: int) -> float | None:
        frames = zip(labels[start:end], shares[start:end], strict=True)
        written = [share for label, share in frames if label not in silent]
        return sum(written) / len(written) if written else None

    def with_score(chunk: Chunk) -> Chunk:
        start, end = (round(second / seconds) for second in chunk.timestamp)
        return replace(chunk, score=score(start, end))

    chunks = None if said.chunks is None else tuple(map(with_score, said.chunks))
    return replace(said, chunks=chunks, score=score(0, len(labels)))
