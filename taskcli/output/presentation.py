"""How results look, wherever they are shown: PRESENTATIONS is the only table of it.

A result type without a row is shown as a table of its fields.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from taskcli.output.palette import Colour, colours, token_colours
from taskcli.output.sanitize import UNSAFE_IN_NAMES
from taskcli.output.serialize import one_line, plain
from taskcli.results import (
    Answer,
    DepthMap,
    Detection,
    Entity,
    GeneratedText,
    Label,
    Segment,
    Summary,
    TokenEntity,
    Transcript,
    Translation,
    parts_of,
)

# What a person sees: labels with bars, rows, marks in the text of the input, and so on.
View = Literal["fields", "ranking", "table", "spans", "transcript", "depth", "reply", "text"]
_ON_PAGE = ("view", "label", "score", "word", "start", "end", "text", "heading", "continues")
_SAVED = "taskcli.output.artifacts"


@dataclass(frozen=True)
class Column:
    """A column beside score and label; a heading that ends in > is one of numbers."""

    heading: str
    cell: Callable[[Any], str]
    dim: bool = False


@dataclass(frozen=True)
class Presentation:
    """How one result type looks. Fields are told by name: the page's script reads them, too."""

    line: Callable[[Any], str]  # the text that one answer amounts to
    view: View = "fields"
    label: str = ""  # the field that counts, filters and colours it
    of_token: bool = False  # whether that is a token's, as B-PER: its kind, and where it begins
    score: str = ""
    word: str = ""  # the field that holds what was found in the input's text
    start: str = ""  # where that begins and ends, in code points
    end: str = ""
    text: str = ""  # the field that holds a text made of the input
    heading: str = ""  # over that text on a page
    continues: bool = False  # whether that text may go on with the input's
    columns: tuple[Column, ...] = ()
    colours: Callable[[Mapping[int, str]], dict[str, Colour]] | None = None  # of its labels
    drawn: str = ""  # module:name, (result, item, Layout, whether with names) -> a picture
    saved: str = ""  # the module that makes its files

    def label_of(self, one: object) -> str | None:
        return getattr(one, self.label) if self.label else None

    def score_of(self, one: object) -> float | None:
        return getattr(one, self.score) if self.score else None

    def label_colours(self, labels: Mapping[int, str]) -> dict[str, Colour]:
        """Of a checkpoint's labels: the same in pictures, on a terminal and on a page."""
        return self.colours(labels) if self.colours else {}

    def for_page(self) -> dict[str, Any]:
        """What the script of the page reads of it, as JSON values."""
        return {name: getattr(self, name) for name in _ON_PAGE}


def fields_of(data: object, prefix: str = "") -> dict[str, Any]:
    """JSON values by dotted names (`box.xmin`); a value that has no fields is called `value`."""
    if not isinstance(data, dict):
        return {"value": data}
    fields: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            fields |= fields_of(value, f"{prefix}{key}.")
        else:
            fields[prefix + key] = value
    return fields


def cell_of(value: object) -> str:
    """One of these values as text: what is none as JSON, so is a text that is not of one line."""
    if value is None:
        return ""
    if isinstance(value, str) and not re.search(UNSAFE_IN_NAMES, value):
        return value
    return one_line(value)


def _fields_line(one: object) -> str:
    return "\t".join(map(cell_of, fields_of(plain(one)).values()))


def _detection_line(one: Detection) -> str:
    sides = " ".join(map(str, one.box.sides))
    return f"{one.score:.4f}\t{one.label}\t{sides}"


def _segment_line(one: Segment) -> str:
    score = "" if one.score is None else f"{one.score:.4f}"
    return f"{score}\t{one.label}\t{one.area}"


def _share(one: Segment) -> str:
    height, width = one.mask.size
    return f"{one.area / (height * width):.1%}"


FIELDS = Presentation(_fields_line)
_WORDS = (
    Column("text", lambda one: one.word),
    Column("at", lambda one: f"{one.start}–{one.end}", dim=True),
)
PRESENTATIONS: Mapping[type[Any], Presentation] = {
    Label: Presentation(
        lambda one: f"{one.score:.4f}\t{one.label}", "ranking", label="label", score="score"
    ),
    Detection: Presentation(
        _detection_line,
        "table",
        label="label",
        score="score",
        columns=(
            Column("left>", lambda one: str(one.box.xmin)),
            Column("top>", lambda one: str(one.box.ymin)),
            Column("right>", lambda one: str(one.box.xmax)),
            Column("bottom>", lambda one: str(one.box.ymax)),
        ),
        colours=colours,
        drawn=f"{_SAVED}.detections:annotated",
        saved=f"{_SAVED}.detections",
    ),
    Segment: Presentation(
        _segment_line,
        "table",
        label="label",
        score="score",
        columns=(Column("share>", _share), Column("pixels>", lambda one: f"{one.area:,}")),
        colours=colours,
        drawn=f"{_SAVED}.segments:overlay",
        saved=f"{_SAVED}.segments",
    ),
    DepthMap: Presentation(
        lambda one: f"{one.min:.4g}\t{one.mean:.4g}\t{one.max:.4g}\t{one.units}",
        "depth",
        drawn=f"{_SAVED}.depths:drawn",
        saved=f"{_SAVED}.depths",
    ),
    Transcript: Presentation(lambda one: one.text, "transcript", saved=f"{_SAVED}.transcripts"),
    Entity: Presentation(
        lambda one: f"{one.entity_group}\t{one.word}",
        "spans",
        label="entity_group",
        score="score",
        word="word",
        start="start",
        end="end",
        columns=_WORDS,
        colours=token_colours,
        saved=f"{_SAVED}.entities",
    ),
    TokenEntity: Presentation(
        lambda one: f"{one.entity}\t{one.word}",
        "table",
        label="entity",
        of_token=True,
        score="score",
        word="word",
        start="start",
        end="end",
        columns=_WORDS,
        colours=token_colours,
        saved=f"{_SAVED}.entities",
    ),
    Answer: Presentation(
        lambda one: one.answer, "reply", score="score", word="answer", start="start", end="end"
    ),
    GeneratedText: Presentation(
        lambda one: one.generated_text,
        "text",
        text="generated_text",
        heading="Text",
        continues=True,
    ),
    Summary: Presentation(
        lambda one: one.summary_text, "text", text="summary_text", heading="Summary"
    ),
    Translation: Presentation(
        lambda one: one.translation_text,
        "text",
        text="translation_text",
        heading="Translation",
        saved=f"{_SAVED}.translations",
    ),
}


def answers_of(result: object) -> list[Any]:
    """The answers that a result is, or that it lists."""
    return result if isinstance(result, list) else [result]


def presentation_of(result: object) -> Presentation:
    """How a result looks, by the type of its first answer."""
    first = next(iter(answers_of(result)), None)
    return PRESENTATIONS.get(type(first), FIELDS)


def saved_by(result_type: Any) -> str:
    """The module that makes the files of a task's results; empty where they have none."""
    known = (PRESENTATIONS[part].saved for part in parts_of(result_type) if part in PRESENTATIONS)
    return next(filter(None, known), "")
