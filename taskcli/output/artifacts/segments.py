"""segment: the picture with its regions, a map of their numbers, and a mask for each."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from taskcli.output.artifacts import Contents
from taskcli.output.artifacts.encode import png, slug, to_look_at
from taskcli.output.drawing.annotator import Annotator, Tag, decoded, unwritable
from taskcli.output.palette import colour_of, colours
from taskcli.output.serialize import plain
from taskcli.output.writer import Layout
from taskcli.results import Record, Segment

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST = 65_535  # numbers in a 16-bit map


def endings(layout: Layout) -> tuple[str, ...]:
    usual = ".overlay.*", ".ids.png"
    return (*usual, ".mask-*.png") if layout.masks else usual


def render(record: Record, layout: Layout) -> Contents:
    extension, content = to_look_at(overlay(record.result, record.item, layout))
    yield f".overlay{extension}", content
    yield ".ids.png", _id_map(record.result, record.item.size)
    if layout.masks:
        for number, one in enumerate(record.result, 1):
            yield f".mask-{number:03}-{slug(one.label)}.png", png(decoded(one.mask).astype(bool))


def told(record: Record, layout: Layout) -> Record:
    """The record with what is to be said of the picture."""
    warnings = () if layout.no_names else unwritable(one.label for one in record.result)
    return replace(record, warnings=(*record.warnings, *warnings))


def overlay(found: list[Segment], item: Any, layout: Layout, names: bool = True) -> "Image":
    known = colours(layout.labels)
    annotator = Annotator(item.image, item.size, bold=not names)
    for one in found:
        annotator.region(decoded(one.mask), one.box, colour_of(one.label, known))
    if names and not layout.no_names:
        annotator.names(
            [
                Tag(one.label, one.score, one.box, colour_of(one.label, known), decoded(one.mask))
                for one in found
            ]
        )
    return annotator.image


def _id_map(found: list[Segment], size: tuple[int, int]) -> bytes:
    """Every pixel's place in the record's list, counted from 1; 0 is in no region."""
    import numpy as np

    ids = np.zeros(size[::-1], np.uint16)
    for number, one in enumerate(found[:_MOST], 1):
        ids[decoded(one.mask).astype(bool)] = number
    legend = [
        {"id": number, "label": one.label, "score": plain(one.score)}
        for number, one in enumerate(found, 1)
    ]
    return png(ids, segments=legend)
