"""Checkpoints as they lie about: old names, old files, odd tokenizers, and heads of other tasks.

Each answers through the command line what its tidy twin answers, or is refused with the reason.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import soundfile
import torch
import transformers as hf
from checkpoints import OBJECTS, POSITIONS, WIDTH, _detr_config, _labels, _spread, cached
from conftest import Finished
from models import NEEDED, near
from samples import QUESTION, SHORT_TEXT, scene, tone

Run = Callable[..., Finished]
TEXTS = ("--text", SHORT_TEXT, "--text", "Yes.", "--text", QUESTION)


@pytest.fixture
def ask(run: Run, tmp_path: Path) -> Callable[..., Any]:
    """`ask("detect", folder)`: the results for the same input of the task's kind."""
    picture, sound = tmp_path / "picture.png", tmp_path / "sound.wav"
    scene(96, 72, seed=1).save(picture)
    soundfile.write(sound, tone(0.8), 16_000)
    inputs = {"detect": [picture], "classify-image": [picture], "asr": [sound]}

    def call(task: str, folder: Path, *words: object) -> Any:
        given = inputs.get(task, TEXTS)
        done = run(task, *given, "-m", folder, "--dtype", "float32", "--device", "cpu", *words)
        assert done.exit_code == 0, done.stderr
        return [record["result"] for record in done.records]

    return call


def refusal(run: Run, task: str, folder: Path, *words: object) -> str:
    done = run(task, *TEXTS, "-m", folder, *words)
    assert done.exit_code == 3, done.stderr
    return done.stderr


def copy_of(name: str, folder: Path) -> Path:
    return shutil.copytree(cached(name), folder / name)


def amend(file: Path, **values: Any) -> None:
    """Change keys of a JSON file; None takes them out."""
    changed = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: one for key, one in changed.items() if one is not None}))


# Weights


def sharded(folder: Path) -> Any:
    model = hf.AutoModelForSequenceClassification.from_pretrained(folder)
    model.save_pretrained(folder, max_shard_size="20KB")
    (folder / "model.safetensors").unlink(missing_ok=True)
    assert len(list(folder.glob("model-*.safetensors"))) > 1


def with_names(folder: Path, *names: tuple[str, str]) -> None:
    """Weights under other names."""
    file = folder / "model.safetensors"
    weights = safetensors.torch.load_file(file)
    for new, old in names:
        assert any(new in key for key in weights)
        weights = {key.replace(new, old): value for key, value in weights.items()}
    safetensors.torch.save_file(weights, file, {"format": "pt"})


def as_of_tensorflow(folder: Path) -> None:
    """bert-base-uncased still has these names, and positions that are no weights any more."""
    with_names(
        folder, ("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")
    )
    file = folder / "model.safetensors"
    weights = safetensors.torch.load_file(file)
    weights["bert.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    safetensors.torch.save_file(weights, file, {"format": "pt"})


def without_architectures(folder: Path) -> None:
    amend(folder / "config.json", architectures=None)


@pytest.mark.parametrize("age", [sharded, as_of_tensorflow, without_architectures])
def test_old_weights(age: Callable[[Path], None], ask: Any, tmp_path: Path) -> None:
    folder = copy_of("bert-topics", tmp_path)
    age(folder)
    assert ask("classify-text", folder) == near(ask("classify-text", cached("bert-topics")))


def test_old_names_of_a_weight_norm(ask: Any, tmp_path: Path) -> None:
    """As facebook/wav2vec2-base-960h."""
    folder = copy_of("wav2vec2-ctc", tmp_path)
    old = "parametrizations.weight.original"
    with_names(folder, (f"{old}0", "weight_g"), (f"{old}1", "weight_v"))
    assert ask("asr", folder) == ask("asr", cached("wav2vec2-ctc"))


def pickled(folder: Path, zipped: bool = True) -> None:
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    (folder / "model.safetensors").unlink()


def pickled_before_2020(folder: Path) -> None:
    pickled(folder, zipped=False)


def pickled_in_parts(folder: Path) -> None:
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    files = [f"pytorch_model-0000{part}-of-00002.bin" for part in (1, 2)]
    place = {name: files[number % 2] for number, name in enumerate(weights)}
    for file in files:
        torch.save({name: weights[name] for name in weights if place[name] == file}, folder / file)
    index = {"metadata": {"total_size": 1}, "weight_map": place}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize("kind", [pickled, pickled_before_2020, pickled_in_parts])
def test_pickles(kind: Callable[[Path], None], run: Run, ask: Any, tmp_path: Path) -> None:
    folder = copy_of("bert-topics", tmp_path)
    kind(folder)
    said = refusal(run, "classify-text", folder)
    assert "pickled weights only, which can run code" in said
    assert "--allow-pickle" in said
    found = ask("classify-text", folder, "--allow-pickle")
    assert found == near(ask("classify-text", cached("bert-topics")))


# Configs


def test_labels_without_names(ask: Any, tmp_path: Path) -> None:
    folder = copy_of("bert-topics", tmp_path)
    amend(folder / "config.json", id2label=None, label2id=None, num_labels=4)
    named = json.loads((cached("bert-topics") / "config.json").read_text())["label2id"]
    for found, tidy in zip(
        ask("classify-text", folder), ask("classify-text", cached("bert-topics")), strict=True
    ):
        expected = [(f"LABEL_{named[one['label']]}", one["score"]) for one in tidy]
        assert [(one["label"], one["score"]) for one in found] == expected


def test_no_padding_token(ask: Any, tmp_path: Path) -> None:
    folder = copy_of("gpt2", tmp_path)
    config = hf.AutoConfig.from_pretrained(folder, num_labels=3)
    torch.manual_seed(0)
    model = hf.GPT2ForSequenceClassification(config)
    _spread(model)
    model.save_pretrained(folder)
    alone = ask("classify-text", folder, "--batch-size", 1)
    for one, other in zip(ask("classify-text", folder, "--batch-size", 3), alone, strict=True):
        scores = {label["label"]: label["score"] for label in other}
        assert {label["label"]: label["score"] for label in one} == pytest.approx(scores, abs=1e-4)


def test_a_head_for_another_task_is_refused_with_both_names(run: Run, tmp_path: Path) -> None:
    folder = copy_of("bert-topics", tmp_path)
    config = hf.AutoConfig.from_pretrained(folder)
    hf.BertForMaskedLM(config).save_pretrained(folder)
    said = refusal(run, "classify-text", folder)
    assert "it holds BertForMaskedLM, and classify-text needs" in said
    amend(folder / "config.json", architectures=None)
    said = refusal(run, "classify-text", folder)
    assert "lacks 4 weights of this model, such as" in said  # of the head, and of the pooler


# Backbones out of timm

OF_TIMM = [
    ("embedder.embedder.convolution", "conv1"),
    ("embedder.embedder.normalization", "bn1"),
    *((f"encoder.stages.{stage}.layers", f"layer{stage + 1}") for stage in range(4)),
    ("shortcut.convolution", "downsample.0"),
    ("shortcut.normalization", "downsample.1"),
    *((f".layer.{layer}.convolution", f".conv{layer + 1}") for layer in range(2)),
    *((f".layer.{layer}.normalization", f".bn{layer + 1}") for layer in range(2)),
]


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """DETR with a ResNet 18 in transformers' names, and the same in timm's, with an old config."""
    home = tmp_path_factory.mktemp("detectors")
    config = _detr_config(OBJECTS, 6)
    config.backbone_config = hf.ResNetConfig(
        hidden_sizes=[64, 128, 256, 512],
        depths=[2, 2, 2, 2],
        layer_type="basic",
        out_indices=[1, 2, 3, 4],
    )
    torch.manual_seed(2)
    model = hf.DetrForObjectDetection(config)
    _spread(model.model.encoder)
    model.save_pretrained(home / "own")
    hf.DetrImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(
        home / "own"
    )
    shutil.copytree(home / "own", home / "timm")
    with_names(home / "timm", *OF_TIMM)
    amend(
        home / "timm" / "config.json",
        backbone_config=None,
        backbone="resnet18",
        use_timm_backbone=True,
        use_pretrained_backbone=True,
    )
    return home / "own", home / "timm"


def test_a_timm_backbone_needs_no_timm(detectors: tuple[Path, Path], ask: Any) -> None:
    own, timm = (ask("detect", folder, "--threshold", 0.0) for folder in detectors)
    assert own[0]
    assert timm == own


@pytest.mark.parametrize(
    "change", [{"backbone": "tf_efficientnet_b0"}, {"dilation": True}], ids=str
)
def test_another_timm_backbone_says_what_it_needs(
    change: dict[str, Any], detectors: tuple[Path, Path], run: Run, tmp_path: Path
) -> None:
    folder = shutil.copytree(detectors[1], tmp_path / "other")
    amend(folder / "config.json", **change)
    scene(64, 64).save(tmp_path / "a.png")
    done = run("detect", tmp_path / "a.png", "-m", folder)
    assert done.exit_code == 3
    assert "pip install timm" in done.stderr


# Tokenizers


def spelled_out(name: str, folder: Path) -> Path:
    """The tokenizer in the files of old: vocab.txt, or vocab.json and merges.txt."""
    copy = copy_of(name, folder)
    model = json.loads((copy / "tokenizer.json").read_text())["model"]
    if model["type"] == "WordPiece":
        ordered = sorted(model["vocab"], key=model["vocab"].get)
        (copy / "vocab.txt").write_text("\n".join(ordered) + "\n")
    else:
        (copy / "vocab.json").write_text(json.dumps(model["vocab"]))
        merges = "\n".join(" ".join(pair) for pair in model["merges"])
        (copy / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    (copy / "tokenizer.json").unlink()
    amend(copy / "tokenizer_config.json", backend=None)
    return copy


@pytest.mark.parametrize(
    ("task", "name"),
    [("classify-text", "bert-topics"), ("ner", "roberta-ner"), ("generate", "gpt2")],
)
def test_old_files_of_tokenizers(task: str, name: str, ask: Any, tmp_path: Path) -> None:
    words = ("--max-new-tokens", 6) if task == "generate" else ()
    found = ask(task, spelled_out(name, tmp_path), *words)
    assert found == ask(task, cached(name), *words)


@pytest.mark.parametrize("name", ["mbart50", "m2m100", "marian"])
def test_tokenizers_of_sentencepiece_files_alone(name: str, ask: Any) -> None:
    assert not (cached(name) / "tokenizer.json").exists()
    pair = NEEDED.get(("translate", name), {"source_language": "en", "target_language": "de"})
    words = ["--from", pair["source_language"], "--to", pair["target_language"]]
    assert all(one["translation_text"] for one in ask("translate", cached(name), *words))


def reader_of_bytes(auto: Any, folder: Path) -> Path:
    """T5 with ByT5's tokenizer, which is Python alone."""
    config = hf.T5Config(
        vocab_size=384,
        d_model=WIDTH,
        d_kv=8,
        d_ff=WIDTH,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
        **_labels(("A", "B")),
    )
    torch.manual_seed(1)
    auto.from_config(config).save_pretrained(folder)
    hf.ByT5Tokenizer(model_max_length=POSITIONS).save_pretrained(folder)
    return folder


def test_a_tokenizer_without_a_fast_version(run: Run, ask: Any, tmp_path: Path) -> None:
    reader = reader_of_bytes(hf.AutoModelForSequenceClassification, tmp_path / "reader")
    assert {one["label"] for one in ask("classify-text", reader)[0]} == {"A", "B"}
    for task, auto in (
        ("ner", hf.AutoModelForTokenClassification),
        ("qa", hf.AutoModelForQuestionAnswering),
    ):
        words = ("-q", QUESTION) if task == "qa" else ()
        said = refusal(run, task, reader_of_bytes(auto, tmp_path / task), *words)
        assert "tells no places in the text" in said


# Processors


def in_processor_config(folder: Path) -> None:
    """Where processors of several parts keep them."""
    file = folder / "preprocessor_config.json"
    settings = json.loads(file.read_text())
    part = "image_processor" if "image_processor_type" in settings else "feature_extractor"
    (folder / "processor_config.json").write_text(json.dumps({part: settings}))
    file.unlink()


def as_a_feature_extractor(folder: Path) -> None:
    """What image processors were called, with sizes that were numbers."""
    file = folder / "preprocessor_config.json"
    settings = json.loads(file.read_text())
    kind = settings["image_processor_type"].removesuffix("Fast").removesuffix("Pil")
    size = settings["size"]
    sides = {"size": size.get("height") or size.get("shortest_edge")}
    if "longest_edge" in size:
        sides["max_size"] = size["longest_edge"]
    old = kind.replace("ImageProcessor", "FeatureExtractor")
    amend(file, image_processor_type=None, feature_extractor_type=old, **sides)


@pytest.mark.parametrize(
    ("task", "name", "age"),
    [
        ("classify-image", "vit", in_processor_config),
        ("detect", "detr", in_processor_config),
        ("asr", "wav2vec2-ctc", in_processor_config),
        ("asr", "whisper", in_processor_config),
        ("classify-image", "vit", as_a_feature_extractor),
        ("detect", "detr", as_a_feature_extractor),
    ],
)
def test_processors_under_either_name(
    task: str, name: str, age: Callable[[Path], None], ask: Any, tmp_path: Path
) -> None:
    folder = copy_of(name, tmp_path)
    age(folder)
    assert ask(task, folder) == ask(task, cached(name))
