"""What needs no model answers without loading one: import cost is a tested property."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from taskcli.cli.commands import COMMANDS
from taskcli.tasks import TASKS

HEAVY = ("torch", "transformers", "numpy", "PIL", "soundfile", "soxr", "av", "accelerate", "ray")
# What no list and no help needs, though runs may.
UNASKED = (
    "pydantic", "regex", "langcodes", "sentencex", "httpx", "email.message", "asyncio", "hashlib",
    "importlib.metadata", "rich.progress", "taskcli.api",
    "taskcli.engine.run", "taskcli.output.terminal.views", "taskcli.cluster.opening", "tarfile",
)  # fmt: skip
HELP = [("--help",), *((task.name, "--help") for task in TASKS)]
# They stand first among the calls, so nothing that others load is there yet.
LISTS = [*HELP, ("--version",), ("models", "--help"), ("models", "list")]
CALLS: dict[tuple[str, ...], int] = {
    **dict.fromkeys(LISTS, 0),
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
    found.append([int(code), [name for name in {HEAVY + UNASKED} if name in sys.modules]])
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
    assert not set(loaded) & set(HEAVY)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_help_and_lists_load_what_they_show_and_no_more(
    words: tuple[str, ...], folder: Path
) -> None:
    _, loaded = answers(folder)[words]
    assert loaded == []


# The commands whose modules a call imports.
ALONE: dict[tuple[str, ...], set[str]] = {
    ("--help",): set(),
    ("models", "--help"): set(),
    ("models", "list"): {"taskcli.cli.models.listing"},
    ("detect", "--help"): {"taskcli.tasks.detect"},
    ("schema", "--help"): {"taskcli.cli.schema"},
}


@pytest.mark.parametrize("words", ALONE, ids=" ".join)
def test_a_command_is_imported_when_it_is_run_or_explained(words: tuple[str, ...]) -> None:
    loaded = imported(*words)
    homes = {row.home.partition(":")[0] for row in COMMANDS.values() if row.home}
    assert loaded & homes == ALONE[words]
    assert ("taskcli.cli.command" in loaded) == (words[0] == "detect")
    assert "rich.console" in loaded


def imported(*words: str) -> set[str]:
    """The modules of a process that has answered a call."""
    program = (
        "import sys; from taskcli.cli import main\n"
        "main._leave = lambda code: (sys.stdout.flush(), print(*sys.modules, file=sys.stderr))\n"
        "main.start()"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True)
    return set(done.stderr.split())


def test_importing_the_package_loads_none_of_it() -> None:
    program = (
        "import sys, taskcli; print(*(name for name in sys.modules if 'taskcli.' in name))\n"
        "from taskcli import TASKS, Record, TaskcliError, __version__, load\n"
        "print(*dir(taskcli))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded, listed = done.stdout.splitlines()
    assert loaded == ""
    assert {"TASKS", "Record", "TaskcliError", "__version__", "load"} <= set(listed.split())
