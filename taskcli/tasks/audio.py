"""What the two audio tasks share: the features of what is heard."""

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.tasks.waveforms import is_of_waveforms, waveforms

if TYPE_CHECKING:
    from transformers import FeatureExtractionMixin, PreTrainedModel

_FRAME_SECONDS = 0.01  # of the spectrograms that AST reads


def heard_seconds(extractor: "FeatureExtractionMixin") -> float | None:
    """How much of a recording a feature extractor of fixed length keeps; None for all of it."""
    if hasattr(extractor, "n_samples"):  # Whisper
        return float(extractor.n_samples / extractor.sampling_rate)
    frames = getattr(extractor, "max_length", None)  # AST
    return None if frames is None else frames * _FRAME_SECONDS


def features(
    extractor: "FeatureExtractionMixin", model: "PreTrainedModel", samples: Sequence[Any], rate: int
) -> Mapping[str, Any]:
    """Model inputs for recordings of mono float32 samples [n] each.

    The mask of valid samples is always asked for: with it (and `runtime/masked_norm.py`) a padded
    batch answers as one at a time, also for checkpoints whose extractor says it needs none.
    """
    own_length = heard_seconds(extractor) is not None
    asked: dict[str, Any] = {} if own_length else {"padding": True}
    if _takes(extractor, "return_attention_mask"):  # Kyutai's gives a mask of its own
        asked["return_attention_mask"] = True
    if is_of_waveforms(extractor, samples, rate):
        made = waveforms(extractor, samples)
    else:
        made = extractor(list(samples), sampling_rate=rate, return_tensors="pt", **asked)
    # Kyutai's sound goes through generate() beside forward().
    accepted = {*inspect.signature(model.forward).parameters, extractor.model_input_names[0]}
    return {name: value for name, value in made.items() if name in accepted}


def _takes(extractor: "FeatureExtractionMixin", name: str) -> bool:
    parameters = inspect.signature(extractor.__call__).parameters.values()
    return any(one.name == name or one.kind is one.VAR_KEYWORD for one in parameters)
