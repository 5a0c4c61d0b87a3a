"""A step of every recipe for text, from the words to a folder that taskcli loads."""

import json
from importlib import import_module

import pytest

from recipes import text_training

OPTIONS = {"qa": ("-q", "Where?"), "translate": ("--to", "fr"), "generate": ("--max-new-tokens", 3)}


@pytest.mark.long
@pytest.mark.parametrize(
    "task", ["classify-text", "ner", "qa", "generate", "summarize", "translate"]
)
def test_a_recipe_makes_a_checkpoint_that_answers(task, run, tmp_path, monkeypatch):
    recipe = import_module(f"recipes.{task.replace('-', '_')}")
    monkeypatch.setattr(text_training, "SAMPLE", 6000)
    # Looking at unseen data takes longer than the step; untrained models never end a text.
    monkeypatch.setattr(text_training, "_watched", lambda model, watch: {"unseen": 0.5})
    recipe.main(tmp_path, steps=1)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[0]["step"] == 0
    assert log[-1]["unseen"] == 0.5
    options = OPTIONS.get(task, ())
    result = run(task, "--text", "Mira went to Paris.", "--model", tmp_path / "model", *options)
    assert result.exit_code == 0, result.stderr
    assert "result" in result.records[0]


def test_sinusoids_tell_places_apart_and_shift_alike():
    places = text_training.sinusoids(64, 32)
    assert places.shape == (64, 32)
    alike = places @ places.T
    assert (alike.argmax(1) == alike.new_tensor(range(64))).all()
    assert abs(float(alike[10, 13] - alike[40, 43])) < 1e-3
