"""S3 by its own protocol, on loopback: what is read from a bucket, and what is written to one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from checkpoints import cached
from conftest import Finished, parse
from moto.server import ThreadedMotoServer
from pyarrow import parquet
from s3fs import S3FileSystem
from samples import photos

from taskcli.cli.run.reporter import Reporter
from taskcli.errors import StoppedError
from taskcli.remote.stores import _made
from taskcli.remote.uploading import Upload

Run = Callable[..., Finished]
SECRET = "hunter2hunter2"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3FileSystem]:
    """A bucket `box`, whose endpoint and key stand in the environment, as users have them."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "user",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    _made.cache_clear()
    files = S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    files.mkdir("box")
    yield files
    files.rm("box", recursive=True)
    _made.cache_clear()


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, bytes]:
    found = photos(tmp_path)
    return {f"{name}.png": found[name].read_bytes() for name in ("small", "wide")}


@pytest.fixture(scope="module")
def vit() -> Path:
    return cached("vit")


@pytest.mark.long
def test_objects_folders_and_globs_are_read(
    run: Run, vit: Path, s3: S3FileSystem, pictures: dict[str, bytes]
) -> None:
    for name, data in pictures.items():
        Path(name).write_bytes(data)
        s3.pipe_file(f"box/in/{name}", data)
    s3.pipe_file("box/in/deep/a.png", pictures["small.png"])
    small, wide, deep = (f"s3://box/in/{name}" for name in ("small.png", "wide.png", "deep/a.png"))
    here = run("classify-image", *pictures, "-m", vit)
    there = run("classify-image", small, wide, "-m", vit)
    assert there.inputs == [small, wide]
    assert [one["result"] for one in there.records] == [one["result"] for one in here.records]
    assert run("classify-image", "s3://box/in/", "-m", vit).inputs == [small, wide]
    assert run("classify-image", "s3://box/in", "-r", "-m", vit).inputs == [deep, small, wide]
    assert run("classify-image", "s3://box/in/w*.png", "-m", vit).inputs == [wide]
    assert run("classify-image", "s3://box/**/a.png", "-m", vit).inputs == [deep]


def test_what_is_not_there_costs_its_input_and_tells_no_key(
    run: Run, vit: Path, s3: S3FileSystem, pictures: dict[str, bytes]
) -> None:
    s3.pipe_file("box/a.png", pictures["small.png"])
    s3.pipe_file("box/empty.png", b"")
    urls = ["s3://box/none.png", "s3://nobox/a.png", "s3://box/empty.png", "s3://box/a.png"]
    done = run("classify-image", *urls, "-m", vit, "--retries", 0)
    assert done.inputs == urls
    messages = [record.get("error", {}).get("message") for record in done.records]
    assert messages == [
        "it cannot be fetched: it is not there",
        "it cannot be fetched: it is not there",
        "the input is empty",
        None,
    ]
    assert SECRET not in done.stdout + done.stderr
    nothing = run("classify-image", "s3://nobox/*.png", "-m", vit)
    assert nothing.exit_code == 2


def test_answers_go_to_a_bucket_in_every_kind_of_format(
    run: Run, classifier: Path, s3: S3FileSystem
) -> None:
    words = ("classify-text", "--text", "fine", "--text", " ", "-m", classifier)
    here = run(*words)
    assert run(*words, "-o", "s3://box/out/a.jsonl").exit_code == 1
    assert s3.cat_file("box/out/a.jsonl").decode() == here.stdout
    run(*words, "-o", "s3://box/a.json")
    assert json.loads(s3.cat_file("box/a.json")) == here.records
    run(*words, "-o", "s3://box/a.csv")
    assert s3.cat_file("box/a.csv").startswith(b"\xef\xbb\xbfinput,")
    run(*words, "-o", "s3://box/a.parquet")
    with s3.open("box/a.parquet") as stream:
        rows = parquet.read_table(stream).to_pylist()
    assert [row["input"] for row in rows] == here.inputs
    assert not list(Path().glob("s3*")), "nothing is written on this disk"


@pytest.mark.long
def test_what_is_there_is_kept_and_places_that_cannot_be_are_refused(
    run: Run, classifier: Path, s3: S3FileSystem
) -> None:
    s3.pipe_file("box/a.jsonl", b"old\n")
    s3.pipe_file("box/in.txt", b"fine")
    s3.pipe_file("box/deep/a.txt", b"fine")
    words = ("classify-text", "--text", "fine", "-m", classifier, "-f", "jsonl", "-o")
    refused = {
        "s3://box/a.jsonl": "s3://box/a.jsonl exists already",
        "s3://nobox/a.jsonl": "it cannot be written: it is not there",
        "https://h.example/a.jsonl": "a web server is not written to",
        "s3://box/deep": "s3://box/deep is a folder",
    }
    for url, message in refused.items():
        done = run(*words, url)
        assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
    resumed = run(*words, "s3://box/b.jsonl", "--resume")
    assert (resumed.exit_code, "write to a .jsonl here" in resumed.stderr) == (2, True)
    own = run(
        "classify-text", "s3://box/in.txt", "-m", classifier, "-f", "jsonl",
        "-o", "s3://box/in.txt", "--overwrite",
    )  # fmt: skip
    assert (own.exit_code, "is one of the inputs" in own.stderr) == (2, True)
    report = run(*words, "s3://box/b.jsonl", "--report", "s3://box/b.html")
    assert (report.exit_code, "on this disk only" in report.stderr) == (2, True)
    assert s3.cat_file("box/a.jsonl") == b"old\n"
    assert run(*words, "s3://box/a.jsonl", "--overwrite").exit_code == 0
    assert len(parse(s3.cat_file("box/a.jsonl").decode())) == 1


def test_large_answers_are_sent_in_parts_and_taken_back_if_they_fail(s3: S3FileSystem) -> None:
    line = "x" * (1 << 20)
    upload = Upload("s3://box/large.txt")
    for _ in range(10):
        upload.write(line)
    assert not s3.exists("box/large.txt")
    (begun,) = s3.call_s3("list_multipart_uploads", Bucket="box")["Uploads"]
    parts = s3.call_s3(
        "list_parts", Bucket="box", Key="large.txt", UploadId=begun["UploadId"]
    )["Parts"]  # fmt: skip
    assert sum(part["Size"] for part in parts) >= 8 << 20
    upload.finish()
    assert s3.info("box/large.txt")["size"] == 10 << 20
    lost = Upload("s3://box/lost.txt")
    for _ in range(10):
        lost.write(line)
    lost.forget()
    del lost
    assert not s3.exists("box/lost.txt")
    assert "Uploads" not in s3.call_s3("list_multipart_uploads", Bucket="box")


@pytest.mark.parametrize(("name", "left"), [("a.jsonl", 1), ("a.json", 1), ("a.parquet", None)])
def test_a_run_that_stops_leaves_whole_answers_or_none(
    run: Run, classifier: Path, s3: S3FileSystem, monkeypatch: pytest.MonkeyPatch, name: str,
    left: int | None,
) -> None:  # fmt: skip
    words = ["--text", "fine", "--text", "bad", "-m", classifier, "--batch-size", 1]
    told = Reporter.note
    count = iter(range(9))

    def lose(self: Any, *given: Any) -> None:
        told(self, *given)
        if next(count) == 0:
            raise StoppedError("the device is lost")

    monkeypatch.setattr(Reporter, "note", lose)
    done = run("classify-text", *words, "-o", f"s3://box/{name}")
    assert done.exit_code == 4
    if left is None:
        assert not s3.exists(f"box/{name}")
    else:
        content = s3.cat_file(f"box/{name}").decode()
        found = json.loads(content) if name == "a.json" else parse(content)
        assert len(found) == left


def test_offline_writes_nothing_elsewhere(run: Run, classifier: Path) -> None:
    words = ("--text", "fine", "-m", classifier, "--offline", "-o", "s3://box/a.jsonl")
    refused = run("classify-text", *words)
    assert (refused.exit_code, "--offline" in refused.stderr) == (2, True)
