"""Inputs longer than the model holds: nothing lost, nothing twice, and places that are right."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
import torch
import transformers as hf
from checkpoints import BY_TASK, POSITIONS, cached
from models import answers, load, result
from samples import ARTICLE, LONG_TEXT, SHORT_TEXT, UNICODE_TEXT, long_sound, noise

from taskcli.media.items import AudioInput, LongSound, TextInput

STRATEGIES = ("none", "simple", "first", "average", "max")
MIXED_TEXT = " ".join([UNICODE_TEXT, SHORT_TEXT, ARTICLE, UNICODE_TEXT] * 3)


# Where a token's answer depends on nothing but the token, windows must change nothing at all.


NEIGHBOURS = ("position_embeddings", "attention.output.dense", "attention.out_lin")


def context_free(auto: Any, name: str, folder: Path, positions: int) -> Path:
    """A checkpoint without attention, which holds `positions` tokens."""
    config = hf.AutoConfig.from_pretrained(cached(name))
    room = config.max_position_embeddings - POSITIONS + positions
    source = auto.from_pretrained(cached(name))
    config.max_position_embeddings = room
    model = auto.from_config(config)
    weights = source.state_dict()
    for key, weight in model.state_dict().items():
        if any(part in key for part in NEIGHBOURS):
            weights[key] = torch.zeros_like(weight)
    model.load_state_dict(weights)
    model.save_pretrained(folder)
    tokenizer = hf.AutoTokenizer.from_pretrained(cached(name))
    tokenizer.model_max_length = positions
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.long
@pytest.mark.parametrize("name", ["bert-ner", "roberta-ner"])
def test_ner_windows_change_nothing(name: str, tmp_path: Path) -> None:
    short, long = (
        context_free(hf.AutoModelForTokenClassification, name, tmp_path / str(positions), positions)
        for positions in (POSITIONS, 4096)
    )
    for strategy in STRATEGIES:
        for text in (LONG_TEXT, MIXED_TEXT):
            [windowed] = load("ner", short, aggregation=strategy)(texts=[text])
            [whole] = load("ner", long, aggregation=strategy)(texts=[text])
            assert "windows" in windowed.warnings[0]
            assert not whole.warnings
            assert result(windowed) == pytest_close(result(whole))
            assert len(result(whole)) > 10


def pytest_close(entities: list[Any]) -> list[Any]:
    """Entities whose scores compare by about."""
    return [type(one)(**{**fields(one), "score": pytest.approx(one.score)}) for one in entities]


def fields(entity: Any) -> dict[str, Any]:
    return {name: getattr(entity, name) for name in entity.__slots__}


@pytest.mark.parametrize("name", BY_TASK["ner"])
@pytest.mark.parametrize("stride", [0, 16, 1000])
def test_ner_places_are_right_and_ordered(name: str, stride: int) -> None:
    [found] = answers(load("ner", name, stride=stride), texts=[MIXED_TEXT])
    assert all(MIXED_TEXT[one.start : one.end] == one.word for one in found)
    assert max(one.end for one in found) > len(MIXED_TEXT) * 0.9
    assert [one.start for one in found] == sorted(one.start for one in found)


def seeker(name: str, word: str, folder: Path) -> Path:
    """A reader that answers with `word`, wherever it stands."""
    auto = hf.AutoModelForQuestionAnswering
    context_free(auto, name, folder, POSITIONS)
    model, tokenizer = auto.from_pretrained(folder), hf.AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer("Who?", f"It is {word}.", return_tensors="pt")
    place = inputs.char_to_token(0, 6, sequence_index=1)
    with torch.no_grad():
        hidden = model.base_model(**inputs).last_hidden_state[0, place]
        model.qa_outputs.weight.copy_(hidden.expand(2, -1) * 2)
        model.qa_outputs.bias.zero_()
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", ["bert-qa", "distilbert-qa", "roberta-qa"])
def test_qa_finds_an_answer_far_behind_the_first_window(name: str, tmp_path: Path) -> None:
    folder = seeker(name, "#", tmp_path / name)
    text = LONG_TEXT + " They went to # at last. " + ARTICLE
    assert text.count("#") == 1
    model = load("qa", folder, question=["Where did they go?"])
    [found] = answers(model, texts=[text])
    assert (found.answer.strip(), text[found.start : found.end]) == ("#", found.answer)


def test_what_is_padded_on_the_left_reads_the_context_first(tmp_path: Path) -> None:
    """As XLNet's readers were trained; the question stands behind it in every window."""
    folder = shutil.copytree(cached("bert-qa"), tmp_path / "left")
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "padding_side": "left"}))
    model = load("qa", folder, question=["Who?"], top_k=20)
    [found] = answers(model, texts=[MIXED_TEXT])
    assert all(MIXED_TEXT[one.start : one.end] == one.answer for one in found)
    assert max(one.end for one in found) > len(MIXED_TEXT) / 2
    task = model.session.task
    parts = [part for _, part in task.encode([TextInput(MIXED_TEXT, {"question": "Who?"})])]
    rows = task.preprocess(parts).inputs["input_ids"]
    ends = {tuple(row[-3:].tolist()) for row in rows}
    assert ends == {tuple(task.processor("Who?")["input_ids"][-3:])}


@pytest.mark.parametrize("name", BY_TASK["qa"])
@pytest.mark.parametrize("doc_stride", [None, 1, 10_000])
def test_qa_places_are_right(name: str, doc_stride: int | None) -> None:
    model = load("qa", name, question=["Who?"], top_k=20, doc_stride=doc_stride)
    [found] = answers(model, texts=[MIXED_TEXT])
    assert all(MIXED_TEXT[one.start : one.end] == one.answer for one in found)
    assert len({(one.start, one.end) for one in found}) == 20


def test_a_question_that_fills_the_window_is_an_error() -> None:
    model = load("qa", "bert-qa", question=["Who is that man over there? " * 30], batch_size="4")
    for record in model(texts=[LONG_TEXT, SHORT_TEXT]):
        assert "fills the 128 tokens" in record.error.message


@pytest.mark.parametrize("repeated", [8, 9, 10, 11, 12])
def test_a_long_question_leaves_a_small_window(repeated: int) -> None:
    model = load("qa", "bert-qa", question=["Who is that man? " * repeated])
    assert all(record.error is None for record in model(texts=[LONG_TEXT]))


def window_scores(name: str, text: str) -> torch.Tensor:
    """The scores of consecutive windows, [windows, labels], cut by hand."""
    tokenizer = hf.AutoTokenizer.from_pretrained(cached(name))
    model = hf.AutoModelForSequenceClassification.from_pretrained(cached(name))
    first, *ids, last = tokenizer(text)["input_ids"]
    room = POSITIONS - 2
    parts = [[first, *ids[at : at + room], last] for at in range(0, len(ids), room)]
    with torch.no_grad():
        logits = [model(input_ids=torch.tensor([part])).logits for part in parts]
    return torch.cat(logits).softmax(-1)


@pytest.mark.parametrize("name", ["distilbert-sentiment", "roberta-sentiment", "bert-topics"])
def test_classify_text_averages_windows_or_cuts(name: str) -> None:
    expected = window_scores(name, LONG_TEXT)
    assert len(expected) > 3
    for truncate, scores in ((False, expected.mean(0)), (True, expected[0])):
        model = load("classify-text", name, truncate=truncate, batch_size="4")
        short, long = model(texts=[SHORT_TEXT, LONG_TEXT])
        assert not short.warnings
        assert ("cut" if truncate else f"{len(expected)} windows") in long.warnings[0]
        found = [label.score for label in result(long)]
        assert found == pytest.approx(scores.sort(descending=True).values.tolist(), abs=1e-4)


def test_a_second_text_that_fills_the_window_is_cut_and_a_first_one_is_an_error() -> None:
    cut, fills = load("classify-text", "bert-topics", pair=LONG_TEXT), SHORT_TEXT
    assert "windows" in next(cut(texts=[fills])).warnings[0]
    full = next(load("classify-text", "bert-topics", pair="Yes.")(texts=[LONG_TEXT]))
    assert "first text" in full.error.message


@pytest.mark.parametrize(
    ("task", "name", "field"),
    [
        ("summarize", "bart", "summary_text"),
        ("summarize", "t5", "summary_text"),
        ("translate", "mbart50", "translation_text"),
        ("translate", "marian", "translation_text"),
    ],
)
def test_long_texts_are_rewritten_in_parts(task: str, name: str, field: str) -> None:
    options = {"num_beams": 1, "max_length": 12, "min_length": 2}
    as_whole = {"by": "whole"} if task == "translate" else {}
    model = load(task, name, **options, **as_whole)
    rewriter = model.session.task._rewriter
    parted = rewriter.parted(LONG_TEXT)
    parts = [part.text for part in parted.parts]
    assert parted.joined(parts) == LONG_TEXT.strip()
    tokens = rewriter.tokenizer([rewriter.prefix + part for part in parts])["input_ids"]
    assert max(map(len, tokens)) <= POSITIONS
    assert all(part.endswith(".") for part in parts)
    [record] = model(texts=[LONG_TEXT])
    assert f"in {len(parts)} parts" in record.warnings[0]
    alone = [getattr(one, field) for one in answers(model, texts=parts)]
    assert getattr(result(record), field) == parted.joined(alone)
    assert getattr(result(record), field).count("\n\n") == LONG_TEXT.count("\n\n")


@pytest.mark.parametrize("name", ["nllb", "marian"])  # marian's last token is made an end token
def test_an_answer_that_stops_for_its_length_says_so(name: str) -> None:
    [short] = load("translate", name, num_beams=1, max_length=6)(texts=[SHORT_TEXT])
    assert short.warnings == ("stopped at 6 tokens: the end may be missing (--max-length)",)


def test_a_sentence_without_end_is_cut_between_words() -> None:
    rewriter = load("summarize", "bart").session.task._rewriter
    for text in ("word another " * 200, "x" * 3000, "e\u0301👩‍🚀" * 300, "今天天气很好" * 200):
        parts = [part.text for part in rewriter.parted(text).parts]
        assert rewriter.parted(text).joined(parts) == text.strip()
        assert all(rewriter.tokens(part) <= POSITIONS for part in parts)
        assert len(parts) > 2
        words = [word for part in parts for word in part.split()]
        assert words == text.split() or " " not in text
        assert not any(part[0] in "\u0301\u200d🚀" for part in parts)


def test_a_prompt_beyond_the_context_is_an_error_and_its_neighbours_are_answered() -> None:
    model = load("generate", "gpt2", max_new_tokens=4, batch_size="4")
    good, bad, last = model(texts=["Once", LONG_TEXT, "Twice"])
    assert "tokens; the model holds 256" in bad.error.message
    assert result(good).generated_text.startswith("Once")
    assert result(last).generated_text.startswith("Twice")


# Sound


def deaf_to_context(folder: Path) -> Path:
    """A CTC checkpoint whose every frame hears its own 25 ms and nothing else."""
    shutil.copytree(cached("wav2vec2-layer-ctc"), folder)
    model = hf.AutoModelForCTC.from_pretrained(folder)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "attention.out_proj" in name or "pos_conv_embed" in name:
                weight.zero_()
    model.save_pretrained(folder)
    file = folder / "preprocessor_config.json"  # loudness is normalised over a whole window
    file.write_text(json.dumps({**json.loads(file.read_text()), "do_normalize": False}))
    return folder


def as_it_is_read(samples: np.ndarray, voided: int) -> LongSound:
    """In pieces of a second and an odd number, after as many that turn out to be void."""
    pieces = np.split(samples, range(16_123, len(samples), 16_123))
    head = [np.ones_like(piece) for piece in pieces[:voided]]
    return LongSound(16_000, iter([*head, None, *pieces] if voided else pieces), [])


@pytest.mark.parametrize("seconds", [29.99, 30.001, 30.03, 35, 50, 50.0001, 71.3])
@pytest.mark.parametrize("voided", [None, 0, 1, 50])
def test_ctc_windows_give_every_frame_once(
    seconds: float, voided: int | None, tmp_path: Path
) -> None:
    task = load("asr", deaf_to_context(tmp_path / "deaf")).session.task
    samples = noise(seconds)
    item = AudioInput(samples, 16_000) if voided is None else as_it_is_read(samples, voided)
    with torch.inference_mode():
        whole = task.model(torch.from_numpy(samples)[None]).logits.argmax(-1)[0].tolist()
        parts = [part for _, part in task.encode([item])]
        batch = task.preprocess(parts)
        heard = task.postprocess(task.forward(batch), batch, parts)
    valid = [one for one in heard if one.attempt == heard[-1].attempt]
    joined = [label for one in valid for label in one.result.labels]
    assert (len(valid) > 1) is (seconds > 30)  # as a whole up to there
    assert len(joined) == len(whole)
    assert joined == whole
    assert task.fold(item, heard) == task.fold(item, valid)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three of them, longer than a window, than two windows, and short."""
    folder = tmp_path_factory.mktemp("recordings")
    return [long_sound(folder / f"{seconds}.wav", seconds) for seconds in (36, 58, 2.5)]


@pytest.mark.parametrize(
    ("name", "timestamps"),
    [
        ("wav2vec2-ctc", "segment"),
        ("wav2vec2-ctc", "word"),
        ("wav2vec2-layer-ctc", "char"),
        ("whisper", "segment"),
        ("whisper", "word"),
    ],
)
def test_times_go_forward_and_stay_inside(
    name: str, timestamps: str, recordings: list[Path]
) -> None:
    for file, found in zip(
        recordings, answers(load("asr", name, timestamps=timestamps), recordings), strict=True
    ):
        times = [time for chunk in found.chunks for time in chunk.timestamp]
        assert all(start <= end for start, end in zip(times[::2], times[1::2], strict=True))
        assert times[::2] == sorted(times[::2])
        assert min(times) >= 0
        assert max(times) <= soundfile.info(file).duration
        said = "".join(chunk.text for chunk in found.chunks).replace(" ", "")
        assert said == found.text.replace(" ", "")


@pytest.mark.parametrize("name", BY_TASK["asr"])
def test_no_times_are_given_unasked(name: str, recordings: list[Path]) -> None:
    [found] = answers(load("asr", name), recordings[:1])
    assert found.chunks is None
    assert found.text


@pytest.mark.long
def test_whisper_hears_long_recordings_as_its_pipeline_does(recordings: list[Path]) -> None:
    samples, rate = soundfile.read(recordings[1], dtype="float32")
    pipeline = hf.pipeline("automatic-speech-recognition", str(cached("whisper")), device="cpu")
    expected = pipeline(
        {"raw": samples, "sampling_rate": rate},
        return_timestamps=True,
        generate_kwargs={"num_beams": 1, "task": "transcribe", "max_length": 64},
    )
    [found] = answers(load("asr", "whisper", timestamps="segment"), recordings[1:2])
    assert found.text == expected["text"].strip()
    assert len(found.chunks) == len(expected["chunks"]) > 1


@pytest.mark.parametrize(("name", "seconds"), [("ast", 1.28), ("wav2vec2-keywords", 30.0)])
def test_a_recording_beyond_what_is_heard_at_once_is_heard_in_windows(
    name: str, seconds: float, tmp_path: Path
) -> None:
    """Each window is answered as a recording of its own, and the whole by their mean."""
    count = 2 if seconds > 10 else 28
    file = long_sound(tmp_path / "long.wav", round(seconds * (count - 0.5), 3))
    samples, rate = soundfile.read(file, dtype="float32")
    width = round(seconds * rate)
    parts = [tmp_path / f"{number:02}.wav" for number in range(count)]
    for number, part in enumerate(parts):
        soundfile.write(part, samples[number * width : (number + 1) * width], rate)
    model = load("classify-audio", name, top_k=100)
    (record,) = model([file])
    alone = answers(model, parts)
    assert len(record.windows) == count
    expected = {}
    for number, (window, labels) in enumerate(zip(record.windows, alone, strict=True)):
        assert window.start == pytest.approx(number * width / rate)
        assert window.end == pytest.approx(min((number + 1) * width, len(samples)) / rate)
        assert [one.label for one in window.labels] == [one.label for one in labels]
        for one, other in zip(window.labels, labels, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            share = (window.end - window.start) / (len(samples) / rate)
            expected[one.label] = expected.get(one.label, 0.0) + other.score * share
    for label in result(record):
        assert label.score == pytest.approx(expected[label.label], abs=1e-4)
    assert not record.warnings


def test_windows_of_a_long_recording_are_in_its_json_and_in_the_schema(run, tmp_path) -> None:
    long, short = (long_sound(tmp_path / f"{seconds}.wav", seconds) for seconds in (36, 3))
    done = run("classify-audio", long, short, "-m", cached(BY_TASK["classify-audio"][0]))
    schema = json.loads(run("schema", "classify-audio").stdout)
    for record in done.records:
        jsonschema.validate(record, schema)
    with_windows, without = done.records
    spans = [(one["start"], one["end"]) for one in with_windows["windows"]]
    assert spans == [(0.0, 30.0), (30.0, 36.0)]
    assert "windows" not in without


@pytest.mark.parametrize(
    ("task", "name", "strategy"),
    [
        ("qa", "bert-qa", "OnlySecond"),
        ("ner", BY_TASK["ner"][0], "LongestFirst"),
        ("classify-text", "bert-topics", "LongestFirst"),
    ],
)
def test_a_tokenizer_keeps_no_limits_of_its_training(run, tmp_path, task, name, strategy):
    """Saved by a trainer, tokenizer.json says how texts were cut and padded there."""
    shutil.copytree(cached(name), tmp_path / "trained")
    file = tmp_path / "trained" / "tokenizer.json"
    settings = json.loads(file.read_text())
    settings["truncation"] = {
        "direction": "Right",
        "max_length": 8,
        "strategy": strategy,
        "stride": 0,
    }
    settings["padding"] = {
        "direction": "Right",
        "strategy": {"Fixed": 40},
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    file.write_text(json.dumps(settings))
    asked = ("-q", "Who met Ada?") if task == "qa" else ()
    answers = [
        run(task, "--text", SHORT_TEXT, "--model", folder, *asked)
        for folder in (cached(name), tmp_path / "trained")
    ]
    assert [answer.exit_code for answer in answers] == [0, 0], answers[1].stderr
    assert answers[0].records[0]["result"] == answers[1].records[0]["result"]
