"""COCO's JSON, which annotation tools and pycocotools load: one document for the whole run."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from taskcli.output.serialize import plain
from taskcli.output.writer import Layout, Writer
from taskcli.results import Box, Detection, Record, Segment


class CocoWriter(Writer):
    """Annotations go out as they come; images and categories follow at the end.

    An input that failed is no image; it stands under info.failures with its reason.
    """

    def __init__(self, stream: TextIO, layout: Layout) -> None:
        super().__init__(stream)
        self._categories: dict[str, int] = {}
        for number, name in layout.labels.items():
            self._categories.setdefault(name, number)
        self._images: list[dict[str, Any]] = []
        self._failures: list[dict[str, str]] = []
        self._info: dict[str, Any] = {}
        self._count = 0
        stream.write('{"annotations": [')

    def write(self, record: Record) -> None:
        self._info = {"description": f"taskcli {record.task}", "model": record.model}
        if record.error is not None:
            self._failures.append({"input": record.input, "message": record.error.message})
            return
        width, height = record.item.size
        number = len(self._images) + 1
        self._images.append(
            {"id": number, "file_name": record.input, "width": width, "height": height}
        )
        for annotation in self._annotations(record.result, number):
            self.stream.write(("," if self._count > 1 else "") + "\n" + json.dumps(annotation))
        self.stream.flush()

    def _annotations(
        self, found: list[Detection | Segment], image: int
    ) -> Iterator[dict[str, Any]]:
        for one in found:
            self._count += 1
            place = bbox(one.box)
            shape = (
                {"segmentation": plain(one.mask), "area": one.area}
                if isinstance(one, Segment)
                else {"area": place[2] * place[3]}
            )
            yield {
                "id": self._count,
                "image_id": image,
                "category_id": self._category(one.label),
                "bbox": place,
                **shape,
                "iscrowd": 0,
                **({} if one.score is None else {"score": plain(one.score)}),
            }

    def _category(self, label: str) -> int:
        unused = max(self._categories.values(), default=0) + 1
        return self._categories.setdefault(label, unused)

    def close(self) -> None:
        rest = {
            "images": self._images,
            "categories": [
                {"id": number, "name": name}
                for name, number in sorted(self._categories.items(), key=lambda pair: pair[1])
            ],
            "info": {**self._info, "failures": self._failures},
        }
        self.stream.write("\n]")
        for key, value in rest.items():
            self.stream.write(f",\n{json.dumps(key)}: {json.dumps(value)}")
        self.stream.write("}\n")
        self.stream.flush()


def bbox(box: Box) -> list[int]:
    """x and y of the upper left corner, width and height, in pixels."""
    return [box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin]
