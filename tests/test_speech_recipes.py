"""A few steps of the recipes for sound, on a handful of utterances that espeak-ng speaks."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from tools import program

from recipes import asr, classify_audio, speech_model, spelling, spelling_limit, talk
from recipes.speech import INVENTED_VOICES, PLAIN_VOICES, phonemes_of, save_sound, speak
from recipes.words import UNTRAINED, WORDS, more_words

program("espeak-ng")

ONCE = [("spelling", 1), ("long_rows", 1)]  # stages of asr, begun again after more hearing


@pytest.fixture
def few(monkeypatch):
    """Shards of very few utterances."""
    monkeypatch.setattr(asr, "utterances", partial(asr.utterances, size=30))
    monkeypatch.setattr(asr, "SHARD", 10)
    monkeypatch.setattr(asr, "LONG_STEPS", 1)
    monkeypatch.setattr(asr, "KEPT_STEPS", 1)
    monkeypatch.setattr(classify_audio, "SHARD", 20)


def train(recipe, out, **options):
    """Two calls, of which the second goes on; what was watched after each step."""
    for steps in (1, 2):
        recipe.main(out, steps=steps, **options)
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    watched = [line for line in lines if {"wer", "accuracy"} & set(line)]
    return [next(iter(line.items())) for line in watched]


@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "recipe", "options", "steps"),
    [
        (
            "asr",
            asr,
            {"usual": 1, "even": 1, "more": 1, "scenes": 1, "spelling_steps": 1},
            [(name, n) for last in (1, 2) for name, n in (("hearing", last), *ONCE)],
        ),
        ("classify-audio", classify_audio, {"shards": 1}, [("step", 1), ("step", 2)]),
    ],
)
def test_a_recipe_goes_on_and_saves_what_taskcli_runs(
    task, recipe, options, steps, few, run, tmp_path
):
    assert train(recipe, tmp_path / "out", **options) == steps
    said = save_sound(tmp_path / "said.wav", speak("the red ball"))
    result = run(task, said, "--model", tmp_path / "out" / "model")
    assert result.exit_code == 0, result.stderr
    assert "result" in result.records[0]


@pytest.mark.long
def test_a_speller_learns_known_words_from_their_phonemes(monkeypatch, tmp_path):
    monkeypatch.setattr(spelling_limit, "WORDS", ["red", "green", "ball", "cube"] * 8)
    monkeypatch.setattr(spelling_limit, "more_words", list)
    monkeypatch.setattr(spelling_limit, "UNTRAINED", ["milk"])
    spelling_limit.main(tmp_path, steps=60)
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["known"] < 0.1 < last["new"]


def test_what_spells_goes_on_as_the_whole_model_does():
    """Of rows of unlike length."""
    model = asr.build_model().eval()
    rng = np.random.default_rng(0)
    values, mask = speech_model.pad([rng.standard_normal(length) for length in (16_000, 9_000)])
    with torch.inference_mode():
        whole = model(values, attention_mask=mask, output_hidden_states=True)
        frames = model._get_feat_extract_output_lengths(mask.sum(-1))
        spelt = spelling.spell(model, 2, whole.hidden_states[2], frames)
    for row, length in enumerate(frames.tolist()):
        torch.testing.assert_close(spelt[row, :length], whole.logits[row, :length])


def test_phonemes_are_those_of_the_voice():
    american, british = (
        phonemes_of("the car", voice) for voice in PLAIN_VOICES[:: len(PLAIN_VOICES) // 2]
    )
    assert american.split()[::2] == british.split()[::2] == ["D", "k"]
    assert american != british
    assert "'" not in american + british


def test_letters_survive_the_way_through_frames():
    text = "why didn't the bees see all"
    frames = [index for letter in talk.ids_of(text) for index in (0, letter, letter)]
    assert talk.text_of(frames) == text


def test_the_many_words_are_new_and_hold_none_that_is_kept_back():
    assert len(more_words()) > 30_000
    assert not {*more_words()} & {*WORDS, *UNTRAINED}
    assert "milk" in UNTRAINED
    assert not [word for word in more_words() if "milk" in word]
    assert {*"".join(more_words())} == {*"abcdefghijklmnopqrstuvwxyz"}


def test_invented_speakers_are_others():
    """espeak speaks with its own voice, and says nothing, where it does not find a speaker."""
    voices = ["en-us", *INVENTED_VOICES[:3]]
    said = [speak("the red ball", voice) for voice in voices]
    assert len({sound.tobytes() for sound in said}) == len(voices)
    assert speak("the red ball", voices[1]).tobytes() == said[1].tobytes()
