"""--vad: speech alone is heard, at its time; nothing is written of silence and of noise."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import soundfile
import soxr
from checkpoints import BY_TASK, cached
from models import answers, load
from recordings import RATE
from samples import noise

from taskcli.media.decode.speech import Frames, Listener, SpeechFinder
from taskcli.tasks.asr.ctc import CtcRecognizer

SPOKEN = Path(__file__).parent.parent / "examples" / "sounds"
SECOND = 31.25  # frames


def spoken(name: str) -> np.ndarray:
    samples, rate = soundfile.read(SPOKEN / name, dtype="float32")
    assert rate == RATE
    return samples


def hiss(seconds: float, seed: int = 0) -> np.ndarray:
    return 0.02 * noise(seconds, seed=seed)


# Which frames are speech


def stretches(*runs: tuple[float, float]) -> list[Frames]:
    """Of (probability, seconds) in a row."""
    listener = Listener()
    frames = [probability for probability, seconds in runs for _ in range(round(seconds * SECOND))]
    found = [listener.hear(probability) for probability in frames]
    return [one for one in [*found, listener.end()] if one is not None]


def seconds(found: list[Frames]) -> list[tuple[Any, Any]]:
    return [tuple(pytest.approx(edge / SECOND, abs=0.05) for edge in one) for one in found]


def test_speech_is_heard_with_a_little_around_it() -> None:
    assert seconds(stretches((0, 2), (1, 3), (0, 4))) == [(1.75, 5.25)]


def test_a_pause_of_a_second_parts_and_a_shorter_one_does_not() -> None:
    assert seconds(stretches((1, 2), (0, 0.9), (1, 2), (0, 3))) == [(0, 5.15)]
    assert seconds(stretches((1, 2), (0, 1.2), (1, 2), (0, 3))) == [(0, 2.25), (2.95, 5.45)]


def test_what_is_less_sure_goes_on_and_does_not_begin() -> None:
    assert seconds(stretches((0.4, 3), (0.6, 1), (0.4, 1), (0, 3))) == [(2.75, 5.25)]


def test_a_click_is_no_speech() -> None:
    assert stretches((0, 2), (1, 0.06), (0, 2)) == []


def test_what_is_too_long_is_parted_where_speech_is_least_likely() -> None:
    found = stretches((1, 20), (0.5, 0.1), (1, 20), (0.6, 0.1), (1, 25))
    assert seconds(found) == [(0, 20), (20, 40.1), (40.1, 65.2)]
    assert all(one.end - one.first <= 30 * SECOND for one in found)
    assert [one.end for one in found[:-1]] == [one.first for one in found[1:]]


# Which samples are


@pytest.fixture(scope="module")
def talk() -> np.ndarray:
    """Two sentences with long silence and noise before, between and behind."""
    pause = np.zeros(RATE)
    first = [np.zeros(5 * RATE), spoken("sentence.wav"), pause, hiss(20), np.zeros(9 * RATE)]
    return np.concatenate([*first, spoken("scene.wav"), pause, hiss(12, 1)]).astype(np.float32)


def said_at(talk: np.ndarray) -> list[tuple[float, float]]:
    """When the two sentences are said, in seconds."""
    first, second = (len(spoken(name)) / RATE for name in ("sentence.wav", "scene.wav"))
    end = len(talk) / RATE - 13
    return [(5, 5 + first), (end - second, end)]


def found(samples: np.ndarray, rate: int, width: int) -> list[tuple[float, float]]:
    finder = SpeechFinder(rate)
    pieces = [samples[at : at + width] for at in range(0, len(samples), width)]
    stretches = [one for piece in pieces for one in finder.feed(piece)] + list(finder.end())
    for one in stretches:
        np.testing.assert_array_equal(
            one.samples, samples[one.start : one.start + len(one.samples)]
        )
    return [(one.start / rate, (one.start + len(one.samples)) / rate) for one in stretches]


@pytest.mark.long
@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_stretches_are_the_same_at_any_rate_in_pieces_of_any_length(
    talk: np.ndarray, rate: int
) -> None:
    samples = talk if rate == RATE else soxr.resample(talk, RATE, rate)
    whole = found(samples, rate, len(samples))
    assert found(samples, rate, 1237) == whole
    for (start, end), (begins, ends) in zip(whole, said_at(talk), strict=True):
        assert begins - 0.5 < start < begins + 0.3
        assert ends - 0.5 < end < ends + 0.5


# What is written


def write(file: Path, samples: np.ndarray) -> Path:
    soundfile.write(file, samples, RATE, subtype="FLOAT")
    return file


def words(run: Any, *asked: object) -> list[tuple[str, tuple[float, float]]]:
    done = run("asr", *asked, "--model", "starter", "--timestamps", "word", "--vad")
    assert done.exit_code == 0, done.stderr
    assert "warnings" not in done.records[0]
    return [(one["text"], tuple(one["timestamp"])) for one in done.records[0]["result"]["chunks"]]


@pytest.mark.long
@pytest.mark.parametrize("held", [600, 0.1])  # whole, and as it is read
def test_words_are_those_of_the_speech_at_their_times(
    run: Any, talk: np.ndarray, tmp_path: Path, held: float
) -> None:
    with mock.patch("taskcli.media.decode.audio._HELD_SECONDS", held):
        heard = words(run, write(tmp_path / "talk.wav", talk))
    spans = said_at(talk)
    parts = [
        [one for one in heard if a - 0.3 < one[1][0] and one[1][1] < b + 0.3] for a, b in spans
    ]
    assert sum(map(len, parts)) == len(heard)  # nothing is said in silence, nor in noise
    for name, own, (begins, _) in zip(("sentence.wav", "scene.wav"), parts, spans, strict=True):
        pause = np.zeros(RATE, np.float32)
        file = write(tmp_path / name, np.concatenate([pause, spoken(name), pause]))
        alone = words(run, file)
        assert [text for text, _ in own] == [text for text, _ in alone]
        for (_, one), (_, other) in zip(own, alone, strict=True):
            assert one == pytest.approx([time + begins - 1 for time in other], abs=0.06)


@pytest.mark.long
def test_a_stretch_and_its_channels_have_the_times_of_the_file(
    run: Any, talk: np.ndarray, tmp_path: Path
) -> None:
    both = np.stack([talk, hiss(len(talk) / RATE, 5)[: len(talk)]], axis=1)
    file = write(tmp_path / "both.wav", both)
    mono = words(run, write(tmp_path / "talk.wav", talk))
    asked = ("--model", "starter", "--timestamps", "word", "--vad", "--channel", "each")
    [record] = run("asr", file, *asked, "--start", "20").records
    assert {one["channel"] for one in record["result"]["chunks"]} == {"left"}
    later = [(text, times) for text, times in mono if times[0] > 20]
    assert [one["text"] for one in record["result"]["chunks"]] == [text for text, _ in later]
    for one, (_, times) in zip(record["result"]["chunks"], later, strict=True):
        assert one["timestamp"] == pytest.approx(times, abs=0.06)
    assert record["result"]["channels"][1] == {"channel": "right", "text": ""}


@pytest.mark.long
def test_whisper_hears_speech_alone(talk: np.ndarray, tmp_path: Path) -> None:
    file = write(tmp_path / "talk.wav", talk)
    [heard] = answers(load("asr", "whisper", timestamps="segment", vad=True), [file])
    assert heard.chunks
    spans = said_at(talk)
    for chunk in heard.chunks:
        start, end = chunk.timestamp
        assert any(a - 0.5 < start <= end < b + 0.5 for a, b in spans)


@pytest.mark.long
@pytest.mark.parametrize("name", BY_TASK["asr"])
def test_every_recognizer_joins_what_it_heard(name: str, talk: np.ndarray, tmp_path: Path) -> None:
    model = load("asr", name, vad=True, batch_size="1")
    [both] = answers(model, [write(tmp_path / "talk.wav", talk)])
    alone = []
    for number, (start, samples) in enumerate(pieces(talk)):
        assert start
        file = write(tmp_path / f"{number}.wav", samples)
        alone.append(answers(load("asr", name, batch_size="1"), [file])[0].text)
    assert len(alone) == 2
    assert both.text == " ".join(filter(None, alone))


def pieces(samples: np.ndarray) -> list[tuple[int, np.ndarray]]:
    finder = SpeechFinder(RATE)
    return [*finder.feed(samples), *finder.end()]


@pytest.mark.long
def test_stretches_of_one_recording_share_batches(tmp_path: Path) -> None:
    short = spoken("yes.wav")[:RATE]
    talk = np.concatenate([part for _ in range(24) for part in (short, np.zeros(2 * RATE))])
    file = write(tmp_path / "many.wav", talk.astype(np.float32))
    heard = mock.Mock(side_effect=CtcRecognizer.forward)
    with mock.patch.object(CtcRecognizer, "forward", lambda *given: heard(*given)):
        [record] = load("asr", "wav2vec2-ctc", vad=True)([file])
    assert record.error is None
    rows = [len(call.args[1].row_to_item) for call in heard.call_args_list]
    assert sum(rows) == 24
    assert len(rows) <= 4


@pytest.mark.parametrize("sound", [np.zeros(20 * RATE), hiss(20)], ids=["silence", "noise"])
@pytest.mark.parametrize("asked", [(), ("--timestamps", "word")])
def test_where_nobody_speaks_the_transcript_is_empty_and_says_so(
    run: Any, tmp_path: Path, sound: np.ndarray, asked: tuple[str, ...]
) -> None:
    file = write(tmp_path / "quiet.wav", sound.astype(np.float32))
    done = run("asr", file, SPOKEN / "yes.wav", "--model", "starter", "--vad", *asked)
    assert done.exit_code == 0, done.stderr
    quiet, other = done.records
    assert quiet["result"] == ({"text": "", "chunks": []} if asked else {"text": ""})
    assert quiet["warnings"] == ["no speech was found"]
    assert other["result"]["text"]


def test_subtitles_of_silence_are_empty(run: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "quiet.wav", np.zeros(5 * RATE, np.float32))
    done = run("asr", file, "--model", "starter", "--vad", "--format", "vtt")
    assert (done.exit_code, done.stdout.strip()) == (0, "WEBVTT")


@pytest.mark.long
def test_an_explanation_is_of_the_speech(run: Any, talk: np.ndarray, tmp_path: Path) -> None:
    asked = ("--model", cached("wav2vec2-ctc"), "--vad", "--report")
    file = write(tmp_path / "talk.wav", talk)
    assert run("explain", "asr", file, *asked, "page.html").exit_code == 0
    assert "Waveform and path" in Path("page.html").read_text()
    quiet = write(tmp_path / "quiet.wav", np.zeros(5 * RATE, np.float32))
    assert run("explain", "asr", quiet, *asked, "quiet.html").exit_code == 0


def test_what_finds_speech_is_an_extra(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskcli.errors.find_spec", lambda name: None)
    done = run("asr", SPOKEN / "yes.wav", "--model", "starter", "--vad")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "pip install 'taskcli[vad]'" in done.stderr
    assert run("asr", SPOKEN / "yes.wav", "--model", "starter").exit_code == 0


def test_the_detector_leaves_the_environment_as_it_was() -> None:
    """Its library sets a variable behind Python's back, which other processes would inherit."""
    told = subprocess.run(
        [sys.executable, "-c", _INHERITED], capture_output=True, text=True, check=True
    ).stdout
    before, after = told.splitlines()
    assert after == before


_INHERITED = """
import os, subprocess, sys
child = [sys.executable, "-c", "import os; print(sorted(os.environ.items()))"]
subprocess.run(child, check=True)
from taskcli.media.decode.speech import SpeechFinder
SpeechFinder(16_000)
subprocess.run(child, check=True)
"""
