"""The shell blocks of README and recipes that need no network work as they stand, in a checkout."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

Run = Callable[..., Finished]
CHECKOUT = Path(__file__).parent.parent
MODEL = "export TASKCLI_MODEL=starter"


def blocks(page: str) -> list[str]:
    text = (CHECKOUT / page).read_text("utf-8")
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


PASTED = [
    line
    for block in blocks("README.md")
    if block.startswith(MODEL)
    for line in block.splitlines()[1:]
    if line
]
RECIPES = blocks("docs/recipes.md")


@pytest.fixture(autouse=True)
def _in_a_checkout() -> None:
    shutil.copytree(CHECKOUT / "examples", "examples")


def test_the_blocks_of_inputs_and_of_files_are_among_them() -> None:
    assert sum("--save-dir" in line for line in PASTED) == 5
    assert any("--files-from" in line for line in PASTED)


@pytest.mark.long
@pytest.mark.parametrize("line", PASTED)
def test_a_line_of_the_readme(run: Run, line: str) -> None:
    if "summarize rows.csv" in line:
        shell(next(other for other in PASTED if "rows.csv" in other))
    words = words_of(line)
    if not words:
        shell(line)
        return
    done = run(*words, TASKCLI_MODEL="starter")
    assert done.exit_code == 0, done.stderr
    assert done.records
    folder = words[words.index("--save-dir") + 1] if "--save-dir" in words else None
    promised = (
        re.findall(
            r"\.[a-z]+(?:-001-sky)?(?:\.png|\.npy)|\.(?:srt|vtt|tsv|txt|json|html)\b",
            line.partition("#")[2],
        )
        if folder
        else []
    )
    names = [name for record in done.records for name in record.get("files", [])]
    for ending in promised:
        assert any(name.endswith(ending) for name in names), (ending, names)


def words_of(line: str) -> list[str]:
    """Of a line that is one call; none of what wants a shell."""
    words = shlex.split(line, comments=True)
    return words[1:] if words[:1] == ["taskcli"] and not {"|", ">", "<"} & {*words} else []


def shell(line: str) -> None:
    command = f'set -o pipefail; taskcli() {{ {sys.executable} -m taskcli "$@"; }}; {MODEL}; {line}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_recipes_begin_with_the_checkpoints_that_they_run_with() -> None:
    assert RECIPES[0].startswith(MODEL)


@pytest.mark.parametrize("block", RECIPES[1:], ids=lambda block: block.partition("\n")[0])
def test_a_recipe(run: Run, block: str) -> None:
    """Line after line, since later ones read what earlier ones wrote."""
    assert "taskcli" in block
    for line in block.splitlines():
        if words := words_of(line):
            done = run(*words, TASKCLI_MODEL="starter")
            assert done.exit_code == 0, done.stderr
        else:
            shell(line)
