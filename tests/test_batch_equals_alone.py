"""What shares a batch with an input does not change its answer."""

from dataclasses import fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from checkpoints import BY_TASK
from models import answers, load, pixels
from PIL import Image
from samples import (
    ARTICLE,
    LONG_TEXT,
    QUESTION,
    SHORT_TEXT,
    UNICODE_TEXT,
    long_sound,
    odd_images,
    one_window,
    photos,
    sounds,
    texts_of,
)

from taskcli.media.items import ImageInput, Media
from taskcli.results import Segment
from taskcli.tasks import BY_NAME, TASKS

CASES = [(task, name) for task, names in BY_TASK.items() for name in names]
TEXTS = [SHORT_TEXT, ARTICLE, "Yes.", UNICODE_TEXT, ARTICLE * 2, "The cat sat on the wall."]
SHORT_TEXTS = [text[:90] for text in TEXTS]  # a prompt must leave room
WINDOWED = ("classify-text", "ner", "qa")
OPTIONS = {task.name: {**task.samples.options} for task in TASKS} | {
    "asr": {"timestamps": "word"},
    "qa": {"question": [QUESTION, "Who?"]},
    "segment": {"threshold": 0.3},
    "detect": {"threshold": 0.3},
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[Media, list[Path]]:
    """Files of mixed sizes, one list per medium."""
    folder = tmp_path_factory.mktemp("inputs")
    pictures = chain(photos(folder).values(), odd_images(folder).values())
    long = [long_sound(folder / f"long{seconds}.wav", seconds) for seconds in (31, 37)]
    return {Media.IMAGE: list(pictures), Media.AUDIO: [*sounds(folder).values(), *long]}


def difference(one: Any, other: Any) -> float:
    """The largest difference between two numbers of two results; infinite if all else differs."""
    # The values of a large depth map may not yet be made.
    one, other = (value() if callable(value) else value for value in (one, other))
    if isinstance(one, Segment) and isinstance(other, Segment):
        same = one.label == other.label and _share_of_edge_pixels(one, other) < 0.001
        return difference(one.score, other.score) if same else np.inf
    if is_dataclass(one) and type(one) is type(other):
        pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
        return max((difference(*pair) for pair in pairs), default=0.0)
    if isinstance(one, list | tuple) and len(one) == len(other):
        return max(map(difference, one, other), default=0.0)
    if isinstance(one, np.ndarray):
        return float(np.abs(one - other).max()) if one.shape == other.shape else np.inf
    if isinstance(one, float):
        return abs(one - other)
    return 0.0 if one == other else np.inf


def _share_of_edge_pixels(one: Segment, other: Segment) -> float:
    """Pixels that only one mask has: rounding decides where a logit is just at the threshold."""
    return float((pixels(one.mask) != pixels(other.mask)).mean())


def ask(model: Any, task: str, inputs: dict[Media, list[Path]], batch_size: str) -> list[Any]:
    model.batch_size = batch_size
    if model.task.media is not Media.TEXT:
        with one_window():
            return answers(model, inputs[model.task.media])
    long = [LONG_TEXT] if task in WINDOWED else []
    usual = SHORT_TEXTS if task == "generate" else [*TEXTS, *long]
    with one_window():
        return answers(model, texts=texts_of(BY_NAME[task], usual))


@pytest.mark.parametrize(("task", "name"), CASES)
def test_batch_equals_alone(task: str, name: str, inputs: dict[Media, list[Path]]) -> None:
    model = load(task, name, **OPTIONS[task])
    alone = ask(model, task, inputs, "1")
    assert any(alone)
    for batch_size in ("auto", "4"):
        together = ask(model, task, inputs, batch_size)
        assert [difference(*pair) for pair in zip(alone, together, strict=True)] == pytest.approx(
            [0.0] * len(alone), abs=1e-4
        )


@pytest.mark.parametrize(
    ("task", "name", "shares"),
    [
        ("classify-image", "vit", True),
        ("classify-image", "convnext", True),
        ("segment", "segformer", True),
        ("depth", "dpt", True),
        ("detect", "detr", False),
        ("segment", "mask2former", False),
        ("depth", "depth-anything", False),
    ],
)
def test_pictures_share_a_batch_if_the_processor_makes_them_one_shape(
    task: str, name: str, shares: bool
) -> None:
    asked = load(task, name).session.task
    pictures = [
        ImageInput(Image.new("RGB", size), size) for size in ((96, 64), (192, 128), (64, 96))
    ]
    wide, wider, tall = (part for _, part in asked.encode(pictures))
    assert asked.batch_key(wide) == asked.batch_key(wider)
    assert (asked.batch_key(wide) == asked.batch_key(tall)) is shares
    shape = asked.preprocess([wide, tall] if shares else [wide, wider]).inputs["pixel_values"].shape
    assert shape[0] == 2


@pytest.mark.long
@pytest.mark.parametrize("name", ["gpt2", "llama-chat"])
def test_a_short_prompt_keeps_its_room_beside_a_long_one(name: str) -> None:
    """The context of 256 tokens leaves the long prompt fewer than 100 tokens, the short one all."""
    model = load("generate", name, max_new_tokens=100)
    texts = ["Once upon a time", (ARTICLE * 2)[:440]]
    model.batch_size = "1"
    alone = answers(model, texts=texts)
    model.batch_size = "4"
    assert answers(model, texts=texts) == alone
    assert [bool(record.warnings) for record in model(texts=texts)] == [False, True]


@pytest.mark.long
def test_a_tokenizer_is_used_by_all_threads_at_once() -> None:
    """Lines of many lengths, some in parts: encoded, generated and decoded side by side."""
    texts = [ARTICLE * (number % 3 + 1) for number in range(12)]
    model = load("summarize", "bart", batch_size="2", num_beams=1, max_length=6, min_length=2)
    first = answers(model, texts=texts)
    assert all(answers(model, texts=texts) == first for _ in range(3))
    rust = model.session.task._rewriter.tokenizer.backend_tokenizer
    assert (rust.truncation, rust.padding) == (None, None)  # what others would have to wait for


# Padding reaches what the convolutions of these hear, and no mask helps.


@pytest.mark.parametrize(
    ("config", "model"),
    [
        (hf.Data2VecAudioConfig, hf.Data2VecAudioForSequenceClassification),
        (hf.Wav2Vec2ConformerConfig, hf.Wav2Vec2ConformerForSequenceClassification),
        (hf.HubertConfig, hf.HubertForSequenceClassification),  # a group norm, which is patched
    ],
    ids=lambda one: one.__name__,
)
def test_other_listeners_too(
    config: Any, model: Any, inputs: dict[Media, list[Path]], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    convolutions = {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16}
    groups = {"num_conv_pos_embedding_groups": 4, "intermediate_size": 32, "num_labels": 4}
    model(config(**sizes, **convolutions, **groups)).save_pretrained(tmp_path)
    hf.Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(tmp_path)
    listener = load("classify-audio", tmp_path, batch_size="1")
    files = inputs[Media.AUDIO][:5]
    alone = answers(listener, files)
    listener.batch_size = "5"
    assert max(map(difference, alone, answers(listener, files))) < 1e-4
