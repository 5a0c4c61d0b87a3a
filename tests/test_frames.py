"""Files that hold several pictures: each frame is an input, with a record of its own."""

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from checkpoints import cached
from conftest import Finished
from films import RATE, film, moving_cube, overlap
from PIL import Image
from samples import scene
from web_server import serving

import taskcli
from taskcli.errors import InputError, UsageError
from taskcli.inputs.frames import Framing
from taskcli.media.decode.frames.reel import Decoded, Reel
from taskcli.media.frames import FrameChoice
from taskcli.media.source import Source

Run = Callable[..., Finished]
CUBE = moving_cube()


def pictures(count: int = len(CUBE)) -> list[Image.Image]:
    return [moment.picture for moment in CUBE[:count]]


@pytest.fixture(scope="module")
def vit() -> Path:
    return cached("vit")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a cube that moves."""
    return film(tmp_path_factory.mktemp("films") / "clip.mp4", pictures())


# Videos


def found_cubes(done: Finished) -> Iterator[tuple[float, float]]:
    """The time of each record, and how well its surest cube lies where the cube is then."""
    for record in done.records:
        boxes = [one["box"] for one in record["result"] if one["label"] == "cube"]
        yield record["time"], overlap(boxes[0], CUBE[record["frame"] - 1].box) if boxes else 0.0


def test_a_solid_that_moves_is_found_where_it_is_at_each_time(run: Run, clip: Path) -> None:
    done = run("detect", clip, "--fps", 2, "-m", "starter")
    assert done.inputs == [
        f"{clip}#t={t}" for t in ("0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5")
    ]
    assert [record["frame"] for record in done.records] == list(range(1, 41, 5))
    found = dict(found_cubes(done))
    assert list(found) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert min(found.values()) > 0.6, found


def test_a_video_is_a_frame_a_second_unless_asked_otherwise(
    run: Run, vit: Path, clip: Path
) -> None:
    done = run("classify-image", clip, "-m", vit)
    assert done.inputs == [f"{clip}#t={second}" for second in range(4)]
    assert [record["time"] for record in done.records] == [0, 1, 2, 3]
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        (("--frames", "first"), [1]),
        (("--frames", "7"), [7]),
        (("--frames", "39-50"), [39, 40]),
        (("--frames", "all"), list(range(1, 41))),
        (("--fps", "100"), list(range(1, 41))),
        (("--fps", "0.5"), [1, 21]),
        (("--fps", "3"), [1, 5, 8, 11, 15, 18, 21, 25, 28, 31, 35, 38]),
    ],
)
def test_frames_are_chosen_by_number_or_by_time(
    run: Run, vit: Path, clip: Path, asked: tuple[str, str], numbers: list[int]
) -> None:
    done = run("classify-image", clip, *asked, "-m", vit)
    assert [record["frame"] for record in done.records] == numbers
    assert [record["time"] for record in done.records] == [(one - 1) / RATE for one in numbers]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mov", "mpeg4"), ("a.mkv", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mpeg4"),
        ("a.ts", "mpeg2video"), ("a.flv", "flv"), ("a.mp4", "libx265"), ("no-extension", "mpeg4"),
    ],
)  # fmt: skip
def test_every_container_is_read(run: Run, vit: Path, name: str, codec: str) -> None:
    form = "mp4" if "." not in name else name.rpartition(".")[2]
    film(Path(f"made.{form}"), pictures(12), codec=codec).rename(name)
    done = run("classify-image", name, "--fps", 5, "-m", vit)
    assert [record["frame"] for record in done.records] == [1, 3, 5, 7, 9, 11], done.stderr
    assert done.exit_code == 0


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_video_is_seen_as_a_player_shows_it(turn: int) -> None:
    upright = pictures(1)[0]
    film(Path("a.mp4"), [upright.rotate(-turn, expand=True)] * 3, turn=turn)
    from taskcli.inputs.reading import Reading
    from taskcli.inputs.sources import resolve
    from taskcli.media.decode.decoder import Decoder
    from taskcli.media.items import Media

    (source,) = resolve(["a.mp4"], Reading(Media.IMAGE).seeing()).items
    item: Any = Decoder(Media.IMAGE)(source)
    assert item.size == upright.size
    middle = [CUBE[0].box[side] + CUBE[0].box[side + 2] for side in (0, 1)]
    red = item.image.getpixel((middle[0] // 2, middle[1] // 2))
    assert red[0] > 2 * max(red[1:])


def test_a_video_that_ends_early_is_answered_as_far_as_it_goes(run: Run, vit: Path) -> None:
    whole = film(Path("a.mp4"), pictures(), movflags="+faststart").read_bytes()
    Path("a.mp4").write_bytes(whole[: len(whole) * 3 // 4])
    done = run("classify-image", "a.mp4", "-m", vit)
    *answered, last = done.records
    assert [record["time"] for record in answered] == [0, 1, 2]
    assert last["input"] == "a.mp4"
    assert "the video is damaged" in last["error"]["message"]
    assert done.exit_code == 1


def test_damage_in_the_middle_costs_what_cannot_be_decoded(run: Run, vit: Path) -> None:
    data = bytearray(film(Path("a.mkv"), pictures(), codec="mpeg4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    Path("a.mkv").write_bytes(data)
    done = run("classify-image", "a.mkv", "-m", vit)
    times = [record["time"] for record in done.records if "result" in record]
    assert times[0] == 0
    assert 3 in times
    assert [record["input"] for record in done.records if "error" in record] in ([], ["a.mkv"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0\0\x18ftypmp42" + bytes(500), "not a video in a format that can be read"),
        (b"", "the input is empty"),
        (b"just text", "not an image"),
    ],
)
def test_what_is_no_video_is_one_error(run: Run, vit: Path, data: bytes, message: str) -> None:
    Path("a.mp4").write_bytes(data)
    (record,) = run("classify-image", "a.mp4", "-m", vit).records
    assert record["input"] == "a.mp4"
    assert message in record["error"]["message"]


def test_a_file_with_sound_alone_has_no_pictures(run: Run, vit: Path) -> None:
    from recordings import through_av
    from samples import tone

    Path("a.mp4").write_bytes(through_av("mp4", "aac", tone(0.5, 44_100), 44_100))
    (record,) = run("classify-image", "a.mp4", "-m", vit).records
    assert record["error"]["message"] == "the file has no moving pictures"


def test_a_video_that_is_too_large_is_refused_by_its_header(
    run: Run, vit: Path, clip: Path
) -> None:
    (record,) = run("classify-image", clip, "-m", vit, "--max-pixels", 1000).records
    assert "320 x 240 pixels, more than 1,000" in record["error"]["message"]


def test_standard_input_and_urls_are_videos_too(run: Run, vit: Path, clip: Path) -> None:
    done = run("classify-image", "-", "-m", vit, stdin=clip.read_bytes())
    assert done.inputs == [f"-#t={second}" for second in range(4)]
    local = [record["result"] for record in run("classify-image", clip, "-m", vit).records]
    assert [record["result"] for record in done.records] == local
    with serving() as web:
        web.files["/clip.mp4"] = clip.read_bytes()
        done = run("classify-image", f"{web.url}/clip.mp4", "-m", vit)
    assert done.inputs == [f"{web.url}/clip.mp4#t={second}" for second in range(4)]
    assert [record["result"] for record in done.records] == local
    assert web.asked["/clip.mp4"] == 1


def test_a_folder_is_searched_for_videos_where_frames_are_asked_for(
    run: Run, vit: Path, clip: Path
) -> None:
    Path("in").mkdir()
    scene(40, 30).save("in/a.png")
    Path("in/b.mp4").write_bytes(clip.read_bytes())
    done = run("classify-image", "in", "-m", vit)
    assert done.inputs == ["in/a.png"]
    assert "passed over 1 .mp4 (--fps 1 answers the frames of videos)" in done.stderr
    done = run("classify-image", "in", "--fps", 0.5, "-m", vit)
    assert done.inputs == ["in/a.png", "in/b.mp4#t=0", "in/b.mp4#t=2"]
    assert "frame" not in done.records[0]


# Animations and pages


def animation(name: str, **how: Any) -> list[Image.Image]:
    """Saved under a name; the pictures in it."""
    shown = [scene(96, 64, seed) for seed in range(4)]
    shown[0].save(name, save_all=True, append_images=shown[1:], **how)
    return shown


ANIMATIONS: dict[str, dict[str, Any]] = {
    "a.gif": {"duration": 200},
    "a.webp": {"duration": 200, "lossless": True},
    "a.png": {"duration": 200},
    "a.avif": {"duration": 200, "quality": 95},
}


@pytest.mark.parametrize("name", ANIMATIONS)
def test_every_frame_of_an_animation_is_answered_as_a_picture_of_its_own(
    run: Run, vit: Path, name: str
) -> None:
    animation(name, **ANIMATIONS[name])
    done = run("classify-image", name, "--frames", "all", "-m", vit, "--batch-size", 1)
    assert done.inputs == [f"{name}#{number}" for number in range(1, 5)]
    assert [record["frame"] for record in done.records] == [1, 2, 3, 4]
    assert [record["time"] for record in done.records] == [0, 0.2, 0.4, 0.6]
    assert all("warnings" not in record for record in done.records)
    with Image.open(name) as image:
        for number, record in enumerate(done.records):
            image.seek(number)
            image.convert("RGB").save("alone.png")
            (alone,) = run("classify-image", "alone.png", "-m", vit).records
            assert record["result"] == alone["result"]
    assert len({str(record["result"]) for record in done.records}) == 4


def test_the_first_frame_is_what_an_animation_is_unless_asked_otherwise(
    run: Run, vit: Path
) -> None:
    animation("a.gif", duration=200)
    (record,) = run("classify-image", "a.gif", "-m", vit).records
    told = ["frame 1 of 4; --frames all answers each"]
    assert (record["input"], record["warnings"]) == ("a.gif", told)
    assert not {"frame", "time"} & record.keys()


def test_an_animation_has_times_to_choose_by(run: Run, vit: Path) -> None:
    animation("a.gif", duration=[100, 300, 500, 100])
    done = run("classify-image", "a.gif", "--fps", 4, "-m", vit)
    assert [(one["frame"], one["time"]) for one in done.records] == [(1, 0), (3, 0.4), (4, 0.9)]


def test_pages_of_a_tiff_are_numbered_from_1(run: Run, vit: Path) -> None:
    sizes = [(96, 64), (40, 80), (64, 64)]
    shown = [scene(*size, seed) for seed, size in enumerate(sizes)]
    shown[0].save("scan.tif", save_all=True, append_images=shown[1:])
    done = run("classify-image", "scan.tif", "--frames", "2-3", "-m", vit)
    assert done.inputs == ["scan.tif#2", "scan.tif#3"]
    for record, picture in zip(done.records, shown[1:], strict=True):
        assert "time" not in record
        picture.save("alone.png")
        (alone,) = run("classify-image", "alone.png", "-m", vit).records
        assert record["result"] == alone["result"]


def test_pages_of_more_than_eight_bits_are_read_as_the_first_is(run: Run, vit: Path) -> None:
    import numpy as np

    grey = np.asarray(scene(96, 64, 1).convert("L"))
    deep = [Image.fromarray(grey.astype(np.uint16) * scale) for scale in (1, 257)]
    deep[0].save("deep.tif", save_all=True, append_images=deep[1:])
    first, second = run("classify-image", "deep.tif", "--frames", "all", "-m", vit).records
    assert "dark" in first["warnings"][0]
    Image.fromarray(grey).save("alone.png")
    (alone,) = run("classify-image", "alone.png", "-m", vit).records
    assert second["result"] == alone["result"]


def test_a_picture_alone_is_its_first_frame(run: Run, vit: Path) -> None:
    scene(64, 48).save("a.jpg")
    scene(64, 48).save("b.png")
    done = run("classify-image", "a.jpg", "b.png", "--frames", "all", "-m", vit)
    assert done.inputs == ["a.jpg", "b.png"]
    assert all("frame" not in record for record in done.records)


@pytest.mark.parametrize("name", ["a.jpg", "a.gif", "a.tif"])
def test_a_frame_that_is_not_there_is_an_error(run: Run, vit: Path, name: str) -> None:
    shown = [scene(64, 48, seed) for seed in range(1 if name == "a.jpg" else 3)]
    more = {} if name == "a.jpg" else {"save_all": True, "append_images": shown[1:]}
    shown[0].save(name, **more)
    (record,) = run("classify-image", name, "--frames", "5-6", "-m", vit).records
    holds = "it holds one picture" if name == "a.jpg" else "it has 3 frames"
    assert record["error"]["message"] == f"{holds}, and --frames 5-6 asks for another"


def test_a_damaged_animation_is_answered_as_far_as_it_goes(run: Run, vit: Path) -> None:
    animation("a.gif", duration=100)
    data = Path("a.gif").read_bytes()
    Path("a.gif").write_bytes(data[: len(data) * 5 // 8])
    *answered, last = run("classify-image", "a.gif", "--frames", "all", "-m", vit).records
    assert [record["frame"] for record in answered] == list(range(1, len(answered) + 1))
    assert 1 <= len(answered) <= 3
    assert (last["input"], "damaged behind frame" in last["error"]["message"]) == ("a.gif", True)


# What is asked for


@pytest.mark.parametrize("frames", ["0", "last", "3-2", "1-", "-1", "", "1,2"])
def test_what_is_no_choice_of_frames_is_refused(run: Run, frames: str) -> None:
    done = run("detect", "a.gif", f"--frames={frames}")
    assert done.exit_code == 2
    assert f"--frames {frames}: not first, all, N or A-B" in done.stderr


@pytest.mark.parametrize("fps", ["0", "-1", "nan", "5000"])
def test_what_is_no_rate_is_refused(run: Run, fps: str) -> None:
    done = run("detect", "a.gif", "--fps", fps)
    assert done.exit_code == 2
    assert f"--fps {fps}: not above 0" in done.stderr


def test_frames_are_chosen_in_one_way_at_a_time(run: Run) -> None:
    done = run("detect", "a.gif", "--fps", 1, "--frames", "all")
    assert done.exit_code == 2
    assert "--frames chooses frames by number and --fps by time" in done.stderr


def test_frames_at_times_that_drift_are_all_taken() -> None:
    """29.97 a second in whole milliseconds are as many as --fps 29.97 asks for."""
    picking = FrameChoice.of(fps=29.97).picking()
    times = [round(number * 1001 / 30) / 1000 for number in range(100_000)]
    taken = sum(picking.takes(number, time) for number, time in enumerate(times, 1))
    assert taken >= 99_996


# As inputs of a run


def test_a_run_that_was_interrupted_goes_on_with_the_next_frame(
    run: Run, vit: Path, clip: Path
) -> None:
    words = ("classify-image", clip, "--fps", 5, "-m", vit)
    whole = run(*words).stdout
    run(*words, "-o", "out.jsonl")
    lines = Path("out.jsonl").read_text().splitlines(keepends=True)
    Path("out.jsonl").write_text("".join(lines[:7]) + lines[7][:20])
    assert run(*words, "-o", "out.jsonl", "--resume").exit_code == 0
    assert Path("out.jsonl").read_text() == whole
    done = run("classify-image", clip, "--fps", 2, "-m", vit, "-o", "out.jsonl", "--resume")
    assert done.exit_code == 2
    assert "out.jsonl was made with --fps 5, not --fps 2" in " ".join(done.stderr.split())
    unsaid = run("classify-image", clip, "-m", vit, "-o", "out.jsonl", "--resume")
    assert "out.jsonl was made with --fps 5, not without" in " ".join(unsaid.stderr.split())


def test_a_file_of_a_version_without_an_option_is_gone_on_with(
    run: Run, vit: Path, clip: Path
) -> None:
    words = ("classify-image", clip, "-m", vit, "-o", "out.jsonl")
    assert run(*words).exit_code == 0
    beside = Path(".out.jsonl.taskcli.json")
    made_with = json.loads(beside.read_text())
    del made_with["reading"]["fps"], made_with["options"]["top_k"]
    beside.write_text(json.dumps(made_with))
    assert run(*words, "--resume", "--top-k", 3).exit_code == 2
    refused = run(*words, "--resume", "--fps", 2)
    assert "out.jsonl was made without --top-k 5 --fps 2" in " ".join(refused.stderr.split())
    made_with["options"]["top_k"] = 5
    beside.write_text(json.dumps(made_with))
    assert run(*words, "--resume").exit_code == 0


def test_frames_are_skipped_limited_and_drawn_as_rows_are(run: Run, vit: Path, clip: Path) -> None:
    words = ("classify-image", clip, "--frames", "all", "-m", vit)
    done = run(*words, "--skip", 3, "--limit", 2)
    assert [record["frame"] for record in done.records] == [4, 5]
    drawn = [record["frame"] for record in run(*words, "--sample", 4).records]
    assert (len(drawn), drawn) == (4, sorted(drawn))


def test_the_frames_of_a_video_are_of_one_share(run: Run, vit: Path, clip: Path) -> None:
    for name in "abcd":
        Path(f"{name}.mp4").write_bytes(clip.read_bytes())
    shares = [
        run("classify-image", "*.mp4", "-m", vit, "--shard", f"{number}/2").inputs
        for number in (1, 2)
    ]
    videos = [{one.partition("#")[0] for one in share} for share in shares]
    assert not videos[0] & videos[1]
    assert sorted(map(len, shares)) == [4 * len(one) for one in sorted(videos, key=len)]
    assert sum(map(len, shares)) == 16


def test_merged_shares_of_videos_are_what_one_run_writes(run: Run, vit: Path, clip: Path) -> None:
    """Also where one is damaged: its frames, then what is wrong with it, then the next file's."""
    for name in "abc":
        Path(f"{name}.mp4").write_bytes(clip.read_bytes())
    Image.new("RGB", (64, 48)).save("d.png")
    film(Path("b.mkv"), [moment.picture for moment in CUBE[:20]])
    Path("b.mkv").write_bytes(Path("b.mkv").read_bytes()[:-2000])
    words = ("classify-image", "*.m*", "d.png", "-m", vit, "--batch-size", 1)
    run(*words, "-o", "one.jsonl")
    for number in (1, 2, 3):
        run(*words, "--shard", f"{number}/3", "-o", f"part-{number}.jsonl")
    done = run("merge", "part-3.jsonl", "part-1.jsonl", "part-2.jsonl", "-o", "all.jsonl")
    assert (done.exit_code, "lists" in done.stderr) == (0, False)
    assert Path("all.jsonl").read_bytes() == Path("one.jsonl").read_bytes()


def test_videos_of_other_shares_are_not_looked_into(
    run: Run, vit: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        Path(f"{name}.mp4").write_bytes(clip.read_bytes())
    looked = []
    into = Framing._looked_into

    def looking(self: Framing, source: Source) -> Any:
        looked.append(source.id)
        return into(self, source)

    monkeypatch.setattr(Framing, "_looked_into", looking)
    shares = [
        run("classify-image", "*.mp4", "-m", vit, "--shard", f"{number}/2").inputs
        for number in (1, 2)
    ]
    assert sorted(looked) == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    assert {one.partition("#")[0] for share in shares for one in share} == set(looked)


def test_python_asks_as_the_command_line_does(vit: Path, clip: Path) -> None:
    model = taskcli.load("classify-image", str(vit))
    records = list(model(clip, fps=2))
    assert [record.time for record in records] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert [record.frame for record in model(clip, frames="2-3")] == [2, 3]
    with pytest.raises(UsageError, match="--fps 0: not above 0"):
        model(clip, fps=0)


def test_a_record_is_shown_with_its_own_frame(run: Run, vit: Path) -> None:
    """Without the model, from the file and the record: taskcli view draws on the right picture."""
    from taskcli.cli.records.reading import read, with_item

    shown = animation("a.png", duration=100)
    film(Path("b.mp4"), pictures())
    run("detect", "a.png", "b.mp4", "--frames", "2-3", "-m", "starter", "-o", "out.jsonl")
    records = read(["out.jsonl"])
    items = [with_item(record, records.task).item for record in records.items]
    assert [item.size for item in items] == [(96, 64)] * 2 + [(320, 240)] * 2
    assert items[0].image.tobytes() == shown[1].tobytes()
    assert items[1].image.tobytes() == shown[2].tobytes()
    assert items[2].image.tobytes() != items[3].image.tobytes()


# The reel


class Grey:
    """Pixels of one level."""

    nbytes = 100

    def __init__(self, level: int) -> None:
        self.level = level

    def image(self) -> Image.Image:
        return Image.new("L", (2, 2), self.level)


def reel(count: int, limit: int, begun: list[float | None]) -> Reel:
    def read(after: float | None) -> Iterator[Decoded]:
        begun.append(after)
        for number in range(int(after or 0), count):
            yield Decoded(number + 1 if after is None else 0, float(number), Grey(number % 256))

    return Reel(read, limit)


def test_frames_beyond_the_room_are_let_go_of_and_decoded_once_more() -> None:
    begun: list[float | None] = []
    shots = list(reel(20, 500, begun).shots())
    assert begun == [None]
    assert [shot.image().getpixel((0, 0)) for shot in shots[-5:]] == [15, 16, 17, 18, 19]
    assert begun == [None]  # these were held
    assert [shot.image().getpixel((0, 0)) for shot in shots[:15]] == list(range(15))
    assert begun == [None, 0.0]  # one second reader, which goes forward
    assert shots[3].image().getpixel((0, 0)) == 3
    assert begun == [None, 0.0, 3.0]


def test_frames_that_nobody_has_take_no_room() -> None:
    begun: list[float | None] = []
    kept = [shot for shot in reel(1000, 500, begun).shots() if shot.number % 400 == 1]
    assert [shot.image().getpixel((0, 0)) for shot in kept] == [0, 144, 32]
    assert begun == [None]


def test_a_frame_goes_to_another_process_without_its_file() -> None:
    shot = next(reel(3, 500, []).shots())
    assert pickle.loads(pickle.dumps(shot)).image().tobytes() == shot.image().tobytes()


def test_a_frame_that_is_gone_is_an_error() -> None:
    with pytest.raises(InputError, match="the frame is there no more"):
        reel(3, 500, []).shot(9, 9.0).image()
