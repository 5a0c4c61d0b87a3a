"""--save-dir: the files say what the records say, are named after the inputs, and are whole."""

import csv
import errno
import itertools
import json
import os
import re
import shutil
import tracemalloc
import unicodedata
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from checkpoints import cached
from conftest import Finished
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from models import pixels
from PIL import Image
from samples import SHORT_TEXT, UNICODE_TEXT, broken_images, photos, scene, tone

from taskcli.media.items import ImageInput
from taskcli.output.artifacts.detections import annotated
from taskcli.output.artifacts.films import _within
from taskcli.output.artifacts.segments import overlay
from taskcli.output.drawing import typefaces
from taskcli.output.drawing.annotator import Annotator, Tag, _Shown
from taskcli.output.drawing.label_layout import Subject, places
from taskcli.output.filesystem import ownership
from taskcli.output.filesystem.names import Names
from taskcli.output.palette import (
    PALETTE,
    colour_of,
    colours,
    heat_colours,
    hexadecimal,
    text_color_on,
)
from taskcli.output.writer import Layout
from taskcli.results import Box, Detection, Record, RunLengthMask, Segment
from taskcli.tasks.run_lengths import regions

Run = Callable[..., Finished]


def opened(record: dict[str, Any], ending: str) -> Image.Image:
    (name,) = [name for name in record["files"] if name.endswith(ending)]
    return Image.open(name)


@pytest.fixture
def shots() -> Path:
    folder = Path("shots")
    folder.mkdir()
    photos(folder)
    return folder


# detect


def test_detect_leaves_the_annotated_picture_and_every_object(run: Run, shots: Path) -> None:
    done = run("detect", shots, "-m", cached("detr"), "--save-dir", "seen", "--crops")
    assert done.exit_code == 0, done.stderr
    for record in done.records:
        original = Image.open(record["input"])
        drawn = opened(record, ".boxes.png")
        scale = drawn.width // original.width
        assert drawn.width == original.width * scale
        assert drawn.height >= original.height * scale, "crowded names stand under the picture"
        assert drawn.width >= 400 or drawn.height >= 400, "small pictures are enlarged"
        crops = [name for name in record["files"] if ".crop-" in name]
        boxes = [found["box"] for found in record["result"]]
        assert boxes
        for name, box in zip(crops, boxes, strict=True):
            cut = original.convert("RGB").crop((box["xmin"], box["ymin"], box["xmax"], box["ymax"]))
            assert np.array_equal(np.asarray(Image.open(name)), np.asarray(cut))
    assert {Path(name).parent for r in done.records for name in r["files"]} == {Path("seen/shots")}


@pytest.mark.parametrize(("margin", "around"), [("3", (3, 3)), ("50%", None), ("0", (0, 0))])
def test_an_object_is_cut_out_with_a_margin_inside_the_picture(
    run: Run, shots: Path, margin: str, around: tuple[int, int] | None
) -> None:
    how = ["--save-dir", "seen", "--crops", "--crop-margin", margin]
    done = run("detect", shots / "wide.png", "-m", cached("detr"), *how)
    (record,) = done.records
    original = Image.open(record["input"]).convert("RGB")
    crops = [name for name in record["files"] if ".crop-" in name]
    for name, found in zip(crops, record["result"], strict=True):
        left, top, right, bottom = found["box"].values()
        across, down = around or (round((right - left) / 2), round((bottom - top) / 2))
        sides = (
            max(0, left - across),
            max(0, top - down),
            min(original.width, right + across),
            min(original.height, bottom + down),
        )
        assert np.array_equal(np.asarray(Image.open(name)), np.asarray(original.crop(sides)))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (("--crops", "--crop-margin", "wide"), "--crop-margin wide: neither pixels nor a share"),
        (("--crops", "--crop-margin=-3"), "--crop-margin -3: neither pixels nor a share"),
        (("--crop-margin", "3"), "add --crops"),
    ],
)
def test_a_margin_that_is_none_is_refused(
    run: Run, shots: Path, how: tuple[str, ...], told: str
) -> None:
    done = run("detect", shots, "-m", cached("detr"), "--save-dir", "seen", *how)
    assert (done.exit_code, told in done.stderr) == (2, True)
    assert not Path("seen").exists()


def test_a_picture_without_objects_is_still_there(run: Run, shots: Path) -> None:
    how = ["-m", cached("detr"), "--save-dir", "seen", "--crops", "--threshold", "1"]
    (record,) = run("detect", shots / "square.jpg", *how).records
    assert record["result"] == []
    assert record["files"] == ["seen/shots/square.boxes.png"]


def test_a_camera_picture_is_drawn_on_in_its_full_size(run: Run) -> None:
    """A JPEG is decoded smaller for the model, and turned by what its EXIF block says."""
    turned = Image.Exif()
    turned[0x0112] = 6
    scene(1600, 1200).save("camera.jpg", exif=turned)
    (record,) = run("detect", "camera.jpg", "-m", cached("detr"), "--save-dir", "seen").records
    assert opened(record, ".boxes.png").size == (1200, 1600)


# segment


def test_segment_leaves_numbers_and_masks_that_agree_with_the_record(run: Run, shots: Path) -> None:
    how = ["-m", cached("mask2former"), "--threshold", "0.1", "--save-dir", "seen", "--masks"]
    done = run("segment", shots, *how)
    assert done.exit_code == 0, done.stderr
    assert any(record["result"] for record in done.records)
    for record in done.records:
        ids = opened(record, ".ids.png")
        assert ids.mode == "I;16"
        legend = json.loads(ids.text["segments"])
        assert [entry["label"] for entry in legend] == [one["label"] for one in record["result"]]
        masks = [name for name in record["files"] if ".mask-" in name]
        for number, (name, one) in enumerate(zip(masks, record["result"], strict=True), 1):
            mask = pixels(RunLengthMask(one["mask"]["size"], one["mask"]["counts"]))
            assert np.array_equal(np.asarray(ids) == number, mask)
            assert np.array_equal(np.asarray(Image.open(name)), mask)
        assert opened(record, ".overlay.png").width % ids.width == 0


def test_a_region_is_cut_out_on_transparency(run: Run, shots: Path) -> None:
    """And nothing of its surroundings is in the file."""
    how = ["-m", cached("mask2former"), "--threshold", "0.1", "--save-dir", "seen", "--cutouts"]
    done = run("segment", shots, *how)
    assert done.exit_code == 0, done.stderr
    assert any(record["result"] for record in done.records)
    for record in done.records:
        original = np.asarray(Image.open(record["input"]).convert("RGB"))
        cutouts = [name for name in record["files"] if ".cutout-" in name]
        for name, one in zip(cutouts, record["result"], strict=True):
            cut = np.asarray(Image.open(name))
            left, top, right, bottom = one["box"].values()
            inside = pixels(RunLengthMask(**one["mask"]))
            assert cut.shape == (bottom - top, right - left, 4)
            assert (cut[..., 3] == 255).sum() == (cut[..., 3] > 0).sum() == one["area"]
            shown = np.zeros_like(original)
            shown[top:bottom, left:right] = cut[..., :3]
            assert np.array_equal(shown, np.where(inside[..., None], original, 0))


# depth


@pytest.mark.parametrize("name", ["glpn", "dpt"])
def test_depth_is_the_same_in_all_files(run: Run, shots: Path, name: str) -> None:
    done = run("depth", shots / "wide.png", "-m", cached(name), "--save-dir", "seen")
    (record,) = done.records
    (array,) = [np.load(name) for name in record["files"] if name.endswith(".npy")]
    result = record["result"]
    assert array.dtype == np.float32
    assert array.shape == (result["height"], result["width"])
    assert float(array.min()) == pytest.approx(result["min"], rel=1e-5)
    deep = opened(record, ".depth.png")
    assert deep.mode == "I;16"
    scale, offset = (float(deep.text[f"depth_{key}"]) for key in ("scale", "offset"))
    assert deep.text["units"] == result["units"]
    told = [result[f"depth_{key}"] for key in ("scale", "offset")]
    assert told == pytest.approx([scale, offset], rel=1e-5), "the record says it, too"
    (bare,) = run("depth", shots / "wide.png", "-m", cached(name)).records
    assert set(result) - set(bare["result"]) == {"depth_scale", "depth_offset"}
    assert np.abs(np.asarray(deep) * scale + offset - array).max() <= scale * 0.51
    seen = np.asarray(opened(record, ".colours.png").convert("L")).astype(float)
    nearer_is = -1 if result["units"] == "m" else 1
    assert np.corrcoef(seen.ravel(), nearer_is * array.ravel())[0, 1] > 0.9, "near is light"


def depths_and_colours(run: Run, folder: str, *how: object) -> list[tuple[float, int]]:
    """Of each pixel of two rooms, by their depths: these, and the number of the colour, 0 dark."""
    done = run("depth", "near.png", "far.png", "-m", cached("glpn"), "--save-dir", folder, *how)
    assert done.exit_code == 0, done.stderr
    known = {colour: number for number, colour in enumerate(heat_colours())}
    found: list[tuple[float, int]] = []
    for record in done.records:
        (array,) = [np.load(name) for name in record["files"] if name.endswith(".npy")]
        assert float(array.min()) == pytest.approx(record["result"]["min"], rel=1e-5)
        seen = np.asarray(opened(record, ".colours.png")).reshape(-1, 3)
        numbers = (known[hexadecimal(tuple(colour))] for colour in seen.tolist())
        found += zip(array.ravel().tolist(), numbers, strict=True)
    return sorted(found)


def grows(pixels: list[tuple[float, int]]) -> bool:
    """Whether anything farther is lighter than what is nearer."""
    return any(after > before for (_, before), (_, after) in itertools.pairwise(pixels))


def test_one_range_gives_a_distance_one_colour_in_all_pictures(run: Run) -> None:
    scene(64, 64, 1).save("near.png")
    scene(64, 64, 2).point(lambda level: level // 3).save("far.png")
    records = run("depth", "near.png", "far.png", "-m", cached("glpn")).records
    low = min(record["result"]["min"] for record in records)
    high = max(record["result"]["max"] for record in records)
    assert grows(depths_and_colours(run, "apart")), "each has its own"
    found = depths_and_colours(run, "one", "--depth-range", f"{low},{high}")
    assert not grows(found)
    assert found[0][1] >= 254 and found[-1][1] <= 1, "records are rounded"


def test_what_is_beyond_the_range_has_its_end_colours_and_is_said(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    words = ("depth", "a.png", "-m", cached("glpn"))
    (bare,) = run(*words, "--save-dir", "bare").records
    middle, highest = bare["result"]["mean"], bare["result"]["max"]
    (record,) = run(*words, "--save-dir", "cut", "--depth-range", f"0,{middle}").records
    assert record["result"] == bare["result"]
    assert "warnings" not in bare
    (warning,) = record["warnings"]
    (array,) = [np.load(name) for name in record["files"] if name.endswith(".npy")]
    beyond = array >= middle
    assert warning == f"{beyond.mean():.0%} of the pixels are drawn as the ends of --depth-range"
    seen = np.asarray(opened(record, ".colours.png"))
    assert len({tuple(colour) for colour in seen[beyond]}) == 1, "the farthest is dark"
    assert seen[beyond][0].sum() < seen[~beyond].mean(0).sum()
    wide = run(*words, "--save-dir", "wide", "--depth-range", f"0,{highest + 1}").records
    assert "warnings" not in wide[0]


def range_said(done: Finished) -> str:
    """That which all pictures of a run have."""
    (said,) = re.findall(r"drawn with --depth-range (\S+)", done.stderr)
    return str(said)


def test_a_shared_range_is_that_of_all_pictures(run: Run) -> None:
    scene(64, 64, 1).save("near.png")
    scene(64, 64, 2).point(lambda level: level // 3).save("far.png")
    assert not grows(depths_and_colours(run, "one", "--depth-range", "shared"))
    words = ("depth", "near.png", "far.png", "-m", cached("glpn"), "--save-dir")
    said = range_said(run(*words, "one", "--depth-range", "shared"))
    low, high = map(float, said.split(","))
    arrays = [np.load(file) for file in Path("one").glob("*.npy")]
    for array in arrays:
        assert ((array < low * 0.999) | (array > high * 1.001)).mean() <= 0.02
    assert min(array.min() for array in arrays) <= low < high <= max(a.max() for a in arrays)
    shared, given = (
        run(*words, "one", "--depth-range", "shared"),
        run(*words, "two", "--depth-range", said),
    )
    for one, two in zip(shared.records, given.records, strict=True):
        names = [[Path(file).name for file in record["files"]] for record in (one, two)]
        assert sorted(names[0]) == sorted(names[1])
        assert opened(one, ".colours.png").tobytes() == opened(two, ".colours.png").tobytes()


def test_of_a_shared_range_only_the_kinds_that_are_chosen_are_left(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    words = ("depth", "a.png", "-m", cached("glpn"), "--depth-range", "shared", "--save-dir")
    (record,) = run(*words, "seen", "--save", "colours,depth.npy").records
    assert sorted(record["files"]) == ["seen/a.colours.png", "seen/a.depth.npy"]
    left = sorted(path.name for path in Path("seen").glob("a.*"))
    assert left == ["a.colours.png", "a.depth.npy"]


def test_pictures_of_a_run_that_ends_early_are_drawn(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    Path("b.png").write_bytes(b"no picture")
    scene(64, 64, 2).save("c.png")
    words = ("depth", "a.png", "b.png", "c.png", "-m", cached("glpn"), "--batch-size", 1)
    done = run(*words, "--save-dir", "seen", "--depth-range", "shared", "--on-error", "stop")
    answered = [record for record in done.records if "error" not in record]
    assert answered
    assert len(done.records) > len(answered)
    assert all(Path(file).is_file() for record in answered for file in record["files"])


@pytest.mark.parametrize(("how", "why"), [
    (("--save-dir", "seen", "--shard", "1/2"), "--shard: --depth-range shared is one scale"),
    (("--save-dir", "seen", "--watch"), "--watch: --depth-range shared is one scale"),
    (("--save-dir", "seen", "-o", "a.jsonl", "--resume"), "--resume: --depth-range shared is"),
    (("--save-dir", "seen", "--skip-existing"), "--skip-existing: --depth-range shared is one"),
    ((), "--depth-range shared is of saved pictures"),
])  # fmt: skip
def test_a_shared_range_of_some_pictures_is_refused(
    run: Run, shots: Path, how: tuple[str, ...], why: str
) -> None:
    done = run("depth", shots, "-m", cached("glpn"), "--depth-range", "shared", *how)
    assert (done.exit_code, done.stdout) == (2, "")
    assert why in " ".join(done.stderr.split())
    assert not Path("seen").exists()


def test_a_picture_that_is_still_to_come_replaces_no_file(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    Path("seen").mkdir()
    Path("seen/a.colours.png").write_bytes(b"mine")
    words = ("depth", "a.png", "-m", cached("glpn"), "--save-dir", "seen")
    assert run(*words, "--depth-range", "shared").exit_code == 2
    assert Path("seen/a.colours.png").read_bytes() == b"mine"


@pytest.mark.parametrize("value", ["near", "5", "5,1", "0,inf", "1,2,3", ""])
def test_a_range_that_is_none_is_refused(run: Run, shots: Path, value: str) -> None:
    done = run("depth", shots, "-m", cached("glpn"), f"--depth-range={value}", "--save-dir", "seen")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--depth-range {value}: not auto, shared or LOW,HIGH" in done.stderr
    assert not Path("seen").exists()


# asr


def cues(file: Path) -> list[tuple[int, int, str]]:
    """(start, end, text) in milliseconds, as FFmpeg's subtitle readers give them."""
    with av.open(str(file)) as container:
        unit = container.streams[0].time_base * 1000
        return [
            (
                int(packet.pts * unit),
                int((packet.pts + packet.duration) * unit),
                bytes(packet).decode(),
            )
            for packet in container.demux()
            if packet.pts is not None
        ]


def heard(run: Run, *how: object) -> dict[str, Any]:
    import soundfile

    Path("talks").mkdir()
    sound = np.concatenate([tone(1.2, pitch=300), np.zeros(16_000, np.float32), tone(0.8)])
    soundfile.write("talks/one.wav", sound, 16_000)
    done = run("asr", "talks", "-m", cached("wav2vec2-ctc"), "--save-dir", "said", *how)
    (record,) = done.records
    assert record["files"] == [f"said/talks/one.{e}" for e in ("srt", "vtt", "tsv", "txt", "json")]
    return record


def test_asr_leaves_the_files_of_the_whisper_tools(run: Run) -> None:
    record = heard(run, "--max-line-width", "12")
    base = Path("said/talks/one")
    srt, vtt = (cues(base.with_suffix(ending)) for ending in (".srt", ".vtt"))
    assert srt
    assert srt == vtt
    for _, _, text in srt:
        assert max(map(len, text.splitlines())) <= 12
    rows = list(csv.DictReader(base.with_suffix(".tsv").open(newline=""), delimiter="\t"))
    assert [(int(row["start"]), int(row["end"])) for row in rows] == [cue[:2] for cue in srt]
    segments = json.loads(base.with_suffix(".json").read_text())["segments"]
    assert [row["text"] for row in rows] == [one["text"] for one in segments]
    assert base.with_suffix(".txt").read_text() == record["result"]["text"] + "\n"
    spoken = "".join(record["result"]["text"].split())
    assert "".join("".join(text.split()) for _, _, text in srt) == spoken


def test_word_cues_have_the_times_of_the_words(run: Run) -> None:
    record = heard(run, "--word-cues")
    expected = [
        (*(round(second * 1000) for second in chunk["timestamp"]), chunk["text"])
        for chunk in record["result"]["chunks"]
    ]
    assert [cue[:2] for cue in cues(Path("said/talks/one.srt"))] == [cue[:2] for cue in expected]
    assert len(expected) == len(record["result"]["text"].split())


def test_letters_are_no_subtitles(run: Run) -> None:
    Path("a.wav").write_bytes(b"not read")
    done = run("asr", "a.wav", "-m", cached("wav2vec2-ctc"), "--timestamps", "char", "-o", "a.srt")
    assert done.exit_code == 2
    assert "letters" in done.stderr


# ner


class Page(HTMLParser):
    """The running text of a page, and the names of what loads or runs."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.text, self.marked, self.tags = "", [], set()
        self._inside: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._inside.append(tag)
        self.tags.add(tag)
        if tag == "mark" and "main" in self._inside:
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "main" in self._inside and "small" not in self._inside:
            self.text += data
            if "mark" in self._inside:
                self.marked[-1] += data


def test_ner_leaves_the_text_with_its_entities_marked(run: Run) -> None:
    hostile = "<script>alert(1)</script> & <img src=x onerror=y> \x1b[31m"
    contents = {"plain": SHORT_TEXT, "unicode": UNICODE_TEXT, "hostile": SHORT_TEXT + hostile}
    for name, content in contents.items():
        Path(f"{name}.txt").write_text(content)
    done = run("ner", *(f"{n}.txt" for n in contents), "-m", cached("bert-ner"), "--save-dir", "o")
    for record, content in zip(done.records, contents.values(), strict=True):
        page = Page(Path(record["files"][0]).read_text())
        assert page.text == content.replace("\x1b", "")
        shown = [word.replace("\x1b", "") for word in (e["word"] for e in record["result"])]
        assert page.marked == shown
        assert not page.tags & {"script", "img", "link", "iframe"}


# Names


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        (["a.jpg"], ["a"]),
        (["shots/a.jpg", "shots/b/a.jpg"], ["shots/a", "shots/b/a"]),
        (["a.jpg", "a.png"], ["a.jpg", "a.png"]),
        (["a.jpg", "A.JPG"], ["a.jpg", "A.JPG-2"]),
        (["a.jpg", "./a.jpg"], ["a.jpg", "a.jpg-2"]),
        (["/abs/a.jpg", "../../a.jpg"], ["abs/a", "a"]),
        (["rows.csv:3", "rows.csv:4"], ["rows.csv-3", "rows.csv-4"]),
        (["-", "text:1"], ["stdin", "text-1"]),
        (["a\nb\x1b[31m.txt", "evil\u202etxt.txt"], ["a_b_[31m", "evil_txt"]),
        (["..", "/", "..."], ["_", "_-2", "_-3"]),
        (["v1.2/archive.tar.gz"], ["v1.2/archive.tar"]),
    ],
)
def test_names_are_the_inputs_own_and_never_shared(inputs: list[str], names: list[str]) -> None:
    for order in itertools.permutations(zip(inputs, names, strict=True)):
        given = Names(inputs)
        made = [given.of(id).as_posix() for id, _ in order]
        assert sorted(map(str.casefold, made)) == sorted(map(str.casefold, names))


def test_names_of_inputs_that_come_unannounced_are_not_shared_either() -> None:
    given = Names()
    made = [given.of(id).as_posix() for id in ("a.jpg", "a.png", "a.jpg", "x" * 300, "x" * 301)]
    assert made[:3] == ["a", "a.png", "a.jpg"]
    assert len({*made}) == 5
    assert max(map(len, made)) < 200


def test_inputs_of_one_stem_do_not_overwrite_each_other(run: Run) -> None:
    for number, name in enumerate(("a.png", "a.bmp")):
        scene(40, 36, number).save(name)
    done = run("depth", "a.png", "a.bmp", "a.png", "-m", cached("glpn"), "--save-dir", "far")
    files = [name for record in done.records for name in record["files"]]
    assert len(set(files)) == 9
    assert all(Path(name).is_file() for name in files)
    listed = [*files, f"far/{ownership.NAME}"]
    assert sorted(map(str, Path("far").rglob("*.*"))) == sorted(listed), "nothing else is left"


# Where files must not go


# What the name of an input's first file goes on with.
FIRST = (".boxes.", ".overlay.", ".depth.", ".srt", ".html")


def dry(run: Run, *words: object) -> list[str]:
    """The patterns of the files that a dry run announces."""
    done = run(*words, "--dry-run")
    assert done.exit_code == 0, done.stderr
    lines = re.split(r"^files +", done.stdout, flags=re.M)[1].splitlines()
    patterns = []
    for name, *endings in (re.split(", +", line.strip()) for line in lines):
        stem = name[: min(name.index(e) for e in FIRST if e in name)]
        patterns += [name, *(stem + ending for ending in endings)]
    return patterns


@pytest.mark.parametrize(
    ("task", "name", "how"),
    [
        ("detect", "detr", ()),
        ("detect", "detr", ("--crops", "--crop-margin", "5%")),
        ("segment", "mask2former", ("--masks", "--cutouts", "--threshold", "0.1")),
        ("depth", "glpn", ()),
        ("asr", "wav2vec2-ctc", ()),
        ("ner", "bert-ner", ()),
    ],
)
def test_a_dry_run_announces_the_files(
    run: Run, shots: Path, task: str, name: str, how: tuple[str, ...]
) -> None:
    Path("a.txt").write_text(SHORT_TEXT)
    soundfile.write("a.wav", tone(1.0), 16_000)
    inputs = {"asr": ["a.wav"], "ner": ["a.txt"]}.get(
        task, [shots / "wide.png", shots / "tall.jpg"]
    )
    words = (task, *inputs, "-m", cached(name), "--save-dir", "seen", *how)
    announced = dry(run, *words)
    assert not Path("seen").exists()
    files = [file for record in run(*words).records for file in record["files"]]
    assert files
    for file in files:
        assert any(fnmatchcase(file, pattern) for pattern in announced), (file, announced)
    for pattern in announced:
        assert any(fnmatchcase(file, pattern) for file in files), (pattern, files)


def refused(run: Run, *words: object) -> str:
    before = sorted(Path().rglob("*"))
    done = run("depth", *words, "-m", cached("glpn"))
    assert done.exit_code == 2
    assert sorted(Path().rglob("*")) == before
    return done.stderr


DEPTHS = ("square.colours.png", "square.depth.npy", "square.depth.png")


def test_files_go_into_a_folder_with_others_that_are_in_nobodys_way(run: Run, shots: Path) -> None:
    Path("far").mkdir()
    Path("far/mine.txt").write_text("mine")
    words = ("depth", shots / "square.jpg", "-m", cached("glpn"), "--save-dir", "far")
    for _ in range(2):  # the second time into the files of the first
        done = run(*words)
        assert (done.exit_code, len(done.records[0]["files"])) == (0, 3), done.stderr
    assert Path("far/mine.txt").read_text() == "mine"
    other = run("depth", shots / "tall.jpg", *words[2:])
    assert other.exit_code == 0
    assert len(list(Path("far/shots").iterdir())) == 6


def test_files_go_beside_the_media(run: Run, shots: Path) -> None:
    before = {path: path.read_bytes() for path in shots.iterdir()}
    done = run("depth", shots, "-m", cached("glpn"), "--save-dir", ".")
    assert done.exit_code == 0, done.stderr
    files = {Path(name) for record in done.records for name in record["files"]}
    assert {path.parent for path in files} == {shots}
    assert set(shots.iterdir()) == {*before, *files}
    assert all(path.read_bytes() == content for path, content in before.items())


def state(file: Path) -> tuple[int, ...]:
    """What tells that a file is untouched; its last reading is not among it."""
    found = file.lstat()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


@pytest.mark.parametrize("name", DEPTHS)
@pytest.mark.parametrize("how", ["a file", "a link", "a broken link", "changed since"])
def test_a_file_of_others_is_not_replaced(run: Run, shots: Path, name: str, how: str) -> None:
    words = ("depth", shots / "square.jpg", "-m", cached("glpn"), "--save-dir", ".")
    theirs = shots / name
    Path("elsewhere").write_text("mine")
    if how == "changed since":
        assert run(*words).exit_code == 0
        theirs.write_text("mine")
    elif how == "a file":
        theirs.write_text("mine")
    else:
        theirs.symlink_to(Path("elsewhere" if how == "a link" else "nowhere").resolve())
    before = state(theirs)
    told = refused(run, *words[1:2], "--save-dir", ".")
    assert f"{theirs} is there already" in told
    assert "--overwrite" in told
    assert state(theirs) == before
    assert run(*words, "--overwrite").exit_code == 0
    assert not theirs.is_symlink()
    assert theirs.stat().st_size > 4
    assert Path("elsewhere").read_text() == "mine"
    assert not Path("nowhere").exists()


def test_a_file_of_others_that_comes_in_mid_run_costs_one_input(run: Run, shots: Path) -> None:
    """Rows name their inputs only as they are read."""
    Path("rows.csv").write_text(f"path\n{shots / 'square.jpg'}\n{shots / 'tall.jpg'}\n")
    how = ["-m", cached("glpn"), "--field", "path", "--save-dir"]
    named = run("depth", "rows.csv", *how, "named").records[0]["files"][0]
    theirs = Path("far") / Path(named).name
    theirs.parent.mkdir()
    theirs.write_text("mine")
    done = run("depth", "rows.csv", *how, "far")
    first, second = done.records
    assert done.exit_code == 1
    assert str(theirs) in first["error"]["message"]
    assert "--overwrite" in first["error"]["hint"]
    assert len(second["files"]) == 3
    assert theirs.read_text() == "mine"


@pytest.mark.parametrize("how", [[], ["--overwrite"]])
def test_an_input_is_never_replaced(run: Run, shots: Path, how: list[str]) -> None:
    """Earlier answers that are inputs, too: as a folder gives them in a second run."""
    words = (shots, "--save-dir", ".")
    assert run("depth", *words, "-m", cached("glpn")).exit_code == 0
    assert "is one of the inputs" in refused(run, *words, *how)
    assert "no folder" in refused(run, shots, "--save-dir", shots / "small.png")


def test_a_second_input_of_one_name_keeps_its_files_in_a_later_run(run: Run, shots: Path) -> None:
    """The names that the answered inputs have are theirs in the resumed run as well."""
    square = shots / "square.jpg"
    how = ["-m", cached("glpn"), "--save-dir", "far", "-o", "out.jsonl"]
    assert run("depth", square, square, *how).exit_code == 0
    whole = Path("out.jsonl").read_text()
    Path("out.jsonl").write_text(whole.splitlines(keepends=True)[0])
    assert run("depth", square, square, *how, "--resume").exit_code == 0
    assert Path("out.jsonl").read_text() == whole


def test_a_planted_book_of_what_is_ours_is_not_followed(run: Run, shots: Path) -> None:
    Path("far").mkdir()
    Path("precious").write_text("mine")
    (Path("far") / ownership.NAME).symlink_to(Path("precious").resolve())
    done = run("depth", shots / "square.jpg", "-m", cached("glpn"), "--save-dir", "far")
    assert done.exit_code == 1
    assert "link" in done.records[0]["error"]["message"]
    assert Path("precious").read_text() == "mine"
    assert not list(Path("far/shots").iterdir())


def test_a_torn_line_in_the_book_spoils_no_other(run: Run, shots: Path) -> None:
    words = ("depth", shots / "square.jpg", "-m", cached("glpn"), "--save-dir", "far")
    assert run(*words).exit_code == 0
    with (Path("far") / ownership.NAME).open("a") as book:
        book.write('\n["shots/squ')
    for _ in range(2):
        assert run(*words).exit_code == 0


def test_a_task_without_files_says_which_have_them(run: Run) -> None:
    Path("a.txt").write_text(SHORT_TEXT)
    done = run("classify-text", "a.txt", "--save-dir", "o", "-m", cached("distilbert-sentiment"))
    assert done.exit_code == 2
    assert "segment" in done.stderr


def test_a_planted_link_is_not_followed(run: Run, shots: Path) -> None:
    Path("far").mkdir()
    Path("elsewhere").mkdir()
    Path("far/shots").symlink_to(Path("elsewhere").resolve())
    how = ["-m", cached("glpn"), "--save-dir", "far", "--overwrite"]
    done = run("depth", shots / "square.jpg", *how)
    assert done.exit_code == 1
    assert "link" in done.records[0]["error"]["message"]
    assert not list(Path("elsewhere").iterdir())


def test_a_failed_input_has_no_files(run: Run) -> None:
    cut = broken_images(Path())["cut"]
    done = run("depth", cut, "-m", cached("glpn"), "--save-dir", "far")
    assert done.exit_code == 1
    assert "files" not in done.records[0]
    assert not Path("far").exists()


def test_a_full_disk_leaves_no_half_file(
    run: Run, shots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    done = run("depth", shots / "square.jpg", "-m", cached("glpn"), "--save-dir", "far")
    assert done.exit_code == 4
    assert "No space left" in done.stderr
    files = {path.name for path in Path("far").rglob("*") if path.is_file()}
    assert files == {ownership.NAME}


# Drawing


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (96, 64), (640, 480), (3000, 2000)])
def test_drawing_stays_inside_and_labels_off_each_other(size: tuple[int, int]) -> None:
    width, height = size
    sketch = Annotator(Image.new("RGB", size), size)
    boxes = [
        Box(0, 0, width, height),
        Box(0, 0, max(1, width // 9), max(1, height // 9)),
        Box(width - 1, height - 1, width, height),
        Box(width // 2, height // 2, max(width // 2, 1), max(height // 2, 1)),
    ]
    for number, box in enumerate(boxes):
        sketch.box(box, PALETTE[number])
        sketch.region(np.ones((height, width), np.uint8), boxes[0], PALETTE[number])
    wide, high = sketch.image.size
    tags = [Tag(f"label {number}", 0.5, box, PALETTE[number]) for number, box in enumerate(boxes)]
    sketch.names(tags)
    assert len(sketch.tags) == len(boxes) or min(size) < 60
    check_apart(sketch.tags, (wide, high))


def drawing_memory(regions_across: int) -> int:
    """The most bytes at once while a picture of square regions is drawn on."""
    side = 1200 // regions_across
    numbers = np.arange(regions_across**2).reshape(regions_across, -1)
    found = regions(numbers.repeat(side, 0).repeat(side, 1))
    segments = [Segment(f"label {number}", 0.5, *one) for number, one in found.items()]
    item = ImageInput(Image.new("RGB", (1200, 1200)), (1200, 1200))
    tracemalloc.start()
    try:
        overlay(segments, item, Layout())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_masks_are_drawn_one_at_a_time() -> None:
    """Each is as large as the picture, however small its region."""
    drawing_memory(2)  # fonts are loaded once
    assert drawing_memory(6) < drawing_memory(2) + 2 * 1200 * 1200


def check_apart(tags: list[tuple[int, ...]], size: tuple[int, int]) -> None:
    """Names are inside the picture and none covers another."""
    for left, top, right, bottom in tags:
        assert 0 <= left <= right <= size[0]
        assert 0 <= top <= bottom <= size[1]
    for one, other in itertools.combinations(tags, 2):
        apart = one[2] <= other[0] or other[2] <= one[0]
        assert apart or one[3] <= other[1] or other[3] <= one[1]


def crowd(count: int) -> list[Subject]:
    rng = np.random.default_rng(count)
    corners, sides = rng.integers(0, (560, 400), (count, 2)), rng.integers(8, 80, (count, 2))
    return [
        Subject((int(x), int(y), int(x + wide), int(y + high)))
        for (x, y), (wide, high) in zip(corners, sides, strict=True)
    ]


@pytest.mark.parametrize("count", [1, 10, 100])
def test_a_name_hides_little_or_gives_way_to_a_number(count: int) -> None:
    subjects = crowd(count)
    found = places((640, 480), subjects, [(70, 18)] * count, [(16, 18)] * count)
    check_apart([place.frame for place in found if place], (640, 480))
    for place in found:
        for left, top, right, bottom in (one.frame for one in subjects if place):
            wide = max(0, min(right, place.frame[2]) - max(left, place.frame[0]))
            high = max(0, min(bottom, place.frame[3]) - max(top, place.frame[1]))
            if not place.short:
                assert wide * high <= 0.25 * (right - left) * (bottom - top)
    full = [place for place in found if place and not place.short]
    assert len(full) == count or count == 100
    assert len(full) < count or count < 100


def test_a_name_stands_off_its_box_and_inside_its_region() -> None:
    box = (100, 100, 200, 200)
    (outside,) = places((640, 480), [Subject(box)], [(60, 18)], [(9, 18)])
    assert outside.frame == (100, 82, 160, 100)
    region = Subject(box, 9_000, (150, 150))
    (inside,) = places((640, 480), [region], [(60, 18)], [(9, 18)])
    assert inside.frame == (120, 141, 180, 159)
    small = Subject((100, 100, 120, 120), 300, (110, 110))
    (beside,) = places((640, 480), [small], [(60, 18)], [(9, 18)])
    assert (beside.frame, beside.short) == ((100, 82, 160, 100), False)


def test_numbers_stand_for_crowded_names_which_are_under_the_picture() -> None:
    size = (640, 480)
    sketch = Annotator(Image.new("RGB", size), size)
    tags = [
        Tag("a very long name", 0.5, Box(*one.frame), PALETTE[number % 8])
        for number, one in enumerate(crowd(100))
    ]
    sketch.names(tags)
    check_apart(sketch.tags, size)
    assert sketch.image.width == 640
    assert sketch.image.height > 480
    alone = Annotator(Image.new("RGB", size), size)
    alone.names(tags[:1])
    assert alone.image.size == size


@pytest.mark.parametrize("label", ["a very long name of many words", "one_name_without_a_space"])
def test_names_under_a_narrow_picture_are_whole(label: str) -> None:
    """In as many lines as they need: the margin at the right of them is free."""
    size = (100, 500)
    sketch = Annotator(Image.new("RGB", size), size)
    boxes = [Box(10, top, 90, top + 100) for top in range(0, 400, 100)]
    sketch.names([Tag(label, 0.5, box, PALETTE[0]) for box in boxes])
    under = np.asarray(sketch.image)[500:].astype(int)
    bright = (under.min(-1) > 200).any(0)
    assert not bright[-4:].any()
    assert bright[40:].any()
    letters = len("".join(label.split()))
    assert (under.min(-1) > 200).sum() > 4 * letters * len(boxes)


def test_names_under_a_frame_stand_on_it_in_a_video() -> None:
    picture = Image.new("RGB", (640, 480), (90, 90, 90))
    subjects = [Detection.at("a very long name", 0.5, one.frame) for one in crowd(100)]
    item = ImageInput(picture, picture.size)
    still = annotated(subjects, item, Layout())
    shown = _within(still, Record("a.mp4#t=0", "detect", "m", result=subjects, item=item))
    assert (still.height > 480, shown.size) == (True, (640, 480))
    assert shown.crop((0, 0, 640, 200)).tobytes() == still.crop((0, 0, 640, 200)).tobytes()
    dark = (np.asarray(shown)[-60:].max(-1) < 60).mean()
    assert dark > 0.3 > (np.asarray(still)[420:480].max(-1) < 60).mean()


# Letters


@pytest.fixture
def fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system that has only the fonts that a test puts there."""
    folder = tmp_path / "system-fonts"
    folder.mkdir()

    def forget() -> None:
        for cached_ in (typefaces._system, typefaces._file_of, typefaces._has):
            cached_.cache_clear()

    monkeypatch.setattr(typefaces, "_FOLDERS", (str(folder),))
    forget()
    yield folder
    forget()


def make_font(file: Path, chars: str) -> None:
    """A font whose letters are full squares."""
    names = [".notdef", *(f"square{number}" for number in range(len(chars)))]
    square = TTGlyphPen(None)
    square.moveTo((0, 0))
    for point in ((0, 800), (800, 800), (800, 0)):
        square.lineTo(point)
    square.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(dict(zip(map(ord, chars), names[1:], strict=True)))
    empty = TTGlyphPen(None).glyph()
    builder.setupGlyf({name: square.glyph() if at else empty for at, name in enumerate(names)})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (900, 50)))
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": "Test", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(str(file))


@pytest.mark.parametrize(
    "text", ["école", "naïve", "кошка", "γάτα", "մեքենա", "cat 93%", "ñandú №…", "e\u0301cole"]
)
def test_the_font_that_ships_has_latin_greek_and_cyrillic(fonts: Path, text: str) -> None:
    (run,) = typefaces.runs(text)
    assert run.file == typefaces.OWN
    assert run.text == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("text", ["قطة", "חתול"])
def test_letters_that_join_or_turn_need_what_shapes_them(
    fonts: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typefaces, "_can_shape", lambda: True)
    assert typefaces.runs(text) == [typefaces.Run(text, typefaces.OWN)]
    monkeypatch.setattr(typefaces, "_can_shape", lambda: False)
    assert typefaces.runs(text) is None
    assert typefaces.runs("cat") is not None


def test_other_letters_are_the_systems(fonts: Path) -> None:
    assert typefaces.runs("猫") is None
    typefaces._system.cache_clear()
    typefaces._file_of.cache_clear()
    (fonts / "broken.ttf").write_bytes(b"no font")
    for name, chars in {"Deep Serif Bold": "猫犬", "Plain Sans": "猫", "Last": "犬"}.items():
        make_font(fonts / f"{name}.ttf", chars)
    assert typefaces.runs("a 猫 b") == [
        typefaces.Run("a ", typefaces.OWN),
        typefaces.Run("猫 ", fonts / "Plain Sans.ttf"),
        typefaces.Run("b", typefaces.OWN),
    ]
    (run,) = typefaces.runs("犬")
    assert run.file == fonts / "Last.ttf"
    size = (640, 480)
    sketch = Annotator(Image.new("RGB", size), size)
    sketch.names([Tag("猫", None, Box(100, 100, 300, 300), PALETTE[0])])
    (frame,) = sketch.tags
    ink = np.asarray(sketch.image.crop(frame)) == text_color_on(PALETTE[0])
    assert 0.2 < ink.all(2).mean() < 0.8, "the square is drawn"


def relabelled(name: str, label: str) -> Path:
    """A tiny checkpoint whose labels all have one name."""
    folder = Path(f"{name}-relabelled")
    shutil.copytree(cached(name), folder)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {number: f"{label}{number}" for number in config["id2label"]}
    config.pop("label2id", None)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_what_no_font_has_is_numbered_and_said(
    run: Run, shots: Path, fonts: Path, task: str
) -> None:
    folder = relabelled({"detect": "detr", "segment": "mask2former"}[task], "猫")
    words = (task, shots / "wide.png", "-m", folder, "--threshold", "0.1")
    (bare,) = run(*words).records
    (record,) = run(*words, "--save-dir", "seen").records
    assert record["result"] == bare["result"] != []
    (warning,) = set(record["warnings"]) - set(bare.get("warnings", []))
    assert warning.startswith("drawn as numbers, their places in the result")
    assert record["result"][0]["label"] in warning
    (record,) = run(*words, "--save-dir", "bare", "--no-names").records
    assert record.get("warnings") == bare.get("warnings")
    make_font(fonts / "Plain Sans.ttf", "猫")
    typefaces._system.cache_clear()
    typefaces._file_of.cache_clear()
    (record,) = run(*words, "--save-dir", "read").records
    assert record.get("warnings") == bare.get("warnings")


def test_no_names_leaves_boxes_alone(run: Run, shots: Path) -> None:
    words = ("detect", shots / "wide.png", "-m", cached("detr"))
    (record,) = run(*words, "--save-dir", "seen", "--no-names").records
    original = Image.open(record["input"]).convert("RGB")
    sketch = Annotator(original, original.size)
    labels = json.loads((cached("detr") / "config.json").read_text())["id2label"]
    known = colours({int(number): label for number, label in labels.items()})
    for one in reversed(record["result"]):
        sketch.box(Box(**one["box"]), colour_of(one["label"], known))
    assert np.array_equal(np.asarray(opened(record, ".boxes.png")), np.asarray(sketch.image))


@pytest.mark.parametrize("width", [1, 7])
def test_lines_are_as_wide_as_asked_for(run: Run, width: int) -> None:
    """Between dark edges, on a picture that is not enlarged."""
    scene(600, 500).save("a.png")
    words = ("detect", "a.png", "-m", cached("detr"), "--max-detections", 1)
    how = ("--threshold", 0, "--save-dir", "seen", "--no-names", "--line-width", width)
    (record,) = run(*words, *how).records
    (one,) = record["result"]
    drawn = np.asarray(opened(record, ".boxes.png"))
    labels = json.loads((cached("detr") / "config.json").read_text())["id2label"]
    ink = colour_of(one["label"], colours({int(number): name for number, name in labels.items()}))
    left, top, right, bottom = one["box"].values()
    row = (drawn[(top + bottom) // 2, left:right] == ink).all(-1)
    edge = max(1, width // 4)
    assert right - left > 4 * width
    assert np.flatnonzero(row[: width + 2 * edge]).tolist() == list(range(edge, edge + width))
    assert run(*words, *how[:-1], 0).exit_code == 2


@pytest.mark.parametrize(
    ("task", "name", "ending"),
    [("detect", "detr", ".boxes.png"), ("segment", "mask2former", ".overlay.png")],
)
def test_names_may_stand_without_scores(
    run: Run, shots: Path, task: str, name: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    draw = Annotator.names

    def noted(sketch: Annotator, tags: Any) -> None:
        written.extend("".join(run.text for run in _Shown(tag, 1, 13).full) for tag in tags)
        draw(sketch, tags)

    monkeypatch.setattr(Annotator, "names", noted)
    words = (task, shots / "wide.png", "-m", cached(name), "--threshold", 0.1, "--save-dir")
    (record,) = run(*words, "with").records
    labels = [one["label"] for one in record["result"]]
    assert labels
    shares = [f"{one['label']} {one['score']:.0%}" for one in record["result"]]
    assert written == shares
    written.clear()
    (bare,) = run(*words, "without", "--no-scores").records
    assert written == labels
    assert bare["result"] == record["result"]
    assert opened(bare, ending).tobytes() != opened(record, ending).tobytes()


# How linear light reaches eyes without one kind of cone: Machado, Oliveira and Fernandes, 2009.
EYES = {
    "normal": np.eye(3),
    "protan": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deutan": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritan": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def cielab(colours: Any, eyes: Any) -> np.ndarray:
    linear = np.clip((np.array(colours) / 255) ** 2.2 @ np.array(eyes).T, 0, 1)
    x, y, z = np.cbrt((linear @ _TO_XYZ.T / [0.9505, 1, 1.089]).T)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


@pytest.mark.parametrize("eyes", EYES)
def test_colours_are_told_apart_by_all_eyes(eyes: str) -> None:
    places = cielab(PALETTE, EYES[eyes])
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert apart[~np.eye(len(PALETTE), dtype=bool)].min() > 12
    for colour, place in zip(PALETTE, places, strict=True):
        ink = cielab([text_color_on(colour)], EYES[eyes])[0]
        assert abs(place[0] - ink[0]) > 40, "writing on a colour is read by its lightness"


def test_a_label_keeps_its_colour() -> None:
    known = colours({0: "cat", 1: "dog", 2: "cat"})
    assert known["cat"] != known["dog"]
    assert colour_of("cat", known) == known["cat"]
    assert colour_of("unheard of", known) == colour_of("unheard of", {})
