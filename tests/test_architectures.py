"""Architectures that are asked otherwise than most answer as their own processors and models do."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from models import answers
from parity.checkpoint import make
from parity.walk import keep, known
from PIL import Image
from samples import SHORT_TEXT, UNICODE_TEXT, scene, tone

import taskcli
from taskcli.errors import CheckpointError, UsageError
from taskcli.tasks import BY_NAME
from taskcli.tasks.char_tokens import CharEncoding, are_tokens_of
from taskcli.tasks.detect import _upright


def load(task: str, model_type: str, folder: Path, **options: Any) -> Any:
    make(BY_NAME[task], model_type, folder)
    return taskcli.load(task, str(folder), device="cpu", dtype="float32", **options)


@pytest.fixture
def picture(tmp_path: Path) -> tuple[Path, Image.Image]:
    image = scene(96, 64, seed=1)
    image.save(tmp_path / "picture.png")
    return tmp_path / "picture.png", image


@pytest.fixture
def sound(tmp_path: Path) -> tuple[Path, Any]:
    import soundfile

    samples = tone(0.8)
    soundfile.write(tmp_path / "sound.wav", samples, 16_000, subtype="FLOAT")
    return tmp_path / "sound.wav", samples


# Pictures


def test_oneformer_is_told_what_to_divide_into(
    picture: tuple[Path, Image.Image], tmp_path: Path
) -> None:
    file, image = picture
    model = load("segment", "oneformer", tmp_path / "model", subtask="semantic")
    [found] = answers(model, [file])
    inside = model.session.task
    images = hf.AutoImageProcessor.from_pretrained(
        tmp_path / "model", backend="pil", repo_path=str(tmp_path / "model")
    )
    processor = hf.OneFormerProcessor(images, inside.processor.tokenizer)
    inputs = processor([image], ["semantic"], return_tensors="pt")
    with torch.inference_mode():
        told = inside.model(pixel_values=inputs["pixel_values"], task_inputs=inputs["task_inputs"])
    [expected] = inside.processor.post_process_semantic_segmentation(told, target_sizes=[(64, 96)])
    areas = [int((expected == label).sum()) for label in expected.unique()]
    assert [one.area for one in found] == areas


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
def test_oneformer_names_the_library_that_its_masks_need(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="panoptic masks need torchvision"):
        load("segment", "oneformer", tmp_path / "model")


def test_eomt_divides_by_each_of_its_ways(
    picture: tuple[Path, Image.Image], tmp_path: Path
) -> None:
    """Its instances have no masks that overlap, and its processor takes no threshold for them."""
    for subtask in ("panoptic", "instance", "semantic"):
        model = load("segment", "eomt", tmp_path / subtask, subtask=subtask, threshold=0.0)
        [found] = answers(model, [picture[0]])
        assert all(one.mask.size == (64, 96) for one in found)


def test_corners_of_lines_that_lean_become_boxes() -> None:
    leaning = torch.tensor([[[3, 1], [9, 2], [8, 6], [2, 5]]])
    assert _upright(leaning).tolist() == [[2, 1, 9, 6]]
    assert _upright(torch.tensor([[1, 2, 3, 4]])).tolist() == [[1, 2, 3, 4]]


# Sounds


@pytest.mark.long
def test_a_model_that_is_asked_in_words_answers_its_processors_request(
    sound: tuple[Path, Any], tmp_path: Path
) -> None:
    file, samples = sound
    model = load("asr", "qwen3_asr", tmp_path / "model")
    [heard] = answers(model, [file])
    inside = model.session.task
    request = inside.processor.apply_transcription_request([samples], return_tensors="pt")
    with torch.inference_mode():
        ids = inside.model.generate(**request)[0, request["input_ids"].shape[1] :]
    written = inside.processor.decode(ids, return_format="transcription_only")
    assert heard.text == written.strip()


def test_a_model_that_is_asked_in_words_is_told_the_language(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    recognizer = load("asr", "qwen3_asr", folder, language="english").session.task._recognizer
    assert recognizer._language(recognizer.processor.apply_transcription_request) == {
        "language": "english"
    }
    with pytest.raises(UsageError, match="does not know it"):
        taskcli.load("asr", str(folder), device="cpu", language="klingon")


# Texts


def test_xmod_without_a_language_reads_english(tmp_path: Path) -> None:
    model = load("classify-text", "xmod", tmp_path / "model")
    [found] = answers(model, texts=[SHORT_TEXT])
    config = hf.AutoConfig.from_pretrained(tmp_path / "model")
    assert config.default_language is None
    config.default_language = "en_XX"
    config.save_pretrained(tmp_path / "model")
    stated = taskcli.load("classify-text", str(tmp_path / "model"), device="cpu", dtype="float32")
    assert answers(stated, texts=[SHORT_TEXT]) == [found]


def test_a_model_of_pages_reads_a_text_without_one(tmp_path: Path) -> None:
    model = load("classify-text", "layoutlmv3", tmp_path / "model", top_k=5)
    [found] = answers(model, texts=[SHORT_TEXT])
    inside = model.session.task
    ids = inside.processor(SHORT_TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        scores = inside.model(input_ids=ids).logits.softmax(-1)[0].sort(descending=True).values
    assert [one.score for one in found] == pytest.approx(scores.tolist(), abs=1e-5)


@pytest.mark.long
def test_tokens_that_are_letters_have_places(tmp_path: Path) -> None:
    model = load("ner", "canine", tmp_path / "model", aggregation="none")
    [found] = answers(model, texts=[UNICODE_TEXT])
    assert found
    assert all(one.word == UNICODE_TEXT[one.start : one.end] for one in found)
    assert all(one.end - one.start <= 1 for one in found)


def test_letters_of_a_pair_know_their_text_and_word() -> None:
    told = CharEncoding([1, 0, 0, 1, 0, 0, 0, 0, 1], ["Hi", "a bc"])
    assert told.sequence_ids == [None, 0, 0, None, 1, 1, 1, 1, None]
    assert told.word_ids == [None, 0, 0, None, 0, None, 1, 1, None]
    assert told.token_to_chars(6) == (2, 3)
    assert told.word_to_chars(1, 1) == (2, 4)
    assert not are_tokens_of(hf.ByT5Tokenizer())


def test_the_half_that_writes_is_loaded_from_a_model_that_also_sees(tmp_path: Path) -> None:
    model = load("generate", "qwen3_5", tmp_path / "model", max_new_tokens=3)
    config = hf.AutoConfig.from_pretrained(tmp_path / "model")
    assert config.architectures == ["Qwen3_5ForConditionalGeneration"]
    assert model.session.model_type == "qwen3_5"
    assert answers(model, texts=[SHORT_TEXT])[0].generated_text.startswith(SHORT_TEXT)


# The walk


def test_a_missing_library_takes_no_result_away(tmp_path: Path) -> None:
    kept = tmp_path / "models.json"
    keep(kept, ("depth", "zoedepth"), {"works": True, "sharing": "padded"})
    lacking = {
        "works": False,
        "why": "CheckpointError: ZoeDepth's image processor needs torchvision",
    }
    keep(kept, ("depth", "zoedepth"), lacking)
    assert known(kept)["depth"]["zoedepth"]["works"]
    keep(kept, ("depth", "zoedepth"), {"works": False, "why": "ValueError: worse"})
    assert not known(kept)["depth"]["zoedepth"]["works"]
