"""Recordings as the world makes them: joined, damaged, late, unfinished, of several tracks."""

import io
import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile
from recordings import RATE, Track, decode, heard, muxed, through_av, tones, written
from samples import noise

from taskcli.errors import InputError
from taskcli.media.decode import mpeg
from taskcli.media.decode.concatenated import parts_of
from taskcli.media.decode.decoder import Decoder, stated_seconds
from taskcli.media.items import Media
from taskcli.media.source import Source

SPOKEN = Path(__file__).parent.parent / "examples" / "sounds"
HIGH = 44_100
FIRST, SECOND = (440, 3.0), (880, 2.0)
KINDS = {
    "wav": ("WAV", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}


def part(kind: str, *pieces: tuple[float, float], rate: int = 48_000, channels: int = 1) -> bytes:
    samples = np.repeat(tones(*pieces, rate=rate)[:, None], channels, axis=1)
    return written(samples, rate, *KINDS[kind])


def approximately(*pieces: tuple[float, float]) -> list[tuple[float, object]]:
    return [(hertz, pytest.approx(seconds, abs=0.21)) for hertz, seconds in pieces]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_files_and_bytes_are_heard_as_libsndfile_reads_them(
    tmp_path: Path, kind: str, channels: int
) -> None:
    content = part(kind, FIRST, SECOND, rate=RATE, channels=channels)
    path = tmp_path / f"sound.{kind}"
    path.write_bytes(content)
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    for source in (Source("file", path=str(path)), Source("bytes", data=content)):
        found = Decoder(Media.AUDIO)(source)
        if kind == "opus":  # which is always of 48 kHz inside
            assert found.seconds == pytest.approx(5, abs=0.01)
        elif kind == "mp3":  # whose decoder rounds by where a read begins
            np.testing.assert_allclose(found.samples, expected, atol=1e-6)
        else:
            np.testing.assert_array_equal(found.samples, expected)


# Joined end to end


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [48_000, 24_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_joined_recordings_are_heard_whole(kind: str, rate: int, channels: int) -> None:
    first, second = part(kind, FIRST), part(kind, SECOND, rate=rate, channels=channels)
    alone = decode(first).seconds + decode(second).seconds
    found = decode(first + second)
    assert heard(found) == approximately(FIRST, SECOND)
    assert found.seconds == pytest.approx(alone, abs=0.001)
    assert found.warnings == ()
    assert heard(decode(first + second + first)) == approximately(FIRST, SECOND, FIRST)


@pytest.mark.parametrize("flags", ["", "+faststart", "+frag_keyframe+empty_moov"])
def test_joined_mp4_files_are_heard_whole(flags: str) -> None:
    options = {"movflags": flags} if flags else {}
    made = [
        through_av("mp4", "aac", tones(piece, rate=rate), rate, **options)
        for piece, rate in ((FIRST, 44_100), (SECOND, 32_000))
    ]
    found = decode(b"".join(made))
    assert heard(found) == approximately(FIRST, SECOND)
    assert found.seconds == pytest.approx(sum(decode(one).seconds for one in made), abs=0.001)
    assert found.warnings == ()


@pytest.mark.parametrize(("lost", "told"), [(0, ""), (1, "1 frame"), (3, "3 frames")])
@pytest.mark.parametrize("tag", [b"", b"TAG" + bytes(125)])
@pytest.mark.parametrize("writer", ["libsndfile", "lame"])
def test_frames_of_an_mp3_that_are_missing_are_counted(
    lost: int, told: str, tag: bytes, writer: str
) -> None:
    samples = tones(FIRST, rate=48_000)
    made = part("mp3", FIRST) if writer == "libsndfile" else by_lame(samples)
    frames = list(mp3_frames(made))
    cut, end = frames[60], frames[60 + lost]
    notes = decode(made[:cut] + made[end:] + tag).warnings
    assert [note for note in notes if "lacks" in note] == [
        f"damaged: the file lacks {told} that its header counts"
    ] * bool(lost)


def by_lame(samples: np.ndarray) -> bytes:
    return through_av("mp3", "libmp3lame", samples, 48_000)


def mp3_frames(data: bytes) -> Iterator[int]:
    stated = mpeg.stated(io.BytesIO(data))
    at = stated.start
    while (frame := mpeg.frame_of(data[at : at + 4])) is not None:
        yield at
        at += frame.size


FOUND_BY_THEIR_BEGINNING = [
    ("caf", "pcm_s16be", 48_000),
    ("caf", "alac", 48_000),
    ("wv", "wavpack", 48_000),
    ("tta", "tta", 48_000),
    ("flv", "aac", 44_100),
    ("flv", "mp3", 44_100),
    ("asf", "wmav2", 48_000),
]


@pytest.mark.parametrize(("kind", "codec", "rate"), FOUND_BY_THEIR_BEGINNING)
def test_what_states_no_end_is_joined_where_another_begins(
    kind: str, codec: str, rate: int
) -> None:
    first = through_av(kind, codec, tones(FIRST, rate=rate), rate)
    second = through_av(kind, codec, tones(SECOND, rate=rate), rate)
    found = decode(first + second + first)
    assert heard(found) == approximately(FIRST, SECOND, FIRST)
    assert found.seconds == pytest.approx(
        2 * decode(first).seconds + decode(second).seconds, abs=0.001
    )
    assert found.warnings == ()


def test_a_beginning_is_found_wherever_the_blocks_that_are_read_meet() -> None:
    first = through_av("caf", "pcm_s16be", tones(FIRST, rate=48_000), 48_000)
    with mock.patch("taskcli.media.decode.joined.beginnings._SCANNED", 37):
        found = decode(first + first + first)
    assert found.seconds == pytest.approx(9.0, abs=0.001)


def test_a_wavpack_of_many_blocks_is_one_recording() -> None:
    samples = tones(FIRST, rate=48_000)
    assert len(parts_of(io.BytesIO(through_av("wv", "wavpack", samples, 48_000)))) == 1


@pytest.mark.parametrize(("kind", "codec"), [("CAF", "PCM_16"), ("VOC", "PCM_16"), ("MAT4", None)])
def test_half_of_a_recording_says_that_it_was_cut_short(kind: str, codec: str | None) -> None:
    whole = written(tones((440, 2.0)), RATE, kind, codec)
    assert decode(whole).warnings == ()
    (note,) = decode(whole[: len(whole) // 2]).warnings
    assert note.startswith("cut short: ")


def test_kinds_of_ogg_may_be_joined() -> None:
    found = decode(part("ogg", FIRST) + part("opus", SECOND))
    assert heard(found) == approximately(FIRST, SECOND)


def with_tag(data: bytes, text: bytes) -> bytes:
    """An MP3 behind an ID3v2 comment."""
    body = b"\0eng\0" + text
    frame = b"COMM" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frame + data


def test_tags_between_joined_recordings_are_no_sound() -> None:
    first, second = part("mp3", FIRST), part("mp3", SECOND)
    tagged = with_tag(first, b"one" * 50_000) + b"TAG" + bytes(125) + with_tag(second, b"two")
    found = decode(tagged)
    assert heard(found) == approximately(FIRST, SECOND)
    assert found.seconds == pytest.approx(5, abs=0.05)
    ended = decode(first + b"TAG" + bytes(125))
    assert ended.seconds == decode(first).seconds


@pytest.mark.parametrize(
    ("kind", "codec", "rates"),
    [("adts", "aac", (44_100, 22_050)), ("mp2", "mp2", (48_000, 32_000)),
     ("ac3", "ac3", (44_100, 48_000))],
)  # fmt: skip
def test_a_rate_that_changes_is_followed(kind: str, codec: str, rates: tuple[int, int]) -> None:
    data = b"".join(
        through_av(kind, codec, tones(piece, rate=rate), rate)
        for piece, rate in zip((FIRST, SECOND), rates, strict=True)
    )
    found = decode(data)
    assert heard(found) == approximately(FIRST, SECOND)
    assert found.seconds == pytest.approx(5, abs=0.2)


def test_a_part_that_cannot_be_heard_is_named_and_the_rest_is_heard() -> None:
    first, second = part("flac", FIRST), part("flac", SECOND)
    broken = second[:64] + bytes(len(second) - 64)
    found = decode(first + broken + second)
    assert heard(found) == approximately(FIRST, SECOND)
    assert "part 2 of 3 is not heard: the recording is damaged" in found.warnings[0]
    twice = decode(first + broken + broken + second)
    assert heard(twice) == approximately(FIRST, SECOND)
    assert "part 2 of 4 is not heard" in twice.warnings[0]
    assert twice.warnings[0].endswith(", nor is another")
    with pytest.raises(InputError, match="damaged"):
        decode(broken + broken)


def test_the_limit_is_of_all_parts_together() -> None:
    data = part("ogg", FIRST) * 3
    assert decode(data, max_duration=9.5 / 3600).seconds == pytest.approx(9, abs=0.1)
    with pytest.raises(InputError, match="longer than"):
        decode(data, max_duration=8 / 3600)


def test_words_of_joined_recordings_are_all_written_down(run, tmp_path: Path) -> None:
    samples, rate = soundfile.read(SPOKEN / "sentence.wav")
    (tmp_path / "once.wav").write_bytes(written(samples, rate))
    files = [tmp_path / "once.wav"]
    for kind in ("mp3", "flac", "ogg"):
        once = written(samples, rate, *KINDS[kind])
        files.append(tmp_path / f"twice.{kind}")
        files[-1].write_bytes(once + once)
    result = run("asr", *files, "--model", "starter")
    assert result.exit_code == 0
    first, *both = (record["result"]["text"] for record in result.records)
    assert "SAILOR" in first
    assert [text.split() for text in both] == [first.split() * 2] * 3


# What headers state


def test_a_word_in_a_tag_is_no_length() -> None:
    """Of changing bit rate, and without the frame that states the length."""
    samples = np.concatenate([noise(10) * 0.01, noise(10, seed=2)])
    data = written(samples, kind="MP3")
    frames = data[data.index(data[:2], 100) :]
    for word in (b"Info", b"Xing", b"VBRI"):
        found = decode(with_tag(frames, b"The " + word + b" of this"))
        assert found.seconds == pytest.approx(20, abs=0.2)


def test_a_length_behind_a_large_tag_is_found() -> None:
    found = decode(with_tag(part("mp3", FIRST), bytes(20_000)))
    assert (found.seconds, found.warnings) == (3.0, ())  # to the sample, as the encoder states


def with_mark(flags: int, frames: int | None = None, size: int | None = None) -> bytes:
    """An MP3 whose first frame states other numbers, or fewer: 1 is its frames, 2 its bytes."""
    data = bytearray(part("mp3", FIRST))
    place = max(data.find(b"Xing"), data.find(b"Info"))
    told = list(struct.unpack(">II", data[place + 8 : place + 16]))
    told = [old if new is None else new for old, new in zip(told, (frames, size), strict=True)]
    kept = b"".join(struct.pack(">I", told[bit]) for bit in (0, 1) if flags >> bit & 1)
    data[place + 4 : place + 140] = struct.pack(">I", flags) + kept.ljust(132, b"\0")
    return bytes(data)


@pytest.mark.parametrize(
    "made",
    [
        with_mark(0), with_mark(1), with_mark(2), with_mark(3),
        with_mark(3, frames=5), with_mark(3, size=10), with_mark(3, size=10**8),
    ],
    ids=["nothing", "frames", "bytes", "both", "few frames", "few bytes", "many bytes"],
)  # fmt: skip
def test_an_mp3_is_heard_whole_whatever_its_first_frame_states(made: bytes) -> None:
    alone = decode(made)
    assert {hertz for hertz, _ in heard(alone)} == {440}
    assert alone.seconds == pytest.approx(3, abs=0.08)
    found = decode(made + part("mp3", SECOND))
    assert {hertz for hertz, _ in heard(found)} == {440, 880}
    assert heard(found)[-1] == approximately(SECOND)[0]
    assert found.seconds == pytest.approx(5, abs=0.16)
    assert found.warnings == ()


def piped_flac() -> bytes:
    """Its header states no length, as of one written to a pipe."""
    data = bytearray(part("flac", FIRST))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return bytes(data)


def test_a_flac_without_a_length_is_heard_and_states_none(tmp_path: Path) -> None:
    found = decode(piped_flac())
    assert (heard(found), found.warnings) == (approximately(FIRST), ())
    (tmp_path / "piped.flac").write_bytes(piped_flac())
    assert stated_seconds(str(tmp_path / "piped.flac")) == 0


def unfinished(riff: int, data: int, before: bytes = b"", kept: int | None = None) -> bytes:
    """A WAV as its writer left it when it was killed."""
    made = bytearray(part("wav", FIRST))
    place = made.index(b"data")
    made[4:8] = struct.pack("<I", riff)
    made[place + 4 : place + 8] = struct.pack("<I", data)
    return bytes(made[:place] + before + made[place:])[:kept]


@pytest.mark.parametrize("riff", [0, 36, 0xFFFFFFFF])
@pytest.mark.parametrize("before", [b"", b"LIST\x04\0\0\0INFO"])
def test_a_wav_whose_header_was_never_finished_is_heard(riff: int, before: bytes) -> None:
    found = decode(unfinished(riff, 0, before))
    assert (found.seconds, heard(found)) == (3.0, approximately(FIRST))
    assert "never finished" in found.warnings[0]


def test_a_long_wav_whose_header_was_never_finished_is_heard() -> None:
    made = bytearray(written(tones(FIRST), kind="RF64"))
    made[20:44] = bytes(24)
    found = decode(bytes(made))
    assert (found.seconds, heard(found)) == (3.0, approximately(FIRST))
    assert found.warnings == ("the header was never finished: heard to the end of the file",)


def test_a_wav_that_was_cut_between_two_bytes_of_a_sample_is_heard() -> None:
    assert decode(unfinished(0, 0, kept=96_001)).seconds == pytest.approx(1, abs=0.001)


def test_a_wav_without_samples_stays_empty() -> None:
    with pytest.raises(InputError, match="no samples"):
        decode(written(np.zeros(0)))


@pytest.mark.parametrize("stated", [8_000, 16_000, 4_000_000])
def test_bytes_a_second_are_no_length(stated: int) -> None:
    """FFmpeg states more of ADPCM than there are."""
    data = bytearray(written(tones(FIRST), RATE, "WAV", "IMA_ADPCM"))
    data[28:32] = struct.pack("<I", stated)
    found = decode(bytes(data))
    assert found.warnings == ()
    assert found.seconds == pytest.approx(3, abs=0.1)


# Damage


def damaged(data: bytes, count: int = 400, at: float = 0.5) -> bytes:
    place = round(len(data) * at)
    return data[:place] + np.random.default_rng(7).bytes(count) + data[place + count :]


TEN = ((440, 5.0), (880, 5.0))
DAMAGED = {
    "mp3": lambda: part("mp3", *TEN),
    "mp3 without a length": lambda: through_av(
        "mp3", "libmp3lame", tones(*TEN, rate=HIGH), HIGH, write_xing="0"
    ),
    "flac": lambda: part("flac", *TEN),
    "aac": lambda: through_av("adts", "aac", tones(*TEN, rate=HIGH), HIGH),
    "m4a": lambda: through_av("ipod", "aac", tones(*TEN, rate=HIGH), HIGH),
    "mp4": lambda: through_av("mp4", "aac", tones(*TEN, rate=HIGH), HIGH, movflags="+faststart"),
    "ts": lambda: through_av("mpegts", "aac", tones(*TEN, rate=HIGH), HIGH),
    "wma": lambda: through_av("asf", "wmav2", tones(*TEN, rate=HIGH), HIGH),
    "ac3": lambda: through_av("ac3", "ac3", tones(*TEN, rate=48_000), 48_000),
}


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("at", [0.25, 0.5, 0.8])
def test_damage_costs_what_it_hits_and_no_more(kind: str, at: float) -> None:
    whole = DAMAGED[kind]()
    found = decode(damaged(whole, at=at))
    assert found.seconds == pytest.approx(decode(whole).seconds, abs=0.15)
    assert "damaged" in " ".join(found.warnings) or "gap" in " ".join(found.warnings)
    for start, hertz in ((0.5, 440), (4.0, 440), (5.5, 880), (9.0, 880)):
        if abs(start + 0.25 - 10 * at) < 0.7:
            continue  # what was hit
        stretch = found.samples[round(start * RATE) : round((start + 0.5) * RATE)]
        assert np.argmax(np.abs(np.fft.rfft(stretch))) * 2 == pytest.approx(hertz, abs=3)
        assert np.abs(stretch).max() > 0.3


@pytest.mark.parametrize("kind", ["mp3", "mp3 without a length", "flac", "m4a", "mp4", "ac3"])
def test_what_is_behind_much_damage_keeps_its_time(kind: str) -> None:
    whole = DAMAGED[kind]()
    place, count = round(0.3 * len(whole)), round(0.15 * len(whole))
    found = decode(whole[:place] + bytes(count) + whole[place + count :])
    assert found.seconds == pytest.approx(decode(whole).seconds, abs=0.1)
    pieces = heard(found)
    assert [hertz for hertz, _ in pieces] == [440, 0, 440, 880]
    assert pieces[1][1] == pytest.approx(1.5, abs=0.5)
    assert pieces[-1][1] == pytest.approx(5, abs=0.3)
    assert "silence" in " ".join(found.warnings)


def test_a_page_of_an_ogg_that_is_lost_leaves_silence_of_its_length() -> None:
    for kind in ("ogg", "opus"):
        whole = part(kind, *TEN)
        found = decode(damaged(whole))
        assert found.seconds == pytest.approx(10, abs=0.1)
        before, after = (heard(found)[0], heard(found)[-1])
        assert (before[0], after[0]) == (440, 880)
        assert before[1] + after[1] > 6
        assert "silence" in found.warnings[0]
        tail = found.samples[-round(0.5 * RATE) :]
        assert np.argmax(np.abs(np.fft.rfft(tail))) * 2 == pytest.approx(880, abs=3)


def test_damage_is_told_in_the_record_and_the_call_succeeds(run, tmp_path: Path) -> None:
    file = tmp_path / "talk.m4a"
    file.write_bytes(damaged(DAMAGED["m4a"]()))
    result = run("classify-audio", file, "--model", "starter")
    assert result.exit_code == 0
    [warning] = result.records[0]["warnings"]
    assert warning.startswith("damaged: ")
    assert "skipped" in warning


def test_what_is_damaged_all_over_is_an_error() -> None:
    data = DAMAGED["aac"]()
    with pytest.raises(InputError):
        decode(data[:7] + np.random.default_rng(1).bytes(len(data)))


@pytest.mark.parametrize(
    ("kind", "codec", "options"),
    [("mp4", "aac", {"movflags": "+faststart"}), ("matroska", "aac", {}), ("flv", "aac", {})],
)
def test_a_container_that_is_cut_short_says_so(kind: str, codec: str, options: dict) -> None:
    data = through_av(kind, codec, tones(*TEN, rate=HIGH), HIGH, **options)
    found = decode(data[: len(data) // 2])
    assert found.seconds == pytest.approx(5, abs=0.5)
    assert found.warnings[0].startswith("cut short: the header promises 10.0 s, the file holds ")


# The container's clock


def late(seconds: float) -> float:
    return seconds + 4.9


def gapped(seconds: float) -> float:
    return seconds if seconds < 2.999 else seconds + 9.9


CLOCKS = [
    ("mp4", "aac"), ("mov", "aac"), ("matroska", "aac"), ("mpegts", "mp2"), ("mpeg", "mp2"),
    ("flv", "aac"), ("asf", "wmav2"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "codec"), CLOCKS)
def test_sound_that_starts_late_has_the_times_of_the_picture(kind: str, codec: str) -> None:
    track = Track(tones((440, 3.0), rate=HIGH), clock=late)
    found = decode(muxed(kind, codec, HIGH, [track], pictures=12))
    assert heard(found) == approximately((0, 4.9), (440, 3.0))
    assert found.seconds == pytest.approx(7.9, abs=0.15)
    assert found.warnings == ()


@pytest.mark.parametrize(("kind", "codec"), CLOCKS)
def test_gaps_in_the_time_stamps_are_silence(kind: str, codec: str) -> None:
    track = Track(tones((440, 3.0), (880, 2.0), rate=HIGH), clock=gapped)
    found = decode(muxed(kind, codec, HIGH, [track], pictures=16))
    assert heard(found) == approximately((440, 3.0), (0, 9.9), (880, 2.0))
    assert found.seconds == pytest.approx(14.9, abs=0.15)
    [note] = found.warnings
    assert note.startswith("a gap in the time stamps: 9.")


@pytest.mark.parametrize(("kind", "codec"), CLOCKS)
def test_sound_that_starts_with_the_picture_is_not_moved(kind: str, codec: str) -> None:
    track = Track(tones((440, 3.0), rate=HIGH))
    found = decode(muxed(kind, codec, HIGH, [track], pictures=5))
    assert found.seconds == pytest.approx(3, abs=0.1)
    assert found.warnings == ()


def test_the_last_frame_is_heard_with_pictures_as_without() -> None:
    """A decoder that holds one back gives it at the end of its own track."""
    track = Track(tones((440, 3.0), rate=HIGH))
    alone, filmed = (
        decode(muxed("asf", "wmav2", HIGH, [track], pictures=seconds)) for seconds in (None, 2)
    )
    assert len(alone.samples) == len(filmed.samples)


def test_a_recording_of_sound_alone_begins_where_its_clock_does() -> None:
    track = Track(tones((440, 3.0), rate=HIGH), clock=lambda seconds: seconds + 36_000)
    found = decode(muxed("mpegts", "mp2", HIGH, [track]))
    assert heard(found) == approximately((440, 3.0))


def test_a_clock_that_jumps_absurdly_is_not_followed() -> None:
    """A day of silence would be no answer; what is heard is answered, and told."""
    track = Track(tones(*TEN, rate=HIGH), clock=lambda now: now if now < 5 else now + 90_000)
    found = decode(muxed("matroska", "aac", HIGH, [track], pictures=10))
    assert heard(found) == approximately(*TEN)
    assert any("start anew" in note for note in found.warnings)


def test_joined_transport_streams_are_heard_on() -> None:
    made = [through_av("mpegts", "mp2", tones(one, rate=HIGH), HIGH) for one in (FIRST, SECOND)]
    assert heard(decode(b"".join(made))) == approximately(FIRST, SECOND)


def test_subtitles_of_sound_that_starts_late_are_late(run, tmp_path: Path) -> None:
    samples, rate = soundfile.read(SPOKEN / "sentence.wav")
    for name, clock in (("now", lambda seconds: seconds), ("late", late)):
        track = Track(samples.astype(np.float32), clock=clock)
        (tmp_path / f"{name}.mkv").write_bytes(muxed("matroska", "aac", rate, [track], 12))
    files = (tmp_path / "now.mkv", tmp_path / "late.mkv")
    result = run("asr", *files, "--model", "starter", "--timestamps", "word")
    now, later = (record["result"] for record in result.records)
    assert now["text"] == later["text"]
    for one, other in zip(now["chunks"], later["chunks"], strict=True):
        assert np.subtract(other["timestamp"], one["timestamp"]) == pytest.approx(4.9, abs=0.1)


# Tracks


SILENT, GERMAN, OTHER = (tones((hertz, 3.0), rate=HIGH) for hertz in (0, 440, 880))
TRACKS = (
    Track(SILENT, "eng", "Music"),
    Track(GERMAN, "deu", "Kommentar", default=True),
    Track(OTHER, "fra"),
)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "film.mkv"
    file.write_bytes(muxed("matroska", "aac", HIGH, TRACKS, pictures=3))
    return file


def test_the_default_track_is_heard_and_the_others_are_named(film: Path) -> None:
    found = decode(film)
    assert heard(found) == approximately(FIRST)
    assert found.warnings == (
        "3 tracks of sound: 2 (deu, Kommentar) is heard, not 1 (eng, Music), 3 (fra) (--track)",
    )


def test_without_a_default_the_first_track_is_heard() -> None:
    tracks = [Track(OTHER, "fra"), Track(GERMAN, "deu")]
    found = decode(muxed("mpegts", "mp2", HIGH, tracks))
    assert heard(found) == approximately((880, 3.0))
    assert "not 2 (deu)" in found.warnings[0]


@pytest.mark.parametrize(("number", "hertz"), [(1, 0), (2, 440), (3, 880)])
def test_a_track_can_be_chosen(number: int, hertz: int, film: Path) -> None:
    found = decode(film, track=number)
    assert heard(found) == approximately((hertz, 3.0))
    assert found.warnings == ()


def test_a_track_that_is_not_there_is_an_error_that_names_those_that_are(run, film: Path) -> None:
    plain = film.with_name("plain.wav")
    plain.write_bytes(part("wav", FIRST))
    result = run("classify-audio", film, plain, "--track", 4, "--model", "starter")
    assert result.exit_code == 1
    first, second = (record["error"] for record in result.records)
    assert first["message"] == "there is no track 4: the file has 3 of sound"
    assert first["hint"] == "its tracks: 1 (eng, Music), 2 (deu, Kommentar), 3 (fra)"
    assert second["message"] == "there is no track 4: the file has 1 of sound"


def test_track_counts_from_one(run, film: Path) -> None:
    assert run("classify-audio", film, "--track", 0, "--model", "starter").exit_code == 2
    result = run("classify-audio", film, "--track", 1, "--model", "starter")
    assert (result.exit_code, "warnings" in result.records[0]) == (0, False)


# Channels


@pytest.mark.parametrize("kind", KINDS)
def test_channels_that_cancel_are_noticed(kind: str) -> None:
    one = tones(FIRST, rate=48_000)
    found = decode(written(np.stack([one, -one * 0.9], axis=1), 48_000, *KINDS[kind]))
    assert heard(found) == approximately(FIRST)
    assert np.abs(found.samples).max() == pytest.approx(0.4, abs=0.05)
    assert found.warnings == (
        "the channels cancel one another: only channel 1, the loudest, is heard",
    )


def several(count: int, *loud: int) -> np.ndarray:
    made = np.zeros((RATE, count), np.float32)
    for channel in loud:
        made[:, channel] = noise(1, seed=channel)
    return made


@pytest.mark.parametrize(
    "channels", [several(2, 0), several(2, 0, 1), several(8, 5), several(8, 0, 1, 2), several(2)],
    ids=["one of two", "two", "one of eight", "three of eight", "none"],
)  # fmt: skip
def test_channels_that_do_not_cancel_are_averaged(channels: np.ndarray) -> None:
    found = decode(written(channels, subtype="FLOAT"))
    assert found.warnings == ()
    assert found.samples == pytest.approx(channels.mean(axis=1), abs=1e-6)


def test_channels_that_cancel_are_written_down(run, tmp_path: Path) -> None:
    samples, rate = soundfile.read(SPOKEN / "sentence.wav")
    soundfile.write(tmp_path / "plain.wav", samples, rate)
    soundfile.write(tmp_path / "anti.wav", np.stack([samples, -samples], axis=1), rate)
    result = run("asr", tmp_path / "plain.wav", tmp_path / "anti.wav", "--model", "starter")
    plain, anti = (record["result"]["text"] for record in result.records)
    assert plain == anti
    assert "cancel" in result.records[1]["warnings"][0]


HOSTILE = {
    "pages": b"OggS\0\xff" * 100_000,
    "markers": b"fLaC\x80\0\0\x22" * 20_000,
    "frames": b"\xff\xfb\x90\0" * 100_000,
    "chunks": b"RIFF\0\0\0\0WAVE" + b"abcd\0\0\0\0" * 100_000,
    "headers": b"RIFF\4\0\0\0WAVE" * 20_000,
    "tags": b"ID3\3\0\0\0\0\0\0" * 100_000 + b"\xff",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_marks_without_recordings_are_an_error(name: str) -> None:
    with pytest.raises(InputError):
        decode(HOSTILE[name])


def test_bytes_of_every_kind_never_crash() -> None:
    """Mutations of every kind of file: an answer, or an error in words."""
    random = np.random.default_rng(3)
    for kind, seed in itertools.product(KINDS, range(12)):
        data = bytearray(part(kind, (440, 0.5)) * 2)
        for place in random.integers(0, len(data), 1 + 3 * seed):
            data[place] = random.integers(256)
        try:
            found = decode(bytes(data[: random.integers(20, len(data))]))
        except InputError as failure:
            assert failure.message
        else:
            assert found.seconds < 10


def test_a_damaged_header_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """libsndfile seeks before the start of an AIFF without the chunk of its sound."""
    data = bytearray(part("aiff", FIRST))
    data[38] = 0
    with pytest.raises(InputError):
        decode(bytes(data))
    assert capfd.readouterr().err == ""


def test_samples_that_are_no_numbers_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    channels = np.array([[np.inf, -np.inf]] * RATE, np.float32)
    with pytest.raises(InputError, match="not numbers"):
        decode(written(channels, subtype="FLOAT"))
    assert capfd.readouterr().err == ""
