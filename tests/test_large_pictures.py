"""Pictures of many pixels: few are whole at a time, and answers stay those of the processor."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import BY_TASK
from models import load, result
from PIL import Image
from pipelines import image_processor
from samples import scene

import taskcli
from taskcli.media.decode import image as image_decoding
from taskcli.media.decode.room import Room
from taskcli.media.items import ImageInput
from taskcli.runtime import pictures
from taskcli.runtime.levels import left_out

PICTURE_TASKS = ("classify-image", "detect", "segment", "depth")
SIDE = 1600  # 10 MB of pixels


class Watched:
    """How many bytes of decoded pixels were alive at once, between decoding and their release."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = 0
        self._now: dict[int, int] = {}
        self._lock = threading.Lock()
        decoded, encoded = image_decoding._decoded, pictures.reduced

        def decode(*words: Any) -> ImageInput:
            item = decoded(*words)
            with self._lock:
                self._now[id(item.image)] = item.nbytes
                self.most = max(self.most, sum(self._now.values()))
            return item

        def reduce(item: ImageInput, side: int) -> ImageInput:
            with self._lock:
                del self._now[id(item.image)]
            return encoded(item, side)

        monkeypatch.setattr(image_decoding, "_decoded", decode)
        monkeypatch.setattr(pictures, "reduced", reduce)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six files of one large picture."""
    made = tmp_path_factory.mktemp("large")
    scene(SIDE, SIDE).save(made / "0.png", compress_level=1)
    for number in range(1, 6):
        (made / f"{number}.png").hardlink_to(made / "0.png")
    return made


@pytest.mark.parametrize("task", PICTURE_TASKS)
def test_what_is_held_of_large_pictures_is_small(
    task: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for one, one is whole; what answers carry is enough to look at."""
    monkeypatch.setattr(pictures, "_LARGEST", SIDE * SIDE * 4)
    monkeypatch.setattr(pictures, "_USUAL", 0)
    watched = Watched(monkeypatch)
    model = taskcli.load(task, "starter", device="cpu")
    monkeypatch.setattr("taskcli.api.batching.usable_cores", lambda: 4)
    answered = list(model.run(_sources(folder)).answers())
    assert [one.record.error for one in answered] == [None] * 6
    assert watched.most == SIDE * SIDE * 4
    shown = answered[0].item
    assert shown is not None
    assert (shown.size, shown.image.size) == ((SIDE, SIDE), (1024, 1024))
    whole = model.whole(answered[0])
    assert whole.image.size == (SIDE, SIDE)


def _sources(folder: Path) -> Any:
    from taskcli.inputs.reading import Reading
    from taskcli.inputs.sources import resolve
    from taskcli.media.items import Media

    return resolve([str(folder)], Reading(Media.IMAGE, ()))


def test_a_small_picture_is_kept_as_it_is(tmp_path: Path) -> None:
    scene(300, 200).save(tmp_path / "a.png")
    model = taskcli.load("classify-image", "starter", device="cpu")
    [answered] = model.run(_sources(tmp_path)).answers()
    assert answered.item.image.size == (300, 200)
    [unseen] = model.run(_sources(tmp_path), looked_at=False).answers()
    assert (unseen.item.image.size, unseen.item.size) == ((1, 1), (300, 200))
    assert model.whole(unseen).image.size == (300, 200)


@pytest.mark.parametrize(
    ("task", "size", "alone"),
    [
        ("segment", (9_000, 9_000), True),
        ("segment", (4_000, 3_000), False),
        ("depth", (9_000, 9_000), True),
        ("detect", (9_000, 9_000), False),
    ],
)
def test_a_large_map_has_a_batch_to_itself(task: str, size: tuple[int, int], alone: bool) -> None:
    asked = taskcli.load(task, "starter", device="cpu").session.task
    [(_, part)] = asked.encode([ImageInput(scene(90, 90), size)])
    assert (asked.cost(part) > 16 * asked.budget) is alone  # an accelerator's, too
    assert asked.padded_length(part) == 1


def test_a_room_is_full_and_has_place_again() -> None:
    """Whoever comes waits until what he needs is free; the first never waits."""
    room, most, taken = Room(10), [0], [0]
    lock = threading.Lock()

    def work(weight: int) -> None:
        with room.entered() as claim:
            claim(weight)
            with lock:
                taken[0] += weight
                most[0] = max(most[0], taken[0])
            threading.Event().wait(0.001)
            with lock:
                taken[0] -= weight

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [3, 4, 10, 2, 5, 7] * 10))
    assert most[0] <= 10
    with ExitStack() as entered:
        entered.enter_context(room.entered())(99)  # more than there is, but nobody else is here


def _until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.001)


def test_a_large_one_is_not_passed_over() -> None:
    room, order = Room(10), list[str]()
    first, large, small = room.entered(), room.entered(), room.entered()
    with ExitStack() as held:
        held.enter_context(first)(6)

        def come(name: str, entered: Any, weight: int) -> None:
            with entered as claim:
                claim(weight)
                order.append(name)

        waiting = [threading.Thread(target=come, args=("large", large, 10))]
        waiting[0].start()
        _until(lambda: len(room._waiting) == 1)
        waiting.append(threading.Thread(target=come, args=("small", small, 2)))
        waiting[1].start()
        _until(lambda: len(room._waiting) == 2)
        assert order == []
    for thread in waiting:
        thread.join()
    assert order == ["large", "small"]


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task in PICTURE_TASKS for name in BY_TASK[task]]
)
@pytest.mark.parametrize("size", [(640, 480), (123, 457), (64, 64)], ids=str)
def test_what_is_resized_unread_is_the_same_to_the_bit(
    task: str, name: str, size: tuple[int, int]
) -> None:
    """In levels, which either was asked for; tests/test_levels.py follows them to the model."""
    ours, theirs = load(task, name).session.task.processor, image_processor(name)
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    picture = Image.fromarray(noise)
    asked = {"images": [picture], "return_tensors": "np"}
    found, expected = ours(**asked), theirs(**asked, **left_out(theirs))
    assert "process_image" in vars(ours)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in found)


def test_a_processor_that_reads_pixels_first_gets_them() -> None:
    from transformers import ViTImageProcessorPil

    from taskcli.runtime.image_processors import spare

    class Cropping(ViTImageProcessorPil):  # type: ignore[misc]
        def resize(self, image: Any, size: Any, resample: Any = None, **how: Any) -> Any:
            return super().resize(image[:, 1:, 1:], size, resample, **how)

    for made in (Cropping(), ViTImageProcessorPil(do_resize=False)):
        spare(made, frozenset())
        assert "process_image" not in vars(made)
        assert made(images=[scene(90, 60)], return_tensors="np")["pixel_values"].ndim == 4


def test_an_answer_is_the_same_beside_others(tmp_path: Path) -> None:
    for name, size in {"a": (300, 200), "b": (1500, 1000), "c": (200, 300)}.items():
        scene(*size).save(tmp_path / f"{name}.png")
    model = load("detect", "detr", threshold=0.1)
    together = [result(record) for record in model(str(tmp_path))]
    alone = [result(*model(str(tmp_path / f"{name}.png"))) for name in "abc"]
    for ones, others in zip(together, alone, strict=True):
        assert [one.label for one in ones] == [one.label for one in others]
        assert [one.score for one in ones] == pytest.approx([one.score for one in others], abs=1e-4)
