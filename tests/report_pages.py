"""Report pages from answers written by hand: what a browser needs to be tested, without a model."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco
from samples import scene, tone

from taskcli import results
from taskcli.media.items import AudioInput, ImageInput, Item, TextInput
from taskcli.output import report
from taskcli.results import Record

Row = tuple[Record, Item | None, Path | None]

FACTS = {
    "task": "detect",
    "media": "image",
    "command": "taskcli detect 'shots/*.jpg' --report out.html",
    "model": "some/checkpoint",
    "revision": "1d5f47bd3bdd2c4bbfa585418ffe6da5028b4c0b",
    "device": "cpu",
    "device_why": "no accelerator found",
    "dtype": "float32",
    "dtype_why": "asked for",
    "options": {"threshold": "0.5"},
    "resumed": False,
    "version": "0.1.0",
}
MEDIA = {"asr": "audio", "classify-audio": "audio", "ner": "text", "qa": "text"}
ALL = 1_000_000  # more inputs than any page here has


def make_page(
    file: Path,
    task: str,
    rows: Iterable[Row],
    total: int = 10,
    labels: Mapping[int, str] | None = None,
    **facts: Any,
) -> Path:
    """Write the rows as a report; `labels` are the checkpoint's."""
    media = MEDIA.get(task, "image" if task in ("detect", "segment", "depth") else "text")
    told = {**FACTS, "task": task, "media": media, **facts}
    with report.opened(file, told, total, labels) as page:
        for record, item, path in rows:
            page.write(record, item, None if path is None else str(path))
    return file


def record(task: str, name: str, result: Any = None, **more: Any) -> Record:
    return Record(name, task, "some/checkpoint", FACTS["revision"], result, **more)


def failure(task: str, name: str, message: str) -> Row:
    return (
        record(task, name, error=results.Failure("InputError", message, "try another")),
        None,
        None,
    )


def picture(seed: int = 0, size: tuple[int, int] = (160, 120)) -> ImageInput:
    image = scene(*size, seed)
    return ImageInput(image, image.size)


def sound(seconds: float = 1.0) -> AudioInput:
    return AudioInput(tone(seconds), 16_000)


def detection(label: str, score: float, *sides: int) -> results.Detection:
    return results.Detection(label, score, results.Box(*sides))


def segment(label: str, score: float, mask: np.ndarray) -> results.Segment:
    """`mask` is boolean [height, width]."""
    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    down, across = np.nonzero(mask)
    box = results.Box(*(int(end) for end in (across.min(), down.min(), across.max(), down.max())))
    run_lengths = results.RunLengthMask(tuple(code["size"]), code["counts"].decode())
    return results.Segment(label, score, run_lengths, int(mask.sum()), box)


def entity(text: str, word: str, group: str, score: float) -> results.Entity:
    start = text.index(word)
    return results.Entity(group, score, word, start, start + len(word))


def answer(text: str, question: str, word: str, score: float) -> results.Answer:
    start = text.index(word)
    return results.Answer(question, word, score, start, start + len(word))


def passage(text: str, **fields: str) -> TextInput:
    return TextInput(text, fields)


def spoken(*words: str) -> results.Transcript:
    """Words of a fifth of a second each."""
    times = [(0.2 * at, 0.2 * at + 0.18) for at in range(len(words))]
    chunks = tuple(results.Chunk(word, time) for word, time in zip(words, times, strict=True))
    return results.Transcript(" ".join(words), chunks)


@dataclass(frozen=True)
class Data:
    """What the blocks of a page hold."""

    records: list[dict[str, Any]]
    previews: list[dict[str, Any]]
    run: Mapping[str, Any]


class _Blocks(HTMLParser):
    """The data blocks, read as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[Any]] = {"record": [], "preview": [], "run": []}
        self._kind: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        if tag == "script" and known.get("type") == "application/json":
            self._kind = known["class"]

    def handle_data(self, data: str) -> None:
        if self._kind is not None:
            self.found[self._kind].append(json.loads(data))

    def handle_endtag(self, tag: str) -> None:
        self._kind = None


def declared(interface: str) -> dict[str, bool]:
    """The keys that types/page.d.ts gives a block, and whether each is always there."""
    types = (Path(__file__).parents[1] / "types" / "page.d.ts").read_text("utf-8")
    (body,) = re.findall(rf"^export interface {interface} {{$(.*?)^}}$", types, re.M | re.S)
    return {name: not mark for name, mark in re.findall(r"^  (\w+)(\??):", body, re.M)}


def read_page(file: Path) -> Data:
    blocks = _Blocks()
    blocks.feed(file.read_text("utf-8"))
    (run,) = blocks.found["run"]
    return Data(blocks.found["record"], blocks.found["preview"], run)
