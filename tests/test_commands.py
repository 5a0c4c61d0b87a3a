"""COMMANDS: the table that lists, help, completion and hints read agrees with what it names."""

import inspect

import pytest

from taskcli.cli.commands import COMMANDS, CommandEntry, inside
from taskcli.tasks import BY_NAME, ENTRIES, TASKS

each_row = pytest.mark.parametrize("row", COMMANDS.values(), ids=lambda row: row.words)


def test_every_task_is_a_command_and_no_name_means_two() -> None:
    assert [task.name for task in TASKS] == list(BY_NAME) == [entry.name for entry in ENTRIES]
    assert set(BY_NAME) <= {row.words for row in inside()}
    called = [word for row in COMMANDS.values() for word in row.also.split()]
    assert len(called) == len(set(called))
    assert not set(called) & set(COMMANDS)


@each_row
def test_the_summary_is_the_first_line_of_the_help(row: CommandEntry) -> None:
    assert row.summary.endswith(".")
    assert len(row.summary) < 100
    if row.home:
        paragraph = (inspect.getdoc(row.load()) or "").split("\n\n")[0]
        assert " ".join(paragraph.split()) == row.summary
    else:
        assert inside(row.words)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_row_of_a_task_is_about_its_class(entry: object) -> None:
    task = BY_NAME[entry.name]
    assert task.name == entry.name
    assert f"{task.__module__}:{task.__name__}" == entry.home
    assert entry.panel in ("Audio", "Vision", "Text")
