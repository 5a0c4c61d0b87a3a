"""What is said of a call that is wrong: one look for all, and what was meant, nearest first."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished
from samples import SHORT_TEXT

Run = Callable[..., Finished]
SOON = 60.0  # seconds within which a process on a slow machine has done what it will do

MEANT = {
    "detect a.jpg --conf 0.5": "did you mean --threshold?",
    "detect a.jpg --conf=0.5": "did you mean --threshold?",
    "detect a.jpg --treshold 0.5": "did you mean --threshold?",
    "detect a.jpg --classes 0": "did you mean --labels?",
    "detect a.jpg --gpu": "did you mean --device cuda?",
    "detect a.jpg --out x.jsonl": "did you mean --output?",
    "classify-image a.jpg -k 3": "did you mean --top-k?",
    "classify-image -V": "did you mean taskcli --version?",
    "asr a.wav --lang en": "did you mean --language?",
    "translate a.txt --lang fr": "did you mean --to?",
    "summarize a.txt --input b.txt": "did you mean INPUT, a word without an option?",
    "detect a.jpg --language en": "it is an option of asr",
    "detect a.jpg --cutouts": "it is an option of segment",
    "detect a.jpg -m starter --crops": "add --save-dir FOLDER",
    "segment a.jpg -m starter --masks": "add --save-dir FOLDER",
    "segment a.jpg -m starter --cutouts": "add --save-dir FOLDER",
    "asr a.wav b.wav -m starter -o a.srt": "--save-dir FOLDER alone",
    "asr a.wav -m starter --max-words 4": "-o talk.srt",
    "asr a.wav -m starter --max-lines 1 -o a.jsonl": "-o talk.srt",
    "asr a.wav -m starter --karaoke -f text": "-o talk.srt",
    "detect a.jpg --xyzzy": "taskcli detect --help lists all",
    "-V": "did you mean --version?",
    "--versoin": "did you mean --version?",
    "transcribe a.wav": "did you mean taskcli asr?",
    "object-detection a.jpg": "did you mean taskcli detect?",
    "translation_en_to_fr a.txt": "did you mean taskcli translate?",
    "sentiment a.txt": "did you mean taskcli classify-text?",
    "detct a.jpg": "did you mean taskcli detect?",
    "DETECT a.jpg": "did you mean taskcli detect?",
    "models lst": "taskcli models --help lists all",
    "models list --frmat json": "did you mean --format?",
    "detect a.jpg --format jsn": "did you mean json?",
    "detect a.jpg --dtype float23": "did you mean float32?",
    "detect a.jpg --threshold 7": "taskcli detect --help lists all",
    "detect a.jpg --threshold much": "taskcli detect --help lists all",
    "detect": "give files",
}


@pytest.mark.parametrize("line", MEANT)
def test_what_was_meant(run: Run, line: str) -> None:
    for word in {"a.jpg", "a.wav", "b.wav"} & set(line.split()):
        Path(word).touch()
    done = run(*line.split())
    assert (done.exit_code, done.stdout) == (2, "")
    first, hint = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert hint.startswith("  → ")
    assert MEANT[line] in hint


def test_an_output_in_a_folder_that_is_not_there(run: Run) -> None:
    Path("a.jpg").touch()
    for file in ("no dir/x", "no dir/x.jsonl"):
        done = run("detect", "a.jpg", "-o", file)
        assert done.exit_code == 2
        told = f"error: -o {file}: its folder does not exist\n  → mkdir -p 'no dir'\n"
        assert done.stderr == told


def test_an_output_at_a_url_that_is_not_written_to(run: Run) -> None:
    Path("a.jpg").touch()
    done = run("detect", "a.jpg", "-o", "ftp://u:hunter2@host/x.jsonl")
    assert done.exit_code == 2
    told = "error: -o ftp://host/x.jsonl: a URL of this kind is not written to\n"
    assert done.stderr == f"{told}  → s3://, gs:// and az:// are\n"
    done = run("detect", "a.jpg", "-o", "file:///tmp/x.jsonl")
    assert "give its path, without file://" in done.stderr


def test_the_value_that_is_wrong_is_named(run: Run) -> None:
    assert run("detect", "--model").stderr.startswith("error: --model needs a value\n")
    assert "error: --threshold: " in run("detect", "a.jpg", "--threshold", "7").stderr
    assert "error: --format: 'jsn' is not" in run("detect", "a.jpg", "--format", "jsn").stderr


@pytest.mark.parametrize(("file", "task"), [("a.jpg", "detect"), ("a.wav", "asr")])
def test_a_file_without_a_task(run: Run, file: str, task: str) -> None:
    Path(file).touch()
    assert f"taskcli {task} {file}" in run(file).stderr


@pytest.mark.parametrize("words", [["help"], ["help", "detect"], ["help", "models", "pull"]])
def test_help_is_a_command_too(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done == run(*words[1:], "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Usage: " in done.stdout


# Streams that are closed, full, or left


def shell(line: str, classifier: Path) -> Finished:
    taskcli = f"{sys.executable} -m taskcli"
    text = f"{taskcli} classify-text --quiet -m {classifier} --lines lines.txt"
    Path("lines.txt").write_text(f"{SHORT_TEXT}\n" * 300)
    command = line.replace("TEXT", text).replace("TASKCLI", taskcli)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=SOON
    )
    return Finished(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("line", ["TASKCLI --help | true", "TASKCLI detect --help | head -1"])
def test_help_into_a_pipe_that_closes(line: str, classifier: Path) -> None:
    done = shell(line, classifier)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.long
@pytest.mark.parametrize("chosen", ["rich", "jsonl"])  # test_closed_pipes.py has every format
def test_a_run_into_a_pipe_that_closes(chosen: str, classifier: Path) -> None:
    done = shell(f"TEXT -f {chosen} --batch-size 4 | head -1", classifier)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_help_on_a_full_disk(classifier: Path) -> None:
    done = shell("TASKCLI --help > /dev/full", classifier)
    assert done.exit_code == 4
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


@pytest.mark.long
def test_a_closed_stdin_is_an_empty_one(classifier: Path) -> None:
    assert shell("TEXT <&- | wc -l", classifier) == Finished(0, "300\n", "")
    done = shell(f"TASKCLI classify-text - -m {classifier} --quiet <&-", classifier)
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.records[0]["error"]["message"] == "the input is empty"


@pytest.mark.long
def test_a_closed_stdout_is_refused_where_it_is_needed(classifier: Path) -> None:
    done = shell("TEXT >&-", classifier)
    assert done.exit_code == 2
    assert done.stderr == "error: standard output is closed\n  → write to a file with -o\n"
    assert shell("TEXT -o out.jsonl >&-", classifier) == Finished(0, "", "")
    assert Path("out.jsonl").read_text().count("\n") == 300


@pytest.mark.long
def test_a_closed_stderr_leaves_the_answers_alone(classifier: Path) -> None:
    done = shell(f"TASKCLI classify-text --text Yes. -m {classifier} 2>&-", classifier)
    assert (done.exit_code, len(done.records)) == (0, 1)


# Lines of libraries


NOISY = """
import os, sys, warnings, logging
import taskcli.cli.run.engines as at
before = at.open_model
def noisy(*words, **how):
    os.write(2, b"[src/libmpg123/id3.c] error\\n")
    print("Traceback", file=sys.stderr)
    warnings.warn("a library warns")
    logging.getLogger("library").warning("a library logs")
    return before(*words, **how)
at.open_model = noisy
from taskcli.cli.main import start
start()
"""


@pytest.mark.long
@pytest.mark.parametrize("quiet", [True, False])
def test_what_libraries_say_does_not_reach_stderr(classifier: Path, quiet: bool) -> None:
    words = ["classify-text", "--text", "Yes.", "-m", str(classifier), *["--quiet"] * quiet]
    command = [sys.executable, "-c", NOISY, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SOON)
    assert done.returncode == 0
    assert done.stderr.count("\n") == (0 if quiet else 1)
    assert "id3" not in done.stderr
    assert "library" not in done.stderr
    shown = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SOON,
        env=os.environ | {"TASKCLI_DEBUG": "1"},
    )
    for words_of_theirs in ("id3.c", "Traceback", "a library warns", "a library logs"):
        assert words_of_theirs in shown.stderr


def test_a_crash_in_c_is_still_told() -> None:
    program = "import ctypes, taskcli.cli.main as at; at._run = lambda _: ctypes.string_at(0)\n"
    command = [sys.executable, "-c", program + "at.start()"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SOON)
    assert done.returncode < 0
    assert "Fatal Python error: Segmentation fault" in done.stderr
