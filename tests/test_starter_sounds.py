"""The starters that listen: what they answer about recordings whose words are known."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

SOUNDS = Path(__file__).resolve().parent.parent / "examples" / "sounds"
COMMANDS = {"yes.wav": "yes", "stop.wav": "stop", "left.flac": "left", "go-stereo.wav": "go"}


def best_labels(run, *words):
    result = run("classify-audio", *words, "--model", "starter", "--top-k", 1)
    assert result.exit_code == 0
    return {Path(record["input"]).name: record["result"][0]["label"] for record in result.records}


def test_classify_audio_names_the_command_that_is_said(run):
    assert best_labels(run, *(SOUNDS / name for name in COMMANDS)) == COMMANDS


def test_classify_audio_hears_it_at_another_rate_and_in_stereo(run, tmp_path):
    for name in COMMANDS:
        sound, rate = soundfile.read(SOUNDS / name, always_2d=True)
        mono = soxr.resample(sound.mean(1), rate, 48_000)
        both = np.stack([mono, 0.3 * mono], 1)
        soundfile.write(tmp_path / Path(name).with_suffix(".flac"), both, 48_000)
    found = best_labels(run, tmp_path)
    assert found == {f"{Path(name).stem}.flac": label for name, label in COMMANDS.items()}


@pytest.mark.parametrize("level", [0.0, 0.02])
def test_classify_audio_hears_no_word_in_noise(run, tmp_path, level):
    noise = level * np.random.default_rng(0).standard_normal(16_000)
    soundfile.write(tmp_path / "quiet.wav", noise, 16_000)
    assert best_labels(run, tmp_path / "quiet.wav") == {"quiet.wav": "_silence_"}


def test_classify_audio_takes_a_sentence_for_no_command(run):
    assert best_labels(run, SOUNDS / "sentence.wav") == {"sentence.wav": "_unknown_"}
