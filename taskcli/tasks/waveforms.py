"""What Wav2Vec2's feature extractor makes of recordings, written once where the model reads it.

The extractor itself makes five copies of a batch on the way, which takes longer than its sums.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import FeatureExtractionMixin

_LEAST_VARIANCE = 1e-7  # the extractor's own: silence is not divided by nothing


def is_of_waveforms(extractor: "FeatureExtractionMixin", samples: Sequence[Any], rate: int) -> bool:
    """Whether `waveforms` gives the same numbers as the extractor: it is none of its kin."""
    from transformers import Wav2Vec2FeatureExtractor

    return (
        type(extractor) is Wav2Vec2FeatureExtractor
        and extractor.padding_side == "right"
        and extractor.sampling_rate == rate
        and all(one.ndim == 1 and one.dtype == "float32" for one in samples)
    )


def waveforms(
    extractor: "FeatureExtractionMixin", samples: "Sequence[NDArray[np.float32]]"
) -> Mapping[str, Any]:
    """Recordings [n] each as `input_values` and `attention_mask`, both [rows, longest]."""
    import numpy as np
    import torch

    shape = len(samples), max(map(len, samples))
    values, mask = np.empty(shape, np.float32), np.zeros(shape, np.int32)
    for heard, row, told in zip(samples, values, mask, strict=True):
        told[: len(heard)] = 1
        row[len(heard) :] = extractor.padding_value
        _write(heard, row[: len(heard)], extractor.do_normalize)
    return {"input_values": torch.from_numpy(values), "attention_mask": torch.from_numpy(mask)}


def _write(heard: "NDArray[np.float32]", row: "NDArray[np.float32]", normalised: bool) -> None:
    """By mean and variance, each rounded as the extractor does."""
    import numpy as np

    if not normalised:
        row[:] = heard
        return
    np.subtract(heard, heard.mean(), out=row)
    np.divide(row, np.sqrt(heard.var() + _LEAST_VARIANCE), out=row)
