"""--report: what its page holds for each task, and how it is written."""

import base64
import hashlib
import io
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from checkpoints import BY_TASK, cached
from conftest import Finished
from models import NEEDED
from PIL import Image
from report_pages import (
    ALL,
    FACTS,
    declared,
    detection,
    failure,
    make_page,
    passage,
    picture,
    read_page,
    record,
    sound,
)
from samples import SHORT_TEXT, broken_images, photos, sounds, texts_of, tone, words_of

from taskcli import results
from taskcli.media.items import AudioInput, Media, TextInput
from taskcli.output import report
from taskcli.output.report import page as report_page
from taskcli.output.report import thumbnails
from taskcli.tasks import TASKS

Run = Callable[..., Finished]

PAGE = Path("out.html")
BAD_NAME = "<script>alert(1)<!--</script>.png"


def inputs(task: Any, folder: Path) -> list[str]:
    if task.media is Media.TEXT:
        return ["--text", texts_of(task, [SHORT_TEXT])[0], *words_of(task)]
    files = photos(folder) if task.media is Media.IMAGE else sounds(folder)
    return [str(file) for file in list(files.values())[:2]]


def flags(task: str, checkpoint: str) -> list[str]:
    names = {"source_language": "--from", "target_language": "--to"}
    needed = NEEDED.get((task, checkpoint), {})
    return [word for name, value in needed.items() for word in (names[name], value)]


def decoded(url: str) -> io.BytesIO:
    return io.BytesIO(base64.b64decode(url.partition(",")[2]))


# Every task


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_page_holds_the_records_and_what_they_answer(task: Any, run: Run, tmp_path: Path) -> None:
    checkpoint = BY_TASK[task.name][0]
    words = (*inputs(task, tmp_path), *flags(task.name, checkpoint), "--device", "cpu")
    done = run(task.name, *words, "-m", cached(checkpoint), "--report", PAGE, "--format", "jsonl")
    assert done.exit_code == 0, done.stderr
    data = read_page(PAGE)
    assert data.records == done.records, "the same serialisation as JSON Lines"
    assert len(data.previews) == len(data.records)
    wanted = {Media.TEXT: "text", Media.IMAGE: "image", Media.AUDIO: "sound"}[task.media]
    assert all(preview[wanted] for preview in data.previews)
    assert data.run["task"] == task.name
    assert data.run["media"] == task.media
    assert data.run["count"] == len(done.records)
    assert data.run["model"] == done.records[0]["model"]
    assert data.run["device"] == "cpu"
    assert data.run["dtype"] in ("float32", "bfloat16")
    assert data.run["command"].startswith(f"taskcli {task.name} ")
    assert "--report out.html" in data.run["command"]
    assert data.run["stopped"] is None
    assert set(data.run) == set(declared("Run")), "as the page's script knows it"
    assert all(set(preview) <= set(declared("Preview")) for preview in data.previews)


def test_a_page_without_a_model_has_what_its_script_is_sure_of() -> None:
    known = {name: value for name, value in FACTS.items() if name[:5] not in ("devic", "dtype")}
    with report.opened(PAGE, known, 0):
        pass
    always = {name for name, needed in declared("Run").items() if needed}
    assert set(read_page(PAGE).run) == always


def test_it_works_beside_every_format(run: Run, classifier: Path) -> None:
    words = ("classify-text", "-t", SHORT_TEXT, "-m", classifier, "--report", PAGE, "--overwrite")
    for chosen in ("rich", "jsonl", "json", "csv", "tsv", "text"):
        plain = run(*words[:-3], "--format", chosen)
        beside = run(*words, "--format", chosen)
        assert beside.stdout == plain.stdout
        assert len(read_page(PAGE).records) == 1


def test_failures_are_in_the_page_with_their_reasons(run: Run, tmp_path: Path) -> None:
    good, bad = photos(tmp_path)["wide"], broken_images(tmp_path)["cut"]
    done = run("classify-image", bad, good, "-m", cached("vit"), "--report", PAGE)
    assert done.exit_code == 1
    data = read_page(PAGE)
    assert data.run["failed"] == 1
    assert "damaged" in data.records[0]["error"]["message"]
    assert set(data.previews[0]) == {"link"}, "the file is there, though it has no picture"


def test_a_run_that_stops_early_says_so(run: Run, tmp_path: Path) -> None:
    bad = broken_images(tmp_path)["cut"]
    run("classify-image", bad, bad, "-m", cached("vit"), "--report", PAGE, "--on-error", "stop")
    assert "--on-error stop" in read_page(PAGE).run["stopped"]


def test_a_resumed_run_shows_the_rest_and_says_so(run: Run, classifier: Path) -> None:
    for name in ("one.txt", "two.txt"):
        Path(name).write_text(SHORT_TEXT)
    words = ("classify-text", "-m", classifier, "-o", "out.jsonl", "one.txt")
    run(*words)
    done = run(*words, "two.txt", "--resume", "--report", PAGE)
    assert done.exit_code == 0, done.stderr
    data = read_page(PAGE)
    assert [one["input"] for one in data.records] == ["two.txt"]
    assert data.run["resumed"]
    again = run(*words, "two.txt", "--resume", "--report", "none.html")
    assert again.exit_code == 0
    assert read_page(Path("none.html")).records == []


# Refused before anything runs


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("out.txt", "a page has a name in .html"),
        ("no-folder/out.html", "its folder does not exist"),
        ("folder.html", "is a folder"),
        ("there.html", "exists already"),
    ],
)
def test_a_bad_place_is_refused(run: Run, name: str, reason: str) -> None:
    Path("folder.html").mkdir()
    Path("there.html").write_text("mine")
    refused = run("ner", "-t", "x", "--report", name)
    assert refused.exit_code == 2
    assert reason in refused.stderr
    assert Path("there.html").read_text() == "mine"


def test_an_input_is_not_overwritten(run: Run) -> None:
    Path("page.html").write_text("a text to read")
    done = run("ner", "page.html", "--report", "page.html", "--overwrite")
    assert done.exit_code == 2
    assert "one of the inputs" in done.stderr


# Whole or absent


def test_an_exception_leaves_a_whole_page_that_names_it() -> None:
    rows = [(record("detect", "a.png", []), picture(), None)]
    with pytest.raises(RuntimeError), report.opened(PAGE, FACTS, 2) as page:
        page.write(*rows[0])
        raise RuntimeError("the device is lost\nand more")
    data = read_page(PAGE)
    assert data.run["stopped"] == "the device is lost"
    assert len(data.records) == 1
    assert list(Path().iterdir()) == [PAGE]


def test_a_full_disk_leaves_no_page_and_the_old_one_untouched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    PAGE.write_text("the old page")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        make_page(PAGE, "detect", [])
    assert PAGE.read_text() == "the old page"
    assert list(Path().iterdir()) == [PAGE]


def test_nothing_stands_under_the_name_while_the_run_goes_on() -> None:
    with report.opened(PAGE, FACTS, 1) as page:
        page.write(record("detect", "a.png", []), picture(), None)
        assert not PAGE.exists()
    assert PAGE.exists()


def test_a_link_planted_under_the_name_is_replaced_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("precious")
    PAGE.symlink_to(elsewhere)
    make_page(PAGE, "detect", [])
    assert elsewhere.read_text() == "precious"
    assert not PAGE.is_symlink()


def test_memory_does_not_grow_with_the_inputs() -> None:
    item, answers = picture(), [detection("ball", 0.9, 10, 10, 60, 60)]
    with report.opened(PAGE, FACTS, ALL) as page:
        page.write(record("detect", "first.png", answers), item, None)
        tracemalloc.start()
        for number in range(2_000):
            page.write(record("detect", f"{number}.png", answers), item, None)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2_000_000
    assert len(read_page(PAGE).records) == 2_001


# What a hostile input can do


def test_nothing_shown_is_markup_in_the_file() -> None:
    text = "see </script><script>alert(1)</script> <!-- <script> \u2028 \ud800 \u202e"
    rows = [
        (record("ner", BAD_NAME, []), passage(text), None),
        failure("ner", "x", f"<b>{BAD_NAME}</b>"),
    ]
    page = make_page(PAGE, "ner", rows, model="</script>", command=text).read_text("utf-8")
    assert page.count("<script") == page.count("</script>") == 2 * len(rows) + 2
    assert page.count("<!--") == 0
    data = read_page(PAGE)
    assert data.records[0]["input"] == BAD_NAME
    assert data.previews[0]["text"] == text
    assert data.run["command"] == text


def test_the_policy_allows_the_pages_own_script_and_style_and_no_connection() -> None:
    page = make_page(PAGE, "detect", []).read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
    for name, content in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert set(rules["img-src"].split() + rules["media-src"].split()) == {"data:", "blob:"}


def test_the_page_names_no_other_place() -> None:
    page = make_page(PAGE, "detect", []).read_text("utf-8")
    assert set(re.findall(r"https?://[^\s\"'`]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", page)


@pytest.mark.parametrize("name", ["javascript:alert(1).png", 'a "b"&c?#%.png', "é\udcff.png"])
def test_a_link_is_a_relative_address_whatever_the_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(b"x")
    make_page(PAGE, "detect", [(record("detect", "x", []), picture(), file)])
    link = read_page(PAGE).previews[0]["link"]
    assert re.fullmatch(r"\.\./[\w.%~-]+", link, re.ASCII)


# Previews


@pytest.mark.parametrize(
    ("total", "side"), [(10, 720), (1_000, 480), (4_000, 320), (10_000, 224), (None, 480)]
)
def test_pictures_are_smaller_the_more_there_are(total: int | None, side: int) -> None:
    row = (record("detect", "a", []), picture(size=(1600, 900)), None)
    make_page(PAGE, "detect", [row], total)  # type: ignore[arg-type]
    preview = read_page(PAGE).previews[0]
    assert (preview["width"], preview["height"]) == (1600, 900)
    assert max(Image.open(decoded(preview["image"])).size) == side


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1), (1, 1)])
def test_a_picture_of_any_shape_has_a_preview(size: tuple[int, int]) -> None:
    shown = thumbnails.Preview.for_run(PAGE, 1).of(picture(size=size), [], None, False)
    assert max(Image.open(decoded(shown["image"])).size) == min(720, max(size))


@pytest.mark.parametrize("shape", [(90, 160), (1, 2000), (1, 1)])
def test_a_depth_map_is_a_small_grey_picture(shape: tuple[int, int]) -> None:
    values = np.linspace(2, 6, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    found = results.DepthMap(2.0, 6.0, 4.0, shape[1], shape[0], "m", values)
    make_page(PAGE, "depth", [(record("depth", "a", found), picture(size=shape[::-1]), None)])
    grey = np.asarray(Image.open(decoded(read_page(PAGE).previews[0]["depth"])))
    assert grey.ndim == 2
    assert max(grey.shape) <= 360
    if values.size > 1:
        assert abs(int(grey[0, 0]) - 0) <= 4
        assert abs(int(grey[-1, -1]) - 255) <= 4


def test_a_constant_depth_map_is_no_division_by_zero() -> None:
    found = results.DepthMap(3.0, 3.0, 3.0, 8, 8, "m", np.full((8, 8), 3.0, np.float32))
    make_page(PAGE, "depth", [(record("depth", "a", found), picture(size=(8, 8)), None)])
    assert read_page(PAGE).previews[0]["depth"]


def test_sound_is_compressed_and_has_an_outline() -> None:
    item = sound(3.0)
    make_page(PAGE, "asr", [(record("asr", "a", results.Transcript("")), item, None)])
    preview = read_page(PAGE).previews[0]
    stored = decoded(preview["sound"])
    assert len(stored.getvalue()) < item.samples.nbytes / 10
    samples, rate = soundfile.read(stored)
    assert rate == 16_000
    assert len(samples) == pytest.approx(3 * rate, abs=0.1 * rate)
    assert len(preview["peaks"]) == 240
    assert max(preview["peaks"]) == 100
    assert preview["peaks"][0] < 5, "it begins softly"


@pytest.mark.parametrize("samples", [np.zeros(400, np.float32), np.full(7, 0.5, np.float32)])
def test_silence_and_clicks_have_an_outline(samples: np.ndarray) -> None:
    shown = thumbnails.Preview.for_run(PAGE, 1).of(AudioInput(samples, 16_000), None, None, False)
    assert 0 < len(shown["peaks"]) <= 240


@pytest.mark.parametrize(("rate", "plays"), [(8_000, True), (48_000, True), (96_000, False)])
def test_a_rate_that_mp3_has_not_leaves_the_sound_out(rate: int, plays: bool) -> None:
    item = AudioInput(tone(0.5, rate), rate)
    shown = thumbnails.Preview.for_run(PAGE, 1).of(item, None, None, False)
    assert bool(shown["sound"]) == plays


def test_long_sound_is_linked_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "_LONGEST_SOUND", 2)
    file = tmp_path / "talk.wav"
    file.write_bytes(b"x")
    make_page(PAGE, "asr", [(record("asr", "a", results.Transcript("")), sound(3.0), file)])
    preview = read_page(PAGE).previews[0]
    assert "sound" not in preview
    assert preview["peaks"]
    assert preview["link"] == "../talk.wav"


def test_a_page_that_is_large_enough_takes_no_more_media(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_page, "_PAGE_LIMIT", 120_000)
    row = (record("detect", "a", []), picture(size=(720, 720)), None)
    data = read_page(make_page(PAGE, "detect", [row] * 12))
    kept = ["image" in preview for preview in data.previews]
    assert kept[0]
    assert not kept[-1]
    assert len(data.records) == 12


def test_a_long_text_is_cut_around_its_answer() -> None:
    text = "word " * 100_000 + "the answer" + " word" * 100_000
    start = text.index("the answer")
    found = results.Answer("what?", "the answer", 0.9, start, start + 10)
    make_page(PAGE, "qa", [(record("qa", "a", found), TextInput(text), None)])
    preview = read_page(PAGE).previews[0]
    assert preview["length"] == len(text)
    assert len(preview["text"]) == 100_000
    at = start - preview["start"]
    assert preview["text"][at : at + 10] == "the answer"


# The command


def test_the_command_can_be_typed_again(run: Run, classifier: Path) -> None:
    names = [f"{number} it's.txt" for number in range(9)]
    for name in names:
        Path(name).write_text(SHORT_TEXT)
    run("classify-text", *names, "-m", classifier, "--report", PAGE, "--top-k", 1, "--lines")
    command = read_page(PAGE).run["command"]
    assert command == (
        """taskcli classify-text '0 it'"'"'s.txt' '1 it'"'"'s.txt' '2 it'"'"'s.txt' '[3 more]' """
        """'6 it'"'"'s.txt' '7 it'"'"'s.txt' '8 it'"'"'s.txt' """
        f"--top-k 1 --lines --model {classifier} --report out.html"
    )


def test_only_options_that_say_something_are_shown(run: Run, classifier: Path) -> None:
    run("classify-text", "-t", "x", "-m", classifier, "--report", PAGE)
    options = read_page(PAGE).run["options"]
    assert options == {"top-k": "5", "function": "auto"}
