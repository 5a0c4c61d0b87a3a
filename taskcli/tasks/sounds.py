"""What the two audio tasks share: one feature extractor call for a list of recordings."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

_FRAME_SECONDS = 0.01  # of the spectrograms that AST reads


def heard_seconds(extractor: Any) -> float | None:
    """How much of a recording a feature extractor of fixed length keeps; None for all of it."""
    if hasattr(extractor, "n_samples"):  # Whisper
        return float(extractor.n_samples / extractor.sampling_rate)
    frames = getattr(extractor, "max_length", None)  # AST
    return None if frames is None else frames * _FRAME_SECONDS


def features(extractor: Any, model: Any, samples: Sequence[Any], rate: int) -> Mapping[str, Any]:
    """Model inputs for recordings of mono float32 samples [n] each.

    The mask of valid samples is always asked for: with it (and `runtime/exact.py`) a padded
    batch answers as one at a time, also for checkpoints whose extractor says it needs none.
    """
    own_length = heard_seconds(extractor) is not None
    padding = {} if own_length else {"padding": True}
    made = extractor(
        list(samples),
        sampling_rate=rate,
        return_attention_mask=True,
        return_tensors="pt",
        **padding,
    )
    accepted = inspect.signature(model.forward).parameters
    return {name: value for name, value in made.items() if name in accepted}
