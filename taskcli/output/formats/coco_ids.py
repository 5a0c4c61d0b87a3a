"""The numbers that COCO's documents give to images and categories."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from taskcli.errors import StoppedError, UsageError
from taskcli.output.writer import Layout


class Numbers:
    """Images count the inputs from 1, as they were given; categories the model's labels from 1.

    An input that fails keeps its number, so it is the same in every run over the same inputs.
    """

    def __init__(self, inputs: Iterable[str], labels: Iterable[str]) -> None:
        self._images = {name: number for number, name in enumerate(dict.fromkeys(inputs), 1)}
        self._categories = {name: number for number, name in enumerate(labels, 1)}
        self._last = len(self._images)
        self._answered: set[int] = set()

    def image(self, name: str) -> int:
        """The number of an input, asked for once: one that comes again has another."""
        number = self._images.get(name, 0)
        if not number or number in self._answered:
            self._last += 1
            number = self._last
        self._answered.add(number)
        return number

    def category(self, label: str) -> int:
        unused = max(self._categories.values(), default=0) + 1
        return self._categories.setdefault(label, unused)

    @property
    def categories(self) -> list[tuple[str, int]]:
        """(label, number), by number."""
        return sorted(self._categories.items(), key=lambda pair: pair[1])


class Given(Numbers):
    """Numbers of a document of annotations, by file name and label, so that both can be compared.

    A label that it has not gets the next number.
    """

    def __init__(self, file: Path, labels: Iterable[str]) -> None:
        images, categories = _read(file)
        super().__init__((), ())
        self._file = file
        self._named: dict[str, list[tuple[PurePath, int]]] = defaultdict(list)
        for image in images:
            path = PurePath(str(image["file_name"]))
            self._named[path.name].append((path, image["id"]))
        self._categories = {str(one["name"]): one["id"] for one in categories}
        for label in labels:
            self.category(label)

    def image(self, name: str) -> int:
        number = self.find(name)
        if number is None:
            raise StoppedError(*_unknown(name, self._file))
        return number

    def find(self, name: str) -> int | None:
        """The image whose path ends as the input's does, or the other way round, if it is one."""
        path = PurePath(name)
        fitting = {
            number: known for known, number in self._named[path.name] if _ends_alike(known, path)
        }
        exact = [number for number, known in fitting.items() if known == path]
        chosen = exact or list(fitting)
        return chosen[0] if len(chosen) == 1 else None


def numbers(layout: Layout) -> Numbers:
    """The numbers of a run: those of --coco-ids, or its own."""
    if layout.coco_ids is not None:
        return Given(layout.coco_ids, layout.classes)
    return Numbers(layout.inputs, layout.classes)


def check(file: Path, inputs: Iterable[str]) -> None:
    """Refuse, before anything is run, inputs that are no image of the document, or share one."""
    given, taken = Given(file, ()), dict[int, str]()
    for name in inputs:
        number = given.find(name)
        if number is None:
            raise UsageError(*_unknown(name, file))
        if taken.setdefault(number, name) != name:
            raise UsageError(
                f"--coco-ids {file}: {taken[number]} and {name} are both its image {number}",
                "its file names tell them apart by name alone; run them one by one",
            )


def _unknown(name: str, file: Path) -> tuple[str, str]:
    message = f"--coco-ids {file}: it has no image, or several, with the file name of {name}"
    return message, "give the pictures that it is about, or leave the option out"


def _ends_alike(one: PurePath, other: PurePath) -> bool:
    parts, others = (
        [part for part in path.parts if part not in (path.anchor, "..")] for path in (one, other)
    )
    shared = min(len(parts), len(others))
    return parts[-shared:] == others[-shared:]


def _read(file: Path) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    try:
        document = json.loads(file.read_text("utf-8"))
        images, categories = document["images"], document["categories"]
        whole = [image["file_name"] for image in images] + [one["name"] for one in categories]
        ids = [one["id"] for one in (*images, *categories)]
    except OSError as failure:
        raise UsageError(f"--coco-ids {file}: it cannot be read: {failure.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"--coco-ids {file}: it is no document of COCO annotations",
            'it needs "images" with "id" and "file_name", and "categories" with "id" and "name"',
        ) from None
    if len(whole) != len(ids) or not all(type(id) is int for id in ids):
        raise UsageError(f"--coco-ids {file}: an id in it is no whole number")
    return images, categories
