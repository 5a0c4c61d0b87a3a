"""`--confidence`: how sure a model is of what it wrote, against sums over its own logits."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers as hf
from conftest import Finished
from models import answers, brief_whisper, load
from samples import long_sound, sounds

from taskcli.checkpoints.registry import Registry

Run = Callable[..., Finished]
SOUNDS = Path(__file__).resolve().parent.parent / "examples" / "sounds"
RATE = 16_000


def without_scores(value: Any) -> Any:
    if isinstance(value, dict):
        left = {name: one for name, one in value.items() if not name.endswith("score")}
        return {name: without_scores(one) for name, one in left.items()}
    return [without_scores(one) for one in value] if isinstance(value, list) else value


def scores_of(result: dict[str, Any]) -> list[float]:
    return [result["score"], *(one["score"] for one in result.get("chunks", ()) if "score" in one)]


# CTC models


def noisy(file: Path, loudness: float) -> Path:
    samples, rate = soundfile.read(file, dtype="float32")
    hiss = np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
    level = np.sqrt(np.mean(samples**2))
    soundfile.write("noisy.wav", samples + loudness * level * hiss, rate)
    return Path("noisy.wav")


def test_a_clean_word_scores_high_and_under_noise_lower(run: Run) -> None:
    call = ("-m", "starter", "--confidence", "--timestamps", "word")
    [clean] = run("asr", SOUNDS / "yes.wav", *call).records
    [hissing] = run("asr", noisy(SOUNDS / "yes.wav", 1.0), *call).records
    assert clean["result"]["text"].lower() == "yes"
    assert clean["result"]["score"] > 0.9
    assert clean["result"]["chunks"][0]["score"] > 0.9
    assert hissing["result"]["score"] < clean["result"]["score"] - 0.05


@pytest.fixture(scope="module")
def starter() -> tuple[Any, Any]:
    folder = Registry("asr").resolve("starter").folder
    model = hf.AutoModelForCTC.from_pretrained(folder, dtype=torch.float32)
    return hf.AutoProcessor.from_pretrained(folder), model


def letters(starter: tuple[Any, Any], file: Path) -> list[list[tuple[str, list[float]]]]:
    """The letters of each word with the probabilities of their frames, from the logits alone."""
    processor, model = starter
    samples, rate = soundfile.read(file, dtype="float32")
    inputs = processor(samples, sampling_rate=rate, return_tensors="pt")
    with torch.no_grad():
        shares = model(**inputs).logits[0].double().softmax(-1)
    best = shares.argmax(-1).tolist()
    found: list[list[tuple[str, list[float]]]] = [[]]
    place = 0
    for label, run_of in itertools.groupby(best):
        length = len(list(run_of))
        token = processor.tokenizer.convert_ids_to_tokens(label)
        if token == processor.tokenizer.word_delimiter_token:
            found.append([])
        elif token != processor.tokenizer.pad_token:
            own = [shares[frame, label].item() for frame in range(place, place + length)]
            found[-1].append((token, own))
        place += length
    return [word for word in found if word]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("name", ["sentence.wav", "question.flac", "yes.wav"])
def test_scores_of_words_are_those_of_the_frames_that_wrote_them(
    run: Run, starter: tuple[Any, Any], name: str
) -> None:
    file = SOUNDS / name
    expected = letters(starter, file)
    call = ("asr", file, "-m", "starter", "--device", "cpu", "--dtype", "float32", "--confidence")
    [record] = run(*call, "--timestamps", "word").records
    found = record["result"]["chunks"]
    assert [one["text"].lower() for one in found] == [
        "".join(letter for letter, _ in word).lower() for word in expected
    ]
    assert [one["score"] for one in found] == pytest.approx(
        [mean([share for _, own in word for share in own]) for word in expected], abs=1e-4
    )
    every = [share for word in expected for _, own in word for share in own]
    assert record["result"]["score"] == pytest.approx(mean(every), abs=1e-4)
    [letter_by_letter] = run(*call, "--timestamps", "char").records
    written = [one for one in letter_by_letter["result"]["chunks"] if one["text"].strip()]
    assert [one["score"] for one in written] == pytest.approx(
        [mean(own) for word in expected for _, own in word], abs=1e-4
    )


@pytest.mark.parametrize("timestamps", ["none", "segment", "word", "char"])
def test_scores_are_all_that_is_added(run: Run, timestamps: str) -> None:
    call = ("asr", SOUNDS / "news.ogg", "-m", "starter", "--timestamps", timestamps)
    [plain] = run(*call).records
    [scored] = run(*call, "--confidence").records
    assert without_scores(plain) == plain
    assert without_scores(scored) == plain
    assert all(0 < score <= 1 for score in scores_of(scored["result"]))
    chunks = scored["result"].get("chunks", [])
    assert all("score" in one for one in chunks if one["text"].strip())


def test_a_recording_in_windows_has_the_scores_of_each(run: Run) -> None:
    """Of a text that comes twice each half scores about as it does alone."""
    samples, rate = soundfile.read(SOUNDS / "news.ogg", dtype="float32")
    times = int(35 * rate / len(samples)) + 1
    soundfile.write("long.wav", np.tile(samples, times), rate)
    call = ("-m", "starter", "--confidence", "--timestamps", "word")
    [short] = run("asr", SOUNDS / "news.ogg", *call).records
    [long] = run("asr", "long.wav", *call).records
    assert long["result"]["score"] == pytest.approx(short["result"]["score"], abs=0.05)
    assert len(scores_of(long["result"])) == 1 + len(long["result"]["chunks"])


def test_silence_has_no_score(run: Run) -> None:
    soundfile.write("silence.wav", np.zeros(RATE, np.float32), RATE)
    [record] = run("asr", "silence.wav", "-m", "starter", "--confidence").records
    assert record["result"] == {"text": ""}


def test_scores_are_shown_and_converted(run: Run) -> None:
    call = ("asr", SOUNDS / "yes.wav", "-m", "starter", "--confidence", "--timestamps", "word")
    assert run(*call, "-o", "a.jsonl").exit_code == 0
    record = json.loads(Path("a.jsonl").read_text())
    [word] = record["result"]["chunks"]
    shown = run("view", "a.jsonl").stdout
    assert f"{word['score']:.1%}" in shown
    assert run("convert", "a.jsonl", "-f", "csv").stdout == run(*call, "-f", "csv").stdout
    assert run("convert", "a.jsonl", "-f", "jsonl").stdout == Path("a.jsonl").read_text()
    [rows] = [run("convert", "a.jsonl", "-f", "csv").stdout.splitlines()]
    assert rows[0] == "input,text,chunks,score,error"


# Whisper


def noted(model: Any, samples: np.ndarray) -> list[tuple[list[int], list[float]]]:
    """The tokens of each segment, and their probabilities by what generate() says of each step."""
    whisper, extractor = model.session.task.model, model.session.task._recognizer.extractor
    whole = {"truncation": False, "padding": "longest"} if len(samples) > 30 * RATE else {}
    features = extractor(
        samples, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True, **whole
    )
    asked = {"language": "en", "task": "transcribe", "return_timestamps": True}
    with torch.no_grad():
        said = whisper.generate(
            **features, **asked, return_dict_in_generate=True, output_scores=True
        )
    found = []
    for segment in said["segments"][0]:
        tokens = segment["tokens"].tolist()
        result, (start, _) = segment["result"], segment["idxs"]
        first = len(result["sequences"]) - len(result["scores"])
        shares = [
            result["scores"][start - first + step].double().softmax(-1)[token].item()
            for step, token in enumerate(tokens)
        ]
        found.append((tokens, shares))
    return found


@pytest.mark.parametrize("timestamps", ["segment", "word"])
@pytest.mark.parametrize("seconds", [1.0, 65.0])
def test_scores_of_whisper_are_those_of_its_tokens(
    tmp_path: Path, seconds: float, timestamps: str
) -> None:
    file = sounds(tmp_path)["tone"] if seconds == 1 else long_sound(tmp_path / "long.wav", seconds)
    samples, _ = soundfile.read(file, dtype="float32")
    model = load("asr", brief_whisper(), language="en", confidence=True, timestamps=timestamps)
    [found] = answers(model, [file])
    tokenizer = model.session.task._recognizer.tokenizer
    expected = noted(model, samples)
    text = [
        share
        for tokens, shares in expected
        for token, share in zip(tokens, shares, strict=True)
        if token < tokenizer.eos_token_id
    ]
    assert len(set(text)) > 3
    assert found.score == pytest.approx(mean(text), abs=1e-4)
    left = iter(text)
    for chunk in found.chunks:
        count = len(tokenizer(chunk.text, add_special_tokens=False)["input_ids"])
        if count and all(ord(letter) < 128 for letter in chunk.text):
            own = list(itertools.islice(left, count))
            assert chunk.score == pytest.approx(mean(own), abs=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("timestamps", ["none", "segment", "word"])
def test_scores_are_all_that_is_added_to_whisper(run: Run, timestamps: str) -> None:
    files = [*sounds(Path()).values(), long_sound(Path("long.wav"), 40)]
    call = ("asr", *files, "-m", brief_whisper(), "--timestamps", timestamps)
    plain, scored = run(*call).records, run(*call, "--confidence").records
    assert without_scores(scored) == plain == without_scores(plain)
    for record in scored:
        assert all(0 < score <= 1 for score in scores_of(record["result"]))


@pytest.mark.long
def test_scores_do_not_hang_on_the_batch(run: Run) -> None:
    files = [*sounds(Path()).values(), *(long_sound(Path(f"{n}.wav"), n) for n in (34, 68))]
    call = ("asr", *files, "-m", brief_whisper(), "--confidence", "--timestamps", "segment")
    together, alone = run(*call).records, run(*call, "--batch-size", 1).records
    for one, other in zip(together, alone, strict=True):
        assert without_scores(one) == without_scores(other)
        assert scores_of(one["result"]) == pytest.approx(scores_of(other["result"]), abs=1e-3)


# The language


def test_the_language_that_was_found_has_a_probability(run: Run, tmp_path: Path) -> None:
    file = sounds(Path())["tone"]
    [record] = run("asr", file, "-m", brief_whisper(), "--confidence").records
    model = load("asr", brief_whisper()).session.task.model
    extractor = hf.AutoFeatureExtractor.from_pretrained(brief_whisper())
    samples, _ = soundfile.read(file, dtype="float32")
    features = extractor(samples, sampling_rate=RATE, return_tensors="pt").input_features
    start = torch.tensor([[model.generation_config.decoder_start_token_id]])
    with torch.no_grad():
        logits = model(input_features=features, decoder_input_ids=start).logits[0, -1].double()
    codes = model.generation_config.lang_to_id
    shares = dict(zip(codes, logits[list(codes.values())].softmax(-1).tolist(), strict=True))
    best = max(shares, key=lambda code: shares[code])
    assert record["result"]["language"] == best.strip("<|>")
    assert record["result"]["language_score"] == pytest.approx(shares[best], abs=1e-4)


def test_a_language_that_was_told_has_none(run: Run) -> None:
    file = sounds(Path())["tone"]
    call = ("asr", file, "-m", brief_whisper(), "--language", "de")
    [record] = run(*call, "--confidence").records
    assert record["result"]["language"] == "de"
    assert "language_score" not in record["result"]


# Where there are none


def test_models_without_scores_are_refused(run: Run) -> None:
    folder = Path("whisper-beams")
    shutil.copytree(brief_whisper(), folder)
    settings = folder / "generation_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"num_beams": 2}))
    done = run("asr", sounds(Path())["tone"], "-m", folder, "--confidence")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "searches with 2 beams" in done.stderr
