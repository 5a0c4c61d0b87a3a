"""Formats for other programs: each is read back by what it is for, or by its own rules."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from checkpoints import cached
from conftest import Finished
from models import pixels
from PIL import Image, ImageDraw
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from samples import ARTICLE, SHORT_TEXT, UNICODE_TEXT, broken_images, photos, sounds
from supervision import DetectionDataset

from taskcli.errors import StoppedError
from taskcli.formats import FORMATS
from taskcli.output import open_writer
from taskcli.output.drawing.polygon import outline, polygons
from taskcli.output.writer import Layout
from taskcli.results import Chunk, Entity, Record, RunLengthMask, Transcript

Run = Callable[..., Finished]
TEXTS = {"short": SHORT_TEXT, "article": ARTICLE.replace(". ", ".\n"), "unicode": UNICODE_TEXT}


@pytest.fixture
def shots() -> list[str]:
    """Pictures, one of them broken."""
    Path("shots").mkdir()
    photos(Path("shots"))
    broken_images(Path("shots"))["cut"].rename("shots/broken.jpg")
    return [f"shots/{name}" for name in ("wide.png", "broken.jpg", "small.png", "tall.jpg")]


@pytest.fixture
def texts() -> list[str]:
    for name, content in TEXTS.items():
        Path(f"{name}.txt").write_text(content)
    return [f"{name}.txt" for name in TEXTS]


def both(run: Run, chosen: str, *words: object) -> tuple[list[dict[str, Any]], Finished]:
    """The records of a run, and the same run in another format."""
    return run(*words).records, run(*words, "--format", chosen)


# COCO


def loaded(content: str) -> COCO:
    Path("coco.json").write_text(content)
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO("coco.json")


def test_coco_boxes_load_in_pycocotools(run: Run, shots: list[str]) -> None:
    records, done = both(run, "coco", "detect", *shots, "-m", cached("detr"))
    assert done.exit_code == 1
    coco = loaded(done.stdout)
    images = {image["file_name"]: image for image in coco.dataset["images"]}
    for record in records:
        if "error" in record:
            assert record["input"] not in images
            continue
        image = images[record["input"]]
        assert (image["width"], image["height"]) == Image.open(record["input"]).size
        annotations = coco.loadAnns(coco.getAnnIds([image["id"]]))
        assert len(annotations) == len(record["result"]) > 0
        for one, found in zip(annotations, record["result"], strict=True):
            left, top, width, height = one["bbox"]
            sides = [left, top, left + width, top + height]
            assert sides == pytest.approx([side + 0.5 for side in found["box"].values()], abs=0.52)
            assert any(side % 1 for side in sides), "no pixel is rounded away"
            assert one["area"] == pytest.approx(width * height, rel=0.01)
            assert one["segmentation"] == []
            assert coco.cats[one["category_id"]]["name"] == found["label"]
            assert one["score"] == found["score"]
    assert [one["input"] for one in coco.dataset["info"]["failures"]] == ["shots/broken.jpg"]
    assert coco.dataset["licenses"] == []


def test_coco_categories_are_the_labels_from_1(run: Run, shots: list[str]) -> None:
    """0 is the background to importers, and N/A fills the gaps of COCO's own numbers."""
    folder = cached("detr")
    numbers = json.loads((folder / "config.json").read_text())["id2label"]
    labels = [numbers[number] for number in sorted(numbers, key=int) if numbers[number] != "N/A"]
    assert len(labels) < len(numbers)
    categories = loaded(run("detect", shots[0], "-m", folder, "-f", "coco").stdout).cats
    assert {number: one["name"] for number, one in categories.items()} == dict(enumerate(labels, 1))


@pytest.mark.parametrize("how", [[], ["--polygons"]])
def test_coco_loads_in_supervision(run: Run, shots: list[str], how: list[str]) -> None:
    task, model = ("segment", "mask2former") if how else ("detect", "detr")
    words = (task, *shots, "-m", cached(model), "--threshold", "0.1")
    records = run(*words).records
    Path("found.json").write_text(run(*words, "-f", "coco", *how).stdout)
    dataset = DetectionDataset.from_coco(".", "found.json", force_masks=bool(how))
    for record in records:
        if "error" in record:
            continue
        found = dataset.annotations[str(Path(record["input"]).resolve())]
        assert [dataset.classes[number] for number in found.class_id] == [
            one["label"] for one in record["result"]
        ]
        for number, one in enumerate(record["result"]):
            sides = np.array(list(one["box"].values()))
            assert np.abs(found.xyxy[number] - sides).max() <= 1.01
            if how:
                mask = pixels(RunLengthMask(one["mask"]["size"], one["mask"]["counts"]))
                assert agreement(found.mask[number], mask) > 0.8


@pytest.mark.long
def test_coco_polygons_fill_to_the_masks(run: Run, shots: list[str]) -> None:
    words = ("segment", *shots, "-m", cached("mask2former"), "--threshold", "0.1")
    records, done = both(run, "coco", *words, "--polygons")
    coco = loaded(done.stdout)
    found = [one for record in records for one in record.get("result", [])]
    assert len(found) == len(coco.anns) > 0
    for one, annotation in zip(found, coco.anns.values(), strict=True):
        assert all(len(line) >= 6 and len(line) % 2 == 0 for line in annotation["segmentation"])
        mask = pixels(RunLengthMask(one["mask"]["size"], one["mask"]["counts"]))
        assert agreement(coco.annToMask(annotation).astype(bool), mask) > 0.95
        assert annotation["area"] == mask.sum()


def precision(truth: COCO, content: str, kind: str) -> float:
    """Average precision over all overlaps, as pycocotools computes it."""
    Path("results.json").write_text(content)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluated = COCOeval(truth, truth.loadRes("results.json"), kind)
        evaluated.evaluate()
        evaluated.accumulate()
        evaluated.summarize()
    return float(evaluated.stats[0])


@pytest.mark.parametrize(
    ("task", "model", "kind"), [("detect", "detr", "bbox"), ("segment", "mask2former", "segm")]
)
def test_coco_results_are_evaluated_against_the_document(
    run: Run, shots: list[str], task: str, model: str, kind: str
) -> None:
    """Its numbers are the same though an input fails; compared with itself it is perfect."""
    words = (task, *shots, "-m", cached(model), "--threshold", "0.1")
    truth = loaded(run(*words, "--format", "coco").stdout)
    done = run(*words, "--format", "coco-results", "-o", "own.json")
    assert done.exit_code == 1
    content = Path("own.json").read_text()
    assert len(json.loads(content)) == len(truth.anns) > 0
    assert precision(truth, content, kind) == pytest.approx(1.0)
    assert {one["image_id"] for one in json.loads(content)} <= {1, 3, 4}, "the second failed"


def test_coco_results_take_the_ids_of_annotations(run: Run, shots: list[str]) -> None:
    """Another order of images and categories, and file names without folders."""
    words = ("detect", *shots, "-m", cached("detr"))
    document = json.loads(run(*words, "--format", "coco").stdout)
    document["images"].append({"id": 2, "file_name": "shots/broken.jpg", "width": 1, "height": 1})
    for kind in ("images", "categories"):
        for one in document[kind]:
            one["id"] = 1000 - one["id"]
    for one in document["images"]:
        one["file_name"] = Path(one["file_name"]).name
    for one in document["annotations"]:
        one["image_id"] = 1000 - one["image_id"]
        one["category_id"] = 1000 - one["category_id"]
    truth = loaded(json.dumps(document))
    how = ("--format", "coco-results", "--coco-ids", "coco.json")
    assert precision(truth, run(*words, *how).stdout, "bbox") == pytest.approx(1.0)
    again = loaded(run(*words, "--format", "coco", "--coco-ids", "coco.json").stdout)
    assert {one["name"]: number for number, one in again.cats.items()} == {
        one["name"]: number for number, one in truth.cats.items()
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "no document of COCO annotations"),
        ('{"images": [{"id": "1", "file_name": "a"}], "categories": []}', "whole number"),
        ('{"images": [{"id": 1, "file_name": "other.png"}], "categories": []}', "shots/wide.png"),
        (
            '{"images": [{"id": 1, "file_name": "a/wide.png"}, {"id": 2, "file_name": '
            '"wide.png"}], "categories": []}',
            "shots/small.png",
        ),
        ('{"images": [{"id": 1, "file_name": "wide.png"}], "categories": []}', "both its image 1"),
        (None, "cannot be read"),
    ],
)
def test_annotations_that_do_not_fit_are_refused(
    run: Run, shots: list[str], content: str | None, told: str
) -> None:
    if content is not None:
        Path("truth.json").write_text(content)
    Path("more").mkdir()
    shutil.copy(shots[0], "more/wide.png")
    inputs = [shots[0], "more/wide.png"] if told.startswith("both") else [shots[0], shots[2]]
    done = run("detect", *inputs, "-m", "starter", "-f", "coco-results", "--coco-ids", "truth.json")
    assert done.exit_code == 2
    assert told in done.stderr


def test_coco_masks_load_in_pycocotools(run: Run, shots: list[str]) -> None:
    words = ("segment", *shots, "-m", cached("mask2former"), "--threshold", "0.1")
    records, done = both(run, "coco", *words)
    coco = loaded(done.stdout)
    found = [one for record in records for one in record.get("result", [])]
    assert len(found) == len(coco.anns) > 0
    for one, annotation in zip(found, coco.anns.values(), strict=True):
        mask = pixels(RunLengthMask(one["mask"]["size"], one["mask"]["counts"]))
        assert np.array_equal(coco.annToMask(annotation), mask)
        assert annotation["area"] == mask.sum()


# YOLO


def test_yolo_labels_are_the_boxes_as_shares_of_the_picture(run: Run, shots: list[str]) -> None:
    words = ("detect", *shots, "-m", cached("detr"))
    records = run(*words).records
    done = run(*words, "--format", "yolo", "-o", "set")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "note:" not in done.stderr
    classes = Path("set/classes.txt").read_text().splitlines()
    written = sorted(str(path) for path in Path("set/labels/shots").iterdir())
    assert written == [f"set/labels/shots/{name}.txt" for name in ("small", "tall", "wide")]
    for record in records:
        if "error" in record:
            continue
        size = np.array(Image.open(record["input"]).size * 2)
        lines = Path("set/labels", record["input"]).with_suffix(".txt").read_text().splitlines()
        for line, found in zip(lines, record["result"], strict=True):
            number, *place = map(float, line.split())
            x, y, width, height = np.array(place) * size
            corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
            assert corners == pytest.approx([s + 0.5 for s in found["box"].values()], abs=0.51)
            assert any(abs(side - round(side)) > 0.01 for side in corners)
            assert classes[int(number)] == found["label"]


def label_file(image: str) -> Path:
    """Where YOLO looks (ultralytics.data.utils.img2label_paths)."""
    return Path("/labels/".join(image.rsplit("/images/", 1)).rsplit(".", 1)[0] + ".txt")


def test_yolo_loads_in_supervision(run: Run, shots: list[str]) -> None:
    words = ("detect", *shots, "-m", cached("detr"))
    records = run(*words).records
    run(*words, "--format", "yolo", "-o", "set")
    shutil.copytree("shots", "set/images/shots")
    told = yaml.safe_load(Path("set/data.yaml").read_text())
    assert Path(told["path"]) == Path("set").resolve()
    assert Path(told["path"], told["train"], "shots").is_dir()
    assert list(told["names"].values()) == Path("set/classes.txt").read_text().splitlines()
    assert told["nc"] == len(told["names"]) == max(told["names"]) + 1
    Path("set/images/shots/broken.jpg").unlink()
    folders = ("set/images/shots", "set/labels/shots", "set/data.yaml")
    dataset = DetectionDataset.from_yolo(*folders)
    for record in records:
        if "error" in record:
            continue
        assert label_file(f"set/images/{record['input']}").is_file()
        found = dataset.annotations[f"set/images/{record['input']}"]
        sides = [list(one["box"].values()) for one in record["result"]]
        assert np.abs(found.xyxy - np.array(sides)).max() <= 1.01
        names = [dataset.classes[number] for number in found.class_id]
        assert names == [one["label"] for one in record["result"]]


@pytest.mark.long
def test_yolo_scores_come_last_and_only_if_asked_for(run: Run, shots: list[str]) -> None:
    for task, model in (("detect", "detr"), ("segment", "mask2former")):
        words = (task, shots[0], "-m", cached(model), "--threshold", "0.1")
        (record,) = run(*words).records
        files = []
        for how in ([], ["--yolo-scores"]):
            run(*words, "-f", "yolo", "-o", f"{task}{len(how)}", *how)
            lines = Path(f"{task}{len(how)}/labels/shots/wide.txt").read_text().splitlines()
            files.append([line.split() for line in lines])
        for bare, scored, found in zip(*files, record["result"], strict=True):
            assert scored[:-1] == bare
            assert float(scored[-1]) == pytest.approx(found["score"], abs=1e-5)
        assert files[0]


def test_yolo_labels_are_found_or_that_is_said(run: Run, shots: list[str]) -> None:
    """One stem in two folders is no matter; in one folder only the first can have its labels."""
    names = ["a/x.png", "b/x.png", "c/images/train/y.png", "a/x.bmp", "a/v1.2.png"]
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.open(shots[0]).save(name)
    done = run("detect", *names, "-m", cached("detr"), "-f", "yolo", "-o", "set")
    written = sorted(str(path) for path in Path("set/labels").rglob("*.txt"))
    kept = [f"set/labels/{name}.txt" for name in ("a/v1.2", "a/x.bmp", "a/x", "b/x", "train/y")]
    assert written == kept
    assert label_file("set/images/train/y.png") == Path("set/labels/train/y.txt")
    (note,) = [line for line in done.stderr.splitlines() if line.startswith("note:")]
    assert "a/x.bmp has its labels in set/labels/a/x.bmp.txt" in note
    assert "1 picture whose labels no YOLO reader finds" in note
    quiet = run("detect", *names, "-m", cached("detr"), "-f", "yolo", "-o", "again", "--quiet")
    assert quiet.stderr == ""


def filled(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A polygon as pixels; Pillow counts from the middle of the first one."""
    picture = Image.new("1", size)
    ImageDraw.Draw(picture).polygon([(x - 0.5, y - 0.5) for x, y in points], fill=1)
    return np.array(picture)


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Pixels in both over pixels in either."""
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.long
def test_yolo_labels_are_the_outlines_of_regions(run: Run, shots: list[str]) -> None:
    words = ("segment", "shots/wide.png", "-m", cached("mask2former"), "--threshold", "0.1")
    (record,) = run(*words).records
    assert run(*words, "--format", "yolo", "-o", "set").exit_code == 0
    classes = Path("set/classes.txt").read_text().splitlines()
    lines = Path("set/labels/shots/wide.txt").read_text().splitlines()
    size = Image.open("shots/wide.png").size
    assert len(lines) == len(record["result"]) > 0
    for line, found in zip(lines, record["result"], strict=True):
        number, *places = map(float, line.split())
        assert classes[int(number)] == found["label"]
        points = np.array(places).reshape(-1, 2)
        assert len(points) > 3
        assert ((points >= 0) & (points <= 1)).all()
        mask = pixels(RunLengthMask(found["mask"]["size"], found["mask"]["counts"]))
        assert abs(filled(points * size, size).sum() / mask.sum() - 1) < 0.25


def disc(x: int, y: int, radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:240, :320]
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


@pytest.mark.parametrize(
    "mask",
    [
        disc(150, 100, 70),
        disc(150, 100, 70) & ~disc(150, 110, 30),
        disc(100, 100, 70) | disc(250, 200, 35),
        (disc(100, 100, 70) & ~disc(90, 100, 20)) | disc(250, 200, 35) | disc(260, 60, 20),
        np.ones((240, 320), bool),
        np.pad(np.kron(np.eye(2, dtype=bool), np.ones((60, 60), bool)), 50),
    ],
    ids=["disc", "ring", "two", "parts and holes", "all", "touching at a corner"],
)
def test_an_outline_filled_again_is_the_mask(mask: np.ndarray) -> None:
    points = outline(mask.astype(np.uint8))
    assert agreement(filled(points, mask.shape[::-1]), mask) > 0.95
    assert area(points) == pytest.approx(mask.sum(), rel=0.01)


def area(points: np.ndarray) -> float:
    x, y = points.T
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


@pytest.mark.parametrize(
    ("mask", "parts"),
    [
        (disc(150, 100, 70), 1),
        (disc(150, 100, 70) & ~disc(150, 110, 30), 1),
        (disc(100, 100, 70) | disc(250, 200, 35), 2),
        (disc(100, 100, 70) & ~disc(100, 100, 50) | disc(100, 100, 20), 2),
        (disc(100, 100, 90) & ~disc(80, 100, 20) & ~disc(140, 100, 20) | disc(260, 60, 20), 2),
        (np.zeros((240, 320), bool), 0),
    ],
    ids=["disc", "ring", "two", "disc in a ring", "holes and parts", "nothing"],
)
def test_every_part_has_a_polygon_without_its_holes(mask: np.ndarray, parts: int) -> None:
    lines = polygons(mask.astype(np.uint8))
    assert len(lines) == parts
    assert sum(map(area, lines)) == pytest.approx(mask.sum(), rel=0.01)
    if parts:
        whole = np.logical_or.reduce([filled(line, mask.shape[::-1]) for line in lines])
        assert agreement(whole, mask) > 0.95


@pytest.mark.long
def test_a_mask_of_noise_is_covered_by_its_polygons() -> None:
    """Thousands of lines: time that grows with their square is minutes here."""
    mask = np.random.default_rng(0).random((300, 300)) < 0.5
    lines = polygons(mask.astype(np.uint8))
    for line in (outline(mask.astype(np.uint8)), np.concatenate([closed(line) for line in lines])):
        ends = np.roll(line, -1, 0)
        columns = np.zeros((300, 301), int)  # how many edges cross a row before a pixel's middle
        for (x, y), (to_x, to_y) in zip(line, ends, strict=True):
            low, high = sorted((y, to_y))
            rows = np.arange(np.ceil(low - 0.5), np.ceil(high - 0.5)).astype(int)
            at = x + (rows + 0.5 - y) * (to_x - x) / ((to_y - y) or 1)
            np.add.at(columns, (rows, np.ceil(np.round(at - 0.5, 6)).astype(int)), 1)
        assert (columns.cumsum(1)[:, :-1] % 2 == mask).all()


def closed(line: np.ndarray) -> np.ndarray:
    """A line there and back to the origin, so that several can follow each other."""
    return np.concatenate([[[0, 0]], line, line[:1], [[0, 0]]])


def test_a_pixel_has_an_outline_and_nothing_has_none() -> None:
    mask = np.zeros((5, 5), np.uint8)
    assert outline(mask).shape == (0, 2)
    mask[2, 3] = 1
    assert outline(mask).tolist() == [[3.5, 2.0], [4.0, 2.5], [3.5, 3.0], [3.0, 2.5]]


@pytest.mark.parametrize("how", [[], ["-o", "full"], ["-o", "shots"], ["-o", "a-file"]])
def test_a_format_of_files_needs_a_folder_of_its_own(
    run: Run, shots: list[str], how: list[str]
) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    Path("a-file").write_text("mine")
    done = run("detect", *shots, "-m", cached("detr"), "--format", "yolo", *how)
    assert done.exit_code == 2
    assert "folder" in done.stderr
    assert Path("full/mine.txt").read_text() == "mine"


def test_what_is_in_the_way_is_named_and_overwrite_deletes_nothing(
    run: Run, shots: list[str]
) -> None:
    Path("set/labels").mkdir(parents=True)
    Path("set/labels/mine.txt").write_text("mine")
    Path("set/classes.txt").write_text("old")
    how = ["-m", cached("detr"), "--format", "yolo", "-o", "set"]
    refused = run("detect", shots[0], *how)
    assert refused.exit_code == 2
    assert "classes.txt is in it" in refused.stderr
    assert "deletes none" in refused.stderr
    assert Path("set/classes.txt").read_text() == "old"
    assert run("detect", shots[0], *how, "--overwrite").exit_code == 0
    assert Path("set/classes.txt").read_text() != "old"
    assert Path("set/labels/mine.txt").read_text() == "mine"


def test_a_planted_link_ends_the_run(run: Run, shots: list[str]) -> None:
    Path("set/labels").mkdir(parents=True)
    Path("elsewhere").mkdir()
    Path("set/labels/shots").symlink_to(Path("elsewhere").resolve())
    how = ["-m", cached("detr"), "--format", "yolo", "-o", "set", "--overwrite"]
    done = run("detect", *shots, *how)
    assert done.exit_code == 4
    assert "link" in done.stderr
    assert not list(Path("elsewhere").iterdir())


# ner


def test_conll_has_every_word_and_every_entity(run: Run, texts: list[str]) -> None:
    records, done = both(run, "conll", "ner", *texts, "-m", cached("bert-ner"))
    documents = done.stdout.split("-DOCSTART- -X- -X- O\n\n")[1:]
    for record, document, text in zip(records, documents, TEXTS.values(), strict=True):
        assert document.count("\n\n") == len(text.splitlines())
        rows = [line.split(" ") for line in document.splitlines() if line]
        assert {len(row) for row in rows} == {4}
        assert "".join(row[0] for row in rows) == "".join(text.split())
        assert _entities(rows) == [
            (found["entity_group"], "".join(found["word"].split())) for found in record["result"]
        ]


def _entities(rows: list[list[str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for word, _, _, tag in rows:
        if tag.startswith("B-"):
            found.append((tag[2:], word))
        elif tag.startswith("I-"):
            found[-1] = (found[-1][0], found[-1][1] + word)
    return found


def test_conll_keeps_an_entity_over_a_line_end_and_whole_words() -> None:
    text = "New\nYorkers met"
    stream = io.StringIO()
    writer = open_writer("conll", stream)
    found = [Entity("LOC", 0.9, "New\nYork", 0, 8)]
    writer.write(Record("a", "ner", "m", result=found, item=_passage(text)))
    rows = [line.split(" ")[::3] for line in stream.getvalue().splitlines() if line][1:]
    assert rows == [["New", "B-LOC"], ["Yorkers", "I-LOC"], ["met", "O"]]


def _passage(text: str) -> Any:
    from taskcli.media.items import TextInput

    return TextInput(text)


def test_brat_places_are_characters_of_the_text_beside_it(run: Run, texts: list[str]) -> None:
    words = ("ner", *texts, "-m", cached("bert-ner"))
    records = run(*words).records
    assert run(*words, "--format", "brat", "-o", "brat").exit_code == 0
    known = Path("brat/annotation.conf").read_text().split("[relations]")[0].split()[1:]
    for record, (name, text) in zip(records, TEXTS.items(), strict=True):
        assert Path("brat", f"{name}.txt").read_bytes().decode() == text
        lines = Path("brat", f"{name}.ann").read_text().splitlines()
        for number, (line, found) in enumerate(zip(lines, record["result"], strict=True), 1):
            id, places, word = line.split("\t")
            kind, _, places = places.partition(" ")
            assert (id, kind) == (f"T{number}", found["entity_group"])
            assert kind in known
            parts = [text[slice(*map(int, part.split()))] for part in places.split(";")]
            assert " ".join(parts) == word == " ".join(found["word"].split("\n"))


def test_tokens_are_no_entities(run: Run, texts: list[str]) -> None:
    how = ["-m", cached("bert-ner"), "--aggregation", "none", "--format", "conll"]
    done = run("ner", *texts, *how)
    assert done.exit_code == 2
    assert "--aggregation" in done.stderr


# qa


def test_squad_answers_stand_where_they_say(run: Run, texts: list[str]) -> None:
    words = ("qa", *texts, "-q", "Who?", "-q", "Where?", "-m", cached("bert-qa"), "--top-k", "2")
    records, done = both(run, "squad", *words)
    articles = json.loads(done.stdout)["data"]
    assert [article["title"] for article in articles] == texts
    asked = iter(records)
    for article, text in zip(articles, TEXTS.values(), strict=True):
        (paragraph,) = article["paragraphs"]
        assert paragraph["context"] == text
        assert [question["question"] for question in paragraph["qas"]] == ["Who?", "Where?"]
        for question in paragraph["qas"]:
            record = next(asked)
            assert question["id"] == record["input"]
            answers = [(one["text"], one["answer_start"]) for one in question["answers"]]
            assert answers == [(one["answer"], one["start"]) for one in record["result"]]
            for words_, start in answers:
                assert text[start : start + len(words_)] == words_


# asr


def test_audacity_labels_are_times_and_words(run: Run) -> None:
    sounds(Path())
    words = ("asr", "tone.wav", "-m", cached("wav2vec2-ctc"))
    done = run(*words, "--format", "audacity")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows
    assert all(0 <= float(start) < float(end) <= 1.0 for start, end, _ in rows)
    spoken = run(*words).records[0]["result"]["text"]
    assert "".join("".join(row[2].split()) for row in rows) == "".join(spoken.split())


def test_vtt_words_are_no_markup() -> None:
    stream = io.StringIO()
    writer = open_writer("vtt", stream, Layout(word_cues=True))
    chunks = (Chunk("<b>AT&T</b>", (0.0, 1.0)), Chunk("two", (1.0, 2.0)))
    writer.write(Record("a", "asr", "m", result=Transcript("", chunks)))
    assert "&lt;b>AT&amp;T&lt;/b>" in stream.getvalue()
    assert stream.getvalue().count("-->") == 2


# Whole or absent, and only where they belong


EMPTY = {"coco-results": [], "squad-predictions": {}, "squad-na-probs": {}}  # lists by id


@pytest.mark.parametrize("chosen", [row.name for row in FORMATS.values() if row.kind == "document"])
def test_a_document_without_answers_is_valid(chosen: str) -> None:
    stream = io.StringIO()
    open_writer(chosen, stream).close()
    content = json.loads(stream.getvalue())
    assert content == EMPTY[chosen] if chosen in EMPTY else content


def test_no_results_are_an_empty_list() -> None:
    stream = io.StringIO()
    open_writer("coco-results", stream).close()
    assert json.loads(stream.getvalue()) == []


def test_a_document_gets_its_name_when_it_is_whole(
    run: Run, shots: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    how = ("detect", *shots, "-m", cached("detr"), "-f", "coco", "-o", "found.json")
    assert run(*how).exit_code == 1
    whole = Path("found.json").read_text()
    assert json.loads(whole)["annotations"]
    assert run(*how).exit_code == 2, "it is there already"

    def lose(*_: object) -> None:
        assert list(Path().glob(".found.json.*")), "the run writes under another name"
        raise StoppedError("the device is lost")

    monkeypatch.setattr("taskcli.output.formats.coco.CocoWriter.write", lose)
    assert run(*how, "--overwrite").exit_code == 4
    assert Path("found.json").read_text() == whole
    assert not list(Path().glob(".found.json.*"))


@pytest.mark.parametrize(
    ("task", "chosen", "offered"),
    [
        ("classify-image", "coco", "tsv"),
        ("depth", "yolo", "jsonl"),
        ("detect", "conll", "yolo"),
        ("ner", "squad", "brat"),
        ("qa", "audacity", "squad"),
        ("depth", "srt", "csv"),
    ],
)
def test_a_format_of_another_task_is_refused(
    run: Run, task: str, chosen: str, offered: str
) -> None:
    Path("input.txt").write_text(SHORT_TEXT)
    done = run(task, "input.txt", "--format", chosen)
    assert done.exit_code == 2
    assert f"{task} has no format {chosen}" in done.stderr
    assert offered in done.stderr
