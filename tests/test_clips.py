"""The stretches of a recording that --clips lists: each by itself, with the times of the file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from recordings import RATE, counted_samples, decode, through_av, written
from samples import noise
from test_excerpts import SPOKEN, changing, talk, words  # noqa: F401  # a fixture among them
from test_recordings import KINDS

from taskcli.cli.run.progress import Recordings
from taskcli.config.input_options import AudioInputOptions
from taskcli.errors import InputError
from taskcli.output.report.thumbnails import Preview

# The samples of the whole there


def stretches(whole: np.ndarray, *bounds: tuple[float, float]) -> np.ndarray:
    return np.concatenate([whole[round(a * RATE) : round(b * RATE)] for a, b in bounds])


@pytest.mark.parametrize("kind", ["wav", "mp3", "ogg"])
def test_clips_are_what_the_whole_has_there(kind: str) -> None:
    content = written(changing(40, 44_100), 44_100, *KINDS[kind])
    whole = decode(content)
    found = decode(content, clips="25-27.5,0:01-0:02.5,4.25-5,35-")
    bounds = [(1, 2.5), (4.25, 5), (25, 27.5), (35, 40)]
    expected = stretches(whole.samples, *bounds)
    assert np.abs(found.samples - expected).max() <= 1e-4
    assert (found.start, found.warnings) == (1.0, ())


@pytest.mark.parametrize(("kind", "codec"), [("matroska", "flac"), ("wv", "wavpack")])
def test_clips_of_a_container_are_too_with_an_index_or_without(kind: str, codec: str) -> None:
    content = through_av(kind, codec, changing(40, RATE), RATE)
    whole, found = decode(content), decode(content, clips="-1,20.5-22,36-38")
    expected = stretches(whole.samples, (0, 1), (20.5, 22), (36, 38))
    assert np.abs(found.samples - expected).max() <= 1e-4


def test_clips_of_joined_recordings_are_of_both() -> None:
    content = written(changing(20, RATE)) + written(changing(25, RATE))
    whole, found = decode(content), decode(content, clips="2-3,19-21,40-41")
    expected = stretches(whole.samples, (2, 3), (19, 21), (40, 41))
    np.testing.assert_array_equal(found.samples, expected)


def test_little_is_decoded_of_what_lies_between_clips() -> None:
    content = written(np.zeros(1200 * 8_000, np.int16), 8_000, "FLAC")
    with counted_samples() as counted:
        found = decode(content, clips="1:00-1:05,10:00-10:05,18:00-18:05")
    assert found.seconds == 15
    assert sum(counted) / 8_000 <= 3 * 2 * 10  # which `decode` asks for twice


def test_the_limit_is_of_all_clips_together() -> None:
    hour = written(np.zeros(3600 * 8_000, np.int16), 8_000, "FLAC")
    assert decode(hour, clips="1:00-2:00,55:00-", max_duration=0.1).seconds == 360
    with pytest.raises(InputError, match=r"longer than 0\.1 h"):
        decode(hour, clips="1:00-2:00,50:00-", max_duration=0.1)


def test_the_bar_counts_what_is_heard_of_each(tmp_path: Path) -> None:
    heard = Recordings.of((), AudioInputOptions(clips="2-5,8-")).heard
    assert [heard.heard_of(seconds) for seconds in (1.0, 4.0, 10.0)] == [0, 2, 5]


# In answers


def test_each_clip_is_heard_as_it_would_be_alone(run: Any, talk: Path) -> None:  # noqa: F811
    apart = [
        *words(run, talk, "--start", "0", "--duration", "3.5"),
        *words(run, talk, "--start", "6.5", "--duration", "60"),
    ]
    assert apart[0][1][0] < 3.5 < 6.5 < apart[-1][1][0]
    assert words(run, talk, "--clips", "0:06.5-1:06.5,-3.5") == apart
    done = run("asr", talk, "--model", "starter", "--clips", "-3.5,6.5-")
    assert done.records[0]["result"]["text"] == " ".join(text for text, _ in apart)


def test_windows_are_those_of_each_clip(run: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", noise(100), RATE)
    call = ("classify-audio", tmp_path / "long.wav", "--model", "starter")
    alone = run(*call, "--start", "60", "--duration", "40").records[0]["windows"]
    done = run(*call, "--clips", "5-15,20-25,60-")
    windows = done.records[0]["windows"]
    spans = [(one["start"], one["end"]) for one in windows]
    assert spans == [(5, 15), (20, 25), (60, 90), (90, 100)]
    for one, other in zip(windows[2:], alone, strict=True):
        best, expected = one["labels"][0], other["labels"][0]
        assert best["label"] == expected["label"]
        assert best["score"] == pytest.approx(expected["score"], abs=1e-4)


def test_clips_behind_the_end_are_told(run: Any, talk: Path) -> None:  # noqa: F811
    call = ("asr", SPOKEN / "yes.wav", talk, "--model", "starter")
    done = run(*call, "--clips", "0-0.5,6.5-7.5,1:00-2:00,3:00-")
    assert done.exit_code == 0
    short, heard = done.records
    length = soundfile.info(SPOKEN / "yes.wav").duration
    missed = f"6.5-7.5,60-120,180-: the recording is {length:.1f} s long"
    assert short["warnings"] == [f"--clips {missed}"]
    assert [one.partition(":")[0] for one in heard["warnings"]] == ["--clips 60-120,180-"]
    done = run(*call, "--clips", "6.5-")
    assert done.exit_code == 1
    assert done.records[0]["error"]["message"].startswith("--clips 6.5-: the recording is")
    assert done.records[1]["result"]["text"]


def test_clips_have_their_own_times_in_every_format(run: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(7), RATE)
    soundfile.write(tmp_path / "b.wav", noise(3), RATE)  # of which one clip is heard
    asked = "classify-audio", tmp_path / "b.wav", tmp_path / "a.wav", "--model", "starter"
    asked = *asked, "--clips", "0-1,5-6", "--top-k", "1"
    records = run(*asked).records
    [label] = {one["labels"][0]["label"] for record in records for one in record["windows"]}
    table = run(*asked, "-f", "csv").stdout.splitlines()
    assert table[0].split(",")[:3] == ["input", "start", "end"]
    rows = [tuple(line.split(",")[:3]) for line in table[1:]]
    assert rows == [
        (str(tmp_path / "b.wav"), "0.0", "1.0"),
        (str(tmp_path / "a.wav"), "0.0", "1.0"),
        (str(tmp_path / "a.wav"), "5.0", "6.0"),
    ]
    text = run(*asked, "-f", "text").stdout.splitlines()
    times = [("0.000", "1.000"), ("0.000", "1.000"), ("5.000", "6.000")]
    assert [line.split("\t") for line in text] == [[*one, "1.0000", label] for one in times]
    seen = run(*asked, "-f", "rich").stdout
    assert [" ".join(line.split()[:3]) for line in seen.splitlines() if "–" in line] == [
        "00:00.0 – 00:01.0",
        "00:00.0 – 00:01.0",
        "00:05.0 – 00:06.0",
    ]


def test_a_clip_of_which_nothing_is_left_is_not_heard(run: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(3.01), RATE)
    done = run("classify-audio", tmp_path / "a.wav", "--model", "starter", "--clips", "0-1,3-4")
    assert [(one["start"], one["end"]) for one in done.records[0]["windows"]] == [(0, 1)]
    assert done.records[0]["warnings"] == ["--clips 3-4: the recording ends before that"]


def test_a_page_shows_clips_at_their_time() -> None:
    sound = decode(written(np.full(20 * RATE, 0.5, np.float32)), clips="2-4,9-12")
    shown = Preview.for_run(Path("page.html"), 1).of(sound, None, None, False)
    assert (shown["begins"], shown["seconds"]) == (2, 10)
    peaks = np.array(shown["peaks"])
    assert len(peaks) == 100
    assert peaks[:20].min() == peaks[70:].min() == 100
    assert peaks[20:70].max() == 0
    assert shown["sound"]


# What is refused


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ("", "--clips : not a stretch of time"),
        ("30", "--clips 30: not a stretch of time"),
        ("0,30,60,90", "--clips 0: not a stretch of time"),
        ("-", "--clips -: not a stretch of time"),
        ("1-2,soon-3", "--clips soon-3: not a stretch of time"),
        ("1:75-2:00", "--clips 1:75-2:00: not a stretch of time"),
        ("1-2,5-4", "--clips 5-4: a clip is at least 0.1 s long"),
        ("1-1.05", "--clips 1-1.05: a clip is at least 0.1 s long"),
        ("1-2,1:30-,2:00-2:05", "--clips: 90- and 120-125 overlap"),
    ],
)
def test_what_are_no_clips_is_refused(run: Any, clips: str, message: str) -> None:
    done = run("asr", SPOKEN / "yes.wav", "--model", "starter", f"--clips={clips}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize("other", [("--start", "1"), ("--duration", "1")])
def test_one_way_says_what_is_heard(run: Any, other: tuple[str, str]) -> None:
    done = run("asr", SPOKEN / "yes.wav", "--model", "starter", "--clips", "1-2", *other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "give one clip more, or leave out --clips" in done.stderr


def test_what_other_clips_answered_is_not_gone_on_with(run: Any, talk: Path) -> None:  # noqa: F811
    asked = ("asr", talk, "--model", "starter", "-o", "out.jsonl", "--resume")
    assert run(*asked, "--clips", "1-2").exit_code == 0
    other = run(*asked, "--clips", "1-3")
    assert other.exit_code == 2
    assert "was made with --clips 1-2, not --clips 1-3" in other.stderr
