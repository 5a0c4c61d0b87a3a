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

    def __init__(self, stream: TextIO, layout: Layout) -> None:
        super().__init__(stream)
        self._numbers = numbers(layout)
        self._polygons = layout.polygons
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

    def _annotations(self, found: list[Found], image: int) -> Iterator[dict[str, Any]]:
        for one in found:
            self._count += 1
            yield {
                "id": self._count,
                "image_id": image,
                "category_id": self._numbers.category(one.label),
                "bbox": bbox(one.sides),
                "segmentation": self._shape(one),
                "area": _area(one),
                "iscrowd": 0,
                **({} if one.score is None else {"score": plain(one.score)}),
            }

    def _shape(self, one: Found) -> Any:
        """Empty for a box: importers ask for the key."""
        if isinstance(one, Detection):
            return []
        return _polygons(one.mask) if self._polygons else plain(one.mask)

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

    def __init__(self, stream: TextIO, layout: Layout) -> None:
        super().__init__(stream)
        self._numbers = numbers(layout)
        self._begun = False
        stream.write("[")

    def write(self, record: Record) -> None:
        image = self._numbers.image(record.input)
        for one in record.result or ():
            # A result with both would be measured by its box.
            place = (
                {"segmentation": plain(one.mask)}
                if isinstance(one, Segment)
                else {"bbox": bbox(one.sides)}
            )
            result = {
                "image_id": image,
                "category_id": self._numbers.category(one.label),
                **place,
                "score": 1.0 if one.score is None else plain(one.score),
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


def _area(one: Found) -> float:
    if isinstance(one, Segment):
        return one.area
    left, top, right, bottom = one.sides
    return round((right - left) * (bottom - top), 2)


def _polygons(mask: RunLengthMask) -> list[list[float]]:
    from taskcli.output.drawing.annotator import decoded

    return [line.ravel().tolist() for line in polygons(decoded(mask))]
