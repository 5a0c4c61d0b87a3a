"""Channels of a recording: their mix, one alone, or each by itself in one record."""

import json
import re
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import numpy as np
import pytest
import soundfile
import webvtt
from checkpoints import cached
from models import answers, load
from recordings import RATE, decode, heard, tones, written
from samples import long_sound, noise
from test_recordings import KINDS, approximately

from taskcli.errors import InputError
from taskcli.media.channels import names_of
from taskcli.media.decode.decoder import Decoder
from taskcli.media.decode.settings import AudioSettings
from taskcli.media.items import AudioInput, LongSound, Media
from taskcli.media.source import Source

SPOKEN = Path(__file__).parent.parent / "examples" / "sounds"
LEFT, RIGHT = (440, 3.0), (880, 3.0)


def stereo(rate: int = 48_000) -> np.ndarray:
    return np.stack([tones(LEFT, rate=rate), tones(RIGHT, rate=rate)], axis=1)


# What is decoded


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("channel", "tone"), [("left", LEFT), ("1", LEFT), ("right", RIGHT), ("2", RIGHT)]
)
def test_one_channel_is_heard_alone(kind: str, channel: str, tone: tuple[int, float]) -> None:
    found = decode(written(stereo(), 48_000, *KINDS[kind]), channel=channel)
    assert heard(found) == approximately(tone)
    assert np.abs(found.samples).max() == pytest.approx(0.4, abs=0.03)  # not halved by a mean
    assert (found.warnings, found.channels) == ((), ())


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_each_channel_is_as_it_is_alone(kind: str, rate: int) -> None:
    content = written(stereo(rate), rate, *KINDS[kind])
    each = decode(content, channel="each")
    assert each.channels == ("left", "right")
    for samples, alone in zip(each.samples, ("left", "right"), strict=True):
        np.testing.assert_array_equal(samples, decode(content, channel=alone).samples)


def test_of_a_stretch_each_channel_is_what_the_whole_has_there() -> None:
    content = written(stereo(44_100), 44_100)
    whole = decode(content, channel="each").samples
    found = decode(content, channel="each", start="1.25", duration="1").samples
    np.testing.assert_allclose(found, whole[:, 20_000:36_000], atol=1e-6)


def test_what_cancels_is_heard_channel_by_channel_without_a_word() -> None:
    one = tones(LEFT, rate=RATE)
    content = written(np.stack([one, -one], axis=1))
    for channel in ("left", "right"):
        found = decode(content, channel=channel)
        assert (heard(found), found.warnings) == (approximately(LEFT), ())


@pytest.mark.parametrize(
    ("count", "channel", "has"),
    [(1, "right", "is mono"), (1, "2", "is mono"), (2, "3", "has 2 channels")],
)
def test_a_channel_that_is_not_there_is_an_error(count: int, channel: str, has: str) -> None:
    content = written(np.repeat(tones(LEFT)[:, None], count, axis=1))
    with pytest.raises(InputError, match=f"there is no channel {channel}: the recording {has}"):
        decode(content, channel=channel)


@pytest.mark.parametrize(("count", "names"), [(1, ("mono",)), (6, tuple("123456"))])
def test_channels_have_names(count: int, names: tuple[str, ...]) -> None:
    content = written(np.repeat(tones(LEFT)[:, None], count, axis=1))
    found = decode(content, channel="each")
    assert found.channels == names_of(count) == names
    assert found.samples.shape == (count, 3 * RATE)


@pytest.mark.parametrize("first", [1, 2])
def test_of_joined_recordings_there_are_as_many_as_of_the_one_that_has_most(first: int) -> None:
    parts = [
        written(np.repeat(tones(LEFT)[:, None], count, axis=1)) for count in (first, 3 - first)
    ]
    found = decode(parts[0] + parts[1], channel="each")
    assert found.samples.shape == (2, 6 * RATE)
    mono = slice(3 * (first - 1) * RATE, 3 * first * RATE)  # which is the first channel
    assert np.abs(found.samples[0, mono]).max() > 0.3
    assert not found.samples[1, mono].any()


def test_long_ones_are_read_as_they_are_heard() -> None:
    content = written(stereo(RATE))
    decoder = Decoder(Media.AUDIO, AudioSettings(channel="each"))
    with mock.patch("taskcli.media.decode.audio._HELD_SECONDS", 0.5):
        item = decoder(Source("x", data=content))
    assert isinstance(item, LongSound)
    pieces = list(item.read())
    assert all(piece.shape[0] == 2 for piece in pieces)
    assert (item.channels, item.seconds) == (("left", "right"), 3.0)
    assert len(item.loudest) == pytest.approx(30, abs=3)


# What is asked


@pytest.mark.parametrize("word", ["", "middle", "0", "-1", "1.5", "٢", "LEFT", "both"])
def test_what_is_no_channel_is_refused(run: Any, word: str) -> None:
    done = run("asr", SPOKEN / "yes.wav", "--model", "starter", f"--channel={word}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--channel {word}: not mix, left, right, each or a number" in done.stderr


# What is answered: two people on the telephone, of whom one answers the other


@pytest.fixture
def call(tmp_path: Path) -> Path:
    asks, rate = soundfile.read(SPOKEN / "sentence.wav", dtype="float32")
    tells, other = soundfile.read(SPOKEN / "scene.wav", dtype="float32")
    assert rate == other == RATE
    both = np.zeros((len(asks) + len(tells) + 3 * RATE, 2), np.float32)
    both[RATE // 2 : RATE // 2 + len(asks), 1] = asks
    both[-RATE - len(tells) : -RATE, 0] = tells
    soundfile.write(tmp_path / "call.wav", both, RATE)
    return tmp_path / "call.wav"


def result(run: Any, *asked: object) -> dict[str, Any]:
    done = run("asr", *asked, "--model", "starter")
    assert done.exit_code == 0, done.stderr
    jsonschema.validate(done.records[0], json.loads(run("schema", "asr").stdout))
    return done.records[0]["result"]


def test_each_channel_has_what_is_said_in_it(run: Any, call: Path) -> None:
    left, right = (result(run, call, "--channel", side) for side in ("left", "right"))
    assert left["text"] != right["text"]
    assert "channels" not in left
    each = result(run, call, "--channel", "each")
    assert each["channels"] == [
        {"channel": "left", "text": left["text"]},
        {"channel": "right", "text": right["text"]},
    ]
    assert each["text"] == f"left: {left['text']}\nright: {right['text']}"


@pytest.mark.parametrize("timestamps", ["segment", "word", "char"])
def test_times_put_turns_in_their_order(run: Any, call: Path, timestamps: str) -> None:
    asked = ("--timestamps", timestamps)
    own = {side: result(run, call, "--channel", side, *asked) for side in ("left", "right")}
    each = result(run, call, "--channel", "each", *asked)
    for side, alone in own.items():
        chunks = [one for one in each["chunks"] if one["channel"] == side]
        assert [{**one, "channel": side} for one in alone["chunks"]] == chunks
    starts = [one["timestamp"][0] for one in each["chunks"]]
    assert starts == sorted(starts)
    # The one on the right speaks first.
    assert each["text"] == f"right: {own['right']['text']}\nleft: {own['left']['text']}"


def test_of_a_mono_recording_there_is_one_that_needs_no_name(run: Any) -> None:
    plain = result(run, SPOKEN / "sentence.wav")
    each = result(run, SPOKEN / "sentence.wav", "--channel", "each")
    assert each["channels"] == [{"channel": "mono", "text": plain["text"]}]
    assert each["text"] == plain["text"]
    asked = ("asr", SPOKEN / "sentence.wav", "--model", "starter", "--format", "srt")
    assert run(*asked, "--channel", "each").stdout == run(*asked).stdout


def test_subtitles_name_the_channel_as_their_format_does(run: Any, call: Path) -> None:
    own = result(run, call, "--channel", "each", "--timestamps", "segment")
    words = {one["channel"]: one["text"].split() for one in own["channels"]}
    asked = ("asr", call, "--model", "starter", "--channel", "each", "--format")
    Path("call.vtt").write_text(run(*asked, "vtt").stdout)
    voices = [(cue.voice, cue.text.split()) for cue in webvtt.read("call.vtt")]
    srt = re.findall(r"^(left|right): ", run(*asked, "srt").stdout, re.MULTILINE)
    assert [voice for voice, _ in voices] == srt
    assert srt == sorted(srt, reverse=True)
    for side, said in words.items():
        assert [word for voice, text in voices if voice == side for word in text] == said
    labels = run(*asked, "audacity").stdout.splitlines()
    assert [line.split("\t")[2].split(": ")[0] for line in labels] == srt


def test_saved_files_name_the_channel(run: Any, call: Path) -> None:
    done = run("asr", call, "--model", "starter", "--channel", "each", "--save-dir", "saved")
    files = {Path(name).suffix: Path(name).read_text() for name in done.records[0]["files"]}
    segments = json.loads(files[".json"])["segments"]
    assert {one["channel"] for one in segments} == {"left", "right"}
    rows = [line.split("\t")[2] for line in files[".tsv"].splitlines()[1:]]
    assert rows == [f"{one['channel']}: {' '.join(one['text'].split())}" for one in segments]
    assert files[".txt"].splitlines()[0].startswith("right: ")


def test_a_person_sees_who_speaks(run: Any, call: Path) -> None:
    asked = ("--channel", "each", "--timestamps", "segment", "--format", "rich")
    shown = run("asr", call, "--model", "starter", *asked).stdout
    assert re.search(r"\d  +right  +\w", shown)
    assert re.search(r"\d  +left  +\w", shown)


@pytest.mark.long
def test_records_with_channels_are_read_again(run: Any, call: Path) -> None:
    asked = ("--channel", "each", "--timestamps", "segment")
    assert run("asr", call, "--model", "starter", *asked, "-o", "a.jsonl").exit_code == 0
    direct = run("asr", call, "--model", "starter", *asked, "--format", "vtt").stdout
    done = run("convert", "a.jsonl", "-o", "a.vtt")
    assert done.exit_code == 0, done.stderr
    assert Path("a.vtt").read_text() == direct


def test_windows_of_labels_name_the_channel(run: Any, tmp_path: Path) -> None:
    rows = {}
    for name in ("yes.wav", "stop.wav"):
        samples, _ = soundfile.read(SPOKEN / name, dtype="float32")
        rows[name] = samples[:RATE]
    length = min(map(len, rows.values()))
    both = np.stack([samples[:length] for samples in rows.values()], axis=1)
    soundfile.write(tmp_path / "both.wav", both, RATE)
    done = run("classify-audio", tmp_path / "both.wav", "--model", "starter", "--channel", "each")
    [record] = done.records
    jsonschema.validate(record, json.loads(run("schema", "classify-audio").stdout))
    best = {one["channel"]: one["labels"][0]["label"] for one in record["windows"]}
    assert best == {"left": "yes", "right": "stop"}


@pytest.mark.long
@pytest.mark.parametrize("name", ["wav2vec2-ctc", "whisper"])
def test_long_channels_are_as_long_ones_alone(name: str, tmp_path: Path) -> None:
    left, _ = soundfile.read(long_sound(tmp_path / "a.wav", 36), dtype="float32")
    soundfile.write(tmp_path / "left.wav", left, RATE, subtype="FLOAT")
    right = noise(36, seed=7)
    soundfile.write(tmp_path / "right.wav", right, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "both.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    model = load("asr", name, timestamps="segment", batch_size="1")
    alone = answers(model, [tmp_path / "left.wav", tmp_path / "right.wav"])
    model.decode_options = {"channel": "each"}
    for held in (600, 0.1):  # whole, and as it is read
        with mock.patch("taskcli.media.decode.audio._HELD_SECONDS", held):
            [found] = answers(model, [tmp_path / "both.wav"])
        assert [one.text for one in found.channels] == [one.text for one in alone]
        for side, own in zip(("left", "right"), alone, strict=True):
            chunks = [one for one in found.chunks if one.channel == side]
            assert [(one.text, one.timestamp) for one in chunks] == [
                (one.text, one.timestamp) for one in own.chunks
            ]


def test_a_player_has_both_channels(tmp_path: Path) -> None:
    from taskcli.output.report.thumbnails import Preview

    item = AudioInput(stereo(RATE).T.copy(), RATE)
    shown = Preview(tmp_path, 100).of(item, None, None, full=False)
    assert shown["seconds"] == 3.0
    assert shown["sound"].startswith("data:audio/mpeg")


def test_an_explanation_is_of_the_first_channel(run: Any, call: Path) -> None:
    asked = ("--channel", "each", "--report", "page.html")
    done = run("explain", "asr", call, "--model", cached("wav2vec2-ctc"), *asked)
    assert done.exit_code == 0, done.stderr
    assert "Waveform and path" in Path("page.html").read_text()
