"""Whatever a command prints, a reader that goes away, as `head` does, ends it quietly."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import QUESTION

from taskcli.formats import FORMATS, UNIVERSAL
from taskcli.media.items import Media
from taskcli.tasks import BY_NAME, TASKS

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# The formats of the code, and a task that has each: the cheapest for those that all have, and for
# others the first, which needs no more than its input.
TASK_OF = dict.fromkeys(UNIVERSAL, "classify-text") | {
    chosen: task.name for task in reversed(TASKS) for chosen in task.formats()
}

# A process that has the libraries loaded makes one for every call, which ends as a program does.
PROGRAM = """
import json, os, sys, tempfile, traceback
import taskcli, taskcli.cli.run.execute
from taskcli.cli.main import start

for task in sys.argv[1:]:
    taskcli.load(task, "starter", device="cpu")  # so that every child finds its modules imported

answers = os.dup(1)
for line in sys.stdin:
    call = json.loads(line)
    reading, writing = os.pipe()
    if call["lines"] == 0:
        os.close(reading)
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(writing, 1)
                os.dup2(errors.fileno(), 2)
                os.closerange(3, 100)
                os.chdir(call["folder"])
                os.environ["HOME"] = call["home"]
                sys.argv = ["taskcli", *call["words"]]
                start()
            except BaseException:
                traceback.print_exc()
                os._exit(120)
        os.close(writing)
        first = b""
        if call["lines"]:
            with os.fdopen(reading, "rb", buffering=0) as stream:
                first = stream.readline()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        errors.seek(0)
        said = errors.read().decode()
    answer = {"code": code, "first": first.decode(), "stderr": said}
    os.write(answers, json.dumps(answer).encode() + b"\\n")
"""

Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def _calls() -> Iterator["subprocess.Popen[str]"]:
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", PROGRAM, *set(TASK_OF.values())]
    with subprocess.Popen(command, text=True, **pipes) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def call(_calls: Any, home: Path) -> Call:
    """Call taskcli while a reader takes so many lines of its output, one or none, and leaves."""

    def call(*words: object, lines: int) -> dict[str, Any]:
        asked = {"words": [*map(str, words)], "lines": lines, "home": str(home)}
        _calls.stdin.write(json.dumps({**asked, "folder": str(Path.cwd())}) + "\n")
        _calls.stdin.flush()
        answer: dict[str, Any] = json.loads(_calls.stdout.readline())
        return answer

    return call


def words_for(chosen: str) -> list[object]:
    """A run with more than one line in this format."""
    task = BY_NAME[TASK_OF[chosen]]
    inputs = {
        Media.TEXT: sorted((EXAMPLES / "texts").glob("*.txt")),
        Media.IMAGE: sorted((EXAMPLES / "scenes").iterdir()),
        Media.AUDIO: sorted((EXAMPLES / "sounds").glob("*.*a*")),
    }[task.media]
    words: list[object] = [task.name, *inputs[: 1 if FORMATS[chosen].one_input else None]]
    words += ["--model", "starter", "--batch-size", 1, "--quiet", "--format", chosen]
    words += ["-q", QUESTION] if task.name == "qa" else []
    return [*words, "-o", chosen] if FORMATS[chosen].kind in ("folder", "binary") else words


@pytest.mark.long
@pytest.mark.parametrize("lines", [0, 1], ids=["before the first byte", "after a line"])
@pytest.mark.parametrize("chosen", TASK_OF)
def test_every_format(call: Call, chosen: str, lines: int) -> None:
    done = call(*words_for(chosen), lines=lines)
    assert (done["code"], done["stderr"]) == (0, "")
    if FORMATS[chosen].kind == "binary":
        assert done["first"] == ""
        assert Path(chosen).stat().st_size
    elif FORMATS[chosen].kind == "folder":
        assert done["first"] == ""
        assert any(file.is_file() for file in Path(chosen).rglob("*"))
    else:
        assert done["first"].count("\n") == lines


PRINTING = (
    "--help",
    "--version",
    "detect --help",
    "models list",
    "models list --format json",
    "models show detect",
    "models show detect --format json",
    "schema detect",
    "config show",
    "config show --format json",
    "doctor",
    "doctor --format json",
    "classify-text a.txt --model starter --dry-run",
)


@pytest.mark.parametrize("lines", [0, 1], ids=["before the first byte", "after a line"])
@pytest.mark.parametrize("line", PRINTING)
def test_every_other_command(call: Call, line: str, lines: int) -> None:
    Path("a.txt").write_text("It is fine.\n")
    done = call(*line.split(), lines=lines)
    assert (done["code"], done["stderr"]) == (0, "")
    assert done["first"].count("\n") == lines
