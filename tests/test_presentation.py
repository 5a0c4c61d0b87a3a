"""A result type with a row in PRESENTATIONS, and one without: shown well by every writer."""

import csv
import io
import json
import re
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PRINTED
from rich.console import Console

import taskcli
from taskcli import results
from taskcli.output import open_writer, presentation
from taskcli.output.filesystem.names import Names
from taskcli.output.presentation import PRESENTATIONS, Column, Presentation, saved_by
from taskcli.output.sanitize import UNSAFE_IN_NAMES, safe_line
from taskcli.output.serialize import one_line
from taskcli.output.terminal.console import ConsoleWriter
from taskcli.results import NOT_IN_RECORD, Box, Record
from taskcli.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Plate:
    """What no writer has heard of."""

    number: str
    country: str | None
    sharpness: float
    box: Box
    candidates: list[str]
    pixels: Any = field(default=None, repr=False, compare=False, metadata=NOT_IN_RECORD)


@dataclass(frozen=True, slots=True)
class Mask:
    """A word for a gap."""

    token_str: str
    score: float
    sequence: str


PLATE = Plate("B-AD 1234567", None, 1 / 3, Box(1, 2, 30, 40), ["B-AD 1234", "B-AO 1234"], object())
MASKS = [Mask("city", 0.75, "Paris is a city."), Mask("place", 0.25, "Paris is a place.")]


def written(chosen: str, result: Any, width: int = 100) -> str:
    stream = io.StringIO(newline="")
    writer = open_writer(chosen, stream)
    if isinstance(writer, ConsoleWriter):
        writer._console = Console(file=stream, width=width, highlight=False)
    writer.write(Record("a.jpg", "plates", "model", None, result))
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize("result", [PLATE, [PLATE, PLATE]], ids=["one", "several"])
@pytest.mark.parametrize("chosen", PRINTED)
def test_an_unknown_result_is_shown_by_its_fields(chosen: str, result: Any) -> None:
    shown = written(chosen, result)
    for value in ("B-AD 1234567", "0.333333", "30", "B-AO 1234"):
        assert value in shown
    for repr_of_ours in ("Plate", "Box(", "None", "object at", "number="):
        assert repr_of_ours not in shown


def test_its_fields_are_columns_of_a_table() -> None:
    (row,) = csv.DictReader(io.StringIO(written("csv", PLATE)))
    assert row == {
        "input": "a.jpg",
        "number": "B-AD 1234567",
        "country": "",
        "sharpness": "0.333333",
        "box.xmin": "1",
        "box.ymin": "2",
        "box.xmax": "30",
        "box.ymax": "40",
        "candidates": '["B-AD 1234", "B-AO 1234"]',
        "error": "",
    }


def test_on_a_terminal_one_has_a_line_for_each_field_and_several_a_heading() -> None:
    lines = [line.split() for line in written("rich", PLATE).splitlines()]
    assert ["sharpness", "0.333333"] in lines
    assert ["box.xmin", "1"] in lines
    heading, *rows = written("rich", [PLATE, PLATE], 200).splitlines()[1:4]
    assert heading.split() == [
        "number", "country", "sharpness", "box.xmin", "box.ymin", "box.xmax", "box.ymax",
        "candidates",
    ]  # fmt: skip
    assert all("0.333333" in row for row in rows)


def test_as_text_it_is_one_line_parted_by_tabs() -> None:
    assert written("text", PLATE).split("\t") == [
        "B-AD 1234567", "", "0.333333", "1", "2", "30", "40", '["B-AD 1234", "B-AO 1234"]\n',
    ]  # fmt: skip
    broken = Plate("two\nlines", "a\tb", 0.5, Box(0, 0, 0, 0), [])
    assert written("text", broken).startswith('"two\\nlines"\t"a\\tb"\t0.5')


@pytest.mark.parametrize("result", ["plain", 0.5, {"a": {"b": 1}, "c": [1, 2]}, [1, 2], None])
@pytest.mark.parametrize("chosen", PRINTED)
def test_so_are_values_without_fields(chosen: str, result: Any) -> None:
    shown = written(chosen, result)
    assert "'" not in shown and "None" not in shown
    if chosen == "jsonl":
        assert json.loads(shown)["result"] == result


@pytest.mark.parametrize("chosen", ["rich", "csv", "tsv"])
def test_what_is_inside_another_has_a_dotted_name(chosen: str) -> None:
    assert "a.b" in written(chosen, {"a": {"b": 1}, "c": [1, 2]})


@pytest.mark.parametrize("name", ["input", "error"])
def test_a_field_does_not_take_the_place_of_a_column(name: str) -> None:
    (row,) = csv.DictReader(io.StringIO(written("csv", {name: "own"})))
    assert (row["input"], row["error"], row[f"result.{name}"]) == ("a.jpg", "", "own")


def test_a_row_is_all_that_a_result_type_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Presentation(
        lambda one: one.sequence,
        "table",
        label="token_str",
        score="score",
        columns=(Column("sentence", lambda one: one.sequence),),
    )
    monkeypatch.setattr(presentation, "PRESENTATIONS", {**PRESENTATIONS, Mask: row})
    assert written("text", MASKS) == "Paris is a city.\nParis is a place.\n"
    heading, first = written("rich", MASKS).splitlines()[1:3]
    assert heading.split() == ["score", "token_str", "sentence"]
    assert first.split() == ["75.0%", "city", "Paris", "is", "a", "city."]


def test_every_result_of_a_task_has_a_presentation() -> None:
    parts = {part for task in TASKS for part in results.parts_of(task.result)}
    assert {part for part in parts if is_dataclass(part)} == set(PRESENTATIONS)
    saving = {task.name for task in TASKS if saved_by(task.result)}
    assert saving == {"asr", "detect", "segment", "depth", "ner", "translate"}


def test_all_that_show_text_have_one_list_of_what_is_not_shown() -> None:
    """A terminal, JSON and the names of files; tests/test_report_script.py asks the page."""
    characters = [chr(code) for code in range(0x10000)]
    unsafe = {one for one in characters if re.match(UNSAFE_IN_NAMES, one)}
    assert {one for one in characters if safe_line(one) != one} == unsafe - {"\t"}
    assert {one for one in characters if one not in one_line(one)} == unsafe
    assert not [one for one in unsafe if one in str(Names().of(f"a{one}b"))]


def test_no_module_has_a_list_of_its_own() -> None:
    """Of characters that reorder text, or of colours, which have their places."""
    package = Path(taskcli.__file__).parent
    listed = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.suffix in (".py", ".js") and re.search(r"\\u202[ae]", path.read_text("utf-8"))
    }
    assert listed == {"output/sanitize.py"}
    coloured = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8"))
    }
    assert not coloured
