"""The spectra of long recordings, made in pieces: in one go those of an hour take gigabytes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.tasks.audio import features

if TYPE_CHECKING:
    import torch
    from transformers import FeatureExtractionMixin, PreTrainedModel

    from taskcli.tasks.stretches import Samples

_PIECE = 60  # seconds


def spectra(
    extractor: "FeatureExtractionMixin",
    model: "PreTrainedModel",
    samples: "Sequence[Samples]",
    rate: int,
) -> "Mapping[str, torch.Tensor]":
    """Model inputs for recordings of equal length [n], as `features` makes them of the whole.

    For extractors of which a frame depends on nothing but the samples that it reaches.
    """
    import torch

    hop, length = extractor.hop_length, len(samples[0])
    margin = math.ceil(extractor.n_fft / hop) * hop  # further than any frame reaches
    piece = max(_PIECE * rate // hop, 1) * hop
    made: list[Mapping[str, Any]] = []
    for start, end in _bounds(length, piece):
        begin = max(start - margin, 0)
        heard = [row[begin : end + margin if end < length else length] for row in samples]
        first = (start - begin) // hop
        kept = slice(first, first + piece // hop if end < length else None)
        found = features(extractor, model, heard, rate)
        made.append({name: value[:, kept].clone() for name, value in found.items()})
    return {name: torch.cat([one[name] for one in made], 1) for name in made[0]}


def _bounds(length: int, piece: int) -> Iterator[tuple[int, int]]:
    """From which sample to which; the last piece is as long as the others, or longer."""
    count = max(length // piece, 1)
    for number in range(count):
        yield number * piece, length if number == count - 1 else (number + 1) * piece
