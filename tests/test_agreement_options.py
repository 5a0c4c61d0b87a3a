"""Every option that taskcli shares with the pipelines changes the answer as it does there."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers as hf
from checkpoints import BY_TASK
from models import answers, load
from PIL import Image
from pipelines import (
    check_boxes,
    check_chunks,
    check_entities,
    check_segments,
    ours,
    pairs,
    pipeline,
    spoken,
)
from samples import (
    ARTICLE,
    LONG_TEXT,
    QUESTION,
    SHORT_TEXT,
    UNICODE_TEXT,
    long_sound,
    noise,
    scene,
    tone,
)

from taskcli.tasks.seeded import seed_of, seeded

parity = pytest.mark.parity
FUNCTIONS = ("softmax", "sigmoid", "none")
TEXTS = (SHORT_TEXT, ARTICLE[:150], UNICODE_TEXT)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    samples = np.concatenate([noise(0.4, seed=3), tone(0.9, pitch=300)])
    file = tmp_path_factory.mktemp("sound") / "sound.wav"
    soundfile.write(file, samples, 16_000, subtype="FLOAT")
    return file, samples


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Of three windows."""
    file = long_sound(tmp_path_factory.mktemp("long") / "long.wav", 58)
    return file, soundfile.read(file, dtype="float32")[0]


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Image.Image]:
    image = scene(110, 76, seed=2)
    file = tmp_path_factory.mktemp("picture") / "picture.png"
    image.save(file)
    return file, image


# Labels

CLASSIFIERS = [
    (task, name)
    for task in ("classify-audio", "classify-image", "classify-text")
    for name in BY_TASK[task]
]


def classified(task: str, name: str, given: Any, **options: Any) -> Any:
    named = {"classify-audio": "audio", "classify-image": "image", "classify-text": "text"}[task]
    return pipeline(f"{named}-classification", name)(given, **options)


@parity
@pytest.mark.parametrize(("task", "name"), CLASSIFIERS)
def test_top_k_and_the_function_of_scores(
    task: str, name: str, sound: tuple[Path, np.ndarray], picture: tuple[Path, Image.Image]
) -> None:
    file, given = {"classify-audio": sound, "classify-image": picture}.get(task, (None, SHORT_TEXT))
    inputs = {"inputs": [file]} if file else {"texts": [SHORT_TEXT]}
    for function, top_k in product(FUNCTIONS, (1, 3, 20)):
        expected = classified(task, name, given, top_k=top_k, function_to_apply=function)
        [found] = answers(load(task, name, function=function, top_k=top_k), **inputs)
        assert ours(found) == pairs(expected)


@parity
@pytest.mark.parametrize("name", BY_TASK["classify-text"])
def test_pairs(name: str) -> None:
    classifier = pipeline("text-classification", name)
    for text, pair in product(TEXTS, (QUESTION, "Oui. 東京")):
        expected = classifier({"text": text, "text_pair": pair}, top_k=5)
        [found] = answers(load("classify-text", name, pair=pair), texts=[text])
        assert ours(found) == pairs(expected)


@parity
@pytest.mark.parametrize("name", BY_TASK["classify-text"])
def test_long_texts_are_cut_alike_where_they_are_to_be_cut(name: str) -> None:
    """What the pipeline's tokenizer is told; beyond the model's length it fails otherwise."""
    expected = pipeline("text-classification", name)(LONG_TEXT, top_k=5, truncation=True)
    [found] = answers(load("classify-text", name, truncate=True), texts=[LONG_TEXT])
    assert ours(found) == pairs(expected)


# Speech


@parity
@pytest.mark.parametrize("name", ["wav2vec2-ctc", "wav2vec2-layer-ctc"])
@pytest.mark.parametrize("timestamps", ["none", "word", "char"])
def test_ctc_windows_are_those_of_the_pipeline(
    name: str, timestamps: str, long: tuple[Path, np.ndarray]
) -> None:
    file, samples = long
    asked = {"return_timestamps": timestamps} if timestamps != "none" else {}
    expected = pipeline("automatic-speech-recognition", name)(
        {"raw": samples, "sampling_rate": 16_000}, chunk_length_s=20, stride_length_s=3, **asked
    )
    [found] = answers(load("asr", name, timestamps=timestamps), [file])
    assert found.text == expected["text"].strip()
    check_chunks(found, expected, len(samples) / 16_000)


@parity
@pytest.mark.parametrize(("language", "translate"), [("fr", False), ("de", True), (None, True)])
def test_whisper_is_told_a_language_and_a_task(
    language: str | None, translate: bool, sound: tuple[Path, np.ndarray]
) -> None:
    file, samples = sound
    task = "translate" if translate else "transcribe"
    for timestamps, asked in (("none", None), ("segment", True), ("word", "word")):
        expected = spoken("whisper", samples, asked, task=task, language=language)
        model = load(
            "asr", "whisper", timestamps=timestamps, language=language, translate=translate
        )
        [found] = answers(model, [file])
        assert found.text == expected["text"].strip()
        check_chunks(found, expected, len(samples) / 16_000)


@parity
@pytest.mark.parametrize(("timestamps", "asked"), [("segment", True), ("word", "word")])
def test_whisper_beyond_30_seconds(
    timestamps: str, asked: Any, long: tuple[Path, np.ndarray]
) -> None:
    file, samples = long
    expected = spoken("whisper", samples, asked)
    [found] = answers(load("asr", "whisper", timestamps=timestamps), [file])
    assert found.text == expected["text"].strip()
    check_chunks(found, expected, len(samples) / 16_000)


# Pictures


@parity
@pytest.mark.parametrize("name", BY_TASK["detect"])
@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.95])
def test_detection_threshold(
    name: str, threshold: float, picture: tuple[Path, Image.Image]
) -> None:
    file, image = picture
    expected = pipeline("object-detection", name)(image, threshold=threshold)
    [found] = answers(load("detect", name, threshold=threshold), [file])
    check_boxes(found, expected, image)


THRESHOLDS = [
    {"threshold": 0.1, "mask_threshold": 0.3, "overlap": 0.2},
    {"threshold": 0.5, "mask_threshold": 0.7, "overlap": 0.5},
    {"threshold": 0.3, "mask_threshold": 0.5, "overlap": 0.95},
]


@parity
@pytest.mark.parametrize("name", ["mask2former", "maskformer", "detr-panoptic"])
@pytest.mark.parametrize("subtask", ["auto", "panoptic", "instance"])
@pytest.mark.parametrize("asked", THRESHOLDS, ids=str)
def test_segmentation_thresholds(
    name: str, subtask: Any, asked: dict[str, float], picture: tuple[Path, Image.Image]
) -> None:
    file, image = picture
    overlap = asked["overlap"]
    thresholds = {key: asked[key] for key in ("threshold", "mask_threshold")}
    expected = pipeline("image-segmentation", name)(
        image,
        **thresholds,
        overlap_mask_area_threshold=overlap,
        subtask=None if subtask == "auto" else subtask,
    )
    model = load("segment", name, subtask=subtask, overlap_threshold=overlap, **thresholds)
    [found] = answers(model, [file])
    check_segments(found, expected)


# Entities

WORDY = ("first", "average", "max")


def plain_words(task: Any) -> str:
    """A text of words that begin with a token which holds a letter.

    Where a space is a token of its own, the pipeline takes it for a word; ours goes by the
    tokenizer, to which it belongs to the word behind it.
    """
    words = dict.fromkeys((ARTICLE + SHORT_TEXT).split())
    return " ".join(word for word in words if len(task.processor.tokenize(word)[0]) > 1)


@pytest.mark.parametrize(
    ("name", "strategy"),
    [(name, kind) for name in ("roberta-ner", "xlm-roberta-ner") for kind in WORDY],
)
def test_words_between_spaces_are_words_to_all(name: str, strategy: Any) -> None:
    """Without punctuation, which is no part of ours, they are those that the pipeline guesses."""
    model = load("ner", name, aggregation=strategy)
    words = plain_words(model.session.task).split()
    text = " ".join(word for word in words if word.isalpha())
    [found] = answers(model, texts=[text[:200]])
    assert found
    tagger = pipeline("token-classification", name, aggregation_strategy=strategy)
    check_entities(found, tagger(text[:200]), text[:200])


def test_a_full_stop_is_no_part_of_the_word_before_it() -> None:
    """The pipeline makes one word of "it." for byte-level tokenizers; ours keeps to the tokenizer.

    A word takes one tag, so there its full stop would stand in the entity.
    """
    task = load("ner", "roberta-ner").session.task
    encoding = task.processor(SHORT_TEXT).encodings[0]
    numbers = dict.fromkeys(word for word in encoding.word_ids if word is not None)
    words = [SHORT_TEXT[slice(*encoding.word_to_chars(number))].strip() for number in numbers]
    assert words[-2:] == ["it", "."]


# Generation

WRITING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"num_beams": 3}, {}),
    ({"repetition_penalty": 1.7}, {}),
    ({"num_beams": 4, "num_return_sequences": 3}, {}),
    ({"temperature": 0.8, "seed": 3}, {"do_sample": True}),
    ({"temperature": 1.3, "top_p": 0.8, "seed": 3}, {"do_sample": True}),
    ({"num_beams": 3, "temperature": 1.2, "seed": 4}, {"do_sample": True}),
    ({"top_k": 7, "seed": 5}, {"do_sample": True, "temperature": 1.0}),
    ({"top_k": 9, "num_return_sequences": 4, "seed": 5}, {"do_sample": True, "temperature": 1.0}),
]


@parity
@pytest.mark.parametrize(("asked", "more"), WRITING, ids=str)
def test_generation_options(asked: dict[str, Any], more: dict[str, Any]) -> None:
    prompt = "Once upon a time there was"
    generator = pipeline("text-generation", "gpt2")
    theirs = {"do_sample": False} | {k: v for k, v in asked.items() if k != "seed"} | more
    with seeded([seed_of(asked.get("seed", 0), "text:1")]):
        expected = generator(prompt, max_new_tokens=12, **theirs)
    [found] = answers(load("generate", "gpt2", max_new_tokens=12, **asked), texts=[prompt])
    several = found if isinstance(found, list) else [found]
    assert [one.generated_text for one in several] == [one["generated_text"] for one in expected]


@parity
@pytest.mark.parametrize(("asked", "more"), WRITING[1:5:3], ids=str)
def test_generation_options_of_a_chat(asked: dict[str, Any], more: dict[str, Any]) -> None:
    theirs = {"do_sample": False} | {k: v for k, v in asked.items() if k != "seed"} | more
    chat = [{"role": "user", "content": QUESTION}]
    with seeded([seed_of(asked.get("seed", 0), "text:1")]):
        [expected] = pipeline("text-generation", "llama-chat")(chat, max_new_tokens=12, **theirs)
    [found] = answers(load("generate", "llama-chat", max_new_tokens=12, **asked), texts=[QUESTION])
    assert found.generated_text == expected["generated_text"][-1]["content"].strip()


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    hf.logging.set_verbosity_error()
    torch.set_num_threads(1)
