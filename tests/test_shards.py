"""--shard answers a share of the inputs, and `taskcli merge` joins the shares as one run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import Finished
from PIL import Image

Run = Callable[..., Finished]
TASK = "classify-text"
STARTER = ("-m", "starter", "--batch-size", 1)  # alone, so that not even rounding differs
COUNT = 24


@pytest.fixture
def texts() -> list[str]:
    """Text files in the current folder, two of which cannot be answered."""
    names = [f"{number:02}.txt" for number in range(COUNT)]
    for number, name in enumerate(names):
        Path(name).write_text(f"This was {number} times a good film.")
    Path(names[0]).write_bytes(b"")
    Path(names[COUNT - 1]).write_bytes(b"")
    return names


def shares(run: Run, count: int, *words: object) -> list[str]:
    """The files that the runs of all shares leave."""
    files = [f"part-{number:02}.jsonl" for number in range(1, count + 1)]
    for number, file in enumerate(files, 1):
        done = run(*words, "--shard", f"{number}/{count}", "-o", file)
        assert done.exit_code == any("error" in record for record in records(file)), done.stderr
    return files


def records(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def inputs(file: str) -> list[str]:
    return [record["input"] for record in records(file)]


def test_merged_shares_are_what_one_run_writes(run: Run, texts: list[str]) -> None:
    assert run(TASK, *texts, *STARTER, "-o", "one.jsonl").exit_code == 1
    files = shares(run, 5, TASK, *texts, *STARTER)
    assert sorted(name for file in files for name in inputs(file)) == texts
    done = run("merge", *reversed(files), "-o", "all.jsonl")
    assert done.exit_code == 0
    assert Path("all.jsonl").read_bytes() == Path("one.jsonl").read_bytes()
    assert f"{COUNT} records of 5 parts, 2 of them failures" in done.stderr
    assert run("merge", "part-*.jsonl").stdout == Path("one.jsonl").read_text()


def test_records_of_a_share_tell_their_place_as_the_schema_says(run: Run, texts: list[str]) -> None:
    schema = json.loads(run("schema", TASK).stdout)
    for number, file in enumerate(shares(run, 2, TASK, *texts, *STARTER), 1):
        for record in records(file):
            jsonschema.validate(record, schema)
            place = {"number": number, "count": 2, "index": texts.index(record["input"])}
            assert record["shard"] == place


def test_a_longer_list_moves_no_input_to_another_share(run: Run, texts: list[str]) -> None:
    few = shares(run, 3, TASK, *texts[::2], *STARTER)
    before = {name: file for file in few for name in inputs(file)}
    for file in few:
        Path(file).unlink()
    many = shares(run, 3, TASK, *texts, *STARTER)
    after = {name: file for file in many for name in inputs(file)}
    assert after.items() >= before.items()


def test_questions_about_one_file_stay_together(run: Run, texts: list[str]) -> None:
    words = ("qa", *texts[1:7], "-m", "starter", "--batch-size", 1)
    asked = ("--question", "What was it?", "--question", "How often?")
    assert run(*words, *asked, "-o", "one.jsonl").exit_code == 0
    files = shares(run, 3, *words, *asked)
    for file in files:
        named = inputs(file)
        assert {name.partition("#")[0] + "#2" for name in named} <= set(named)
    assert run("merge", *files, "-o", "all.jsonl").exit_code == 0
    assert Path("all.jsonl").read_bytes() == Path("one.jsonl").read_bytes()


def test_rows_are_shared_out_by_their_ids(run: Run) -> None:
    rows = [{"id": f"row {number}", "text": f"good number {number}"} for number in range(12)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(TASK, "rows.jsonl", *STARTER, "-o", "one.jsonl").exit_code == 0
    files = shares(run, 4, TASK, "rows.jsonl", *STARTER)
    assert run("merge", *files, "-o", "all.jsonl").exit_code == 0
    assert Path("all.jsonl").read_bytes() == Path("one.jsonl").read_bytes()


@pytest.mark.long
def test_a_share_of_nothing_is_no_gap(run: Run, texts: list[str]) -> None:
    files = shares(run, 40, TASK, *texts[1:4], *STARTER)
    empty = [file for file in files if not Path(file).read_bytes()]
    assert len(empty) >= 37
    done = run("merge", *files, "-o", "all.jsonl")
    assert (done.exit_code, inputs("all.jsonl")) == (0, texts[1:4])


def test_saved_files_have_the_names_of_one_run(run: Run) -> None:
    """`a.png` and `a.jpg` are told apart by their extensions also where no share has both."""
    names = ["a.png", "a.jpg", "b.png", "b.jpg", "c.png", "c.jpg"]
    for name in names:
        Image.new("RGB", (32, 32), "navy").save(name)
    words = ("depth", *names, "-m", "starter")
    assert run(*words, "--save-dir", "one", "-o", "one.jsonl").exit_code == 0
    shares(run, 4, *words, "--save-dir", "shared")
    of_one, of_shares = (
        sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))
        for folder in ("one", "shared")
    )
    assert of_shares == of_one


def test_what_is_missing_is_told_and_the_rest_is_joined(run: Run, texts: list[str]) -> None:
    files = shares(run, 4, TASK, *texts, *STARTER)
    left = files[:1] + files[2:]
    done = run("merge", *left, "-o", "all.jsonl")
    assert done.exit_code == 1
    told = " ".join(done.stderr.split())
    assert "no part holds share 2/4" in told
    lacking = sorted(set(texts) - set(inputs("all.jsonl")))
    assert lacking == inputs(files[1])
    places = [texts.index(name) + 1 for name in lacking]
    inner = [place for place in places if place < texts.index(inputs("all.jsonl")[-1]) + 1]
    assert f"at least {len(inner)} inputs have no record: number {inner[0]}" in told


def test_a_part_that_was_stopped_is_told_until_it_is_resumed(run: Run, texts: list[str]) -> None:
    words = (TASK, *texts, *STARTER)
    files = shares(run, 2, *words)
    one = run("merge", *files).stdout
    first = Path(files[0])
    stopping = (*words, "--shard", "1/2", "-o", files[0], "--on-error", "stop", "--overwrite")
    assert run(*stopping).exit_code == 1
    assert len(inputs(files[0])) < len(texts) / 2
    done = run("merge", *files)
    assert done.exit_code == 1
    assert f"{first} did not come to its end" in " ".join(done.stderr.split())
    assert run(*words, "--shard", "1/2", "-o", files[0], "--resume").exit_code == 1
    done = run("merge", *files)
    assert (done.exit_code, done.stdout) == (0, one)


def test_a_torn_record_is_left_out_and_told(run: Run, texts: list[str]) -> None:
    files = shares(run, 2, TASK, *texts, *STARTER)
    torn = Path(files[1])
    torn.write_bytes(torn.read_bytes()[:-20])
    done = run("merge", *files, "-o", "all.jsonl")
    assert done.exit_code == 1
    assert f"{torn} ends in the midst of a record" in " ".join(done.stderr.split())
    assert len(records("all.jsonl")) == COUNT - 1


def test_of_doubles_one_is_kept_and_an_answer_before_a_failure(run: Run, texts: list[str]) -> None:
    words = (TASK, *texts, *STARTER)
    files = shares(run, 2, *words)
    Path(texts[0]).write_text("Now there is something good in it.")
    again = [f"again-{number}.jsonl" for number in (1, 2)]
    for number, file in enumerate(again, 1):
        run(*words, "--shard", f"{number}/2", "-o", file)
    done = run("merge", *files, *again, "-o", "all.jsonl")
    assert done.exit_code == 0
    assert f"left out {COUNT} that another part holds" in " ".join(done.stderr.split())
    assert inputs("all.jsonl") == texts
    assert "result" in records("all.jsonl")[0]
    assert "error" in records("all.jsonl")[-1]


def test_an_input_that_is_given_twice_keeps_both_records(run: Run, texts: list[str]) -> None:
    twice = [texts[1], texts[2], texts[1]]
    files = shares(run, 2, TASK, *twice, *STARTER)
    assert run("merge", *files, "-o", "all.jsonl").exit_code == 0
    assert inputs("all.jsonl") == twice


def test_shares_of_different_lists_lose_nothing_and_are_told(run: Run, texts: list[str]) -> None:
    files = shares(run, 2, TASK, *texts, *STARTER)
    changed = [f"before-{texts[1]}", *texts]
    Path(changed[0]).write_text("New, and good.")
    run(TASK, *changed, *STARTER, "--shard", "2/2", "-o", files[1], "--overwrite")
    done = run("merge", *files, "-o", "all.jsonl")
    assert done.exit_code == 1
    assert "made of different lists" in done.stderr
    assert sorted(inputs("all.jsonl")) == sorted(inputs(files[0]) + inputs(files[1]))


def test_what_was_merged_can_be_gone_on_with_as_one_run(run: Run, texts: list[str]) -> None:
    words = (TASK, *texts, *STARTER)
    files = shares(run, 4, *words)
    assert run("merge", *files[:3], "-o", "all.jsonl").exit_code == 1
    assert run(*words, "-o", "all.jsonl", "--resume").exit_code == 1  # two inputs are empty
    assert sorted(inputs("all.jsonl")) == texts


REFUSED = {
    "no such file": (["none.jsonl"], "no such file: none.jsonl"),
    "parts in Parquet": (["p.parquet"], "takes the folder that the parts are in as one data set"),
    "no records": (["notes.txt"], "notes.txt, line 1: no record"),
    "no shares": (["whole.jsonl"], "whole.jsonl, line 1: the record does not tell its place"),
    "another model": (["one.jsonl", "two.jsonl"], "two.jsonl was made with task qa, not task ner"),
    "another division": (["one.jsonl", "three.jsonl"], "different divisions: 2, 3"),
    "no place": (["nowhere.jsonl"], "nowhere.jsonl, line 1: the record does not tell its place"),
    "another format": (["one.jsonl", "-o", "a.parquet"], "merge writes JSON Lines, not parquet"),
    "its own input": (["one.jsonl", "-o", "one.jsonl"], "-o one.jsonl is one of the parts"),
    "something is there": (["one.jsonl", "-o", "notes.txt"], "-o notes.txt exists"),
}


def test_any_number_of_missing_shares_is_told_at_once(run: Run) -> None:
    shard = {"number": 4, "count": 2**50, "index": 0}
    record = {"input": "a", "task": "ner", "result": [], "shard": shard}
    Path("a.jsonl").write_text(json.dumps(record) + "\n")
    done = run("merge", "a.jsonl")
    assert done.exit_code == 1
    shares = ", ".join(f"{number}/{2**50}" for number in (1, 2, 3, 5, 6))
    assert f"no part holds share {shares} and {2**50 - 6:,} more" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (("--top-k", "1"), "two.jsonl was made with --top-k 1, not --top-k 2"),
        (("--top-k", "2", "--lines"), "two.jsonl was made with --lines, not without"),
    ],
    ids=str,
)
def test_of_shares_that_differ_only_that_is_told(
    run: Run, texts: list[str], how: tuple[str, ...], told: str
) -> None:
    for name, share, own in (("one", "1/2", ("--top-k", "2")), ("two", "2/2", how)):
        run(TASK, *texts, *STARTER, *own, "--shard", share, "-o", f"{name}.jsonl")
    done = run("merge", "one.jsonl", "two.jsonl")
    said = " ".join(done.stderr.split())
    assert done.exit_code == 2
    assert f"two.jsonl and one.jsonl are not of one run: {told} →" in said


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_merged_is_refused(run: Run, case: str) -> None:
    def record(task: str, **more: object) -> str:
        return json.dumps({"input": "a", "task": task, "result": [], **more}) + "\n"

    Path("notes.txt").write_text("some notes\n")
    Path("p.parquet").write_bytes(b"PAR1")
    Path("whole.jsonl").write_text(record("ner"))
    Path("one.jsonl").write_text(record("ner", shard={"number": 1, "count": 2, "index": 0}))
    Path("two.jsonl").write_text(record("qa", shard={"number": 2, "count": 2, "index": 1}))
    Path("three.jsonl").write_text(record("ner", shard={"number": 2, "count": 3, "index": 1}))
    Path("nowhere.jsonl").write_text(record("ner", shard={"number": 3, "count": 2, "index": 0}))
    words, told = REFUSED[case]
    before = {path: path.read_bytes() for path in Path().iterdir()}
    done = run("merge", *words)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("asked", ["0/4", "5/4", "3", "a/b", "1/0", "-1/4", "1/4/2"])
def test_no_share_is_refused(run: Run, texts: list[str], asked: str) -> None:
    done = run(TASK, *texts, *STARTER, f"--shard={asked}")
    assert done.exit_code == 2
    assert f"--shard {asked}: not I/N" in " ".join(done.stderr.split())


def test_a_dry_run_lists_the_share(run: Run, texts: list[str]) -> None:
    listed = [
        line.split()[-1]
        for number in (1, 2)
        for line in run(
            TASK, *texts, *STARTER, "--shard", f"{number}/2", "--dry-run"
        ).stdout.splitlines()
        if line.rstrip().endswith(".txt")
    ]
    assert sorted(listed) == texts


def test_a_share_without_inputs_says_so(run: Run) -> None:
    Path("one.txt").write_text("A good film.")
    words = (TASK, "one.txt", *STARTER, "--shard")
    said = [run(*words, f"{number}/2", "--dry-run").stdout for number in (1, 2)]
    bare = 1 + ["one.txt" in line for line in said].index(False)
    done = run(*words, f"{bare}/2")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "0 inputs in this share" in done.stderr


def test_another_share_does_not_go_on_with_a_file(run: Run, texts: list[str]) -> None:
    words = (TASK, *texts, *STARTER, "-o", "part.jsonl")
    run(*words, "--shard", "1/2")
    done = run(*words, "--shard", "2/2", "--resume")
    assert done.exit_code == 2
    assert "made with --shard 1/2, not --shard 2/2" in " ".join(done.stderr.split())
