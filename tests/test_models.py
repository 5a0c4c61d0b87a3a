"""taskcli models: find, fetch, check, keep and name checkpoints; a small Hub stands in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished
from hub_server import Hub

from taskcli.checkpoints import lock
from taskcli.checkpoints import registry as checkpoint_registry
from taskcli.checkpoints.registry import Registry, user_registry
from taskcli.errors import UsageError
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
REPO = "someone/detector"
FILES = {
    "config.json": b'{"model_type": "detr", "architectures": ["DetrForObjectDetection"]}',
    "preprocessor_config.json": b"{}",
    "model.safetensors": b"weights" * 1_000,
}
KEYS = {"task", "name", "repo", "revision", "license", "bytes", "cached"}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the registry that ships, with a `base` for detect and as many more as wished."""
    folder = tmp_path / "configs"
    folder.mkdir()
    for task in BY_NAME:
        (folder / f"{task}.toml").write_text("")
    monkeypatch.setattr(checkpoint_registry, "builtin_folder", lambda: folder)

    def put(task: str = "detect", **entries: str) -> None:
        tables = [f"[{name}]\n{lines}\n" for name, lines in entries.items()]
        (folder / f"{task}.toml").write_text("\n".join(tables))

    return put


@pytest.fixture
def commit(hub: Hub, registry: Callable[..., None]) -> str:
    """A pinned base, as the registry would have it."""
    made = hub.add(REPO, FILES)
    registry(base=pinned(made))
    return made


def pinned(commit: str, license: str = "Apache-2.0", size: int = 7_000) -> str:
    return (
        f'repo = "{REPO}"\nrevision = "{commit}"\nlicense = "{license}"\nsize = {size}\n'
        'about = "Boxes."'
    )


def told(done: Finished) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert all(row.keys() >= KEYS for row in rows)
    return rows


def as_json(run: Run, *words: str, **environment: str) -> list[dict[str, Any]]:
    done = run("models", *words, "--format", "json", **environment)
    assert done.exit_code == 0, done.stderr
    return told(done)


# list, show


def test_the_list_tells_what_is_cached(run: Run, commit: str) -> None:
    (before,) = as_json(run, "list", "detect")
    assert (before["name"], before["bytes"], before["cached"]) == ("base", 7_000, False)
    run("models", "pull", "detect")
    (after,) = as_json(run, "list", "detect")
    assert after["cached"]


@pytest.mark.parametrize("width", ["80", "120"])
def test_the_list_fits_and_says_what_each_is_good_at(run: Run, width: str) -> None:
    done = run("models", "list", COLUMNS=width)
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= int(width)
    for task in BY_NAME:
        for name, checkpoint in Registry(task).checkpoints.items():
            assert name in done.stdout
            assert checkpoint.about.split(",")[0].split()[0] in done.stdout


def test_show_tells_all_and_json_too(run: Run, commit: str) -> None:
    done = run("models", "show", "detect")
    assert commit in done.stdout
    assert "Apache-2.0" in done.stdout
    assert as_json(run, "show", "detect", "base")[0]["revision"] == commit


@pytest.mark.parametrize("words", [["list", "detcet"], ["show", "detcet"], ["pull", "detcet"]])
def test_an_unknown_word_is_2_and_names_the_nearest(run: Run, words: list[str]) -> None:
    done = run("models", *words)
    assert done.exit_code == 2
    assert "did you mean detect?" in done.stderr


# pull


@pytest.mark.parametrize(
    "words", [["detect"], ["detect", "base"], ["detect", REPO], [REPO], ["base"], ["--all"]]
)
def test_pull_takes_a_task_a_name_an_id_or_all(run: Run, commit: str, words: list[str]) -> None:
    (pulled,) = as_json(run, "pull", *words)
    assert (pulled["repo"], pulled["revision"], pulled["cached"]) == (REPO, commit, True)
    assert Path(pulled["folder"]).name == commit


def test_pull_takes_several_tasks(
    run: Run, hub: Hub, commit: str, registry: Callable[..., None]
) -> None:
    registry("asr", base=pinned(commit))
    assert [row["task"] for row in as_json(run, "pull", "detect", "asr")] == ["detect", "asr"]


def test_pull_goes_on_after_one_that_cannot_be_had(
    run: Run, hub: Hub, registry: Callable[..., None]
) -> None:
    commit = hub.add(REPO, FILES)
    registry(base='repo = "nobody/nothing"', small=pinned(commit))
    done = run("models", "pull", "detect", "--all", "--format", "json")
    assert done.exit_code == 3
    assert "nobody/nothing" in done.stderr
    assert [row["name"] for row in told(done)] == ["small"]


def test_a_name_of_several_tasks_needs_the_task(
    run: Run, commit: str, registry: Callable[..., None]
) -> None:
    registry("asr", base='repo = "someone/listener"')
    done = run("models", "pull", "base")
    assert done.exit_code == 2
    assert "asr" in done.stderr and "detect" in done.stderr


def test_pull_without_words_fetches_what_is_locked(run: Run, commit: str) -> None:
    assert run("models", "pull").exit_code == 2
    run("models", "lock", "detect")
    assert [row["revision"] for row in as_json(run, "pull")] == [commit]


# verify


def test_verify_finds_what_is_as_stated(run: Run, commit: str) -> None:
    run("models", "pull", "detect")
    (row,) = as_json(run, "verify")
    assert row["ok"] and row["problems"] == []


def test_verify_says_where_nothing_could_be_checked(run: Run, commit: str) -> None:
    (row,) = as_json(run, "verify", "detect", "--offline")
    assert (row["ok"], row["problems"]) == (None, [])
    shown = run("models", "verify", "detect", "--offline").stdout
    assert "? detect base" in shown and "✓" not in shown
    assert "nothing was checked" in shown


def test_verify_finds_another_licence_and_size(
    run: Run, commit: str, registry: Callable[..., None]
) -> None:
    registry(base=pinned(commit, license="MIT", size=5))
    done = run("models", "verify", "detect", "base", "--format", "json")
    assert done.exit_code == 3
    assert told(done)[0]["problems"] == [
        "licence: MIT here, apache-2.0 on the Hub",
        "size: 5 here, 7000 on the Hub",
    ]


def test_verify_finds_a_commit_that_is_not_there(
    run: Run, commit: str, registry: Callable[..., None]
) -> None:
    registry(base=pinned("0" * 40))
    done = run("models", "verify", "detect")
    assert done.exit_code == 3
    assert "no such revision" in done.stdout


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_verify_finds_a_damaged_file_and_remove_then_pull_repairs_it(
    run: Run, commit: str, name: str
) -> None:
    (pulled,) = as_json(run, "pull", "detect")
    (Path(pulled["folder"]) / name).resolve().write_bytes(b"other")
    done = run("models", "verify", "detect", "--offline")
    assert done.exit_code == 3
    assert f"{name} is damaged" in done.stdout
    assert as_json(run, "remove", "detect", "base")[0]["freed"] > 0
    run("models", "pull", "detect")
    assert run("models", "verify", "detect").exit_code == 0


def test_verify_says_that_a_repository_was_renamed(run: Run, hub: Hub, commit: str) -> None:
    hub.repositories["someone/new-name"] = hub.repositories.pop(REPO)
    hub.renamed[REPO] = "someone/new-name"
    (row,) = as_json(run, "verify", "detect", "base")
    assert "it is called someone/new-name now" in row["notes"]


# lock


def test_a_run_uses_the_locked_commit_when_the_registry_moves_on(
    run: Run, hub: Hub, commit: str, registry: Callable[..., None]
) -> None:
    run("models", "pull", "detect")
    assert [row["revision"] for row in as_json(run, "lock")] == [commit]  # what is cached
    newer = hub.add(REPO, FILES | {"new.json": b"{}"})
    registry(base=pinned(newer))
    checkpoint = lock.resolve("detect", "base")
    assert checkpoint.revision == commit
    assert newer[:12] in checkpoint.note and commit[:12] in checkpoint.note
    registry(base='repo = "someone/else"')
    assert (lock.resolve("detect", "base").repo, lock.resolve("detect", REPO).revision) == (
        REPO,
        commit,
    )


def test_a_flag_against_the_lock_is_refused(run: Run, commit: str) -> None:
    run("models", "lock", "detect")
    with pytest.raises(UsageError, match=r"taskcli\.lock keeps detect base"):
        lock.resolve("detect", "base", "main")
    assert lock.resolve("detect", "base", commit).revision == commit


def test_a_name_is_locked_anew_and_the_others_stay(
    run: Run, hub: Hub, commit: str, registry: Callable[..., None]
) -> None:
    run("models", "lock", "detect")
    newer = hub.add(REPO, FILES | {"new.json": b"{}"})
    registry(base=pinned(newer), small=pinned(commit))
    rows = as_json(run, "lock", "detect", "small")
    assert {row["name"]: row["revision"] for row in rows} == {"base": commit, "small": commit}
    rows = as_json(run, "lock", "detect")
    assert {row["name"]: row["revision"] for row in rows} == {"base": newer, "small": commit}


def test_a_branch_is_locked_at_its_commit_and_options_are_kept(
    run: Run, commit: str, registry: Callable[..., None]
) -> None:
    registry(base=f'repo = "{REPO}"\noptions = {{ threshold = 0.8 }}')
    assert as_json(run, "lock", "detect")[0]["revision"] == commit
    registry(base='repo = "someone/else"')
    assert dict(lock.resolve("detect", "base").options) == {"threshold": 0.8}


def test_the_project_file_says_what_is_used(
    run: Run, commit: str, registry: Callable[..., None]
) -> None:
    registry(base=pinned(commit), small=pinned(commit))
    Path("taskcli.toml").write_text('[detect]\nmodel = "small"\n')
    assert [row["name"] for row in as_json(run, "lock")] == ["small"]


def test_nothing_to_lock_is_2(run: Run, commit: str) -> None:
    done = run("models", "lock")
    assert done.exit_code == 2
    assert not lock.FILE.exists()


@pytest.mark.parametrize("text", ["[detect", "detect = 1", "[detect]\nbase = 1", "[detect.base]"])
def test_a_lock_that_is_none_is_2(run: Run, text: str) -> None:
    lock.FILE.write_text(text)
    done = run("models", "list", "detect")
    assert done.exit_code == 2
    assert "taskcli.lock" in done.stderr


# add, remove


def test_a_checkpoint_of_the_task_gets_a_name(run: Run, hub: Hub, commit: str) -> None:
    hub.add("someone/mine", FILES, license="mit")
    (row,) = as_json(run, "add", "detect", "mine", "someone/mine", "--about", 'Mine, "quoted".')
    assert (row["license"], row["bytes"], row["about"]) == ("mit", 7_000, 'Mine, "quoted".')
    assert Registry("detect").resolve("mine").pinned
    assert not [one for one in hub.log if "safetensors" in one.path]
    as_json(run, "remove", "detect", "mine")
    assert "mine" not in Registry("detect").names
    assert user_registry("detect").exists()


MY_FILE = """\
# What I use at work.

  # The one that I trust.
[trusted]
repo = 'someone/trusted'   # theirs, since spring
revision = "{commit}"
options = {{ threshold = 0.50 }}

# Not tried yet: two of the same.
["not tried"]
about = '''slow, but
# not a comment
exact'''
repo = 'someone/other'
[not-tried.options]  # never read
threshold = 0.1

# The end.
"""


@pytest.fixture
def my_file(commit: str) -> Path:
    text = MY_FILE.format(commit=commit).replace("[not-tried.options]", '["not tried".options]')
    path = user_registry("detect")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    return path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_a_user_wrote_stays_where_an_entry_comes_and_goes(
    run: Run, hub: Hub, commit: str, my_file: Path, line_end: str
) -> None:
    before = my_file.read_bytes().replace(b"\n", line_end.encode())
    my_file.write_bytes(before)
    hub.add("someone/mine", FILES)
    as_json(run, "add", "detect", "mine", "someone/mine")
    after = my_file.read_bytes()
    assert after.startswith(before + f"{line_end}[mine]{line_end}repo".encode())
    assert after.count(b"\n") == after.count(line_end.encode())
    as_json(run, "remove", "detect", "mine")
    assert my_file.read_bytes() == before


def test_an_entry_goes_and_the_comment_of_the_next_stays(run: Run, my_file: Path) -> None:
    text = my_file.read_text()
    as_json(run, "remove", "detect", "trusted", "--keep-files")
    first, second = text.index("[trusted]"), text.index("# Not tried")
    assert my_file.read_text() == text[:first] + text[second:]
    as_json(run, "remove", "detect", "not tried", "--keep-files")
    assert my_file.read_text() == text[:first] + "# Not tried yet: two of the same.\n# The end.\n"


def test_an_entry_that_is_given_anew_keeps_its_place_and_its_comments(
    run: Run, hub: Hub, my_file: Path
) -> None:
    newer = hub.add("someone/mine", FILES, license="mit")
    text = my_file.read_text()
    as_json(run, "add", "detect", "trusted", "someone/mine")
    changed = my_file.read_text().splitlines()
    assert changed[:5] == [*text.splitlines()[:4], 'repo = "someone/mine"   # theirs, since spring']
    assert changed[5] == f'revision = "{newer}"'
    assert changed[-11:] == text.splitlines()[-11:]
    assert "threshold = 0.50" not in changed
    assert Registry("detect").resolve("trusted").license == "mit"


def test_a_checkpoint_of_another_task_gets_none(run: Run, hub: Hub, commit: str) -> None:
    done = run("models", "add", "ner", "mine", REPO)
    assert done.exit_code == 3
    assert "cannot serve ner" in done.stderr
    assert not user_registry("ner").exists()


def test_a_shipped_name_is_not_taken(run: Run, hub: Hub, commit: str) -> None:
    assert run("models", "add", "detect", "base", REPO).exit_code == 2


def test_removing_keeps_other_commits_of_the_repository(
    run: Run, hub: Hub, commit: str, registry: Callable[..., None]
) -> None:
    newer = hub.add(REPO, FILES | {"new.json": b"{}"})
    registry(base=pinned(commit), newer=pinned(newer))
    as_json(run, "pull", "detect", "--all")
    as_json(run, "remove", "detect", "base")
    assert {row["name"]: row["cached"] for row in as_json(run, "list", "detect")} == {
        "base": False,
        "newer": True,
    }


def test_removing_what_is_not_there_says_so(run: Run, commit: str) -> None:
    done = run("models", "remove", "detect", "base")
    assert done.exit_code == 0
    assert "nothing to remove" in done.stdout
