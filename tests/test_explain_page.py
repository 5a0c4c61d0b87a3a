"""The page of `taskcli explain --report` in a browser, and what the command line does with it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import Tab, pixel
from conftest import Finished
from explained_pages import (
    everything,
    explanation,
    feature_maps,
    grid,
    looks,
    make_explained,
    maps,
    rows,
    signed_maps,
    strip,
    tree,
    wave,
)
from PIL import Image
from report_pages import passage, picture, sound

from taskcli import results
from taskcli.explain.drawing import Saver
from taskcli.explain.drawing.sheets import drawn
from taskcli.explain.views.kinds import Frame, View
from taskcli.media.items import ImageInput
from taskcli.output.filesystem.files import Files
from taskcli.output.palette import diverging_colours, heat_colours

Run = Callable[..., Finished]
PAGE = Path("page.html")
EXAMPLES = Path(__file__).parents[1] / "examples"
SCENE = EXAMPLES / "scenes/blue-ball.jpg"
HOSTILE = "</script><script>document.title='owned'</script>\u202egpj.exe"


def shown(tab: Tab, *views: View, media: str = "image", **how: Any) -> Any:
    """A page of one input, all of whose views are open."""
    page = tab.open(make_explained(PAGE, explanation(views, **how), media=media))
    page.evaluate("document.querySelectorAll('details.view').forEach((view) => (view.open = true))")
    drawings = page.locator("details.view .drawing")
    page.wait_for_function(
        "[...document.querySelectorAll('.drawing')].every((drawing) => drawing.firstChild)"
    )
    assert drawings.count() == len(views)
    return page


def point(page: Any, across: float, down: float, selector: str = ".plane") -> str:
    """What is said of a place of a drawing, in shares of its width and height."""
    plane = page.locator(selector)
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    plane.hover(position={"x": across * box["width"], "y": down * box["height"]})
    return str(page.inner_text(".told"))


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


# The page


@pytest.mark.long
def test_stages_stand_in_the_order_of_the_data_with_their_views(tab: Tab) -> None:
    page = shown(tab, maps(), looks(), grid())
    assert page.title() == "classify-image explained"
    names = ["Pixels", "Patches", "Encoder", "Labels"]
    assert page.locator(".stage h3").all_inner_texts() == names
    assert [text.split("\n")[0] for text in page.locator(".rail li").all_inner_texts()] == names
    encoder, labels = page.locator(".stage").nth(2), page.locator(".stage").nth(3)
    titles = encoder.locator("h4").all_inner_texts()
    assert titles == ["Where [CLS] looks", "Where each patch looks"]
    assert labels.locator("h4").all_inner_texts() == ["Attention between tokens"]
    assert "1 × 3 × 128 × 128 → 1 × 65 × 160" in encoder.inner_text()
    assert "80% of the time, 60 ms" in encoder.inner_text()
    assert "weights 1.55 M" in encoder.inner_text().replace("\n", " ")
    track = encoder.locator(".figures .track").bounding_box()["width"]
    assert encoder.locator(".figures .track i").bounding_box()["width"] == pytest.approx(
        0.8 * track, abs=1
    )
    assert "1,686,592" in page.inner_text(".facts")
    assert "In training patches are dropped." in page.inner_text(".training")
    assert page.locator(".answered .warning").count() == 0
    assert page.locator(".bar-row").first.inner_text().split() == ["ball", "90.0%"]


@pytest.mark.long
def test_an_answer_that_changed_is_told(tab: Tab) -> None:
    page = shown(tab, maps(), same=False, looked_same=False)
    told = page.locator(".answered .warning").all_inner_texts()
    assert len(told) == 2
    assert "while the model was watched" in told[0]
    assert "while attention was written out" in told[1]


@pytest.mark.long
def test_several_inputs_stand_on_one_page_and_failures_among_them(tab: Tab) -> None:
    error = results.Failure("InputError", "the image is damaged", "open it elsewhere")
    failed = explanation([], "bad.png")
    record = results.Record("bad.png", "classify-image", "some/checkpoint", error=error)
    broken = type(failed)(**{**vars(failed), "record": record, "look": None, "stages": ()})
    pages = [explanation([maps()], "a.png"), broken, explanation([maps()], "c.png")]
    page = tab.open(make_explained(PAGE, *pages))
    assert page.locator(".input > h2").all_inner_texts() == ["a.png", "bad.png", "c.png"]
    assert page.locator(".stage").count() == 8
    assert "the image is damaged" in page.locator(".input").nth(1).inner_text()
    assert "the image is damaged" in page.inner_text("#failures")


# Each kind of view


@pytest.mark.long
def test_maps_lie_over_the_picture_and_tell_their_numbers(tab: Tab) -> None:
    page = shown(tab, maps())
    assert pixel(page, ".plane canvas", 0.5, 0.4) == [*rgb(heat_colours()[-1]), 255]
    assert pixel(page, ".plane canvas", 0.05, 0.1)[3] == 0, "the least lets the picture through"
    assert point(page, 0.5, 0.4) == "row 2, column 3: 0.75"
    assert point(page, 0.95, 0.95) == "row 4, column 5: 0.5"
    image = page.locator(".plane img").bounding_box()
    assert image == page.locator(".plane canvas").bounding_box()
    assert image["width"] / image["height"] == pytest.approx(160 / 120, abs=0.02)
    assert page.inner_text(".under .scale").split() == ["0", "0.75"]
    page.get_by_role("slider").fill("40")
    assert page.eval_on_selector(".plane canvas", "canvas => canvas.style.opacity") == "0.4"
    page.get_by_role("radio", name="layer 2").click()
    assert page.inner_text(".frame-note") == "the last one"
    plane, box = (page.locator(one).bounding_box() for one in (".plane", ".plane .found"))
    assert box["x"] - plane["x"] == pytest.approx(plane["width"] / 4, abs=1.5)
    assert box["height"] == pytest.approx(plane["height"] / 2, abs=1.5)
    assert point(page, 0.5, 0.6) == "row 3, column 3: 0.75"


@pytest.mark.long
def test_a_plane_shows_the_part_of_the_picture_that_the_model_was_given(tab: Tab) -> None:
    page = shown(tab, maps(extent=(0.25, 0.0, 1.0, 1.0)))
    page.get_by_role("radio", name="layer 2").click()
    plane, image, box = (
        page.locator(one).bounding_box() for one in (".plane", ".plane img", ".plane .found")
    )
    assert plane["width"] / plane["height"] == pytest.approx(1, abs=0.02)
    assert image["width"] == pytest.approx(plane["width"] / 0.75, abs=1.5)
    assert plane["x"] - image["x"] == pytest.approx(plane["width"] / 3, abs=1.5)
    assert box["x"] == pytest.approx(plane["x"], abs=1.5)
    assert box["width"] == pytest.approx(plane["width"] * 2 / 3, abs=1.5)
    assert point(page, 0.5, 0.6) == "row 3, column 3: 0.75"


@pytest.mark.long
def test_arrow_keys_choose_frames_and_walk_over_numbers(tab: Tab) -> None:
    page = shown(tab, maps())
    page.get_by_role("radio", name="layer 1").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "layer 2"
    assert page.get_by_role("radio", name="layer 2").get_attribute("aria-checked") == "true"
    page.keyboard.press("Tab")
    assert page.inner_text(".told") == "row 3, column 3: 0.75", "the greatest comes first"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".told") == "row 4, column 2: 0.0263"


@pytest.mark.long
def test_signed_numbers_have_zero_in_the_middle_of_the_colours(tab: Tab) -> None:
    page = shown(tab, signed_maps())
    colours = diverging_colours()
    assert pixel(page, ".plane canvas", 0.2, 0.2)[:3] == rgb(colours[0]), "-2 of -2 to 2"
    assert pixel(page, ".plane canvas", 0.8, 0.2)[:3] == rgb(colours[127])
    assert pixel(page, ".plane canvas", 0.8, 0.8)[:3] == rgb(colours[int(0.75 * 255)])
    assert point(page, 0.8, 0.8) == "row 2, column 2: 1 m"
    assert page.inner_text(".under .scale").split() == ["-2", "m", "2", "m"]


@pytest.mark.long
def test_a_frame_is_chosen_by_each_axis_in_turn(tab: Tab) -> None:
    page = shown(tab, feature_maps())
    page.get_by_role("radio", name="channel 3").click()
    sizes = "canvas => [canvas.width, canvas.height]"
    assert page.eval_on_selector(".plane canvas", sizes) == [16, 16]
    page.get_by_role("radio", name="stage 8").click()
    assert page.eval_on_selector(".plane canvas", sizes) == [8, 8]
    assert page.get_by_role("radio", name="channel 3").get_attribute("aria-checked") == "true"
    expected = feature_maps().frames[10].values
    assert float(point(page, 0.01, 0.01).split(": ")[1]) == pytest.approx(expected[0, 0], rel=5e-3)


@pytest.mark.long
def test_a_place_lights_up_what_it_looks_at_and_stays_when_pinned(tab: Tab) -> None:
    """Of 3 rows of 4 places the sixth, (2, 2), takes 0.89 from the eleventh, (3, 3)."""
    page = shown(tab, looks())
    told = point(page, 0.3, 0.5)
    assert told == "patch (2, 2): it looks most at (3, 3), 0.89"
    brightest = [*rgb(heat_colours()[-1]), 255]
    assert pixel(page, ".plane canvas", 0.6, 0.9) == brightest
    page.mouse.down()
    page.mouse.up()
    assert point(page, 0.6, 0.9) == "patch (2, 2) takes 0.89 from patch (3, 3)"
    assert pixel(page, ".plane canvas", 0.6, 0.9) == brightest, "still of the pinned one"
    assert point(page, 0.1, 0.1) == "patch (2, 2) takes 0.01 from patch (1, 1)"
    page.get_by_role("radio", name="layer 2").click()
    values = looks().frames[3].values
    found = float(re.findall(r"takes (\S+) from", point(page, 0.1, 0.1))[0])
    assert found == pytest.approx(values[5, 0], rel=5e-3)


@pytest.mark.long
def test_a_grid_says_which_row_looks_at_which_column(tab: Tab) -> None:
    page = shown(tab, grid())
    values = grid().frames[0].values
    told = point(page, 0.5, 0.9)
    assert told.startswith("token 3 “▁cube” → token 2 “▁red”: ")
    assert float(told.split(": ")[1]) == pytest.approx(values[2, 1], rel=5e-3)
    assert page.locator(".sides-of-rows .lit").inner_text() == "▁cube"
    assert page.locator(".heads .lit").inner_text() == "▁red"
    marked = page.locator(".marked")
    assert marked.count() == 1
    plane, cell = page.locator(".plane").bounding_box(), marked.bounding_box()
    assert (cell["x"] - plane["x"]) // (plane["width"] / 3) == 1
    assert (cell["y"] - plane["y"]) // (plane["height"] / 3) == 0
    written = (values >= 0.01 * values.max()).sum()
    assert 0 < page.locator(".numeral").count() == written < 9, "what is next to nothing is not"


@pytest.mark.long
def test_names_of_a_large_grid_stay_while_its_numbers_scroll(tab: Tab) -> None:
    words = [f"word{number}" for number in range(140)]
    page = shown(tab, grid(words))
    box = page.locator(".of-grid .scrolls")
    box.evaluate("box => { box.scrollTop = 900; box.scrollLeft = 900; }")
    outer = box.bounding_box()
    row, column = page.locator(".sides-of-rows span").nth(70), page.locator(".heads span").nth(70)
    assert row.bounding_box()["x"] == pytest.approx(outer["x"], abs=3)
    assert column.bounding_box()["y"] == pytest.approx(outer["y"], abs=3)
    cell = page.eval_on_selector(".plane", "plane => plane.getBoundingClientRect().x")
    assert cell + 70 * column.bounding_box()["width"] == pytest.approx(
        column.bounding_box()["x"], abs=1
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


@pytest.mark.long
def test_pieces_of_a_text_are_tinted_by_their_numbers(tab: Tab) -> None:
    page = shown(tab, strip(), item=passage("The film was not good."), media="text")
    pieces = page.locator(".piece")
    assert pieces.all_inner_texts() == ["The ", "film ", "was ", "not ", "good", "."]
    pieces.nth(3).hover()
    assert page.inner_text(".told") == "“not” (4 of 6): -0.8"
    tint = "piece => getComputedStyle(piece).backgroundColor"
    against, speaking, none = (pieces.nth(at).evaluate(tint) for at in (3, 4, 0))
    assert against != speaking != none
    heights = [page.locator(".bar-of i").nth(at).bounding_box()["height"] for at in (3, 4)]
    assert heights[0] == pytest.approx(2 * heights[1], rel=0.05)
    page.get_by_role("radio", name="occlusion").click()
    pieces.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".told") == "“film” (2 of 6): 0.4"


@pytest.mark.long
def test_a_table_has_bars_for_shares(tab: Tab) -> None:
    page = shown(tab, rows())
    assert page.locator("details.view tbody tr").all_inner_texts()[1].split() == [
        "dog",
        "0.07",
        "2",
    ]
    assert "<b>cow</b>" in page.locator("details.view tbody").inner_text()
    widths = [page.locator(".share-bar i").nth(at).bounding_box()["width"] for at in (0, 1)]
    assert widths[0] / widths[1] == pytest.approx(13, rel=0.1)


@pytest.mark.long
def test_a_tree_shows_what_was_kept_and_what_was_dropped(tab: Tab) -> None:
    page = shown(tab, tree())
    assert page.locator(".node").count() == 9
    assert page.locator(".node.answer-way").count() == 4
    assert page.locator(".node.dropped").count() == 3
    page.locator(".node").nth(5).hover()
    told = "step 2: “␣ball”, -1.7, dropped here; so far “<s> red ball”"
    assert page.inner_text(".told") == told
    columns = [page.locator(".node").nth(at).bounding_box()["x"] for at in (0, 1, 2, 4)]
    assert columns[0] < columns[1] < columns[3]
    assert columns[1] == pytest.approx(columns[2], abs=2), "both are of one step"
    page.locator(".node").nth(0).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert page.inner_text(".told").startswith("step 2: “␣ball”, -1.2, kept")


@pytest.mark.long
def test_a_wave_has_frames_and_what_was_heard_in_them(tab: Tab) -> None:
    page = shown(tab, wave(), item=sound(1.0), media="audio")
    told = point(page, 0.31, 0.5)
    assert told.startswith("frame 16, 0.300 to 0.320 s: samples from -")
    assert told.endswith("; “y”")
    assert point(page, 0.5, 0.5).endswith("“y”, not in the text")
    kept = page.locator(".heard .kept")
    assert kept.all_inner_texts() == ["y", "es"]
    plane = page.locator(".plane").bounding_box()
    assert kept.nth(1).bounding_box()["width"] == pytest.approx(0.3 * plane["width"], abs=2)
    page.locator(".plane").click(position={"x": 0.5 * plane["width"], "y": 20})
    page.get_by_role("button", name="Pause a.png").wait_for()
    page.wait_for_selector(".now-line:not([hidden])")


@pytest.mark.long
@pytest.mark.parametrize(("side", "error"), [(150, 1e-4), (900, 3e-3)])
def test_numbers_of_large_views_are_rounded_by_little(tab: Tab, side: int, error: float) -> None:
    values = np.random.default_rng(0).normal(size=(side, side)).astype(np.float32)
    values[0, 0] = np.nan
    one = signed_maps()
    page = shown(tab, type(one)(**{**vars(one), "frames": [Frame(values)], "unit": ""}))
    assert point(page, 0.1 / side, 0.1 / side) == "row 1, column 1: none"
    told = point(page, 0.5, 0.5)
    row, column = (int(number) - 1 for number in re.findall(r"(\d+)[,:]", told))
    span = float(np.nanmax(values) - np.nanmin(values))
    found = float(told.split(": ")[1])
    assert found == pytest.approx(values[row, column], abs=error * span + 0.005)


@pytest.mark.long
def test_what_is_too_much_for_a_page_is_left_out_and_told(tab: Tab) -> None:
    frames = [Frame(np.full((1500, 1500), at, np.float32), (f"map {at}",)) for at in range(5)]
    one = signed_maps()
    page = shown(tab, type(one)(**{**vars(one), "frames": frames}))
    assert page.get_by_role("radio").count() == 4
    assert "1 further drawing of this view left out" in page.inner_text(".drawing")
    assert PAGE.stat().st_size < 14 * 2**20


# Everywhere


@pytest.mark.long
@pytest.mark.parametrize("media", ["image", "audio"])
def test_a_phone_shows_all_without_scrolling_sideways(chromium: Any, media: str) -> None:
    tab = Tab(chromium, viewport={"width": 390, "height": 844}, color_scheme="dark")
    item = picture() if media == "image" else sound(1.0)
    page = shown(tab, *everything(), grid([f"w{n}" for n in range(60)]), item=item, media=media)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    ground, ink = (
        page.evaluate(f"getComputedStyle(document.querySelector('.stage')).{name}")
        for name in ("backgroundColor", "color")
    )
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ground, ink)]
    assert light[0] < 150 < 600 < light[1]
    tab.check()


@pytest.mark.long
def test_what_names_say_stays_text(tab: Tab) -> None:
    views = [
        grid([HOSTILE, "<img src=x onerror=alert(1)>", "c"]),
        rows(),
        strip(),
        tree(),
        wave(),
        maps(),
    ]
    changed = [type(view)(**{**vars(view), "title": HOSTILE, "about": HOSTILE}) for view in views]
    page = shown(tab, *changed, name=f"{HOSTILE}.png", training=[HOSTILE])
    assert page.title() == "classify-image explained"
    assert page.locator("img").count() == 2, "the picture of the card, and that under the map"
    assert "</script><script>" in page.inner_text("main")
    assert "\u202e" not in page.inner_text(".heads")
    assert "\u202e" not in page.inner_text(".card h2")


# Files


def test_files_show_every_view(tmp_path: Path) -> None:
    saved = Saver(Files(tmp_path)).save(explanation(everything(), "shots/a.png"))
    names = [Path(file).relative_to(tmp_path).as_posix() for file in saved.record.files]
    assert names == [
        "shots/a.encoder.where-cls-looks.png",
        "shots/a.patches.feature-maps.png",
        "shots/a.encoder.where-each-patch-looks.png",
        "shots/a.labels.evidence.png",
        "shots/a.labels.attention-between-tokens.svg",
        "shots/a.labels.evidence-for-negative.svg",
        "shots/a.labels.next-tokens.svg",
        "shots/a.labels.beams.svg",
        "shots/a.labels.frames-of-the-recording.svg",
    ]
    drawn = [file for file in map(Path, saved.record.files) if file.suffix == ".svg"]
    told = {file.stem: texts_of(file) for file in drawn}
    assert "▁the → ▁red: " in told["a.labels.attention-between-tokens"]
    assert "not: -0.8" in told["a.labels.evidence-for-negative"]
    assert "Labels: Evidence for “negative”" in told["a.labels.evidence-for-negative"]
    assert "What speaks for it." in told["a.labels.evidence-for-negative"]
    assert "<b>cow</b>" in told["a.labels.next-tokens"]
    assert "0.0123" in told["a.labels.next-tokens"]
    assert " ball -1.7, dropped" in told["a.labels.beams"]
    assert "es: 0.60 to 0.90 s, kept" in told["a.labels.frames-of-the-recording"]


def texts_of(file: Path) -> str:
    """All words of a drawing, which must be XML."""
    tree = ElementTree.fromstring(file.read_text("utf-8"))
    return "\n".join("".join(one.itertext()) for one in tree.iter())


def test_a_sheet_is_hot_where_the_map_is(tmp_path: Path) -> None:
    view = signed_maps()
    (file,) = Saver(Files(tmp_path)).save(explanation([view])).record.files
    pixels = np.asarray(Image.open(file).convert("RGB")).astype(int)
    blue, red = (np.array(rgb(diverging_colours()[at])) for at in (0, int(0.75 * 255)))
    where = [np.argwhere((pixels == colour).all(-1)).mean(0) for colour in (blue, red)]
    assert (where[0] < where[1]).all(), "-2 is above and left of 1"
    assert [(pixels == colour).all(-1).sum() for colour in (blue, red)] == [210 * 210] * 2


def test_a_sheet_shows_the_part_of_the_picture_that_the_model_was_given() -> None:
    picture = Image.new("RGB", (160, 120), "red")
    picture.paste("blue", (80, 0, 160, 120))
    item = ImageInput(picture, picture.size)
    colours = {}
    for half, extent in {"left": (0.0, 0.0, 0.5, 1.0), "right": (0.5, 0.0, 1.0, 1.0)}.items():
        sheet = Image.open(BytesIO(drawn(maps(extent=extent), item))).convert("RGB")
        pixels = np.asarray(sheet).reshape(-1, 3)
        colours[half] = [(pixels == rgb(one)).all(-1).sum() for one in ("#ff0000", "#0000ff")]
    assert min(colours["left"][0], colours["right"][1]) > 1_000
    assert colours["left"][1] == colours["right"][0] == 0


def test_two_views_of_one_name_have_two_files_and_names_are_harmless(tmp_path: Path) -> None:
    view = rows()
    hostile = type(view)(**{**vars(view), "title": "../../<b>\u202e", "heads": (HOSTILE, "p", "r")})
    saved = Saver(Files(tmp_path)).save(explanation([view, view, hostile]))
    assert [Path(file).name for file in saved.record.files] == [
        "a.labels.next-tokens.svg", "a.labels.next-tokens-2.svg", "a.labels.b.svg",
    ]  # fmt: skip
    told = texts_of(Path(saved.record.files[-1]))
    assert "</script><script>" in told
    assert "\u202e" not in told


def test_names_of_files_tell_the_stage_and_leave_details_out(tmp_path: Path) -> None:
    titles = ["Features at 1/4: 64 channels, 32 x 32 places", "Evidence for “Brinton, Ohio” as LOC"]
    views = [replace(rows(), title=title, stage="vit.layers") for title in titles]
    saved = Saver(Files(tmp_path)).save(explanation(views))
    assert [Path(file).name for file in saved.record.files] == [
        "a.encoder.features-at-1-4.svg", "a.encoder.evidence-for-brinton-ohio-as-loc.svg",
    ]  # fmt: skip


def test_kinds_of_pieces_have_no_scale(tmp_path: Path) -> None:
    views = [replace(strip(), measured=measured) for measured in (True, False)]
    saved = Saver(Files(tmp_path)).save(explanation(views))
    scaled, plain = (texts_of(Path(file)) for file in saved.record.files)
    assert "-0.8 to 0.4" in scaled
    assert "-0.8 to 0.4" not in plain


# The command line


@pytest.mark.long
def test_the_command_leaves_a_page_and_files(run: Run, tab: Tab) -> None:
    words = ("explain", "classify-image", SCENE, "-m", "starter")
    done = run(*words, "--report", PAGE, "--save-dir", "seen")
    assert done.exit_code == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["files"]
    assert all(Path(file).is_file() for file in found["files"])
    assert len(found["stages"]) == 6
    page = tab.open(PAGE)
    assert page.locator(".stage h3").all_inner_texts() == [one["name"] for one in found["stages"]]
    assert "taskcli explain classify-image" in page.inner_text("#command")
    assert page.locator("details.view h4").first.inner_text() == "Where [CLS] looks"
    assert page.locator(".answered img").count() == 1


def test_the_answer_is_the_same_with_files_as_without(run: Run) -> None:
    """Subtitles, which --save-dir of asr leaves, would ask for times."""
    words = ("explain", "asr", EXAMPLES / "sounds/yes.wav", "-m", "starter")
    plain, saved = (json.loads(run(*words, *more).stdout) for more in ((), ("--save-dir", "seen")))
    assert saved["result"] == plain["result"]
    assert "chunks" not in saved["result"]


def test_a_page_that_is_there_stays_unless_it_may_be_replaced(run: Run) -> None:
    PAGE.write_text("mine")
    words = ("explain", "classify-image", SCENE, "-m", "starter", "--report", PAGE)
    done = run(*words)
    assert done.exit_code == 2
    assert "exists already" in done.stderr
    assert PAGE.read_text() == "mine"
    assert run(*words, "--overwrite").exit_code == 0
    assert PAGE.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("option", [("--report", "page.html"), ("--save-dir", "seen")])
def test_an_architecture_alone_has_neither(run: Run, option: tuple[str, str]) -> None:
    done = run("explain", "classify-image", "-m", "starter", "--architecture", *option)
    assert done.exit_code == 2
    assert f"{option[0]} would show nothing" in done.stderr
    assert not Path(option[1]).exists()


@pytest.mark.long
def test_an_input_that_fails_is_on_the_page(run: Run, tab: Tab) -> None:
    Path("bad.png").write_bytes(SCENE.read_bytes()[:100])
    done = run("explain", "classify-image", "bad.png", SCENE, "-m", "starter", "--report", PAGE)
    assert done.exit_code == 1
    page = tab.open(PAGE)
    assert page.locator(".input").count() == 2
    assert page.locator(".card.failed .reason").inner_text()
    assert page.locator(".stage").count() == 6
