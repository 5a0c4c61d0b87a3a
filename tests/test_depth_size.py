"""taskcli depth on pictures of any size: what is computed, what is said of it, and the way out."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import cached
from samples import scene

from taskcli.errors import InputError
from taskcli.tasks.depth import _depth_map


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """Twelve megapixels."""
    file = tmp_path / "camera.jpg"
    scene(400, 300).resize((4000, 3000)).save(file)
    return file


def depth(run: Any, file: Path, *options: object, model: str = "glpn") -> dict[str, Any]:
    done = run("depth", file, "-m", cached(model), "--device", "cpu", *options)
    assert done.exit_code == 0, done.stderr
    (record,) = done.records
    return record


def test_a_camera_picture_is_computed_at_the_size_that_was_learnt(run: Any, camera: Path) -> None:
    """At full size the attention alone would take gigabytes."""
    record = depth(run, camera)
    assert (record["result"]["width"], record["result"]["height"]) == (4000, 3000)
    (warning,) = record["warnings"]
    assert warning.startswith("computed at 640 x 480 pixels, near what the checkpoint learnt from;")


def test_the_side_can_be_chosen(run: Any, camera: Path) -> None:
    record = depth(run, camera, "--max-side", 320)
    assert record["warnings"] == [
        "computed at 320 x 240 pixels, as asked for; --max-side changes that"
    ]
    small = camera.with_name("small.png")
    scene(400, 300).resize((4000, 3000)).resize((320, 240), reducing_gap=2.0).save(small)
    alone = depth(run, small)["result"]
    # The small picture's map is of 320 x 240 values, the camera's the same map made larger.
    assert record["result"]["mean"] == pytest.approx(alone["mean"], rel=0.01)


def test_a_small_picture_is_computed_as_it_is(run: Any, tmp_path: Path) -> None:
    scene(640, 480).save(tmp_path / "a.png")
    assert "warnings" not in depth(run, tmp_path / "a.png")
    assert "warnings" not in depth(run, tmp_path / "a.png", "--max-side", 2000)


def test_a_processor_that_fixes_the_size_is_left_to_it(run: Any, camera: Path) -> None:
    assert "warnings" not in depth(run, camera, model="dpt")


@pytest.mark.long
def test_sizes_that_are_computed_alike_share_a_batch(run: Any, camera: Path) -> None:
    """An answer in a batch is the answer alone, whatever the originals measure."""
    other = camera.with_name("other.png")
    scene(400, 300, 3).resize((2000, 1500)).save(other)
    both = run(
        "depth", camera, other, "-m", cached("glpn"), "--device", "cpu", "--dtype", "float32"
    )
    for record, file in zip(both.records, (camera, other), strict=True):
        alone = depth(run, file, "--dtype", "float32")
        for name in ("min", "max", "mean"):
            assert record["result"][name] == pytest.approx(alone["result"][name], rel=1e-4)


@contextmanager
def memory(spare: int) -> Iterator[None]:
    """This process may take so many bytes more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.long
def test_too_little_memory_is_told_with_the_way_out(run: Any, camera: Path, tmp_path: Path) -> None:
    """A single product of the first picture's attention would take 7.2 GB."""
    small = tmp_path / "small.png"
    scene(64, 64).save(small)
    with memory(2 << 30):
        words = ("-m", cached("glpn"), "--device", "cpu", "--max-side", 3200)
        done = run("depth", camera, small, *words)
    assert done.exit_code == 1, done.stderr
    failed, answered = done.records
    assert failed["error"]["message"].startswith("it needs more memory than there is (cpu): ")
    assert failed["error"]["hint"] == "--max-side 640 computes it smaller"
    assert "result" in answered


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_depth_that_is_no_number_is_an_error(value: float) -> None:
    depth = torch.ones(7, 9)
    depth[3, 4] = value
    with pytest.raises(InputError, match="not numbers"):
        _depth_map(depth, "m")
