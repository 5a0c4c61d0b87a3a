"""Recordings of two voices, and checkpoints that tell them apart.

Each voice hums while it speaks: one below all speech, the other above it. The checkpoints hear the
hums: weights that were never trained could not tell voices apart.
"""

import functools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soundfile
import torch
import transformers as hf
from checkpoints import _wav2vec2_config
from transformers.models.nemotron_asr_streaming.feature_extraction_nemotron_asr_streaming import (
    NemotronAsrStreamingFeatureExtractor,
)

from taskcli.tasks.asr.speaker_windows import Heard

RATE = 16_000
LOW, HIGH = 60, 7_600  # Hz
SPOKEN = Path(__file__).parent.parent / "examples" / "sounds"
_BANDS, _WIDTH, _HEAD, _SPEAKERS = 32, 16, 8, 4
_FRAMES = 8  # of the spectrum, in one of the encoder's


def voice(name: str, hum: float) -> np.ndarray:
    """What is said in one of the examples, by somebody who hums so high."""
    samples, rate = soundfile.read(SPOKEN / name, dtype="float32")
    assert rate == RATE
    # Spectra are of what changes from sample to sample, of which a low hum has little.
    loudness = 0.4 if hum == LOW else 0.05
    at = 2 * np.pi * hum * np.arange(len(samples)) / RATE
    return np.asarray(samples) + loudness * np.sin(at, dtype=np.float32)


def conversation(file: Path, *said: tuple[str, float], pause: float = 0.6) -> list[float]:
    """Write what is said in turn, names and hums as `voice` takes them.

    Gives when each turn begins, and the end of the last.
    """
    silence = np.zeros(round(pause * RATE), np.float32)
    pieces, marks = [silence], [pause]
    for name, hum in said:
        pieces += [voice(name, hum), silence]
        marks.append(sum(map(len, pieces)) / RATE)
    soundfile.write(file, np.concatenate(pieces), RATE)
    return marks


@functools.cache
def _home() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="voices-")


@functools.cache
def diarization() -> Path:
    """The folder of a tiny Nemotron 3 Diarization. Treat it as read-only."""
    folder = Path(_home().name) / "nemotron"
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        model = hf.Nemotron3DiarizationForAudioFrameClassification(_config())
        _hear_hums(model)
    model.save_pretrained(folder)
    extractor = NemotronAsrStreamingFeatureExtractor(feature_size=_BANDS)
    hf.Nemotron3DiarizationProcessor(extractor).save_pretrained(folder)
    return folder


@functools.cache
def first_of_two() -> Path:
    """The folder of a tiny Wav2Vec2 that hears the first of two speakers, always."""
    folder = Path(_home().name) / "wav2vec2"
    config = _wav2vec2_config("layer", num_labels=2)
    model = hf.Wav2Vec2ForAudioFrameClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([4.0, -4.0]))
    model.save_pretrained(folder)
    hf.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    return folder


def _config(**sizes: Any) -> hf.Nemotron3DiarizationConfig:
    cache = {"speaker_cache_length": 32, "fifo_length": 32, "speaker_cache_update_period": 16}
    return hf.Nemotron3DiarizationConfig(
        audio_config={
            "hidden_size": _WIDTH, "intermediate_size": _WIDTH, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_mel_bins": _BANDS, "subsampling_factor": _FRAMES,
        },
        head_config={
            "hidden_size": _HEAD, "num_speakers": _SPEAKERS, "audio_hidden_size": _WIDTH,
            "subsampling_factor": _FRAMES,
        },
        streaming_config={**cache, "num_speakers": _SPEAKERS, "subsampling_factor": _FRAMES},
        chunk_length=50,
        chunk_right_context=8,
        fifo_length=16,
        speaker_cache_update_period=16,
        **sizes,
    )  # fmt: skip


def _hear_hums(model: Any) -> None:
    """The highest band is speaker 2, the lowest speaker 1: by how much one exceeds the other."""
    tower = model.model.audio_tower
    bands = torch.zeros(_WIDTH, _FRAMES, _BANDS)
    bands[0, :, 0] = bands[1, :, -1] = 1 / _FRAMES
    tower.embedder.projection.weight.copy_(bands.flatten(1))
    for layer in tower.layers:  # which pass on what they get
        for part in (layer.self_attn.o_proj, layer.mlp.fc2):
            part.weight.zero_()
            part.bias.zero_()
    apart = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    for linear, scale in ((model.model.proj, 1.0), (model.classifier.dense, 1.0)):
        linear.weight.zero_()
        linear.bias.zero_()
        linear.weight[:2, :2] = scale * torch.eye(2)
    model.model.proj.weight[:2, :2] = apart
    model.classifier.out_proj.weight.zero_()
    model.classifier.out_proj.bias.fill_(-8.0)
    model.classifier.out_proj.weight[:2, :2] = 8 * torch.eye(2)


def frames_of_windows(whole: np.ndarray, window: int, step: int) -> list[Heard]:
    """What a model would say of windows of frames, 20 ms each: the last reaches to the end."""
    starts = [0]
    while starts[-1] + window < len(whole):
        starts.append(starts[-1] + step)
    ends = [min(start + window, len(whole)) for start in starts]
    return [
        Heard(whole[start:end], start / 50, end / 50)
        for start, end in zip(starts, ends, strict=True)
    ]
