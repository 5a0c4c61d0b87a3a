"""The checkpoints that ship: what they answer about files whose content is known."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

import taskcli
from recipes.scenes import SKY, Scene, draw_scene

CHECKOUT = Path(__file__).resolve().parent.parent
SCENES = sorted((CHECKOUT / "examples" / "scenes").glob("*.*"))


def label_of(path: Path) -> str:
    """`red-cube.png` shows a red cube nearest to the camera."""
    return path.stem.replace("-", " ")


@pytest.mark.parametrize("model", ["starter", "starter-convnext"])
def test_classify_image_names_the_nearest_object(run, model):
    result = run("classify-image", *SCENES, "--model", model, "--top-k", 1)
    assert result.exit_code == 0
    best = [record["result"][0]["label"] for record in result.records]
    assert best == [label_of(scene) for scene in SCENES]


def test_the_answer_survives_other_sizes_and_strong_compression(run, tmp_path):
    for scene in SCENES:
        picture = Image.open(scene).convert("RGB")
        small = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3))
        small.save(tmp_path / f"{scene.stem}.jpg", quality=60)
    result = run("classify-image", f"{tmp_path}/*.jpg", "--model", "starter")
    found = {Path(record["input"]): record["result"][0]["label"] for record in result.records}
    right = [label == label_of(path) for path, label in found.items()]
    assert len(right) == len(SCENES)
    assert sum(right) >= len(right) - 1


def test_float32_and_bfloat16_agree(run):
    glob = f"{CHECKOUT}/examples/scenes/*"
    words = ("classify-image", glob, "--model", "starter", "--top-k", 1)
    answers = [
        [record["result"][0]["label"] for record in run(*words, "--dtype", dtype).records]
        for dtype in ("float32", "bfloat16")
    ]
    assert answers[0] == answers[1]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict[Path, Scene]:
    """Files of scenes that training never saw, small and large, and all that is true of them."""
    rng, folder = np.random.default_rng(2025), tmp_path_factory.mktemp("drawn")
    scenes = {}
    for index, (width, height) in enumerate(2 * [(128, 128), (320, 240), (240, 320), (160, 128)]):
        scene = draw_scene(rng, width, height)
        path = folder / f"{index}.{'png' if width == 128 else 'jpg'}"
        Image.fromarray(scene.image).save(path)
        scenes[path] = scene
    return scenes


def test_depth_is_in_metres_and_close_to_the_truth(run, drawn):
    result = run("depth", *drawn, "--model", "starter")
    assert result.exit_code == 0
    for record, scene in zip(result.records, drawn.values(), strict=True):
        found = record["result"]
        assert found["units"] == "m"
        assert (found["height"], found["width"]) == scene.depth.shape
        assert found["mean"] == pytest.approx(scene.depth.mean(), rel=0.15)
        assert found["min"] == pytest.approx(scene.depth.min(), rel=0.3)
        assert found["max"] == pytest.approx(20, rel=0.05)  # the sky


def test_depth_follows_the_plane_and_the_objects(drawn):
    objects = []
    for record, scene in zip(taskcli.load("depth", "starter")(drawn), drawn.values(), strict=True):
        off = np.abs(record.result.values / scene.depth - 1)
        assert off[scene.panoptic != SKY].mean() < 0.12
        objects += [off[mask].mean() for mask in scene.masks]
    assert np.mean(objects) < 0.12  # one that hides behind another may be farther off


def iou(box: dict, other: np.ndarray) -> float:
    """Of a record's box and (xmin, ymin, xmax, ymax)."""
    mine = np.array([box["xmin"], box["ymin"], box["xmax"], box["ymax"]], float)
    left, right = ([[*corners[:2], *(corners[2:] - corners[:2])]] for corners in (mine, other))
    return float(coco.iou(left, right, [0])[0, 0])


def test_boxes_lie_where_the_objects_are(run, drawn):
    result = run("detect", *drawn, "--model", "starter")
    assert result.exit_code == 0
    overlaps, found = [], 0
    for record, scene in zip(result.records, drawn.values(), strict=True):
        found += len(record["result"])
        for thing, box in zip(scene.things, scene.boxes, strict=True):
            same = [one["box"] for one in record["result"] if one["label"] == thing.shape]
            overlaps.append(max((iou(one, box) for one in same), default=0.0))
    right = sum(overlap > 0.5 for overlap in overlaps)
    assert right >= 0.75 * len(overlaps)
    assert right >= 0.75 * found


def test_the_nearest_object_is_detected_in_every_example(run):
    for record in run("detect", *SCENES, "--model", "starter").records:
        certain = [one["label"] for one in record["result"] if one["score"] > 0.8]
        assert label_of(Path(record["input"])).split()[1] in certain


def overlap(mask: np.ndarray, other: np.ndarray) -> float:
    return float((mask & other).sum() / (mask | other).sum())


def regions_of(scene: Scene) -> list[tuple[str, np.ndarray]]:
    labels = ["sky", "plane", *(thing.shape for thing in scene.things)]
    return [(label, scene.panoptic == i) for i, label in enumerate(labels)]


def segments_of(record: dict) -> list[tuple[str, np.ndarray]]:
    return [(one["label"], coco.decode(one["mask"]).astype(bool)) for one in record["result"]]


@pytest.mark.parametrize("subtask", ["panoptic", "instance"])
def test_segments_lie_where_the_objects_the_plane_and_the_sky_are(subtask, run, drawn):
    result = run("segment", *drawn, "--model", "starter", "--subtask", subtask)
    assert result.exit_code == 0
    overlaps = {"sky": [], "plane": [], "object": []}
    for record, scene in zip(result.records, drawn.values(), strict=True):
        for label, mask in regions_of(scene):
            same = [overlap(mask, other) for name, other in segments_of(record) if name == label]
            overlaps.get(label, overlaps["object"]).append(max(same, default=0))
    assert min(overlaps["plane"]) > 0.9
    assert np.mean(overlaps["sky"]) > 0.85
    assert np.mean(overlaps["object"]) > 0.65


def test_semantic_segments_name_nearly_every_pixel_right(run, drawn):
    result = run("segment", *drawn, "--model", "starter", "--subtask", "semantic")
    for record, scene in zip(result.records, drawn.values(), strict=True):
        segments = segments_of(record)
        assert sum(mask.sum() for _, mask in segments) == scene.panoptic.size
        named = [
            mask & other
            for label, mask in regions_of(scene)
            for name, other in segments
            if name == label
        ]
        assert sum(mask.sum() for mask in named) > 0.9 * scene.panoptic.size


@pytest.mark.long
def test_a_reader_that_leaves_early_is_no_failure():
    command = f"{sys.executable} -m taskcli classify-image 'examples/**/*.png' --model starter"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} --quiet | head -n 1"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_records_name_the_starter(run):
    result = run("classify-image", SCENES[0], "--model", "starter")
    assert result.records[0]["model"] == "starter"
    assert result.records[0]["revision"] is None


@pytest.mark.long
def test_two_commands_at_once_need_neither_network_nor_cache(tmp_path):
    env = {**os.environ, "HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf")}
    env |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    env.pop("HF_HUB_OFFLINE", None)
    commands = [
        ["classify-image", str(SCENES[0]), "--top-k", "1"],
        ["classify-text", "--text", "I loved the film.", "--top-k", "1"],
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "taskcli", *words, "--model", "starter"],
            env=env,
            stdout=subprocess.PIPE,
        )
        for words in commands
    ]
    answers = [json.loads(one.communicate()[0])["result"][0]["label"] for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert answers == [label_of(SCENES[0]), "positive"]


def test_every_starter_has_a_card_and_stays_small():
    folders = [folder for folder in (CHECKOUT / "taskcli" / "starter").iterdir() if folder.is_dir()]
    sizes = [sum(file.stat().st_size for file in folder.iterdir()) for folder in folders]
    assert folders
    assert all((folder / "README.md").is_file() for folder in folders)
    assert max(sizes) <= 4_000_000
    assert sum(sizes) <= 40_000_000
