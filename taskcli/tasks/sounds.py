"""What the two audio tasks share: one feature extractor call for a list of recordings."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any


def features(extractor: Any, model: Any, samples: Sequence[Any], rate: int) -> Mapping[str, Any]:
    """Model inputs for recordings of mono float32 samples [n] each.

    The mask of valid samples is always asked for: with it (and `runtime/exact.py`) a padded
    batch answers as one at a time, also for checkpoints whose extractor says it needs none.
    """
    fixed_length = hasattr(extractor, "n_samples") or hasattr(extractor, "max_length")
    padding = {} if fixed_length else {"padding": True}  # Whisper and AST pad to their own length
    made = extractor(
        list(samples),
        sampling_rate=rate,
        return_attention_mask=True,
        return_tensors="pt",
        **padding,
    )
    accepted = inspect.signature(model.forward).parameters
    return {name: value for name, value in made.items() if name in accepted}
