"""The script of the report page where it needs no browser, and the constants that it is handed."""

import json
import re
import subprocess
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from report_pages import declared, detection, entity, make_page, passage, picture, read_page, record
from tools import program

from taskcli import results
from taskcli.output import report
from taskcli.output.palette import colormap, text_color_on
from taskcli.output.presentation import FIELDS, PRESENTATIONS
from taskcli.output.sanitize import UNSAFE_IN_NAMES, safe_line

TESTS = Path(__file__).parent / "page"
PAGE = Path("out.html")
_NAME = re.compile(
    r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)|^const \{ (.+) \} =", re.MULTILINE
)


def test_node_finds_no_fault() -> None:
    ran = subprocess.run(
        [program("node"), "--test", TESTS], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(re.findall(r"^(?:#|ℹ) pass (\d+)$", ran.stdout, re.MULTILINE)[0]) >= 25


def test_the_script_is_tested_with_the_shapes_of_our_results() -> None:
    shapes = {kind.__name__: shape.for_page() for kind, shape in PRESENTATIONS.items()}
    told = json.loads((TESTS / "shapes.json").read_text("utf-8"))
    assert told == {**shapes, "fields": FIELDS.for_page()}
    assert set(declared("Shape")) == set(FIELDS.for_page())


def test_the_page_knows_how_its_results_look() -> None:
    found = [detection("ball", 0.9, 5, 5, 90, 90)]
    rows = [
        (record("detect", "none", []), picture(), None),
        (record("detect", "a", found), picture(), None),
        (record("detect", "none again", []), picture(), None),
    ]
    assert read_page(make_page(PAGE, "detect", rows)).run["shape"]["view"] == "table"
    assert read_page(make_page(PAGE, "detect", rows[:1])).run["shape"]["view"] == "fields"


@pytest.mark.parametrize("more", [(), ("taskcli.explain.page",)], ids=["report", "explain"])
def test_modules_share_one_scope_without_a_clash(more: tuple[str, ...]) -> None:
    """A page from disk can import nothing, so its modules stand one after the other."""
    rooms = [files(report), *map(files, more)]
    scripts = [file for room in rooms for file in room.iterdir() if file.name.endswith(".js")]
    if more:
        scripts.remove(files(report) / "page.js")  # the other page's own
    assert len(scripts) > 10
    named = Counter(
        name
        for script in scripts
        for one, several in _NAME.findall(script.read_text("utf-8"))
        for name in (one or several).split(", ")
    )
    assert [name for name, times in named.items() if times > 1] == []


def test_the_page_holds_every_module_once_and_imports_nothing() -> None:
    page = make_page(PAGE, "detect", []).read_text("utf-8")
    for script in files(report).iterdir():
        if script.name.endswith(".js"):
            assert page.count(script.read_text("utf-8").splitlines()[0]) == 1, script.name
    assert not re.search(r"^\s*(import|export)\b", page, re.MULTILINE)


def test_colours_and_their_inks_come_with_the_data() -> None:
    found = [detection("ball", 0.9, 5, 5, 90, 90), detection("cube", 0.8, 5, 5, 90, 90)]
    run = read_page(
        make_page(PAGE, "detect", [(record("detect", "a", found), picture(), None)])
    ).run
    assert list(run["colours"]) == ["ball", "cube"]
    for colour in run["colours"].values():
        ink = text_color_on(tuple(bytes.fromhex(colour[1:])))
        assert bytes.fromhex(run["inks"][colour][1:]) == bytes(ink)
    assert run["heat"] == []


def test_depths_have_the_colours_of_saved_pictures() -> None:
    values = np.linspace(1, 9, 12, dtype=np.float32).reshape(3, 4)
    found = results.DepthMap(1.0, 9.0, 5.0, 4, 3, "m", values)
    run = read_page(make_page(PAGE, "depth", [(record("depth", "a", found), picture(), None)])).run
    assert len(run["heat"]) == 256
    for level in (0, 64, 128, 255):
        expected = colormap(np.array([[level / 255]]))[0, 0].tolist()
        assert list(bytes.fromhex(run["heat"][level][1:])) == expected


@pytest.mark.parametrize(
    "character", "\x00\n\t\x1b\x7f\x85\u061c\u200e\u2028\u2029\u202e\u2066\ud800"
)
def test_what_a_terminal_does_not_show_no_name_of_the_page_shows(character: str) -> None:
    text = "Ada"
    rows = [(record("ner", "a", [entity(text, "Ada", "PER", 0.9)]), passage(text), None)]
    unsafe = read_page(make_page(PAGE, "ner", rows)).run["unsafe"]
    assert unsafe == UNSAFE_IN_NAMES
    assert re.fullmatch(unsafe, character)
    if character != "\t":
        assert character not in safe_line(f"a{character}b")


@pytest.mark.parametrize("character", "a 東\u00a0\u0301👩\u200d")
def test_letters_are_shown(character: str) -> None:
    assert not re.search(UNSAFE_IN_NAMES, character)
    assert safe_line(character) == character
