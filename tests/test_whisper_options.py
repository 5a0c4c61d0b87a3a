"""What Whisper is told beside the sound: thresholds, temperatures, prompts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from checkpoints import cached
from conftest import Finished
from models import answers, brief_whisper, load
from samples import long_sound, sounds

Run = Callable[..., Finished]
RATE = 16_000


@pytest.fixture
def say(run: Run) -> Callable[..., dict[str, Any]]:
    """The result of one recording, under options."""
    file = sounds(Path())["tone"]

    def said(*options: object, input: Path = file) -> dict[str, Any]:
        done = run("asr", input, "-m", brief_whisper(), "--language", "en", *options)
        assert done.exit_code == 0, done.stderr
        return done.records[0]["result"]

    return said


Say = Callable[..., dict[str, Any]]
SAMPLED = ("--temperatures", "1")


# Thresholds


@pytest.mark.long
def test_what_is_silence_and_badly_heard_is_left_out(say: Say) -> None:
    plain = say()
    assert plain["text"]
    quiet = ("--no-speech-threshold", "0", "--temperatures", "0")
    assert say(*quiet, "--logprob-threshold", "0")["text"] == ""
    assert say(*quiet, "--logprob-threshold", "-100") == plain
    loud = ("--no-speech-threshold", "1", "--temperatures", "0")
    assert say(*loud, "--logprob-threshold", "0") == plain
    assert say(*quiet) == {**plain, "text": ""}, "its mean is below -1, the usual threshold"


@pytest.mark.long
@pytest.mark.parametrize(
    ("fails", "holds"),
    [
        (("--logprob-threshold", "0"), ("--logprob-threshold", "-100")),
        (("--compression-ratio-threshold", "0"), ("--compression-ratio-threshold", "1000")),
    ],
)
def test_what_fails_is_tried_at_the_next_temperature(
    say: Say, fails: tuple[str, str], holds: tuple[str, str]
) -> None:
    greedy, sampled = say(), say(*SAMPLED)
    assert greedy != sampled
    assert say(*fails, "--temperatures", "0,1") == sampled
    assert say(*holds, "--temperatures", "0,1") == greedy
    assert say(*holds) == greedy
    assert say(*fails) != greedy, "the usual temperatures are tried"
    assert say(*fails, "--temperatures", "0") == greedy, "there is no other"


@pytest.mark.long
def test_chance_hangs_on_no_neighbour(run: Run) -> None:
    files = [*sounds(Path()).values(), long_sound(Path("long.wav"), 40)]
    call = ("-m", brief_whisper(), "--logprob-threshold", "0", "--temperatures", "0,0.5,1")
    together = run("asr", *files, *call).records
    again = [run("asr", file, *call).records[0] for file in files]
    assert together == again


@pytest.mark.long
def test_scores_are_of_what_was_tried_last(say: Say) -> None:
    failed = ("--compression-ratio-threshold", "0", "--temperatures", "0,1", "--confidence")
    assert say(*failed) == say(*SAMPLED, "--confidence")


# Context


def whisper(tmp_path: Path, seconds: float, **asked: Any) -> str:
    """What transformers' own generate() makes of a recording."""
    model = load("asr", brief_whisper())
    recognizer = model.session.task._recognizer
    samples, _ = soundfile.read(long_sound(tmp_path / "a.wav", seconds), dtype="float32")
    whole = {"truncation": False, "padding": "longest"} if seconds > 30 else {}
    features = recognizer.extractor(
        samples, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True, **whole
    )
    told = {"language": "en", "task": "transcribe", "return_timestamps": True}
    with torch.no_grad():
        tokens = recognizer.model.generate(**features, **told, **asked)
    return str(recognizer.tokenizer.decode(tokens[0], skip_special_tokens=True)).strip()


@pytest.mark.long
def test_later_text_may_hang_on_earlier(say: Say, tmp_path: Path) -> None:
    file = long_sound(tmp_path / "long.wav", 65)
    apart = say("--timestamps", "segment", input=file)
    went_on = say("--timestamps", "segment", "--condition-on-previous", input=file)
    assert apart["text"] == whisper(tmp_path, 65)
    assert went_on["text"] == whisper(tmp_path, 65, condition_on_prev_tokens=True)
    assert went_on != apart
    assert say("--timestamps", "segment", "--no-condition-on-previous", input=file) == apart


@pytest.mark.long
@pytest.mark.parametrize("seconds", [12.0, 40.0])
@pytest.mark.parametrize("timestamps", ["segment", "word"])
def test_a_prompt_is_heard_before_and_not_written(
    say: Say, tmp_path: Path, seconds: float, timestamps: str
) -> None:
    file = long_sound(tmp_path / "said.wav", seconds)
    tokenizer = load("asr", brief_whisper()).session.task._recognizer.tokenizer
    text = "the big ball, the red ball"
    ids = torch.tensor(tokenizer.get_prompt_ids(text, return_tensors=None))
    plain = say("--timestamps", timestamps, input=file)
    found = say("--timestamps", timestamps, "--prompt", text, input=file)
    assert found["text"] == whisper(tmp_path, seconds, prompt_ids=ids)
    assert found["text"] != plain["text"]
    assert "".join(one["text"] for one in found["chunks"]).strip() == found["text"]


@pytest.mark.long
def test_hotwords_stand_before_the_prompt(say: Say) -> None:
    assert say("--hotwords", "one, two") == say("--prompt", "one, two.")
    both = say("--hotwords", "one, two", "--prompt", "And then.")
    assert both == say("--prompt", "one, two. And then.")
    assert both != say("--prompt", "And then.")


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prompt", "a"), "--prompt: this checkpoint is not Whisper"),
        (("--hotwords", "a", "--temperatures", "0"), "--hotwords, --temperatures: this"),
        (("--no-speech-threshold", "0.6"), "--no-speech-threshold: this checkpoint is not"),
        (("--no-condition-on-previous",), "--condition-on-previous: this checkpoint is not"),
    ],
)
def test_other_models_are_told_nothing_of_it(
    run: Run, options: tuple[str, ...], message: str
) -> None:
    done = run("asr", sounds(Path())["tone"], "-m", cached("wav2vec2-ctc"), *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--temperatures", "0,hot"), "--temperatures 0,hot: not numbers"),
        (("--temperatures", "-1"), "--temperatures -1: not numbers"),
        (("--temperatures", "0,nan"), "--temperatures 0,nan: not numbers"),
        (("--temperatures", "0,1"), "nothing says when the first has failed"),
        (("--no-speech-threshold", "2"), "--no-speech-threshold"),
        (("--logprob-threshold", "1"), "--logprob-threshold"),
        (("--compression-ratio-threshold", "-1"), "--compression-ratio-threshold"),
        (("--prompt", " "), "--prompt is empty"),
        (("--hotwords", ""), "--hotwords is empty"),
        (("--prompt", "word " * 400), "tokens, and this checkpoint reads"),
        (("--prompt", "<|nospeech|>"), "is no text"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, options: tuple[str, ...], message: str) -> None:
    done = run("asr", sounds(Path())["tone"], "-m", brief_whisper(), *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


# Where options are kept


def test_a_page_names_the_flag_that_says_no(run: Run) -> None:
    call = ("asr", sounds(Path())["tone"], "-m", brief_whisper(), "--no-condition-on-previous")
    assert run(*call, "--report", "page.html").exit_code == 0
    assert "--no-condition-on-previous" in Path("page.html").read_text()


def test_the_api_takes_the_same_options(tmp_path: Path) -> None:
    file = sounds(tmp_path)["tone"]
    sampled = load("asr", brief_whisper(), language="en", temperatures="1", hotwords="one, two")
    plain = load("asr", brief_whisper(), language="en")
    assert answers(sampled, [file]) != answers(plain, [file])
