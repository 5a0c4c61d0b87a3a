"""--tiles: what is small in a large picture is found, once, whole and in place."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain, combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from checkpoints import cached
from conftest import Finished
from models import load, pixels
from PIL import Image
from samples import scene
from transformers.models.oneformer.image_processing_pil_oneformer import prepare_metadata

import taskcli
from recipes import scenes
from recipes.scenes import (
    FIRST_THING,
    Camera,
    Layout,
    Scene,
    Thing,
    draw_colour,
    draw_scene,
    draw_surroundings,
    trace,
)
from taskcli.media.decode.room import Room
from taskcli.results import Box, Detection, Segment
from taskcli.runtime import pictures
from taskcli.tasks.pieces import one_each
from taskcli.tasks.run_lengths import regions
from taskcli.tasks.seams import joined
from taskcli.tasks.segment import _areas
from taskcli.tasks.stitching import stitched
from taskcli.tasks.tiling import Frame, cores, frames

Run = Callable[..., Finished]
SIDE, TILE = 1024, 320


# Where tiles lie


@pytest.mark.parametrize("size", [(1000, 700), (641, 641), (3000, 200), (640, 1281)], ids=str)
@pytest.mark.parametrize("overlap", [0.0, 0.2, 0.5])
def test_tiles_cover_a_picture_and_share_what_was_asked_for(
    size: tuple[int, int], overlap: float
) -> None:
    whole, *tiles = frames(size, 640, overlap)
    assert whole == (0, 0, *size)
    covered = np.zeros(size, int)
    for left, top, right, bottom in tiles:
        assert 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]
        assert (right - left, bottom - top) == (min(640, size[0]), min(640, size[1]))
        covered[left:right, top:bottom] += 1
    assert covered.min() == 1 or overlap > 0
    assert covered.min() >= 1
    for axis in (0, 1):
        starts = sorted({tile[axis] for tile in tiles})
        assert all(b - a <= 640 * (1 - overlap) for a, b in pairwise(starts))
    assert len(set(tiles)) == len(tiles)


@pytest.mark.parametrize("size", [(640, 640), (20, 639), (1, 1)], ids=str)
def test_a_picture_no_larger_than_a_tile_has_none(size: tuple[int, int]) -> None:
    assert frames(size, 640, 0.2) == [(0, 0, *size)]


# What is put together. Two tiles of a picture of 180 x 100, which share 20 columns.

WHOLE: Frame = (0, 0, 180, 100)
LEFT: Frame = (0, 0, 100, 100)
RIGHT: Frame = (80, 0, 180, 100)


def box(label: str, score: float, *sides: float) -> Detection:
    return Detection.at(label, score, sides)


def put_together(*views: tuple[Frame, list[Detection]]) -> list[tuple[str, float, tuple[int, ...]]]:
    """Boxes in pixels of the picture, as each view's own model would place them."""
    shifted = [
        [
            Detection.at(
                one.label,
                one.score,
                [side - frame[number % 2] for number, side in enumerate(one.sides)],
            )
            for one in found
        ]
        for frame, found in views
    ]
    made = joined(shifted, [frame for frame, _ in views])
    return [(one.label, one.score, one.box.sides) for one in made]


def test_two_halves_are_one() -> None:
    """Each is more than twice as wide as what both tiles see."""
    found = put_together(
        (WHOLE, []),
        (LEFT, [box("bus", 0.7, 30, 20, 100, 60)]),
        (RIGHT, [box("bus", 0.9, 80, 21, 150, 62)]),
    )
    assert found == [("bus", 0.9, (30, 20, 150, 62))]


def test_two_halves_at_tiles_that_only_touch_are_one() -> None:
    found = put_together(
        ((0, 0, 200, 100), []),
        ((0, 0, 100, 100), [box("bus", 0.7, 30, 20, 99, 60)]),
        ((100, 0, 200, 100), [box("bus", 0.6, 101, 22, 150, 61)]),
    )
    assert found == [("bus", 0.7, (30, 20, 150, 61))]


def test_four_quarters_at_a_corner_are_one() -> None:
    tiles = [(left, top, left + 100, top + 100) for top in (0, 80) for left in (0, 80)]
    views = [
        (
            tile,
            [
                box(
                    "tent",
                    0.6,
                    max(40, tile[0]),
                    max(50, tile[1]),
                    min(140, tile[2]),
                    min(130, tile[3]),
                )
            ],
        )
        for tile in tiles
    ]
    assert put_together(((0, 0, 180, 180), []), *views) == [("tent", 0.6, (40, 50, 140, 130))]


def test_what_is_seen_twice_whole_is_one_and_the_surer() -> None:
    found = put_together(
        (WHOLE, [box("cup", 0.5, 84, 41, 97, 53)]),
        (LEFT, [box("cup", 0.8, 83, 40, 96, 52)]),
        (RIGHT, [box("cup", 0.9, 83, 40, 97, 52)]),
    )
    assert found == [("cup", 0.9, (83, 40, 97, 52))]


def test_a_piece_of_what_is_seen_whole_is_no_object() -> None:
    """Neither under its label nor, as half of a thing looks like another, under one of its own."""
    found = put_together(
        (WHOLE, []),
        (LEFT, [box("cup", 0.95, 85, 40, 100, 60), box("hat", 0.99, 86, 40, 100, 60)]),
        (RIGHT, [box("cup", 0.6, 85, 40, 110, 60)]),
    )
    assert found == [("cup", 0.6, (85, 40, 110, 60))]


def test_a_large_object_takes_in_what_tiles_see_of_it() -> None:
    found = put_together(
        (WHOLE, [box("bus", 0.6, 10, 10, 170, 90)]),
        (LEFT, [box("bus", 0.9, 60, 10, 100, 90)]),
        (RIGHT, [box("bus", 0.9, 80, 12, 120, 50)]),
    )
    assert found == [("bus", 0.6, (10, 10, 170, 90))]


def test_neighbours_in_one_tile_are_two() -> None:
    """The model says so, however much they hide of each other; the other tile sees both again."""
    both = [box("man", 0.9, 82, 20, 95, 60), box("man", 0.8, 84, 22, 97, 62)]
    found = put_together((WHOLE, []), (LEFT, both), (RIGHT, both))
    assert found == [("man", 0.9, (82, 20, 95, 60)), ("man", 0.8, (84, 22, 97, 62))]


def test_what_is_small_before_what_is_large_stays() -> None:
    """Only what lies at a seam may be a piece; other things are before one another."""
    found = put_together(
        (WHOLE, [box("man", 0.9, 10, 5, 70, 95)]),
        (LEFT, [box("man", 0.6, 50, 40, 56, 56)]),
        (RIGHT, []),
    )
    assert found == [("man", 0.9, (10, 5, 70, 95)), ("man", 0.6, (50, 40, 56, 56))]


def test_other_labels_and_other_places_are_others() -> None:
    found = put_together(
        (WHOLE, []),
        (LEFT, [box("bus", 0.7, 30, 20, 100, 60), box("cat", 0.4, 5, 5, 15, 15)]),
        (RIGHT, [box("van", 0.9, 80, 61, 150, 99), box("bus", 0.5, 80, 70, 150, 98)]),
    )
    assert [one[:2] for one in found] == [("van", 0.9), ("bus", 0.7), ("bus", 0.5), ("cat", 0.4)]


def test_nothing_is_nothing() -> None:
    assert put_together((WHOLE, []), (LEFT, []), (RIGHT, [])) == []


# What a detector finds


def solids(seed: int, count: int = 12) -> Scene:
    """A large picture: things are as large in its tiles as others of their world in a picture."""
    rng, camera = np.random.default_rng(seed), Camera(SIDE, SIDE, 1.8, 0.45)
    things: list[Thing] = []
    while len(things) < count:
        shape, colour = (str(rng.choice(list(one))) for one in (scenes.SHAPES, scenes.COLOURS))
        z = rng.uniform(1.8, 5.5)
        x, size = rng.uniform(-0.45, 0.45) * z, rng.uniform(0.032, 0.048) * z
        rgb, turn = draw_colour(rng, colour), rng.uniform(0, np.pi / 2)
        thing = Thing(shape, colour, x, z, size, turn, rgb)
        if scenes._in_frame(camera, thing) and all(apart(camera, thing, one) for one in things):
            things.append(thing)
    surroundings = draw_surroundings(rng)
    plain = surroundings.tiles.mean(0, keepdims=True).repeat(2, 0)  # or tiles look like cubes
    surroundings = replace(surroundings, tiles=plain, noise=0.01)
    layout = Layout(camera, surroundings, tuple(things))
    return scenes._assemble(layout, trace(layout), rng, 1)


def apart(camera: Camera, one: Thing, other: Thing) -> bool:
    """Whether two things stand clear of each other in the picture."""
    (left, top, right, bottom), beside = (scenes._frame_of(camera, each) for each in (one, other))
    gap = 20
    return bool(
        left - gap > beside[2]
        or top - gap > beside[3]
        or right + gap < beside[0]
        or bottom + gap < beside[1]
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Scene]:
    folder = tmp_path_factory.mktemp("large")
    made = {folder / f"{seed}.jpg": solids(seed) for seed in (0, 1, 4)}
    for file, picture in made.items():
        Image.fromarray(picture.image).save(file, quality=92)
    return made


@pytest.mark.long
def test_small_things_are_missed_in_the_whole_and_found_once_in_tiles(
    drawn: dict[Path, Scene],
) -> None:
    """By boxes that cover at least half of what they cover together with the true one."""
    model = taskcli.load("detect", "starter", device="cpu", dtype="float32")
    known, missed, found = 0, 0, 0
    whole, parts = model(list(drawn)), model.bind(tiles=TILE)(list(drawn))
    for picture, once, again in zip(drawn.values(), whole, parts, strict=True):
        for box in picture.boxes:
            known += 1
            missed += not any(overlap(one, box) > 0.5 for one in once.result)
            found += any(overlap(one, box) > 0.5 for one in again.result)
        for one, other in combinations(again.result, 2):
            assert one.label != other.label or overlap(one, np.array(other.sides)) <= 0.5
        assert [one.score for one in again.result] == sorted(
            (one.score for one in again.result), reverse=True
        )
    assert missed >= 0.85 * known
    assert found >= 0.85 * known


def overlap(one: Detection, box: np.ndarray) -> float:
    """Intersection over union."""
    low, high = np.maximum(one.sides[:2], box[:2]), np.minimum(one.sides[2:], box[2:])
    shared = np.prod((high - low).clip(min=0))
    return float(shared / (one.area + np.prod(box[2:] - box[:2]) - shared))


# How they are decoded, encoded and batched


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(8):
        scene(600, 500, number).save(folder / f"{number}.png", compress_level=1)
    return folder


def sources(folder: Path) -> Any:
    from taskcli.inputs.reading import Reading
    from taskcli.inputs.sources import resolve
    from taskcli.media.items import Media

    return resolve([str(folder)], Reading(Media.IMAGE, ()))


@pytest.mark.long
def test_few_pictures_are_whole_while_their_tiles_wait(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for one, and ahead of the device for less than a tile, all are answered."""
    model = load("detect", "detr", threshold=0.3, tiles=200)
    expected = [one.record.result for one in model.run(sources(many)).answers()]
    most, take, config = [0], Room._take, taskcli.api.Run.batching_config

    def noted(room: Room, weight: int, rank: int) -> None:
        take(room, weight, rank)
        most[0] = max(most[0], room._taken)

    monkeypatch.setattr(Room, "_take", noted)
    monkeypatch.setattr(pictures, "_LARGEST", 1)
    monkeypatch.setattr(pictures, "_USUAL", 0)
    monkeypatch.setattr("taskcli.api.batching.usable_cores", lambda: 3)
    monkeypatch.setattr(
        taskcli.api.Run, "batching_config", lambda run: replace(config(run), lookahead=1)
    )
    answered = list(model.run(sources(many)).answers())
    found = [one.record.result for one in answered]
    assert [len(one) for one in found] == [len(one) for one in expected]
    for one, other in zip(chain(*found), chain(*expected), strict=True):
        assert one.label == other.label
        assert one.sides == pytest.approx(other.sides, abs=0.05)
    assert 600 * 500 * 4 <= most[0] <= 3 * 600 * 500 * 4, "a picture for each thread at most"
    shown = answered[0].item
    assert shown is not None
    assert (shown.size, shown.image.size) == ((600, 500), (600, 500))


def test_who_comes_before_all_inside_is_let_in_and_others_wait_in_order() -> None:
    room, order = Room(10), list[int]()

    def come(rank: int) -> None:
        with room.entered(rank) as claim:
            claim(10)
            order.append(rank)

    with ExitStack() as held:
        held.enter_context(room.entered(5))(10)
        come(2)
        threads = [threading.Thread(target=come, args=(rank,)) for rank in (9, 7)]
        for count, thread in enumerate(threads, 1):
            thread.start()
            while len(room._waiting) < count:
                time.sleep(0.001)
        assert order == [2]
    for thread in threads:
        thread.join()
    assert order == [2, 7, 9]


def test_parts_share_batches_and_answer_as_alone(run: Run, many: Path) -> None:
    words = ("detect", many / "1.png", many / "2.png", "-m", cached("detr"), "--tiles", 256)
    together = run(*words, "--threshold", 0.3, "--dtype", "float32")
    alone = run(*words, "--threshold", 0.3, "--dtype", "float32", "--batch-size", 1)
    assert together.exit_code == alone.exit_code == 0
    for one, other in zip(together.records, alone.records, strict=True):
        assert [found["label"] for found in one["result"]] == [
            found["label"] for found in other["result"]
        ]
        assert one["result"]


def test_boxes_are_of_the_upright_picture(many: Path) -> None:
    upright = Image.open(many / "1.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save("turned.png", exif=turned)
    model = load("detect", "detr", threshold=0.3, tiles=200)
    first, second = model([many / "1.png", "turned.png"])
    assert first.result == second.result != []
    assert max(one.box.xmax for one in first.result) > 500


def test_a_picture_that_cannot_be_read_is_one_error(run: Run, many: Path) -> None:
    Path("cut.png").write_bytes((many / "1.png").read_bytes()[:5000])
    done = run("detect", "cut.png", many / "1.png", "-m", cached("detr"), "--tiles", 256)
    assert done.exit_code == 1
    broken, whole = done.records
    assert broken["error"]["type"] == "InputError"
    assert "result" in whole


def test_a_small_picture_is_answered_as_without_tiles(run: Run, many: Path) -> None:
    words = ("detect", many / "1.png", "-m", cached("detr"), "--threshold", 0.3)
    assert run(*words, "--tiles", 600).records == run(*words).records


@pytest.mark.parametrize("how", [("--tiles", 20), ("--tiles", 256, "--overlap", 0.95)])
def test_tiles_of_no_use_are_refused(run: Run, many: Path, how: tuple[object, ...]) -> None:
    done = run("detect", many, "-m", cached("detr"), *how)
    assert (done.exit_code, done.stdout) == (2, "")
    assert str(how[-2]) in done.stderr


def test_what_is_looked_into_may_have_tiles(run: Run, many: Path) -> None:
    words = ("detect", many / "1.png", "-m", cached("detr"), "--threshold", 0.3, "--tiles", 256)
    done = run("explain", *words, "--report", "page.html", "--format", "jsonl")
    assert done.exit_code == 0, done.stderr
    assert Path("page.html").exists()


# segment


@pytest.mark.parametrize("size", [(1000, 700), (641, 641), (3000, 200)], ids=str)
@pytest.mark.parametrize("overlap", [0.0, 0.2, 0.7])
def test_every_pixel_is_of_one_tile_and_not_near_its_edge(
    size: tuple[int, int], overlap: float
) -> None:
    tiles = frames(size, 640, overlap)[1:]
    owned = np.zeros(size, int)
    for tile, core in zip(tiles, cores(tiles), strict=True):
        assert tile[0] <= core[0] < core[2] <= tile[2]
        assert tile[1] <= core[1] < core[3] <= tile[3]
        owned[core[0] : core[2], core[1] : core[3]] += 1
    assert (owned == 1).all()


def test_regions_of_tiles_meet_in_the_middle_of_what_they_share() -> None:
    """The left tile takes all for sky, the right one its lower half for sea."""
    left, right = np.ones((100, 100), int), np.ones((100, 100), int)
    right[50:] = 2
    found = [
        [
            Segment(label, None, *where[number])
            for number, label in ((1, "sky"), (2, "sea"))
            if number in where
        ]
        for where in map(regions, (left, right))
    ]
    sea, sky = stitched(found, [LEFT, RIGHT], (180, 100), ["sea", "air", "sky"])
    expected = np.zeros((100, 180), bool)
    expected[50:, 90:] = True
    assert (sea.label, sky.label) == ("sea", "sky")
    assert np.array_equal(pixels(sea.mask), expected)
    assert np.array_equal(pixels(sky.mask), ~expected)
    assert (sea.area, sea.score, sea.box) == (expected.sum(), None, Box(90, 50, 180, 100))


@pytest.mark.parametrize("subtask", ["auto", "panoptic", "instance"])
def test_objects_of_tiles_that_share_next_to_nothing_are_refused(
    run: Run, many: Path, subtask: str
) -> None:
    words = ("segment", many, "-m", "starter", "--tiles", 256, "--overlap", 0.05)
    done = run(*words, "--subtask", subtask)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--overlap 0.05: tiles that share less than 16 pixels do not tell which" in done.stderr
    assert "raise --overlap, or --subtask semantic" in done.stderr


def seen_in(
    frame: Frame, ids: np.ndarray, labels: dict[int, str], score: float = 0.9
) -> list[Segment]:
    """What a tile would say of a map of numbers [height, width], of which 0 is nothing."""
    left, top, right, bottom = frame
    where = regions(np.ascontiguousarray(ids[top:bottom, left:right]))
    return [Segment(labels[number], score, *where[number]) for number in where if number]


def drawn_map(**places: tuple[int, int]) -> np.ndarray:
    """A map as wide as LEFT and RIGHT, of bars from one column to another, numbered from 1."""
    ids = np.zeros((100, 180), int)
    for number, (left, right) in enumerate(places.values(), 1):
        ids[20:60, left:right] = number
    return ids


def test_a_shape_across_a_seam_is_one_segment_of_all_its_pixels() -> None:
    ids = drawn_map(bar=(30, 150))
    found = [seen_in(frame, ids, {1: "bar"}, score) for frame, score in ((LEFT, 0.8), (RIGHT, 0.9))]
    (one,) = one_each(found, [LEFT, RIGHT], (180, 100))
    assert (one.label, one.score, one.area) == ("bar", 0.9, 120 * 40)
    assert np.array_equal(pixels(one.mask), ids == 1)
    assert one.box == Box(30, 20, 150, 60)


def test_shapes_that_touch_a_seam_from_either_side_stay_two() -> None:
    """The tiles share the columns from 80 to 100, and meet at 90."""
    ids = drawn_map(one=(60, 90), other=(90, 130))
    found = [seen_in(frame, ids, {1: "bar", 2: "bar"}) for frame in (LEFT, RIGHT)]
    both = one_each(found, [LEFT, RIGHT], (180, 100))
    assert sorted(one.area for one in both) == [30 * 40, 40 * 40]
    assert {tuple(one.box.sides) for one in both} == {(60, 20, 90, 60), (90, 20, 130, 60)}


def test_one_shape_that_two_tiles_see_a_little_otherwise_is_one() -> None:
    left, right = drawn_map(bar=(30, 97)), drawn_map(bar=(30, 99))
    right[57:60] = 0
    found = [seen_in(LEFT, left, {1: "bar"}), seen_in(RIGHT, right, {1: "bar"})]
    (one,) = one_each(found, [LEFT, RIGHT], (180, 100))
    assert one.area == 60 * 40 + 9 * 37, "each column as the tile says in which it is farther in"


def test_a_piece_of_what_a_tile_sees_whole_is_that() -> None:
    """Even if the other tile takes the piece for something else, and is surer of it."""
    ids = drawn_map(cube=(50, 98))
    found = [seen_in(LEFT, ids, {1: "cube"}, 0.7), seen_in(RIGHT, ids, {1: "ball"}, 0.9)]
    (one,) = one_each(found, [LEFT, RIGHT], (180, 100))
    assert (one.label, one.area) == ("cube", 48 * 40)


@pytest.mark.parametrize(("columns", "left_over"), [((84, 98), 14), ((84, 100), 6)])
def test_what_one_tile_alone_sees_stays_if_it_sees_all_of_it(
    columns: tuple[int, int], left_over: int
) -> None:
    """It lies behind the seam, at 90, of the tile that sees it; what that cuts ends there."""
    found = [seen_in(LEFT, drawn_map(bar=columns), {1: "bar"}), []]
    (one,) = one_each(found, [LEFT, RIGHT], (180, 100))
    assert one.area == left_over * 40


def test_areas_are_one_of_each_label_and_things_by_themselves() -> None:
    ids = drawn_map(sky=(0, 20), ball=(30, 50), more=(160, 180), other=(120, 150))
    labels = {1: "sky", 2: "ball", 3: "sky", 4: "ball"}
    found = [seen_in(frame, ids, labels) for frame in (LEFT, RIGHT)]
    kept = one_each(found, [LEFT, RIGHT], (180, 100), {"sky"})
    assert sorted((one.label, one.area) for one in kept) == [
        ("ball", 20 * 40), ("ball", 30 * 40), ("sky", 40 * 40),
    ]  # fmt: skip
    assert len(one_each(found, [LEFT, RIGHT], (180, 100))) == 4


def test_areas_are_what_a_checkpoint_says_are_no_things() -> None:
    """OneFormer's does, in the file that its processor comes with."""
    known = {"0": {"name": "sky", "isthing": 0}, "1": {"name": "ball", "isthing": 1}}
    processor = SimpleNamespace(image_processor=SimpleNamespace(metadata=prepare_metadata(known)))
    assert _areas(processor, {0: "sky", 1: "ball"}) == {"sky"}
    assert _areas(SimpleNamespace(), {0: "sky", 1: "ball"}) == set()


def test_nothing_in_any_tile_is_nothing() -> None:
    assert one_each([[], []], [LEFT, RIGHT], (180, 100)) == []


@pytest.mark.parametrize("overlap", [0.1, 0.25, 0.6])
def test_what_tiles_see_truly_is_the_picture_again(overlap: float) -> None:
    """Of a large scene, by what is true of each tile: every thing once, with all its pixels."""
    true = solids(4).panoptic.astype(int) + 1
    tiles = frames((SIDE, SIDE), TILE, overlap)[1:]
    labels = {number: "thing" if number > 2 else "ground" for number in np.unique(true).tolist()}
    found = [seen_in(tile, true, labels) for tile in tiles]
    kept = one_each(found, tiles, (SIDE, SIDE))
    assert len(kept) == len(labels)
    for one in kept:
        (number,) = np.unique(true[pixels(one.mask).astype(bool)]).tolist()
        assert one.area == (true == number).sum()
        assert one.label == labels[number]


@pytest.mark.long
@pytest.mark.parametrize("subtask", ["panoptic", "instance"])
def test_small_things_are_divided_in_tiles_and_missed_in_the_whole(
    drawn: dict[Path, Scene], subtask: str
) -> None:
    """By masks that share at least half of what they cover together with the true one."""
    model = taskcli.load("segment", "starter", device="cpu", dtype="float32", subtask=subtask)
    tiled = model.bind(tiles=TILE, overlap=0.3)
    known, counted = 0, [0, 0]
    for file, picture in drawn.items():
        true = [picture.panoptic == n for n in np.unique(picture.panoptic) if n >= FIRST_THING]
        known += len(true)
        for at, way in enumerate((model, tiled)):
            [record] = way(file)
            masks = [pixels(segment.mask).astype(bool) for segment in record.result]
            assert np.sum(masks, 0).max() <= 1, "no pixel is of two"
            shares = [[(one & k).sum() / (one | k).sum() for k in masks] for one in true]
            counted[at] += sum(max(each, default=0) > 0.5 for each in shares)
    assert counted[0] <= 0.25 * known
    assert counted[1] >= 0.6 * known


@pytest.mark.long
def test_labels_are_divided_in_finer_detail_in_tiles() -> None:
    """A wall of scenes, as large as tiles: one pass over the whole sees each at a quarter."""
    rng = np.random.default_rng(3)
    wall = [[draw_scene(rng, 256, 256) for _ in range(4)] for _ in range(3)]
    Image.fromarray(np.block([[[one.image] for one in row] for row in wall])).save("wall.png")
    names = ("sky", "plane")
    true = np.block([[np.minimum(one.panoptic, FIRST_THING) for one in row] for row in wall])
    model = taskcli.load("segment", "starter", subtask="semantic", device="cpu")
    for tiled, least, most in ((model, 0.5, 0.8), (model.bind(tiles=256, overlap=0.0), 0.95, 1.0)):
        [record] = tiled("wall.png")
        found, covered = np.full(true.shape, FIRST_THING), np.zeros(true.shape, int)
        for segment in record.result:
            covered += pixels(segment.mask)
            if segment.label in names:
                found[pixels(segment.mask)] = names.index(segment.label)
        assert (covered == 1).all(), "each pixel has a label"
        assert least <= (found == true).mean() <= most
        labels = [segment.label for segment in record.result]
        assert len(set(labels)) == len(labels), "a region for each label"
