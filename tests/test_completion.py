"""What a shell is offered: tasks, options, names of checkpoints, languages; quickly."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

from taskcli.checkpoints.registry import Registry
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]


@pytest.fixture
def offered(run: Run) -> Callable[..., list[str]]:
    """The words that bash is offered for the last, begun word of a line."""

    def call(line: str) -> list[str]:
        words = f"taskcli {line}"
        last = len(words.split(" ")) - 1
        environment = {"COMP_WORDS": words, "COMP_CWORD": str(last)}
        done = run(_TASKCLI_COMPLETE="complete_bash", **environment)
        assert done.exit_code == 0
        return done.stdout.splitlines()

    return call


def test_tasks_and_commands(offered: Callable[..., list[str]]) -> None:
    assert set(offered("")) >= {*BY_NAME, "models", "config", "doctor", "schema"}
    assert offered("det") == ["detect"]
    assert "--version" in offered("--")


def test_options_that_are_not_given_yet(offered: Callable[..., list[str]]) -> None:
    assert offered("detect --th") == ["--threshold"]
    assert offered("detect --threshold 0.5 --th") == []
    assert {"--from", "--to", "--model", "-m"} <= set(offered("translate -"))


@pytest.mark.parametrize("task", BY_NAME)
def test_names_of_checkpoints(offered: Callable[..., list[str]], task: str) -> None:
    assert offered(f"{task} --model ") == Registry(task).names
    assert offered(f"models pull {task} ba") == ["base"]


def test_names_of_checkpoints_that_help(offered: Callable[..., list[str]]) -> None:
    assert offered("asr talk.wav --speakers ") == Registry("speakers").names


def test_choices(offered: Callable[..., list[str]]) -> None:
    assert offered("detect --on-error ") == ["skip", "stop"]
    assert offered("detect --device c") == ["cpu", "cuda"]
    assert offered("models list --format j") == ["json"]


def test_languages_of_the_checkpoint_that_the_line_names(
    offered: Callable[..., list[str]],
) -> None:
    assert "fr" in offered("translate letter.txt --to ")
    assert offered("translate --model nllb --to fra") == ["fra_Latn"]
    assert offered("translate -m en-de --to d") == ["de"]
    assert "cy" in offered("asr --model small --language c")


@pytest.mark.parametrize("line", ["detect photo", "detect --threshold ", "detect --offline photo"])
def test_a_path_is_left_to_the_shell(offered: Callable[..., list[str]], line: str) -> None:
    assert offered(line) == []


def test_formats_are_those_of_the_task(offered: Callable[..., list[str]]) -> None:
    universal = ["auto", "rich", "jsonl", "json", "csv", "tsv", "parquet", "text"]
    for name, task in BY_NAME.items():
        assert offered(f"{name} --format ") == [*universal, *task.formats()]
    assert "srt" in offered("asr -f ")


def test_files_that_the_task_reads(offered: Callable[..., list[str]]) -> None:
    for name in ("a.jpg", "b.WAV", "c.txt", "d.csv", "e.pdf", ".f.jpg", "pictures/g.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert offered("detect ") == ["a.jpg", "pictures/"]
    assert offered("asr ") == ["b.WAV", "pictures/"]
    assert offered("ner ") == ["c.txt", "d.csv", "pictures/"]
    assert offered("ner --threshold 0.5 c") == ["c.txt"]
    assert offered("detect pictures/") == ["pictures/g.png"]
    assert offered("detect .f") == [".f.jpg"]
    assert offered("detect pict") == [], "the shell completes a folder better"
    Path("with space.jpg").touch()
    assert offered("detect ") == [], "the shell knows its quotes"


def test_zsh_and_fish_get_the_meaning_too(run: Run) -> None:
    line = {"_TYPER_COMPLETE_ARGS": "taskcli det"}
    done = run(_TASKCLI_COMPLETE="complete_zsh", **line)
    assert done.stdout.startswith("""_arguments '*: :(("detect":"Find objects""")
    fish = {"_TASKCLI_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert run(**fish, **line).stdout.startswith("detect\tFind objects")
    fish["_TYPER_COMPLETE_FISH_ACTION"] = "is-args"
    assert run(**fish, **line).exit_code == 0
    assert run(**fish, _TYPER_COMPLETE_ARGS="taskcli detect ph").exit_code == 1


def test_a_broken_file_and_an_open_quote_are_no_traceback(
    offered: Callable[..., list[str]], home: Path
) -> None:
    from taskcli.checkpoints.registry import user_registry

    user_registry("detect").parent.mkdir(parents=True)
    user_registry("detect").write_text("[broken")
    assert offered("detect --model ") == []
    assert offered("detect 'open") == []


def test_the_scripts_of_three_shells_call_it() -> None:
    """What --install-completion writes uses the variables that the completion reads."""
    from typer._completion_shared import get_completion_script

    for shell in ("bash", "zsh", "fish"):
        script = get_completion_script(
            prog_name="taskcli", complete_var="_TASKCLI_COMPLETE", shell=shell
        )
        assert f"_TASKCLI_COMPLETE=complete_{shell}" in script
        assert ("COMP_WORDS" if shell == "bash" else "_TYPER_COMPLETE_ARGS") in script


def test_bash_itself_completes(tmp_path: Path) -> None:
    from typer._completion_shared import get_completion_script

    program = tmp_path / "taskcli"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m taskcli "$@"\n')
    program.chmod(0o755)
    script = get_completion_script(
        prog_name="taskcli", complete_var="_TASKCLI_COMPLETE", shell="bash"
    )
    script += "\nCOMP_WORDS=(taskcli classify-i); COMP_CWORD=1; _taskcli_completion taskcli\n"
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script + 'echo "${COMPREPLY[@]}"'],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
    assert done.stdout.strip() == "classify-image", done.stderr


def test_a_key_press_loads_neither_torch_nor_what_parsing_needs() -> None:
    code = """
import contextlib, io, json, sys
from taskcli.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    main([])
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""
    line = {"_TASKCLI_COMPLETE": "complete_bash", "COMP_CWORD": "3"}
    line["COMP_WORDS"] = "taskcli translate --to f"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, **line}, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"torch", "transformers", "numpy", "pydantic", "huggingface_hub", "httpx2"}
