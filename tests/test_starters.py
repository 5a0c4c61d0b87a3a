"""The checkpoints that ship: what they answer about files whose content is known."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

CHECKOUT = Path(__file__).resolve().parent.parent
SCENES = sorted((CHECKOUT / "examples" / "scenes").glob("*.*"))


def label_of(path: Path) -> str:
    """`red-cube.png` shows a red cube nearest to the camera."""
    return path.stem.replace("-", " ")


@pytest.mark.parametrize("scene", SCENES, ids=lambda path: path.name)
def test_classify_image_names_the_nearest_object(run, scene):
    result = run("classify-image", scene, "--model", "starter", "--top-k", 1)
    assert result.exit_code == 0
    [best] = result.records[0]["result"]
    assert best["label"] == label_of(scene)


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


def test_every_starter_has_a_card_and_stays_small():
    folders = [folder for folder in (CHECKOUT / "taskcli" / "starter").iterdir() if folder.is_dir()]
    sizes = [sum(file.stat().st_size for file in folder.iterdir()) for folder in folders]
    assert folders
    assert all((folder / "README.md").is_file() for folder in folders)
    assert max(sizes) <= 4_000_000
    assert sum(sizes) <= 40_000_000
