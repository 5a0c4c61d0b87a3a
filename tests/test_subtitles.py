"""Subtitles that are translated: as many cues, at their times, with their speakers and markup."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import srt
import webvtt
from conftest import Finished

from taskcli.media.subtitles import read_subtitles
from taskcli.results import Cue
from taskcli.tasks.cued_text import cued_text
from taskcli.tasks.parting import Parted, parted

Run = Callable[..., Finished]
FRENCH = ("-m", "starter", "--from", "en", "--to", "fr")

FILM = """\ufeff1
00:00:01,000 --> 00:00:02,500 X1:100 X2:200 Y1:10 Y2:20
The big red ball is
behind the blue cube.

2
00:00:03,000 --> 00:00:05,000
<i>The girl sees a white bird</i>

3
00:00:05,200 --> 00:00:07,000
in the garden.

7
1:00:08,5 --> 1:00:09.250
- Where is my new key?
- MIRA: The ball is red.

8
01:00:10,000 --> 01:00:11,000
♪

"""
TALK = """WEBVTT - A talk
Kind: captions

STYLE
::cue { color: gold }

intro
00:01.000 --> 00:02.500 line:0 align:start
<v.loud Mira>The ball is <b>red</b> &amp; the cube is blue.</v>

NOTE nothing of this is said

01:02:03.004 --> 01:02:05.000
Where is my new key?
"""


def said(run: Run, text: str) -> str:
    [record] = run("translate", "--text", text, *FRENCH).records
    return record["result"]["translation_text"]


def translated(run: Run, name: str, content: str, *words: str) -> Finished:
    Path(name).write_text(content, encoding="utf-8")
    done = run("translate", name, *FRENCH, *words)
    assert done.exit_code == 0, done.stderr
    return done


# From file to file


def test_a_file_of_subtitles_comes_back_cue_by_cue(run: Run) -> None:
    translated(run, "film.srt", FILM, "-o", "film.fr.srt")
    written = Path("film.fr.srt").read_text(encoding="utf-8")
    before, after = (list(srt.parse(one.lstrip("\ufeff"))) for one in (FILM, written))
    assert [cue.index for cue in after] == [1, 2, 3, 7, 8]
    assert [(cue.start, cue.end) for cue in after] == [(cue.start, cue.end) for cue in before]
    assert after[0].proprietary == "X1:100 X2:200 Y1:10 Y2:20"
    assert after[0].content.replace("\n", " ") == said(
        run, "The big red ball is behind the blue cube."
    )
    assert after[4].content == "♪"


def test_a_sentence_over_two_cues_is_translated_as_one(run: Run) -> None:
    [record] = translated(run, "film.srt", FILM).records
    second, third = (one["text"] for one in record["result"]["chunks"][1:3])
    assert second.startswith("<i>") and second.endswith("</i>")
    whole = said(run, "The girl sees a white bird in the garden.")
    assert f"{second[3:-4]} {third}" == whole
    assert third.split()[0] == "dans"


def test_speakers_stand_before_their_own_words(run: Run) -> None:
    [record] = translated(run, "film.srt", FILM).records
    cue = record["result"]["chunks"][3]
    question, answer = (said(run, text) for text in ("Where is my new key?", "The ball is red."))
    assert cue["text"] == f"- {question}\n- MIRA: {answer}"
    assert cue["timestamp"] == [3608.005, 3609.25]
    assert cue["id"] == "7"
    assert record["result"]["translation_text"].splitlines()[-2:] == [question, answer]


def test_all_of_webvtt_but_the_words_stays(run: Run) -> None:
    translated(run, "talk.vtt", TALK, "-o", "talk.fr.vtt")
    written = Path("talk.fr.vtt").read_text(encoding="utf-8")
    head, style, first, note, second = written.rstrip("\n").split("\n\n")
    assert [head, style] == TALK.split("\n\n")[:2]
    assert first.startswith(
        "intro\n00:00:01.000 --> 00:00:02.500 line:0 align:start\n<v.loud Mira>"
    )
    assert first.endswith("</v>")
    assert "&" not in first.replace("&amp;", "")
    assert first.count("<b>") == first.count("</b>") == 1
    assert note == "NOTE nothing of this is said"
    assert second == f"01:02:03.004 --> 01:02:05.000\n{said(run, 'Where is my new key?')}"
    captions = webvtt.from_string(written, strict=True).captions
    assert [cue.voice for cue in captions] == ["Mira", None]


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize(("name", "content"), [("film.srt", FILM), ("talk.vtt", TALK)])
def test_a_record_becomes_the_file_that_the_run_writes(
    run: Run, name: str, content: str, kind: str
) -> None:
    translated(run, name, content, "-o", f"direct.{kind}")
    translated(run, name, content, "-o", "records.jsonl")
    assert run("convert", "records.jsonl", "-o", f"later.{kind}").exit_code == 0
    assert Path(f"later.{kind}").read_text() == Path(f"direct.{kind}").read_text()


def test_a_speaker_and_a_place_are_told_in_the_other_format(run: Run) -> None:
    translated(run, "talk.vtt", TALK, "-o", "talk.srt")
    [first, _] = srt.parse(Path("talk.srt").read_text())
    assert first.index == 1
    assert first.content.startswith("Mira: ")
    assert "&" not in first.content.replace(" & ", "") and "<v" not in first.content
    placed = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}The ball is red.\n"
    translated(run, "placed.srt", placed, "-o", "placed.vtt")
    assert "00:00:02.000 line:0\n" in Path("placed.vtt").read_text()
    assert "an8" not in Path("placed.vtt").read_text()


def test_subtitles_come_through_a_pipe_too(run: Run) -> None:
    done = run("translate", "-", *FRENCH, "--format", "srt", stdin=FILM)
    assert done.exit_code == 0, done.stderr
    assert [cue.index for cue in srt.parse(done.stdout)] == [1, 2, 3, 7, 8]
    rows = "".join(json.dumps({"text": FILM}) + "\n" for _ in range(2))
    several = run("translate", "-", *FRENCH, "--format", "srt", stdin=rows)
    assert several.exit_code == 4
    assert "srt holds the subtitles of one input" in several.stderr


def test_files_are_left_beside_each_other_in_their_own_kinds(run: Run) -> None:
    Path("a.srt").write_text(FILM)
    Path("b.vtt").write_text(TALK)
    Path("c.txt").write_text("The ball is red.\n")
    done = run("translate", "a.srt", "b.vtt", "c.txt", *FRENCH, "--save-dir", "fr")
    assert done.exit_code == 0, done.stderr
    assert [record["files"] for record in done.records] == [
        ["fr/a.srt"],
        ["fr/b.vtt"],
        ["fr/c.txt"],
    ]
    for name, content in {"a.srt": FILM, "b.vtt": TALK}.items():
        translated(run, name, content, "-o", f"alone.{name}")
        assert Path(f"fr/{name}").read_text() == Path(f"alone.{name}").read_text()
    assert Path("fr/c.txt").read_text() == said(run, "The ball is red.") + "\n"


# What is none


def test_a_text_that_is_no_subtitles_is_told_so(run: Run) -> None:
    Path("letter.txt").write_text("The ball is red.\n")
    done = run("translate", "letter.txt", *FRENCH, "-o", "letter.srt")
    assert done.exit_code == 1
    assert "letter.txt: not subtitles" in done.stderr
    assert Path("letter.srt").read_text() == ""
    [record] = run("translate", "letter.txt", *FRENCH).records
    assert set(record["result"]) == {"translation_text"}
    Path("records.jsonl").write_text(json.dumps(record))
    refused = run("convert", "records.jsonl", "-o", "later.srt")
    assert refused.exit_code == 2
    assert "run taskcli translate on subtitles" in refused.stderr


def test_subtitles_can_be_taken_for_a_text(run: Run) -> None:
    [record] = translated(run, "film.srt", FILM, "--subtitles", "never").records
    assert set(record["result"]) == {"translation_text"}
    done = run("translate", "film.srt", *FRENCH, "--subtitles", "never", "-f", "srt")
    assert done.exit_code == 2
    assert "--subtitles never" in done.stderr


def test_subtitles_without_a_word_are_an_error_of_theirs(run: Run) -> None:
    done = run("translate", "-", *FRENCH, stdin="1\n00:00:01,000 --> 00:00:02,000\n♪ 1, 2\n")
    [record] = done.records
    assert record["error"]["message"] == "there are no words in the subtitles"


# How files are read


def cues(text: str) -> list[Cue]:
    found = read_subtitles(text)
    assert found is not None
    return list(found.cues)


def test_no_word_is_lost_of_a_file_that_is_out_of_form() -> None:
    found = cues(
        "\n\n00:00:01,000-->00:00:02,000\nfirst\n\nbehind a blank line\n00:00:03,000 --> "
        "00:00:04,000\r\nsecond\r\n\r\n1984\r\n\r\n9\r\n00:00:05,000 --> 00:00:06,000\r\n"
    )
    assert [(cue.id, cue.text) for cue in found] == [
        (None, "first\nbehind a blank line"),
        (None, "second\n1984"),
        ("9", ""),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "WEBVTT", "WEBVTTX\n\n00:01.000 --> 00:02.000\nHi", "1\n2\n3", "At 00:01 --> 00:02 I ran"],
)
def test_what_only_looks_like_subtitles_is_a_text(text: str) -> None:
    assert read_subtitles(text) is None


# Laying answers over cues


def same(text: str) -> Parted:
    return parted(text, "sentence", lambda part: True, "en")


def laid(content: str, answer: Callable[[str], str] = str) -> list[str]:
    """The texts of the cues, where each sentence is answered by `answer`."""
    found = read_subtitles(content)
    assert found is not None
    cued = cued_text(found, same)
    translation = cued.translation([answer(text) for text in cued.given])
    assert translation.chunks is not None
    assert [cue.timestamp for cue in translation.chunks] == [cue.timestamp for cue in found.cues]
    return [cue.text for cue in translation.chunks]


def subrip(*texts: str, pause: float = 0.1) -> str:
    return "".join(
        f"{n}\n00:{n:02}:00,000 --> 00:{n:02}:{round((60 - pause) * 1000) // 1000:02},"
        f"{round((60 - pause) * 1000) % 1000:03}\n{text}\n\n"
        for n, text in enumerate(texts, 1)
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["I went to the store", "and I bought", "a loaf of bread. Then I", "went home."],
        ["<i>I went to the store</i>", "<i>and I bought bread.</i>"],
        ["- No.\n- Yes!", "JOHN: Go on, then.", ">> Who is it?"],
        ["speaker 1: One and", "speaker 12: two.", "left: No,\nright: yes.", "3: No."],
        ["He said <b>no</b> to <i>all of <u>them</u></i>.", "{\\an8}Up here."],
        ["♪ La la la ♪", "♪ and so on", "and on ♪"],
        ["Wait...", "...for me.", "WAIT… NO."],
        ["今天天气很好，", "我们去公园吧。"],
        ["a < b & c > d", "<not a tag", "{name} is 50 % \\o/ <3"],
        ["...", "[1984]", "Tom &amp; Jerry"],
    ],
)
def test_an_answer_that_says_the_same_is_the_same(texts: list[str]) -> None:
    assert laid(subrip(*texts)) == texts


def test_a_cue_ends_behind_a_mark_that_is_near() -> None:
    long = {"I went out and, as it rained,": "Je suis sorti et, parce qu'il pleuvait à verse,"}
    texts = ["I went out and, as it rained,", "I took my hat."]
    answer = f"{long[texts[0]]} j'ai pris mon chapeau."
    assert laid(subrip(*texts), lambda source: answer) == [
        "Je suis sorti et, parce\nqu'il pleuvait à verse,",
        "j'ai pris mon chapeau.",
    ]


def test_a_short_answer_stays_while_its_cues_do() -> None:
    assert laid(subrip("I do not know", "what you mean."), lambda source: "Quoi?") == [
        "Quoi?",
        "Quoi?",
    ]


def test_other_sentences_are_not_joined() -> None:
    sources: list[str] = []

    def noted(source: str) -> str:
        sources.append(source)
        return source

    laid(subrip("One and", "two", pause=10), noted)
    laid(subrip("Three and", "- four"), noted)
    laid(subrip(*["no marks at all"] * 7), noted)
    assert sources == ["One and", "two", "Three and", "four", *["no marks at all"] * 7]


def test_who_speaks_in_our_own_subtitles_is_kept_and_not_translated() -> None:
    """As asr --speakers and --channel each write them."""
    sources: list[str] = []

    def shouted(source: str) -> str:
        sources.append(source)
        return source.upper()

    texts = ["speaker 1: one and", "speaker 2: two and", "left: three", "right: four", "2: five"]
    assert laid(subrip(*texts), shouted) == [
        "speaker 1: ONE AND",
        "speaker 2: TWO AND",
        "left: THREE",
        "right: FOUR",
        "2: FIVE",
    ]
    assert sources == ["one and", "two and", "three", "four", "five"]


@pytest.mark.parametrize("names", [("speaker 1", "speaker 2"), ("left", "right")])
def test_who_speaks_in_a_record_is_kept_and_not_translated(
    run: Run, tmp_path: Path, names: tuple[str, str]
) -> None:
    lines = "The big red ball is behind the blue cube.", "Where is my new key?"
    alone = tmp_path / "alone.txt"
    alone.write_text("\n".join(lines))
    record = {
        "input": "a.wav",
        "task": "asr",
        "model": "m",
        "result": {"text": "\n".join(map(": ".join, zip(names, lines, strict=True)))},
    }
    (tmp_path / "said.jsonl").write_text(json.dumps(record))
    [found, plain] = run("translate", tmp_path / "said.jsonl", alone, *FRENCH).records
    expected = plain["result"]["translation_text"].split("\n")
    assert found["result"]["translation_text"] == "\n".join(
        f"{name}: {text}" for name, text in zip(names, expected, strict=True)
    )


def test_tags_stay_around_words_wherever_the_answer_is_longer() -> None:
    [text] = laid(subrip("a <b>b</b> c <i>d</i>"), lambda source: "aa aa bbb bbb cc cc dddd dddd")
    assert text.index("<b>") < text.index("</b>") < text.index("<i>") < text.index("</i>")
    assert "<b></b>" not in text and text.endswith("dddd</i>")


def test_long_lines_break_in_the_middle() -> None:
    [text] = laid(subrip("word " * 12))
    lines = text.split("\n")
    assert [len(line) for line in lines] == [29, 29]


# Cues that end before they begin


BACKWARDS = """1
00:00:01,000 --> 00:00:02,500
The ball is red.

2
00:00:03,000 --> 00:00:02,000
The cube is blue.

3
00:00:05,000 --> 00:00:06,000
The bird is white.

4
00:00:07,000 --> 00:00:07,000
Where is my new key?
"""


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_a_cue_that_ends_before_it_begins_is_shown_until_the_next(
    run: Run, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "film.srt").write_text(BACKWARDS)
    done = run("translate", tmp_path / "film.srt", *FRENCH, "--format", kind)
    assert done.exit_code == 0, done.stderr
    found = read_subtitles(done.stdout)
    assert found is not None
    times = [(1, 2.5), (3, 5), (5, 6), (7, 13)]
    assert [cue.timestamp for cue in found.cues] == times
    told = " ".join(done.stderr.split())
    assert "film.srt: the cues at lines 6, 14 end before they begin: shown until" in told
    assert told.count("the cues at lines") == 1


def test_one_such_cue_is_named_by_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "film.srt").write_text(BACKWARDS.partition("\n4\n")[0])
    [record] = run("translate", tmp_path / "film.srt", *FRENCH, "--format", "jsonl").records
    [warning] = record["warnings"]
    assert warning.startswith("the cue at line 6 ends before it begins: shown until the next")
    assert record["result"]["chunks"][1]["timestamp"] == [3, 5]


def test_a_block_without_times_is_told(run: Run, tmp_path: Path) -> None:
    first = "1\n00:00:01,000 --> 00:00:02,000\nThe red ball.\n\n1984\n\n"
    last = "3\n00:00:05,000 --> 00:00:06,000\nThe girl.\n"
    (tmp_path / "film.srt").write_text(f"{first}2\nno time here\nThe blue cube.\n\n{last}")
    [record] = run("translate", tmp_path / "film.srt", *FRENCH, "--format", "jsonl").records
    told = "the block at line 7 has no times: it is read as of the cue before"
    assert record["warnings"] == [told]
    (tmp_path / "film.srt").write_text(first + last)
    [record] = run("translate", tmp_path / "film.srt", *FRENCH, "--format", "jsonl").records
    assert "warnings" not in record, "a number alone is said"


def test_records_of_such_cues_are_mended_where_they_are_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "film.srt").write_text(FILM)
    [record] = run("translate", tmp_path / "film.srt", *FRENCH, "--format", "jsonl").records
    assert "warnings" not in record
    record["result"]["chunks"][0]["timestamp"] = [2.0, 1.0]
    (tmp_path / "records.jsonl").write_text(json.dumps(record) + "\n")
    done = run("convert", tmp_path / "records.jsonl", "--format", "vtt")
    found = read_subtitles(done.stdout)
    assert found is not None
    assert found.cues[0].timestamp == (2.0, 3.0)
    assert "film.srt: cue 1 ends before it begins" in " ".join(done.stderr.split())
