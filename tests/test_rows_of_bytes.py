"""Rows that hold their input as bytes: Parquet, Arrow's file and stream, webdataset's shards."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from checkpoints import cached
from conftest import Finished
from pyarrow import ipc, parquet
from samples import photos, sounds
from web_server import serving

from taskcli.errors import InputError
from taskcli.inputs import columns
from taskcli.inputs.reading import Reading
from taskcli.inputs.rows import RowReading
from taskcli.inputs.sources import resolve
from taskcli.media.items import Media

Run = Callable[..., Finished]
BYTES = pa.binary()
FILE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])  # as datasets writes a file


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, bytes]:
    found = photos(tmp_path)
    return {name: found[name].read_bytes() for name in ("small", "square", "wide")}


@pytest.fixture(scope="module")
def vit() -> Path:
    return cached("vit")


def table(pictures: dict[str, bytes], kind: pa.DataType = BYTES) -> pa.Table:
    rows = [*pictures.values(), b"no picture"]
    values = rows if kind == BYTES else [{"bytes": row, "path": "a.png"} for row in rows]
    columns = {"label": list("abcd"), "image": pa.array(values, kind), "other": rows}
    return pa.table(columns)


def write(name: str, rows: pa.Table) -> str:
    if name.endswith(".parquet"):
        parquet.write_table(rows, name, row_group_size=2)
    elif name.endswith(".feather"):
        with ipc.new_file(name, rows.schema) as file:
            file.write_table(rows, max_chunksize=3)
    else:
        with ipc.new_stream(name, rows.schema) as stream:
            stream.write_table(rows, max_chunksize=3)
    return name


@pytest.mark.parametrize("kind", [BYTES, FILE], ids=["bytes", "datasets"])
@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather"])
def test_pictures_in_rows_are_answered_as_those_in_files(
    run: Run, vit: Path, pictures: dict[str, bytes], name: str, kind: pa.DataType
) -> None:
    done = run("classify-image", write(name, table(pictures, kind)), "--field", "image", "-m", vit)
    assert done.inputs == [f"{name}:{number}" for number in range(1, 5)]
    assert "not an image" in done.records[3]["error"]["message"]
    for number, data in enumerate(pictures.values()):
        Path(f"{number}.img").write_bytes(data)
        (alone,) = run("classify-image", f"{number}.img", "-m", vit).records
        assert done.records[number]["result"] == alone["result"]


def sources(*names: str, field: str, media: Media = Media.IMAGE) -> list[Any]:
    return list(resolve(names, Reading(media, ("text",), field=field)).items)


def test_the_other_columns_are_kept_and_other_bytes_are_not_read(
    pictures: dict[str, bytes],
) -> None:
    found = sources(write("a.parquet", table(pictures)), field="image")
    assert [source.fields for source in found] == [{"label": label} for label in "abcd"]
    assert [source.data for source in found[:3]] == list(pictures.values())


def test_a_file_of_datasets_without_bytes_is_a_path_and_inner_fields_are_reached() -> None:
    rows = [{"bytes": None, "path": "a.png"}, {"bytes": b"b", "path": None}, None]
    write("a.parquet", pa.table({"sample": pa.array([{"file": row} for row in rows])}))
    first, second, third = sources("a.parquet", field="sample.file")
    assert (first.path, first.data, second.data) == ("a.png", None, b"b")
    assert third.error.message == "row 3: field 'sample.file' is null, not text"


def test_texts_are_rows_of_parquet_too(run: Run, classifier: Path) -> None:
    write("a.parquet", pa.table({"text": ["fine", "bad"], "body": ["x", "y"]}))
    named = run("classify-text", "a.parquet", "-m", classifier)
    assert named.inputs == ["a.parquet:1", "a.parquet:2"]
    wrong = run("classify-text", "a.parquet", "--field", "words", "-m", classifier)
    assert wrong.exit_code == 2
    assert "no field 'words'; it has 'text', 'body'" in wrong.stderr


def test_bytes_are_no_text_and_a_missing_column_names_those_there(
    run: Run, vit: Path, classifier: Path, pictures: dict[str, bytes]
) -> None:
    write("a.parquet", table(pictures))
    refused = run("classify-image", "a.parquet", "--field", "img", "-m", vit)
    assert refused.exit_code == 2
    assert "no field 'img'; it has" in refused.stderr and "'image'" in refused.stderr
    unnamed = run("classify-image", "a.parquet", "-m", vit)
    assert unnamed.exit_code == 2
    assert "--field" in unnamed.stderr and "image" in unnamed.stderr
    (record, *_) = run("classify-text", "a.parquet", "--field", "image", "-m", classifier).records
    assert record["error"]["message"] == "row 1: field 'image' is bytes, not text"


def test_a_damaged_row_group_costs_its_own_rows(pictures: dict[str, bytes]) -> None:
    rows = table(pictures)
    parquet.write_table(rows, "a.parquet", row_group_size=2, compression="none")
    data = bytearray(Path("a.parquet").read_bytes())
    group = parquet.ParquetFile("a.parquet").metadata.row_group(1)
    start = min(group.column(at).data_page_offset for at in range(3))
    data[start : start + 40] = b"\xff" * 40
    Path("a.parquet").write_bytes(data)
    found = sources("a.parquet", field="image")
    assert [source.id for source in found] == [f"a.parquet:{number}" for number in range(1, 5)]
    assert [source.error is None for source in found] == [True, True, False, False]
    assert "row group is damaged" in found[2].error.message


def test_values_that_python_does_not_hold_cost_no_row(run: Run, classifier: Path) -> None:
    years = pa.array([2**62, None], pa.timestamp("us"))
    offsets, latin = [0, 4, 8], "café bon!".encode("latin-1").replace(b" ", b"")
    buffers = [None, pa.array(offsets, pa.int32()).buffers()[1], pa.py_buffer(latin)]
    texts = pa.Array.from_buffers(pa.string(), 2, buffers)
    parquet.write_table(pa.table({"text": texts, "when": years}), "odd.parquet")
    done = run("classify-text", "odd.parquet", "--text", "fine", "-m", classifier)
    assert done.exit_code == 0
    assert [record["input"] for record in done.records] == [
        "text:1",
        "odd.parquet:1",
        "odd.parquet:2",
    ]
    asked = RowReading(("text",))
    rows = columns.column_rows(io.BytesIO(Path("odd.parquet").read_bytes()), ".parquet", asked)
    assert [row.text for row in rows] == ["caf\N{REPLACEMENT CHARACTER}", "bon!"]


def test_a_damaged_group_that_states_any_number_of_rows_is_one_error() -> None:
    parquet.write_table(pa.table({"text": ["a"] * 77}), "a.parquet")
    table = bytearray(Path("a.parquet").read_bytes())
    end = len(table) - 8
    begin = end - int.from_bytes(table[end : end + 4], "little")
    # 77 and 2**60 as the footer writes numbers: doubled, seven bits a byte, the lowest first.
    footer = table[begin:end].replace(b"\x9a\x01", b"\x80" * 8 + b"\x20")
    table[10:30] = bytes(20)
    broken = bytes(table[:begin] + footer) + len(footer).to_bytes(4, "little") + b"PAR1"
    rows = columns.column_rows(io.BytesIO(broken), ".parquet", RowReading(("text",)))
    with pytest.raises(InputError, match=r"1,152,921,504,606,846,976 rows is none: .*damaged"):
        list(rows)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather"])
def test_a_file_that_ends_early_is_an_error_record(
    run: Run, vit: Path, pictures: dict[str, bytes], name: str
) -> None:
    whole = Path(write(name, table(pictures))).read_bytes()
    Path(name).write_bytes(whole[: len(whole) - 200])
    done = run("classify-image", name, "--field", "image", "-m", vit)
    assert done.exit_code == 1
    assert done.inputs[-1] == name
    assert done.records[-1]["error"]["message"].startswith("the table is damaged")


def test_without_pyarrow_the_command_is_named(
    run: Run, vit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr("taskcli.errors.find_spec", lambda name: None)
    done = run("classify-image", "a.parquet", "--field", "image", "-m", vit)
    assert (done.exit_code, "pip install 'taskcli[parquet]'" in done.stderr) == (2, True)


# webdataset


def shard(name: str, members: dict[str, bytes]) -> str:
    with tarfile.open(name, "w:gz" if name.endswith("gz") else "w") as tar:
        for member, data in members.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return name


def members(pictures: dict[str, bytes]) -> dict[str, bytes]:
    return {
        "in/a.jpg": pictures["small"],
        "in/a.json": json.dumps({"width": 40}).encode(),
        "in/a.seg.png": b"not asked for",
        "in/b.JPG": pictures["wide"],
        "in/b.txt": "größer".encode(),
        "c.json": b"{}",
    }


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz"])
def test_files_of_one_stem_are_a_sample(pictures: dict[str, bytes], name: str) -> None:
    a, b, c = sources(shard(name, members(pictures)), field="jpg")
    assert (a.id, a.data, a.fields) == (
        f"{name}:in/a",
        pictures["small"],
        {"json": {"width": 40}, "seg.png": None},
    )
    assert (b.id, b.data, b.fields) == (f"{name}:in/b", pictures["wide"], {"txt": "größer"})
    assert "sample c has no field 'jpg'; it has 'json'" in c.error.message


def test_samples_are_answered_here_and_elsewhere(
    run: Run, vit: Path, pictures: dict[str, bytes]
) -> None:
    shard("a.tar", members(pictures))
    here = run("classify-image", "a.tar", "--field", "jpg", "-m", vit)
    with serving() as web:
        web.files["/a.tar"] = Path("a.tar").read_bytes()
        there = run("classify-image", f"{web.url}/a.tar?sig=x", "--field", "jpg", "-m", vit)
        assert there.inputs == [f"{web.url}/{id}" for id in here.inputs]
    assert [one.get("result") for one in there.records] == [
        one.get("result") for one in here.records
    ]
    assert here.inputs == ["a.tar:in/a", "a.tar:in/b", "a.tar:c"]


def test_texts_of_samples_are_read(pictures: dict[str, bytes]) -> None:
    shard("a.tar", members(pictures))
    texts = sources("a.tar", field="txt", media=Media.TEXT)
    assert [source.text for source in texts] == [None, "größer", None]


def test_sound_in_rows_is_heard(run: Run, tmp_path: Path) -> None:
    found = sounds(tmp_path)
    path = next(iter(found.values()))
    shard("a.tar", {f"a{path.suffix}": path.read_bytes()})
    words = ["-m", "starter"]
    (record,) = run("classify-audio", "a.tar", "--field", path.suffix[1:], *words).records
    assert record["result"] == run("classify-audio", path, *words).records[0]["result"]


def test_a_shard_that_ends_early_costs_what_is_missing(pictures: dict[str, bytes]) -> None:
    shard("a.tar", {"a.jpg": pictures["small"], "b.jpg": pictures["wide"]})
    whole = Path("a.tar").read_bytes()
    second = 512 + -(-len(pictures["small"]) // 512) * 512
    Path("a.tar").write_bytes(whole[: second + 512 + len(pictures["wide"]) // 2])
    *found, broken = sources("a.tar", field="jpg")
    assert [source.id for source in found] == ["a.tar:a"]
    assert broken.id == "a.tar"
    assert "the shard is damaged" in broken.error.message


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_a_member_that_is_too_large_for_memory_costs_its_own_sample(
    pictures: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("taskcli.inputs.webdataset._LARGEST", 1 << 20)
    zeros = bytes((1 << 20) + 1)
    shard(name, {"a.jpg": zeros, "b.jpg": pictures["wide"], "b.avi": zeros})
    large, b = sources(name, field="jpg")
    assert large.id == f"{name}:a"
    assert large.error.message == "its .jpg has 1,048,577 bytes, and a row may hold 1,048,576"
    assert "tar://" in large.error.hint
    assert (b.data, b.fields) == (pictures["wide"], {"avi": None})
