"""--skip, --limit and --sample: which of the inputs that were found are answered."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished

Run = Callable[..., Finished]
TASK = ("classify-text", "-m", "starter")


@pytest.fixture(autouse=True)
def texts() -> None:
    Path("lines.txt").write_text("".join(f"The film number {n} is good.\n" for n in range(40)))
    for number in range(12):
        Path(f"{number:02}.txt").write_text(f"The book number {number} is bad.\n")


def lines(run: Run, *words: object) -> list[int]:
    """Which lines of the file are answered, from 1."""
    done = run(*TASK, "lines.txt", "--lines", *words)
    assert done.exit_code == 0, done.stderr
    return [int(id.removeprefix("lines.txt:")) for id in done.inputs]


def test_the_first_are_skipped_and_the_next_taken(run: Run) -> None:
    assert lines(run, "--limit", 3) == [1, 2, 3]
    assert lines(run, "--skip", 5, "--limit", 3) == [6, 7, 8]
    assert lines(run, "--skip", 37, "--limit", 100) == [38, 39, 40]
    assert lines(run, "--skip", 38) == [39, 40]


def test_files_are_counted_before_anything_is_read(run: Run) -> None:
    Path("03.txt").write_bytes(b"\xff\xfe\x00")
    done = run(*TASK, "[0-9]*.txt", "--skip", 4, "--limit", 2, "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"inputs +2\b", done.stdout)
    assert run(*TASK, "[0-9]*.txt", "--skip", 4, "--limit", 2).inputs == ["04.txt", "05.txt"]


def test_a_sample_is_in_order_of_its_size_and_another_by_another_seed(run: Run) -> None:
    drawn = lines(run, "--sample", 8)
    assert len(drawn) == len(set(drawn)) == 8
    assert drawn == sorted(drawn) != list(range(1, 9))
    assert lines(run, "--sample", 8) == drawn
    assert lines(run, "--sample", 8, "--sample-seed", 1) != drawn
    assert set(lines(run, "--sample", 8, "--skip", 10)) <= set(range(11, 41))


def test_a_smaller_sample_is_part_of_a_larger_one(run: Run) -> None:
    assert set(lines(run, "--sample", 5)) < set(lines(run, "--sample", 12))
    assert lines(run, "--sample", 99) == list(range(1, 41))


def test_a_sample_of_files_is_that_of_rows_with_their_names(run: Run) -> None:
    found = run(*TASK, "[0-9]*.txt", "--sample", 4)
    Path("list").write_text("".join(f"{number:02}.txt\n" for number in range(12)))
    listed = run(*TASK, "--files-from", "list", "--sample", 4)
    assert found.stdout == listed.stdout
    assert len(found.inputs) == 4


@pytest.mark.long
def test_each_of_the_limited_inputs_has_every_question(run: Run) -> None:
    questions = ("-q", "What is bad?", "-q", "Which number?")
    done = run("qa", "0?.txt", "-m", "starter", *questions, "--limit", 2)
    assert done.inputs == ["00.txt#1", "00.txt#2", "01.txt#1", "01.txt#2"]


def test_shares_are_of_the_inputs_that_are_left(run: Run) -> None:
    shares = [run(*TASK, "[0-9]*.txt", "--limit", 9, "--shard", f"{n}/2").inputs for n in (1, 2)]
    assert all(shares)
    assert sorted(shares[0] + shares[1]) == [f"{number:02}.txt" for number in range(9)]


def test_a_run_of_a_few_goes_on_with_all(run: Run) -> None:
    words = (*TASK, "lines.txt", "--lines", "-o", "out.jsonl")
    run(*words, "--limit", 10)
    began = Path("out.jsonl").read_text()
    assert run(*words, "--resume").exit_code == 0
    assert Path("out.jsonl").read_text().startswith(began)
    whole = run(*TASK, "lines.txt", "--lines")
    assert Path("out.jsonl").read_text() == whole.stdout


@pytest.mark.parametrize(
    "words", [("[0-9]*.txt", "--skip", 12), ("lines.txt", "--lines", "--skip", 40)]
)
def test_nothing_left_is_a_wrong_call(run: Run, words: tuple[object, ...]) -> None:
    done = run(*TASK, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--skip {words[-1]} leaves out" in " ".join(done.stderr.split())


def test_a_limit_and_a_sample_are_not_both(run: Run) -> None:
    done = run(*TASK, "lines.txt", "--lines", "--limit", 2, "--sample", 2)
    assert done.exit_code == 2
    assert "give one of them" in done.stderr
