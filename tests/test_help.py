"""--help: the commonest first, in words of the field, within the terminal."""

import re
from collections.abc import Callable

import pytest
from conftest import Finished

from taskcli.config.flags import flags_as_typed
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
TYPES = re.compile(r"INTEGER|FLOAT|RANGE|BOOL|<(?:str|int|float|bool)|\bstr\b|\bint\b|\blist\[")


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
    for group in BY_NAME[task].groups():
        for spelled in flags_as_typed(group).values():
            long, *others = (flag for flag in spelled if flag.startswith("--"))
            assert len(re.findall(rf"^  (?:-\w, |    ){long}(?=[ \n])", done.stdout, re.M)) == 1
            assert all(other in done.stdout for other in others)
    for example in BY_NAME[task].examples:
        assert re.sub(r"\s+", " ", example) in re.sub(r"\s+", " ", done.stdout)


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
