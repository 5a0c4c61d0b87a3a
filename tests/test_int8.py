"""--dtype int8: where it is computed, what stays float32, and that answers hardly change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
import transformers as hf
from models import NEEDED, answers, load
from samples import ARTICLE, QUESTION, SHORT_TEXT, noise, scene_and_noise, texts_of
from torch import nn
from transformers.pytorch_utils import Conv1D

from taskcli.errors import UsageError
from taskcli.media.items import Media
from taskcli.runtime.int8 import Int8Linear
from taskcli.tasks import BY_NAME

Run = Callable[..., Any]
TEXTS = [SHORT_TEXT, "Yes.", QUESTION, ARTICLE]
# Of each kind of model one: encoders, decoders, convolutions before and after, tied weights.
MODELS = [
    ("classify-text", "bert-topics"),
    ("classify-text", "roberta-sentiment"),
    ("ner", "distilbert-ner"),
    ("qa", "gpt2-qa"),
    ("generate", "gpt2"),
    ("generate", "llama-chat"),
    ("summarize", "bart"),
    ("translate", "t5"),
    ("classify-image", "vit"),
    ("classify-image", "convnext"),
    ("detect", "detr"),
    ("segment", "mask2former"),
    ("depth", "dpt"),
    ("asr", "whisper"),
    ("asr", "wav2vec2-ctc"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Media, Path]:
    return scene_and_noise(tmp_path_factory.mktemp("files"))


def asked(task: str, name: str, files: dict[Media, Path], **options: Any) -> Any:
    kind = BY_NAME[task]
    given = {**kind.samples.options, **NEEDED.get((task, name), {}), **options}
    model = load(task, name, dtype="int8", **given)
    if kind.media is Media.TEXT:
        return answers(model, texts=texts_of(kind, [SHORT_TEXT])[:1])
    return answers(model, [files[kind.media]])


def inner(model: Any) -> nn.Module:
    found: nn.Module = model.session.task.model
    return found


@pytest.mark.long
@pytest.mark.parametrize(("task", "name"), MODELS)
def test_every_kind_of_model_answers_the_same_twice(
    task: str, name: str, files: dict[Media, Path]
) -> None:
    one, other = (asked(task, name, files) for _ in range(2))
    assert one == other
    assert len(one) == 1


@pytest.mark.parametrize(
    ("task", "name", "quantized", "float32"),
    [
        ("classify-text", "bert-topics", "bert.encoder.layer.0.output.dense", "classifier"),
        ("detect", "detr", "model.encoder.layers.0.self_attn.q_proj", "class_labels_classifier"),
        ("generate", "gpt2", "transformer.h.0.mlp.c_fc", "lm_head"),
        ("translate", "t5", "encoder.block.0.layer.0.SelfAttention.q", "lm_head"),
    ],
)
def test_layers_are_int8_and_heads_are_not(
    task: str, name: str, quantized: str, float32: str
) -> None:
    model = inner(load(task, name, dtype="int8"))
    assert isinstance(model.get_submodule(quantized), Int8Linear)
    assert model.get_submodule(float32).weight.dtype == torch.float32
    assert isinstance(model.get_submodule(float32), nn.Linear)
    assert {one.dtype for one in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("name", ["bert-topics", "distilbert-sentiment", "roberta-sentiment"])
def test_scores_stay_near(name: str) -> None:
    """Weights that were never trained spread rounding further than trained ones."""
    exact, near = (
        answers(load("classify-text", name, dtype=dtype), texts=TEXTS)
        for dtype in ("float32", "int8")
    )
    for one, other in zip(exact, near, strict=True):
        assert one[0].label == other[0].label
        scores = {label.label: label.score for label in other}
        assert scores == pytest.approx({label.label: label.score for label in one}, abs=0.1)


def test_company_in_a_batch_changes_no_answer() -> None:
    model = load("classify-text", "bert-topics", dtype="int8", batch_size="1")
    alone = answers(model, texts=TEXTS)
    model.batch_size = "4"
    for one, other in zip(answers(model, texts=TEXTS), alone, strict=True):
        assert [a.label for a in one] == [a.label for a in other]
        assert [a.score for a in one] == pytest.approx([a.score for a in other], abs=0.01)


@pytest.mark.parametrize("weights", [torch.ones, torch.randn])
@pytest.mark.parametrize("inputs", [torch.ones, torch.rand, torch.randn, torch.zeros])
def test_no_sum_overflows(weights: Callable[..., Any], inputs: Callable[..., Any]) -> None:
    """Products of the largest levels, 768 of them, with one input of another sign."""
    torch.manual_seed(0)
    layer = nn.Linear(768, 24)
    layer.weight.data = weights(24, 768)
    values = inputs(3, 5, 768)
    values[0, 0, 0] = -1
    with torch.inference_mode():
        exact = layer(values)
        near = Int8Linear(layer.weight, layer.bias)(values)
    assert near.shape == exact.shape
    assert float((near - exact).abs().max()) < 0.03 * float(exact.abs().max())


def test_what_is_no_number_stays_none() -> None:
    layer = Int8Linear(torch.ones(2, 4), None)
    assert layer(torch.tensor([[1.0, float("nan"), 0, 0]])).isnan().all()
    assert layer(torch.full((1, 4), 2.0)).tolist() == [[8.0, 8.0]]  # a row of one value


def test_a_layer_of_gpt2_is_read_the_other_way_round() -> None:
    torch.manual_seed(0)
    model = inner(load("generate", "gpt2"))
    layer = model.get_submodule("transformer.h.0.mlp.c_fc")
    assert isinstance(layer, Conv1D)
    replaced = inner(load("generate", "gpt2", dtype="int8"))
    values = torch.randn(2, layer.weight.shape[0])
    with torch.inference_mode():
        exact = layer(values)
        near = replaced.get_submodule("transformer.h.0.mlp.c_fc")(values)
    assert float((near - exact).abs().max()) < 0.03 * float(exact.abs().max())


def test_layers_whose_weights_are_read_by_others_stay_float32(tmp_path: Path) -> None:
    """WavLM hands the weights of its projections to a function of torch."""
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
    shapes = {"conv_dim": (8, 8), "conv_stride": (5, 2), "conv_kernel": (10, 3)}
    config = hf.WavLMConfig(**sizes, **shapes, num_hidden_layers=1, num_labels=3)
    hf.WavLMForSequenceClassification(config).save_pretrained(tmp_path)
    hf.Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(tmp_path)
    model = load("classify-audio", tmp_path, dtype="int8")
    soundfile.write(tmp_path / "noise.wav", noise(1.2), 16_000)
    assert answers(model, [tmp_path / "noise.wav"])
    layer = inner(model).get_submodule("wavlm.encoder.layers.0")
    assert isinstance(layer.attention.q_proj, nn.Linear)
    assert isinstance(layer.feed_forward.output_dense, Int8Linear)


def test_a_model_without_linear_layers_is_refused(tmp_path: Path) -> None:
    config = hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], num_labels=2)
    hf.ResNetForImageClassification(config).save_pretrained(tmp_path)
    hf.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    with pytest.raises(UsageError, match="--dtype int8: resnet has no linear layers for it"):
        load("classify-image", tmp_path, dtype="int8")


def test_the_command_names_it(run: Run, classifier: Path) -> None:
    words = ("classify-text", "--text", "Yes.", "-m", classifier, "--device", "cpu")
    told = run(*words, "--dtype", "int8", "--dry-run").stdout
    assert "dtype       int8 (asked for; heads and all but linear layers stay float32)" in told
    done = run(*words, "--dtype", "int8", "--format", "jsonl")
    assert done.exit_code == 0
    assert "cpu, int8" in done.stderr
    assert json.loads(done.stdout)["result"]


def test_doctor_lists_it(run: Run) -> None:
    [processor] = [
        one for one in json.loads(run("doctor", "--format", "json").stdout) if one["part"] == "cpu"
    ]
    assert processor["dtypes"][-1] == "int8"
