"""What `taskcli explain` shows of recordings: their moments, the path through letters, evidence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import soundfile
from checkpoints import cached
from parity.checkpoint import make

import taskcli
from taskcli.explain import explain
from taskcli.explain.views.kinds import Grid, Maps, Rows, View, Wave
from taskcli.inputs.sources import Reading, resolve
from taskcli.tasks import BY_NAME

SOUNDS = Path(__file__).parents[1] / "examples/sounds"
SPEECH = ("yes.wav", "sentence.wav", "news.ogg")
ViewT = TypeVar("ViewT", bound=View)


def looked(task: str, sound: Path, model: str | Path = "starter", **options: Any) -> Any:
    loaded = taskcli.load(task, str(model), device="cpu", dtype="float32", **options)
    reading = Reading(loaded.task.media, loaded.task.text_fields, chats=loaded.task.chats)
    (source,) = resolve([str(sound)], reading).items
    found = explain(loaded, source, views=True)
    assert found.record.error is None, found.record.error
    assert found.look is not None
    assert found.look.same
    return found


def view(found: Any, kind: type[ViewT], title: str) -> ViewT:
    (one,) = (one for one in found.look.views if isinstance(one, kind) and one.title == title)
    return one


def steps(found: Any) -> Mapping[str, str]:
    table = view(found, Rows, "From path to text")
    return {str(step): str(letters) for step, letters in table.rows}


@pytest.mark.parametrize("name", SPEECH)
def test_the_collapse_of_the_path_is_the_answer(name: str) -> None:
    found = looked("asr", SOUNDS / name)
    text = found.record.result.text
    told = steps(found)
    wave = view(found, Wave, "Waveform and path")
    assert told["Blanks taken out"].replace("|", " ") == told["The answer"] == text
    assert "".join(one.text for one in wave.pieces) == told["Likeliest at every moment"]
    kept = "".join(one.text for one in wave.pieces if one.is_kept)
    assert kept == told["Blanks taken out"]
    assert told["Repeats joined"].replace("–", "") == kept
    assert "–" in told["Repeats joined"]


def test_a_blank_keeps_two_equal_letters_apart() -> None:
    told = steps(looked("asr", SOUNDS / "sentence.wav"))
    assert "AP–PLES" in told["Repeats joined"]
    assert "APPLES" in told["Blanks taken out"]


@pytest.mark.parametrize("name", SPEECH)
def test_frames_cover_the_recording(name: str) -> None:
    """The starter's convolutions make a vector of every 160 * 3 samples: 30 ms."""
    found = looked("asr", SOUNDS / name)
    wave = view(found, Wave, "Waveform and path")
    samples, rate = soundfile.read(SOUNDS / name)
    assert wave.step == pytest.approx(0.03)
    assert len(wave.pieces) * wave.step == pytest.approx(len(samples) / rate, abs=2 * wave.step)
    assert len(wave.samples) == len(samples)
    assert [one.end for one in wave.pieces[:-1]] == [one.start for one in wave.pieces[1:]]
    assert wave.pieces[-1].end == pytest.approx(len(samples) / rate)


def test_each_moment_of_the_lattice_sums_to_one_and_its_best_cell_is_the_path() -> None:
    found = looked("asr", SOUNDS / "sentence.wav")
    lattice, wave = view(found, Grid, "CTC lattice"), view(found, Wave, "Waveform and path")
    shares = lattice.frames[0].values
    assert shares.shape == (len(lattice.rows), len(lattice.columns))
    assert shares.sum(0) == pytest.approx(1, abs=1e-4)
    assert (shares.argmax(0) == [row for row, _ in lattice.marked]).all()
    assert [lattice.rows[row] for row, _ in lattice.marked] == [one.text for one in wave.pieces]
    assert lattice.rows[-1] == "others"
    assert "|" in lattice.rows and "“|” is the space between words" in lattice.about


@pytest.mark.long
def test_a_long_recording_is_shown_from_its_beginning(tmp_path: Path) -> None:
    sound, rate = soundfile.read(SOUNDS / "news.ogg")
    soundfile.write(tmp_path / "long.wav", np.concatenate([sound] * 6), rate)
    found = looked("asr", tmp_path / "long.wav")
    wave = view(found, Wave, "Waveform and path")
    assert len(wave.samples) / rate == pytest.approx(561 * 0.03), "17 s in whole frames"
    assert "Shown are the first 16.8 seconds." in wave.about
    assert "The answer" not in (told := steps(found))
    assert found.record.result.text.startswith(told["Blanks taken out"].replace("|", " ")[:-6])


@pytest.mark.parametrize(("task", "name"), [("asr", "news.ogg"), ("classify-audio", "yes.wav")])
def test_every_moment_shares_its_attention_among_all(task: str, name: str) -> None:
    attention = view(looked(task, SOUNDS / name), Grid, "Where each moment looks")
    for frame in attention.frames:
        assert frame.values.shape == (len(attention.rows), len(attention.columns))
        assert frame.values.sum(-1) == pytest.approx(1, abs=1e-3)
    assert {frame.place[1] for frame in attention.frames} >= {"mean of heads", "head 1"}


@pytest.mark.parametrize("word", ["yes", "stop"])
def test_silence_takes_most_from_a_label_where_its_word_is_said(word: str) -> None:
    found = looked("classify-audio", SOUNDS / f"{word}.wav")
    falls = view(found, Grid, "What silence takes away")
    assert falls.rows[0] == found.record.result[0].label == word
    assert [one.place for one in falls.frames] == [("logit",), ("score",)]
    values = falls.frames[1].values[0]
    spoken = _loud(SOUNDS / f"{word}.wav", len(values))
    assert values[spoken].max() > 0.5
    assert values[spoken].mean() > 10 * abs(values[~spoken].mean())
    assert abs(values[~spoken]).max() < 0.05
    logits = falls.frames[0].values[0]
    assert logits[spoken].max() > 10 * abs(logits[~spoken]).max()


def _loud(sound: Path, count: int) -> np.ndarray:
    """Which of so many tenths of a second are spoken in."""
    samples, rate = soundfile.read(sound)
    pieces = [samples[at * rate // 10 : (at + 1) * rate // 10] for at in range(count)]
    loudness = np.array([np.sqrt((one**2).mean()) for one in pieces])
    return loudness > loudness.max() / 20


def test_what_the_vectors_pull_is_the_slope_of_the_score() -> None:
    """Of a small step along all vectors at once, the logit moves by the sum of the pulls."""
    import torch

    found = looked("classify-audio", SOUNDS / "yes.wav")
    pulls = view(found, Grid, "What each vector pulls")
    model = taskcli.load("classify-audio", "starter", device="cpu", dtype="float32")
    task = model.session.task
    samples, rate = soundfile.read(SOUNDS / "yes.wav", dtype="float32")
    batch = task.preprocess([part for _, part in task.encode([_sound(samples, rate)])])
    scale = [1.0]

    def scaled(module: Any, args: Any, output: Any) -> Any:
        return output[0] * scale[0], *output[1:]

    def logit(by: float) -> float:
        scale[0] = by
        with torch.inference_mode():
            return float(task.model(**batch.inputs).logits[0, 0])

    task.model.wav2vec2.feature_projection.register_forward_hook(scaled)
    slope = (logit(1.001) - logit(0.999)) / 0.002
    assert pulls.frames[0].values.sum() == pytest.approx(slope, rel=0.02)


def _sound(samples: np.ndarray, rate: int) -> Any:
    from taskcli.media.items import AudioInput

    return AudioInput(samples, rate)


# Other architectures


OTHERS = [
    ("asr", "hubert"),
    ("asr", "wavlm"),
    ("asr", "unispeech"),
    ("asr", "sew"),
    ("asr", "data2vec-audio"),
    ("asr", "wav2vec2-bert"),
    ("asr", "parakeet_ctc"),
    ("classify-audio", "hubert"),
    ("classify-audio", "wavlm"),
    ("classify-audio", "sew"),
    ("classify-audio", "whisper"),
    ("classify-audio", "audio-spectrogram-transformer"),
]
CTC = ("hubert", "wavlm", "unispeech", "sew", "data2vec-audio", "wav2vec2-bert", "parakeet_ctc")


@pytest.mark.long
@pytest.mark.parametrize(("task", "kind"), OTHERS)
def test_other_architectures_show_what_they_have(task: str, kind: str, tmp_path: Path) -> None:
    make(BY_NAME[task], kind, tmp_path)
    views = looked(task, SOUNDS / "yes.wav", tmp_path).look.views
    titles = [one.title for one in views]
    assert ("CTC lattice" in titles) == (task == "asr" and kind in CTC)
    assert ("What silence takes away" in titles) == (task == "classify-audio")
    for one in views:
        assert all(np.isfinite(frame.values).all() for frame in getattr(one, "frames", ()))
        if isinstance(one, Grid):
            assert all(f.values.shape == (len(one.rows), len(one.columns)) for f in one.frames)


@pytest.mark.long
def test_whisper_shows_its_spectrogram_and_no_lattice() -> None:
    found = looked("asr", SOUNDS / "yes.wav", cached("whisper"))
    bands, frames = view(found, Maps, "Spectrogram").frames[0].values.shape
    assert (bands, frames) == (80, 3000)
    assert not any(isinstance(one, Wave) for one in found.look.views)


def test_of_several_labels_each_loses_its_own_score() -> None:
    falls = view(
        looked("classify-audio", SOUNDS / "yes.wav", cached("ast")), Grid, "What silence takes away"
    )
    assert falls.frames[0].values.shape == (len(falls.rows), 8)
