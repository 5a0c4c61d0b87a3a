"""segment: the picture with its regions, a map of their numbers, and for each a mask, a cut-out."""

from typing import TYPE_CHECKING

from taskcli.media.items import ImageInput
from taskcli.output.artifacts import Contents
from taskcli.output.artifacts.encode import png, slug
from taskcli.output.artifacts.labelled import told as told
from taskcli.output.artifacts.labelled import with_others
from taskcli.output.drawing.annotator import Annotator, Tag, decoded, spread, whole
from taskcli.output.palette import colour_of, colours
from taskcli.output.serialize import plain
from taskcli.output.writer import Layout
from taskcli.results import Record, Segment

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = ".overlay"
_MOST = 65_535  # numbers in a 16-bit map


def endings(layout: Layout) -> tuple[str, ...]:
    asked = {".mask-*.png": layout.masks, ".cutout-*.png": layout.cutouts}
    return (".overlay.*", ".ids.png", *(ending for ending, wanted in asked.items() if wanted))


def render(record: Record, layout: Layout) -> Contents:
    return with_others(SHOWN, picture(record, layout), beside(record, layout))


def picture(record: Record, layout: Layout) -> "Image":
    return overlay(record.result, record.item, layout)


def beside(record: Record, layout: Layout) -> Contents:
    """What is left of a picture beside the one to be looked at."""
    yield ".ids.png", _id_map(record.result, record.item.size)
    if layout.masks:
        for number, segment in enumerate(record.result, 1):
            yield (
                f".mask-{number:03}-{slug(segment.label)}.png",
                png(decoded(segment.mask).view(bool)),
            )
    if layout.cutouts:
        image = whole(record.item)
        for number, segment in enumerate(record.result, 1):
            if segment.area:
                yield f".cutout-{number:03}-{slug(segment.label)}.png", _cutout(image, segment)


def overlay(
    segments: list[Segment], item: ImageInput, layout: Layout, names: bool = True
) -> "Image":
    known = colours(layout.labels)
    annotator = Annotator(item.image, item.size, not names, layout.stroke if names else None)
    tags = []
    for segment in segments:
        # One mask at a time, for each is as large as the picture.
        mask, colour = decoded(segment.mask), colour_of(segment.label, known)
        annotator.region(mask, segment.box, colour)
        score = None if layout.no_scores else segment.score
        tags.append(Tag(segment.label, score, segment.box, colour, spread(mask)))
    if names and not layout.no_names:
        annotator.names(tags)
    return annotator.image


def _cutout(image: "Image", segment: Segment) -> bytes:
    """The region alone, as large as its box; nothing of what is around it is in the file."""
    import numpy as np

    from taskcli.media.decode.pillow import any_size

    left, top, right, bottom = segment.box.sides
    with any_size():
        pixels = np.asarray(image.crop((left, top, right, bottom)))
    mask = decoded(segment.mask)[top:bottom, left:right, None]
    return png(np.concatenate([pixels * mask, 255 * mask], -1))


def _id_map(segments: list[Segment], size: tuple[int, int]) -> bytes:
    """Every pixel's place in the record's list, counted from 1; 0 is in no region."""
    import numpy as np

    ids = np.zeros(size[::-1], np.uint16)
    for number, segment in enumerate(segments[:_MOST], 1):
        ids[decoded(segment.mask).view(bool)] = number
    legend = [
        {"id": number, "label": segment.label, "score": plain(segment.score)}
        for number, segment in enumerate(segments, 1)
    ]
    return png(ids, segments=legend)
