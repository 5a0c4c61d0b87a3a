"""Every made checkpoint loads the way a downloaded one does, and answers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import transformers as hf
from checkpoints import BY_TASK, MADE_HERE, MAKERS, cached, make, without_losses
from samples import LONG_TEXT, QUESTION, SHORT_TEXT, UNICODE_TEXT, noise, scene

from taskcli.tasks import TASKS

MODELS = {task.name: [getattr(hf, auto) for auto in task.auto_models] for task in TASKS}
CASES = [(task, name) for task, names in BY_TASK.items() for name in names]
GENERATORS = {"generate", "summarize", "translate"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny tensors are slower on several threads than on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def load_model(task: str, name: str) -> Any:
    """By the first of the task's Auto classes that knows the architecture."""
    config = hf.AutoConfig.from_pretrained(cached(name), local_files_only=True)
    auto = next(auto for auto in MODELS[task] if type(config) in auto._model_mapping)
    with without_losses():
        return auto.from_pretrained(cached(name), local_files_only=True)


def load(auto: Any, name: str, **kwargs: Any) -> Any:
    return auto.from_pretrained(cached(name), local_files_only=True, **kwargs)


def sound_inputs(name: str) -> Any:
    extractor = load(hf.AutoFeatureExtractor, name)
    return extractor(noise(0.7), sampling_rate=extractor.sampling_rate, return_tensors="pt")


def image_inputs(name: str) -> Any:
    return load(hf.AutoImageProcessor, name, backend="pil")(scene(120, 70), return_tensors="pt")


def text_inputs(name: str) -> Any:
    return load(hf.AutoTokenizer, name)(UNICODE_TEXT, return_tensors="pt")


def pair_inputs(name: str) -> Any:
    return load(hf.AutoTokenizer, name)(QUESTION, SHORT_TEXT, return_tensors="pt")


INPUTS: dict[str, Callable[[str], Any]] = {
    "classify-audio": sound_inputs,
    "asr": sound_inputs,
    "classify-image": image_inputs,
    "detect": image_inputs,
    "segment": image_inputs,
    "depth": image_inputs,
    "qa": pair_inputs,
}


def answer(task: str, name: str) -> Any:
    """What the model says to a sample: generated tokens, or the first of its outputs."""
    model = load_model(task, name)
    inputs = INPUTS.get(task, text_inputs)(name)
    with torch.inference_mode():
        if task in GENERATORS or name == "whisper":
            return model.generate(**inputs, max_new_tokens=8)
        return model(**inputs)[0]


def test_every_maker_serves_a_task() -> None:
    assert {name for _, name in CASES} == MAKERS.keys()
    assert BY_TASK.keys() == MODELS.keys()


@pytest.mark.parametrize(("task", "name"), CASES)
def test_loads_and_answers(task: str, name: str) -> None:
    output = answer(task, name)
    assert output.numel()
    assert torch.isfinite(output).all()


@pytest.mark.parametrize("name", MADE_HERE)
def test_is_small(name: str) -> None:
    assert sum(file.stat().st_size for file in cached(name).iterdir()) < 1_000_000


@pytest.mark.parametrize("name", ["bert-ner", "wav2vec2-ctc", "mbart50", "mask2former"])
def test_is_the_same_every_time(name: str, tmp_path: Any) -> None:
    again = make(name, tmp_path / name)
    for file in cached(name).iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize("name", BY_TASK["detect"])
def test_detectors_find_something(name: str) -> None:
    processor = load(hf.AutoImageProcessor, name, backend="pil")
    model = load_model("detect", name)
    with torch.inference_mode():
        output = model(**image_inputs(name))
    found = processor.post_process_object_detection(output, threshold=0.5)[0]
    labels = {model.config.id2label[index] for index in found["labels"].tolist()}
    assert labels
    assert "N/A" not in labels


@pytest.mark.parametrize("name", ["mask2former", "maskformer", "detr-panoptic"])
def test_segmenters_find_something(name: str) -> None:
    processor = load(hf.AutoImageProcessor, name, backend="pil")
    with torch.inference_mode():
        output = load_model("segment", name)(**image_inputs(name))
    found = processor.post_process_panoptic_segmentation(output, target_sizes=[(70, 120)])[0]
    assert found["segments_info"]
    assert found["segmentation"].shape == (70, 120)


@pytest.mark.parametrize("name", BY_TASK["ner"])
def test_taggers_find_something_and_leave_something(name: str) -> None:
    labels = set(answer("ner", name).argmax(-1).flatten().tolist())
    assert 0 in labels
    assert len(labels) > 1


@pytest.mark.parametrize("name", ["wav2vec2-ctc", "wav2vec2-layer-ctc"])
def test_recognisers_hear_letters(name: str) -> None:
    processor = load(hf.AutoProcessor, name)
    assert processor.batch_decode(answer("asr", name).argmax(-1))[0].strip()


def test_whisper_takes_a_language_and_gives_timestamps() -> None:
    processor = load(hf.AutoProcessor, "whisper")
    with torch.inference_mode():
        ids = load_model("asr", "whisper").generate(
            **sound_inputs("whisper"), language="en", task="transcribe", return_timestamps=True
        )
    decoded = processor.decode(ids[0], skip_special_tokens=True, output_offsets=True)
    assert decoded["text"].strip()
    start, end = decoded["offsets"][0]["timestamp"]
    assert 0 <= start <= end


@pytest.mark.parametrize(("name", "code"), [("mbart50", "fr_XX"), ("m2m100", "fr")])
def test_translators_begin_with_the_target_language(name: str, code: str) -> None:
    tokenizer = load(hf.AutoTokenizer, name)
    source = {"fr_XX": "en_XX", "fr": "en"}[code]
    inputs = tokenizer._build_translation_inputs(
        SHORT_TEXT, return_tensors="pt", src_lang=source, tgt_lang=code
    )
    with torch.inference_mode():
        ids = load_model("translate", name).generate(**inputs, max_new_tokens=8)
    assert code in tokenizer.decode(ids[0])
    assert code not in tokenizer.decode(ids[0], skip_special_tokens=True)


@pytest.mark.parametrize("name", ["bert-ner", "roberta-qa", "bart"])
def test_long_text_is_longer_than_the_model_takes(name: str) -> None:
    tokenizer = load(hf.AutoTokenizer, name)
    assert len(tokenizer(LONG_TEXT)["input_ids"]) > 3 * tokenizer.model_max_length


def test_chat_checkpoint_has_a_template() -> None:
    tokenizer = load(hf.AutoTokenizer, "llama-chat")
    messages = [{"role": "user", "content": "Hello"}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text.startswith("<|begin_of_text|>")
    assert text.endswith("assistant<|end_header_id|>\n\n")
