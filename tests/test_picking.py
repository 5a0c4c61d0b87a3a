"""What is kept of what is found in a picture: by label, by size, the best of doubles, the first."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import cached
from conftest import Finished
from models import load
from samples import scene

import taskcli
from taskcli.errors import UsageError
from taskcli.tasks.boxes import without_doubles

Run = Callable[..., Finished]
SCENES = Path(__file__).parents[1] / "examples" / "scenes"


def found(run: Run, task: str, *words: object) -> list[list[dict[str, Any]]]:
    """The results of the example scenes, one for each."""
    done = run(task, SCENES, "-m", "starter", *words)
    assert done.exit_code == 0, done.stderr
    return [record["result"] for record in done.records]


@pytest.mark.parametrize(
    ("task", "names"), [("detect", ("ball", "cone")), ("segment", ("sky", "ball"))]
)
def test_only_these_labels_are_kept(run: Run, task: str, names: tuple[str, ...]) -> None:
    every = found(run, task)
    kept = found(run, task, "--labels", f" {names[0].upper()} ,{names[1]}")
    assert kept == [[one for one in picture if one["label"] in names] for picture in every]
    assert every != kept
    assert {one["label"] for picture in kept for one in picture} == set(names)


@pytest.mark.parametrize("task", ["detect", "segment"])
@pytest.mark.parametrize(
    ("labels", "hint"),
    [
        ("bal", "did you mean ball?"),
        ("ball,cylindre", "did you mean cylinder?"),
        ("zebra", "it has "),
    ],
)
def test_a_label_that_there_is_not_is_refused_with_the_nearest(
    run: Run, task: str, labels: str, hint: str
) -> None:
    done = run(task, SCENES, "-m", "starter", "--labels", labels, "-o", "out.jsonl")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--labels {labels.split(',')[-1]}: the checkpoint has no such label" in done.stderr
    assert hint in done.stderr
    assert not Path("out.jsonl").exists()


def test_a_list_of_no_label_is_refused(run: Run) -> None:
    done = run("detect", SCENES, "-m", "starter", "--labels", " , ")
    assert (done.exit_code, "--labels names none" in done.stderr) == (2, True)


def test_labels_may_hold_commas(tmp_path: Path) -> None:
    """As those of ADE20K do, which list synonyms."""
    folder = tmp_path / "synonyms"
    shutil.copytree(cached("detr"), folder)
    config = json.loads((folder / "config.json").read_text())
    numbers = sorted(config["id2label"], key=int)
    names = ["curtain, drape, mantle", "door", "mantle"]
    config["id2label"] = {
        number: names[place] if place < len(names) else f"other {number}"
        for place, number in enumerate(numbers)
    }
    del config["label2id"]
    (folder / "config.json").write_text(json.dumps(config))
    scene(96, 64).save("a.png")
    every = {one.label for one in next(iter(load("detect", folder, threshold=0.0)("a.png"))).result}
    for asked in ("Curtain,drape , mantle", "door,curtain, drape, mantle"):
        model = load("detect", folder, threshold=0.0, labels=asked)
        [record] = model("a.png")
        wanted = {name for name in names[:2] if name.casefold() in asked.casefold()}
        kept = {"curtain, drape, mantle"} | wanted
        assert {one.label for one in record.result} == kept & every
    with pytest.raises(UsageError) as refused:
        load("detect", folder, labels="drap")
    assert refused.value.hint == "did you mean curtain, drape, mantle?"


def area(one: dict[str, Any]) -> float:
    box = one["box"]
    return (box["xmax"] - box["xmin"]) * (box["ymax"] - box["ymin"])


def test_small_objects_are_left_out_in_pixels_of_the_original(run: Run) -> None:
    every = found(run, "detect")
    sizes = sorted(area(one) for picture in every for one in picture)
    least = sizes[len(sizes) // 2]
    kept = found(run, "detect", "--min-area", least)
    for before, after in zip(every, kept, strict=True):
        surely = [one for one in before if area(one) > 1.1 * least]
        perhaps = [one for one in before if area(one) > 0.9 * least]  # its sides are rounded
        assert all(one in after for one in surely)
        assert all(one in perhaps for one in after)
    assert 0 < sum(map(len, kept)) < len(sizes)


def test_a_share_is_of_the_picture(run: Run) -> None:
    every = found(run, "segment")
    kept = found(run, "segment", "--min-area", "5%")
    for before, after in zip(every, kept, strict=True):
        assert after == [
            one for one in before if one["area"] >= 0.05 * np.prod(one["mask"]["size"])
        ]
    assert kept != every


@pytest.mark.parametrize("value", ["much", "-4", "nan", "150%", "1%%", ""])
@pytest.mark.parametrize("task", ["detect", "segment"])
def test_an_area_that_is_none_is_refused(run: Run, task: str, value: str) -> None:
    done = run(task, SCENES, "-m", "starter", f"--min-area={value}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--min-area {value}: " in done.stderr
    assert "--min-area 1%" in done.stderr


def test_the_best_are_kept(run: Run) -> None:
    every = found(run, "detect", "--threshold", 0.1)
    kept = found(run, "detect", "--threshold", 0.1, "--max-detections", 2)
    assert kept == [picture[:2] for picture in every]
    assert max(map(len, every)) > 2
    assert run("detect", SCENES, "--max-detections", 0).exit_code == 2


def overlap(one: Any, other: Any) -> float:
    """Intersection over union, written out."""
    sides = list(zip(one, other, strict=True))
    wide = min(sides[2]) - max(sides[0])
    high = min(sides[3]) - max(sides[1])
    shared = max(wide, 0) * max(high, 0)
    areas = ((r - x) * (b - y) for x, y, r, b in (one, other))
    return shared / (sum(areas) - shared)


def test_of_doubles_the_best_is_kept_for_each_label() -> None:
    scene(96, 64).save("a.png")
    [every] = load("detect", "detr", threshold=0.0)("a.png")
    [kept] = load("detect", "detr", threshold=0.0, iou=0.3)("a.png")
    expected: list[Any] = []
    for one in every.result:
        beside = (other for other in expected if other.label == one.label)
        if all(overlap(one.sides, other.sides) <= 0.3 for other in beside):
            expected.append(one)
    assert kept.result == expected
    assert len({one.label for one in expected}) > 1
    assert 1 < len(expected) < len(every.result)


def test_nothing_and_boxes_without_area_have_no_doubles() -> None:
    assert without_doubles(np.zeros((0, 4)), np.zeros(0, int), 0.5) == []
    assert without_doubles(np.zeros((3, 4)), np.zeros(3, int), 0.5) == [0, 1, 2]


def test_filters_are_tried_before_the_count_and_another_binding_is_not_changed() -> None:
    model = taskcli.load("detect", "starter", threshold=0.1)
    pictures = [str(one) for one in sorted(SCENES.iterdir())]
    every = [record.result for record in model(pictures)]
    cones = [record.result for record in model.bind(labels="cone", max_detections=1)(pictures)]
    assert cones == [[one for one in each if one.label == "cone"][:1] for each in every]
    assert [record.result for record in model(pictures)] == every
    with pytest.raises(UsageError, match="no such label"):
        model.bind(labels="cow")


def test_records_are_chosen_by_the_same_rule(run: Run) -> None:
    run("detect", SCENES, "-m", "starter", "-o", "out.jsonl")
    every = [json.loads(line)["result"] for line in Path("out.jsonl").read_text().splitlines()]
    balls = [[one for one in each if one["label"] == "ball"] for each in every]
    done = run("convert", "out.jsonl", "-f", "jsonl", "--labels", "BALL")
    assert [record["result"] for record in done.records] == [each for each in balls if each] != []
