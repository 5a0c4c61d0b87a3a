"""Subtitles, as the parsers of other people's programs read them: what the record says is there."""

import html
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import srt
import webvtt
from checkpoints import cached
from conftest import Finished
from samples import sounds

from taskcli.results import Chunk, Transcript
from taskcli.tasks.asr.task import Asr

Run = Callable[..., Finished]
Cue = tuple[int, int, str]  # milliseconds, and the words

SOUNDS = Path(__file__).resolve().parent.parent / "examples" / "sounds"
SPOKEN = ("sentence.wav", "question.flac", "news.ogg", "scene.wav")
KINDS = ("srt", "vtt")


def said(text: str) -> str:
    """Words without the line breaks that a layout or a speaker gave them."""
    return " ".join(text.split())


def milliseconds(time: Any) -> int:
    """Of webvtt's timestamp."""
    clock = (time.hours * 60 + time.minutes) * 60 + time.seconds
    return int(clock * 1000 + time.milliseconds)


def read(content: str, kind: str) -> list[Cue]:
    """The cues of a file by a strict parser, whose numbers count from 1."""
    if kind == "srt":
        found = list(srt.parse(content))
        assert [cue.index for cue in found] == list(range(1, len(found) + 1))
        tick = srt.timedelta(milliseconds=1)
        return [(cue.start // tick, cue.end // tick, said(cue.content)) for cue in found]
    captions = webvtt.from_string(content, strict=True).captions
    assert [cue.identifier for cue in captions] == [str(n + 1) for n in range(len(captions))]
    return [
        (milliseconds(cue.start_time), milliseconds(cue.end_time), said(html.unescape(cue.text)))
        for cue in captions
    ]


def cues_of(chunks: Iterable[dict[str, Any]], kind: str) -> list[Cue]:
    """What the chunks of a record say. SubRip has no way to write an arrow as text."""
    found = []
    for one in chunks:
        start, end = (round(second * 1000) for second in one["timestamp"])
        text = said(one["text"])
        found.append((start, end, text.replace("-->", "→") if kind == "srt" else text))
    return found


def segments_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The cues of a saved .json as chunks of a record."""
    return [
        {"text": one["text"], "timestamp": (one["start"], one["end"])} for one in data["segments"]
    ]


# What a model hears


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SPOKEN)
def test_a_cue_for_each_word_of_the_record(run: Run, name: str, kind: str) -> None:
    call = ("asr", SOUNDS / name, "--model", "starter")
    [record] = run(*call, "--timestamps", "word").records
    assert record["result"]["chunks"]
    done = run(*call, "--format", kind, "--word-cues")
    assert done.exit_code == 0, done.stderr
    assert read(done.stdout, kind) == cues_of(record["result"]["chunks"], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_cues_of_several_words_begin_and_end_with_words_of_the_record(run: Run, kind: str) -> None:
    call = ("asr", SOUNDS / "news.ogg", "--model", "starter")
    [record] = run(*call, "--timestamps", "word").records
    left = cues_of(record["result"]["chunks"], kind)
    done = run(*call, "-o", f"news.{kind}", "--timestamps", "word")
    assert done.exit_code == 0, done.stderr
    found = read(Path(f"news.{kind}").read_bytes().decode(), kind)
    for start, end, text in found:
        own, left = left[: len(text.split())], left[len(text.split()) :]
        assert (start, end, text) == (own[0][0], own[-1][1], " ".join(word[2] for word in own))
    assert not left
    assert " ".join(cue[2] for cue in found) == said(record["result"]["text"])


def test_saved_transcripts_of_several_recordings(run: Run) -> None:
    """Each has files of its own, and all of them say the same."""
    files = [SOUNDS / name for name in SPOKEN]
    call = ("asr", *files, "--model", "starter", "--timestamps", "word")
    done = run(*call, "--save-dir", "saved", "--word-cues")
    assert done.exit_code == 0, done.stderr
    assert len(done.records) == len(files)
    for record in done.records:
        kept = {Path(file).suffix: Path(file).read_bytes().decode() for file in record["files"]}
        for kind in KINDS:
            assert read(kept[f".{kind}"], kind) == cues_of(record["result"]["chunks"], kind)
        assert cues_of(segments_of(json.loads(kept[".json"])), "vtt") == read(kept[".vtt"], "vtt")


# What a model might hear


def hearing(monkeypatch: pytest.MonkeyPatch, *found: Transcript) -> None:
    """Recordings in which these are said, in the order of the inputs."""
    heard = iter(found)
    monkeypatch.setattr(Asr, "fold", lambda self, item, results: next(heard))


HOSTILE = {
    "an arrow": "one --> two --->",
    "times": "00:00:01,000 --> 00:00:02,000",
    "a cue": "a\n\n7\n00:00:01.000 --> 00:00:02.000\nb",
    "a loose arrow": "7\n00:00:01,000 - > 00:00:02,000",
    "a number": "7",
    "a number on a line": "one\n7\ntwo",
    "markup": "<b>bold</b> <00:00:01.000> <v Anna>",
    "entities": "R&D &amp; &lt; &gt; &#60; &nbsp",
    "less": "1 < 2 > 0",
    "blank lines": "a\n\n\nb\r\n\r\nc",
    "other line ends": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    "words of the format": "WEBVTT",
    "a note": "NOTE this",
    "a style": "STYLE",
    "a region": "REGION",
    "a position": "{\\an8}top",
    "a mark of Unicode": "\ufeffa",
    "a direction": "\u202eabc\u202c",
}


def hostile(first: float = 0.0) -> Transcript:
    """The texts, each for a second and with a pause behind it: none shares its cue."""
    chunks = [
        Chunk(f" {text}", (first + 2.0 * n, first + 2.0 * n + 1.0))
        for n, text in enumerate(HOSTILE.values())
    ]
    return Transcript("".join(one.text for one in chunks).strip(), tuple(chunks))


@pytest.mark.parametrize("layout", [(), ("--word-cues",)], ids=["phrases", "words"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_words_are_markup_or_cues(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: str, layout: tuple[str, ...]
) -> None:
    file = sounds(Path())["tone"]
    hearing(monkeypatch, hostile(), hostile())
    call = ("asr", file, "-m", cached("wav2vec2-ctc"), "--timestamps", "word")
    [record] = run(*call).records
    done = run(*call, "--format", kind, *layout)
    assert done.exit_code == 0, done.stderr
    assert read(done.stdout, kind) == cues_of(record["result"]["chunks"], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_no_words_of_one_recording_reach_the_file_of_another(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    files = sorted(sounds(Path()).values())[:3]
    hearing(monkeypatch, hostile(), hostile(100.0), Transcript("", ()))
    call = ("asr", *files, "-m", cached("wav2vec2-ctc"), "--timestamps", "word")
    done = run(*call, "--save-dir", "saved", "--batch-size", 1)
    assert done.exit_code == 0, done.stderr
    counts = []
    for record in done.records:
        [name] = [file for file in record["files"] if file.endswith(kind)]
        found = read(Path(name).read_bytes().decode(), kind)
        counts.append(len(found))
        assert found == cues_of(record["result"].get("chunks") or (), kind)
    assert sorted(counts) == [0, len(HOSTILE), len(HOSTILE)]
    refused = run(*call, "--format", kind)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"{kind} holds the subtitles of one input" in refused.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_milliseconds_are_the_same_after_hours(
    run: Run, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    times = [(999.999, 1001.001), (1234.567, 1235.678), (36_000.123, 36_001.456)]
    found = tuple(Chunk(f" word{n}", time) for n, time in enumerate(times))
    file = sounds(Path())["tone"]
    hearing(monkeypatch, Transcript("word0 word1 word2", found))
    call = ("asr", file, "-m", cached("wav2vec2-ctc"), "--timestamps", "word")
    [record] = run(*call, "--save-dir", "saved", "--word-cues").records
    assert [tuple(one["timestamp"]) for one in record["result"]["chunks"]] == times
    kept = {Path(file).suffix: Path(file).read_bytes().decode() for file in record["files"]}
    expected = cues_of(record["result"]["chunks"], kind)
    assert read(kept[f".{kind}"], kind) == expected
    assert cues_of(segments_of(json.loads(kept[".json"])), kind) == expected


# How cues are laid out


def karaoke(content: str) -> list[list[tuple[int, str]]]:
    """The words of each cue with their times, of which the first is the cue's own."""
    found = []
    for caption in webvtt.from_string(content, strict=True).captions:
        start, *others = re.split(r"<(\d+:\d+:\d+\.\d+)>", caption.raw_text)
        times = [milliseconds(webvtt.models.Timestamp.from_string(one)) for one in others[::2]]
        own = [(milliseconds(caption.start_time), said(html.unescape(start)))]
        texts = [said(html.unescape(one)) for one in others[1::2]]
        found.append([*own, *zip(times, texts, strict=True)])
        every = [time for time, _ in found[-1]] + [milliseconds(caption.end_time)]
        assert every == sorted(set(every))
    return found


def test_karaoke_says_when_each_word_is_said(run: Run) -> None:
    call = ("asr", SOUNDS / "news.ogg", "--model", "starter")
    [record] = run(*call, "--timestamps", "word").records
    done = run(*call, "--karaoke", "-o", "news.vtt")
    assert done.exit_code == 0, done.stderr
    content = Path("news.vtt").read_text()
    found = karaoke(content)
    assert [word for cue in found for word in cue] == [
        (start, text) for start, _, text in cues_of(record["result"]["chunks"], "vtt")
    ]
    assert any(len(cue) > 1 for cue in found)
    plain = run(*call, "--timestamps", "word", "-f", "vtt")
    assert read(content, "vtt") == read(plain.stdout, "vtt")


def test_karaoke_of_words_that_are_markup_or_untimed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that the format obeys stay words; those without a time of their own have no stamp."""
    texts = ["<b>", "R&D", "-->", "今", "天", "two", "three", "<00:00:01.000>", "four"]
    starts = [0.0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.7, 1.0, 1.2]
    chunks = [Chunk(f" {text}", (start, 1.4)) for text, start in zip(texts, starts, strict=True)]
    hearing(monkeypatch, Transcript(" ".join(texts), tuple(chunks)))
    done = run(
        "asr", sounds(Path())["tone"], "-m", cached("wav2vec2-ctc"), "-f", "vtt", "--karaoke"
    )
    assert done.exit_code == 0, done.stderr
    assert karaoke(done.stdout) == [
        [
            (0, "<b>"),
            (200, "R&D"),
            (400, "-->"),
            (600, "今"),
            (800, "天 two three"),
            (1000, "<00:00:01.000>"),
            (1200, "four"),
        ]
    ]


SHAPES: tuple[tuple[str, ...], ...] = (
    ("--max-lines", "1"),
    ("--max-words", "2"),
    ("--max-line-width", "12", "--max-lines", "3"),
    ("--word-cues",),
    ("--karaoke",),
)


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
@pytest.mark.parametrize("kind", KINDS)
def test_records_are_laid_out_as_the_run_lays_them_out(
    run: Run, kind: str, shape: tuple[str, ...]
) -> None:
    call = ("asr", SOUNDS / "news.ogg", "--model", "starter")
    assert run(*call, "--timestamps", "word", "-o", "news.jsonl").exit_code == 0
    directly = run(*call, "-f", kind, *shape)
    converted = run("convert", "news.jsonl", "-f", kind, *shape)
    if shape == ("--karaoke",) and kind == "srt":
        for refused in (directly, converted):
            assert (refused.exit_code, refused.stdout) == (2, "")
            assert "srt has no times within a cue" in refused.stderr
        return
    assert converted.stdout == directly.stdout
    found = read(directly.stdout, kind)
    [record] = [json.loads(line) for line in Path("news.jsonl").read_text().splitlines()]
    assert " ".join(text for _, _, text in found) == said(record["result"]["text"])
    if "--max-words" in shape:
        assert max(len(text.split()) for _, _, text in found) == 2
    if "--max-lines" in shape:
        most = int(shape[-1])
        assert max(len(cue.split("\n")) for cue in blocks(directly.stdout)) == 2 + most


def blocks(content: str) -> list[str]:
    return content.removeprefix("WEBVTT\n\n").strip().split("\n\n")


def test_saved_subtitles_have_the_shape(run: Run) -> None:
    call = ("asr", SOUNDS / "news.ogg", "--model", "starter", "--save-dir", "saved")
    [record] = run(*call, "--karaoke", "--max-lines", 1).records
    kept = {Path(file).suffix: Path(file).read_text() for file in record["files"]}
    assert sum(map(len, karaoke(kept[".vtt"]))) == len(record["result"]["chunks"])
    assert read(kept[".srt"], "srt") == read(kept[".vtt"], "vtt")
    assert {len(cue.split("\n")) for cue in blocks(kept[".srt"])} == {3}


@pytest.mark.parametrize(
    ("how", "said_of_it"),
    [
        (("-f", "vtt", "--karaoke", "--word-cues"), "--word-cues leaves one word in a cue"),
        (("-f", "srt", "--max-words", "0"), "--max-words"),
        (("-f", "srt", "--max-lines", "0"), "--max-lines"),
    ],
)
def test_shapes_that_cannot_be_had_are_refused(
    run: Run, how: tuple[str, ...], said_of_it: str
) -> None:
    done = run("asr", SOUNDS / "yes.wav", "-m", "starter", *how)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said_of_it in done.stderr


@pytest.mark.parametrize("task", ["asr", "classify-audio"])
def test_tables_have_no_lines_of_subtitles(run: Run, task: str) -> None:
    assert run(task, SOUNDS / "yes.wav", "-m", "starter", "-o", "a.jsonl").exit_code == 0
    done = run("convert", "a.jsonl", "-f", "csv", "--max-lines", 1)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--max-lines is for subtitles of asr, not for csv of {task}" in done.stderr


# What is set for many runs, and what is typed for one


@pytest.mark.parametrize("name", ["MAX_LINES", "MAX_WORDS", "KARAOKE", "WORD_CUES"])
def test_a_variable_lays_out_what_there_is(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"TASKCLI_{name}", "1")
    done = run("asr", SOUNDS / "yes.wav", "-m", "starter", "-f", "text")
    assert (done.exit_code, done.stdout) == (0, "YES\n")


def test_karaoke_of_a_settings_file_is_for_formats_that_have_it(run: Run) -> None:
    call = ("asr", SOUNDS / "yes.wav", "-m", "starter", "-f")
    plain, typed = run(*call, "srt"), run(*call, "vtt", "--karaoke")
    Path("taskcli.toml").write_text("[asr]\nkaraoke = true\n")
    done = run(*call, "srt")
    assert (done.exit_code, done.stdout) == (0, plain.stdout)
    assert run(*call, "vtt").stdout == typed.stdout
    assert "srt has no times within a cue" in run(*call, "srt", "--karaoke").stderr


@pytest.mark.parametrize(
    ("saved", "shape", "said"),
    [
        ("txt", "--karaoke", "--save txt leaves none"),
        ("txt", "--word-cues", "--save txt leaves none"),
        (
            "srt,txt",
            "--karaoke",
            "--karaoke: no times within a cue are in srt\n  → add vtt to --save",
        ),
    ],
)
def test_shapes_of_cues_that_are_not_saved_are_refused(
    run: Run, saved: str, shape: str, said: str
) -> None:
    call = ("asr", SOUNDS / "yes.wav", "-m", "starter", "--save-dir", "saved")
    done = run(*call, "--save", saved, shape)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert not Path("saved").exists()
    assert run(*call, "--save", f"{saved},vtt", shape).exit_code == 0
