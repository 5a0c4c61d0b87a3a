"""Whole runs of the command line: exit codes, output files, resuming, settings, pipes, signals."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from checkpoints import cached
from conftest import Finished, parse
from PIL import Image
from report_pages import read_page
from samples import LONG_TEXT, SHORT_TEXT, scene, sounds

from taskcli.output.filesystem import ownership

Run = Callable[..., Finished]
TASK = "classify-text"
SOON = 60.0  # seconds within which a process on a slow machine has done what it will do


@pytest.fixture
def texts() -> list[str]:
    """Three text files in the current folder."""
    names = ["a.txt", "b.txt", "c.txt"]
    for name in names:
        Path(name).write_text(f"{name}: {SHORT_TEXT}")
    return names


@pytest.fixture
def never_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make loading a checkpoint a failure of the test."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the checkpoint was loaded")

    monkeypatch.setattr("taskcli.cli.run.engines.open_model", refuse)


# Exit codes, and what goes where


def test_success_is_0_and_stdout_holds_records_only(
    run: Run, texts: list[str], classifier: Path
) -> None:
    done = run(TASK, *texts, "-m", classifier)
    assert done.exit_code == 0
    assert done.inputs == texts
    assert "3 inputs" in done.stderr
    for record in done.records:
        assert list(record) == ["input", "task", "model", "revision", "result"]
        assert (record["task"], record["model"]) == (TASK, str(classifier))


def test_a_failed_input_is_1_and_named_on_stderr(
    run: Run, texts: list[str], classifier: Path
) -> None:
    Path("b.txt").write_bytes(b"")
    done = run(TASK, *texts, "-m", classifier)
    assert done.exit_code == 1
    assert done.inputs == texts
    assert ["error" in record for record in done.records] == [False, True, False]
    assert done.records[1]["error"]["type"] == "InputError"
    assert "b.txt" in done.stderr
    assert "1 failed" in done.stderr


def test_quiet_says_nothing_but_records(run: Run, texts: list[str], classifier: Path) -> None:
    Path("b.txt").write_bytes(b"")
    done = run(TASK, *texts, "-m", classifier, "--quiet")
    assert done.stderr == ""
    assert len(done.records) == 3


@pytest.mark.usefixtures("never_loads")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([TASK, "gone.txt"], 2),
        ([TASK, "*.none"], 2),
        ([TASK, "a.txt", "--top-k", "0"], 2),
        ([TASK, "a.txt", "--batch-size", "some"], 2),
        ([TASK, "a.txt", "--encoding", "klingon"], 2),
        ([TASK, "a.txt", "--resume"], 2),
        ([TASK, "a.txt", "--resume", "--overwrite", "-o", "x.jsonl"], 2),
        ([TASK, "a.txt", "--resume", "-o", "x.csv"], 2),
        ([TASK, "a.txt", "-o", "x.what"], 2),
        ([TASK, "a.txt", "-o", "."], 2),
        ([TASK, "a.txt", "-o", "folder.jsonl"], 2),
        ([TASK, "a.txt", "-o", "a.txt", "--overwrite"], 2),
        ([TASK, "*.txt", "-o", "./b.txt", "--overwrite"], 2),
        ([TASK, "a.txt", "--format", "srt"], 2),
        ([TASK, "a.txt", "--field", "x", "-o", "no/such/x.jsonl"], 2),
        ([TASK, "a.txt", "-m", "no-such-name"], 3),
        ([TASK, "a.txt", "-m", "nobody/nothing"], 3),
        (["asr", "a.txt", "b.txt", "-o", "x.srt"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_call_is_refused_before_anything_is_loaded_or_written(
    run: Run, texts: list[str], words: list[str], code: int
) -> None:
    Path("folder.jsonl").mkdir()
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    done = run(*words)
    assert done.exit_code == code
    assert done.stdout == ""
    assert "rror" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


def test_an_unknown_device_is_2_and_leaves_the_output_alone(
    run: Run, texts: list[str], classifier: Path
) -> None:
    Path("out.jsonl").write_text("old\n")
    how = ["-o", "out.jsonl", "--overwrite", "-m", classifier]
    assert run(TASK, *texts, *how, "--device", "warp-drive").exit_code == 2
    assert Path("out.jsonl").read_text() == "old\n"


def test_a_checkpoint_of_another_task_is_3_and_names_both(run: Run, texts: list[str]) -> None:
    done = run(TASK, *texts, "-m", cached("bert-ner"))
    assert done.exit_code == 3
    assert "TokenClassification" in done.stderr
    assert TASK in done.stderr
    assert done.stdout == ""


def test_debug_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKCLI_DEBUG", "1")
    with pytest.raises(Exception, match=r"gone\.txt"):
        run(TASK, "gone.txt")


def test_dry_run_lists_what_would_happen_and_loads_nothing(
    run: Run, texts: list[str], classifier: Path, never_loads: None
) -> None:
    done = run(TASK, *texts, "-m", classifier, "--dry-run", "-o", "x.jsonl")
    assert done.exit_code == 0
    for word in (*texts, str(classifier), "cpu", "float", "jsonl"):
        assert word in done.stdout
    assert not Path("x.jsonl").exists()


@pytest.mark.usefixtures("never_loads")
def test_a_dry_run_refuses_the_checkpoints_that_a_run_would(run: Run, tmp_path: Path) -> None:
    done = run(TASK, "--text", "Yes.", "-m", tmp_path, "--dry-run")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "no config.json" in done.stderr
    done = run(TASK, "--text", "Yes.", "-m", cached("bert-ner"), "--dry-run")
    assert (done.exit_code, done.stdout) == (3, "")
    assert f"cannot serve {TASK}" in done.stderr
    done = run("summarize", "--text", "Yes.", "-m", cached("t5"), "--dry-run", "--dtype", "float16")
    assert done.exit_code == 2
    assert "t5 overflows" in done.stderr


@pytest.mark.usefixtures("never_loads")
def test_a_dry_run_says_that_a_checkpoint_is_not_here(run: Run) -> None:
    done = run("detect", "--files-from", "-", "--dry-run", "--offline", stdin="a.jpg")
    assert done.exit_code == 0
    assert "facebook/detr-resnet-50 at 1d5f47bd3bdd2c4bbfa585418ffe6da5028b4c0b" in done.stdout
    assert "offline: it would be refused" in done.stdout


def test_a_batch_gives_the_same_records_as_one_at_a_time(
    run: Run, texts: list[str], classifier: Path
) -> None:
    Path("long.txt").write_text(LONG_TEXT)
    together = run(TASK, *texts, "long.txt", "-m", classifier)
    alone = run(TASK, *texts, "long.txt", "-m", classifier, "--batch-size", 1)
    assert [r["input"] for r in together.records] == [r["input"] for r in alone.records]
    for one, other in zip(together.records, alone.records, strict=True):
        scores = [pytest.approx(label["score"], abs=1e-4) for label in other["result"]]
        assert [label["score"] for label in one["result"]] == scores


def test_unordered_gives_the_same_records(run: Run, classifier: Path) -> None:
    lines = "\n".join("word " * (number % 7 + 1) for number in range(40))
    how = [TASK, "-", "--lines", "-m", classifier]
    ordered = run(*how, stdin=lines).records
    unordered = run(*how, "--unordered", stdin=lines).records
    assert [r["input"] for r in ordered] == [f"-:{number}" for number in range(1, 41)]
    assert sorted(unordered, key=lambda r: int(r["input"][2:])) == ordered


def test_inputs_without_a_single_line_are_an_error_record(run: Run, classifier: Path) -> None:
    Path("blank.txt").write_text(" \n\n")
    how = [TASK, "blank.txt", "--lines", "-m", classifier]
    done = run(*how)
    assert (done.exit_code, done.inputs) == (1, ["blank.txt"])
    assert done.records[0]["error"]["message"] == "there are no rows in it"
    assert len(json.loads(run(*how, "--format", "json").stdout)) == 1
    for _ in range(2):
        assert run(*how, "-o", "out.jsonl", "--resume").exit_code == 1
        assert len(parse(Path("out.jsonl").read_text())) == 1


ROWS = b'{"id": 1, "body": "A fine text."}\n{"id": 2, "body": "A bad one."}\n'


@pytest.mark.usefixtures("never_loads")
@pytest.mark.parametrize("words", [["rows.jsonl", "--field", "bdy"], ["rows.jsonl"], ["-"]])
def test_a_field_that_is_not_there_is_refused_before_anything_is_loaded(
    run: Run, classifier: Path, words: list[str]
) -> None:
    Path("rows.jsonl").write_bytes(ROWS)
    done = run(TASK, *words, "-m", classifier, "-o", "out.jsonl", stdin=ROWS)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'body'" in done.stderr
    assert "--field" in done.stderr
    assert not Path("out.jsonl").exists()


def test_a_table_of_semicolons_with_a_broken_row_is_answered(run: Run, classifier: Path) -> None:
    table = 'id;body\n1;Good, really\n2;"Bad\n3;Fine\n'
    Path("rows.csv").write_bytes(table.encode("utf-16"))
    done = run(TASK, "rows.csv", "--field", "body", "-m", classifier)
    assert (done.exit_code, done.inputs) == (1, ["rows.csv:2", "rows.csv:3", "rows.csv:4"])
    assert ["error" in record for record in done.records] == [False, True, False]
    piped = run(TASK, "-", "--delimiter", ";", "--field", "body", "-m", classifier, stdin=table)
    for one, other in zip(done.records, piped.records, strict=True):
        assert one.get("result") == other.get("result")


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(run: Run, texts: list[str], delimiter: str) -> None:
    done = run(TASK, "a.txt", "--delimiter", delimiter)
    assert done.exit_code == 2
    assert "not one character" in done.stderr


# Standard input and pipes


def test_a_document_through_standard_input(run: Run, classifier: Path) -> None:
    done = run(TASK, "-", "-m", classifier, stdin=SHORT_TEXT)
    assert (done.exit_code, done.inputs) == (0, ["-"])


def test_an_empty_document_is_an_error_record(run: Run, classifier: Path) -> None:
    done = run(TASK, "-", "-m", classifier, stdin="")
    assert done.exit_code == 1
    assert "error" in done.records[0]


def test_an_empty_list_on_standard_input_is_2(run: Run, classifier: Path) -> None:
    done = run(TASK, "--files-from", "-", "-m", classifier, stdin="")
    assert done.exit_code == 2
    assert "empty" in done.stderr


def test_asr_into_translate_keeps_the_ids(run: Run, tmp_path: Path) -> None:
    files = sounds(tmp_path)
    Path("broken.wav").write_bytes(b"no sound")
    heard = run("asr", files["tone"], "broken.wav", files["noise"], "-m", cached("whisper"))
    assert heard.exit_code == 1
    done = run("translate", "-", "-m", cached("marian"), stdin=heard.stdout)
    assert done.exit_code == 1
    assert done.inputs == heard.inputs
    assert [set(record) & {"result", "error"} for record in done.records] == [
        {"error"} if not record.get("result", {}).get("text", "").strip() else {"result"}
        for record in heard.records
    ]
    assert "asr failed before" in done.records[1]["error"]["message"]


def test_asr_into_summarize(run: Run, tmp_path: Path) -> None:
    files = sounds(tmp_path)
    heard = run("asr", files["noise"], "-m", cached("whisper"))
    done = run("summarize", "-", "-m", cached("bart"), stdin=heard.stdout)
    assert done.inputs == [str(files["noise"])]
    assert isinstance(done.records[0]["result"]["summary_text"], str)


def test_questions_multiply_the_inputs(run: Run, texts: list[str]) -> None:
    done = run("qa", *texts[:2], "-q", "Who?", "-q", "Where?", "-m", cached("distilbert-qa"))
    assert done.exit_code == 0
    assert done.inputs == ["a.txt#1", "a.txt#2", "b.txt#1", "b.txt#2"]
    assert [r["result"]["question"] for r in done.records] == ["Who?", "Where?"] * 2


# Output files


@pytest.mark.parametrize("piped", [False, True])
def test_a_table_with_two_columns_of_the_field_is_a_wrong_call(
    run: Run, classifier: Path, piped: bool
) -> None:
    table = "text,n,text\none,1,two\n"
    Path("rows.csv").write_text(table)
    words = ["-", "--delimiter", ",", "--field", "text"] if piped else ["rows.csv"]
    done = run(TASK, *words, "-m", classifier, stdin=table)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "more than one column is named 'text'" in done.stderr
    assert ("standard input" if piped else "rows.csv") in done.stderr
    assert "rename all but one" in done.stderr


def test_json_lines_in_utf16_and_rows_that_are_no_objects(run: Run, classifier: Path) -> None:
    Path("rows.json").write_bytes('{"text": "one"}\n{"text": "two"}\n'.encode("utf-16"))
    done = run(TASK, "rows.json", "-m", classifier)
    assert (done.exit_code, done.inputs) == (0, ["rows.json:1", "rows.json:2"])
    Path("rows.jsonl").write_text("[1]\n[2]\n")
    done = run(TASK, "rows.jsonl", "-m", classifier)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "rows.jsonl: line 1 is a list, not an object with the field 'text'" in done.stderr


def test_two_columns_of_a_name_that_is_not_used_are_harmless(run: Run, classifier: Path) -> None:
    Path("rows.csv").write_text("text,id,n,id,n\none,1,2,3,4\n")
    done = run(TASK, "rows.csv", "-m", classifier)
    assert (done.exit_code, done.inputs) == (0, ["rows.csv:2"])


def test_two_columns_of_a_name_in_a_list_cost_that_table_alone(run: Run, classifier: Path) -> None:
    Path("rows.csv").write_text("text,text\none,two\n")
    Path("a.txt").write_text("one")
    listed = "a.txt\nrows.csv\na.txt\n"
    done = run(TASK, "--files-from", "-", "-m", classifier, stdin=listed)
    assert (done.exit_code, done.inputs) == (1, ["a.txt", "rows.csv", "a.txt"])


@pytest.mark.parametrize("extension", ["jsonl", "json", "csv", "tsv", "txt"])
def test_the_extension_chooses_the_format_and_stdout_stays_empty(
    run: Run, texts: list[str], classifier: Path, extension: str
) -> None:
    done = run(TASK, *texts, "-m", classifier, "-o", f"out.{extension}")
    assert (done.exit_code, done.stdout) == (0, "")
    content = Path(f"out.{extension}").read_text()
    if extension == "json":
        assert [record["input"] for record in json.loads(content)] == texts
    elif extension == "jsonl":
        assert [record["input"] for record in parse(content)] == texts
    else:
        assert "POSITIVE" in content


def test_a_csv_file_tells_a_spreadsheet_its_encoding_and_is_read_back(
    run: Run, classifier: Path
) -> None:
    Path("lines.txt").write_text("Élan vital\nnaïve\n")
    words = (TASK, "lines.txt", "--lines", "-m", classifier)
    for file in ("out.csv", "out.tsv"):
        assert run(*words, "-o", file).exit_code == 0
    assert Path("out.csv").read_bytes().startswith("\ufeffinput,".encode())
    assert Path("out.tsv").read_bytes().startswith(b"input\t")
    assert run(*words, "--format", "csv").stdout.startswith("input,")
    again = run(TASK, "out.csv", "--field", "input", "-m", classifier)
    assert again.exit_code == 0
    assert len(again.records) == 4


def test_an_existing_output_is_kept_without_overwrite(
    run: Run, texts: list[str], never_loads: None
) -> None:
    Path("out.jsonl").write_text("precious\n")
    done = run(TASK, *texts, "-o", "out.jsonl")
    assert done.exit_code == 2
    assert "--resume" in done.stderr
    assert "--overwrite" in done.stderr
    assert Path("out.jsonl").read_text() == "precious\n"


def test_overwrite_replaces_it(run: Run, texts: list[str], classifier: Path) -> None:
    Path("out.jsonl").write_text("old\n" * 1_000)
    assert run(TASK, *texts, "-m", classifier, "-o", "out.jsonl", "--overwrite").exit_code == 0
    assert [record["input"] for record in parse(Path("out.jsonl").read_text())] == texts


def test_an_output_may_be_a_pipe(run: Run, texts: list[str], classifier: Path) -> None:
    os.mkfifo("pipe.jsonl")
    reader = os.open("pipe.jsonl", os.O_RDONLY | os.O_NONBLOCK)
    assert run(TASK, *texts, "-m", classifier, "-o", "pipe.jsonl").exit_code == 0
    assert [record["input"] for record in parse(os.read(reader, 65_536).decode())] == texts
    assert Path("pipe.jsonl").is_fifo(), "a device or a pipe is written to, never replaced"
    os.close(reader)


def test_text_that_utf8_cannot_hold_is_still_written(run: Run, classifier: Path) -> None:
    record = {"input": "\ud800.wav", "task": "asr", "result": {"text": "words"}}
    Path("rows.jsonl").write_text(json.dumps(record) + "\n")
    for extension in ("jsonl", "csv", "txt"):
        done = run(TASK, "rows.jsonl", "-m", classifier, "-o", f"out.{extension}")
        assert done.exit_code == 0
        assert Path(f"out.{extension}").read_text(encoding="utf-8")
    assert parse(Path("out.jsonl").read_text())[0]["input"] == "\ud800.wav"


def test_a_full_disk_is_4_and_says_what_to_do(
    run: Run, texts: list[str], classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", full)
        done = run(TASK, *texts, "-m", classifier)
    assert done.exit_code == 4
    assert "No space left" in done.stderr
    assert "--resume" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_disk_that_fills_leaves_whole_lines_and_resume_goes_on(
    run: Run, start: Any, classifier: Path
) -> None:
    out = Path("out.jsonl")
    how = [TASK, lines_file(100), "--lines", "-m", classifier, "-o", out]
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))  # noqa: E731
    process = start(*how, preexec_fn=limit)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == 4, stderr.decode()
    assert b"--resume" in stderr
    assert 0 < len(finished(out)) < 100
    assert run(*how, "--resume").exit_code == 0
    assert finished(out) == [f"lines.txt:{number}" for number in range(1, 101)]


def pieces(terminal: int) -> Iterator[bytes]:
    """All that waits to be read: a terminal gives it line by line."""
    with suppress(BlockingIOError):
        while True:
            yield os.read(terminal, 65_536)


def test_a_terminal_gets_the_view_for_people(
    run: Run, texts: list[str], classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("b.txt").write_bytes(b"")
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert run(TASK, *texts, "-m", classifier).exit_code == 1
        monkeypatch.undo()
        os.set_blocking(ours, False)
        seen = b"".join(pieces(ours)).decode()
    os.close(ours)
    for words in ("a.txt", "POSITIVE", "%", "█", "✗ the input is empty"):
        assert words in seen
    assert "{" not in seen


# Resuming


def lines_file(count: int) -> Path:
    path = Path("lines.txt")
    path.write_text("".join(f"This is line {number}.\n" for number in range(1, count + 1)))
    return path


def finished(path: Path) -> list[str]:
    return [record["input"] for record in parse(path.read_text())]


@pytest.mark.parametrize("torn", ["", '{"input": "lines.txt:4", "ta', "\0\0\0"])
def test_resume_skips_what_is_done_and_repairs_a_torn_line(
    run: Run, classifier: Path, torn: str
) -> None:
    out = Path("out.jsonl")
    how = [TASK, lines_file(8), "--lines", "-m", classifier, "-o", out]
    whole = run(*how)
    assert whole.exit_code == 0
    complete = out.read_text()
    out.write_text("".join(complete.splitlines(keepends=True)[:3]) + torn)
    done = run(*how, "--resume")
    assert done.exit_code == 0
    assert "5 inputs" in done.stderr
    assert out.read_text() == complete


@pytest.mark.parametrize("answered", [2, 9, 30])
def test_a_resumed_run_is_byte_for_byte_one_that_was_not_stopped(
    run: Run, classifier: Path, answered: int
) -> None:
    """Scores in bfloat16 depend on what shares their batch."""
    lines = [" ".join(["word", "other"][i % 2] for i in range(n * 7 % 23 + 1)) for n in range(40)]
    Path("lines.txt").write_text("\n".join(lines))
    out = Path("out.jsonl")
    how = [TASK, "lines.txt", "--lines", "-m", classifier, "--dtype", "bfloat16", "-o", out]
    assert run(*how).exit_code == 0
    complete = out.read_text()
    out.write_text("".join(complete.splitlines(keepends=True)[:answered]))
    assert run(*how, "--resume").exit_code == 0
    assert out.read_text() == complete


def test_a_run_that_an_error_stopped_is_gone_on_with_in_order(run: Run, classifier: Path) -> None:
    """Two lines fail; the third, which shares a window with the second, is computed before it."""
    rows = ["7", "7", *(json.dumps({"text": "more words " * n}) for n in range(1, 30))]
    Path("lines.jsonl").write_text("\n".join(rows))
    how = [TASK, "lines.jsonl", "-m", classifier]
    assert run(*how, "-o", "whole.jsonl").exit_code == 1
    assert run(*how, "-o", "out.jsonl", "--on-error", "stop").exit_code == 1
    whole, stopped = Path("whole.jsonl").read_text(), Path("out.jsonl").read_text()
    assert whole.startswith(stopped)
    assert len(stopped) < len(whole)
    assert run(*how, "-o", "out.jsonl", "--resume").exit_code == 1
    assert Path("out.jsonl").read_text() == whole


def test_resume_of_a_finished_run_loads_nothing(
    run: Run, texts: list[str], classifier: Path, request: pytest.FixtureRequest
) -> None:
    how = [TASK, *texts, "-m", classifier, "-o", "out.jsonl"]
    assert run(*how).exit_code == 0
    complete = Path("out.jsonl").read_text()
    request.getfixturevalue("never_loads")
    assert run(*how, "--resume").exit_code == 0
    assert Path("out.jsonl").read_text() == complete


def test_resume_remembers_that_inputs_failed(
    run: Run, texts: list[str], classifier: Path, request: pytest.FixtureRequest
) -> None:
    Path("b.txt").write_bytes(b"")
    how = [TASK, *texts, "-m", classifier, "-o", "out.jsonl"]
    assert run(*how).exit_code == 1
    request.getfixturevalue("never_loads")
    assert run(*how, "--resume").exit_code == 1


def test_resume_without_an_earlier_file_is_an_ordinary_run(
    run: Run, texts: list[str], classifier: Path
) -> None:
    assert run(TASK, *texts, "-m", classifier, "-o", "new.jsonl", "--resume").exit_code == 0
    assert finished(Path("new.jsonl")) == texts


def test_an_input_that_is_given_twice_is_answered_twice(
    run: Run, texts: list[str], classifier: Path
) -> None:
    out = Path("out.jsonl")
    how = [TASK, "a.txt", "b.txt", "a.txt", "-m", classifier, "-o", out]
    assert run(*how).exit_code == 0
    assert finished(out) == ["a.txt", "b.txt", "a.txt"]
    out.write_text(out.read_text().splitlines(keepends=True)[0])
    assert run(*how, "--resume").exit_code == 0
    assert finished(out) == ["a.txt", "b.txt", "a.txt"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (["-m", "other"], "with --model "),
        (["--top-k", "1"], "with --top-k 5, not --top-k 1"),
        (["--dtype", "bfloat16"], "with --dtype auto, not --dtype bfloat16"),
        (["--field", "body"], "without --field body"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_resume_refuses_another_checkpoint_or_other_options(
    run: Run,
    texts: list[str],
    classifier: Path,
    request: pytest.FixtureRequest,
    change: list[str],
    named: str,
) -> None:
    Path("other").symlink_to(cached("roberta-sentiment"))
    run(TASK, *texts, "-m", classifier, "-o", "out.jsonl")
    request.getfixturevalue("never_loads")
    before = Path("out.jsonl").read_text()
    done = run(TASK, *texts, "-m", classifier, "-o", "out.jsonl", "--resume", *change)
    assert done.exit_code == 2
    assert f"out.jsonl was made {named}" in done.stderr
    assert Path("out.jsonl").read_text() == before


@pytest.mark.usefixtures("never_loads")
@pytest.mark.parametrize("content", ["", "no record\nand more\n", '{"input": "a"}\n'])
def test_resume_refuses_a_file_that_taskcli_did_not_make(
    run: Run, texts: list[str], content: str, classifier: Path
) -> None:
    Path("out.jsonl").write_text(content)
    assert run(TASK, *texts, "-m", classifier, "-o", "out.jsonl", "--resume").exit_code == 2
    assert Path("out.jsonl").read_text() == content


def test_resume_refuses_a_file_that_is_damaged_in_the_middle(
    run: Run, texts: list[str], classifier: Path
) -> None:
    how = [TASK, *texts, "-m", classifier, "-o", "out.jsonl"]
    run(*how)
    first, *rest = Path("out.jsonl").read_text().splitlines(keepends=True)
    damaged = first + "not a record\n" + "".join(rest)
    Path("out.jsonl").write_text(damaged)
    assert run(*how, "--resume").exit_code == 2
    assert Path("out.jsonl").read_text() == damaged


def test_on_error_stop_ends_the_run_early(run: Run, classifier: Path) -> None:
    rows = [{"text": f"row {number}"} for number in range(3_000)]
    rows[2] = {"body": "no text"}
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    how = [TASK, "rows.jsonl", "-m", classifier, "--batch-size", 4]
    done = run(*how, "--on-error", "stop")
    assert done.exit_code == 1
    assert "rows.jsonl:3" in [record["input"] for record in done.records if "error" in record]
    assert len(done.records) < 2_000


# Settings


@pytest.fixture
def top_k(
    run: Run, texts: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., int]]:
    """How many labels a run gives whose checkpoint has four, and whose options ask for three."""
    from taskcli.checkpoints.registry import Checkpoint

    checkpoint = Checkpoint("topics", TASK, folder=cached("bert-topics"), options={"top_k": 3})
    monkeypatch.setattr(
        "taskcli.checkpoints.registry.Registry.resolve",
        lambda self, word, revision=None: checkpoint,
    )

    def count(*words: str, user: str = "", project: str = "", **environment: str) -> int:
        (home / ".config/taskcli").mkdir(parents=True, exist_ok=True)
        (home / ".config/taskcli/taskcli.toml").write_text(user)
        Path("taskcli.toml").write_text(project)
        done = run(TASK, texts[0], *words, **environment)
        assert done.exit_code == 0, done.stderr
        return len(done.records[0]["result"])

    yield count


def test_precedence(top_k: Callable[..., int]) -> None:
    """flag > environment > project file > user file > checkpoint > default (5)"""
    assert top_k() == 3
    assert top_k(user="top-k = 2") == 2
    assert top_k(user="top-k = 2", project="top_k = 1") == 1
    assert top_k(user="[classify-text]\ntop-k = 2", project="top-k = 1") == 1
    assert top_k(project="top-k = 2\n[classify-text]\ntop-k = 1\n[detect]\nthreshold = 1") == 1
    assert top_k(project="top-k = 1", TASKCLI_TOP_K="2") == 2
    assert top_k("--top-k", "4", project="top-k = 1", TASKCLI_TOP_K="2") == 4


@pytest.mark.parametrize(
    ("project", "words"),
    {
        "[classify-text]\ntopk = 1": ["topk", "top_k"],
        "topk = 1": ["topk", "top_k"],
        "top-k = 'many'": ["top_k", "many"],
        "top-k = 0": ["top_k", "0"],
        "[clasify-text]\ntop-k = 1": ["clasify-text"],
        "classify-text = 3": ["classify-text"],
        "top-k = ": ["TOML"],
        "top-k = '\udcff'": ["TOML"],
    }.items(),
)
@pytest.mark.usefixtures("never_loads")
def test_a_mistake_in_the_settings_file_is_2_and_named(
    run: Run, texts: list[str], classifier: Path, project: str, words: list[str]
) -> None:
    Path("taskcli.toml").write_bytes(project.encode("utf-8", "surrogateescape"))
    done = run(TASK, *texts, "-m", classifier)
    assert done.exit_code == 2
    assert "taskcli.toml" in done.stderr
    for word in words:
        assert word in done.stderr


def test_settings_of_other_tasks_and_shared_ones_are_passed_over(
    run: Run, texts: list[str], classifier: Path
) -> None:
    Path("taskcli.toml").write_text(
        f"model = '{classifier}'\nthreshold = 0.2\nbatch-size = 2\nquiet = true\n"
        "[translate]\nto = 'fr'\n[asr]\nmodel = 'small'\n"
    )
    done = run(TASK, *texts)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert done.records[0]["model"] == str(classifier)


def test_a_setting_has_the_name_of_its_flag(run: Run) -> None:
    Path("taskcli.toml").write_text("[translate]\nto = 'fr'\n")
    done = run("translate", "--text", SHORT_TEXT, "-m", cached("m2m100"), "--from", "en")
    assert done.exit_code == 0, done.stderr


def test_the_environment_names_options_as_flags(run: Run) -> None:
    how = ["translate", "--text", SHORT_TEXT, "-m", cached("m2m100"), "--from", "en"]
    assert run(*how, TASKCLI_TO="fr").exit_code == 0


# Processes: signals and pipes that close


def test_python_m_taskcli_is_taskcli(start: Any) -> None:
    process = start("--version")
    output, _ = process.communicate(timeout=SOON)
    script = Path(sys.executable).parent / "taskcli"
    assert process.returncode == 0
    assert subprocess.run([script, "--version"], capture_output=True).stdout == output


def some_lines(process: Any, path: Path, count: int) -> None:
    """Wait until a run has written so many lines."""
    deadline = time.monotonic() + SOON
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_a_run_that_is_interrupted_is_resumed_without_loss(
    run: Run, start: Any, classifier: Path, number: int, code: int
) -> None:
    count = 20_000
    out = Path("out.jsonl")
    how = [TASK, lines_file(count), "--lines", "-m", classifier, "-o", out]
    process = start(*how, "--batch-size", 8)
    some_lines(process, out, 50)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == code, stderr.decode()
    assert b"Traceback" not in stderr
    written = out.read_text()
    if number != signal.SIGKILL:
        assert len(parse(written)) < count
    lines_file(400)  # the rest of twenty thousand would only take time
    done = run(*how, "--resume")
    assert done.exit_code == 0, done.stderr
    records = finished(out)
    assert max(Counter(records).values()) == 1
    assert {f"lines.txt:{number}" for number in range(1, 401)} <= set(records)


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_interrupted_run_leaves_whole_files_and_a_whole_page_or_none(
    run: Run, start: Any, number: int, code: int
) -> None:
    count, folder = 400, Path("pictures")
    folder.mkdir()
    scene(48, 32).save("scene.png")
    for place in range(count):
        shutil.copy("scene.png", folder / f"{place:03}.png")
    out, page = Path("out.jsonl"), Path("out.html")
    how = ["segment", "-m", cached("mask2former"), "-o", out, "--save-dir", "saved"]
    process = start(*how, folder, "--report", page)
    some_lines(process, out, 12)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == code, stderr.decode()
    answered = parse(out.read_text()[: out.read_text().rfind("\n") + 1])
    assert len(answered) < count
    all_named_are_whole(answered)
    if number == signal.SIGKILL:
        assert not page.exists()
    else:
        assert "--resume and another --report goes on" in stderr.decode()
        assert len(saved_files()) == sum(len(record["files"]) for record in answered)
        shown = read_page(page)
        assert (shown.records, shown.run["stopped"]) == (answered, "it was interrupted")
    for file in sorted(folder.iterdir())[20:]:  # the rest would only take time
        file.unlink()
    done = run(*how, folder, "--resume", "--report", "rest.html")
    assert done.exit_code == 0, done.stderr
    records = parse(out.read_text())
    assert max(Counter(record["input"] for record in records).values()) == 1
    assert {str(file) for file in folder.iterdir()} <= {record["input"] for record in records}
    all_named_are_whole(records)


@pytest.mark.long
def test_what_goes_on_with_files_beside_the_inputs_is_said(run: Run, start: Any) -> None:
    folder = Path("talks")
    folder.mkdir()
    for place in range(300):
        soundfile.write(folder / f"{place:03}.wav", np.zeros(1600, np.float32), 16_000)
    out = Path("out.jsonl")
    how = ["asr", folder, "-m", cached("wav2vec2-ctc"), "--beside", "--save", "srt"]
    process = start(*how, "-o", out, "--batch-size", 1)
    some_lines(process, out, 5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=SOON)
    assert "with --skip-existing and another -o goes on" in stderr.decode()
    answered = len(parse(out.read_text()))
    assert answered < 300
    done = run(*how, "-o", "rest.jsonl", "--skip-existing")
    assert done.exit_code == 0, done.stderr
    assert answered + len(parse(Path("rest.jsonl").read_text())) == 300
    assert len(list(folder.glob("*.srt"))) == 300


@pytest.mark.long
def test_pictures_of_one_scale_are_begun_anew(run: Run, start: Any) -> None:
    folder = Path("pictures")
    folder.mkdir()
    scene(48, 32).save("scene.png")
    for place in range(300):
        shutil.copy("scene.png", folder / f"{place:03}.png")
    out = Path("out.jsonl")
    how = ["depth", "-m", cached("glpn"), "-o", out, "--save-dir", "saved"]
    how += ["--depth-range", "shared", folder]
    process = start(*how, "--batch-size", 1)
    some_lines(process, out, 5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=SOON)
    assert "the same command with --overwrite begins anew" in stderr.decode()
    assert "--resume" not in stderr.decode()
    for file in sorted(folder.iterdir())[3:]:  # the rest would only take time
        file.unlink()
    assert run(*how, "--overwrite").exit_code == 0
    assert len(parse(out.read_text())) == 3


def saved_files() -> list[Path]:
    return [
        file for file in Path("saved").rglob("*") if file.is_file() and file.name != ownership.NAME
    ]


def all_named_are_whole(records: list[dict[str, Any]]) -> None:
    for file in (file for record in records for file in record["files"]):
        with Image.open(file) as picture:
            picture.load()


@pytest.mark.long
def test_a_second_interrupt_stops_at_once(start: Any, classifier: Path) -> None:
    out = Path("out.jsonl")
    how = [TASK, lines_file(20_000), "--lines", "-m", classifier, "-o", out]
    process = start(*how, "--batch-size", 8)
    some_lines(process, out, 10)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SOON)
    assert process.returncode == 130


@pytest.mark.long
def test_a_stop_during_a_silent_pipe_is_heard(start: Any, classifier: Path) -> None:
    process = start(TASK, "-", "--lines", "-m", classifier, stdin=subprocess.PIPE)
    process.stdin.write(b"one\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["input"] == "-:1"
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=SOON)
    assert process.returncode == 143
    assert b"Fatal" not in process.stderr.read()


@pytest.mark.long
def test_a_reader_that_leaves_is_no_error(start: Any, classifier: Path) -> None:
    process = start(TASK, lines_file(20_000), "--lines", "-m", classifier, "--quiet")
    assert json.loads(process.stdout.readline())["input"] == "lines.txt:1"
    process.stdout.close()
    assert process.wait(timeout=SOON) == 0
    assert process.stderr.read() == b""
