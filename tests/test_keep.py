"""--keep: a table goes in, and the same table with answers comes out."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
from checkpoints import cached
from conftest import Finished
from pyarrow import parquet
from samples import photos

from taskcli.output import open_writer
from taskcli.output.formats import parquet as writing
from taskcli.output.writer import Layout
from taskcli.results import Label, Record

Run = Callable[..., Finished]
ROWS = [
    {"id": "7", "text": "a good film", "year": "1999", "label": "gold"},
    {"id": "08", "text": "", "year": "", "label": "none"},
    {"id": "9", "text": "@all: -5 of 5,\n=awful", "year": "-1.5", "label": '"bad"'},
]
ONE = ("--keep", "all", "--top-k", 1)


@pytest.fixture(autouse=True)
def tables() -> None:
    with Path("t.csv").open("w", newline="") as file:
        written = csv.DictWriter(file, list(ROWS[0]))
        written.writeheader()
        written.writerows(ROWS)
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))


@pytest.fixture
def classify(run: Run, classifier: Path) -> Run:
    def call(*words: object, **how: Any) -> Finished:
        return run("classify-text", "-m", classifier, *words, **how)

    return call


def cells(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    text = text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def own(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ROWS[0]}


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_records_hold_the_columns_as_they_were_read(classify: Run, run: Run, name: str) -> None:
    done = classify(name, "--keep", "all")
    assert done.exit_code == 1, "the second text is empty"
    assert [record["fields"] for record in done.records] == ROWS
    schema = json.loads(run("schema", "classify-text").stdout)
    for record in done.records:
        jsonschema.validate(record, schema)
    without = classify(name).records
    assert [{**record, "fields": None} for record in without] == [
        {**record, "fields": None} for record in done.records
    ]
    assert all("fields" not in record for record in without)


@pytest.mark.parametrize("chosen", ["csv", "tsv"])
def test_a_table_comes_out_as_it_was_with_a_line_a_row(classify: Run, chosen: str) -> None:
    labels = [record.get("result") for record in classify("t.csv", "--top-k", 1).records]
    done = classify("t.csv", *ONE, "-f", chosen)
    rows = cells(done.stdout, "\t" if chosen == "tsv" else ",")
    assert list(rows[0]) == [*ROWS[0], "input", "result.label", "score", "error"]
    assert [own(row) for row in rows] == ROWS, "in its order, failures among them"
    assert [row["input"] for row in rows] == ["t.csv:2", "t.csv:3", "t.csv:4"]
    for row, found in zip(rows, labels, strict=True):
        assert row["result.label"] == ("" if found is None else found[0]["label"])
        assert row["error"] == ("the text is empty" if found is None else "")


def test_several_answers_have_a_line_each_with_the_columns_of_their_row(classify: Run) -> None:
    rows = cells(classify("t.csv", "--keep", "id", "--top-k", 2, "-f", "csv").stdout)
    assert [row["id"] for row in rows] == ["7", "7", "08", "9", "9"]
    assert rows[0]["label"] != rows[1]["label"]


def test_named_columns_are_kept_in_the_order_of_the_names(classify: Run) -> None:
    Path("deep.jsonl").write_text(json.dumps({"text": "fine", "a,b": 1, "in": {"x": [2.5, None]}}))
    done = classify("deep.jsonl", "--keep", 'in.x, "a,b"')
    assert list(done.records[0]["fields"].items()) == [("in.x", [2.5, None]), ("a,b", 1)]
    (row,) = cells(classify("deep.jsonl", "--keep", 'in.x,"a,b"', "-f", "csv", "--top-k", 1).stdout)
    assert (row["in.x"], row["a,b"], list(row)[:2]) == ("[2.5, null]", "1", ["in.x", "a,b"])


def test_numbers_keep_every_digit_and_what_json_has_not_is_written_out(classify: Run) -> None:
    exact = {"n": 12345678901234567890, "x": 1234567.8912345, "nested": {"y": 0.1234567891}}
    Path("exact.jsonl").write_text(json.dumps({"text": "fine", **exact, "nan": float("nan")}))
    (record,) = classify("exact.jsonl", "--keep", "all").records
    assert record["fields"] == {"text": "fine", **exact, "nan": None}
    typed = {"on": date(1999, 1, 2), "price": Decimal("1.10"), "text": "fine"}
    parquet.write_table(pa.Table.from_pylist([typed]), "typed.parquet")
    (record,) = classify("typed.parquet", "--keep", "on,price").records
    assert record["fields"] == {"on": "1999-01-02", "price": "1.10"}


def test_typed_columns_stay_typed_in_parquet(classify: Run) -> None:
    moments = [datetime(2024, 5, 6, 7, 8, 9, 123456, UTC), None]
    table = pa.table(
        {
            "small": pa.array([1, None], pa.int16()),
            "at": pa.array(moments, pa.timestamp("ns", "UTC")),
            "price": pa.array([Decimal("1.10"), None], pa.decimal128(9, 2)),
            "tags": pa.array([["a"], None], pa.large_list(pa.string())),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "none": pa.array([None, None], pa.float32()),
            "picture": pa.array([b"\x89PNG", b"x"]),
            "text": ["fine", "bad"],
        }
    )
    parquet.write_table(table, "in.parquet")
    assert classify("in.parquet", "--keep", "all", "-o", "out.parquet").exit_code == 0
    read = parquet.read_table("out.parquet")
    wanted = table.drop_columns(["picture"])
    kinds = {name: wanted.schema.field(name).type for name in wanted.column_names}
    assert read.column_names[: len(kinds)] == list(kinds)
    assert {name: read.schema.field(name).type for name in kinds} == {**kinds, "kind": pa.string()}
    assert read.select(list(kinds)).to_pylist() == wanted.to_pylist()
    assert [row[0]["label"] for row in read["result"].to_pylist()] == [
        record["result"][0]["label"] for record in classify("in.parquet").records
    ]


def test_nanoseconds_are_kept_where_python_has_none(classify: Run) -> None:
    stamp = pa.array([1_700_000_000_000_000_001], pa.timestamp("ns"))
    parquet.write_table(pa.table({"text": ["fine"], "at": stamp}), "in.parquet")
    classify("in.parquet", "--keep", "at", "-o", "out.parquet")
    assert parquet.read_table("out.parquet")["at"].combine_chunks().equals(stamp)


VALUES: dict[str, tuple[list[Any], Any]] = {
    "whole numbers": ([1, None, 3], pa.int64()),
    "numbers": ([1, None, 2.5], pa.float64()),
    "of two kinds": ([1, "two", None], pa.string()),
    "lists": ([[1], [], None], pa.list_(pa.int64())),
    "objects": ([{"a": 1}, {"b": "x"}, None], pa.struct([("a", pa.int64()), ("b", pa.string())])),
    "empty objects": ([{}, None, {}], pa.string()),
    "too large": ([1 << 70, 1, None], pa.string()),
    "nothing": ([None, None, None], pa.string()),
    "truth": ([True, None, False], pa.bool_()),
}


@pytest.mark.parametrize("at_once", [1, 64])
@pytest.mark.parametrize("kind", VALUES)
def test_a_column_of_json_has_the_type_that_all_its_values_have(
    monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int
) -> None:
    monkeypatch.setattr(writing, "_ROWS_AT_ONCE", at_once)
    values, wanted = VALUES[kind]
    stream = io.BytesIO()
    writer = open_writer("parquet", stream, Layout(result=list[Label], keeps=True))
    for number, value in enumerate(values):
        found = [Label("x", 0.5)]
        writer.write(Record(str(number), "t", "m", None, found, fields={"own": value}))
    writer.close()
    column = parquet.read_table(stream)["own"]
    assert column.type == wanted
    for value, read in zip(values, column.to_pylist(), strict=True):
        if wanted == pa.string() and not isinstance(value, str | None):
            assert json.loads(read) == value
        elif isinstance(value, dict):
            assert {name: inner for name, inner in read.items() if inner is not None} == value
        else:
            assert read == value


def test_columns_of_ours_give_way_to_the_users(classify: Run) -> None:
    row = {"text": "fine", "input": "mine", "result": 5, "error": "E", "result.input": "also"}
    Path("clash.jsonl").write_text(json.dumps(row) + "\n")
    (cell,) = cells(classify("clash.jsonl", *ONE, "-f", "csv").stdout)
    assert {name: cell[name] for name in row} == {**row, "result": "5"}
    assert cell["result.result.input"] == "clash.jsonl:1"
    assert cell["result.error"] == ""
    classify("clash.jsonl", *ONE, "-o", "out.parquet")
    (read,) = parquet.read_table("out.parquet").to_pylist()
    assert {name: read[name] for name in row} == row
    assert read["result.result.input"] == "clash.jsonl:1"
    assert read["result.result"][0].keys() == {"label", "score"}


def test_files_that_rows_name_are_answered_beside_their_columns(run: Run, tmp_path: Path) -> None:
    shots = photos(tmp_path)
    names = [shots["small"], "missing.png", shots["wide"]]
    lines = ["path,title", *(f"{name},t{number}" for number, name in enumerate(names))]
    Path("shots.csv").write_text("\n".join(lines))
    words = ("classify-image", "shots.csv", "--field", "path", "-m", cached("vit"), *ONE)
    done = run(*words, "-f", "csv")
    rows = cells(done.stdout)
    assert [(row["path"], row["title"]) for row in rows] == [
        (str(name), f"t{number}") for number, name in enumerate(names)
    ]
    assert [bool(row["label"]) for row in rows] == [True, False, True]
    assert rows[1]["error"] == "the file is gone"
    assert done.exit_code == 1


def test_pictures_in_rows_are_not_copied(run: Run, tmp_path: Path) -> None:
    data = photos(tmp_path)["small"].read_bytes()
    file = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    image = pa.array([{"bytes": data, "path": "a.png"}], file)
    parquet.write_table(pa.table({"n": [5], "image": image}), "shots.parquet")
    words = ("classify-image", "shots.parquet", "--field", "image", "-m", cached("vit"))
    assert run(*words, "--keep", "all").records[0]["fields"] == {"n": 5}
    refused = run(*words, "--keep", "image")
    assert refused.exit_code == 2
    assert "no column 'image' to keep; it has 'n'" in refused.stderr


def test_a_run_goes_on_and_converts_with_its_columns(classify: Run, run: Run) -> None:
    keep = ("t.csv", *ONE, "--batch-size", 1)
    assert classify(*keep, "-o", "whole.jsonl").exit_code == 1
    lines = Path("whole.jsonl").read_text().splitlines(keepends=True)
    Path("part.jsonl").write_text("".join(lines[:1]))
    made_with = Path(".whole.jsonl.taskcli.json").read_text()
    Path(".part.jsonl.taskcli.json").write_text(made_with)
    assert classify(*keep, "-o", "part.jsonl", "--resume").exit_code == 1
    assert Path("part.jsonl").read_text() == "".join(lines)
    other = classify("t.csv", "--top-k", 1, "--batch-size", 1, "-o", "part.jsonl", "--resume")
    assert (other.exit_code, "made with --keep all, not without" in other.stderr) == (2, True)
    rows = cells(run("convert", "whole.jsonl", "-f", "csv").stdout)
    assert [row["id"] for row in rows] == ["7", "08", "9"]
    assert rows[2]["text"] == "'@all: -5 of 5,\n=awful", "nobody tells that it was a cell"
    run("convert", "whole.jsonl", "-o", "out.parquet")
    assert [own(row) for row in parquet.read_table("out.parquet").to_pylist()] == ROWS


def test_shares_are_merged_with_their_columns(classify: Run, run: Run) -> None:
    keep = ("t.csv", *ONE, "--batch-size", 1)
    for number in (1, 2):
        classify(*keep, "--shard", f"{number}/2", "-o", f"part-{number}.jsonl")
    merged = run("merge", "part-1.jsonl", "part-2.jsonl")
    assert merged.stdout == classify(*keep).stdout


def test_columns_go_on_through_a_pipe_of_commands(classify: Run, run: Run) -> None:
    words = ("generate", "t.csv", "-m", cached("gpt2"), "--max-new-tokens", 2, "--keep", "id,year")
    written = run(*words).stdout
    done = classify("-", "--keep", "all", stdin=written)
    kept = [{"id": row["id"], "year": row["year"]} for row in ROWS]
    assert [record["fields"] for record in done.records] == kept
    assert [record["input"] for record in done.records] == ["t.csv:2", "t.csv:3", "t.csv:4"]


def test_every_question_about_a_row_has_its_columns(run: Run) -> None:
    Path("q.csv").write_text("context,n\nMira met Marlon.,5\n")
    asked = ("-q", "Who met?", "-q", "Whom?", "-m", cached("bert-qa"))
    done = run("qa", "q.csv", *asked, "--keep", "n")
    assert [record["fields"] for record in done.records] == [{"n": "5"}] * 2


def test_columns_of_all_files_stand_in_one_table(classify: Run) -> None:
    Path("a.csv").write_text("text,a\nfine,1\n")
    Path("b.jsonl").write_text('{"text": "bad", "b": [2]}\n')
    done = classify("a.csv", "b.jsonl", *ONE, "-f", "csv")
    rows = cells(done.stdout)
    assert list(rows[0])[:3] == ["text", "a", "b"]
    assert [(row["a"], row["b"]) for row in rows] == [("1", ""), ("", "[2]")]


def test_a_column_that_comes_too_late_for_a_table_is_told(classify: Run) -> None:
    lines = '{"text": "fine", "a": 1}\n{"text": "bad", "late": 2}\n'
    done = classify("-", *ONE, "-f", "csv", stdin=lines)
    assert "late" not in done.stdout
    assert "columns that only later rows have are left out: 'late'" in done.stderr


def test_a_cell_that_a_spreadsheet_would_run_is_text_unless_it_was_one(classify: Run) -> None:
    from_json = cells(classify("t.jsonl", *ONE, "-f", "csv").stdout)
    assert from_json[2]["text"] == "'@all: -5 of 5,\n=awful"
    assert from_json[2]["year"] == "-1.5", "a number stays one"
    assert cells(classify("t.csv", *ONE, "-f", "csv").stdout)[2]["text"] == ROWS[2]["text"]


def test_broken_rows_keep_the_cells_that_they_have(classify: Run) -> None:
    Path("broken.csv").write_bytes(b"id,text\n1,fine\n2\n3,caf\xe9\n4,a,b\n")
    done = classify("broken.csv", *ONE, "-f", "csv")
    rows = cells(done.stdout)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row["error"]) for row in rows] == [False, True, True, True]
    assert rows[2]["text"] == "caf\ufffd"


def test_a_terminal_shows_the_columns(classify: Run) -> None:
    shown = classify("t.csv", "--keep", "year,label", "-f", "rich").stdout
    assert [line.rstrip() for line in shown.splitlines()[:3]] == [
        "t.csv:2",
        "  year: 1999",
        "  label: gold",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["t.csv", "--keep", "yaer"], "no column 'yaer' to keep; it has 'year'"),
        (["t.jsonl", "--keep", "id,wrong"], "no column 'wrong' to keep"),
        (["t.csv", "--keep", "id,,year"], "--keep id,,year: the name of a column is missing"),
        (["t.csv", "--keep", ""], "the name of a column is missing"),
        (["--text", "fine", "--keep", "all"], "no input has any"),
        (["t.txt", "--lines", "--keep", "all"], "leave out --lines"),
        (["t.csv", "--keep", "all", "-f", "text"], "text has no place for columns"),
        (["-", "--keep", "all"], "standard input has none"),
        (["doubled.csv", "--keep", "all"], "more than one column is named 'n'"),
    ],
)
def test_what_cannot_be_kept_is_refused(classify: Run, words: list[str], told: str) -> None:
    Path("t.txt").write_text("fine\n")
    Path("doubled.csv").write_text("text,n,n\nfine,1,2\n")
    done = classify(*words, stdin="just a text")
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
