"""COCO's JSON, which annotation tools and pycocotools load: one document for the whole run."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from taskcli.output.drawing.polygon import polygons
from taskcli.output.formats.coco_ids import numbers
from taskcli.output.serialize import plain
from taskcli.output.writer import Layout, Writer
from taskcli.results import Detection, Record, RunLengthMask, Segment

Found = Detection | Segment


class CocoWriter(Writer):
    """Annotations go out as they come; images and categories follow at the end.

    An input that failed is no image; it stands under info.failures with its reason.
    """

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._numbers = numbers(self.layout)
        self._images: list[dict[str, Any]] = []
        self._failures: list[dict[str, str]] = []
        self._info: dict[str, Any] = {}
        self._count = 0
        stream.write('{"annotations": [')

    def write(self, record: Record) -> None:
        self._info = {"description": f"taskcli {record.task}", "model": record.model}
        number = self._numbers.image(record.input)
        if record.error is not None:
            self._failures.append({"input": record.input, "message": record.error.message})
            return
        width, height = record.item.size
        self._images.append(
            {"id": number, "file_name": record.input, "width": width, "height": height}
        )
        for annotation in self._annotations(record.result, number):
            self.stream.write(("," if self._count > 1 else "") + "\n" + json.dumps(annotation))
        self.stream.flush()

    def _annotations(self, objects: list[Found], image: int) -> Iterator[dict[str, Any]]:
        for detected in objects:
            self._count += 1
            yield {
                "id": self._count,
                "image_id": image,
                "category_id": self._numbers.category(detected.label),
                "bbox": bbox(detected.sides),
                "segmentation": self._shape(detected),
                "area": _area(detected),
                "iscrowd": 0,
                **({} if detected.score is None else {"score": plain(detected.score)}),
            }

    def _shape(self, detected: Found) -> object:
        """Empty for a box: importers ask for the key."""
        if isinstance(detected, Detection):
            return []
        return _polygons(detected.mask) if self.layout.polygons else plain(detected.mask)

    def close(self) -> None:
        rest = {
            "images": self._images,
            "categories": [
                {"id": number, "name": name, "supercategory": ""}
                for name, number in self._numbers.categories
            ],
            "licenses": [],
            "info": {**self._info, "failures": self._failures},
        }
        self.stream.write("\n]")
        for key, value in rest.items():
            self.stream.write(f",\n{json.dumps(key)}: {json.dumps(value)}")
        self.stream.write("}\n")
        self.stream.flush()


class CocoResultsWriter(Writer):
    """The list that evaluation takes (cocodataset.org/#format-results): pycocotools' loadRes.

    The numbers are those of CocoWriter. An input that failed has no results.
    """

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._numbers = numbers(self.layout)
        self._begun = False
        stream.write("[")

    def write(self, record: Record) -> None:
        image = self._numbers.image(record.input)
        for detected in record.result or ():
            # A result with both would be measured by its box.
            place = (
                {"segmentation": plain(detected.mask)}
                if isinstance(detected, Segment)
                else {"bbox": bbox(detected.sides)}
            )
            result = {
                "image_id": image,
                "category_id": self._numbers.category(detected.label),
                **place,
                "score": 1.0 if detected.score is None else plain(detected.score),
            }
            self.stream.write(("," if self._begun else "") + "\n" + json.dumps(result))
            self._begun = True
        self.stream.flush()

    def close(self) -> None:
        self.stream.write("\n]\n")
        self.stream.flush()


def bbox(sides: Sequence[float]) -> list[float]:
    """x and y of the upper left corner, width and height, to a hundredth of a pixel."""
    left, top, right, bottom = sides
    return [round(float(value), 2) for value in (left, top, right - left, bottom - top)]


def _area(detected: Found) -> float:
    if isinstance(detected, Segment):
        return detected.area
    left, top, right, bottom = detected.sides
    return round((right - left) * (bottom - top), 2)


def _polygons(mask: RunLengthMask) -> list[list[float]]:
    from taskcli.output.drawing.annotator import decoded

    return [line.ravel().tolist() for line in polygons(decoded(mask))]
