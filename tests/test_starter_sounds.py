"""The starters that listen: what they answer about recordings whose words are known."""

from pathlib import Path

import jiwer
import numpy as np
import pytest
import soundfile
import soxr

from recipes.examples import SOUNDS as SAID

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


SENTENCES = {name: text for name, text in SAID.items() if " " in text}


def heard(run, *words):
    """What asr writes for each file, by its name."""
    result = run("asr", *words, "--model", "starter")
    assert result.exit_code == 0
    return {
        Path(record["input"]).stem: record["result"]["text"].lower() for record in result.records
    }


def error_rate(found):
    said = {Path(name).stem: text for name, text in SENTENCES.items()}
    return jiwer.wer([said[name] for name in found], list(found.values()))


def test_asr_writes_down_the_sentence_that_is_said(run):
    found = heard(run, *(SOUNDS / name for name in SENTENCES))
    assert len(found) == len(SENTENCES)
    assert error_rate(found) <= 0.12
    assert found["scene"] == SENTENCES["scene.wav"]


@pytest.mark.parametrize(("rate", "gain"), [(44_100, 0.1), (48_000, 1.0), (22_050, 0.5)])
def test_asr_hears_it_in_stereo_at_another_rate_and_loudness(run, tmp_path, rate, gain):
    for name in SENTENCES:
        sound, own = soundfile.read(SOUNDS / name, always_2d=True)
        mono = gain * soxr.resample(sound.mean(1), own, rate)
        soundfile.write(tmp_path / f"{Path(name).stem}.flac", np.stack([mono, 0.5 * mono], 1), rate)
    found = heard(run, tmp_path)
    assert len(found) == len(SENTENCES)
    assert error_rate(found) <= 0.15


def test_asr_writes_nothing_where_nothing_is_said(run, tmp_path):
    soundfile.write(tmp_path / "quiet.wav", np.zeros(32_000), 16_000)
    assert heard(run, tmp_path / "quiet.wav") == {"quiet": ""}


def test_words_have_the_times_at_which_they_are_said(run, tmp_path):
    sound, rate = soundfile.read(SOUNDS / "sentence.wav")
    pause = np.zeros(2 * rate)
    soundfile.write(tmp_path / "twice.wav", np.concatenate([sound, pause, sound]), rate)
    result = run("asr", tmp_path / "twice.wav", "--model", "starter", "--timestamps", "word")
    words = [
        (one["text"].lower(), *one["timestamp"]) for one in result.records[0]["result"]["chunks"]
    ]
    assert [word for word, _, _ in words] == 2 * SENTENCES["sentence.wav"].split()
    half, later = len(words) // 2, len(sound) / rate + 2
    for (_, start, end), (_, again, _) in zip(words[:half], words[half:], strict=True):
        assert 0 <= start < end <= len(sound) / rate
        assert again - start == pytest.approx(later, abs=0.1)


def test_what_asr_hears_translate_reads(run):
    spoken = run("asr", SOUNDS / "scene.wav", "--model", "starter")
    result = run("translate", "-", "--model", "starter", "--to", "fr", stdin=spoken.stdout)
    [record] = result.records
    assert record["result"]["translation_text"] == "La balle rouge est derrière le cube bleu."
