"""A stretch of a recording: --start and --duration, with the times of the file."""

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import soundfile
from models import answers, load
from recordings import RATE, Track, counted_samples, decode, muxed, through_av, written
from samples import noise
from test_recordings import HIGH, KINDS, gapped, late

from taskcli.errors import InputError
from taskcli.media.decode.container.reading import Reading
from taskcli.media.excerpt import seconds_of

SPOKEN = Path(__file__).parent.parent / "examples" / "sounds"


def changing(seconds: float, rate: int) -> np.ndarray:
    """Soft noise below 3 kHz: no moment sounds as another, and codecs keep it well."""
    raw = np.random.default_rng(0).standard_normal(round(seconds * rate))
    width = rate // 3_000
    return (0.2 * np.convolve(raw, np.ones(width) / width, "same")).astype(np.float32)


# Times as people write them


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("90", 90), ("90.5", 90.5), (".5", 0.5), ("1:30", 90), ("01:30.25", 90.25),
        ("1:02:03.5", 3723.5), ("100:00", 6000), ("00:00:07", 7),
    ],
)  # fmt: skip
def test_a_time_is_in_seconds_or_of_a_clock(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


NO_TIMES = (
    "",
    "soon",
    "-1",
    "1:",
    ":30",
    "1:60",
    "1:75:00",
    "1:2:3:4",
    "1.5:00",
    "nan",
    "1e3",
    "٣",
)


@pytest.mark.parametrize("text", NO_TIMES)
@pytest.mark.parametrize("flag", ["--start", "--duration"])
def test_what_is_no_time_is_refused(run: Any, flag: str, text: str) -> None:
    done = run("asr", SPOKEN / "yes.wav", "--model", "starter", f"{flag}={text}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{flag} {text}: not a time" in done.stderr
    assert "1:02:03.5" in done.stderr


def test_no_time_at_all_is_no_duration(run: Any) -> None:
    done = run("asr", SPOKEN / "yes.wav", "--model", "starter", "--duration", "0:00")
    assert done.exit_code == 2
    assert "--duration 0:00: nothing would be heard" in done.stderr


# The same samples as those of the whole


EXACT = {
    "wav": 1e-6,
    "aiff": 1e-6,
    "au": 1e-6,
    "flac": 1e-6,
    "mp3": 1e-4,
    "ogg": 1e-4,
    "opus": 2e-2,
}
STRETCHES = [("0.5", "1"), ("3.37", "2.5"), ("7", None), (None, "4.201"), ("0:05.5", "60")]


def same(whole: np.ndarray, stretch: np.ndarray, start: str | None, duration: str | None) -> float:
    """How far the samples of a stretch are from those of the whole there."""
    first = round((seconds_of(start or "0") or 0) * RATE)
    count = len(whole) if duration is None else round((seconds_of(duration) or 0) * RATE)
    expected = whole[first : first + count]
    assert len(stretch) == len(expected)
    return float(np.abs(stretch - expected).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_stretch_is_what_the_whole_has_there(kind: str, rate: int) -> None:
    stereo = np.stack([changing(12, rate), 0.5 * changing(12, rate)[::-1]], axis=1)
    if kind == "opus" and rate == 44_100:
        pytest.skip("Opus has no such rate")
    content = written(stereo, rate, *KINDS[kind])
    whole = decode(content)
    for start, duration in STRETCHES:
        found = decode(content, start=start, duration=duration)
        assert same(whole.samples, found.samples, start, duration) <= EXACT[kind]
        assert found.start == pytest.approx(seconds_of(start or "0"))
        assert found.warnings == ()


CONTAINERS = [
    ("mp4", "aac"), ("mov", "aac"), ("ipod", "alac"), ("matroska", "aac"), ("webm", "libopus"),
    ("mpegts", "mp2"), ("flv", "aac"), ("asf", "wmav2"), ("adts", "aac"), ("wv", "wavpack"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "codec"), CONTAINERS)
@pytest.mark.parametrize("pictures", [None, 12.0])
def test_of_a_container_it_is_at_its_time(kind: str, codec: str, pictures: float | None) -> None:
    if pictures and kind in ("ipod", "webm", "adts", "wv"):
        pytest.skip("these hold no such pictures")
    rate = 48_000 if codec == "libopus" else HIGH
    content = muxed(kind, codec, rate, [Track(changing(12, rate))], pictures)
    whole = decode(content).samples
    for start, duration in STRETCHES:
        found = decode(content, start=start, duration=duration).samples
        first = round((seconds_of(start or "0") or 0) * RATE)
        middle = found[len(found) // 4 : len(found) // 2]
        assert abs(best_lag(whole, middle, first + len(found) // 4)) <= 0.002 * RATE


def best_lag(whole: np.ndarray, part: np.ndarray, place: int) -> int:
    """By how many samples a part lies elsewhere in the whole than at its place."""
    most = RATE // 5
    lags = range(-min(most, place), min(most, len(whole) - place - len(part)) + 1)
    fits = [float(part @ whole[place + lag : place + lag + len(part)]) for lag in lags]
    return lags[int(np.argmax(fits))]


@pytest.mark.parametrize(("kind", "codec"), [("mp4", "aac"), ("matroska", "aac")])
@pytest.mark.parametrize("clock", [late, gapped])
def test_time_stamps_are_kept_where_sound_is_late_or_lacks_some(
    kind: str, codec: str, clock: Any
) -> None:
    content = muxed(kind, codec, HIGH, [Track(changing(6, HIGH), clock=clock)], 16)
    whole = decode(content).samples
    for start in ("2", "4.5", "9", "13.3"):
        if (seconds_of(start) or 0) * RATE >= len(whole):
            continue
        found = decode(content, start=start, duration="1.5").samples
        first = round((seconds_of(start) or 0) * RATE)
        expected = loud(whole[first : first + len(found)])
        assert np.sum(loud(found) != expected) <= 2  # of 75


def loud(samples: np.ndarray) -> np.ndarray:
    """Whether each fiftieth of a second holds sound."""
    return np.abs(samples[: len(samples) // 320 * 320]).reshape(-1, 320).max(1) > 0.01


def test_joined_recordings_are_one_for_it() -> None:
    first, second = (written(changing(seconds, RATE)) for seconds in (3, 4))
    whole = decode(first + second)
    for start, duration in (("2", "2"), ("3.5", "1"), ("0.5", "1")):
        found = decode(first + second, start=start, duration=duration)
        assert same(whole.samples, found.samples, start, duration) == 0


def test_little_of_a_long_recording_is_decoded() -> None:
    content = written(np.zeros(1200 * 8_000, np.int16), 8_000, "FLAC")
    with counted_samples() as counted:
        found = decode(content, start="18:00", duration="5")
    assert found.seconds == 5
    assert sum(counted) / 8_000 <= 2 * 10  # which `decode` asks for twice


@pytest.mark.long
@pytest.mark.parametrize(("kind", "codec"), [("mp4", "aac"), ("matroska", "aac")])
def test_little_of_a_long_container_is_decoded(kind: str, codec: str) -> None:
    content = through_av(kind, codec, changing(200, 16_000), 16_000)
    with mock.patch.object(Reading, "hear", autospec=True, side_effect=Reading.hear) as hear:
        found = decode(content, start="3:00", duration="5")
    assert found.seconds == 5
    assert hear.call_count * 1024 / 16_000 <= 2 * 15


def test_the_limit_is_of_what_is_heard() -> None:
    hour = written(np.zeros(3600 * 8_000, np.int16), 8_000, "FLAC")
    found = decode(hour, start="50:00", duration="10", max_duration=0.1)
    assert found.seconds == 10
    assert decode(hour, start="58:00", max_duration=0.1).seconds == 120
    with pytest.raises(InputError, match=r"longer than 0\.1 h"):
        decode(hour, start="40:00", max_duration=0.1)


# In answers


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Two sentences, at 1 s and after more than 6 s."""
    sentence, rate = soundfile.read(SPOKEN / "sentence.wav", dtype="float32")
    scene, other = soundfile.read(SPOKEN / "scene.wav", dtype="float32")
    assert rate == other == RATE
    parts = [np.zeros(RATE), sentence, np.zeros(6 * RATE - len(sentence)), scene, np.zeros(RATE)]
    soundfile.write(tmp_path / "talk.wav", np.concatenate(parts).astype(np.float32), RATE)
    return tmp_path / "talk.wav"


def words(run: Any, *asked: object) -> list[tuple[str, list[float]]]:
    done = run("asr", *asked, "--model", "starter", "--timestamps", "word")
    assert done.exit_code == 0, done.stderr
    return [(one["text"], one["timestamp"]) for one in done.records[0]["result"]["chunks"]]


def test_words_of_a_stretch_have_the_times_of_the_file(run: Any, talk: Path) -> None:
    whole = words(run, talk)
    second = [one for one in whole if one[1][0] > 6.5]
    assert 0 < len(second) < len(whole)
    found = words(run, talk, "--start", "0:06.5")
    assert [text for text, _ in found] == [text for text, _ in second]
    for (_, one), (_, other) in zip(found, second, strict=True):
        assert one == pytest.approx(other, abs=0.05)
    first = words(run, talk, "--duration", "6")
    assert [*first, *found][0][0] == whole[0][0]
    assert len(first) + len(found) == len(whole)


def test_subtitles_of_a_stretch_have_the_times_of_the_file(run: Any, talk: Path) -> None:
    done = run("asr", talk, "--model", "starter", "--start", "6.5", "--format", "srt")
    assert done.stdout.splitlines()[1].startswith("00:00:07,")


@pytest.mark.long
def test_whisper_is_late_by_the_start_of_what_it_hears(run: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "alone.wav", noise(3), RATE)
    soundfile.write(tmp_path / "later.wav", np.concatenate([noise(7, seed=1), noise(3)]), RATE)
    model = load("asr", "whisper", timestamps="segment")
    [alone] = answers(model, [tmp_path / "alone.wav"])
    model.decode_options = {"start": "7"}
    [found] = answers(model, [tmp_path / "later.wav"])
    assert found.text == alone.text
    assert alone.chunks
    for one, other in zip(found.chunks, alone.chunks, strict=True):
        assert one.timestamp == pytest.approx([time + 7 for time in other.timestamp])


def test_windows_of_a_stretch_have_the_times_of_the_file(run: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", noise(100), RATE)
    asked = ("--model", "starter", "--start", "40", "--duration", "45.5")
    done = run("classify-audio", tmp_path / "long.wav", *asked)
    spans = [(one["start"], one["end"]) for one in done.records[0]["windows"]]
    assert (spans[0][0], spans[-1][1]) == (40.0, 85.5)
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]


def test_a_start_behind_the_end_is_an_error_of_that_input(run: Any, talk: Path) -> None:
    done = run("asr", SPOKEN / "yes.wav", talk, "--model", "starter", "--start", "6.5")
    assert done.exit_code == 1
    short, heard = done.records
    length = soundfile.info(SPOKEN / "yes.wav").duration
    assert short["error"]["message"] == f"--start 6.5: the recording is {length:.1f} s long"
    assert heard["result"]["text"]


def test_what_another_stretch_answered_is_not_gone_on_with(run: Any, talk: Path) -> None:
    asked = ("asr", talk, "--model", "starter", "-o", "out.jsonl", "--resume")
    assert run(*asked, "--start", "1").exit_code == 0
    assert run(*asked, "--start", "1").exit_code == 0
    other = run(*asked, "--start", "2")
    assert other.exit_code == 2
    assert "was made with --start 1, not --start 2" in other.stderr
