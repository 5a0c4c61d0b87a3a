"""The same records through every format: exact for programs, harmless and readable for people."""

import csv
import dataclasses
import io
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PRINTED, Finished, parse
from rich.console import Console

from taskcli import results
from taskcli.errors import UsageError
from taskcli.output import choose_format, open_writer
from taskcli.output.serialize import plain, to_json, to_line
from taskcli.output.terminal.console import ConsoleWriter
from taskcli.output.terminal.views import safe
from taskcli.results import (
    Answer,
    Box,
    Chunk,
    DepthMap,
    Detection,
    Entity,
    Failure,
    GeneratedText,
    Label,
    LabelWindow,
    Record,
    RunLengthMask,
    Segment,
    Summary,
    TokenEntity,
    Transcript,
    Translation,
)
from taskcli.tasks import TASKS

Run = Callable[..., Finished]
BOX = Box(1, 2, 30, 40)
MASK = RunLengthMask((40, 50), "PPYo0")
# What a file, a label or a model may contain, and what a terminal must not be told to do with it.
HOSTILE = {
    "markup": "[bold]cat[/bold]",
    "closing tag": "cat[/].png",
    "link": "[link=https://example.org]click[/link]",
    "escape": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07",
    "C1": "\x9b31mred\x85line",
    "carriage return": "100%\rowned",
    "backspace": "abc\b\b\bxyz",
    "bidi": "evil\u202egpj.exe",
    "isolate": "a\u2066b\u2069c",
    "bell and NUL": "a\x07b\x00c",
    "lone surrogate": "a\ud800b",
    "line separator": "one\u2028two\u2029three",
    "line ends": "one\ntwo\r\nthree",
    "tab": "one\ttwo",
    "quotes": 'say "hi", it\'s \\fine',
    "emoji": "👩‍🚀 ok",
    "backslash at the end": "C:\\",
}


def record(result: Any = None, name: str = "a.jpg", **more: Any) -> Record:
    return Record(name, "task", "model", "0" * 40, result, **more)


def _flat(result: Any) -> list[Any]:
    return result if isinstance(result, list) else [result]


def every_kind(text: str = "cat") -> dict[str, Any]:
    """A result of every type, with `text` wherever it holds one."""
    return {
        "labels": [Label(text, 0.75), Label("dog", 0.25)],
        "transcript": Transcript(text),
        "chunks": Transcript(text, (Chunk(text, (0.0, 1.5)),), "en"),
        "detections": [Detection(text, 0.9, BOX)],
        "segments": [Segment(text, None, MASK, 500, BOX), Segment(text, 0.5, MASK, 7, BOX)],
        "depth": DepthMap(0.5, 9.75, 3.25, 640, 480, "m"),
        "entities": [Entity(text, 0.99, text, 0, 3)],
        "tokens": [TokenEntity(text, 0.99, 1, text, 0, 3)],
        "answer": Answer(text, text, 0.5, 0, 3),
        "no answer": Answer(text, "", 0.5, 0, 0),
        "answers": [Answer(text, text, 0.5, 0, 3)] * 2,
        "generated": [GeneratedText(text), GeneratedText(text)],
        "summary": Summary(text),
        "translation": Translation(text),
        "subtitles": Translation(text, (results.Cue(text, (0.0, 1.5), "1"),)),
        "nothing": [],
        **{
            task.name: [_with_text(one, text) for one in _flat(task.samples.answer)]
            for task in TASKS
            if task.samples.answer is not None
        },
    }


def _with_text(result: Any, text: str) -> Any:
    values = ((one.name, getattr(result, one.name)) for one in dataclasses.fields(result))
    return dataclasses.replace(result, **{n: text for n, value in values if isinstance(value, str)})


def written(chosen: str, *records: Record) -> str:
    stream = io.StringIO(newline="")
    writer = open_writer(chosen, stream)
    for item in records:
        writer.write(item)
    writer.close()
    return stream.getvalue()


def shown(*records: Record, width: int = 80, terminal: bool = False) -> str:
    stream = io.StringIO()
    writer = ConsoleWriter(stream)
    writer._console = Console(file=stream, width=width, highlight=False, force_terminal=terminal)
    for item in records:
        writer.write(item)
    writer.close()
    return stream.getvalue()


KINDS = pytest.mark.parametrize("kind", every_kind())
NASTY = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


# JSON


@KINDS
@NASTY
def test_json_holds_every_text_exactly_on_one_line(kind: str, text: str) -> None:
    answer = record(every_kind(text)[kind], text, warnings=(text,))
    line = written("jsonl", answer)
    assert line.count("\n") == 1
    assert len(line.splitlines()) == 1, "no other character ends a line"
    assert json.loads(line) == to_json(answer)
    assert json.loads(line)["input"] == text
    line.encode()


@NASTY
def test_json_on_a_terminal_holds_nothing_that_drives_it(text: str) -> None:
    line = written("jsonl", record([Label(text, 0.5)], text)).rstrip("\n")
    assert line == safe(line).replace("\n", "")


def test_a_record_has_its_keys_in_the_documented_order() -> None:
    whole = record([Label("cat", 0.5)], warnings=("cut",), files=("a.png",))
    assert list(to_json(whole)) == [
        "input",
        "task",
        "model",
        "revision",
        "result",
        "warnings",
        "files",
    ]
    failed = record(error=Failure("InputError", "broken"))
    assert to_json(failed)["error"] == {"type": "InputError", "message": "broken"}
    assert "result" not in to_json(failed)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_has_not_become_null(number: float) -> None:
    depth = DepthMap(number, 1.0, 0.5, 2, 2, "relative")
    (read,) = parse(written("jsonl", record(depth)))
    assert read["result"]["min"] is None
    assert parse(written("jsonl", record([Label("cat", number)])))[0]["result"][0]["score"] is None


def test_floats_keep_six_digits_and_integers_all() -> None:
    assert plain({"a": 0.123456789, "b": 123456789, "c": (1, 2.5)}) == {
        "a": 0.123457,
        "b": 123456789,
        "c": [1, 2.5],
    }


def test_values_for_files_stay_out_of_the_record() -> None:
    line = to_line(record(DepthMap(0, 1, 0.5, 2, 2, "m", np.ones((2, 2)))))
    assert {"source", "values"}.isdisjoint(json.loads(line)["result"])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_json_is_one_array(count: int) -> None:
    content = written("json", *[record([Label("cat", 0.5)])] * count)
    assert [item["input"] for item in json.loads(content)] == ["a.jpg"] * count


# Tables


def table(chosen: str, *records: Record) -> list[list[str]]:
    content = written(chosen, *records)
    delimiter = "," if chosen == "csv" else "\t"
    return list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("chosen", ["csv", "tsv"])
@KINDS
@NASTY
def test_a_table_has_one_width_and_reads_back(chosen: str, kind: str, text: str) -> None:
    answer = record(every_kind(text)[kind], text)
    failed = record(None, text, error=Failure("InputError", text))
    rows = table(chosen, failed, answer, failed)
    header, *cells = rows
    assert header[0] == "input"
    assert header[-1] == "error"
    assert {len(row) for row in rows} == {len(header)}
    assert {row[0] for row in cells} == {text}
    assert cells[0][-1] == cells[-1][-1] == text


def test_a_table_has_a_line_per_answer_and_dotted_columns() -> None:
    both = [Detection("cat", 0.9, BOX), Detection("dog", 0.8, BOX)]
    header, first, second, failed = table(
        "csv", record(both), record(name="b.jpg", error=Failure("InputError", "broken"))
    )
    assert header == [
        "input",
        "label",
        "score",
        "box.xmin",
        "box.ymin",
        "box.xmax",
        "box.ymax",
        "error",
    ]
    assert first == ["a.jpg", "cat", "0.9", "1", "2", "30", "40", ""]
    assert second[1] == "dog"
    assert failed == ["b.jpg", "", "", "", "", "", "", "broken"]


def test_an_input_without_answers_has_a_line() -> None:
    rows = table("csv", record([]), record([Label("cat", 0.5)], "b.jpg"), record([], "c.jpg"))
    assert [row[0] for row in rows] == ["input", "a.jpg", "b.jpg", "c.jpg"]


def test_a_table_of_failures_alone_is_a_table() -> None:
    failed = record(error=Failure("InputError", "broken"))
    assert table("csv", failed) == [["input", "error"], ["a.jpg", "broken"]]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C x'!A0"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_text(text: str) -> None:
    _, row = table("csv", record([Label(text, -0.5)], text))
    assert row[:3] == ["'" + text, "'" + text, "-0.5"], "numbers stay numbers"


# Text


def test_text_is_the_bare_answer() -> None:
    answers = every_kind()
    expected = {
        "transcript": "cat\n",
        "summary": "cat\n",
        "translation": "cat\n",
        "generated": "cat\ncat\n",
        "answer": "cat\n",
        "no answer": "\n",
        "labels": "0.7500\tcat\n0.2500\tdog\n",
        "detections": "0.9000\tcat\t1 2 30 40\n",
        "entities": "cat\tcat\n",
        "depth": "0.5\t3.25\t9.75\tm\n",
    }
    assert {kind: written("text", record(answers[kind])) for kind in expected} == expected


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("chosen", ["text", "csv", "tsv", "srt", "vtt"])
@NASTY
def test_plain_formats_do_not_drive_a_terminal(chosen: str, text: str) -> None:
    terminal = Terminal()
    writer = open_writer(chosen, terminal)
    writer.write(record(Transcript(text, (Chunk(text, (0.0, 1.0)),)), text))
    writer.close()
    assert terminal.getvalue()
    assert terminal.getvalue() == safe(terminal.getvalue())


def test_text_leaves_failures_to_stderr() -> None:
    assert written("text", record(error=Failure("InputError", "broken"))) == ""


# The view for people


@pytest.mark.parametrize("width", [40, 80, 200])
@KINDS
def test_the_view_fits_the_terminal(width: int, kind: str) -> None:
    long_text = "a rather long answer " * 10
    content = shown(record(every_kind(long_text)[kind], "a.jpg"), width=width)
    assert content.startswith("a.jpg\n")
    assert max(map(len, content.splitlines())) <= width
    assert "…" not in content, "nothing is cut off"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_labels_stay_one_line_each(width: int) -> None:
    content = shown(record([Label("cat", 0.75), Label("dog", 0.25)]), width=width)
    assert [line.split()[-1] for line in content.splitlines() if line.strip()][1:] == ["cat", "dog"]


@pytest.mark.parametrize("terminal", [False, True])
@KINDS
@NASTY
def test_hostile_text_is_harmless_on_a_terminal(kind: str, text: str, terminal: bool) -> None:
    failed = record(None, text, error=Failure("InputError", text, text), warnings=(text,))
    content = shown(record(every_kind(text)[kind], text), failed, terminal=terminal)
    own_colours = re.sub(r"\x1b\[[0-9;]*m", "", content) if terminal else content
    for char in own_colours:
        assert char == "\n" or unicodedata.category(char) not in ("Cc", "Cs")
        assert char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


@pytest.mark.parametrize("text", ["[bold]cat[/bold]", "cat[/].png", "[link=x]y[/link]", "[red]"])
@pytest.mark.parametrize(
    "kind", [kind for kind in every_kind() if kind not in ("depth", "nothing")]
)
def test_markup_is_shown_as_it_is(kind: str, text: str) -> None:
    content = shown(record(every_kind(text)[kind], text), width=200)
    assert content.count(text) >= 2


def test_a_name_with_line_ends_stays_on_its_line() -> None:
    """Else a file could be called like a whole record."""
    content = shown(record([Label("cat", 0.5)], "a.jpg\n✗ forged"))
    assert content.splitlines()[0].startswith("a.jpg")
    assert "forged" in content.splitlines()[0]


def test_no_escape_codes_without_a_terminal() -> None:
    records = [record(result) for result in every_kind().values()]
    assert "\x1b" not in written("rich", *records)


def test_no_colour_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    content = shown(*[record(result) for result in every_kind().values()], terminal=True)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", content)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert re.search(r"\x1b\[[0-9;]*3[0-7]", shown(record([Label("cat", 0.5)]), terminal=True))


def test_failures_warnings_and_hints_are_shown() -> None:
    failed = record(error=Failure("InputError", "broken file", "try another"))
    warned = record([Label("cat", 0.5)], warnings=("cut short",))
    content = shown(failed, warned)
    for words in ("✗ broken file", "try another", "! cut short"):
        assert words in content


def test_windows_of_a_long_recording_are_shown_with_their_times() -> None:
    """Neighbours with the same best label are one line."""
    best = ["music", "music", "speech", "music"]
    windows = tuple(
        LabelWindow(30.0 * at, 30.0 * at + 30, [Label(name, 0.5 + 0.1 * at), Label("x", 0.1)])
        for at, name in enumerate(best)
    )
    lines = shown(record([Label("music", 0.6)], windows=windows)).splitlines()
    assert [line.split() for line in lines if "–" in line] == [
        ["00:00.0", "–", "01:00.0", "55.0%", "music"],
        ["01:00.0", "–", "01:30.0", "70.0%", "speech"],
        ["01:30.0", "–", "02:00.0", "80.0%", "music"],
    ]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -3.5, 42.0])
def test_any_score_can_be_shown(score: float) -> None:
    assert "cat" in shown(record([Label("cat", score)]))
    for chosen in PRINTED:
        assert "cat" in written(chosen, record([Label("cat", score)]))


@KINDS
@pytest.mark.parametrize("chosen", PRINTED)
def test_every_kind_goes_through_every_format(chosen: str, kind: str) -> None:
    assert written(chosen, record(every_kind()[kind]))


def test_every_result_type_is_among_the_kinds() -> None:
    kinds = {type(item) for result in every_kind().values() for item in _flat(result)}
    parts = {
        Label,
        LabelWindow,
        Box,
        Chunk,
        results.Cue,
        results.ChannelText,
        results.Turn,
        RunLengthMask,
        Failure,
        Record,
        results.Shard,
    }
    declared = {
        value
        for value in vars(results).values()
        if isinstance(value, type) and value.__module__ == results.__name__
    }
    assert declared - parts == kinds - parts


# Subtitles

WORDS = (
    Chunk(" Hello", (0.0, 0.4)),
    Chunk(" there,", (0.4, 0.9)),
    Chunk(" friend.", (0.9, 1.25)),
    Chunk(" After a pause", (3.0, 3.9)),
    Chunk(" of an hour.", (3661.5, 3662.0005)),
)


def test_subrip() -> None:
    assert written("srt", record(Transcript("", WORDS))) == (
        "1\n00:00:00,000 --> 00:00:01,250\nHello there, friend.\n\n"
        "2\n00:00:03,000 --> 00:00:03,900\nAfter a pause\n\n"
        "3\n01:01:01,500 --> 01:01:02,000\nof an hour.\n\n"
    )


def test_webvtt() -> None:
    content = written("vtt", record(Transcript("", WORDS[:1])))
    assert content == "WEBVTT\n\n1\n00:00:00.000 --> 00:00:00.400\nHello\n\n"


def test_cues_are_two_lines_at_most() -> None:
    words = tuple(Chunk(f" word{n}", (n * 0.1, n * 0.1 + 0.1)) for n in range(200))
    for cue in written("srt", record(Transcript("", words))).strip().split("\n\n"):
        _, times, *lines = cue.split("\n")
        assert " --> " in times
        assert 1 <= len(lines) <= 2
        assert max(map(len, lines)) <= 42


@pytest.mark.parametrize("text", ["a --> b", "one\n\ntwo", "\r\n\r\n9\n00:00 --> 00:01"])
def test_words_cannot_forge_a_cue(text: str) -> None:
    content = written("srt", record(Transcript("", (Chunk(text, (0.0, 1.0)),))))
    assert content.count("-->") == 1
    assert len(content.strip().split("\n\n")) == 1


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_what_has_no_text_has_no_cue(text: str) -> None:
    chunks = (Chunk(text, (0.0, 1.0)), Chunk("said", (1.0, 2.0)))
    content = written("srt", record(Transcript("said", chunks)))
    assert content == "1\n00:00:01,000 --> 00:00:02,000\nsaid\n\n"


def test_no_words_are_valid_empty_subtitles() -> None:
    assert written("srt", record(Transcript(""))) == ""
    assert written("vtt", record(error=Failure("InputError", "broken"))) == "WEBVTT\n\n"


# Which format


@pytest.mark.parametrize(
    ("asked", "output", "terminal", "chosen"),
    [
        ("auto", None, True, "rich"),
        ("auto", None, False, "jsonl"),
        ("csv", None, True, "csv"),
        ("rich", None, False, "rich"),
        ("auto", "a.jsonl", True, "jsonl"),
        ("auto", "a.NDJSON", True, "jsonl"),
        ("auto", "a.json", True, "json"),
        ("auto", "a.csv", True, "csv"),
        ("auto", "a.tsv", True, "tsv"),
        ("auto", "a.txt", True, "text"),
        ("auto", "a.srt", True, "srt"),
        ("auto", "a.vtt", True, "vtt"),
        ("jsonl", "a.csv", True, "jsonl"),
        ("text", "no-extension", True, "text"),
    ],
)
def test_flag_then_extension_then_terminal(
    asked: str, output: str | None, terminal: bool, chosen: str
) -> None:
    path = None if output is None else Path(output)
    assert choose_format(asked, path, terminal, ("srt", "vtt"), "asr") == chosen


@pytest.mark.parametrize(
    ("asked", "output", "words"),
    [
        ("auto", "a.xlsx", ["a.xlsx", ".csv", "--format"]),
        ("auto", "none", ["none", "--format"]),
        ("srt", None, ["detect", "srt", "jsonl"]),
        ("auto", "a.vtt", ["detect", "vtt"]),
    ],
)
def test_an_unknown_format_says_which_there_are(
    asked: str, output: str | None, words: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        choose_format(asked, output and Path(output), False, (), "detect")
    for word in words:
        assert word in f"{caught.value.message} {caught.value.hint}"


def test_hostile_names_in_a_whole_run(run: Run, classifier: Path) -> None:
    names = ["cat[/].txt", "[bold]x.txt", "\x1b[31mred.txt", "evil\u202etxt.txt", "-dash.txt"]
    for name in names:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"")
    words = [f"./{name}" if name.startswith("-") else name for name in names]
    done = run("classify-text", *words, "-m", classifier)
    assert done.inputs == words
    viewed = run("classify-text", *words, "-m", classifier, "--format", "rich")
    for content in (done.stderr, viewed.stdout, viewed.stderr):
        assert "\x1b" not in content
        assert "\u202e" not in content
    assert "cat[/].txt" in viewed.stdout
    assert "[bold]x.txt" in viewed.stdout
