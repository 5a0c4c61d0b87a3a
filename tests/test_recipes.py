"""A few steps of the recipes for pictures, on a handful of photos."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from recipes import convnext, depth, detect, gallery, segment

pytestmark = pytest.mark.long

WATCHED = {"accuracy", "f1", "near", "quality"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of galleries with very few photos."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "SHARD", 2)
        yield tmp_path_factory.mktemp("gallery")


@pytest.fixture(scope="module")
def small_steps():
    with pytest.MonkeyPatch.context() as patch:
        for recipe in (convnext, depth, detect, segment):
            patch.setattr(recipe, "PLAN", replace(recipe.PLAN, size=2, every=1))
        yield


@pytest.fixture(scope="module")
def classifier(photos, small_steps, tmp_path_factory):
    out = tmp_path_factory.mktemp("convnext")
    for steps in (1, 2):
        convnext.main(out, steps=steps, scenes=photos)
    return out


@pytest.fixture(scope="module")
def detector(photos, small_steps, classifier, tmp_path_factory):
    out = tmp_path_factory.mktemp("detect")
    for steps in (1, 2):
        detect.main(out, steps=steps, scenes=photos, backbone=classifier / "model")
    return out


@pytest.fixture(scope="module", params=[depth, segment])
def other(request, photos, small_steps, tmp_path_factory):
    """The task of a recipe that needs no other, and its folder."""
    recipe, out = request.param, tmp_path_factory.mktemp("other")
    for steps in (1, 2):
        recipe.main(out, steps=steps, scenes=photos)
    return recipe.__name__.removeprefix("recipes."), out


def steps_of(out):
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [line["step"] for line in lines if WATCHED & set(line)]


@pytest.mark.parametrize("task", ["classify-image", "detect"])
def test_a_recipe_goes_on_and_saves_what_taskcli_runs(task, run, request, tmp_path):
    out = request.getfixturevalue({"classify-image": "classifier", "detect": "detector"}[task])
    check(task, out, run, tmp_path)


def test_other_recipes_do_so_too(other, run, tmp_path):
    check(*other, run, tmp_path)


def check(task, out, run, folder):
    assert steps_of(out) == [1, 2]
    Image.new("RGB", (90, 60), "red").save(folder / "red.png")
    result = run(task, folder / "red.png", "--model", out / "model")
    assert result.exit_code == 0
    assert "result" in result.records[0]
