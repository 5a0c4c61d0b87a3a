"""What `taskcli explain` shows of pictures' models: numbers of which the right ones are known."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import BY_TASK, cached
from PIL import Image

import taskcli
from recipes.scenes import Scene, draw_scene
from taskcli.explain import explain
from taskcli.explain.stages import stage_with
from taskcli.explain.views.kinds import Box, Frame, Looks, Maps, Rows, View
from taskcli.explain.views.patches import looks, rollout
from taskcli.explain.views.picture import bounded
from taskcli.inputs.sources import Reading, resolve
from taskcli.output.drawing.annotator import decoded
from taskcli.tasks import TASKS

SIDE = 128  # pixels of a scene, as the starters learnt from


@cache
def loaded(task: str, model: str = "starter", **options: Any) -> Any:
    return taskcli.load(task, model, device="cpu", dtype="float32", **options)


def explained(picture: Path, task: str, model: str = "starter", **options: Any) -> Any:
    asked = loaded(task, model, **options)
    reading = Reading(asked.task.media, asked.task.text_fields)
    (source,) = (
        resolve([str(picture)], reading).with_fields(asked.task.variants(asked.options)).items
    )
    found = explain(asked, source, views=True)
    assert found.record.error is None
    assert found.look.same
    return found


def view(found: Any, title: str) -> Any:
    (one,) = (one for one in found.look.views if one.title.startswith(title))
    return one


def titled(found: Any, title: str) -> list[Any]:
    return [one for one in found.look.views if one.title.startswith(title)]


def frames(maps: Maps | Looks) -> dict[tuple[str, ...], Frame]:
    return {one.place: one for one in maps.frames}


def solids(count: int, most: int, seed: int = 7) -> Iterator[tuple[Path, Scene]]:
    rng = np.random.default_rng(seed)
    for number in range(count):
        scene = draw_scene(rng, SIDE, SIDE, supersample=2, max_things=most)
        path = Path(f"scene-{number}.png")
        Image.fromarray(scene.image).save(path)
        yield path, scene


def density(values: np.ndarray, box: Box, around: float = 0.0) -> float:
    """The share of a map that lies in a box, by the share of the picture that this box is."""
    left, top, right, bottom = box
    wider, higher = (right - left) * around, (bottom - top) * around
    across = covered(values.shape[1], max(left - wider, 0), min(right + wider, 1))
    down = covered(values.shape[0], max(top - higher, 0), min(bottom + higher, 1))
    area = across.mean() * down.mean()
    return float((values * np.outer(down, across)).sum() / values.sum() / area)


def covered(cells: int, first: float, last: float) -> np.ndarray:
    """How much of each of so many cells lies between two shares."""
    edges = np.arange(cells + 1) / cells
    inside = np.minimum(edges[1:], last) - np.maximum(edges[:-1], first)
    return np.clip(inside, 0, None) * cells


# Patches


def test_rollout_of_tokens_that_look_at_themselves_is_the_identity() -> None:
    assert np.array_equal(rollout([np.eye(5)[None].repeat(2, 0)] * 3), np.eye(5))


def test_rollout_follows_a_token_through_two_layers() -> None:
    """By hand: half of each token stays; in the second layer the first looks at the second."""
    first = np.array([[[1.0, 0, 0], [0, 0, 1], [0, 0, 1]]])
    second = np.array([[[0.0, 1, 0], [0, 1, 0], [0, 0, 1]]])
    taken = rollout([first, second])
    assert np.allclose(taken, [[0.5, 0.25, 0.25], [0, 0.5, 0.5], [0, 0, 1]])


@pytest.mark.long
def test_rollout_lies_on_the_solid() -> None:
    """Measured on 20 scenes: 1.8 to 7.5 times the box's share, 3.6 on the mean; 5 to 28 times in
    the last layer."""
    traced, last = [], []
    for path, scene in solids(8, most=1):
        maps = frames(view(explained(path, "classify-image"), "Where [CLS] looks"))
        box = tuple(scene.boxes[0] / SIDE)
        traced.append(density(maps["all layers", "rollout"].values, box))
        last.append(density(maps["layer 6", "mean of heads"].values, box))
    assert min(traced) > 1.3
    assert np.mean(traced) > 2.5
    assert np.mean(last) > np.mean(traced)


def test_all_layers_and_heads_of_a_vit_are_shown() -> None:
    ((path, _),) = solids(1, most=1)
    found = explained(path, "classify-image")
    seen = frames(view(found, "Where [CLS] looks"))
    assert {one.values.shape for one in seen.values()} == {(8, 8)}
    assert len(seen) == 1 + 6 * (1 + 4)
    mean = np.mean([seen["layer 3", f"head {head}"].values for head in range(1, 5)], 0)
    assert np.allclose(mean, seen["layer 3", "mean of heads"].values, atol=1e-6)
    patches = view(found, "Where each patch looks")
    assert (patches.grid, len(patches.frames)) == ((8, 8), 6 * (1 + 4))
    sums = np.array([one.values.sum(-1) for one in patches.frames])
    assert (sums <= 1 + 1e-5).all()
    assert sums.max() > 0.9, "what is left goes to [CLS]"
    assert stage_with(found.stages, patches.stage).name == "Encoder"


def test_large_attention_is_joined_and_its_rows_still_sum_to_one() -> None:
    grid = (30, 41)
    places = grid[0] * grid[1]
    weights = np.random.default_rng(0).random((4, places, places), np.float32)
    weights /= weights.sum(-1, keepdims=True)
    shown = looks("stage", "title", "about.", [weights] * 3, grid, None)
    assert [one.place[1] for one in shown.frames] == ["mean of heads"] * 3
    assert shown.grid == (15, 21)
    assert "2 x 2" in shown.about
    assert sum(one.values.size for one in shown.frames) <= 3_000_000
    for one in shown.frames:
        assert np.allclose(one.values.sum(-1), 1, atol=1e-4)


# Features


def test_stages_of_a_convnext_have_maps() -> None:
    ((path, _),) = solids(1, most=1)
    found = explained(path, "classify-image", "starter-convnext")
    maps = titled(found, "Features at")
    assert [one.stage.rpartition("convnext.")[2] for one in maps] == [
        "embeddings", "encoder.stages.0", "encoder.stages.1", "encoder.stages.2",
    ]  # fmt: skip
    assert [one.frames[0].values.shape[0] for one in maps] == [32, 32, 16, 8]
    assert "1/16: 192 channels, 8 x 8 places" in maps[-1].title
    assert all(one.frames[0].values.min() >= 0 and one.extent is not None for one in maps)
    assert {len(one.frames) for one in maps} == {6}


def test_maps_are_averaged_to_what_can_be_shown() -> None:
    values = np.arange(200 * 100, dtype=np.float32).reshape(200, 100)
    small = bounded(values)
    assert small.shape == (67, 34)
    assert small.mean() == pytest.approx(values.mean(), rel=0.01)
    assert bounded(values[:96, :50]) is not None


def test_maps_lie_where_the_processor_cut_them_out() -> None:
    """ConvNeXT's, of 32 pixels at 0.875: the middle of 4:3, of which the shorter side is 36."""
    Image.new("RGB", (640, 480)).save("wide.png")
    found = explained(Path("wide.png"), "classify-image", str(cached("convnext")))
    extents = {one.extent for one in titled(found, "Features at")}
    ((left, top, right, bottom),) = extents
    assert (top, bottom) == pytest.approx((1 / 18, 17 / 18), abs=0.01)
    assert (left, right) == pytest.approx((1 / 6, 5 / 6), abs=0.01)


# Queries


def test_boxes_of_kept_queries_are_the_answers() -> None:
    for path, _ in solids(4, most=4):
        found = explained(path, "detect")
        shown = view(found, "Where each query looks")
        kept = [one for one in shown.frames if one.note == "kept" and one.place[1] == "layer 3"]
        answered = [[side / SIDE for side in one.sides] for one in found.record.result]
        assert [list(one.box) for one in kept] == [pytest.approx(one, abs=1e-3) for one in answered]
        dropped = {one.note for one in shown.frames if one.note != "kept"}
        assert dropped
        assert all(note.startswith("dropped: ") for note in dropped)
        table = view(found, "All queries")
        assert len(table.rows) == 10
        fates = [row[4] for row in table.rows]
        assert fates.count("kept") == len(answered)
        assert set(fates[: len(answered)]) == {"kept"}
        for row, one in zip(table.rows, found.record.result, strict=False):
            assert row[1] == one.label
            assert row[2] == pytest.approx(one.score, abs=1e-4)


def test_kept_queries_look_at_their_boxes() -> None:
    """Measured on 12 scenes: 3.4 to 28 times the share of the box, a fifth wider on each side."""
    found = [
        density(one.values, one.box, 0.2)
        for path, _ in solids(5, most=3)
        for one in view(explained(path, "detect"), "Where each query looks").frames
        if one.note == "kept"
    ]
    assert min(found) > 2
    assert np.mean(found) > 6


def test_cross_attention_is_of_every_layer_and_sums_to_one() -> None:
    ((path, _),) = solids(1, most=1)
    shown = view(explained(path, "detect"), "Where each query looks")
    assert {one.place[1] for one in shown.frames} == {"layer 1", "layer 2", "layer 3"}
    assert {one.values.shape for one in shown.frames} == {(16, 16)}
    assert all(one.values.sum() == pytest.approx(1, abs=1e-4) for one in shown.frames)


def test_boxes_move_to_the_answer() -> None:
    rows = [
        row
        for path, _ in solids(4, most=3)
        for row in view(explained(path, "detect"), "How boxes move").rows
    ]
    by_layer = {
        layer: np.mean([row[-1] for row in rows if row[1] == layer])
        for layer in ("layer 1", "layer 2", "layer 3")
    }
    assert 0.7 < by_layer["layer 1"] < by_layer["layer 3"]
    assert by_layer["layer 3"] == pytest.approx(1, abs=0.01)


# Masks


@pytest.mark.long
def test_the_last_masks_are_the_segments_and_grow_towards_them() -> None:
    """Measured of solids on 8 scenes: 0.84, 0.91, 0.92, 0.96, 0.97 of the last mask."""
    grown, matched = [], []
    for path, _ in solids(5, most=5, seed=1):
        found = explained(path, "segment")
        shown = frames(view(found, "Masks that queries propose"))
        sharpened = view(found, "How masks sharpen")
        assert len(sharpened.rows) == len(found.record.result)
        assert sharpened.heads[1:] == ("learned queries", *(f"layer {one}" for one in range(1, 6)))
        for row, segment in zip(sharpened.rows, found.record.result, strict=True):
            assert segment.label in row[0]
            mask = shown[row[0], "layer 5"].values > 0.5
            region = decoded(segment.mask).reshape(32, 4, 32, 4).mean((1, 3)) > 0.5
            matched.append((mask & region).sum() / (mask | region).sum())
            if segment.label not in ("sky", "plane"):
                grown.append(row[1:])
    assert min(matched) > 0.5, "a small solid has few places, and may lose some to others"
    assert np.mean(matched) > 0.9
    means = np.mean(grown, 0)
    assert 0.5 < means[0] < means[1:3].mean() < means[3:5].mean() < means[5] == 1


def test_masks_are_probabilities_of_kept_and_of_dropped_queries() -> None:
    ((path, _),) = solids(1, most=2)
    found = explained(path, "segment")
    shown = view(found, "Masks that queries propose")
    queries = {one.place[0] for one in shown.frames}
    assert len(queries) == len(found.record.result) + 4
    assert all(0 <= one.values.min() <= one.values.max() <= 1 for one in shown.frames)
    assert stage_with(found.stages, shown.stage).name == "Mask predictor"


def test_the_pixel_decoder_has_all_scales_and_queries_look_at_three() -> None:
    ((path, _),) = solids(1, most=2)
    found = explained(path, "segment")
    scales = [
        one.title.split(":")[0]
        for one in titled(found, "Features at")
        if stage_with(found.stages, one.stage).module.endswith("decoder.encoder.layers")
    ]
    assert scales == [f"Features at 1/{side}" for side in (32, 16, 8)]
    decoder = "model.pixel_level_module.decoder"
    assert [one.stage for one in found.look.views].count(f"{decoder}.mask_projection") == 1
    looked = view(found, "Where each query looks")
    by_layer = {one.place[1]: one.values.shape for one in looked.frames}
    assert list(by_layer.values()) == [(4, 4), (8, 8), (16, 16), (4, 4), (8, 8)]
    assert all(one.values.sum() == pytest.approx(1, abs=1e-3) for one in looked.frames)


def test_labels_of_a_semantic_answer_are_maps() -> None:
    ((path, _),) = solids(1, most=2)
    found = explained(path, "segment", str(cached("segformer")))
    shown = view(found, "How likely each label is")
    largest = sorted(found.record.result, key=lambda one: -one.area)
    assert [one.place[0] for one in shown.frames] == [one.label for one in largest]
    assert sum(one.values for one in shown.frames).max() <= 1 + 1e-5


# Depth


def test_selective_fusion_weighs_two_maps_at_each_scale() -> None:
    ((path, _),) = solids(1, most=2)
    found = explained(path, "depth")
    fused = titled(found, "Selective feature fusion at")
    assert [one.title.rpartition(" ")[2] for one in fused] == ["1/16", "1/8", "1/4"]
    assert [one.frames[0].values.shape for one in fused] == [(8, 8), (16, 16), (32, 32)]
    for one in fused:
        assert [frame.place for frame in one.frames] == [
            ("the encoder's map",),
            ("the coarser map",),
        ]
        assert all(0 <= frame.values.min() <= frame.values.max() <= 1 for frame in one.frames)
        assert stage_with(found.stages, one.stage).module == one.stage


def test_what_is_fused_is_the_sum_of_both_maps_times_their_weights() -> None:
    """The module's own output, from the weights that are shown."""
    ((path, _),) = solids(1, most=2)
    model = loaded("depth", "starter").loaded.model
    kept: list[Any] = []
    hook = model.decoder.stages[2].fusion.register_forward_hook(
        lambda module, given, gives: kept.append((given, gives))
    )
    try:
        found = explained(path, "depth")
    finally:
        hook.remove()
    (local, coarser), gives = ((one[0].numpy() for one in kept[-1][0]), kept[-1][1][0].numpy())
    first, second = (one.values for one in view(found, "Selective feature fusion at 1/8").frames)
    assert np.allclose(local * first + coarser * second, gives, atol=1e-4)


def test_depth_is_the_answers_and_true_at_finer_scales() -> None:
    """How the map of each scale goes with true depth, measured: 0.58, 0.97, 0.96, 0.996, 0.999."""
    ((path, scene),) = solids(1, most=2)
    found = explained(path, "depth")
    answer = (
        view(found, "Depth") if len(titled(found, "Depth")) == 1 else titled(found, "Depth")[-1]
    )
    assert answer.unit == "m"
    (frame,) = answer.frames
    result = found.record.result
    assert frame.values.shape == (SIDE, SIDE)
    assert (frame.values.min(), frame.values.max()) == pytest.approx((result.min, result.max))
    scales = view(found, "Depth at each scale")
    assert [one.place[0] for one in scales.frames] == ["1/32", "1/16", "1/8", "1/4", "1/1"]
    near = [alike(one.values, scene.depth) for one in scales.frames]
    assert min(near[1:]) > 0.85
    assert near[-1] > 0.98
    assert near[-1] == max(near)


def alike(values: np.ndarray, true: np.ndarray) -> float:
    small = Image.fromarray(true).resize(values.shape[::-1], Image.Resampling.BOX)
    return float(np.corrcoef(values.ravel(), np.asarray(small).ravel())[0, 1])


# Other architectures

OTHERS = {
    "classify-image": ("deit", "beit", "dinov2_with_registers", "swin", "resnet", "siglip"),
    "detect": ("yolos", "rt_detr", "deformable_detr", "conditional_detr"),
    "segment": ("maskformer", "segformer", "detr-panoptic", "eomt", "upernet"),
    "depth": ("dpt", "depth-anything"),
}
TITLES = {
    "deit": {"Where [CLS] looks", "Where each patch looks"},
    "beit": {"Where [CLS] looks", "Where each patch looks"},
    "dinov2_with_registers": {"Where [CLS] looks", "Where each patch looks"},
    "siglip": {"Where each patch looks", "Features"},  # which has no [CLS]
    "swin": {"Features"},
    "resnet": {"Features"},
    "yolos": {
        "Where [CLS] looks", "Where each patch looks", "Where each query looks", "All queries",
    },
    "rt_detr": {"Features", "All queries"},
    "deformable_detr": {"Features", "All queries"},
    "conditional_detr": {
        "Features", "Where each place looks", "Where each query looks", "All queries",
    },
    "maskformer": {"Features", "Masks that queries propose"},
    "segformer": {"Features", "How likely each label is"},
    "detr-panoptic": {"Features", "Masks that queries propose"},
    "eomt": {"Features", "Masks that queries propose"},
    "upernet": {"Features", "How likely each label is"},
    "dpt": {"Where [CLS] looks", "Where each patch looks", "Features", "Depth"},
    "depth-anything": {"Where [CLS] looks", "Where each patch looks", "Features", "Depth"},
}  # fmt: skip
CASES = [(task, name) for task, names in OTHERS.items() for name in names]


@pytest.mark.long
@pytest.mark.parametrize(("task", "name"), CASES)
def test_other_architectures_show_what_they_have(task: str, name: str, tmp_path: Path) -> None:
    options = {"detect": {"threshold": 0.3}, "segment": {"threshold": 0.0}}.get(task, {})
    rng = np.random.default_rng(3)
    Image.fromarray(draw_scene(rng, 160, 120).image).save("wide.png")
    found = explained(Path("wide.png"), task, str(folder_of(task, name, tmp_path)), **options)
    assert {named(one) for one in found.look.views} == TITLES[name]
    for one in found.look.views:
        assert_sound(one)
        assert stage_with(found.stages, one.stage)


def folder_of(task: str, name: str, folder: Path) -> Path:
    from parity.checkpoint import make

    if name in BY_TASK[task]:
        return cached(name)
    (folder / name).mkdir()
    make(next(one for one in TASKS if one.name == task), name, folder / name)
    return folder / name


def named(one: View) -> str:
    """Its title, without what is its size or its layers."""
    return one.title.split(" at ")[0].split(",")[0]


def assert_sound(one: View) -> None:
    assert one.about.endswith(".")
    if isinstance(one, Maps | Looks):
        assert one.frames
        assert all(np.isfinite(frame.values).all() for frame in one.frames)
        assert len({frame.place for frame in one.frames}) == len(one.frames)
        assert all(len(frame.place) == len(one.axes) for frame in one.frames)
    if isinstance(one, Rows):
        assert all(len(row) == len(one.heads) for row in one.rows)
        places = [list(one.heads).index(name) for name in one.shares & set(one.heads)]
        assert all(0 <= float(row[place]) <= 1.00001 for row in one.rows for place in places)


@pytest.mark.parametrize("task", ["detect", "segment", "depth"])
def test_a_picture_of_one_pixel_is_shown_as_it_is(task: str) -> None:
    Image.new("RGB", (1, 1), (255, 0, 0)).save("red.png")
    item = explained(Path("red.png"), task).look.item
    assert (item.image.size, item.image.getpixel((0, 0))) == ((1, 1), (255, 0, 0))
