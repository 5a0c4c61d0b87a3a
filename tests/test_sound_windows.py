"""Labels over time: classify-audio --window and --hop."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from conftest import Finished
from samples import noise

from taskcli.tasks.stretches import Windows

Run = Callable[..., Finished]
RATE = 16_000
SPOKEN = Path(__file__).parent.parent / "examples" / "sounds"
CALL = ("classify-audio", "events.wav", "--model", "starter")


@pytest.fixture(autouse=True)
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence, a word from 1 s on, silence, another from 3 s on; 4.5 s in all."""
    monkeypatch.chdir(tmp_path)
    samples = np.zeros(round(4.5 * RATE), np.float32)
    for second, name in ((1, "yes.wav"), (3, "stop.wav")):
        word, _ = soundfile.read(SPOKEN / name, dtype="float32")
        samples[second * RATE :][: min(len(word), RATE)] = word[:RATE]
    soundfile.write("events.wav", samples, RATE)


def best(record: dict[str, Any]) -> list[tuple[float, float, str]]:
    return [(one["start"], one["end"], one["labels"][0]["label"]) for one in record["windows"]]


def test_each_window_has_its_labels(run: Run) -> None:
    [record] = run(*CALL, "--window", "1").records
    assert record["window"] == 1
    assert best(record) == [
        (0, 1, "_silence_"),
        (1, 2, "yes"),
        (2, 3, "_silence_"),
        (3, 4, "stop"),
        (4, 4.5, "_silence_"),
    ]
    jsonschema.validate(record, json.loads(run("schema", "classify-audio").stdout))
    [whole] = run(*CALL).records
    assert not {"window", "windows"} & whole.keys()


def test_windows_may_overlap_and_reach_to_the_end(run: Run) -> None:
    [record] = run(*CALL, "--window", "1", "--hop", "0.4").records
    spans = [(start, end) for start, end, _ in best(record)]
    assert spans[:3] == [(0, 1), (0.4, 1.4), (0.8, 1.8)]
    assert spans[-1] == (3.6, 4.5)
    assert len(spans) == 10


def test_a_window_is_answered_as_that_stretch_alone(run: Run) -> None:
    soundfile.write("noise.wav", noise(7), RATE)
    call = ("classify-audio", "noise.wav", "--model", "starter", "--top-k", "3")
    windows = run(*call, "--window", "2.5", "--hop", "1.5").records[0]["windows"]
    for window, start in zip(windows, ("0", "1.5", "3", "4.5"), strict=True):
        [alone] = run(*call, "--start", start, "--duration", "2.5").records
        for one, other in zip(window["labels"], alone["result"], strict=True):
            assert one["label"] == other["label"]
            assert one["score"] == pytest.approx(other["score"], abs=1e-4)


def test_what_is_shorter_than_a_window_is_one(run: Run) -> None:
    [record] = run(*CALL, "--window", "20").records
    assert [(start, end) for start, end, _ in best(record)] == [(0, 4.5)]


def test_no_more_than_a_window_is_held() -> None:
    """Of hours, read in pieces of a second."""
    cutting = Windows(100, 250, 250, 50, 10)
    cut = [one for _ in range(3_600) for one in cutting.feed(np.zeros(100, np.float32))]
    assert len(cutting._held) < 250 + 100
    cut += cutting.end()
    assert sum(one.fresh for one in cut) == 360_000
    assert {len(one) for one in cut[:-1]} == {250}
    assert [one.start for one in cut] == list(range(0, 50 * len(cut), 50))
    assert cut[-1].span[1] == 360_000


# As tables, from a run and from its records


def table(text: str, delimiter: str = ",") -> list[tuple[str, ...]]:
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
    return [(row["input"], row["start"], row["end"], row["label"]) for row in rows]


@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_a_table_has_a_line_a_window(run: Run, kind: str, delimiter: str) -> None:
    asked = (*CALL, "--window", "1", "--top-k", "1")
    done = run(*asked, "--format", kind)
    assert table(done.stdout, delimiter)[1:4] == [
        ("events.wav", "1.0", "2.0", "yes"),
        ("events.wav", "2.0", "3.0", "_silence_"),
        ("events.wav", "3.0", "4.0", "stop"),
    ]
    Path("records.jsonl").write_text(run(*asked).stdout)
    assert run("convert", "records.jsonl", "--format", kind).stdout == done.stdout
    two = run(*CALL, "--window", "1", "--top-k", "2", "--format", kind)
    assert len(table(two.stdout, delimiter)) == 2 * len(table(done.stdout, delimiter))


def test_without_the_option_a_table_is_of_the_whole(run: Run) -> None:
    soundfile.write("long.wav", np.zeros(40 * RATE, np.float32), RATE)
    done = run("classify-audio", "long.wav", "--model", "starter", "--format", "csv")
    assert done.stdout.splitlines()[0].endswith("input,label,score,error")


def test_text_has_times_before_labels(run: Run) -> None:
    done = run(*CALL, "--window", "1", "--top-k", "1", "--format", "text")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(start, end, label) for start, end, _, label in lines][1] == ("1.000", "2.000", "yes")


def test_channels_are_told_apart(run: Run) -> None:
    samples, _ = soundfile.read("events.wav", dtype="float32")
    soundfile.write("both.wav", np.stack([samples, np.zeros_like(samples)], 1), RATE)
    call = ("classify-audio", "both.wav", "--model", "starter", "--channel", "each")
    done = run(*call, "--window", "1", "--top-k", "1", "--format", "text")
    found = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    assert [one[2] for one in found] == ["left"] * 5 + ["right"] * 5
    assert {one[4] for one in found if one[2] == "right"} == {"_silence_"}


# What is refused


@pytest.mark.parametrize(
    ("asked", "message", "step"),
    [
        (("--hop", "1"), "no --window is given", "add --window"),
        (("--window", "1", "--hop", "2"), "--hop 2: between windows", "at most --hop 1"),
        (("--window", "31"), "--window 31: this checkpoint hears 30 s", "at most --window 30"),
        (("--window", "0"), "--window", "0.1"),
    ],
)
def test_what_cannot_be_is_refused(
    run: Run, asked: tuple[str, ...], message: str, step: str
) -> None:
    done = run(*CALL, *asked)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert step in done.stderr


# Chosen again from the records


def labelled(text: str) -> list[tuple[str, str]]:
    """The start and the label of each row of a table."""
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    return [(row["start"], row["label"]) for row in rows]


def test_windows_are_chosen_by_label_and_score(run: Run) -> None:
    run(*CALL, "--window", "1", "-o", "heard.jsonl")
    windows = json.loads(Path("heard.jsonl").read_text())["windows"]
    chosen = ("convert", "heard.jsonl", "--labels", "yes,_silence_", "--min-score", 0.5)
    wanted = [
        (one["start"], [label for label in one["labels"] if label["score"] >= 0.5])
        for one in windows
        if one["labels"][0]["label"] in ("yes", "_silence_")
    ]
    rows = [(f"{start}", labels[0]["label"]) for start, labels in wanted]
    assert labelled(run(*chosen, "-f", "csv").stdout) == rows
    assert len(rows) == 4
    text = run(*chosen, "-f", "text").stdout
    assert [line.split("\t")[3] for line in text.splitlines()] == [label for _, label in rows]
    [left] = run(*chosen, "-f", "jsonl").records
    assert [(one["start"], one["labels"]) for one in left["windows"]] == wanted


def test_a_label_that_only_windows_have_is_one(run: Run) -> None:
    run(*CALL, "--window", "1", "--top-k", "1", "-o", "heard.jsonl")
    [whole] = json.loads(Path("heard.jsonl").read_text())["result"]
    assert whole["label"] == "_silence_"
    shown = run("view", "heard.jsonl", "--labels", "stop")
    assert shown.exit_code == 0
    (row,) = shown.stdout.splitlines()[1:-1]
    assert row.split()[0] == "00:03.0" and row.split()[-1] == "stop"
    silent = run("view", "heard.jsonl", "--labels", "_silence_").stdout.splitlines()
    assert [row.split()[0] for row in silent[2:-1]] == ["00:00.0", "00:02.0", "00:04.0"]


def test_each_window_counts_where_some_were_asked_for(run: Run) -> None:
    run(*CALL, "--window", "1", "--top-k", "1", "-o", "heard.jsonl")
    head, *rows = run("view", "heard.jsonl", "--stats").stdout.splitlines()
    assert head == "1 input, 5 answers"
    counted = dict(row.split()[:2] for row in rows)
    assert {name: counted[name] for name in ("_silence_", "yes", "stop")} == {
        "_silence_": "3",
        "yes": "1",
        "stop": "1",
    }
