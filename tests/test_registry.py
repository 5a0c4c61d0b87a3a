"""From the word after --model to a checkpoint that may be loaded, or a refusal with a way out."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

from taskcli.checkpoints import download
from taskcli.checkpoints.registry import Checkpoint, Registry
from taskcli.errors import CheckpointError, TaskcliError, UsageError

Run = Callable[..., Finished]
COMMIT = "0123456789abcdef" * 2 + "01234567"
ENTRIES = f"""
[base]
repo = "org/base"
revision = "{COMMIT}"
license = "MIT"
size = 1_000
about = "The default."

[tuned]
repo = "org/tuned"
revision = "main"
options = {{ top_k = 2 }}

[starter]
folder = "starter/here"
"""


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    (tmp_path / "some-task.toml").write_text(ENTRIES)
    return Registry("some-task", tmp_path)


# Words


def test_a_name_keeps_its_pin_and_options(registry: Registry) -> None:
    base, tuned = registry.resolve("base"), registry.resolve("tuned")
    assert (base.repo, base.revision, base.pinned) == ("org/base", COMMIT, True)
    assert (tuned.name, tuned.pinned, dict(tuned.options)) == ("org/tuned", False, {"top_k": 2})


def test_a_listed_hub_id_is_its_entry(registry: Registry) -> None:
    assert registry.resolve("org/base") == registry.resolve("base")


def test_an_unlisted_hub_id_is_taken_as_it_is(registry: Registry) -> None:
    found = registry.resolve("some.org/some-model_1", "v2")
    assert (found.repo, found.revision, found.folder) == ("some.org/some-model_1", "v2", None)


def test_a_revision_replaces_the_pin(registry: Registry) -> None:
    assert registry.resolve("base", "main").revision == "main"
    assert registry.resolve("org/base", "main").revision == "main"


def test_a_folder_is_a_checkpoint(registry: Registry) -> None:
    Path("org/base").mkdir(parents=True)
    Path("mine").mkdir()
    assert registry.resolve("mine").folder == Path("mine")
    assert registry.resolve("./org/base").folder == Path("org/base")


def test_a_name_wins_over_a_folder(registry: Registry) -> None:
    Path("base").mkdir()
    assert registry.resolve("base").repo == "org/base"


@pytest.mark.parametrize("word", ["starter", "folder"])
def test_a_folder_has_no_revision(registry: Registry, word: str) -> None:
    Path("folder").mkdir()
    with pytest.raises(UsageError, match="revision"):
        registry.resolve(word, "main")


@pytest.mark.parametrize(
    "word",
    ["bas", "nothing", "", "a/b/c", "../outside", "~/model", "/no/such", "a b/c", "file.bin"],
)
def test_an_unknown_word_lists_the_known_ones(registry: Registry, word: str) -> None:
    Path("file.bin").write_bytes(b"")
    with pytest.raises(CheckpointError) as caught:
        registry.resolve(word)
    assert "base, tuned, starter" in str(caught.value.hint)
    if word == "bas":
        assert "did you mean base?" in str(caught.value.hint)


def test_an_entry_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some-task.toml").write_text('[base]\nrepo = "a/b"\nlicence = "MIT"\n')
    with pytest.raises(UsageError, match="licence"):
        Registry("some-task", tmp_path).resolve("base")


# Offline


@pytest.mark.parametrize("words", [[], ["-m", "nobody/nothing"], ["-m", "base", "--offline"]])
def test_what_is_not_cached_is_told_at_once_with_both_ways_out(run: Run, words: list[str]) -> None:
    began = time.monotonic()
    done = run("classify-text", "--text", "hello", *words)
    assert time.monotonic() - began < 2
    assert done.exit_code == 3
    assert "taskcli models pull" in done.stderr
    assert "starter" in done.stderr
    assert done.stdout == ""


def test_no_network_is_told_with_both_ways_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not offline by wish: the Hub is asked once, and does not answer."""

    def unreachable(_: Checkpoint) -> str:
        raise ConnectionError("Name or service not known\nwith more lines")

    monkeypatch.setattr(download, "ask", unreachable)
    done = run("classify-text", "--text", "hello", HF_HUB_OFFLINE="0")
    assert done.exit_code == 3
    assert "Name or service not known" in done.stderr
    assert "taskcli models pull" in done.stderr


@pytest.mark.parametrize("word", ["a/b--c", "-a/b", "a/b..c", "a/b.git", "../b"])
def test_an_id_that_the_hub_cannot_have_is_3_and_no_traceback(run: Run, word: str) -> None:
    done = run("classify-text", "--text", "hello", f"--model={word}")
    assert done.exit_code == 3
    assert word in done.stderr


def test_a_token_is_never_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    done = run("classify-text", "--text", "hello", "-m", "nobody/nothing")
    assert "hf_secret" not in done.stderr + done.stdout


# The Hub's cache


def cache_entry(repo: str, source: Path, branch: str = "main") -> Path:
    """A repository in the Hub's cache, as a download leaves it."""
    from huggingface_hub.constants import HF_HUB_CACHE

    home = Path(HF_HUB_CACHE, f"models--{repo.replace('/', '--')}")
    snapshot = home / "snapshots" / COMMIT
    shutil.copytree(source, snapshot)
    (home / "refs").mkdir()
    (home / "refs" / branch).write_text(COMMIT)
    return snapshot


def test_a_cached_repository_needs_no_network_and_tells_its_commit(
    run: Run, classifier: Path
) -> None:
    cache_entry("someone/cached", classifier)
    done = run("classify-text", "--text", "hello", "-m", "someone/cached")
    assert done.exit_code == 0
    assert done.records[0]["model"] == "someone/cached"
    assert done.records[0]["revision"] == COMMIT


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors"])
def test_half_a_download_is_not_cached(run: Run, classifier: Path, lost: str) -> None:
    repo = f"someone/half-{lost.split('.')[0]}"
    (cache_entry(repo, classifier) / lost).unlink()
    done = run("classify-text", "--text", "hello", "-m", repo)
    assert done.exit_code == 3
    assert "not cached" in done.stderr


# Folders that must not be loaded


@pytest.fixture
def folder(classifier: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(classifier, tmp_path / "checkpoint"))


def refused(run: Run, folder: Path, *words: str) -> str:
    done = run("classify-text", "--text", "hello", "-m", folder, *words)
    assert done.exit_code == 3, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def index(folder: Path, **files: str) -> None:
    """Turn a folder into a sharded checkpoint by its index."""
    content = json.dumps({"metadata": {}, "weight_map": files})
    (folder / "model.safetensors.index.json").write_text(content)


def test_a_folder_without_config_is_refused(run: Run, folder: Path) -> None:
    (folder / "config.json").unlink()
    assert "config.json" in refused(run, folder)


def test_a_folder_without_weights_is_refused(run: Run, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "no weights" in refused(run, folder)


def test_a_missing_shard_is_named(run: Run, folder: Path) -> None:
    index(folder, a="model-00001-of-00002.safetensors", b="model-00002-of-00002.safetensors")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    assert "model-00002-of-00002.safetensors" in refused(run, folder)


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/secret.safetensors", "..", ""])
def test_a_shard_outside_the_folder_is_refused(run: Run, folder: Path, name: str) -> None:
    (folder.parent / "secret.safetensors").write_bytes(b"")
    index(folder, a=name)
    assert "outside" in refused(run, folder)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    assert "outside" in refused(run, folder)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}']
)
def test_an_index_that_is_none_is_refused(run: Run, folder: Path, content: str) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    (folder / "model.safetensors.index.json").write_text(content)
    assert "index" in refused(run, folder)


def test_pickled_weights_need_the_users_word(run: Run, folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert "--allow-pickle" in refused(run, folder)
    done = run("classify-text", "--text", "hello", "-m", folder, "--allow-pickle")
    assert done.exit_code == 0, done.stderr


def test_a_pickle_that_runs_code_does_not_even_when_pickles_are_allowed(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "exploded",)

    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    refused(run, folder, "--allow-pickle")
    assert not (tmp_path / "exploded").exists()


def test_a_pickled_shard_outside_the_folder_is_refused(run: Run, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    content = json.dumps({"weight_map": {"a": "../secret.bin"}})
    (folder / "pytorch_model.bin.index.json").write_text(content)
    assert "outside" in refused(run, folder, "--allow-pickle")


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut in half": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "a few bytes": lambda data: data[:5],
    "header longer than the file": lambda data: (1 << 62).to_bytes(8, "little") + data[8:],
    "not safetensors": lambda data: b"just text" * 100,
    "no header": lambda data: (2).to_bytes(8, "little") + b"{}",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_weights_are_3_and_name_the_checkpoint(
    run: Run, folder: Path, damage: Callable[[bytes], bytes]
) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))
    assert str(folder) in refused(run, folder)


@pytest.mark.parametrize("config", [b"", b"{", b"[]", b"{}", b'{"model_type": "no-such-type"}'])
def test_a_config_that_is_none_is_3(run: Run, folder: Path, config: bytes) -> None:
    (folder / "config.json").write_bytes(config)
    assert str(folder) in refused(run, folder)


def test_code_in_the_checkpoint_is_never_run(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'exploded')!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.EvilConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    done = run("classify-text", "--text", "hello", "-m", folder, stdin="y\n" * 10)
    assert done.exit_code == 3
    assert not (tmp_path / "exploded").exists()


def test_missing_weights_are_not_replaced_by_random_ones(run: Run, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    assert "classifier" in refused(run, folder)


# The models command


def test_models_list_shows_every_entry(run: Run) -> None:
    done = run("models", "list", "--format", "json")
    listed = json.loads(done.stdout)
    assert {"classify-text", "detect", "asr"} <= {entry["task"] for entry in listed}
    assert {entry["name"] for entry in listed if entry["task"] == "asr"} >= {"base", "large"}
    only = json.loads(run("models", "list", "asr", "--format", "json").stdout)
    assert {entry["task"] for entry in only} == {"asr"}
    assert "facebook/wav2vec2-base-960h" in run("models", "list").stdout


def test_pull_without_a_network_is_3(run: Run) -> None:
    done = run("models", "pull", "classify-text")
    assert done.exit_code == 3


@pytest.mark.parametrize("error", TaskcliError.__subclasses__(), ids=lambda e: e.__name__)
def test_every_error_has_a_message_a_hint_and_an_exit_code(error: type[TaskcliError]) -> None:
    made = error("what was wrong", "what to do")
    assert (str(made), made.message, made.hint) == (
        "what was wrong",
        "what was wrong",
        "what to do",
    )
    assert made.exit_code in (1, 2, 3, 4)
