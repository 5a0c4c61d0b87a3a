"""What holds for every task, and for every architecture that it serves."""

import dataclasses
import inspect
import json
import re
import shlex
import typing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from checkpoints import BY_TASK, cached
from conftest import Finished
from samples import (
    SHORT_TEXT,
    UNICODE_TEXT,
    broken_images,
    broken_sounds,
    photos,
    sounds,
    texts_of,
    words_of,
)

from taskcli.checkpoints.registry import Registry, builtin_folder
from taskcli.cli.run.request import Invocation
from taskcli.config import settings
from taskcli.config.flags import flag_of, keys_of
from taskcli.config.options import ClusterOptions, ModelOptions, RunOptions, UsersOwn
from taskcli.formats import FORMATS, UNIVERSAL, Format
from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.task import Task
from taskcli.tasks import BY_NAME, TASKS, WITH_CHECKPOINTS

Run = Callable[..., Finished]
AnyTask = type[Task[Any, Any, Any]]
OUTPUTS = dict.fromkeys(task.Output for task in TASKS)
MEDIA_OPTIONS = [medium.load_options() for medium in MEDIA.values()]
SHARED = (*MEDIA_OPTIONS, ModelOptions, RunOptions, ClusterOptions, *OUTPUTS)
ENTRIES = [(task.name, name) for task in TASKS for name in Registry(task.name).names]
ARCHITECTURES = [(task, name) for task, names in BY_TASK.items() for name in names]

each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


# The class


def test_the_list_of_tasks_is_the_list_of_files_and_of_tests() -> None:
    assert set(BY_NAME) == set(BY_TASK)
    assert set(WITH_CHECKPOINTS) == {path.stem for path in builtin_folder().glob("*.toml")}


@each_task
def test_a_task_says_what_it_is(task: AnyTask) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", task.name)
    assert isinstance(task.media, Media)
    assert task.examples
    assert task.budget > 0
    assert not set(task.formats()) & set(UNIVERSAL)


@pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
def test_a_format_says_what_it_is(row: Format) -> None:
    assert callable(row.load_writer())
    assert row.about and not row.about.endswith(".")
    assert all(re.fullmatch(r"\.[a-z]+", extension) for extension in row.extensions)
    tasks = [task for task in TASKS if row.name in task.formats()]
    assert bool(tasks) == bool(row.holds), "a format of some results is that of some task"


@pytest.mark.parametrize(
    "group", [*(task.Options for task in TASKS), *SHARED], ids=lambda group: group.__name__
)
def test_options_are_frozen_and_every_field_is_an_option_with_help(group: Any) -> None:
    assert dataclasses.is_dataclass(group)
    assert group.__dataclass_params__.frozen
    hints = typing.get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        option, *marks = hints[field.name].__metadata__
        assert all(isinstance(mark, UsersOwn) for mark in marks)
        if "Path" in str(hints[field.name].__origin__):
            assert marks, "a file that came with a repository may not choose a path"
        assert isinstance(option, type(typer.Option()))
        assert option.help
        assert option.help[0].isupper() or option.help.startswith("auto")
        assert option.help.endswith(".")
    assert group() == group(), "every option has a default"


@each_task
def test_a_tasks_options_do_not_hide_shared_ones(task: AnyTask) -> None:
    _, *groups = task.groups()
    shared = keys_of(*groups)
    assert not set(keys_of(task.Options)) & set(shared)


@each_task
def test_auto_models_exist(task: AnyTask) -> None:
    import transformers

    for name in (*task.auto_models, task.processor_class()):
        assert hasattr(transformers, name)


# The registry


@pytest.mark.parametrize(("task", "name"), ENTRIES, ids=map("/".join, ENTRIES))
def test_every_named_checkpoint_resolves_and_its_options_are_valid(task: str, name: str) -> None:
    checkpoint = Registry(task).resolve(name)
    options = BY_NAME[task].Options
    known = settings.named(options, checkpoint.options, name)
    assert settings.build(options, name, known)
    assert checkpoint.about
    assert checkpoint.about.endswith(".")
    if checkpoint.repo is None:
        assert checkpoint.folder is not None
        assert checkpoint.folder.is_dir()


@each_task
def test_every_task_has_a_default_checkpoint(task: AnyTask) -> None:
    assert "base" in Registry(task.name).names


@pytest.mark.parametrize(("task", "name"), ENTRIES, ids=map("/".join, ENTRIES))
def test_an_entry_owns_to_what_is_not_known(task: str, name: str) -> None:
    checkpoint = Registry(task).resolve(name)
    known = checkpoint.license and checkpoint.size and (checkpoint.pinned or checkpoint.folder)
    assert known or not checkpoint.verified
    assert len(checkpoint.about) < 120


# The help


@cache
def options_of(task: AnyTask) -> list[str]:
    return [
        flag_of(name, declaration)
        for group in task.groups()
        for name, declaration in typing.get_type_hints(group, include_extras=True).items()
    ]


@each_task
def test_help_shows_every_option_and_example(run: Run, task: AnyTask) -> None:
    done = run(task.name, "--help")
    assert done.exit_code == 0
    for flag in options_of(task):
        assert f"--{flag}" in done.stdout
    for example in task.examples:
        assert example in " ".join(done.stdout.split()).replace(" │ │ ", " ")


def commands(line: str) -> list[list[str]]:
    """The commands of a shell line, split at its pipes."""
    words = shlex.shlex(line, posix=True, punctuation_chars="|")
    words.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            found.append([])
        else:
            found[-1].append(word)
    return found


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(example, id=f"{task.name}-{number}")
        for task in TASKS
        for number, example in enumerate(task.examples, 1)
    ],
)
def test_examples_are_valid_calls(run: Run, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    """Every taskcli command of a pipeline parses, and its options can be built."""
    calls: list[Invocation] = []
    monkeypatch.setattr("taskcli.cli.run.execute.run", lambda call: calls.append(call) or 0)
    Path("terms.tsv").write_text("cube\tdé\n", "utf-8")  # the glossary of one
    words = [command[1:] for command in commands(example) if command[0] == "taskcli"]
    for arguments in words:
        done = run(*arguments)
        assert done.exit_code == 0, done.stderr
    assert [call.task.name for call in calls] == [arguments[0] for arguments in words]
    for call in calls:
        for group in (call.task.Options, call.input_group, RunOptions, call.task.Output):
            settings.build(group, "example", call.given)


@each_task
def test_the_command_takes_what_the_options_declare(task: AnyTask) -> None:
    from taskcli.cli.command import make_command

    parameters = inspect.signature(make_command(task)).parameters
    assert list(parameters)[:2] == ["ctx", "inputs"]
    names = [name for group in (task.Options,) for name in keys_of(group).values()]
    assert set(names) <= set(parameters)


# The records


@each_task
def test_the_schema_is_valid_and_describes_both_kinds_of_record(run: Run, task: AnyTask) -> None:
    schema = schema_of(run, task.name)
    jsonschema.Draft202012Validator.check_schema(schema)
    failed = {"input": "a", "task": task.name, "model": "m", "revision": None}
    failed["error"] = {"type": "InputError", "message": "broken", "hint": "mend it"}
    jsonschema.validate(failed, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**failed, "result": []}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**failed, "surprise": 1}, schema)


_schemas: dict[str, Any] = {}


def schema_of(run: Run, task: str) -> Any:
    if task not in _schemas:
        _schemas[task] = json.loads(run("schema", task).stdout)
    return _schemas[task]


def three_inputs(task: AnyTask, folder: Path) -> list[Path]:
    """Two good inputs around a broken one."""
    media = task.media
    if media is Media.IMAGE:
        good = photos(folder)
        return [good["wide"], broken_images(folder)["cut"], good["small"]]
    if media is Media.AUDIO:
        heard = sounds(folder)
        return [heard["tone"], broken_sounds(folder)["not-a-sound"], heard["noise"]]
    names = [folder / name for name in ("one.txt", "two.txt", "three.txt")]
    first, *_, last = texts_of(task, [SHORT_TEXT, UNICODE_TEXT])
    for path, content in zip(names, (first, "", last), strict=True):
        path.write_text(content, encoding="utf-8")
    return names


WORDS: Mapping[str, list[str]] = {
    "mbart50": ["--from", "en", "--to", "fr"],
    "m2m100": ["--from", "en", "--to", "fr"],
    "nllb": ["--from", "eng_Latn", "--to", "fra_Latn"],
    "translate/t5": ["--to", "fr"],
}


def words_for(task: str, name: str) -> list[str]:
    own = [word for key in (name, f"{task}/{name}") for word in WORDS.get(key, [])]
    return [*words_of(BY_NAME[task]), *own]


@pytest.mark.parametrize(("task", "name"), ARCHITECTURES, ids=map("/".join, ARCHITECTURES))
def test_three_inputs_with_a_broken_one_give_three_records(
    run: Run, tmp_path: Path, task: str, name: str
) -> None:
    inputs = three_inputs(BY_NAME[task], tmp_path)
    done = run(task, *inputs, "-m", cached(name), *words_for(task, name))
    assert done.exit_code == 1, done.stderr
    assert done.inputs == [str(path) for path in inputs]
    assert ["error" in record for record in done.records] == [False, True, False]
    assert done.records[1]["error"]["type"] == "InputError"
    for record in done.records:
        jsonschema.validate(record, schema_of(run, task))
