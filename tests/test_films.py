"""--save-dir of a video: what was found in its frames, as a video to look at."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from conftest import Finished
from films import film, moving_cube, pictures_in
from PIL import Image

from taskcli.output.palette import colour_of, colours

Run = Callable[..., Finished]
CUBE = moving_cube()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a cube that moves, with a tone."""
    file = tmp_path_factory.mktemp("films") / "clip.mp4"
    return film(file, [moment.picture for moment in CUBE], sound="aac")


def facts(file: Path | str) -> tuple[tuple[int, int], float, list[str]]:
    """Width and height, seconds, and the codecs of its tracks."""
    with av.open(str(file)) as container:
        track = container.streams.video[0]
        codecs = [one.codec_context.codec.canonical_name for one in container.streams]
        return (track.width, track.height), (container.duration or 0) / 1e6, codecs


def has_colour(picture: Image.Image, box: dict[str, int], scale: int, ink: Any) -> float:
    """The share of the outline of a box, just inside of it, that is drawn in a colour."""
    pixels = np.asarray(picture).astype(int)
    left, top, right, bottom = (box[side] * scale for side in ("xmin", "ymin", "xmax", "ymax"))
    middle = (top + bottom) // 2
    hits = []
    for x in (left, right - 1):
        inside = range(max(0, x - 6), min(picture.width, x + 7))
        hits.append(min(np.abs(pixels[middle, at] - ink).max() for at in inside) < 60)
    return float(np.mean(hits))


def test_boxes_are_drawn_where_the_solid_is_at_each_time(run: Run, clip: Path) -> None:
    done = run("detect", clip, "--fps", 5, "-m", "starter", "--save-dir", "seen")
    assert done.exit_code == 0, done.stderr
    (seen,) = Path("seen").rglob("*.mp4")
    assert all(record["files"] == [str(seen)] for record in done.records)
    size, seconds, codecs = facts(seen)
    assert (size, codecs) == ((640, 480), ["h264", "aac"])  # small pictures are enlarged
    assert seconds == pytest.approx(4, abs=0.15)
    shown = pictures_in(seen)
    assert [round(time, 3) for time, _ in shown] == [record["time"] for record in done.records]
    known = colours(starter_labels())
    for record, (_, picture) in zip(done.records, shown, strict=True):
        for one in record["result"]:
            ink = np.array(colour_of(one["label"], known))
            assert has_colour(picture, one["box"], 2, ink) == 1, record["input"]


def starter_labels() -> dict[int, str]:
    import taskcli

    return taskcli.load("detect", "starter").labels


@pytest.mark.parametrize("chosen", [("--fps", "0.1"), ("--fps", "0.75"), ("--frames", "all")])
@pytest.mark.parametrize("sound", [None, "aac"])
def test_it_ends_with_the_video(run: Run, chosen: tuple[str, str], sound: str | None) -> None:
    """The last picture is shown no longer than the video, and no shorter."""
    film(Path("a.mp4"), [moment.picture for moment in CUBE[::3]], sound=sound)
    run("detect", "a.mp4", *chosen, "-m", "starter", "--save-dir", "seen")
    for file in ("a.mp4", "seen/a.boxes.mp4"):
        assert last_picture_ends(file) == pytest.approx(1.4, abs=0.002)
        assert facts(file)[1] == pytest.approx(1.4, abs=0.05)  # as blocks of AAC divide it


def last_picture_ends(file: str) -> float:
    with av.open(file) as container:
        *_, last = container.decode(video=0)
    assert last.duration is not None and last.time_base is not None
    return float((last.pts + last.duration) * last.time_base)


def test_of_frames_in_the_midst_it_is_as_long_as_they_are(run: Run, clip: Path) -> None:
    run("detect", clip, "--frames", "5-9", "-m", "starter", "--save-dir", "seen")
    (seen,) = Path("seen").rglob("*.mp4")
    assert last_picture_ends(str(seen)) == pytest.approx(0.5, abs=0.002)


def test_its_sound_is_that_of_the_video(run: Run, clip: Path) -> None:
    run("detect", clip, "-m", "starter", "--save-dir", "seen")
    (seen,) = Path("seen").rglob("*.mp4")
    packets = []
    for file in (clip, seen):
        with av.open(str(file)) as container:
            track = container.streams.audio[0]
            packets.append([bytes(one) for one in container.demux(track) if one.size])
    assert packets[1] == packets[0]


@pytest.mark.parametrize(("task", "look", "beside"), [
    ("segment", ".overlay", [".ids.png"]),
    ("depth", ".colours", [".depth.png", ".depth.npy"]),
])  # fmt: skip
def test_other_tasks_show_theirs_and_leave_their_numbers_beside(
    run: Run, clip: Path, task: str, look: str, beside: list[str]
) -> None:
    done = run(task, clip, "-m", "starter", "--save-dir", "seen")
    assert done.exit_code == 0, done.stderr
    (seen,) = Path("seen").rglob("*.mp4")
    assert seen.name == f"clip{look}.mp4"
    assert len(pictures_in(seen)) == 4
    for record in done.records:
        film, *others = record["files"]
        assert film == str(seen)
        start = str(seen.parent / f"clip.mp4-t={record['time']:g}")
        assert others == [start + ending for ending in beside]
        assert all(map(Path.is_file, map(Path, others)))


def test_depths_of_a_video_have_one_scale(run: Run, clip: Path) -> None:
    words = ("depth", clip, "-m", "starter", "--fps", 2, "--save-dir")
    shared = run(*words, "seen", "--depth-range", "shared")
    assert shared.exit_code == 0, shared.stderr
    (seen,) = Path("seen").rglob("*.mp4")
    (said,) = re.findall(r"drawn with --depth-range (\S+)", shared.stderr)
    given = run(*words, "other", "--depth-range", said)
    (other,) = Path("other").rglob("*.mp4")
    assert seen.read_bytes() == other.read_bytes()
    assert [record["files"] for record in shared.records] == [
        [file.replace("other", "seen", 1) for file in record["files"]] for record in given.records
    ]
    assert facts(seen)[1:] == (pytest.approx(4, abs=0.05), ["h264", "aac"])


def test_colours_of_the_picture_are_kept(run: Run) -> None:
    """Also of large ones, which have the colours of HD."""
    flat = [Image.new("RGB", (1280, 720), (200, 40, 40)) for _ in range(3)]
    film(Path("flat.mp4"), flat, rate=1)
    run("detect", "flat.mp4", "-m", "starter", "--threshold", 1, "--save-dir", "seen")
    (seen,) = Path("seen").rglob("*.mp4")
    after = pictures_in(seen)[0][1]
    assert facts(seen)[0] == (1280, 720)
    middle = (640, 360)
    assert np.abs(np.subtract(after.getpixel(middle), (200, 40, 40))).max() < 8


def test_odd_sides_are_made_even(run: Run) -> None:
    pictures = [moment.picture.resize((499, 375)) for moment in CUBE[:4]]
    film(Path("odd.mkv"), pictures, codec="ffv1")
    run("detect", "odd.mkv", "--frames", "all", "-m", "starter", "--save-dir", "seen")
    assert facts("seen/odd.boxes.mp4")[0] == (500, 376)


def test_a_run_that_goes_on_leaves_a_second_video(run: Run, clip: Path) -> None:
    words = ("detect", clip, "--fps", 5, "-m", "starter", "--save-dir", "seen", "-o", "out.jsonl")
    run(*words)
    (first,) = Path("seen").rglob("*.mp4")
    lines = Path("out.jsonl").read_text().splitlines(keepends=True)
    Path("out.jsonl").write_text("".join(lines[:12]))
    assert run(*words, "--resume").exit_code == 0
    both = sorted(path.name for path in Path("seen").rglob("*.mp4"))
    assert both == ["clip.boxes.from-2.4.mp4", "clip.boxes.mp4"]
    assert len(pictures_in(first)) == 20
    rest = first.with_name("clip.boxes.from-2.4.mp4")
    assert len(pictures_in(rest)) == 8
    _, seconds, codecs = facts(rest)
    assert seconds == pytest.approx(1.6, abs=0.15)
    assert codecs == ["h264", "aac"]


def test_several_videos_are_one_each(run: Run, clip: Path) -> None:
    for name in ("a.mp4", "b.mp4", "b.mov"):
        Path(name).write_bytes(clip.read_bytes())
    done = run("detect", "a.mp4", "b.mp4", "b.mov", "a.mp4", "-m", "starter", "--save-dir", "seen")
    names = sorted(path.name for path in Path("seen").iterdir() if path.suffix == ".mp4")
    assert names == ["a.boxes.mp4", "a.mp4.boxes.mp4", "b.mov.boxes.mp4", "b.mp4.boxes.mp4"]
    assert [record["files"][0] for record in done.records[::4]] == [
        "seen/a.boxes.mp4", "seen/b.mp4.boxes.mp4", "seen/b.mov.boxes.mp4", "seen/a.mp4.boxes.mp4",
    ]  # fmt: skip


def test_crops_are_pictures(run: Run, clip: Path) -> None:
    done = run("detect", clip, "-m", "starter", "--save-dir", "seen", "--crops")
    for record in done.records:
        assert len(record["files"]) == 1 + len(record["result"])
        assert all(f"clip.mp4-t={record['time']:g}.crop-" in name for name in record["files"][1:])


def test_frames_out_of_order_are_pictures(run: Run, clip: Path) -> None:
    done = run("detect", clip, "-m", "starter", "--save-dir", "seen", "--unordered")
    assert not list(Path("seen").rglob("*.mp4"))
    assert all(record["files"][0].endswith(".boxes.png") for record in done.records)
    told = "frames of videos are saved as pictures: a video wants them in order"
    assert done.stderr.count(told) == 1


def test_what_is_there_is_not_replaced(run: Run, clip: Path) -> None:
    Path("a.mp4").write_bytes(clip.read_bytes())
    Path("seen").mkdir()
    Path("seen/a.boxes.mp4").write_bytes(b"mine")
    done = run("detect", "a.mp4", "-m", "starter", "--save-dir", "seen")
    assert all("is there already" in record["error"]["message"] for record in done.records)
    assert Path("seen/a.boxes.mp4").read_bytes() == b"mine"


def test_a_sound_that_an_mp4_does_not_hold_is_said(run: Run) -> None:
    pictures = [moment.picture for moment in CUBE[:10]]
    film(Path("a.avi"), pictures, codec="mpeg4", sound="wmav2")
    words = ("detect", "a.avi", "--frames", "first", "-m", "starter", "--save-dir", "seen")
    (record,) = run(*words).records
    assert record["warnings"] == ["the video is without its sound: an MP4 does not hold wmav2"]
    assert facts("seen/a.boxes.mp4")[2] == ["h264"]


def test_animations_and_pages_are_pictures(run: Run) -> None:
    shown = [moment.picture for moment in CUBE[:40:20]]
    shown[0].save("a.gif", save_all=True, append_images=shown[1:])
    shown[0].save("scan.tif", save_all=True, append_images=shown[1:])
    run("detect", "a.gif", "scan.tif", "--frames", "all", "-m", "starter", "--save-dir", "seen")
    names = sorted(path.name for path in Path("seen").iterdir() if path.suffix == ".png")
    assert names == [
        f"{name}-{number}.boxes.png" for name in ("a.gif", "scan.tif") for number in (1, 2)
    ]
