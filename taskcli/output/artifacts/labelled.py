"""What pictures of labelled things have in common, boxes and regions."""

from dataclasses import replace
from typing import TYPE_CHECKING

from taskcli.output.artifacts import Contents
from taskcli.output.artifacts.encode import to_look_at
from taskcli.output.drawing.annotator import unwritable
from taskcli.output.writer import Layout
from taskcli.results import Record

if TYPE_CHECKING:
    from PIL.Image import Image


def with_others(shown: str, picture: "Image", beside: Contents) -> Contents:
    """The picture to be looked at, as `shown`, before what is left beside it."""
    extension, content = to_look_at(picture)
    yield f"{shown}{extension}", content
    yield from beside


def told(record: Record, layout: Layout) -> Record:
    """The record with what is to be said of the picture."""
    warnings = () if layout.no_names else unwritable(one.label for one in record.result)
    return replace(record, warnings=(*record.warnings, *warnings))
