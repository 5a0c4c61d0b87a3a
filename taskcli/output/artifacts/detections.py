"""detect: the picture with its boxes, and every object cut out."""

from typing import TYPE_CHECKING

from taskcli.media.amounts import amount
from taskcli.media.items import ImageInput
from taskcli.output.artifacts import Contents
from taskcli.output.artifacts.encode import slug, to_look_at
from taskcli.output.artifacts.labelled import told as told
from taskcli.output.artifacts.labelled import with_others
from taskcli.output.drawing.annotator import Annotator, Tag, whole
from taskcli.output.drawing.label_layout import Frame
from taskcli.output.palette import colour_of, colours
from taskcli.output.writer import Layout
from taskcli.results import Box, Detection, Record

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = ".boxes"


def endings(layout: Layout) -> tuple[str, ...]:
    return (".boxes.*", ".crop-*") if layout.crops else (".boxes.*",)


def render(record: Record, layout: Layout) -> Contents:
    return with_others(SHOWN, picture(record, layout), beside(record, layout))


def picture(record: Record, layout: Layout) -> "Image":
    return annotated(record.result, record.item, layout)


def beside(record: Record, layout: Layout) -> Contents:
    """What is left of a picture beside the one to be looked at."""
    from taskcli.media.decode.pillow import any_size

    if not layout.crops:
        return
    image = whole(record.item)
    for number, detections in enumerate(record.result, 1):
        box = detections.box
        if box.xmin < box.xmax and box.ymin < box.ymax:
            with any_size():
                crop = image.crop(_around(box, layout.crop_margin, image.size))
            extension, content = to_look_at(crop)
            yield f".crop-{number:03}-{slug(detections.label)}{extension}", content


def _around(box: Box, margin: str | None, size: tuple[int, int]) -> Frame:
    """A box with its margin, as far as a picture of `size` reaches."""
    if margin is None:
        return box.sides
    much = amount(margin, "--crop-margin")
    across, down = (round(much.of(side)) for side in (box.xmax - box.xmin, box.ymax - box.ymin))
    return (
        max(box.xmin - across, 0),
        max(box.ymin - down, 0),
        min(box.xmax + across, size[0]),
        min(box.ymax + down, size[1]),
    )


def annotated(
    detections: list[Detection], item: ImageInput, layout: Layout, names: bool = True
) -> "Image":
    """The picture with all boxes; the surest is drawn last, and named first."""
    known = colours(layout.labels)
    annotator = Annotator(item.image, item.size, not names, layout.stroke if names else None)
    for detection in reversed(detections):
        annotator.box(detection.box, colour_of(detection.label, known))
    if names and not layout.no_names:
        tags = [
            Tag(
                detection.label,
                None if layout.no_scores else detection.score,
                detection.box,
                colour_of(detection.label, known),
            )
            for detection in detections
        ]
        annotator.names(tags)
    return annotator.image
