"""taskcli config and doctor: what holds, where it comes from, and what is not well."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished
from hub_server import Fault, Hub

from taskcli.config import settings

Run = Callable[..., Finished]


def shown(run: Run, *words: str, **environment: str) -> dict[str, tuple[Any, str]]:
    done = run("config", "show", *words, "--format", "json", **environment)
    assert done.exit_code == 0, done.stderr
    return {row["setting"]: (row["value"], row["from"]) for row in json.loads(done.stdout)}


def user_file(text: str) -> Path:
    path = settings.user_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_setting_tells_where_it_comes_from(run: Run) -> None:
    path = user_file('device = "cpu"\nbatch_size = 4\n[detect]\nthreshold = 0.1\n')
    Path("taskcli.toml").write_text("batch-size = 8\n[detect]\nthreshold = 0.7\n")
    rows = shown(run, "detect", TASKCLI_DTYPE="float32")
    assert rows["device"] == ("cpu", str(path))
    assert rows["batch-size"] == ("8", "taskcli.toml")
    assert rows["threshold"] == (0.7, "taskcli.toml [detect]")
    assert rows["dtype"] == ("float32", "TASKCLI_DTYPE")
    assert rows["on-error"] == ("skip", "default")


def test_what_suits_the_checkpoint_is_told(run: Run) -> None:
    rows = shown(run, "qa", TASKCLI_MODEL="no-answer")
    assert rows["no-answer"] == (True, "what suits deepset/roberta-base-squad2")
    assert rows["checkpoint"][0] == "deepset/roberta-base-squad2"


def test_the_lock_is_told(run: Run) -> None:
    commit = "0123456789" * 4
    Path("taskcli.lock").write_text(f'[detect.base]\nrepo = "a/b"\nrevision = "{commit}"\n')
    rows = shown(run, "detect")
    assert rows["checkpoint"] == ("a/b", "taskcli.lock")
    assert rows["commit"] == (commit, "taskcli.lock")


def test_a_token_is_not_shown(run: Run) -> None:
    done = run("config", "show", HF_TOKEN="hf_secret")
    assert "hf_secret" not in done.stdout
    assert "not shown" in done.stdout


@pytest.mark.parametrize("command", [["config", "show", "detect"], ["detect", "--dry-run", "x"]])
@pytest.mark.parametrize("place", ["project", "user", "environment"])
def test_an_unknown_key_is_2_and_names_the_nearest(
    run: Run, command: list[str], place: str
) -> None:
    environment = {"TASKCLI_TRESHOLD": "0.5"} if place == "environment" else {}
    if place == "project":
        Path("taskcli.toml").write_text("treshold = 0.5\n")
    if place == "user":
        user_file("[detect]\ntreshold = 0.5\n")
    done = run(*command, **environment)
    assert done.exit_code == 2
    assert "did you mean" in done.stderr and "threshold" in done.stderr.lower()


@pytest.mark.parametrize("text", ["threshold = 7", "[detect]\nthreshold = 'much'", "device = "])
def test_a_value_that_is_not_allowed_is_2(run: Run, text: str) -> None:
    Path("taskcli.toml").write_text(text)
    assert run("config", "show", "detect").exit_code == 2


# What a file that came with somebody's repository may not decide

USERS_OWN = {
    "output": "'.bashrc'",
    "save-dir": "'seen'",
    "report": "'page.html'",
    "files-from": "'/etc/hosts'",
    "overwrite": "true",
    "resume": "true",
    "retry-failed": "true",
    "allow-pickle": "true",
    "offline": "false",
}
HARMLESS = {"overwrite": "false", "allow_pickle": "false", "offline": "true", "quiet": "true"}


@pytest.mark.parametrize("key", USERS_OWN)
@pytest.mark.parametrize("table", ["", "[ner]\n"])
def test_a_file_in_the_working_folder_does_not_choose_where_or_whom(
    run: Run, key: str, table: str
) -> None:
    Path(".bashrc").write_text("precious")
    Path("a.txt").write_text("Anna lives in Paris.")
    before = sorted(Path().iterdir())
    Path("taskcli.toml").write_text(f"format = 'jsonl'\n{table}{key} = {USERS_OWN[key]}\n")
    for command in (("ner", "a.txt", "-m", "starter"), ("config", "show", "ner")):
        done = run(*command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"may not set {key}" in done.stderr
        assert str(settings.user_file()) in done.stderr
        assert f"TASKCLI_{key.replace('-', '_').upper()}" in done.stderr
    assert checked(run, 1, HF_HUB_OFFLINE="1")["settings"]["fix"].startswith(f"give --{key}")
    assert sorted(Path().iterdir()) == sorted([*before, Path("taskcli.toml")])
    assert Path(".bashrc").read_text() == "precious"


def test_the_users_own_file_and_the_environment_may(run: Run) -> None:
    path = user_file("report = 'page.html'\noverwrite = true\nallow-pickle = true\n")
    Path("taskcli.toml").write_text(
        "".join(f"{key} = {value}\n" for key, value in HARMLESS.items() if key != "overwrite")
    )
    rows = shown(run, "ner", TASKCLI_OUTPUT="out.jsonl")
    assert rows["report"] == ("page.html", str(path))
    assert rows["overwrite"] == (True, str(path))
    assert rows["output"] == ("out.jsonl", "TASKCLI_OUTPUT")
    assert rows["allow-pickle"] == (False, "taskcli.toml"), "less trust may be asked for"
    assert rows["offline"] == (True, "taskcli.toml")


def test_the_users_own_file_stays_theirs_where_it_lies_in_the_working_folder(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = user_file("overwrite = true\n")
    monkeypatch.chdir(path.parent)
    assert shown(run, "ner")["overwrite"][0] is True


@pytest.mark.parametrize("key", ["output", "save_dir", "allow_pickle", "model"])
def test_a_lock_in_the_working_folder_raises_no_trust(run: Run, key: str) -> None:
    entry = f'[ner.base]\nrepo = "a/b"\nrevision = "{"0" * 40}"\noptions = {{ {key} = "x" }}\n'
    Path("taskcli.lock").write_text(entry)
    done = run("ner", "-t", "Anna", "--dry-run", "--offline")
    assert done.exit_code == 2
    assert f"unknown option {key}" in done.stderr


# doctor


def checked(run: Run, code: int, **environment: str) -> dict[str, dict[str, Any]]:
    done = run("doctor", "--format", "json", **environment)
    assert done.exit_code == code, done.stdout
    return {row["part"]: row for row in json.loads(done.stdout)}


def test_a_machine_that_is_well(run: Run, hub: Hub) -> None:
    parts = checked(run, 0)
    assert {"taskcli", "torch", "cpu", "cache", "network", "token", "settings"} <= parts.keys()
    assert parts["cpu"]["total"] > 0 and "float32" in parts["cpu"]["dtypes"]
    assert parts["network"]["state"] == "ok"
    assert len(hub.log) == 1


def test_a_token_that_the_hub_refuses_is_told_and_not_shown(run: Run, hub: Hub) -> None:
    hub.faults.append(Fault("whoami", status=401))
    done = run("doctor", HF_TOKEN="hf_secret")
    assert done.exit_code == 0
    assert "refuses it" in done.stdout and "hf_secret" not in done.stdout


@pytest.mark.long
def test_a_network_that_is_away_fails_nothing(run: Run, hub: Hub) -> None:
    hub.faults.append(Fault("whoami", wait=4))
    assert checked(run, 0)["network"]["state"] == "note"
    assert checked(run, 0, HF_HUB_OFFLINE="1")["network"]["found"] == "HF_HUB_OFFLINE is set"


def test_a_broken_settings_file_is_a_problem_with_its_fix(run: Run, hub: Hub) -> None:
    Path("taskcli.toml").write_text("treshold = 0.5\n")
    part = checked(run, 1)["settings"]
    assert (part["state"], part["fix"]) == ("problem", "did you mean threshold?")


def test_an_interrupted_download_is_told(run: Run, hub: Hub, tmp_path: Path) -> None:
    blobs = tmp_path / "huggingface" / "hub" / "models--a--b" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "abc.incomplete").write_bytes(b"half")
    assert "pull" in checked(run, 0)["downloads"]["fix"]


def test_doctor_names_the_extra_of_what_is_not_there(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["no-pdf[crypto]>=6; extra == 'documents'", 'no-srt>=1; extra == "dev"', "typer>=0.26"]
    monkeypatch.setattr("taskcli.cli.checks.metadata.requires", lambda name: texts)
    found = json.loads(run("doctor", "--format", "json").stdout)
    (told,) = [one for one in found if one["part"].startswith("no-")]
    assert (told["part"], told["state"]) == ("no-pdf", "note")
    assert told["fix"] == "pip install 'taskcli[documents]'"
