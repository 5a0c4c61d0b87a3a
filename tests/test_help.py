"""--help: the commonest first, in words of the field, within the terminal."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

from taskcli.config.flags import flags_as_typed
from taskcli.output.presentation import saved_by
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
TYPES = re.compile(r"INTEGER|FLOAT|BOOL|<(?:str|int|float|bool)|\bstr\b|\bint\b|\blist\[")


def sections(shown: str) -> dict[str, str]:
    """What stands under each headline."""
    parts = re.split(r"^(?=[A-Z][^\n]*\n  )", shown, flags=re.M)
    return {part.split("\n")[0]: part for part in parts if part.count("\n") > 1}


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("task", BY_NAME)
def test_the_help_of_a_task(run: Run, task: str, columns: str) -> None:
    done = run(task, "--help", COLUMNS=columns)
    assert (done.exit_code, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert not TYPES.findall(done.stdout)
    found = sections(done.stdout)
    titles, common = list(found), found["Common options"]
    assert titles.index("Common options") == titles.index("Arguments") + 1
    assert titles.index("Common options") < titles.index("Inputs") < titles.index("Output")
    assert len(re.findall(r"^  (?:-\w, |    )--", common, re.M)) <= 10
    for flag in ("--model", "--output", "--format", "--device", "--help"):
        assert f"{flag} " in common
    assert "--save-dir " not in common or saved_by(BY_NAME[task].result), "others refuse it"
    for group in BY_NAME[task].groups():
        for spelled in flags_as_typed(group).values():
            long, *others = (flag for flag in spelled if flag.startswith("--"))
            assert len(re.findall(rf"^  (?:-\w, |    ){long}(?=[ \n])", done.stdout, re.M)) == 1
            assert all(other in done.stdout for other in others)
    for example in BY_NAME[task].examples:
        assert re.sub(r"\s+", " ", example) in re.sub(r"\s+", " ", done.stdout)


def test_the_least_value_of_an_option_is_told(run: Run) -> None:
    shown = " ".join(run("classify-audio", "--help").stdout.split())
    assert "with their times. At least 0.1." in shown
    assert "as long as a window. At least 0.05." in shown


def test_the_help_of_all_has_commands_and_examples(run: Run) -> None:
    shown = run("--help").stdout
    for name in (*BY_NAME, "models", "config", "doctor", "schema"):
        assert re.search(rf"^  {name} ", shown, re.M)
    assert "\nExamples\n  $ taskcli " in shown
    assert not TYPES.findall(shown)


@pytest.mark.parametrize("words", [["models"], ["models", "pull"], ["config", "show"], ["doctor"]])
def test_the_help_of_what_is_no_task(run: Run, words: list[str]) -> None:
    shown = run(*words, "--help").stdout
    assert shown.startswith(f"Usage: taskcli {' '.join(words)} ")
    assert "  -h, --help" in shown
    assert not TYPES.findall(shown)


def told(shown: str, flag: str) -> str:
    """What stands beside an option, on one line."""
    found = re.search(rf"^ +(?:-\w, )?{flag}[ \n].*?(?=^  (?:  )?  ?-|\n\n|\Z)", shown, re.M | re.S)
    assert found, flag
    return " ".join(found[0].split())


@pytest.mark.parametrize(("flag", "says"), [
    ("--tiles", "PIXELS Look at larger pictures"), ("--tiles", "At least 64."),
    ("--overlap", "From 0 to 0.8. [0.2]"), ("--min-area", "so many pixels, or such a share"),
    ("--threshold", "From 0 to 1. [0.5]"), ("--frames", "One of first, all, N, A-B."),
])  # fmt: skip
def test_units_and_bounds_are_told(run: Run, flag: str, says: str) -> None:
    assert says in told(run("detect", "--help").stdout, flag)


def test_numbers_that_may_be_any_above_zero_have_no_bounds(run: Run) -> None:
    assert "least" not in told(run("detect", "--help").stdout, "--limit")


def test_the_page_of_commands_has_choices_and_units() -> None:
    page = (Path(__file__).parents[1] / "docs" / "commands.md").read_text()
    assert re.search(r"^\| `--channel` \|.*\(mix left right each N\) \| mix \|$", page, re.M)
    assert re.search(r"^\| `--tiles` PIXELS \|.* At least 64\. \|", page, re.M)
