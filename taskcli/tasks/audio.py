"""What the two audio tasks share: recordings in stretches, and their features."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from taskcli.media.items import AudioInput, Recording
from taskcli.tasks.waveforms import is_of_waveforms, waveforms

if TYPE_CHECKING:
    import numpy as np
    from transformers import FeatureExtractionMixin, PreTrainedModel

_FRAME_SECONDS = 0.01  # of the spectrograms that AST reads


def heard_seconds(extractor: "FeatureExtractionMixin") -> float | None:
    """How much of a recording a feature extractor of fixed length keeps; None for all of it."""
    if hasattr(extractor, "n_samples"):  # Whisper
        return float(extractor.n_samples / extractor.sampling_rate)
    frames = getattr(extractor, "max_length", None)  # AST
    return None if frames is None else frames * _FRAME_SECONDS


class Attempt(Protocol):
    """What says of which attempt at a recording it is."""

    @property
    def attempt(self) -> int: ...


AttemptT = TypeVar("AttemptT", bound=Attempt)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples of one recording that are heard together, and `fresh`: how many of them are new.

    `attempt` counts how often the recording was begun: results of earlier attempts are void.
    """

    samples: "np.ndarray[Any, Any]"
    rate: int
    fresh: int
    start: int = 0  # in samples of the recording
    last: bool = True
    attempt: int = 0

    @property
    def nbytes(self) -> int:
        return int(self.samples.nbytes)

    @property
    def span(self) -> tuple[int, int]:
        """From which sample of the recording to which."""
        return self.start, self.start + len(self.samples)

    def __len__(self) -> int:
        return len(self.samples)


def stretches(
    item: Recording, whole: int, window: int, step: int, unit: int = 1
) -> Iterator[Stretch]:
    """A recording of up to `whole` samples in one, a longer one in windows, a `step` apart.

    The last window reaches to the end; less than a `unit` of samples is not worth one more.
    """
    import numpy as np

    attempt = start = 0
    held = np.zeros(0, np.float32)  # from `start` on
    for piece in [item.samples] if isinstance(item, AudioInput) else item.read():
        if piece is None:
            attempt, start, held = attempt + 1, 0, held[:0]
            continue
        held = np.concatenate((held, piece)) if len(held) else piece
        while len(held) >= window + unit and (start or len(held) > whole):
            yield Stretch(held[:window], item.rate, step, start, False, attempt)
            start, held = start + step, held[step:]
    yield Stretch(held, item.rate, len(held), start, True, attempt)


def of_last_attempt(results: Sequence[AttemptT]) -> list[AttemptT]:
    """What is not void: a recording that was begun again is answered by its last attempt."""
    return [one for one in results if one.attempt == results[-1].attempt]


def whole(item: Recording) -> AudioInput:
    """A recording with all of its samples, for models that hear it at once."""
    import numpy as np

    if isinstance(item, AudioInput):
        return item
    pieces: list[np.ndarray[Any, Any]] = []
    for piece in item.read():
        if piece is None:
            pieces.clear()
        else:
            pieces.append(piece)
    return AudioInput(np.concatenate(pieces), item.rate, item.warnings)


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
