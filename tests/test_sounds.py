"""Recordings of every kind, good and bad, as the decoder gives them to the tasks."""

import io
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from recordings import RATE, black_frame, decode, through_av, written
from samples import noise, sounds, tone

from taskcli.errors import InputError
from taskcli.media import MEDIA
from taskcli.media.decode.decoder import stated_seconds
from taskcli.media.items import AudioInput, Media

PITCH = 440.0
SECONDS = 1.5


def refused(file: Path | bytes, reason: str, **settings: Any) -> None:
    with pytest.raises(InputError, match=reason):
        decode(file, **settings)


def pitch(sound: AudioInput) -> float:
    """The loudest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(sound.samples))
    return float(np.argmax(spectrum) * sound.rate / len(sound.samples))


def is_the_tone(sound: AudioInput, seconds: float = SECONDS, slack: float = 0.06) -> bool:
    assert (sound.samples.dtype, sound.samples.ndim, sound.rate) == (np.float32, 1, RATE)
    level = float(np.abs(sound.samples).max())
    return (
        abs(sound.seconds - seconds) <= slack
        and abs(pitch(sound) - PITCH) < 3
        and 0.35 < level < 0.65
    )


# What is heard


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16")])
def test_every_rate(rate: int, kind: str, subtype: str) -> None:
    data = written(tone(SECONDS, rate, PITCH), rate, kind, subtype)
    assert is_the_tone(decode(data), slack=0.001)


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("WAV", "PCM_U8"),
        ("WAV", "PCM_24"),
        ("WAV", "PCM_32"),
        ("WAV", "FLOAT"),
        ("WAV", "DOUBLE"),
        ("WAV", "ALAW"),
        ("WAV", "ULAW"),
        ("WAV", "IMA_ADPCM"),
        ("WAVEX", "PCM_16"),
        ("RF64", "PCM_16"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_16"),
        ("CAF", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_every_format(kind: str, subtype: str) -> None:
    found = decode(written(tone(SECONDS, RATE, PITCH), RATE, kind, subtype))
    assert is_the_tone(found)
    assert not found.warnings


@pytest.mark.parametrize(
    ("kind", "codec", "rate", "video"),
    [
        ("ipod", "aac", 44_100, False),  # .m4a
        ("mp4", "aac", 32_000, False),
        ("mp4", "aac", 44_100, True),
        ("adts", "aac", 44_100, False),
        ("matroska", "aac", 44_100, True),
        ("webm", "libopus", 48_000, False),
        ("mov", "pcm_s16le", 44_100, True),
        ("avi", "pcm_s16le", 22_050, True),
    ],
)
def test_every_container(kind: str, codec: str, rate: int, video: bool) -> None:
    samples = tone(SECONDS, rate, PITCH)
    assert is_the_tone(decode(through_av(kind, codec, samples, rate, video)), slack=0.2)


@pytest.mark.parametrize(
    "made",
    [
        written(tone(SECONDS), kind="FLAC"),
        written(tone(SECONDS), kind="MP3"),
        through_av("ipod", "aac", tone(SECONDS, 44_100), 44_100),
        through_av("mp3", "libmp3lame", tone(SECONDS), RATE, write_xing="0"),
    ],
    ids=["flac", "mp3", "m4a", "mp3 without a length"],
)
def test_a_header_states_the_length(tmp_path: Path, made: bytes) -> None:
    (tmp_path / "x").write_bytes(made)
    assert stated_seconds(str(tmp_path / "x")) == pytest.approx(SECONDS, abs=0.2)


def test_what_is_no_recording_states_no_length(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"just text")
    os.mkfifo(tmp_path / "pipe")
    for name in ("x", "pipe", "gone"):
        assert stated_seconds(str(tmp_path / name)) == 0


# By extension, the container and the codec of a file of that name; None: libsndfile writes it.
BY_EXTENSION: dict[str, tuple[str, str | None]] = {
    **dict.fromkeys((".wav", ".wave", ".bwf"), ("WAV", None)),
    **dict.fromkeys((".aif", ".aiff"), ("AIFF", None)),
    **dict.fromkeys((".au", ".snd"), ("AU", None)),
    **dict.fromkeys((".mp3", ".mpga"), ("MP3", None)),
    **dict.fromkeys((".ogg", ".oga"), ("OGG", None)),
    **dict.fromkeys((".m4a", ".m4b", ".m4r"), ("ipod", "aac")),
    **dict.fromkeys((".mp4", ".m4v"), ("mp4", "aac")),
    **dict.fromkeys((".mov", ".qt"), ("mov", "pcm_s16le")),
    **dict.fromkeys((".wma", ".asf", ".wmv"), ("asf", "wmav2")),
    **dict.fromkeys((".ts", ".m2ts", ".mts"), ("mpegts", "mp2")),
    **dict.fromkeys((".mpg", ".mpeg"), ("mpeg", "mp2")),
    **dict.fromkeys((".flv", ".f4v"), ("flv", "aac")),
    **dict.fromkeys((".mkv", ".mka"), ("matroska", "aac")),
    **dict.fromkeys((".webm", ".weba"), ("webm", "libopus")),
    **dict.fromkeys((".rm", ".ra"), ("rm", "ac3")),
    ".w64": ("W64", None),
    ".rf64": ("RF64", None),
    ".caf": ("CAF", None),
    ".voc": ("VOC", None),
    ".sph": ("NIST", None),
    ".flac": ("FLAC", None),
    ".aifc": ("aiff", "pcm_alaw"),
    ".wv": ("wv", "wavpack"),
    ".tta": ("tta", "tta"),
    ".mp2": ("mp2", "mp2"),
    ".opus": ("opus", "libopus"),
    ".spx": ("spx", "libspeex"),
    ".aac": ("adts", "aac"),
    ".ac3": ("ac3", "ac3"),
    ".eac3": ("eac3", "eac3"),
    ".dts": ("dts", "dca"),
    ".ape": ("ape", "ape"),
    ".gsm": ("gsm", "libgsm"),
    ".awb": ("amr", "libvo_amrwbenc"),
    ".amr": ("amr", "libopencore_amrnb"),
    ".3gp": ("3gp", "libopencore_amrnb"),
    ".3g2": ("3g2", "aac"),
    ".avi": ("avi", "libmp3lame"),
    ".vob": ("vob", "ac3"),
    ".ogv": ("ogv", "libopus"),
    ".mxf": ("mxf", "pcm_s16le"),
}
DECODED_ONLY = {".spx", ".dts", ".ape", ".gsm", ".awb", ".mxf"}  # nothing here makes one
_RATES = {"libopencore_amrnb": 8_000, "libopus": 48_000, "ac3": 48_000, "eac3": 48_000}


def test_every_extension_of_a_folder_is_of_a_known_container() -> None:
    assert set(BY_EXTENSION) == MEDIA[Media.AUDIO].extensions


@pytest.mark.parametrize("extension", sorted(BY_EXTENSION.keys() - DECODED_ONLY))
def test_every_extension_that_a_folder_is_searched_for(extension: str) -> None:
    kind, codec = BY_EXTENSION[extension]
    if codec is None:
        made = written(tone(SECONDS, 44_100, PITCH), 44_100, kind)
    else:
        rate = _RATES.get(codec, 44_100)
        made = through_av(kind, codec, tone(SECONDS, rate, PITCH), rate)
    assert is_the_tone(decode(made), slack=0.2)


@pytest.mark.parametrize("extension", sorted(DECODED_ONLY))
def test_what_is_only_decoded_here_has_its_decoder(extension: str) -> None:
    _, codec = BY_EXTENSION[extension]
    decoder = {"libspeex": "speex", "libgsm": "gsm", "libvo_amrwbenc": "amrwb"}.get(codec, codec)
    assert av.Codec(decoder, "r").type == "audio"


@pytest.mark.parametrize("flags", ["", "+faststart"])
def test_the_index_of_an_mp4_may_stand_at_either_end(flags: str) -> None:
    options = {"movflags": flags} if flags else {}
    data = through_av("mp4", "aac", tone(SECONDS, 44_100, PITCH), 44_100, **options)
    assert (data.index(b"moov") < data.index(b"mdat")) is bool(flags)
    assert is_the_tone(decode(data), slack=0.2)


@pytest.mark.parametrize("channels", [2, 3, 8])
def test_channels_are_averaged(channels: int) -> None:
    apart = np.zeros((RATE, channels), np.float32)
    apart[:, 0] = tone(1)
    assert decode(written(apart)).samples == pytest.approx(tone(1) / channels, abs=1e-4)
    alike = np.repeat(tone(1)[:, None], channels, axis=1)
    assert decode(written(alike)).samples == pytest.approx(tone(1), abs=1e-4)


def test_samples_at_the_rate_are_exact() -> None:
    samples = noise(12.3)  # longer than a block of decoding
    assert (decode(written(samples, subtype="FLOAT")).samples == samples).all()


@pytest.mark.long
def test_blocks_leave_no_seam() -> None:
    """Resampled in blocks of a few seconds as at once."""
    import soxr

    samples = noise(21.7, 44_100)
    whole = soxr.resample(samples, 44_100, RATE)
    found = decode(written(samples, 44_100, subtype="FLOAT")).samples
    assert abs(len(found) - len(whole)) <= 1
    shared = min(len(found), len(whole))
    assert found[:shared] == pytest.approx(whole[:shared], abs=1e-3)


def test_the_samples_are_all_readable(tmp_path: Path) -> None:
    for file in sounds(tmp_path).values():
        assert decode(file).seconds == pytest.approx(soundfile.info(file).duration, abs=0.01)


def test_silence_is_sound() -> None:
    assert not decode(written(np.zeros(RATE))).samples.any()


# What is heard in part, or not at all


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


LONG_TONE = tone(4, RATE, PITCH)


def test_half_a_wav_is_answered_with_a_warning() -> None:
    found = decode(half(written(LONG_TONE)))
    assert found.seconds == pytest.approx(2, abs=0.01)
    assert "cut short" in found.warnings[0]


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("MP3", 1.9), ("OGG", 0.9), ("FLAC", 1.8), ("AIFF", 2), ("AU", 2), ("W64", 2)],
)
def test_half_a_file_is_heard_with_a_warning(kind: str, seconds: float) -> None:
    found = decode(half(written(noise(4) * 0.5, kind=kind)))
    assert found.seconds == pytest.approx(seconds, abs=0.1)  # Ogg begins with a code book
    assert np.abs(found.samples).max() < 1  # and not what lay in memory
    assert "cut short" in found.warnings[0]


def test_an_ogg_that_holds_less_than_its_head_is_an_error() -> None:
    refused(half(written(LONG_TONE, kind="OGG")), "not a recording in a format that can be read")


@pytest.mark.parametrize("gone", [1, 10, 400])
def test_an_ogg_that_ends_within_a_page_is_heard_with_a_warning(gone: int) -> None:
    found = decode(through_av("ogg", "libopus", LONG_TONE, RATE)[:-gone])
    assert found.warnings == ("cut short: the file ends within the recording",)
    assert 2.5 < found.seconds <= 4.01


def test_half_an_mp4_with_its_index_first_is_heard_with_a_warning() -> None:
    data = through_av("mp4", "aac", LONG_TONE, RATE, movflags="+faststart")
    found = decode(half(data))
    assert found.seconds == pytest.approx(1.9, abs=0.1)
    assert "cut short: the header promises 4.0 s" in found.warnings[0]


def test_an_mp3_that_does_not_state_its_length_is_heard_to_its_end() -> None:
    """Of changing bit rate: a guess from its first frames would be far too short."""
    samples = np.concatenate([noise(10) * 0.01, noise(10, seed=2)])
    data = written(samples, kind="MP3")
    second_frame = data.index(data[:2], 100)
    assert decode(data[second_frame:]).seconds == pytest.approx(20, abs=0.2)


def test_a_wav_that_was_written_to_a_pipe_is_whole() -> None:
    data = bytearray(written(LONG_TONE))
    for field in (4, data.index(b"data") + 4):
        data[field : field + 4] = b"\xff" * 4
    found = decode(bytes(data))
    assert (found.seconds, found.warnings) == (4.0, ())


def test_half_an_mp4_is_an_error() -> None:
    refused(half(through_av("mp4", "aac", LONG_TONE, RATE)), "not a recording in a format")


def wav_header(**fields: int) -> bytes:
    """A WAV of 16-bit zeros, with any field of its header made to lie."""
    body = bytes(3200)
    made = {"size": 36 + len(body), "channels": 1, "rate": RATE, "bits": 16, "data": len(body)}
    made |= fields
    block = made["channels"] * made["bits"] // 8
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", made["size"], b"WAVE", b"fmt ", 16, 1, made["channels"],
        made["rate"], made["rate"] * block, block, made["bits"],
    )  # fmt: skip
    return head + struct.pack("<4sI", b"data", made["data"]) + body


@pytest.mark.parametrize(
    "fields",
    [
        {"data": 10**9},
        {"size": 10**9},
        {"channels": 0},
        {"rate": 0},
        {"bits": 0},
        {"channels": 999},
    ],
    ids=str,
)
def test_a_header_that_lies_is_an_error_or_a_warning(fields: dict[str, int]) -> None:
    try:
        found = decode(wav_header(**fields))
    except InputError:
        return
    assert found.seconds < 1
    assert found.warnings


def with_not_a_number(value: float) -> bytes:
    samples = tone(1)
    samples[500] = value
    return written(samples, subtype="FLOAT")


BROKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "text": (lambda: b"just text", "not a recording"),
    "no samples": (lambda: written(np.zeros(0)), "no samples"),
    "NaN": (lambda: with_not_a_number(np.nan), "not numbers"),
    "infinite": (lambda: with_not_a_number(np.inf), "not numbers"),
    "10 ms": (lambda: written(tone(0.01)), "10 ms"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "not a recording"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_errors(name: str) -> None:
    make, reason = BROKEN[name]
    refused(make(), reason)


def test_a_video_without_sound_is_an_error() -> None:
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("mpeg4", rate=10, width=32, height=32)
        container.mux([*track.encode(black_frame()), *track.encode(None)])
    refused(stream.getvalue(), "no sound")


def test_a_recording_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    hour = written(np.zeros(3600 * 8_000, np.int16), 8_000, "FLAC")
    assert len(hour) < 400_000
    refused(hour, r"longer than 0\.5 h", max_duration=0.5)


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{path}\n#EXT-X-ENDLIST\n",
    "list.m3u": "#EXTM3U\n{path}\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{path}'\n",
    "list.pls": "[playlist]\nFile1={path}\nNumberOfEntries=1\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=audio 5004 RTP/AVP 0\n",
    "list.wav": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:{path}\n#EXT-X-ENDLIST\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_is_an_error_and_opens_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that it names is a pipe: whoever opened it would wait for ever."""
    secret = tmp_path / "secret.wav"
    os.mkfifo(secret)
    file = tmp_path / name
    file.write_text(PLAYLISTS[name].format(path=secret))
    monkeypatch.chdir(tmp_path)
    refused(file, "not a recording")


# Files that are none


def test_what_is_no_regular_file_is_an_error_and_nothing_waits(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    refused(pipe, "not a regular file")
    refused(tmp_path, "not a regular file")
    refused(Path(os.devnull), "not a regular file")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    refused(tmp_path / "gone.wav", "gone")
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "nothing.wav")
    refused(link, "gone")
    loop = tmp_path / "loop.wav"
    loop.symlink_to(loop)
    refused(loop, "cannot be read")


def test_a_file_that_may_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "private.wav"
    file.write_bytes(written(tone(1)))

    def forbidden(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)  # a superuser may read everything
    refused(file, "cannot be read: Permission denied")
