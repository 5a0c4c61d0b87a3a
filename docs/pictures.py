"""Make the pictures of the README: what the starters answer about examples/, as a user sees it.

python docs/pictures.py
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent / "pictures"
TOP = FOLDER.parent.parent
COLUMNS = 88

# What --save-dir leaves for an input, by the ending of the file to show.
FILES = {
    "detect": ("examples/scenes/orange-ball.jpg", ".boxes.png"),
    "segment": ("examples/scenes/red-cube.png", ".overlay.png"),
    "depth": ("examples/scenes/red-cube.png", ".colours.png"),
}
# What --save-dir of explain leaves.
EXPLAINED = {"explain": ("classify-image", "examples/scenes/red-cube.png", ".where-cls-looks.png")}
# What a terminal shows for a command.
TERMINAL = {
    "classify-image": "classify-image examples/scenes/red-cube.png --top-k 3",
    "asr": "asr examples/sounds/sentence.wav --timestamps word",
    "ner": "ner examples/texts/article.txt",
    "qa": "qa examples/texts/article.txt -q 'Who opened the library?'",
}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for task, (source, ending) in FILES.items():
        print(_saved(task, [task, source, "--quiet"], ending))
    for name, (task, source, ending) in EXPLAINED.items():
        print(_saved(name, ["explain", task, source], ending))
    for task, command in TERMINAL.items():
        print(_screen(task, command))
    return 0


def _saved(name: str, words: list[str], ending: str) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        _run([*words, "--save-dir", folder])
        (file,) = Path(folder).rglob(f"*{ending}")
        return Path(shutil.copyfile(file, FOLDER / f"{name}.png"))


def _screen(task: str, command: str) -> Path:
    shown = _run([*shlex.split(command), "--format", "rich", "--quiet"])
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    for line in _lines(command, shown):
        console.print(line, soft_wrap=True)
    page = _without_fonts(console.export_svg(title="taskcli"))
    file = FOLDER / f"{task}.svg"
    file.write_text(page, "utf-8")
    return file


def _lines(command: str, shown: str) -> Iterator[Text]:
    yield Text(f"$ taskcli {command} --model starter", style="bold")
    yield Text.from_ansi(shown.rstrip())


def _without_fonts(page: str) -> str:
    """A picture that fetches nothing: the viewer's own fixed-width font serves."""
    return re.sub(r"@font-face \{.*?\}", "", page, flags=re.DOTALL)


def _run(words: list[str]) -> str:
    """A command's standard output, in colours. Raises CalledProcessError if it fails."""
    told = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    told.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "taskcli", *words, "--model", "starter"]
    done = subprocess.run(command, cwd=TOP, env=told, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


if __name__ == "__main__":
    sys.exit(main())
