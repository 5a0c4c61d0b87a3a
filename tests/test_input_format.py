"""--input-format: what a pipe or a file holds, whatever it is called."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from checkpoints import cached
from conftest import Finished
from pyarrow import ipc, parquet
from samples import photos

Run = Callable[..., Finished]
ROWS = [{"n": "1", "body": "fine; well, so", "text": "x"}, {"n": "2", "body": "bad", "text": "y"}]
CSV = 'n,body,text\n1,"fine; well, so",x\n2,bad,y\n'


def packed(chosen: str) -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    if chosen == "parquet":
        parquet.write_table(table, sink)
    else:
        with ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    return sink.getvalue()


CONTENTS: dict[str, bytes] = {
    "csv": CSV.encode(),
    "tsv": b"n\tbody\ttext\n1\tfine; well, so\tx\n2\tbad\ty\n",
    "jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    "json": json.dumps(ROWS, indent=1).encode(),
    "parquet": packed("parquet"),
    "arrow": packed("arrow"),
}


@pytest.fixture
def classify(run: Run, classifier: Path) -> Run:
    def call(*words: object, **how: Any) -> Finished:
        return run("classify-text", "-m", classifier, *words, **how)

    return call


@pytest.mark.parametrize("chosen", CONTENTS)
def test_a_pipe_and_a_file_of_any_name_are_read_as_what_they_hold(
    classify: Run, chosen: str
) -> None:
    Path(f"rows.{chosen}").write_bytes(CONTENTS[chosen])
    Path("rows.data").write_bytes(CONTENTS[chosen])
    how = ("--field", "body", "--keep", "all")
    named = classify(f"rows.{chosen}", *how).records
    assert [record["fields"] for record in named] == ROWS
    answers = [record["result"] for record in named]
    for words in (["-"], ["rows.data"]):
        done = classify(*words, *how, "--input-format", chosen, stdin=CONTENTS[chosen])
        assert [record["result"] for record in done.records] == answers
        assert [record["fields"] for record in done.records] == ROWS
        numbers = [int(record["input"].rpartition(":")[2]) for record in done.records]
        assert numbers == [int(record["input"].rpartition(":")[2]) for record in named]


def test_the_usual_field_needs_no_name(classify: Run) -> None:
    done = classify("-", "--input-format", "csv", "--keep", "text", stdin=CSV)
    assert [record["fields"]["text"] for record in done.records] == ["x", "y"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_came_tells_what_parts_the_cells(classify: Run, delimiter: str) -> None:
    lines = [["id", "text"], ["1", "fine"], ["2", "bad"]]
    table = "\n".join(delimiter.join(cells) for cells in lines)
    done = classify("-", "--input-format", "csv", "--keep", "id", stdin=table)
    assert [record["fields"] for record in done.records] == [{"id": "1"}, {"id": "2"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marks_of_encodings_are_no_part_of_a_name(classify: Run, encoding: str) -> None:
    table = "text,naïve\nfine,é\n".encode(encoding)
    done = classify("-", "--input-format", "csv", "--keep", "all", stdin=table)
    assert [record["fields"] for record in done.records] == [{"text": "fine", "naïve": "é"}]


@pytest.mark.long
def test_a_table_is_answered_as_its_rows_come(start: Any, classifier: Path) -> None:
    """The second row is written once the first is answered, so waiting for more would hang."""
    words = ["classify-text", "-", "-m", classifier, "--input-format", "csv", "-f", "jsonl"]
    reading, writing = os.pipe()
    process = start(*words, stdin=reading)
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(b"id;text\n1;fine\n")
        first = json.loads(process.stdout.readline())
        pipe.write(b"2;bad\n")
    assert (first["input"], "result" in first) == ("-:2", True)
    assert json.loads(process.stdout.readline())["input"] == "-:3"
    assert process.wait() == 0


def test_text_is_one_input_whatever_its_name_says(classify: Run) -> None:
    Path("rows.csv").write_text(CSV)
    Path("lines.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    done = classify("rows.csv", "lines.jsonl", "--input-format", "text")
    assert done.inputs == ["rows.csv", "lines.jsonl"]
    assert classify("-", "--input-format", "text", stdin='{"text": "a"}').inputs == ["-"]
    listed = classify("rows.csv", "--input-format", "text", "--lines")
    assert listed.inputs == ["rows.csv:1", "rows.csv:2", "rows.csv:3"]


def test_pictures_are_named_by_a_table_in_a_pipe(run: Run, tmp_path: Path) -> None:
    shot = photos(tmp_path)["small"]
    words = ("classify-image", "-", "-m", cached("vit"), "--input-format", "csv")
    done = run(*words, "--field", "path", "--keep", "all", stdin=f"n,path\n5,{shot}\n")
    (record,) = done.records
    assert record["fields"] == {"n": "5", "path": str(shot)}
    assert record["result"] == run("classify-image", shot, "-m", cached("vit")).records[0]["result"]


def test_what_says_nothing_is_refused(run: Run, classify: Run) -> None:
    for words, told in (
        (["-", "--input-format", "csv"], "name the one that holds paths: --field NAME"),
        (["a.png", "--input-format", "text"], "classify-image reads pictures"),
        (["a.csv", "--input-format", "yaml"], "yaml"),
    ):
        Path("a.png").write_bytes(b"")
        Path("a.csv").write_text("path\na.png\n")
        done = run("classify-image", *words, "-m", "starter", stdin="path\na.png\n")
        assert (done.exit_code, told in done.stderr) == (2, True), done.stderr
    wrong = classify("-", "--input-format", "csv", "--field", "txet", stdin=CSV)
    assert wrong.exit_code == 2
    assert "has no field 'txet'; it has 'text'" in wrong.stderr
    none = classify("-", "--input-format", "parquet", stdin="text\nfine\n")
    assert none.exit_code == 1
    assert "damaged" in none.records[0]["error"]["message"]
