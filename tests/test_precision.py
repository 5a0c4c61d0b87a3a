"""bfloat16 where it may be, and checkpoints that must not be answered from at all."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import transformers as hf
from checkpoints import BY_TASK, cached
from models import NEEDED, answers, load
from samples import QUESTION, SHORT_TEXT, scene_and_noise, texts_of

from taskcli.errors import CheckpointError, UsageError
from taskcli.media.items import Media, TextInput
from taskcli.tasks import BY_NAME, TASKS

CASES = [(task, name) for task, names in BY_TASK.items() for name in names]
OPTIONS = {task.name: {**task.samples.options} for task in TASKS}
OPTIONS["segment"] = {"threshold": 0.3}  # what is fainter comes and goes with rounding


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Media, Path]:
    return scene_and_noise(tmp_path_factory.mktemp("files"))


def records(task: str, model: Any, files: dict[Media, Path]) -> list[Any]:
    media = BY_NAME[task].media
    if media is Media.TEXT:
        return list(model(texts=texts_of(BY_NAME[task], [SHORT_TEXT])[:1]))
    return list(model([files[media]]))


# bfloat16

HEADS = {
    "wav2vec2-keywords": ("projector", "classifier"),
    "wav2vec2-layer-keywords": ("projector", "classifier"),
    "ast": ("classifier.dense",),
    "wav2vec2-ctc": ("lm_head",),
    "wav2vec2-layer-ctc": ("lm_head",),
    "vit": ("classifier",),
    "convnext": ("classifier",),
    "detr": ("class_labels_classifier", "bbox_predictor.layers.0", "bbox_predictor.layers.2"),
    "yolos": ("class_labels_classifier.layers.2", "bbox_predictor.layers.2"),
    "mask2former": ("class_predictor",),
    "maskformer": ("class_predictor",),
    "segformer": ("decode_head.classifier",),
    "detr-panoptic": ("detr.class_labels_classifier",),
    "glpn": (),  # its head is arithmetic alone
    "dpt": ("head.head.0", "head.head.2", "head.head.4"),
    "depth-anything": ("head.conv1", "head.conv2", "head.conv3"),
    "distilbert-sentiment": ("pre_classifier", "classifier"),
    "roberta-sentiment": ("classifier.dense", "classifier.out_proj"),
    "bert-topics": ("classifier",),
    "bert-multilabel": ("classifier",),
    "bert-regression": ("classifier",),
    "bert-ner": ("classifier",),
    "distilbert-ner": ("classifier",),
    "roberta-ner": ("classifier",),
    "xlm-roberta-ner": ("classifier",),
    "bert-qa": ("qa_outputs",),
    "distilbert-qa": ("qa_outputs",),
    "roberta-qa": ("qa_outputs",),
    "gpt2-qa": ("qa_outputs",),
}


@pytest.mark.parametrize(("task", "name"), [case for case in CASES if case[1] in HEADS])
def test_heads_stay_float32(task: str, name: str, files: dict[Media, Path]) -> None:
    model = load(task, name, dtype="bfloat16", **OPTIONS[task]).session.task.model
    kinds = {parameter.dtype for parameter in model.parameters()}
    for path in HEADS[name]:
        assert model.get_submodule(path).weight.dtype == torch.float32
    assert torch.bfloat16 in kinds


def leading(result: Any) -> Any:
    """The first label, which must not change."""
    best = result[0] if isinstance(result, list) else result
    return getattr(best, "label", None)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_every_architecture_answers_in_bfloat16(
    task: str, name: str, files: dict[Media, Path]
) -> None:
    exact, near = (
        answers_of(task, load(task, name, dtype=dtype, **OPTIONS[task]), files)
        for dtype in ("float32", "bfloat16")
    )
    assert leading(near) == leading(exact)
    if task in ("classify-audio", "classify-image", "classify-text"):
        assert [one.score for one in near] == pytest.approx([one.score for one in exact], abs=0.05)
    if task == "detect":
        assert (len(near), pixels_apart(near[0].box, exact[0].box) <= 4) == (len(exact), True)
    if task == "depth":
        assert near.mean == pytest.approx(exact.mean, rel=0.05)
        assert near.values == pytest.approx(exact.values, abs=0.1 * exact.max)


@pytest.mark.parametrize("name", BY_TASK["segment"])
def test_semantic_segments_in_bfloat16(name: str, files: dict[Media, Path]) -> None:
    assert answers_of("segment", load("segment", name, dtype="bfloat16", subtask="semantic"), files)


def answers_of(task: str, model: Any, files: dict[Media, Path]) -> Any:
    [record] = records(task, model, files)
    assert record.error is None, record.error
    return record.result


def pixels_apart(one: Any, other: Any) -> int:
    sides = ("xmin", "ymin", "xmax", "ymax")
    return max(abs(getattr(one, side) - getattr(other, side)) for side in sides)


SMALL = {
    "d_model": 32,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "num_queries": 10,
    "num_labels": 5,
}
STAGES = {
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage2", "stage3", "stage4"],
}


def rt_detr_v2() -> Any:
    """Its decoder refines the boxes layer by layer, with the weights of its heads."""
    config = hf.RTDetrV2Config(
        backbone_config=hf.RTDetrResNetConfig(**STAGES),
        encoder_hidden_dim=32,
        encoder_in_channels=[16, 24, 32],
        decoder_in_channels=[32, 32, 32],
        **SMALL,
    )
    return hf.RTDetrV2ForObjectDetection(config)


def deformable_detr() -> Any:
    """Its heads stand in lists, which are never called themselves."""
    backbone = hf.ResNetConfig(**STAGES)
    return hf.DeformableDetrForObjectDetection(
        hf.DeformableDetrConfig(
            use_timm_backbone=False, backbone_config=backbone, encoder_layers=1, **SMALL
        )
    )


@pytest.mark.parametrize("make", [rt_detr_v2, deformable_detr])
def test_other_detectors_answer_in_bfloat16(
    make: Callable[[], Any], files: dict[Media, Path], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    make().save_pretrained(tmp_path)
    hf.RTDetrImageProcessorPil(size={"height": 128, "width": 128}).save_pretrained(tmp_path)
    exact, near = (
        answers_of("detect", load("detect", tmp_path, dtype=dtype, threshold=0.0), files)
        for dtype in ("float32", "bfloat16")
    )
    assert len(exact) == len(near) > 0
    assert [one.score for one in near] == pytest.approx([one.score for one in exact], abs=0.02)


def test_t5_is_refused_in_float16() -> None:
    with pytest.raises(UsageError, match="t5 overflows"):
        load("summarize", "t5", dtype="float16")


# Checkpoints that are not what they should be


def changed(name: str, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """A copy of a checkpoint with other weights."""
    copy = shutil.copytree(cached(name), folder / name)
    file = copy / "model.safetensors"
    weights = safetensors.torch.load_file(file)
    safetensors.torch.save_file(change(weights) or weights, file, metadata={"format": "pt"})
    return copy


def spoil(weights: dict[str, Any]) -> None:
    for weight in weights.values():
        if weight.is_floating_point():
            weight.fill_(torch.nan)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_weights_that_are_not_numbers_are_an_error(
    task: str, name: str, files: dict[Media, Path], tmp_path: Path
) -> None:
    options = {**OPTIONS[task], **NEEDED.get((task, name), {})}
    [record] = records(task, load(task, changed(name, tmp_path, spoil), **options), files)
    assert record.result is None
    assert "NaN" in record.error.message or "not numbers" in record.error.message


@pytest.mark.parametrize(
    ("task", "name", "holds"),
    [
        ("classify-text", "bert-ner", "BertForTokenClassification"),
        ("ner", "vit", "ViTForImageClassification"),
        ("detect", "segformer", "SegformerForSemanticSegmentation"),
        ("asr", "wav2vec2-keywords", "Wav2Vec2ForSequenceClassification"),
        ("generate", "bart", "BartForConditionalGeneration"),
        ("translate", "gpt2", "GPT2LMHeadModel"),
    ],
)
def test_a_checkpoint_of_another_task_is_refused_naming_both(
    task: str, name: str, holds: str
) -> None:
    with pytest.raises(CheckpointError, match=f"cannot serve {task}: it holds {holds}"):
        load(task, name)


@pytest.mark.parametrize(
    ("task", "name", "head"),
    [
        ("classify-text", "bert-topics", "classifier.weight"),
        ("classify-image", "vit", "classifier.bias"),
        ("qa", "bert-qa", "qa_outputs.weight"),
        ("detect", "detr", "bbox_predictor.layers.1.weight"),
        ("asr", "wav2vec2-ctc", "lm_head.weight"),
        ("ner", "bert-ner", "bert.encoder.layer.1.output.dense.weight"),
    ],
)
def test_a_checkpoint_without_all_its_weights_is_refused(
    task: str, name: str, head: str, tmp_path: Path
) -> None:
    folder = changed(name, tmp_path, lambda weights: weights.pop(head) is None)
    with pytest.raises(CheckpointError, match=rf"lacks 1 weights of this model, such as {head}"):
        load(task, folder, **OPTIONS[task])


def cut_weights(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def lying_header(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes((2**60).to_bytes(8, "little") + file.read_bytes()[8:])


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def without_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


@pytest.mark.parametrize("damage", [cut_weights, lying_header, broken_config, without_tokenizer])
def test_damaged_checkpoints_are_refused(damage: Callable[[Path], None], tmp_path: Path) -> None:
    folder = shutil.copytree(cached("bert-topics"), tmp_path / "damaged")
    damage(folder)
    with pytest.raises(CheckpointError, match="damaged"):  # its name
        load("classify-text", folder)


def amended(name: str, folder: Path, **values: Any) -> Path:
    """A copy of a checkpoint with another config."""
    copy = shutil.copytree(cached(name), folder / name)
    file = copy / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))
    return copy


def test_labels_may_be_unnamed_or_strange(tmp_path: Path) -> None:
    unnamed = amended(
        "bert-topics", tmp_path / "unnamed", id2label=None, label2id=None, num_labels=4
    )
    [found] = answers(load("classify-text", unnamed), texts=[SHORT_TEXT])
    assert {one.label for one in found} == {"LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"}
    strange = {"0": "\x1b[31mred", "1": "[bold]", "2": "", "3": "‮back"}
    odd = amended("bert-topics", tmp_path / "odd", id2label=strange, label2id={})
    [found] = answers(load("classify-text", odd), texts=[SHORT_TEXT])
    assert {one.label for one in found} == set(strange.values())


def test_gpt2_classifies_without_a_padding_token(tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = shutil.copytree(cached("gpt2"), tmp_path / "gpt2")
    config = hf.AutoConfig.from_pretrained(folder, num_labels=3)
    hf.GPT2ForSequenceClassification(config).save_pretrained(folder)
    assert hf.AutoTokenizer.from_pretrained(folder).pad_token is None
    texts = [SHORT_TEXT, "Yes.", QUESTION, "A cat <|endoftext|> and more."]
    model = load("classify-text", folder, batch_size="1")
    alone = answers(model, texts=texts)
    model.batch_size = "4"
    for one, other in zip(answers(model, texts=texts), alone, strict=True):
        assert [a.label for a in one] == [a.label for a in other]
        assert [a.score for a in one] == pytest.approx([a.score for a in other], abs=1e-4)


def test_control_tokens_in_a_text_are_text() -> None:
    text = "He wrote [SEP] and [CLS] on it. John Smith read [PAD] in Berlin."
    [found] = answers(load("ner", "bert-ner"), texts=[text])
    assert all(text[one.start : one.end] == one.word for one in found)
    task = load("ner", "bert-ner").session.task
    parts = [part for _, part in task.encode([TextInput(text)])]
    [ids] = task.preprocess(parts).inputs["input_ids"].tolist()
    special = set(task.processor.all_special_ids) - {task.processor.unk_token_id}
    assert [token for token in ids if token in special] == [ids[0], ids[-1]]
