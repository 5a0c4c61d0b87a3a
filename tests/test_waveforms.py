"""What models that read waveforms are given: their extractor's own numbers, to the last bit."""

from typing import Any

import numpy as np
import pytest
import torch
from models import load
from transformers import Wav2Vec2FeatureExtractor

from taskcli.tasks.audio import features

RATE = 16_000
NAMES = ["input_values", "attention_mask"]


def sounds(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [(0.1 + rng.standard_normal(n)).astype(np.float32) for n in lengths]


@pytest.fixture(scope="module")
def model() -> Any:
    return load("asr", "wav2vec2-layer-ctc").loaded.model


@pytest.mark.parametrize(
    "options",
    [{}, {"do_normalize": False}, {"padding_value": -0.5}, {"padding_side": "left"}],
    ids=str,
)
def test_batches_hold_what_the_extractor_says(model: Any, options: dict[str, Any]) -> None:
    extractor = Wav2Vec2FeatureExtractor(**options)
    heard = [*sounds(9_600, 400, 16_001), np.zeros(800, np.float32)]
    expected = extractor(
        heard, sampling_rate=RATE, padding=True, return_attention_mask=True, return_tensors="pt"
    )
    made = features(extractor, model, heard, RATE)
    assert list(made) == NAMES
    for name in NAMES:
        assert made[name].dtype == expected[name].dtype
        assert torch.equal(made[name], expected[name])


def test_a_recording_is_not_changed(model: Any) -> None:
    (heard,) = sounds(4_000)
    before = heard.copy()
    features(Wav2Vec2FeatureExtractor(), model, [heard], RATE)
    np.testing.assert_array_equal(heard, before)


def test_an_extractor_of_another_rate_refuses(model: Any) -> None:
    with pytest.raises(ValueError, match="sampling"):
        features(Wav2Vec2FeatureExtractor(sampling_rate=8_000), model, sounds(4_000), RATE)
