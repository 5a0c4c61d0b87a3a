"""What a run writes: never over what it reads, whole or not there, and told truly."""

import json
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from checkpoints import cached
from conftest import Finished, parse
from models import near
from samples import SHORT_TEXT, scene

Run = Callable[..., Finished]
SOON = 120  # seconds
TASK = "classify-text"


def contents() -> dict[Path, bytes | str]:
    """Everything below the current folder: the bytes of a file, where a link leads."""
    return {
        path: str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in Path().rglob("*")
        if not path.is_dir()
    }


# Outputs that are inputs, lists, or each other

# What writes a file of this name, where `ner a.txt a.md` is run.
OUTPUTS = {
    "-o": ("out.json", ["-o", "out.json"]),
    "-o for --resume": ("out.jsonl", ["-o", "out.jsonl"]),
    "hidden": (".out.jsonl.taskcli.json", ["-o", "out.jsonl"]),
    "--report": ("page.html", ["--report", "page.html"]),
    "--save-dir": ("a.txt.html", ["--save-dir", "."]),
}


def named(victim: Path) -> list[object]:
    return [victim]


def hard_linked(victim: Path) -> list[object]:
    Path("other.txt").hardlink_to(victim)
    return ["other.txt"]


def linked(victim: Path) -> list[object]:
    Path("other.txt").symlink_to(victim)
    return ["other.txt"]


def listed(victim: Path) -> list[object]:
    Path("list").write_text(f"./{victim}\n")
    return ["--files-from", "list"]


def the_list(victim: Path) -> list[object]:
    Path("b.txt").write_text(SHORT_TEXT)
    victim.write_text("b.txt\n")
    return ["--files-from", victim]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("way", [named, hard_linked, linked, listed, the_list])
def test_an_output_that_is_read_is_refused(
    run: Run, output: str, way: Callable[[Path], list[object]]
) -> None:
    name, how = OUTPUTS[output]
    for file in ("a.txt", "a.md", name):
        Path(file).write_text(SHORT_TEXT)
    inputs = way(Path(name))
    before = contents()
    done = run("ner", "a.txt", "a.md", *inputs, "-m", cached("bert-ner"), *how, "--overwrite")
    assert (done.exit_code, done.stdout) == (2, "")
    assert name in done.stderr
    assert "is one of the inputs" in done.stderr
    assert contents() == before


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("way", [named, hard_linked, linked])
def test_an_output_that_a_row_names_is_not_replaced(
    run: Run, output: str, way: Callable[[Path], list[object]]
) -> None:
    name, how = OUTPUTS[output]
    name = "rows.csv-2.depth.png" if output == "--save-dir" else name
    for file in ("a.png", name):
        scene(48, 40).save(file, format="png")
    Path("rows.csv").write_text(f"path\na.png\n{way(Path(name))[0]}\n")
    before = contents()
    words = ["depth", "rows.csv", "--field", "path", "-m", cached("glpn"), *how, "--overwrite"]
    done = run(*words)
    after = contents()
    assert before == {path: after[path] for path in before}
    if output == "--save-dir":  # its names are known as the rows are read
        first, second = done.records
        assert done.exit_code == 1
        assert f"{name} is one of the inputs" in first["error"]["message"]
        assert second["files"]
        return
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is one of the inputs" in done.stderr
    assert after == before


@pytest.mark.parametrize("how", ["jsonl", "json", "csv"])
@pytest.mark.parametrize("way", ["rows", "list"])
def test_an_output_that_a_pipe_names_late_is_not_replaced(run: Run, how: str, way: str) -> None:
    scene(48, 40).save("a.png")
    scene(48, 40).save("out.png")
    Path("again.png").hardlink_to("out.png")
    before = contents()
    names = ["a.png"] * 40 + ["again.png"]
    words = ["depth", "-m", cached("glpn"), "-o", "out.png", "--format", how, "--overwrite"]
    if way == "rows":
        lines = "".join(json.dumps({"path": name}) + "\n" for name in names)
        done = run(*words, "-", "--field", "path", stdin=lines)
    else:
        done = run(*words, "--files-from", "-", stdin="\n".join(names))
    assert done.exit_code == 4
    assert "-o out.png is the input" in done.stderr
    assert contents() == before


def test_what_the_run_itself_writes_is_no_input(run: Run) -> None:
    scene(48, 40).save("a.png")
    rows = "".join(json.dumps({"path": name}) + "\n" for name in ("a.png", "out.jsonl", "a.png"))
    words = ["depth", "-", "--field", "path", "-m", cached("glpn"), "-o", "out.jsonl"]
    done = run(*words, stdin=rows)
    assert done.exit_code == 1
    first, second, third = parse(Path("out.jsonl").read_text())
    assert "error" not in first and "error" not in third
    assert second["error"]["message"] == "-o out.jsonl is written by this run"


@pytest.mark.parametrize("output", ["-o", "hidden", "--report"])
def test_standard_input_is_an_input(start: Any, output: str) -> None:
    name, how = OUTPUTS[output]
    Path(name).write_text(SHORT_TEXT)
    before = contents()
    with Path(name).open("rb") as stdin:
        process = start("ner", "-", "-m", cached("bert-ner"), *how, "--overwrite", stdin=stdin)
        _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == 2
    assert "standard input" in stderr.decode()
    assert contents() == before


@pytest.mark.long
def test_standard_output_is_an_output(start: Any) -> None:
    """As with `>> notes.txt`, which would read what it writes, and `--report x.html > x.html`."""
    Path("notes.txt").write_text(SHORT_TEXT)
    Path("page.html").touch()
    for name, how in {
        "notes.txt": [],
        "page.html": ["--report", "page.html", "--overwrite"],
    }.items():
        with Path(name).open("ab") as stdout:
            process = start("ner", "notes.txt", "-m", cached("bert-ner"), *how, stdout=stdout)
            _, stderr = process.communicate(timeout=SOON)
        assert process.returncode == 2
        assert "standard output" in stderr.decode()
    assert Path("notes.txt").read_text() == SHORT_TEXT
    assert Path("page.html").read_text() == ""


def nothing() -> None:
    pass


def one_file() -> None:
    Path("out.html").write_text("old")
    Path("page.html").hardlink_to("out.html")


def a_link() -> None:
    Path("out.html").write_text("old")
    Path("page.html").symlink_to("out.html")


def a_folder() -> None:
    Path("sub").symlink_to(".")


@pytest.mark.parametrize(
    ("prepare", "how"),
    [
        (nothing, ["-o", "x.html", "--format", "json", "--report", "x.html"]),
        (nothing, ["-o", "x.html", "--format", "json", "--report", "./x.html"]),
        (nothing, ["-o", "x.html", "--format", "json", "--report", "X.html"]),
        (nothing, ["-o", "e\u0301.html", "--format", "json", "--report", "\u00e9.html"]),
        (one_file, ["-o", "out.html", "--format", "json", "--report", "page.html"]),
        (a_link, ["-o", "out.html", "--format", "jsonl", "--report", "page.html"]),
        (a_folder, ["-o", "x.html", "--format", "jsonl", "--report", "sub/x.html"]),
        (nothing, ["--save-dir", ".", "--report", "a.html"]),
        (nothing, ["--save-dir", ".", "-o", "A.html", "--format", "csv"]),
        (a_folder, ["--save-dir", "sub", "-o", "a.html", "--format", "jsonl"]),
        (nothing, ["--save-dir", "x.html", "--report", "x.html"]),
        (nothing, ["--save-dir", ".out.jsonl.taskcli.json", "-o", "out.jsonl"]),
    ],
)
def test_outputs_that_are_one_file_are_refused(
    run: Run, prepare: Callable[[], None], how: list[str]
) -> None:
    Path("a.txt").write_text(SHORT_TEXT)
    prepare()
    before = contents()
    done = run("ner", "a.txt", "-m", cached("bert-ner"), *how, "--overwrite")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "are one file" in done.stderr or "is another output of this run" in done.stderr
    assert contents() == before


def test_outputs_go_side_by_side_into_one_folder(run: Run) -> None:
    Path("a.txt").write_text(SHORT_TEXT)
    Path("all").mkdir()
    how = ["--save-dir", "all", "-o", "all/out.jsonl", "--report", "all/page.html"]
    assert run("ner", "a.txt", "-m", cached("bert-ner"), *how).exit_code == 0
    assert {path.name for path in Path("all").iterdir() if path.name[0] != "."} == {
        "a.html",
        "out.jsonl",
        "page.html",
    }


# Whole or not there


@pytest.fixture
def lines() -> Path:
    Path("lines.txt").write_text("".join(f"line {number}\n" for number in range(1, 101)))
    return Path("lines.txt")


FORMATS = ["jsonl", "json", "csv", "tsv", "txt"]


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("other", ["link", "hard link"])
def test_the_other_names_of_an_old_output_keep_it(
    run: Run, classifier: Path, lines: Path, extension: str, other: str
) -> None:
    old, out = Path("old"), Path(f"out.{extension}")
    old.write_text("precious")
    old.chmod(0o640)
    if other == "link":
        out.symlink_to(old)
    else:
        out.hardlink_to(old)
    words = [TASK, lines, "--lines", "-m", classifier, "-o", out]
    assert run(*words).exit_code == 2
    assert run(*words, "--overwrite").exit_code == 0
    assert old.read_text() == "precious"
    assert not out.is_symlink()
    assert len(out.read_bytes().splitlines()) >= 100
    if other == "hard link":
        assert out.stat().st_mode & 0o777 == 0o640, "who could not read it still cannot"


def test_a_link_planted_beside_the_output_is_not_followed(
    run: Run, classifier: Path, lines: Path
) -> None:
    Path("precious").write_text("mine")
    Path(".out.jsonl.taskcli.json").symlink_to("precious")
    assert run(TASK, lines, "--lines", "-m", classifier, "-o", "out.jsonl").exit_code == 0
    assert Path("precious").read_text() == "mine"


def test_resume_cuts_nothing_off_a_file_that_holds_no_record(
    run: Run, classifier: Path, lines: Path
) -> None:
    """What made it may be planted beside a link to a file of one line."""
    words = [TASK, lines, "--lines", "-m", classifier, "-o", "out.jsonl"]
    assert run(*words).exit_code == 0
    Path("precious").write_text("export EDITOR=vi")
    Path("out.jsonl").unlink()
    Path("out.jsonl").symlink_to("precious")
    done = run(*words, "--resume")
    assert done.exit_code == 2
    assert "no record" in done.stderr
    assert Path("precious").read_text() == "export EDITOR=vi"


@contextmanager
def files_of(size: int) -> Iterator[None]:
    """As a full disk: no file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def whole_rows(out: Path) -> int:
    """How many answers a file holds; none of them is torn."""
    text = out.read_text("utf-8-sig")
    if out.suffix == ".json":
        return len(json.loads(text))
    if out.suffix == ".jsonl":
        return len(parse(text))
    assert text.endswith("\n")
    rows = text.splitlines()
    assert {row.count({".csv": ",", ".tsv": "\t"}.get(out.suffix, "\t")) for row in rows} == {
        rows[0].count({".csv": ",", ".tsv": "\t"}.get(out.suffix, "\t"))
    }
    return len(rows)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("size", [1_000, 2_001, 2_002, 2_003])
def test_a_disk_that_fills_leaves_whole_answers_and_no_false_promise(
    run: Run, classifier: Path, lines: Path, extension: str, size: int
) -> None:
    out = Path(f"out.{extension}")
    with files_of(size):
        done = run(TASK, lines, "--lines", "-m", classifier, "-o", out)
    assert done.exit_code == 4, done.stderr
    assert 0 < whole_rows(out) < 200
    assert out.stat().st_size <= size
    assert [path.name for path in Path().iterdir() if path.name.startswith(".out.")] == (
        [".out.jsonl.taskcli.json"] if extension == "jsonl" else []
    )
    told = " ".join(done.stderr.split())
    if extension == "jsonl":
        assert "and --resume goes on" in told
    else:
        assert f"{out} holds whole answers only" in told
        assert "only a .jsonl can be gone on with" in told


def test_a_disk_that_fills_while_a_document_is_written_leaves_the_old_one(
    run: Run, classifier: Path
) -> None:
    scene(64, 48).save("a.png")
    Path("out.json").write_text("old")
    words = ["detect", *["a.png"] * 40, "-m", cached("detr"), "--format", "coco", "-o", "out.json"]
    with files_of(2_000):
        done = run(*words, "--overwrite", "--threshold", "0")
    assert done.exit_code == 4, done.stderr
    assert "coco is whole only at its end" in " ".join(done.stderr.split())
    assert sorted(path.name for path in Path().iterdir()) == ["a.png", "out.json"]
    assert Path("out.json").read_text() == "old"


@pytest.mark.long
def test_a_disk_that_fills_under_standard_output_tears_no_line(
    start: Any, classifier: Path, lines: Path
) -> None:
    Path("out").write_text("before\n")
    with Path("out").open("ab") as stdout:
        words = [TASK, lines, "--lines", "-m", classifier]
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))  # noqa: E731
        process = start(*words, stdout=stdout, preexec_fn=limit)
        _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == 4, stderr.decode()
    first, *records = Path("out").read_text().splitlines(keepends=True)
    assert first == "before\n"
    assert 0 < len(parse("".join(records))) < 100
    told = " ".join(stderr.decode().split())
    assert "ends with a whole line; only -o FILE.jsonl can be gone on with" in told


def test_a_disk_that_fills_under_the_page_says_how_to_go_on(
    run: Run, classifier: Path, lines: Path
) -> None:
    words = [TASK, lines, "--lines", "-m", classifier, "-o", "out.jsonl"]
    with files_of(40_000):
        done = run(*words, "--report", "page.html")
    assert done.exit_code == 4, done.stderr
    assert "--resume goes on (with another --report)" in " ".join(done.stderr.split())
    assert not Path("page.html").exists()
    assert run(*words, "--resume", "--report", "rest.html").exit_code == 0
    assert len(parse(Path("out.jsonl").read_text())) == 100


def written_so_far(name: str) -> int:
    """Bytes of the file that is to become `name`."""
    return sum(path.stat().st_size for path in Path().glob(f".{name}.*"))


@pytest.mark.long
@pytest.mark.parametrize("extension", ["json", "csv", "txt"])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_old_output_stays_until_the_new_one_is_whole(
    start: Any, classifier: Path, extension: str, number: int, code: int
) -> None:
    Path("lines.txt").write_text("".join(f"line {number}\n" for number in range(20_000)))
    out = Path(f"out.{extension}")
    out.write_text("old")
    words = [TASK, "lines.txt", "--lines", "-m", classifier, "--batch-size", 8]
    process = start(*words, "-o", out, "--overwrite")
    deadline = time.monotonic() + SOON
    while written_so_far(out.name) < 10_000:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    assert out.read_text() == "old"
    process.send_signal(number)
    process.communicate(timeout=SOON)
    assert process.returncode == code
    if number == signal.SIGKILL:
        assert out.read_text() == "old"
    else:
        assert 0 < whole_rows(out) < 40_000


# --resume --retry-failed


@pytest.fixture
def failing(run: Run, classifier: Path) -> Iterator[list[object]]:
    """A finished run in which two of five inputs failed, which now would not."""
    names = [f"{letter}.txt" for letter in "abcde"]
    for name in names:
        Path(name).write_bytes(b"" if name in ("b.txt", "d.txt") else f"text {name}".encode())
    words = [TASK, *names, "-m", classifier, "-o", "out.jsonl"]
    assert run(*words).exit_code == 1
    for name in ("b.txt", "d.txt"):
        Path(name).write_text(f"text {name}")
    yield words


def retried() -> list[tuple[str, bool]]:
    """Inputs in the order of the file, and whether they were answered."""
    records = parse(Path("out.jsonl").read_text())
    return [(record["input"], "result" in record) for record in records]


def test_what_failed_is_computed_again_in_its_place(run: Run, failing: list[object]) -> None:
    before = Path("out.jsonl").read_text().splitlines()
    done = run(*failing, "--resume", "--retry-failed")
    assert done.exit_code == 0, done.stderr
    assert "2 inputs" in done.stderr
    assert retried() == [(f"{letter}.txt", True) for letter in "abcde"]
    after = Path("out.jsonl").read_text().splitlines()
    assert [after[place] for place in (0, 2, 4)] == [before[place] for place in (0, 2, 4)]
    fresh = run(*failing[:-2])
    assert [json.loads(line) for line in after] == near(fresh.records)


def test_what_fails_again_has_one_record_still(run: Run, failing: list[object]) -> None:
    Path("d.txt").write_bytes(b"")
    assert run(*failing, "--resume", "--retry-failed").exit_code == 1
    assert retried() == [(f"{letter}.txt", letter != "d") for letter in "abcde"]
    assert run(*failing, "--resume").exit_code == 1, "without it a failure is an answer"


def test_a_failure_whose_input_is_not_given_stays(run: Run, failing: list[object]) -> None:
    words = [word for word in failing if word != "b.txt"]
    assert run(*words, "--resume", "--retry-failed").exit_code == 0
    assert retried() == [(f"{letter}.txt", letter != "b") for letter in "abcde"]


def test_an_input_that_is_given_twice_is_retried_twice(run: Run, classifier: Path) -> None:
    Path("a.txt").write_bytes(b"")
    Path("b.txt").write_text("b")
    words = [TASK, "a.txt", "b.txt", "a.txt", "-m", classifier, "-o", "out.jsonl"]
    assert run(*words).exit_code == 1
    Path("a.txt").write_text("a")
    assert run(*words, "--resume", "--retry-failed").exit_code == 0
    assert retried() == [("a.txt", True), ("b.txt", True), ("a.txt", True)]


def test_answers_out_of_order_are_not_given_again(run: Run, failing: list[object]) -> None:
    """As --unordered or a retry that was killed leaves them."""
    out = Path("out.jsonl")
    a, b, _, d, e = out.read_text().splitlines(keepends=True)
    out.write_text(e + a + d + b)
    assert run(*failing, "--resume", "--retry-failed").exit_code == 0
    assert sorted(retried()) == [(f"{letter}.txt", True) for letter in "abcde"]
    assert [input[0] for input, _ in retried()] == ["e", "a", "d", "b", "c"]


@pytest.mark.long
@pytest.mark.parametrize("again", [[], ["--retry-failed"]])
def test_a_retry_that_is_killed_loses_nothing(
    run: Run, start: Any, classifier: Path, again: list[str]
) -> None:
    count = 1_500
    names = [f"in/{number:04}.txt" for number in range(count)]
    Path("in").mkdir()
    for name in names:
        Path(name).write_bytes(b"")
    Path("list").write_text("\n".join(names))
    words = [TASK, "--files-from", "list", "-m", classifier, "-o", "out.jsonl"]
    assert run(*words).exit_code == 1
    for name in names:
        Path(name).write_text(name)
    process = start(*words, "--resume", "--retry-failed", "--batch-size", 4)
    deadline = time.monotonic() + SOON
    while Path("out.jsonl").read_bytes().count(b"\n") < count + 50:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.communicate()
    Path("list").write_text("\n".join(names[:300]))  # the rest would only take time
    done = run(*words, "--resume", *again)
    assert done.exit_code == (0 if again else 1), "failures that are not tried again are told"
    assert [input for input, _ in retried()] == names
    answered = sum(is_answered for _, is_answered in retried())
    assert 50 <= answered < count
    assert not again or all(is_answered for _, is_answered in retried()[:300])


def test_a_merge_that_is_cut_off_is_done_once(run: Run, failing: list[object]) -> None:
    """The file may have been replaced, and what tells of the retry not yet."""
    from taskcli.cli.run import resume

    beside = Path(".out.jsonl.taskcli.json")
    resume.begin_retry(Path("out.jsonl"))
    marked = beside.read_text()
    assert run(*failing, "--resume", "--retry-failed").exit_code == 0
    after = Path("out.jsonl").read_text()
    beside.write_text(marked)
    assert run(*failing, "--resume").exit_code == 0
    assert Path("out.jsonl").read_text() == after
    assert beside.read_text() != marked


def test_a_full_disk_at_the_end_of_a_retry_is_told_and_mended_later(
    run: Run, failing: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskcli.cli.run import resume

    with monkeypatch.context() as patched:

        def full(output: Path, start: int) -> None:
            raise OSError(28, os.strerror(28))

        patched.setattr(resume, "_merge", full)
        done = run(*failing, "--resume", "--retry-failed")
    assert done.exit_code == 4
    assert "--resume goes on" in done.stderr
    assert len(retried()) == 7
    assert run(*failing, "--resume").exit_code == 0
    assert retried() == [(f"{letter}.txt", True) for letter in "abcde"]


def test_retry_failed_alone_is_refused(run: Run, failing: list[object]) -> None:
    done = run(*failing, "--retry-failed")
    assert done.exit_code == 2
    assert "--resume" in done.stderr


def test_a_retry_that_cannot_load_changes_nothing(run: Run, failing: list[object]) -> None:
    before = contents()
    done = run(*failing, "--resume", "--retry-failed", "--device", "cuda:7")
    assert done.exit_code == 2
    assert contents() == before
