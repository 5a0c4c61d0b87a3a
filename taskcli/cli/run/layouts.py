"""How answers are laid out, by the output options of their task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from taskcli.config.options import OutputOptions
from taskcli.output import Layout
from taskcli.task import Task

# What a layout takes from the output options of those tasks that have them.
_LAID_OUT_BY = {
    "line_width": "max_line_width",
    "max_lines": "max_lines",
    "max_words": "max_words",
    "word_cues": "word_cues",
    "karaoke": "karaoke",
    "crops": "crops",
    "crop_margin": "crop_margin",
    "masks": "masks",
    "cutouts": "cutouts",
    "preview": "preview",
    "depth_range": "depth_range",
    "save": "save",
    "no_names": "no_names",
    "no_scores": "no_scores",
    "stroke": "line_width",
    "polygons": "polygons",
    "yolo_scores": "yolo_scores",
    "coco_ids": "coco_ids",
}


def laid_out(
    task: type[Task[Any, Any, Any]],
    written: OutputOptions,
    labels: Mapping[int, str],
    ids: Sequence[str],
) -> Layout:
    """`labels` are the checkpoint's, by number; `ids` those of the inputs that are known."""
    usual = Layout(labels, ids)
    asked = {
        name: getattr(written, option, None) or getattr(usual, name)
        for name, option in _LAID_OUT_BY.items()
    }
    return replace(usual, **asked, result=task.result, more_fields=task.more_fields)
