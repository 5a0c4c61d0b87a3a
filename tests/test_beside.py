"""Files beside the recordings, of kinds that are chosen, and of inputs that have none yet."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from checkpoints import cached
from conftest import Finished
from samples import scene, tone

Run = Callable[..., Finished]
KINDS = ("srt", "vtt", "tsv", "txt", "json")


@pytest.fixture
def talks() -> Path:
    """A folder of recordings, one of which is in a folder of its own."""
    folder = Path("my talks")
    for name in ("one.wav", "two.flac", "day 2/three.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, tone(1.0, 16_000).astype(np.float32), 16_000)
    return folder


def hear(run: Run, *words: object) -> Finished:
    return run("asr", *words, "-m", cached("wav2vec2-ctc"))


def left_in(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    names = sorted(path.relative_to(folder).as_posix() for path in files)
    return [name for name in names if not name.endswith((".wav", ".flac"))]


def test_subtitles_are_beside_each_recording(run: Run, talks: Path) -> None:
    done = hear(run, talks, "-r", "--beside", "--save", "srt")
    assert done.exit_code == 0, done.stderr
    assert left_in(talks) == ["day 2/three.srt", "one.srt", "two.srt"]
    assert [record["files"] for record in done.records] == [
        [str(Path(record["input"]).with_suffix(".srt"))] for record in done.records
    ]
    assert sorted(path.name for path in Path().iterdir()) == [talks.name]


def test_all_kinds_are_left_if_none_is_chosen(run: Run, talks: Path) -> None:
    hear(run, talks / "one.wav", "--beside")
    assert left_in(talks) == sorted(f"one.{kind}" for kind in KINDS)


@pytest.mark.parametrize("how", ["absolute", "upwards"])
def test_recordings_of_other_folders_have_theirs_there(
    run: Run, talks: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    whole = talks.resolve()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    named = whole / "one.wav" if how == "absolute" else Path("..", talks.name, "one.wav")
    (record,) = hear(run, named, "--beside", "--save", "vtt").records
    assert record["files"] == [str(named.with_suffix(".vtt"))]
    assert left_in(whole) == ["one.vtt"]
    assert not list(Path().iterdir())


def test_what_was_saved_beside_is_not_told_of(run: Run, talks: Path) -> None:
    hear(run, talks, "--beside", "--save", "srt,json")
    (talks / "else.srt").write_text("of no recording here")
    (talks / "one.md").write_text("no kind that is saved")
    done = hear(run, talks, "--beside", "--save", "srt", "--skip-existing")
    assert "passed over 1 .md, 1 .srt, 1 folder" in " ".join(done.stderr.split())


def test_recordings_of_one_name_have_files_of_their_own(run: Run, talks: Path) -> None:
    (talks / "one.flac").write_bytes((talks / "two.flac").read_bytes())
    hear(run, talks, "--beside", "--save", "txt")
    assert left_in(talks) == ["one.flac.txt", "one.wav.txt", "two.txt"]


@pytest.mark.parametrize("name", ["10:30 talk #1", 'who? <me> "you"', "v1.2 a*b", "é"])
def test_what_is_beside_has_the_very_name(run: Run, talks: Path, name: str) -> None:
    (talks / "one.wav").rename(talks / f"{name}.wav")
    hear(run, talks, "--beside", "--save", "srt")
    assert left_in(talks) == sorted([f"{name}.srt", "two.srt"])


def test_a_file_that_is_given_again_is_saved_once(run: Run, talks: Path) -> None:
    one = talks / "one.wav"
    done = hear(run, one, one, f"./{one}", one.resolve(), "--beside", "--save", "srt")
    assert done.exit_code == 0, done.stderr
    assert [record["files"] for record in done.records] == [[str(one.with_suffix(".srt"))]] * 4
    assert left_in(talks) == ["one.srt"]


def test_a_recording_that_joins_one_of_its_stem_spoils_no_file(run: Run, talks: Path) -> None:
    hear(run, talks, "--limit", 1, "--beside", "--save", "srt")
    (talks / "one.flac").write_bytes((talks / "two.flac").read_bytes())
    words = (talks, "--beside", "--skip-existing", "--save")
    assert hear(run, *words, "srt").inputs == [str(talks / "two.flac")]
    assert left_in(talks) == ["one.srt", "two.srt"]
    done = hear(run, *words, "srt,txt")
    assert [Path(file).name for record in done.records for file in record["files"]] == [
        "one.flac.txt", "one.wav.txt", "two.txt"
    ]  # fmt: skip
    assert hear(run, *words, "srt,txt").records == []


def test_what_has_its_files_is_left_out(run: Run, talks: Path) -> None:
    words = (talks, "-r", "--beside", "--save", "srt")
    assert len(hear(run, *words).records) == 3
    (talks / "two.srt").unlink()
    (talks / "one.srt").write_text("my own")
    done = hear(run, *words, "--skip-existing")
    assert done.inputs == [str(talks / "two.flac")]
    assert "2 of 3 inputs have their files: left out" in done.stderr
    assert (talks / "one.srt").read_text() == "my own"
    again = hear(run, *words, "--skip-existing")
    assert (again.exit_code, again.records) == (0, [])
    assert "3 of 3 inputs have their files" in again.stderr


def test_one_kind_is_not_all(run: Run, talks: Path) -> None:
    hear(run, talks / "one.wav", "--beside", "--save", "srt")
    words = (talks / "one.wav", "--beside", "--skip-existing", "--save")
    assert hear(run, *words, "srt").records == []
    assert hear(run, *words, "vtt").inputs == [str(talks / "one.wav")]
    assert hear(run, *words, "srt, vtt").records == []


def test_a_kind_is_added_to_those_that_are_there(run: Run, talks: Path) -> None:
    """To files that taskcli left, and to those of others; to inputs that have all, nothing."""
    hear(run, talks, "--beside", "--save", "srt")
    (talks / "one.srt").write_text("my own")
    (talks / "one.json").write_text("{}")
    done = hear(run, talks, "--beside", "--save", "srt,json", "--skip-existing")
    assert (done.exit_code, done.inputs) == (0, [str(talks / "two.flac")]), done.stderr
    assert done.records[0]["files"] == [str(talks / "two.json")]
    assert left_in(talks) == ["one.json", "one.srt", "two.json", "two.srt"]
    assert (talks / "one.srt").read_text() == "my own"
    assert (talks / "one.json").read_text() == "{}"


def test_a_kind_is_added_in_a_folder_of_others(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    Path("seen").mkdir()
    Path("seen/a.overlay.png").write_text("my own")
    words = ("segment", "a.png", "-m", "starter", "--save-dir", "seen")
    refused = run(*words)
    assert refused.exit_code == 2
    assert "a.overlay.png is there already, and taskcli did not leave it so" in refused.stderr
    (record,) = run(*words, "--skip-existing").records
    assert record["files"] == ["seen/a.ids.png"]
    assert Path("seen/a.overlay.png").read_text() == "my own"


def test_what_is_no_file_is_in_the_way_of_any_run(run: Run, talks: Path) -> None:
    (talks / "one.srt").mkdir()
    done = hear(run, talks, "--beside", "--save", "srt", "--skip-existing")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "one.srt is there already" in done.stderr
    assert "move it away, or save elsewhere" in done.stderr
    assert "--skip-existing" not in done.stderr


def test_what_is_there_is_not_replaced_unasked(run: Run, talks: Path) -> None:
    (talks / "one.srt").write_text("my own")
    words = (talks / "one.wav", "--beside", "--save", "srt")
    done = hear(run, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--beside: my talks/one.srt is there already\n" in done.stderr
    said = " ".join(done.stderr.split())
    assert "--skip-existing leaves out inputs that have" in said
    assert "--overwrite replaces what is there" in said
    assert (talks / "one.srt").read_text() == "my own"
    assert hear(run, *words, "--overwrite").exit_code == 0
    assert (talks / "one.srt").read_text() != "my own"


def test_a_folder_of_saved_files_is_gone_on_with(run: Run) -> None:
    """Of tasks that save other files, too; of what is found there may be none."""
    for number in (1, 2):
        scene(64, 64, number).save(f"{number}.png")
    words = ("detect", "1.png", "2.png", "-m", "starter", "--save-dir", "seen", "--crops")
    run(*words, "--limit", 1)
    done = run(*words, "--skip-existing")
    assert done.inputs == ["2.png"]
    assert Path("seen/2.boxes.png").is_file()


def test_a_text_has_one_of_the_kinds_that_a_task_leaves(run: Run) -> None:
    Path("a.txt").write_text("A good film.")
    words = ("translate", "a.txt", "-m", "starter", "--to", "fr", "--save-dir", "fr")
    run(*words)
    assert run(*words, "--skip-existing").records == []


def test_a_video_is_not_taken_for_whole(run: Run) -> None:
    """What an interrupted run left of it shows the first frames alone."""
    from films import film, moving_cube

    film(Path("a.mp4"), [moment.picture for moment in moving_cube()[:10]])
    words = ("detect", "a.mp4", "-m", "starter", "--save-dir", "seen", "--save", "boxes")
    assert len(run(*words).records) == 1
    assert len(run(*words, "--skip-existing").records) == 1
    assert [path.name for path in Path("seen").glob("*.*4")] == ["a.boxes.mp4"]


@pytest.mark.parametrize(("kinds", "left"), [
    ("depth.npy", ["a.depth.npy"]), ("colours", ["a.colours.png"]),
    ("depth.png,colours", ["a.colours.png", "a.depth.png"]),
])  # fmt: skip
def test_kinds_are_chosen(run: Run, kinds: str, left: list[str]) -> None:
    scene(64, 64, 1).save("a.png")
    words = ("depth", "a.png", "-m", cached("glpn"), "--save-dir", "seen")
    (record,) = run(*words, "--save", kinds).records
    assert sorted(record["files"]) == [f"seen/{name}" for name in left]
    assert sorted(path.name for path in Path("seen").glob("a.*")) == left


def test_masks_alone(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    words = ("segment", "a.png", "-m", "starter", "--threshold", 0, "--save-dir", "seen")
    (record,) = run(*words, "--masks", "--save", "mask").records
    assert record["files"]
    assert all(Path(file).match("a.mask-*.png") for file in record["files"])
    refused = run(*words, "--save", "mask")
    assert refused.exit_code == 2
    assert "add --masks" in refused.stderr
    other = run(*words, "--save", "crop")
    assert (other.exit_code, "it saves overlay, ids.png" in other.stderr) == (2, True)


def test_crops_alone_want_to_be_asked_for(run: Run) -> None:
    scene(64, 64, 1).save("a.png")
    refused = run("detect", "a.png", "-m", "starter", "--save-dir", "seen", "--save", "crop")
    assert refused.exit_code == 2
    assert "add --crops" in refused.stderr
    assert not Path("seen").exists()


@pytest.mark.parametrize(("kinds", "left"), [
    (".srt", ["one.srt"]), ("SRT", ["one.srt"]), (".Srt, .VTT", ["one.srt", "one.vtt"]),
])  # fmt: skip
def test_kinds_are_written_as_endings_are(
    run: Run, talks: Path, kinds: str, left: list[str]
) -> None:
    hear(run, talks / "one.wav", "--beside", "--save", kinds)
    assert left_in(talks) == left


@pytest.mark.parametrize(("how", "why"), [
    (("--beside", "--save-dir", "seen"), "--beside and --save-dir both say where"),
    (("--beside", "--resume", "-o", "a.jsonl"), "--skip-existing leaves out inputs"),
    (("--beside", "--skip-existing", "--overwrite"), "and --overwrite goes by other rules"),
    (("--save", "srt"), "--save is of saved files"),
    (("--beside", "--format", "srt"), "give --save srt in place of the format"),
    (("--skip-existing",), "--skip-existing is of saved files"),
    (("--beside", "--save", "srt,str"), "--save srt,str: asr saves no such file as 'str'"),
    (("--beside", "--save", "srt,"), "it saves srt, vtt, tsv, txt, json"),
])  # fmt: skip
def test_what_has_no_meaning_is_refused(
    run: Run, talks: Path, how: tuple[str, ...], why: str
) -> None:
    done = hear(run, talks, *how)
    assert (done.exit_code, done.stdout) == (2, "")
    assert why in " ".join(done.stderr.split())
    assert left_in(talks) == []


@pytest.mark.parametrize(("how", "heard"), [
    (("--limit", 1), ["one.wav"]),
    (("--skip", 1), ["two.flac"]),
    (("--sample", 1, "--sample-seed", 1), None),
])  # fmt: skip
def test_some_of_the_files_have_theirs(
    run: Run, talks: Path, how: tuple[object, ...], heard: list[str] | None
) -> None:
    done = hear(run, talks, "--beside", "--save", "srt", *how)
    assert done.exit_code == 0, done.stderr
    assert heard is None or done.inputs == [str(talks / name) for name in heard]
    assert left_in(talks) == [f"{Path(name).stem}.srt" for name in done.inputs]
    assert len(done.inputs) == 1


def test_files_that_a_pipe_names_have_theirs(run: Run, talks: Path) -> None:
    """A URL among them is none of this disk, and costs no other its files."""
    named = f"{talks}/one.wav\nhttps://example.org/far.wav\n{talks}/two.flac\n"
    words = ("asr", "--files-from", "-", "--allow-remote", "-m", cached("wav2vec2-ctc"))
    done = run(*words, "--beside", "--save", "srt", stdin=named.encode())
    errors = [record.get("error", {}).get("message") for record in done.records]
    assert errors == [None, "--beside saves beside files on this disk, and this is none", None]
    assert left_in(talks) == ["one.srt", "two.srt"]


def test_beside_a_pipe_is_nowhere(run: Run, talks: Path) -> None:
    heard = (talks / "one.wav").read_bytes()
    done = run("asr", "-", "-m", cached("wav2vec2-ctc"), "--beside", stdin=heard)
    assert done.exit_code == 2
    assert "--beside saves beside files on this disk" in done.stderr
    far = hear(run, talks / "one.wav", "https://example.org/far.wav", "--beside")
    assert far.exit_code == 2
    assert "and https://example.org/far.wav is elsewhere" in " ".join(far.stderr.split())
