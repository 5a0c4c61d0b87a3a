"""What folders and globs hold, what they pass over, and folders that cannot be read."""

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished
from samples import scene

from taskcli.errors import UsageError
from taskcli.inputs import discovery
from taskcli.inputs.discovery import extensions_of, in_folder, matching
from taskcli.inputs.reading import Reading
from taskcli.inputs.sources import resolve
from taskcli.media import MEDIA
from taskcli.media.decode.decoder import Decoder
from taskcli.media.items import Media
from taskcli.media.source import Source

Run = Callable[..., Finished]


def tree(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"words")


def saved(form: str, mode: str = "RGB", **how: Any) -> bytes:
    stream = io.BytesIO()
    scene(64, 64).convert(mode).save(stream, form, **how)
    return stream.getvalue()


def cursor() -> bytes:
    """An icon, but for the second word, and the hot spot in place of planes and depth."""
    icon = bytearray(saved("ICO", sizes=[(64, 64)], bitmap_format="bmp"))
    icon[2] = 2
    icon[10:14] = bytes(4)
    return bytes(icon)


BY_EXTENSION: Mapping[str, Callable[[], bytes]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), lambda: saved("JPEG")),
    ".mpo": lambda: saved("MPO", save_all=True, append_images=[scene(64, 64, 1)]),
    **dict.fromkeys((".png", ".apng"), lambda: saved("PNG")),
    ".webp": lambda: saved("WEBP"),
    **dict.fromkeys((".avif", ".avifs"), lambda: saved("AVIF")),
    ".bmp": lambda: saved("BMP"),
    ".dib": lambda: saved("DIB"),
    ".gif": lambda: saved("GIF"),
    **dict.fromkeys((".tif", ".tiff"), lambda: saved("TIFF")),
    **dict.fromkeys((".ppm", ".pnm"), lambda: saved("PPM")),
    ".pgm": lambda: saved("PPM", "L"),
    ".pbm": lambda: saved("PPM", "1"),
    ".pfm": lambda: saved("PPM", "F"),
    ".pcx": lambda: saved("PCX"),
    ".qoi": lambda: saved("QOI"),
    ".tga": lambda: saved("TGA"),
    ".ico": lambda: saved("ICO"),
    ".icns": lambda: saved("ICNS"),
    ".cur": cursor,
    ".sgi": lambda: saved("SGI"),
    ".xbm": lambda: saved("XBM", "1"),
    **dict.fromkeys((".jp2", ".jpx", ".jpf"), lambda: saved("JPEG2000")),
    **dict.fromkeys((".j2k", ".j2c"), lambda: saved("JPEG2000", no_jp2=True)),
}


def test_every_kind_of_picture_that_folders_are_searched_for_is_made_here() -> None:
    assert set(BY_EXTENSION) == MEDIA[Media.IMAGE].extensions


@pytest.mark.parametrize("ending", BY_EXTENSION)
def test_what_folders_are_searched_for_can_be_read(ending: str) -> None:
    Path("in").mkdir()
    Path(f"in/a{ending}").write_bytes(BY_EXTENSION[ending]())
    (path,) = in_folder("in", Media.IMAGE, recursive=False).paths
    item = Decoder(Media.IMAGE)(Source(path, path=path))
    side = 1024 if ending == ".icns" else 64  # which holds all sizes; the largest is taken
    assert item.size == (side, side)  # type: ignore[union-attr]


def test_heic_is_searched_for_if_it_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    tree("in/a.jpg", "in/b.HEIC", "in/c.heif")
    assert len(in_folder("in", Media.IMAGE, recursive=False).paths) == 3
    monkeypatch.setattr(discovery, "find_spec", lambda _: None)
    assert extensions_of(Media.IMAGE) == MEDIA[Media.IMAGE].extensions
    found = in_folder("in", Media.IMAGE, recursive=False)
    assert found.paths == ["in/a.jpg"]
    hint = "(pip install 'taskcli[heic]' reads .heic)"
    assert found.note == f"in: passed over 1 .heic, 1 .heif {hint}"
    tree("in/d.wav")  # of which no library makes a recording
    assert "pip" not in in_folder("in", Media.AUDIO, recursive=False).note


def test_what_macos_writes_beside_files_is_none() -> None:
    tree("in/a.jpg", "in/._a.jpg", "in/sub/._b.jpg")
    found = in_folder("in", Media.IMAGE, recursive=True)
    assert (found.paths, found.note) == (["in/a.jpg"], "")


def test_a_ts_file_is_a_video_or_a_program() -> None:
    tree("in/program.ts", "in/packets.ts")
    Path("in/packets.ts").write_bytes(b"G" + bytes(187) + b"G")
    os.mkfifo("in/pipe.ts")
    found = in_folder("in", Media.AUDIO, recursive=False)
    assert found.paths == ["in/packets.ts", "in/pipe.ts"]
    assert found.note == "in: passed over 1 .ts"


PASSED_OVER: Mapping[str, tuple[list[str], bool, str]] = {
    "nothing": (["a.jpg", ".hidden"], False, ""),
    "files": (["a.jpg", "b.svg", "c.SVG", "d.nef"], False, "in: passed over 2 .svg, 1 .nef"),
    "no extension": (["a.jpg", "README"], False, "in: passed over 1 without an extension"),
    "folders": (
        ["a.jpg", "sub/b.jpg", ".git/c.jpg"], False, "in: passed over 1 folder (-r descends)",
    ),
    "files in folders": (["a.jpg", "sub/b.svg", "sub/deep/c.svg"], True, "in: passed over 2 .svg"),
    "many kinds": (
        ["a.jpg", *(f"{n}.{kind}" for n in range(8) for kind in "stuvwxyz"[: 8 - n])],
        False,
        "in: passed over 8 .s, 7 .t, 6 .u, 5 .v, 4 .w, 3 .x, 3 others",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("names", "recursive", "note"), PASSED_OVER.values(), ids=PASSED_OVER)
def test_what_is_passed_over_is_counted(names: list[str], recursive: bool, note: str) -> None:
    tree(*(f"in/{name}" for name in names))
    assert in_folder("in", Media.IMAGE, recursive).note == note


def test_a_folder_without_such_files_says_what_it_holds() -> None:
    tree("in/a.svg", "in/sub/b.jpg")
    with pytest.raises(UsageError, match="nothing to read in folder in") as caught:
        in_folder("in", Media.IMAGE, recursive=False)
    expected = "looked for image files, passed over 1 .svg, 1 folder (-r descends)"
    assert caught.value.hint == expected


# Folders that cannot be read: permissions do not hold for root, so the system's answer is made up


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refusing(path: Any = ".") -> Any:
        if "locked" in Path(os.fsdecode(path)).parts:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    tree("in/a.txt", "in/locked/b.txt", "in/open/c.txt")


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(
    ("word", "recursive", "expected"),
    [
        ("in", True, ["in/a.txt", "in/open/c.txt", "in/locked"]),
        ("in", False, ["in/a.txt"]),
        ("in/**/*.txt", False, ["in/a.txt", "in/open/c.txt", "in/locked"]),
        ("in/*/*.txt", False, ["in/open/c.txt", "in/locked/"]),
        ("in/locked", False, ["in/locked"]),
        ("in/locked/*", False, ["in/locked/"]),
    ],
)
def test_a_folder_that_cannot_be_read_has_an_error(
    word: str, recursive: bool, expected: list[str]
) -> None:
    sources = resolve([word], Reading(Media.TEXT, recursive=recursive))
    found = list(sources.items)
    assert [source.id for source in found] == expected
    assert sources.total == len(expected)
    for source in found:
        if "locked" in source.id:
            assert source.error is not None
            assert source.error.message == "the folder cannot be read: Permission denied"
        else:
            assert source.error is None


@pytest.mark.usefixtures("locked")
def test_a_folder_that_cannot_be_read_is_1(run: Run, classifier: Path) -> None:
    Path("in/extra.csv").write_text("text\none\n")
    done = run("classify-text", "in", "-r", "-m", classifier)
    assert done.exit_code == 1
    assert done.inputs == ["in/a.txt", "in/open/c.txt", "in/locked"]
    assert ["error" in record for record in done.records] == [False, False, True]
    assert "note: in: passed over 1 .csv" in done.stderr
    assert "in/locked: the folder cannot be read: Permission denied" in done.stderr
    assert run("classify-text", "in", "-r", "-m", classifier, "--quiet").stderr == ""


def test_nothing_is_noted_of_a_glob() -> None:
    tree("in/a.txt", "in/b.svg")
    assert matching("in/*.txt").note == ""
