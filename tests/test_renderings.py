"""The same record in all its renderings: whatever reads them back learns the same."""

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import PRINTED
from PIL import Image
from pycocotools import mask as coco

from taskcli.formats import FOLDERS
from taskcli.media.items import ImageInput, TextInput
from taskcli.output import open_folder, open_writer
from taskcli.output.serialize import to_json
from taskcli.output.writer import Layout
from taskcli.results import (
    Answer,
    Box,
    Chunk,
    Cue,
    DepthMap,
    Detection,
    Entity,
    GeneratedText,
    Label,
    Record,
    RunLengthMask,
    Segment,
    Summary,
    Transcript,
    Translation,
)
from taskcli.tasks import BY_NAME

TEXT = "Ada Lovelace met Mr Babbage\nin London."
PICTURE = ImageInput(Image.new("RGB", (100, 50)), (100, 50))
LAYOUT = Layout({0: "cat", 1: "dog"})

Read = Callable[[str], Any]


class Case(NamedTuple):
    """A task's result, its input, what it says, and a reader of that for each format."""

    result: Any
    item: Any
    says: Any
    readers: dict[str, Read]


def rows(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def fields(*names: str, of: Callable[[Any], Any] = lambda data: data) -> dict[str, Read]:
    """Readers of the formats that keep the names of a result's fields."""

    def values(found: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(number(found[name]) for name in names)

    def flat(result: Any, prefix: str = "") -> dict[str, Any]:
        pairs = ((f"{prefix}{key}", value) for key, value in result.items())
        return {
            name: inner
            for key, value in pairs
            for name, inner in (
                flat(value, f"{key}.") if isinstance(value, dict) else {key: value}
            ).items()
        }

    def of_json(record: dict[str, Any]) -> list[tuple[Any, ...]]:
        found = record["result"]
        return [values(flat(one)) for one in (found if isinstance(found, list) else [found])]

    return {
        "jsonl": lambda text: of_json(json.loads(text)),
        "json": lambda text: of_json(json.loads(text)[0]),
        "csv": lambda text: [values(row) for row in rows(text)],
        "tsv": lambda text: [values(row) for row in rows(text, "\t")],
    }


def number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def percents(text: str) -> float:
    return float(text.rstrip("%")) / 100


def lines(text: str) -> Iterator[list[str]]:
    """The words of each line of an answer on a terminal, without the name of the input."""
    yield from (line.split() for line in text.splitlines()[1:] if line.strip())


def ranked(text: str) -> list[tuple[str, float]]:
    return [(words[-1], percents(words[-2])) for words in lines(text)]


def boxes(text: str) -> list[tuple[Any, ...]]:
    return [(w[1], percents(w[0]), *map(float, w[2:])) for w in list(lines(text))[1:]]


def coco_boxes(text: str) -> list[tuple[Any, ...]]:
    data = json.loads(text)
    names = {category["id"]: category["name"] for category in data["categories"]}
    found = ((names[a["category_id"]], a["score"], a["bbox"]) for a in data["annotations"])
    return [(name, score, x, y, x + w, y + h) for name, score, (x, y, w, h) in found]


def listed_boxes(text: str) -> list[tuple[Any, ...]]:
    found = ((LAYOUT.labels[a["category_id"] - 1], a["score"], a["bbox"]) for a in json.loads(text))
    return [(name, score, x, y, x + w, y + h) for name, score, (x, y, w, h) in found]


def listed_segments(text: str) -> list[tuple[Any, ...]]:
    found = (
        (LAYOUT.labels[a["category_id"] - 1], a["score"], a["segmentation"])
        for a in json.loads(text)
    )
    return [(name, score, int(coco.area(code)), code["counts"]) for name, score, code in found]


def yolo_boxes(text: str) -> list[tuple[Any, ...]]:
    found = []
    for line in text.splitlines():
        label, x, y, w, h = map(float, line.split())
        sides = ((x - w / 2) * 100, (y - h / 2) * 50, (x + w / 2) * 100, (y + h / 2) * 50)
        found.append((LAYOUT.labels[int(label)], *(round(side, 3) for side in sides)))
    return found


def yolo_outlines(text: str) -> list[tuple[Any, ...]]:
    """Labels and areas of boxes with cut corners, by the shoelace formula."""
    found = []
    for line in text.splitlines():
        label, *points = map(float, line.split())
        x, y = np.array(points[::2]) * 100, np.array(points[1::2]) * 50
        area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        found.append((LAYOUT.labels[int(label)], round(area + 4 / 8)))  # of a pixel each
    return found


def coco_segments(text: str) -> list[tuple[Any, ...]]:
    data = json.loads(text)
    names = {category["id"]: category["name"] for category in data["categories"]}
    return [
        (names[a["category_id"]], a.get("score"), a["area"], a["segmentation"]["counts"])
        for a in data["annotations"]
    ]


def brackets(text: str) -> list[tuple[str, ...]]:
    found = re.findall(r"\[(.+?) ([A-Z]+)\]", " ".join(text.split()))
    return [(kind, word) for word, kind in found]


def conll(text: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for word, _, _, tag in (line.split(" ") for line in text.splitlines() if line):
        if tag.startswith("B-"):
            found.append((tag[2:], word))
        elif tag.startswith("I-"):
            found[-1] = (tag[2:], f"{found[-1][1]} {word}")
    return found


def brat(text: str) -> list[tuple[str, ...]]:
    found = re.findall(r"^T\d+\t(\w+) (\d+) (\d+)\t(.+)$", text, re.M)
    assert all(TEXT[int(start) : int(end)] == word for _, start, end, word in found)
    return [(kind, word) for kind, _, _, word in found]


def squad(text: str) -> list[tuple[Any, ...]]:
    (article,) = json.loads(text)["data"]
    (question,) = article["paragraphs"][0]["qas"]
    (answer,) = question["answers"]
    return [(question["question"], answer["text"], answer["answer_start"])]


def seconds(clock: str) -> float:
    whole = 0.0
    for part in clock.replace(",", ".").split(":"):
        whole = whole * 60 + float(part)
    return whole


def cues(text: str) -> list[tuple[Any, ...]]:
    found = re.findall(r"([\d:.,]+) --> ([\d:.,]+)\n(.+)\n", text)
    return [(words, seconds(start), seconds(end)) for start, end, words in found]


def audacity(text: str) -> list[tuple[Any, ...]]:
    parts = (line.split("\t") for line in text.splitlines())
    return [(words, float(start), float(end)) for start, end, words in parts]


def chunks(data: Any) -> list[tuple[Any, ...]]:
    return [(one["text"], *one["timestamp"]) for one in data]


def said(text: str) -> list[tuple[Any, ...]]:
    found = re.findall(r"([\d:.]+) – ([\d:.]+)\s+(.+)", text)
    return [(words.strip(), seconds(start), seconds(end)) for start, end, words in found]


def alone(text: str) -> str:
    return text.rstrip("\n")


def block(text: str) -> str:
    """A text on a terminal, without its margin and the name of the input."""
    return "\n".join(line[2:] for line in text.splitlines()[1:]).strip()


def written(name: str) -> dict[str, Read]:
    """Readers of a result that is a text in one field."""
    one = {key: lambda text, read=read: read(text)[0][0] for key, read in fields(name).items()}
    return {**one, "text": alone, "rich": block}


REGION = np.zeros((50, 100), np.uint8, order="F")
REGION[5:25, 10:35] = 1
MASK = RunLengthMask((50, 100), coco.encode(REGION)["counts"].decode())
CASES = {
    "classify-image": Case(
        [Label("cat", 0.75), Label("dog", 0.25)],
        PICTURE,
        [("cat", 0.75), ("dog", 0.25)],
        {
            **fields("label", "score"),
            "text": lambda text: [(w[1], float(w[0])) for w in map(str.split, text.splitlines())],
            "rich": ranked,
        },
    ),
    "detect": Case(
        [Detection("cat", 0.9, Box(10, 5, 60, 45)), Detection("dog", 0.5, Box(0, 0, 100, 50))],
        PICTURE,
        [("cat", 0.9, 10, 5, 60, 45), ("dog", 0.5, 0, 0, 100, 50)],
        {
            **fields("label", "score", "box.xmin", "box.ymin", "box.xmax", "box.ymax"),
            "text": lambda text: [
                (w[1], float(w[0]), *map(float, w[2:])) for w in map(str.split, text.splitlines())
            ],
            "rich": boxes,
            "coco": coco_boxes,
            "coco-results": listed_boxes,
            "yolo": yolo_boxes,
        },
    ),
    "segment": Case(
        [Segment("cat", 0.9, MASK, 500, Box(10, 5, 35, 25))],
        PICTURE,
        [("cat", 0.9, 500, MASK.counts)],
        {
            **fields("label", "score", "area", "mask.counts"),
            "text": lambda text: [tuple(text.split()[place] for place in (1, 0, 2))],
            "rich": lambda text: [
                (w[1], percents(w[0]), int(w[3])) for w in list(lines(text))[1:]
            ],
            "coco": coco_segments,
            "coco-results": listed_segments,
            "yolo": yolo_outlines,
        },
    ),
    "depth": Case(
        DepthMap(0.5, 9.75, 3.25, 100, 50, "m"),
        PICTURE,
        [(0.5, 3.25, 9.75)],
        {
            **fields("min", "mean", "max"),
            "text": lambda text: [tuple(map(float, text.split()[:3]))],
            "rich": lambda text: [
                tuple(sorted(float(one) for one in re.findall(r"([\d.]+) m", text)))
            ],
        },
    ),
    "ner": Case(
        [Entity("PER", 0.99, "Ada Lovelace", 0, 12), Entity("LOC", 0.98, "London", 31, 37)],
        TextInput(TEXT),
        [("PER", "Ada Lovelace"), ("LOC", "London")],
        {
            **fields("entity_group", "word"),
            "text": lambda text: [tuple(line.split("\t")) for line in text.splitlines()],
            "rich": brackets,
            "conll": conll,
            "brat": brat,
        },
    ),
    "qa": Case(
        Answer("Where?", "London", 0.875, 31, 37, 0.25),
        TextInput(TEXT),
        [("Where?", "London", 31)],
        {
            **fields("question", "answer", "start"),
            "text": lambda text: [("Where?", alone(text), TEXT.index(alone(text)))],
            "rich": lambda text: [
                (
                    text.splitlines()[1].strip(),
                    text.splitlines()[2].split()[0],
                    int(re.search(r"at (\d+)–", text)[1]),
                )
            ],
            "squad": squad,
            "squad-predictions": lambda text: [
                ("Where?", answer, TEXT.index(answer)) for answer in json.loads(text).values()
            ],
            "squad-na-probs": lambda text: list(json.loads(text).values()),
        },
    ),
    "asr": Case(
        Transcript("so it begins", (Chunk("so it begins", (58.5, 61.25)),), "en"),
        None,
        [("so it begins", 58.5, 61.25)],
        {
            "jsonl": lambda text: chunks(json.loads(text)["result"]["chunks"]),
            "json": lambda text: chunks(json.loads(text)[0]["result"]["chunks"]),
            "csv": lambda text: chunks(json.loads(rows(text)[0]["chunks"])),
            "tsv": lambda text: chunks(json.loads(rows(text, "\t")[0]["chunks"])),
            "text": lambda text: [(alone(text), 58.5, 61.25)],
            "rich": said,
            "srt": cues,
            "vtt": cues,
            "audacity": audacity,
        },
    ),
    "generate": Case(
        GeneratedText("Once upon a time."), TextInput("Once"), "Once upon a time.",
        written("generated_text"),
    ),
    "summarize": Case(
        Summary("It rained."), TextInput(TEXT), "It rained.", written("summary_text")
    ),
    "translate": Case(
        Translation("Il pleut.", (Cue("Il pleut.", (58.5, 61.25)),)),
        TextInput(TEXT),
        "Il pleut.",
        {
            **written("translation_text"),
            "srt": lambda text: cues(text)[0][0],
            "vtt": lambda text: cues(text)[0][0],
        },
    ),
}  # fmt: skip


def of_fields(answer: Any) -> Case:
    """A result that no format knows more of than the names of its fields."""
    (first, *_) = rows_of = answer if isinstance(answer, list) else [answer]
    names = [field.name for field in dataclasses.fields(first)]
    says = [tuple(getattr(one, name) for name in names) for one in rows_of]

    def shown(text: str) -> Any:
        told = (value for row in says for value in row if value is not None)
        missing = [value for value in told if not any(form in text for form in forms(value))]
        return missing or [type(first).__name__] * (type(first).__name__ in text) or says

    return Case(answer, TextInput(TEXT), says, {**fields(*names), "text": shown, "rich": shown})


def forms(value: Any) -> tuple[str, ...]:
    """As a person may read a value; a score as a share or in percent."""
    return (f"{value:g}", f"{100 * value:.1f}%") if isinstance(value, float) else (str(value),)


CASES |= {
    task.name: of_fields(task.samples.answer)
    for task in BY_NAME.values()
    if task.samples.answer is not None
}
TABLE = [(task, chosen) for task, case in CASES.items() for chosen in case.readers]


def rendered(task: str, chosen: str, folder: Path) -> str:
    case = CASES[task]
    record = Record("a.x", task, "model", None, case.result, item=case.item)
    stream = io.StringIO(newline="")
    if chosen in FOLDERS:
        writer = open_folder(chosen, folder, ["a.x"], LAYOUT)
    else:
        writer = open_writer(chosen, stream, LAYOUT)
    writer.write(record)
    writer.close()
    endings = {"yolo": "labels/a.txt", "brat": "a.ann"}
    return (folder / endings[chosen]).read_text() if chosen in FOLDERS else stream.getvalue()


@pytest.mark.parametrize(("task", "chosen"), TABLE, ids=map("-".join, TABLE))
def test_every_rendering_says_the_same(task: str, chosen: str, tmp_path: Path) -> None:
    case = CASES[task]
    found = case.readers[chosen](rendered(task, chosen, tmp_path))
    assert _near(found, _shown_of(task, chosen, case.says))


def _shown_of(task: str, chosen: str, says: Any) -> Any:
    """What a rendering leaves out is left out of what it must say."""
    if task == "segment" and chosen in ("text", "rich"):
        return [one[:3] for one in says]
    if task == "detect" and chosen == "yolo":  # labels for training have no score
        return [(label, *sides) for label, _, *sides in says]
    if task == "segment" and chosen == "yolo":
        return [(label, area) for label, _, area, _ in says]
    if chosen == "squad-na-probs":  # of a question this alone
        return [0.25]
    return says


def _near(found: Any, says: Any) -> bool:
    """Equal, numbers up to what a tenth of a percent or of a second leaves of them."""
    if isinstance(says, str):
        return bool(found == says)
    if isinstance(says, Sequence):
        return len(found) == len(says) and all(map(_near, found, says))
    return float(found) == pytest.approx(says, abs=0.06)


@pytest.mark.parametrize("task", CASES)
def test_the_table_has_every_format_of_the_task(task: str) -> None:
    assert set(CASES[task].readers) == {*PRINTED, *BY_NAME[task].formats()}


def test_the_table_has_every_kind_of_task() -> None:
    alike = {"classify-audio": "classify-image", "classify-text": "classify-image"}
    assert {alike.get(task, task) for task in BY_NAME} == set(CASES)


@pytest.mark.parametrize("task", CASES)
def test_the_input_itself_is_no_part_of_a_record(task: str) -> None:
    case = CASES[task]
    assert "item" not in to_json(Record("a", task, "m", None, case.result, item=case.item))
