"""A checkpoint with absurd or damaged files ends with exit code 3 and the reason, at once."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import cached
from conftest import Finished
from hostile import amend
from safetensors.torch import load_file, save_file
from samples import SHORT_TEXT, noise, scene

Run = Callable[..., Finished]
HUGE = 10**30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(cached("bert-topics"), tmp_path / "model")


def refused(run: Run, folder: Path, task: str = "classify-text", *words: object) -> str:
    """What the call says, which must be one message with exit code 3, and soon."""
    began = time.monotonic()
    done = run(task, *(words or ("--text", SHORT_TEXT)), "-m", folder)
    assert done.exit_code == 3, done.stderr
    assert time.monotonic() - began < 20
    assert done.stdout == ""
    error, *hint = done.stderr.splitlines()
    assert error.startswith(f"error: {folder}") and len(hint) <= 1
    assert not any(word in error for word in ("unexpected", "Traceback"))
    return error.removeprefix(f"error: {folder}")


# Documents that are none, or too much

DEEP = "[" * 100_000 + "]" * 100_000
NESTED = '{"a":' * 300 + "1" + "}" * 300


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a valid JSON file"),
        (b"\xff\xfe\x00", "not a valid JSON file"),
        (b"5", "config.json cannot be used"),
        (b"null", "config.json cannot be used"),
        (b'"bert"', "config.json cannot be used"),
        (b'[{"model_type": "bert"}]', "config.json cannot be used"),
        (DEEP.encode(), "config.json is nested too deeply"),
        (NESTED.encode(), "config.json is nested too deeply"),
        (b'{"model_type": "bert", "x": ' + b"9" * 10_000 + b"}", "Exceeds the limit"),
        (b'{"model_type": "bert"}' + b" " * 100_000_000, "config.json has 100,000,022 bytes"),
    ],
    ids="empty binary number null string list deep nested digits megabytes".split(),
)
def test_a_config_that_is_no_document_is_told(
    content: bytes, reason: str, run: Run, folder: Path
) -> None:
    (folder / "config.json").write_bytes(content)
    assert reason in refused(run, folder)


def test_of_two_keys_the_last_one_counts_for_us_and_for_the_library(run: Run, folder: Path) -> None:
    config = (folder / "config.json").read_text()
    twice = config.replace("{", '{"auto_map": {"AutoConfig": "evil.Evil"}, "auto_map": {}, ', 1)
    (folder / "config.json").write_text(twice)
    assert run("classify-text", "--text", SHORT_TEXT, "-m", folder).exit_code == 0
    swapped = config.replace("{", '{"auto_map": {}, "auto_map": {"AutoConfig": "evil.Evil"}, ', 1)
    (folder / "config.json").write_text(swapped)
    assert "config.json: auto_map" in refused(run, folder)


# Values that are of another kind, or absurd

VALUES: list[tuple[str, str, Any, str]] = [
    ("config.json", "architectures", 7, "architectures is no list of names"),
    ("config.json", "architectures", [[[]]], "architectures is no list of names"),
    ("config.json", "architectures", "BertModel", "architectures is no list of names"),
    ("config.json", "pad_token_id", HUGE, "pad_token_id is no number of a token"),
    ("config.json", "pad_token_id", float("nan"), "pad_token_id is no number of a token"),
    ("config.json", "eos_token_id", ["2"], "eos_token_id is no number of a token"),
    ("config.json", "num_hidden_layers", 10**9, "num_hidden_layers counts more than 10,000"),
    ("config.json", "n_layer", 10**9, "n_layer counts more than 10,000"),
    ("config.json", "hidden_dropout_prob", 1.5, "hidden_dropout_prob is no probability"),
    ("config.json", "dropout", -0.1, "dropout is no probability"),
    ("config.json", "resid_pdrop", float("nan"), "resid_pdrop is no probability"),
    ("config.json", "drop_rate", [0.0, 2], "drop_rate is no probability"),
    ("config.json", "num_local_experts", 10**9, "num_local_experts counts more than 10,000"),
    ("config.json", "depth", 10**9, "depth counts more than 10,000"),
    ("config.json", "num_hidden_layers", -5, "num_hidden_layers counts more than 10,000"),
    ("config.json", "num_hidden_layers", float("inf"), "num_hidden_layers counts more than"),
    ("config.json", "num_labels", 10**9, "num_labels is no count up to 1,000,000"),
    ("config.json", "hidden_size", "16", "hidden_size"),
    ("config.json", "hidden_size", [16], "hidden_size"),
    ("config.json", "hidden_size", 10**9, "config.json states other sizes than they have"),
    ("config.json", "intermediate_size", 10**9, "config.json states other sizes than they have"),
    ("config.json", "vocab_size", 10**9, "config.json states other sizes than they have"),
    ("config.json", "vocab_size", -1, "its weights cannot be loaded"),
    ("config.json", "hidden_size", HUGE, "its weights cannot be loaded"),
    ("config.json", "num_attention_heads", 0, "its weights cannot be loaded"),
    ("config.json", "id2label", 5, "config.json cannot be used"),
    ("config.json", "id2label", {"x": "y"}, "config.json cannot be used"),
    ("config.json", "model_type", ["bert"], "config.json cannot be used"),
    ("config.json", "dtype", "float1000", "cannot be used"),
    ("tokenizer_config.json", "model_max_length", "10", "model_max_length is no number of tokens"),
    ("tokenizer_config.json", "model_max_length", -1, "model_max_length is no number of tokens"),
    ("tokenizer_config.json", "unk_token", 5, "its AutoTokenizer cannot be loaded"),
    ("tokenizer_config.json", "added_tokens_decoder", {"x": 1}, "its AutoTokenizer cannot be"),
]


@pytest.mark.parametrize(
    ("file", "key", "value", "reason"),
    VALUES,
    ids=[f"{key}-{value!s:.12}" for _, key, value, _ in VALUES],
)
def test_a_value_that_cannot_be_is_told(
    file: str, key: str, value: Any, reason: str, run: Run, folder: Path
) -> None:
    document = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**document, key: value}))
    assert reason in refused(run, folder)


def test_a_label_may_have_the_name_of_a_key(run: Run, folder: Path) -> None:
    document = json.loads((folder / "config.json").read_text())
    labels = [*document["label2id"]]
    renamed = {**dict(enumerate(labels)), len(labels) - 1: "dropout"}
    document["id2label"] = {str(number): label for number, label in renamed.items()}
    document["label2id"] = {label: number for number, label in renamed.items()}
    assert document["label2id"]["dropout"] > 1
    (folder / "config.json").write_text(json.dumps(document))
    done = run("classify-text", "--text", SHORT_TEXT, "-m", folder)
    assert done.exit_code == 0, done.stderr


PROCESSORS: list[tuple[str, str, dict[str, Any], str]] = [
    ("classify-image", "vit", {"size": {"height": 10**6, "width": 10**6}}, "size.height is beyond"),
    ("asr", "wav2vec2-ctc", {"sampling_rate": 10**9}, "sampling_rate is no rate up to 768,000"),
    ("asr", "whisper", {"n_fft": 10**9}, "n_fft is beyond 20,000 bands"),
    ("asr", "whisper", {"feature_size": 10**9}, "feature_size is beyond 20,000 bands"),
    ("asr", "whisper", {"chunk_length": 10**9}, "chunk_length is beyond 3,600 s"),
    ("classify-audio", "ast", {"num_mel_bins": 10**9}, "num_mel_bins is beyond 20,000 bands"),
]


@pytest.mark.parametrize(
    ("task", "base", "values", "reason"),
    PROCESSORS,
    ids=[f"{base}-{next(iter(values))}" for _, base, values, _ in PROCESSORS],
)
def test_what_every_input_would_be_drawn_out_to_is_bounded(
    task: str, base: str, values: dict[str, Any], reason: str, run: Run, tmp_path: Path
) -> None:
    import soundfile

    folder = shutil.copytree(cached(base), tmp_path / "model")
    amend(folder / "preprocessor_config.json", values)
    scene(64, 48).save("picture.png")
    soundfile.write("sound.wav", noise(0.7), 16_000)
    given = "picture.png" if task == "classify-image" else "sound.wav"
    assert reason in refused(run, folder, task, given)


def test_whatever_a_library_raises_is_told_as_the_checkpoint_s(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beneath all checks: what nobody has thought of."""

    def broken(*_: object) -> None:
        raise RecursionError("maximum recursion depth exceeded\nand so on")

    monkeypatch.setattr("taskcli.runtime.adapted.make_exact", broken)
    said = refused(run, folder)
    assert said == " cannot be loaded: RecursionError: maximum recursion depth exceeded"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$"])
def test_a_pattern_that_never_ends_costs_its_input_alone(
    pattern: str, run: Run, tmp_path: Path
) -> None:
    """The tokenizer's engine gives up, by a panic that no `except Exception` catches."""
    folder = shutil.copytree(cached("llama-chat"), tmp_path / "model")
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    file = folder / "tokenizer.json"
    document = json.loads(file.read_text())
    document["pre_tokenizer"] = {**split, "invert": False}
    file.write_text(json.dumps(document))
    lines = f"One\n{'a' * 40}b\nTwo\n"
    words = ["generate", "-", "--lines", "--max-new-tokens", "2", "-m", folder]
    done = run(*words, stdin=lines)
    assert done.exit_code == 1
    assert ["error" in record for record in done.records] == [False, True, False]
    assert "retry-limit-in-match" in done.records[1]["error"]["message"]


def rewritten(folder: Path, part: str, rules: list[dict[str, Any]]) -> Path:
    """A chat model whose tokenizer rewrites every text."""
    shutil.copytree(cached("llama-chat"), folder)
    document = json.loads((folder / "tokenizer.json").read_text())
    names = {"normalizer": "normalizers", "decoder": "decoders"}
    kept = [document[part]] if document[part] else []
    document[part] = {"type": "Sequence", names[part]: [*kept, *rules]}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    return folder


def rule(pattern: dict[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": content}


@pytest.mark.parametrize("part", ["normalizer", "decoder"])
@pytest.mark.parametrize(
    "rules",
    [
        [rule({"String": "a"}, "aa")] * 40,
        [rule({"Regex": "."}, "aa")] * 40,
        [rule({"Regex": ""}, "a")] * 40,
        [rule({"String": "a"}, "a" * 1_000_000)],
    ],
    ids="string regex empty once".split(),
)
def test_rules_that_draw_every_text_out_are_refused(
    rules: list[dict[str, Any]], part: str, run: Run, tmp_path: Path
) -> None:
    folder = rewritten(tmp_path / "model", part, rules)
    said = refused(run, folder, "generate", "--text", "a")
    assert ": tokenizer.json: its Sequence rules draw a text out more than 1,000 times" in said


def test_rules_as_real_tokenizers_have_them_are_kept(run: Run, tmp_path: Path) -> None:
    quotes = [rule({"String": "``"}, '"'), rule({"String": " "}, "▁"), rule({"String": "…"}, "...")]
    spaces = [rule({"Regex": r" {2,}"}, " "), rule({"Regex": r"\s+"}, " ")] * 10
    folder = rewritten(tmp_path / "model", "normalizer", quotes + spaces)
    words = ("--text", "a  b", "--max-new-tokens", "2")
    assert run("generate", *words, "-m", folder).exit_code == 0


# Weights

KINDS = {
    "I8": torch.int8,
    "U8": torch.uint8,
    "I32": torch.int32,
    "I64": torch.int64,
    "BOOL": torch.bool,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["classifier.weight", "bert.encoder.layer.0.output.dense.bias"])
def test_integers_for_weights_are_refused_by_name(
    key: str, kind: str, run: Run, folder: Path
) -> None:
    file = folder / "model.safetensors"
    weights = load_file(file)
    weights[key] = (weights[key] * 50).to(KINDS[kind])
    save_file(weights, file, {"format": "pt"})
    said = refused(run, folder)
    assert f": the weight {key} is stored as {kind}" in said


def test_integers_in_a_pickle_are_refused_too(run: Run, folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    weights["classifier.weight"] = (weights["classifier.weight"] * 50).to(torch.int8)
    torch.save(weights, folder / "pytorch_model.bin")
    words = ("--text", SHORT_TEXT, "--allow-pickle")
    said = refused(run, folder, "classify-text", *words)
    assert ": the weight classifier.weight is stored as int8" in said


def test_integers_that_a_model_keeps_or_leaves_aside_are_no_weights(run: Run, folder: Path) -> None:
    file = folder / "model.safetensors"
    weights = load_file(file)
    expected = run("classify-text", "--text", SHORT_TEXT, "-m", folder)
    weights["bert.embeddings.position_ids"] = torch.arange(64)[None]  # as transformers 4 stored it
    weights["left.over"] = torch.arange(3)
    save_file(weights, file, {"format": "pt"})
    done = run("classify-text", "--text", SHORT_TEXT, "-m", folder)
    assert (done.exit_code, done.records) == (0, expected.records)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: (2**60).to_bytes(8, "little") + data[8:],
        lambda data: (2).to_bytes(8, "little") + b"[]" + data[10:],
        lambda data: data.replace(b'"data_offsets":[0,', b'"data_offsets":[9,', 1),
        lambda data: data.replace(b'"dtype":"F32"', b'"dtype":"F99"', 1),
        lambda data: data.replace(b'"shape":[', b'"shape":[-', 1),
        lambda data: data[: len(data) // 2],
        lambda data: data + b"more",
        lambda data: b"",
    ],
    ids="length list offsets dtype shape half longer empty".split(),
)
def test_weights_whose_header_lies_are_refused(
    damage: Callable[[bytes], bytes], run: Run, folder: Path
) -> None:
    file = folder / "model.safetensors"
    before = file.read_bytes()
    file.write_bytes(damage(before))
    assert file.read_bytes() != before
    assert "its weights cannot be loaded" in refused(run, folder)
