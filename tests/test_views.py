"""What a person sees: entities and answers in their text, pictures in a terminal, live text."""

import base64
import io
import re
import runpy
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import cached
from conftest import Finished
from models import load
from PIL import Image
from rich.console import Console
from samples import ARTICLE, photos, scene, sounds

from taskcli.inputs.reading import Reading
from taskcli.inputs.sources import resolve
from taskcli.media.items import ImageInput, Media, TextInput
from taskcli.output.palette import colour_of, colours, token_colours
from taskcli.output.terminal.console import ConsoleWriter
from taskcli.output.terminal.image import HalfBlocks, protocol, sent
from taskcli.output.writer import Layout
from taskcli.results import Answer, Box, DepthMap, Detection, Entity, GeneratedText, Record

Run = Callable[..., Finished]
CHECKOUT = Path(__file__).resolve().parent.parent
TEXT = "Ada Lovelace met Mr Babbage in London for the Royal Society."
FOUND = [
    Entity("PER", 0.9, "Ada Lovelace", 0, 12),
    Entity("LOC", 0.9, "London", 31, 37),
    Entity("ORG", 0.9, "Royal Society", 46, 59),
]
TAGS = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-ORG", 4: "I-ORG", 5: "B-LOC", 6: "I-LOC"}


def shown(record: Record, width: int = 80, colours: bool = False, **layout: object) -> str:
    stream = io.StringIO()
    writer = ConsoleWriter(stream, Layout(labels=TAGS, **layout))
    writer._console = Console(
        file=stream,
        width=width,
        highlight=False,
        force_terminal=colours,
        no_color=not colours,
        color_system="truecolor" if colours else None,
    )
    writer.write(record)
    return stream.getvalue()


def ner(found: list[Entity], text: str) -> Record:
    return Record("a.txt", "ner", "m", result=found, item=TextInput(text))


# Texts


def test_entities_stand_in_their_text_with_a_legend() -> None:
    content = " ".join(shown(ner(FOUND, TEXT)).split())
    assert (
        "[Ada Lovelace PER] met Mr Babbage in [London LOC] for the [Royal Society ORG]." in content
    )
    assert content.endswith("PER 1 LOC 1 ORG 1")


def test_kinds_of_entities_have_colours_of_their_own() -> None:
    content = shown(ner(FOUND, TEXT), colours=True)
    for word, kind in {"Ada": "PER", "London": "LOC", "Royal": "ORG"}.items():
        red, green, blue = token_colours(TAGS)[kind]
        assert re.search(rf"48;2;{red};{green};{blue}m{word}", content), "as on a page"
    assert "[Ada" not in re.sub(r"\x1b\[[0-9;]*m", "", content)


def test_of_a_long_text_what_stands_around_the_entities_is_shown() -> None:
    text = ARTICLE * 50
    start = text.index("Oslo", 9_000)
    content = shown(ner([Entity("LOC", 0.9, "Oslo", start, start + 4)], text))
    assert "University of [Oslo LOC] measured" in " ".join(content.split())
    assert len(content) < 500


def test_an_answer_stands_in_its_context() -> None:
    text = ARTICLE * 20
    start = text.index("eleven years", 3_000)
    answer = Answer("How long?", "eleven years", 0.8, start, start + 12)
    lines = shown(Record("a", "qa", "m", result=answer, item=TextInput(text))).splitlines()
    assert [line.strip() for line in lines[1:3]] == [
        "How long?",
        f"eleven years   80.0%   at {start}–{start + 12}",
    ]
    context = " ".join(" ".join(lines[3:]).split())
    assert "had taken eleven years to finish" in context
    assert context.startswith("… ") and context.endswith(" …")


@pytest.mark.parametrize("width", [60, 100, 200])
def test_texts_fit_the_terminal(width: int) -> None:
    answer = Answer("How long?" * 20, TEXT, 0.8, 0, len(TEXT))
    for record in (ner(FOUND, TEXT), Record("a", "qa", "m", result=answer, item=TextInput(TEXT))):
        assert max(map(len, shown(record, width).splitlines())) <= width


# Pictures


def blocks(image: Image.Image, width: int) -> np.ndarray:
    """The colours of the half blocks of a preview, [rows x 2, columns, 3]."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=True,
        no_color=False,
        color_system="truecolor",
    )
    console.print(HalfBlocks(image))
    found = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀")
    rows = [found.findall(line) for line in stream.getvalue().splitlines()]
    cells = np.array([row for row in rows if row], int).reshape(len(rows), -1, 2, 3)
    return cells.transpose(0, 2, 1, 3).reshape(2 * len(rows), -1, 3)


@pytest.mark.parametrize("size", [(96, 64), (640, 480), (50, 900), (900, 50), (1, 1)])
@pytest.mark.parametrize("width", [20, 60, 200])
def test_half_blocks_are_the_picture(size: tuple[int, int], width: int) -> None:
    image = scene(*size) if min(size) > 1 else Image.new("RGB", size, (9, 8, 7))
    seen = blocks(image, width)
    rows, columns, _ = seen.shape
    assert columns <= min(width, 80)
    assert rows <= 48
    reference = np.asarray(image.resize((columns, rows)), int)
    assert np.abs(seen - reference).max() <= 1


def test_a_preview_shows_what_was_found() -> None:
    image = Image.new("RGB", (160, 120), (255, 255, 255))
    found = [Detection("cat", 0.9, Box(40, 30, 120, 90))]
    record = Record("a.png", "detect", "m", result=found, item=ImageInput(image, image.size))
    content = shown(record, colours=True, preview=True)
    assert "▀" in content
    assert "■" in content
    seen = {tuple(map(int, it)) for it in re.findall(r"38;2;(\d+);(\d+);(\d+)", content)}
    assert len(seen) > 3, "a white picture with a box on it"
    for bare in (shown(record, preview=True), shown(record, colours=True)):
        assert "▀" not in bare
    assert "■" in shown(record, colours=True), "labels have the colours of saved pictures"
    assert "■" not in shown(record)


def test_labels_beside_a_picture_have_its_colours() -> None:
    image = Image.new("RGB", (160, 120))
    found = [Detection("LOC", 0.9, Box(40, 30, 120, 90))]
    record = Record("a.png", "detect", "m", result=found, item=ImageInput(image, image.size))
    red, green, blue = colour_of("LOC", colours(TAGS))
    for how in ({"preview": True}, {}):
        assert f"38;2;{red};{green};{blue}m■" in shown(record, colours=True, **how)


def test_a_picture_that_cannot_be_shown_is_said_to_be_missing() -> None:
    image = Image.new("RGB", (160, 120))
    record = Record("a.png", "detect", "m", result=[], item=ImageInput(image, image.size))
    assert "no preview" in shown(record, preview=True)
    assert "no preview" not in shown(record)


@pytest.mark.parametrize(("size", "columns"), [((40, 30), 60), ((30, 40), 36), ((1, 900), 1)])
def test_a_tall_picture_does_not_scroll_the_terminal_away(
    size: tuple[int, int], columns: int
) -> None:
    assert f"c={columns}," in sent(Image.new("RGB", size), "kitty", 60)


def test_a_preview_of_depth_is_in_colours() -> None:
    depth = np.linspace(1, 9, 48 * 64, dtype=np.float32).reshape(48, 64)
    result = DepthMap(1, 9, 5, 64, 48, "m", depth)
    record = Record(
        "a.png", "depth", "m", result=result, item=ImageInput(Image.new("RGB", (64, 48)), (64, 48))
    )
    assert "▀" in shown(record, colours=True, preview=True)


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ({}, "blocks"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/x"}, "blocks"),
    ],
)
def test_graphics_are_sent_where_they_are_announced(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], how: str
) -> None:
    for name in ("TERM", "TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM", "LC_TERMINAL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert protocol() == how


@pytest.mark.parametrize("how", ["kitty", "iterm"])
def test_sent_graphics_hold_the_picture(how: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 70, 3), np.uint8))
    content = sent(image, how, 40)
    if how == "kitty":
        parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", content)
        assert all(len(data) <= 4096 for _, data in parts)
        assert [command[-1] for command, _ in parts] == ["1"] * (len(parts) - 1) + ["0"]
        data = "".join(data for _, data in parts)
    else:
        data = re.fullmatch(r"\x1b\]1337;File=.*?:(.*)\x07\n", content)[1]
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), np.asarray(image)
    )


def test_preview_through_the_command_line(run: Run) -> None:
    photos(Path())
    how = ("detect", "wide.png", "-m", cached("detr"), "--preview", "--format", "rich")
    plain = run(*how)
    assert plain.exit_code == 0
    assert "▀" not in plain.stdout, "NO_COLOR is set"


# Live text


def listened(model: Any) -> tuple[list[str], Record]:
    run = model.run(resolve([], Reading(Media.TEXT), texts=["The museum in"]))
    heard: list[str] = []
    run.listener = heard.append
    [answered] = run.answers()
    return heard, answered.record


def test_generated_text_is_heard_as_it_comes() -> None:
    heard, record = listened(load("generate", "gpt2", max_new_tokens=12))
    assert "".join(heard) == record.result.generated_text
    assert len([text for text in heard if text]) > 3


def test_several_texts_are_not_mixed_up() -> None:
    model = load("generate", "gpt2", max_new_tokens=4, num_return_sequences=2, seed=1)
    heard, record = listened(model)
    assert record.error is None
    assert heard == []


def test_what_was_heard_is_not_said_again() -> None:
    stream = io.StringIO()
    writer = ConsoleWriter(stream)
    writer.hear("Once upon\x1b[31m")
    writer.hear(" a time")
    writer.write(
        Record("a", "generate", "m", result=GeneratedText("Once upon a time"), warnings=("cut",))
    )
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert lines[:2] == ["Once upon[31m a time", "  ! cut"]


# The summary


def test_recordings_are_counted_in_seconds_of_sound(run: Run) -> None:
    sounds(Path())
    done = run("asr", "tone.wav", "noise.wav", "-m", cached("wav2vec2-ctc"))
    assert re.search(
        r"2 inputs of 1\.7 s of sound in [\d.]+ s \([\d.]+x real time\) on cpu", done.stderr
    )


# The pictures of the README


def test_pictures_are_made_of_files_that_are_there() -> None:
    made = runpy.run_path(str(CHECKOUT / "docs" / "pictures.py"))
    for source, _ in made["FILES"].values():
        assert (CHECKOUT / source).is_file()
    for task, command in made["TERMINAL"].items():
        name, source, *_ = shlex.split(command)
        assert name == task
        assert (CHECKOUT / source).is_file()


def test_pictures_of_a_terminal_fetch_nothing() -> None:
    pages = list((CHECKOUT / "docs" / "pictures").glob("*.svg"))
    assert pages
    for page in pages:
        assert not re.search(r"url\(.?http|href=.http", page.read_text())
