"""Nothing of a checkpoint runs, nobody asks on stdin, no socket opens: the corpus of hostile.py."""

import builtins
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
from checkpoints import cached
from conftest import Finished, parse
from hostile import NEAR, OTHER, Case, amend, corpus, make
from hub_server import Hub
from models import load
from samples import SHORT_TEXT, noise, scene

from taskcli.errors import CheckpointError

Run = Callable[..., Finished]
CORPUS = corpus()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "it-ran"


@pytest.fixture
def harm(hub: Hub, canary: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a checkpoint achieved. The Hub would serve all of it; a token lies ready."""
    done: list[str] = []
    connect = socket.socket.connect

    def told(self: socket.socket, address: Any) -> None:
        done.append(f"connected to {address}")
        connect(self, address)

    def asked(prompt: object = "", /) -> str:
        done.append(f"asked {prompt}")
        return "y"

    config = json.dumps({"model_type": "evil", "auto_map": NEAR}).encode()
    hub.add(OTHER, {**hostile.code(canary), "config.json": config, "tokenizer_config.json": config})
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr(socket.socket, "connect", told)
    monkeypatch.setattr(builtins, "input", asked)
    yield done
    done += [f"requested {one.path} with {one.token}" for one in hub.log]
    done += ["ran"] if canary.exists() else []
    assert done == []


def inputs(task: str) -> list[object]:
    """One input that the task can answer."""
    if task in ("classify-audio", "asr"):
        import soundfile

        soundfile.write("sound.wav", noise(0.7), 16_000)
        return ["sound.wav"]
    if task in ("classify-image", "detect", "segment", "depth"):
        scene(64, 48).save("picture.png")
        return ["picture.png"]
    asked = ["-q", "Who?"] if task == "qa" else []
    return ["--text", SHORT_TEXT, *asked]


@pytest.mark.parametrize("case", CORPUS, ids=[case.id for case in CORPUS])
def test_references_to_code_and_to_other_repositories_are_refused(
    case: Case, run: Run, harm: list[str], canary: Path, tmp_path: Path
) -> None:
    folder = make(case, tmp_path / "model", canary)
    done = run(case.task, *inputs(case.task), "-m", folder, stdin="y\n" * 20)
    assert done.exit_code == 3, done.stderr
    assert f"{folder}: {case.file}: {case.key}" in done.stderr
    assert "  → " in done.stderr  # the way out
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


# Beneath the refusal lies a floor, for references that nobody has thought of.
BENEATH = [
    case
    for case in (*hostile.everywhere(), *hostile.nested(), *hostile.other_repositories())
    if case.beside or case.value != NEAR
]


@pytest.mark.parametrize("case", BENEATH, ids=[case.id for case in BENEATH])
def test_were_a_reference_not_known_nothing_would_run(
    case: Case,
    run: Run,
    harm: list[str],
    canary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskcli.checkpoints.cache.refuse_unsafe", lambda *_: None)
    folder = make(case, tmp_path / "model", canary)
    done = run(case.task, *inputs(case.task), "-m", folder, stdin="y\n" * 20)
    assert "Do you wish" not in done.stdout + done.stderr


def adapted(tmp_path: Path, file: str) -> Path:
    folder = shutil.copytree(cached("gpt2"), tmp_path / "model")
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text("{}")
    return folder


@pytest.mark.parametrize("file", ["adapter_config.json", "custom_generate/generate.py"])
def test_adapters_and_code_that_writes_are_refused(
    file: str, run: Run, harm: list[str], tmp_path: Path
) -> None:
    folder = adapted(tmp_path, file)
    done = run("generate", "--text", "hello", "-m", folder)
    assert done.exit_code == 3
    assert f"{folder}: {file}" in done.stderr


def test_a_key_is_found_behind_escapes_in_a_document_of_megabytes(run: Run, tmp_path: Path) -> None:
    folder = shutil.copytree(cached("bert-topics"), tmp_path / "model")
    file = folder / "tokenizer.json"
    text = file.read_text() + " " * 2_000_000
    file.write_text(text)
    assert run("classify-text", "--text", "hello", "-m", folder).exit_code == 0
    file.write_text(text.replace("{", r'{"\u0061uto_map": "evil.Evil", ', 1))
    done = run("classify-text", "--text", "hello", "-m", folder)
    assert done.exit_code == 3
    assert "tokenizer.json: auto_map" in done.stderr


HARMLESS: list[tuple[str, str, dict[str, Any]]] = [
    ("config.json", "where it was made", {"_name_or_path": OTHER, "tokenizer_class": None}),
    ("config.json", "empty", {"auto_map": {}, "quantization_config": None, "custom_generate": ""}),
    ("config.json", "a label", {"id2label": {"0": "auto_map", "1": "b", "2": "c", "3": "d"}}),
    ("config.json", "a plain way", {"attn_implementation": "eager", "use_kernels": False}),
    ("config.json", "a vocabulary", {"label2id": {"auto_map": 0, "backbone": 1, "use_kernels": 2}}),
    ("tokenizer_config.json", "somebody's home", {"name_or_path": "/root/model", "auto_map": {}}),
    ("tokenizer_config.json", "a class", {"tokenizer_class": "BertTokenizerFast"}),
    ("tokenizer_config.json", "where a file was", {"tokenizer_file": "/root/x", "init_inputs": []}),
    ("special_tokens_map.json", "a token", {"unk_token": "[UNK]"}),
    ("notes.json", "of nobody", {"type": "sentence_transformers.models.Transformer"}),
]


@pytest.mark.parametrize(
    ("file", "values"),
    [(file, values) for file, _, values in HARMLESS],
    ids=[f"{file}-{what}" for file, what, _ in HARMLESS],
)
def test_what_only_looks_like_a_reference_loads(
    file: str, values: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    folder = shutil.copytree(cached("bert-topics"), tmp_path / "model")
    amend(folder / file, values)
    done = run("classify-text", "--text", SHORT_TEXT, "-m", folder)
    assert done.exit_code == 0, done.stderr


def test_a_backbone_that_is_described_is_not_fetched_by_its_name(
    run: Run, harm: list[str], tmp_path: Path
) -> None:
    folder = shutil.copytree(cached("detr"), tmp_path / "model")
    amend(folder / "config.json", {"backbone": "microsoft/resnet-50", "use_timm_backbone": False})
    done = run("detect", *inputs("detect"), "-m", folder)
    assert done.exit_code == 0, done.stderr


def test_a_plain_name_of_a_backbone_asks_nobody(harm: list[str], tmp_path: Path) -> None:
    """A DETR that transformers 4 saved: its `backbone_kwargs` make version 5 ask for a repo."""
    from taskcli.runtime.loader import model_type
    from taskcli.tasks import BY_NAME

    folder = shutil.copytree(cached("detr"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {"backbone": "resnet50", "use_timm_backbone": True, "backbone_config": None}
    config["backbone_kwargs"] = {"in_chans": 3, "out_indices": [1, 2, 3, 4]}
    (folder / "config.json").write_text(json.dumps(config))
    assert model_type(BY_NAME["detect"], "detr", folder) == "detr"


# OneFormer's processor would fetch the list of its classes from a repository of its authors.

CLASSES = {
    "0": {"name": "wall", "isthing": 0},
    "1": {"name": "car", "isthing": 1},
    "2": {"name": "sky", "isthing": 0},
}
METADATA = {
    "0": "wall",
    "1": "car",
    "2": "sky",
    "thing_ids": [1],
    "class_names": ["wall", "car", "sky"],
}


@pytest.mark.parametrize("where", ["file", "metadata"])
def test_oneformer_takes_its_classes_from_its_own_folder(
    where: str, harm: list[str], tmp_path: Path
) -> None:
    from test_architectures import load as load_family

    folder = tmp_path / "model"
    load_family("segment", "oneformer", folder, subtask="semantic")
    stated = {"class_info_file": "ade20k_panoptic.json", "repo_path": OTHER}
    amend(folder / "preprocessor_config.json", stated)
    if where == "file":
        (folder / "ade20k_panoptic.json").write_text(json.dumps(CLASSES))
    else:
        amend(folder / "preprocessor_config.json", {"metadata": METADATA})
    model = load("segment", folder, subtask="semantic")
    assert model.session.task.processor.metadata == METADATA


@pytest.mark.parametrize("name", ["ade20k_panoptic.json", "../classes.json", "/etc/classes.json"])
def test_oneformer_without_its_classes_is_refused(
    name: str, harm: list[str], tmp_path: Path
) -> None:
    from test_architectures import load as load_family

    folder = tmp_path / "model"
    load_family("segment", "oneformer", folder, subtask="semantic")
    (tmp_path / "classes.json").write_text(json.dumps(CLASSES))
    amend(folder / "preprocessor_config.json", {"class_info_file": name, "repo_path": OTHER})
    with pytest.raises(CheckpointError, match=f"class_info_file {name}"):
        load("segment", folder, subtask="semantic")


# The floor itself


def test_code_of_a_checkpoint_cannot_run_where_libraries_are_contained(
    tmp_path: Path, canary: Path
) -> None:
    from transformers import AutoConfig

    from taskcli.runtime.contained import contained

    folder = tmp_path / "remote_code"
    folder.mkdir()
    amend(folder / "config.json", {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil"}})
    (folder / "evil.py").write_bytes(hostile.code(canary)["evil.py"])
    with contained(), pytest.raises(CheckpointError, match="run its code"):
        AutoConfig.from_pretrained(folder, trust_remote_code=True)
    assert not canary.exists()
    with pytest.raises(AttributeError):  # a host may: Evil is no configuration, but it was asked
        AutoConfig.from_pretrained(folder, trust_remote_code=True)
    assert canary.exists()


def test_questions_and_sockets_are_refused_in_this_thread_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from transformers import dynamic_module_utils

    from taskcli.runtime.contained import contained

    found: list[object] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = listening.getsockname()
        with contained():
            with contained():
                pass
            with pytest.raises(CheckpointError, match="standard input"):
                input()
            with pytest.raises(CheckpointError, match="network"):
                socket.create_connection(address)
            assert dynamic_module_utils.TIME_OUT_REMOTE_CODE == 0
            other = threading.Thread(target=lambda: found.append(socket.create_connection(address)))
            other.start()
            other.join()
        assert dynamic_module_utils.TIME_OUT_REMOTE_CODE == 15
        found.append(socket.create_connection(address))
    assert len(found) == 2
    for connection in found:
        connection.close()


# Standard input is the user's data


@pytest.mark.long
def test_lines_that_say_yes_are_data(canary: Path, tmp_path: Path, classifier: Path) -> None:
    """The way it was found: the answer to the prompt stands in the piped lines."""
    case = Case(
        "classify-text", "bert-topics", "config.json", "auto_map", NEAR, {"model_type": "evil"}
    )
    words = [sys.executable, "-m", "taskcli", "classify-text", "-", "--lines", "--offline", "-m"]
    refused, answered = (
        subprocess.run([*words, str(folder)], input=b"y\n" * 5, capture_output=True, timeout=120)
        for folder in (make(case, tmp_path / "model", canary), classifier)
    )
    assert (refused.returncode, refused.stdout, canary.exists()) == (3, b"", False)
    assert answered.returncode == 0
    assert len(parse(answered.stdout.decode())) == 5


READER = """
import os, sys
from taskcli.runtime.session import Session
from taskcli.cli.main import main

def reading(method):
    def call(self, *args):
        found = os.read(0, 9), sys.stdin.read(), os.environ["HF_HUB_OFFLINE"]
        with open("seen.txt", "a") as file:
            print(found, file=file)
        return method(self, *args)
    return call

Session.__init__ = reading(Session.__init__)
Session.forward = reading(Session.forward)
code = main(sys.argv[1:])
print("left", os.environ.get("HF_HUB_OFFLINE"), sys.stdin.fileno(), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.long
def test_libraries_find_no_standard_input_and_no_hub(classifier: Path) -> None:
    words = ["classify-text", "-", "--lines", "--quiet", "-m", str(classifier)]
    done = subprocess.run(
        [sys.executable, "-c", READER, *words],
        input=b"one\ntwo\n",
        capture_output=True,
        timeout=120,
        env={**os.environ, "HF_HUB_OFFLINE": "0"},
    )
    assert [record["input"] for record in parse(done.stdout.decode())] == ["-:1", "-:2"]
    found = Path("seen.txt").read_text().splitlines()
    assert set(found) == {"(b'', '', '1')"} and len(found) >= 2
    assert done.stderr.decode() == "left 0 0\n"


def test_a_pulled_repository_is_refused_too(run: Run, hub: Hub, canary: Path) -> None:
    folder = cached("bert-topics")
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    config = {**json.loads(files["config.json"]), "auto_map": NEAR}
    hub.add(
        "org/model", {**files, **hostile.code(canary), "config.json": json.dumps(config).encode()}
    )
    for words in (
        ["classify-text", "--text", "hello", "-m", "org/model"],
        ["models", "pull", "classify-text", "org/model"],
        ["models", "add", "classify-text", "mine", "org/model"],
    ):
        done = run(*words)
        assert done.exit_code == 3, words
        assert "org/model: config.json: auto_map" in done.stderr
    assert not hub.requests("safetensors")  # refused before its weights came
