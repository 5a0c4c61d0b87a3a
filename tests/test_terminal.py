"""What a person at a terminal sees while a run starts, goes on, and goes on again."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import Finished

Run = Callable[..., Finished]
TASK = "classify-text"
STARTS = f"{TASK}: starting …"
SENTENCE = Path(__file__).parents[1] / "examples" / "sounds" / "sentence.wav"


@pytest.fixture
def seen(start: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """All that a terminal gets of a run: of stderr, and of stdout if `answers` go there too."""

    def call(*words: object, answers: bool = False, **environment: str) -> str:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        ours, theirs = os.openpty()
        stdout = theirs if answers else subprocess.DEVNULL
        process = start(*words, stdout=stdout, stderr=theirs)
        os.close(theirs)
        got = b""
        with suppress(OSError):  # so a terminal ends that nobody writes to any more
            while piece := os.read(ours, 65_536):
                got += piece
        os.close(ours)
        process.wait()
        return got.decode()

    return call


def left(shown: str) -> str:
    """What stands on the terminal in the end: lines that were cleared are gone."""
    shown = re.sub(r"[^\n]*\n[^\n]*\x1b\[1A\x1b\[2K", "", shown)
    shown = re.sub(r"[^\n]*\x1b\[2K", "", shown).replace("\r\n", "\n")
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


@pytest.mark.long
def test_the_terminal_says_at_once_what_goes_on(seen: Any, classifier: Path) -> None:
    shown = seen(TASK, "--text", "Yes.", "-m", classifier, "--device", "cpu", "--dtype", "float32")
    assert shown.startswith(f"\r\x1b[2K{STARTS}")
    loading = f"loading {classifier} …"[:190]
    assert shown.index(STARTS) < shown.index(loading) < shown.index("on cpu, float32 …")
    assert re.fullmatch(
        r"loaded in \d+\.\d s; 1 input in \d+\.\d s \([\d.]+/s\) on cpu, float32\n", left(shown)
    )


def test_it_says_so_before_anything_heavy_is_imported() -> None:
    program = (
        "import sys; from taskcli.cli import main, messages\n"
        "messages.status = lambda text: text and (print(text, *sys.modules), sys.exit())\n"
        "main.start()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, TASK, "a.txt"], capture_output=True, text=True
    )
    told, modules = done.stdout.split(" …")
    assert told == f"{TASK}: starting"
    assert not {"typer", "rich", "pydantic", "torch", "numpy"} & set(modules.split())


@pytest.mark.long
@pytest.mark.parametrize("words", [["--quiet"], ["--help"]])
def test_it_stays_silent_where_nobody_waits(seen: Any, classifier: Path, words: list[str]) -> None:
    assert seen(TASK, "--text", "Yes.", "-m", classifier, *words) == ""


def test_a_dry_run_says_so_while_it_looks(seen: Any, classifier: Path) -> None:
    shown = seen(TASK, "--text", "Yes.", "-m", classifier, "--dry-run")
    assert STARTS in shown
    assert left(shown) == ""


@pytest.mark.long
def test_a_dumb_terminal_gets_the_summary_only(seen: Any, classifier: Path) -> None:
    shown = seen(TASK, "--text", "Yes.", "-m", classifier, TERM="dumb")
    assert "\x1b" not in shown
    assert shown.startswith("loaded in ")


def test_a_pipe_gets_no_status(run: Run, classifier: Path) -> None:
    done = run(TASK, "--text", "Yes.", "-m", classifier)
    assert re.match(r"loaded in \d+\.\d s; 1 input in ", done.stderr)


def test_an_error_takes_the_status_away(seen: Any) -> None:
    assert left(seen(TASK, "gone.txt")).startswith("error: no such file")


def lines_file(count: int) -> Path:
    path = Path("lines.txt")
    path.write_text("".join(f"This is line {number}.\n" for number in range(1, count + 1)))
    return path


@pytest.mark.long
def test_answers_that_scroll_by_have_a_line_of_progress_below(seen: Any, classifier: Path) -> None:
    for number in range(30):
        Path(f"{number:02}.txt").write_text("A text.\n")
    Path("07.txt").write_text("")
    shown = seen(TASK, "*.txt", "-m", classifier, answers=True, COLUMNS="80")
    for number in range(30):
        assert f"\x1b[2K{number}/30" in shown
    told = left(shown)
    assert "/30" not in told
    assert told.count("POSITIVE") == told.count("NEGATIVE") == 29
    assert "✗ the input is empty" in told
    assert " 30 inputs, 1 failed in " in told


@pytest.mark.long
def test_a_single_answer_has_none(seen: Any, classifier: Path) -> None:
    assert "0/1" not in seen(TASK, "--text", "Yes.", "-m", classifier, answers=True)


@pytest.mark.long
def test_a_resumed_run_begins_where_it_stopped(run: Run, seen: Any, classifier: Path) -> None:
    how = [TASK, *(f"{number}.txt" for number in range(20)), "-m", classifier, "-o", "out.jsonl"]
    for number in range(20):
        Path(f"{number}.txt").write_text("A text.\n")
    assert run(*how).exit_code == 0
    kept = Path("out.jsonl").read_text().splitlines(keepends=True)
    del kept[3:8]
    Path("out.jsonl").write_text("".join(kept))
    shown = seen(*how, "--resume", COLUMNS="100")
    assert "15/20" in shown
    assert " 0/" not in shown
    assert "5 inputs in" in shown
    answered = [json.loads(line)["input"] for line in Path("out.jsonl").read_text().splitlines()]
    assert sorted(answered) == sorted(f"{number}.txt" for number in range(20))


def test_the_hint_of_a_failed_input_reaches_the_screen_once(run: Run, classifier: Path) -> None:
    rows = [{"text": "fine"}, {"body": "a"}, {"body": "b"}]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = run(TASK, "rows.jsonl", "-m", classifier)
    hints = {record["error"]["hint"] for record in done.records if "error" in record}
    assert len(hints) == 1
    assert done.stderr.count(f"  → {hints.pop()}\n") == 1


@pytest.mark.long
def test_the_words_of_a_long_recording_are_seen_as_they_are_known(seen: Any) -> None:
    spoken, rate = soundfile.read(SENTENCE)
    soundfile.write("long.wav", np.tile(spoken, 30), rate)
    words = ("asr", "long.wav", "--model", "starter")
    shown = seen(*words, answers=True, COLUMNS="80")
    answer = left(shown).split("\n\n")[0].split()[1:]
    heard = re.findall(r"\x1b\[2K([\d.]+) (s|min) heard  [\d.]+x real time  …([^\r]+)", shown)
    seconds = [float(number) * (60 if unit == "min" else 1) for number, unit, _ in heard]
    assert len(heard) > 3
    assert seconds == sorted(set(seconds))
    for _, _, line in heard:
        tail = line.strip().split()[1:-1]  # the first and the last word may be cut
        assert len(tail) > 3
        assert f" {' '.join(tail)} " in f" {' '.join(answer)} "
    into_file = seen(*words, "-o", "text.txt", COLUMNS="80")
    assert re.search(r"…[A-Z' ]+ ", into_file)
    assert "heard" not in left(shown) + left(into_file)
