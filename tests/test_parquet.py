"""Parquet as pyarrow, pandas, DuckDB and datasets read it: what the records say, with types."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pyarrow as pa
import pytest
from checkpoints import cached
from conftest import Finished
from pyarrow import parquet
from samples import broken_images, photos

from taskcli.output import open_writer
from taskcli.output.formats import parquet as writing
from taskcli.output.schema import record_schema
from taskcli.output.writer import Layout
from taskcli.results import Entity, Failure, Label, Record, TokenEntity
from taskcli.task import Task
from taskcli.tasks import TASKS

Run = Callable[..., Finished]
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def without_nulls(value: Any) -> Any:
    """As a record leaves out what is null."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_a_run_is_read_back_as_its_records(run: Run, tmp_path: Path) -> None:
    words = ["detect", *photos(tmp_path).values(), broken_images(tmp_path)["cut"]]
    words += ["-m", "starter", "--threshold", 0.0]
    records = run(*words).records
    assert run(*words, "-o", "found.parquet").exit_code == 1
    rows = parquet.read_table("found.parquet").to_pylist()
    assert [without_nulls(row) for row in rows] == [without_nulls(record) for record in records]


CASES = {
    "ner": ["--text", "Mira Lindel met Marlon Holberg."],
    "qa": ["--text", "Mira met Marlon.", "-q", "Whom did Mira meet?", "-q", "Who met Marlon?"],
    "asr": [EXAMPLES / "sounds/yes.wav"],
    "depth": [EXAMPLES / "scenes/red-cube.png"],
}


@pytest.mark.parametrize("task", CASES)
def test_other_shapes_are_read_back_too(run: Run, task: str) -> None:
    words = [task, *CASES[task], "-m", "starter"]
    records = run(*words).records
    assert run(*words, "--format", "parquet", "-o", "found.table").exit_code == 0
    for row, record in zip(parquet.read_table("found.table").to_pylist(), records, strict=True):
        one = isinstance(row["result"], list) and not isinstance(record["result"], list)
        expected = {**record, "result": [record["result"]]} if one else record
        assert without_nulls(row) == without_nulls(expected)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_columns_are_those_of_the_schema_whatever_the_answers(task: type[Task]) -> None:
    schema = writing.schema_of(task.result, task.more_fields)
    in_records = set(record_schema(task.result, task.more_fields)["properties"])
    assert set(schema.names) == in_records - {"fields"}, "which stand before these"
    kind = schema.field("result").type
    assert pa.types.is_nested(kind)
    stream = io.BytesIO()
    open_writer("parquet", stream, Layout(result=task.result, more_fields=task.more_fields)).close()
    assert parquet.read_schema(stream).equals(schema)


def test_unions_have_the_fields_of_all_and_every_list_is_one() -> None:
    kind = writing.schema_of(list[Entity] | list[TokenEntity], ()).field("result").type
    assert [field.name for field in kind.value_type] == [
        "entity_group", "score", "word", "start", "end", "entity", "index",
    ]  # fmt: skip
    assert kind.value_type.field("start").type == pa.int64()
    assert kind.value_type.field("score").type == pa.float64()


def test_pandas_duckdb_and_datasets_load_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [word for text in ("fine", "bad", " ") for word in ("--text", text)]
    words = ["classify-text", *texts, "-m", cached("distilbert-sentiment")]
    run(*words, "-o", "found.parquet")
    labels = [record["result"][0]["label"] for record in run(*words).records[:2]]
    frame = pandas.read_parquet("found.parquet")
    assert [row[0]["label"] for row in frame["result"][:2]] == labels
    assert frame["error"][2]["message"] == "the text is empty"
    query = "select result[1].label, result[1].score > 0 from 'found.parquet' where error is null"
    assert duckdb.sql(query).fetchall() == [(label, True) for label in labels]
    monkeypatch.setenv("HF_DATASETS_CACHE", "cache")
    from datasets import Dataset

    loaded = Dataset.from_parquet("found.parquet", cache_dir="cache")
    assert [row["result"][0]["label"] for row in loaded if row["error"] is None] == labels


def test_groups_are_written_as_they_fill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_GROUP_ROWS", 128)
    stream = io.BytesIO()
    writer = open_writer("parquet", stream, Layout(result=list[Label]))
    sizes = []
    for number in range(300):
        writer.write(Record(str(number), "t", "m", None, [Label(f"x{number}", 0.5)]))
        sizes.append(stream.tell())
    assert sizes[126] == sizes[0] < sizes[127] == sizes[254] < sizes[255]
    writer.close()
    read = parquet.ParquetFile(stream)
    assert [read.metadata.row_group(at).num_rows for at in range(3)] == [128, 128, 44]
    assert read.read()["input"].to_pylist() == [str(number) for number in range(300)]


def test_what_utf_8_has_not_is_an_escape_and_costs_no_neighbour() -> None:
    stream = io.BytesIO()
    writer = open_writer("parquet", stream, Layout(result=list[Label]))
    for label in ("a\ud800b", "\\ud800", "é"):
        writer.write(Record(label, "t", "m", None, [Label(label, float("nan"))]))
    writer.write(Record("broken", "t", "m", error=Failure("InputError", "no")))
    writer.close()
    rows = parquet.read_table(stream).to_pylist()
    assert [row["input"] for row in rows] == ["a\\ud800b", "\\ud800", "é", "broken"]
    assert rows[0]["result"] == [{"label": "a\\ud800b", "score": None}]
    assert (rows[3]["result"], rows[3]["error"]["message"]) == (None, "no")


def test_a_result_of_no_declared_type_is_json() -> None:
    stream = io.BytesIO()
    writer = open_writer("parquet", stream)
    writer.write(Record("a", "t", "m", None, {"b": [1]}))
    writer.close()
    assert json.loads(parquet.read_table(stream)["result"][0].as_py()) == {"b": [1]}


@pytest.mark.parametrize("words", [[], ["-o", "/dev/null"], ["-o", "a.parquet", "--resume"]])
def test_it_is_a_file_that_is_written_whole(run: Run, classifier: Path, words: list[str]) -> None:
    done = run("classify-text", "--text", "a", "-m", classifier, "-f", "parquet", *words)
    assert done.exit_code == 2
    assert "-o FILE.parquet" in done.stderr or ".jsonl" in done.stderr
    assert done.stdout == ""


def test_a_run_that_stops_leaves_no_half_table(
    run: Run, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["classify-text", "--text", "a", "-m", classifier, "-o", "a.parquet"]
    assert run(*words).exit_code == 0
    before = Path("a.parquet").read_bytes()

    def full(self: Any, record: Record) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.ParquetWriter, "write", full)
    assert run(*words, "--overwrite").exit_code == 4
    assert Path("a.parquet").read_bytes() == before
    assert list(Path().iterdir()) == [Path("a.parquet")]


def test_without_its_library_it_is_refused_with_the_command(
    run: Run, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcli.errors.find_spec", lambda name: None)
    done = run("classify-text", "--text", "a", "-m", classifier, "-o", "a.parquet")
    assert done.exit_code == 2
    assert "pip install 'taskcli[parquet]'" in done.stderr
