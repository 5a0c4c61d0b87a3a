"""What needs no model answers without loading one: import cost is a tested property."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from taskcli.tasks import TASKS

HEAVY = ("torch", "transformers", "numpy", "PIL", "soundfile", "soxr", "av", "accelerate")
HELP = [("--help",), *((task.name, "--help") for task in TASKS)]
CALLS: dict[tuple[str, ...], int] = {
    **dict.fromkeys(HELP, 0),
    ("--version",): 0,
    ("models", "list"): 0,
    ("models", "list", "--format", "json"): 0,
    ("models", "show", "detect"): 0,
    ("models", "verify", "--offline"): 0,
    ("models", "pull"): 2,
    ("models", "pull", "no-such-name"): 2,
    ("config", "show"): 0,
    ("config", "show", "detect"): 0,
    ("schema", "detect"): 0,
    ("detect", "no-such-file.jpg"): 2,
    ("detect", "no-such-*.jpg"): 2,
    ("detect",): 2,
    ("detect", "here.jpg", "--no-such-option"): 2,
    ("detect", "here.jpg", "--threshold", "7"): 2,
    ("detect", "here.jpg", "-o", "answers.xyz"): 2,
    ("detect", "here.jpg", "-o", "no-such-folder/answers.jsonl"): 2,
    ("detect", "here.jpg", "--format", "srt"): 2,
    ("detect", "here.jpg", "-m", "no-such-model"): 3,
    ("detect", "here.jpg", "-m", "nobody/nothing"): 3,
    ("detect", "here.jpg", "-m", "an-empty-folder"): 3,
    ("no-such-task",): 2,
    ("models", "list", "no-such-task"): 2,
    ("schema", "no-such-task"): 2,
}
_LOOP = f"""
import contextlib, io, json, sys
from taskcli.cli.main import main

found = []
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(words)
    found.append([int(code), [name for name in {HEAVY} if name in sys.modules]])
print(json.dumps(found))
"""


@cache
def answers(folder: Path) -> dict[tuple[str, ...], tuple[int, list[str]]]:
    """The exit code of every call and what was loaded after it, all from one process."""
    (folder / "here.jpg").write_bytes(b"not read")
    (folder / "an-empty-folder").mkdir()
    command = [sys.executable, "-c", _LOOP, json.dumps([list(words) for words in CALLS])]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return {
        words: tuple(answer) for words, answer in zip(CALLS, json.loads(done.stdout), strict=True)
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("startup")


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_exit_code_without_a_heavy_library(words: tuple[str, ...], folder: Path) -> None:
    code, loaded = answers(folder)[words]
    assert code == CALLS[words]
    assert loaded == []
