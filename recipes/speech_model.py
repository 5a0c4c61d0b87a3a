"""The ear that both speech starters share: a Wav2Vec2 whose first layer begins as a filter bank.

The first convolution looks at 15 ms every 10 ms and starts as Gabor filters on the mel scale in
four phases, the second starts by adding the phases up: about what a spectrogram is, at a fraction
of the cost of seven narrow layers learnt from nothing. All of it goes on learning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor

from recipes import training
from recipes.speech import RATE, Floats

WINDOW, HOP = 240, 160  # samples
BANDS, PHASES = 40, 4
LOWEST, HIGHEST = 80.0, 7600.0  # Hz


def build_config(hops: int = 2, **shape: Any) -> Wav2Vec2Config:
    """A frame every `hops` times 10 ms. `shape` gives the width, the depth and the labels."""
    width = BANDS * PHASES
    return Wav2Vec2Config(
        feat_extract_norm="layer",
        conv_dim=(width, width, width),
        conv_kernel=(WINDOW, hops, 1),
        conv_stride=(HOP, hops, 1),
        num_feat_extract_layers=3,
        conv_bias=True,
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=32,
        num_conv_pos_embedding_groups=8,
        feat_proj_dropout=0.0,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
        mask_time_prob=0.0,
        **shape,
    )


def build_extractor() -> Wav2Vec2FeatureExtractor:
    return Wav2Vec2FeatureExtractor(
        sampling_rate=RATE, do_normalize=True, return_attention_mask=True
    )


def initialise(model: nn.Module) -> None:
    """Xavier-uniform matrices, and a first layer that already hears pitch and loudness."""
    training.initialise(model)
    model.set_attn_implementation("eager")  # its way back is twice as fast on a CPU; not saved
    ear = model.wav2vec2.feature_extractor
    ear._requires_grad = False  # else the sound itself gets a gradient, which nothing needs
    first, second, _ = ear.conv_layers
    with torch.no_grad():
        first.conv.weight.copy_(gabor_filters()[:, None])
        first.conv.bias.zero_()
        first.layer_norm.weight.fill_(2.0)
        shape = (second.conv.out_channels, BANDS, second.conv.kernel_size[0])
        same = torch.randn(shape) * math.sqrt(2 / (PHASES * BANDS * shape[-1]))
        second.conv.weight.copy_(same.repeat(1, PHASES, 1))


def gabor_filters() -> Tensor:
    """[PHASES * BANDS, WINDOW], one phase after the other; treble is made louder, as in speech."""
    mels = np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 1)
    edges = 700 * (np.exp(mels / 1127) - 1)
    centres, widths = edges[:-1], np.maximum(np.diff(edges), 60)
    times = (np.arange(WINDOW) - WINDOW / 2 + 0.5) / RATE
    envelopes = np.exp(-0.5 * (times * widths[:, None] * math.pi / 1.2) ** 2)
    envelopes *= np.hanning(WINDOW)
    turns = np.arange(PHASES)[:, None, None] * math.pi / 2
    filters = envelopes * np.cos(2 * math.pi * centres[:, None] * times + turns)
    filters /= np.sqrt((filters**2).sum(-1, keepdims=True))
    filters *= (centres[:, None] / 1000) ** 0.7
    return torch.from_numpy(filters.reshape(-1, WINDOW).astype(np.float32))


def _mel(hertz: float) -> float:
    return 1127 * math.log(1 + hertz / 700)


def pad(sounds: list[Floats]) -> tuple[Tensor, Tensor]:
    """Sounds as the extractor would give them: (values [B,n], mask [B,n])."""
    longest = max(map(len, sounds))
    values = torch.zeros(len(sounds), longest)
    mask = torch.zeros(len(sounds), longest, dtype=torch.long)
    for row, sound in enumerate(sounds):
        normal = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
        values[row, : len(sound)] = torch.from_numpy(normal)
        mask[row, : len(sound)] = 1
    return values, mask
