"""Inputs that are elsewhere: on a web server, in a store, in an archive; and what breaks there."""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from checkpoints import cached
from conftest import Finished, parse
from samples import photos, sounds
from web_server import Version6, Web, serving

from taskcli.media.decode.decoder import Decoder
from taskcli.media.items import LongSound, Media
from taskcli.media.source import Source
from taskcli.remote.fetching import RemoteFile
from taskcli.remote.urls import redacted, url_of, without_secrets

Run = Callable[..., Finished]
QUICK = ("--retries", 1, "--timeout", 0.4)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as served:
        yield served


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, bytes]:
    """Three pictures by their names."""
    found = photos(tmp_path)
    return {found[name].name: found[name].read_bytes() for name in ("small", "square", "wide")}


@pytest.fixture
def memory() -> Iterator[Callable[[dict[str, bytes]], None]]:
    """Files in fsspec's store of this process, by their paths."""
    from fsspec.implementations.memory import MemoryFileSystem

    files = MemoryFileSystem()
    yield lambda given: [files.pipe_file(f"/{name}", data) for name, data in given.items()]
    files.rm("/", recursive=True)


@pytest.fixture(scope="module")
def vit() -> Path:
    return cached("vit")


def answers(done: Finished) -> list[Any]:
    return [record.get("result") for record in done.records]


def archive(kind: str, files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as made:
            for name, data in files.items():
                made.writestr(name, data)
    else:
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


# What a URL may be shown as


SECRETS = {
    "https://user:hunter2@host.example/a.jpg": "https://host.example/a.jpg",
    "https://hunter2@host.example/a.jpg": "https://host.example/a.jpg",
    "https://h.example/a.jpg?X-Amz-Signature=hunter2&X-Amz-Date=1&versionId=7": (
        "https://h.example/a.jpg?versionId=7"
    ),
    "https://h.example/a.jpg?x-goog-signature=hunter2": "https://h.example/a.jpg",
    "https://a.blob.core.windows.net/c/a.jpg?sv=2024&sr=b&sig=hunter2%2B&se=2030": (
        "https://a.blob.core.windows.net/c/a.jpg"
    ),
    "https://h.example/a?access_token=hunter2&page=2": "https://h.example/a?page=2",
    "https://h.example/a?api-key=hunter2": "https://h.example/a",
    "https://h.example/a?APIKEY=hunter2": "https://h.example/a",
    "https://h.example/a?AWSAccessKeyId=hunter2&Signature=hunter2&Expires=1": "https://h.example/a",
    "https://h.example/a?a=1;token=hunter2": "https://h.example/a?a=1",
    "https://h.example/a?toke%6e=hunter2": "https://h.example/a",
    "https://h.example/a#access_token=hunter2": "https://h.example/a",
    "https://h.example/a?next=https://u:hunter2@other.example/&w=2": (
        "https://h.example/a?next=https%3A%2F%2Fother.example%2F&w=2"
    ),
    "https://h.example/a?q=see+http://u:hunter2@b/&r=a+b": (
        "https://h.example/a?q=see%20http%3A%2F%2Fb%2F&r=a+b"
    ),
    "https://h.example/a?code=hunter2": "https://h.example/a?code=hidden-312b830b",
    "https://h.example/a?auth_key=hunter2;b=2;c=3": "https://h.example/a?b=2;c=3",
    "https://h.example/a?Policy=hunter2&Key-Pair-Id=hunter2&Signature=hunter2": (
        "https://h.example/a"
    ),
    "https://u:hunter2@[2001:db8::1]:80/a?sig=hunter2": "https://[2001:db8::1]:80/a",
    "https://u:hunter2@h.example:8443/a.jpg": "https://h.example:8443/a.jpg",
    "https://u:p@ss@hunter2@h.example/a.jpg": "https://h.example/a.jpg",
    "zip://a/b.jpg::https://u:hunter2@h.example/a.zip?sig=hunter2": (
        "zip://a/b.jpg::https://h.example/a.zip"
    ),
    "s3://key:hunter2@bucket/a.jpg": "s3://bucket/a.jpg",
    "abfss://box@account.dfs.core.windows.net/a": "abfss://box@account.dfs.core.windows.net/a",
    "abfss://u:hunter2@account.dfs.core.windows.net/a": "abfss://account.dfs.core.windows.net/a",
    "zip://a#1.jpg::https://h.example/a.zip#hunter2": "zip://a#1.jpg::https://h.example/a.zip",
    "https://[hunter2/a.jpg": "https://…",
    "HTTPS://u:hunter2@h.example/": "https://h.example/",
}


@pytest.mark.parametrize("url", SECRETS)
def test_secrets_are_not_shown(url: str) -> None:
    assert redacted(url) == SECRETS[url]
    assert "hunter2" not in redacted(url)
    assert redacted(redacted(url)) == redacted(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/a%20b.jpg?size=2&page=",
        "s3://bucket/a b/c?.jpg",
        "a/b::c.txt",
        "s3://bucket/a#1.jpg",
        "zip://x.png::pictures.zip",
        "zip://a#1.png::pictures.zip",
        "zip://a@1.png::pictures.zip",
        "zip://q?token=1.png::pictures.zip",
        "tar://b[1].png::zip://a#1.tar::pictures.zip",
        "zip://::pictures.zip",
        "http://[::1]:8765/p.jpg?key=a.jpg&st=2",
        "tar://a.jpg::http://[fe80::1%25eth0]/a.tar",
        "https://h.example/?url=http%3A%2F%2Fb.example%2Fa.jpg",
    ],
)
def test_what_is_no_secret_stays_as_it_is(url: str) -> None:
    assert redacted(url) == url


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("key=a.jpg", "key=b.jpg"),
        ("key=1", "key=2"),
        ("code=a", "code=b"),
        ("code=%fe", "code=%ff"),
        ("session=1", "session=2"),
        ("author=jane", "author=joan"),
        ("tokenizer=a", "tokenizer=b"),
        ("page_token=a", "page_token=b"),
        *((f"{name}=1", f"{name}=2") for name in ("st", "sp", "si", "policy")),
        ("url=http://b.example/1.jpg", "url=http://b.example/2.jpg"),
        ("url=http://u:p@b.example/1.jpg", "url=http://u:p@b.example/2.jpg"),
        ("a=1&sig=s", "a=2&sig=s"),
        ("flag&sig=s", "flag=&sig=s"),
    ],
)
def test_urls_of_two_files_have_two_names(one: str, other: str) -> None:
    names = {redacted(f"https://h.example/p?{query}") for query in (one, other)}
    assert len(names) == 2
    assert names == {redacted(name) for name in names}


def test_urls_in_a_message_are_shown_without_secrets() -> None:
    text = "cannot open 'https://u:hunter2@h.example/a?sig=hunter2': <s3://k:hunter2@b/x> failed"
    assert without_secrets(text) == "cannot open 'https://h.example/a': <s3://b/x> failed"


def test_a_url_that_became_a_path_is_known_again() -> None:
    assert url_of(Path("s3://bucket/a/b.jsonl")) == "s3://bucket/a/b.jsonl"
    assert url_of(Path("answers/b.jsonl")) is None
    assert url_of(Path("s3/b.jsonl")) is None


def test_credentials_reach_no_record_no_message_and_no_page(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    web.files["/a.png"] = pictures["small.png"]
    web.faults["/b.png"] = "403"
    host = web.url.removeprefix("http://")
    secret = "?X-Amz-Signature=hunter2&X-Amz-Credential=hunter2"
    urls = [f"http://user:hunter2@{host}/{name}{secret}" for name in ("a.png", "b.png", "c.png")]
    done = run("classify-image", *urls, "-m", vit, "--report", "page.html", *QUICK)
    assert done.inputs == [f"http://{host}/{name}" for name in ("a.png", "b.png", "c.png")]
    assert web.headers[0]["Authorization"].startswith("Basic ")
    assert "hunter2" not in done.stdout + done.stderr + Path("page.html").read_text()
    assert f"http://{host}/a.png" in Path("page.html").read_text()
    planned = run("classify-image", *urls, "-m", vit, "--dry-run")
    assert "hunter2" not in planned.stdout + planned.stderr


# Where inputs may be


def test_pictures_on_a_web_server_are_answered_as_those_on_disk(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    for name, data in pictures.items():
        Path(name).write_bytes(data)
        web.files[f"/in/{name}"] = data
    urls = [f"{web.url}/in/{name}?version=2" for name in pictures]
    here = run("classify-image", *pictures, "-m", vit)
    there = run("classify-image", *urls, "-m", vit)
    assert there.inputs == urls
    assert answers(there) == answers(here)
    assert set(web.asked.values()) == {1}


def test_globs_and_folders_of_a_store(
    run: Run, vit: Path, memory: Callable[..., None], pictures: dict[str, bytes]
) -> None:
    small = pictures["small.png"]
    names = ["box/in/b.png", "box/in/a.png", "box/in/deep/c.png", "box/in/._a.png", "box/in/n.csv"]
    memory(dict.fromkeys(names, small))
    a, b, c = (f"memory://box/in/{name}" for name in ("a.png", "b.png", "deep/c.png"))
    every = run("classify-image", "memory://box/in/*.png", "-m", vit)
    assert every.inputs == ["memory://box/in/._a.png", a, b]
    odd = run("classify-image", "memory://box/in/**.png", "-m", vit)
    assert (odd.exit_code, "** stands for whole folders" in odd.stderr) == (2, True)
    assert run("classify-image", "memory://box/in/**/*[a-c].png", "-m", vit).inputs[1:] == [a, b, c]
    folder = run("classify-image", "memory://box/in/", "-m", vit)
    assert folder.inputs == [a, b]
    assert "passed over 1 .csv, 1 folder (-r descends)" in folder.stderr
    assert run("classify-image", "memory://box/in", "-r", "-m", vit).inputs == [a, b, c]
    nothing = run("classify-image", "memory://box/in/*.jpg", "-m", vit)
    assert (nothing.exit_code, "nothing matches memory://box" in nothing.stderr) == (2, True)
    empty = run("classify-image", "memory://box/none/", "-m", vit)
    assert (empty.exit_code, "it is not there" in empty.stderr) == (2, True)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_files_in_an_archive_wherever_it_is(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes], kind: str
) -> None:
    inside = {"a.png": pictures["small.png"], "in/b.png": pictures["square.jpg"], "in/c.txt": b"c"}
    packed = archive(kind, inside)
    Path(f"here.{kind}").write_bytes(packed)
    web.files["/there"] = packed
    for whole in (f"here.{kind}", f"{web.url}/there"):
        one = run("classify-image", f"{kind}://in/b.png::{whole}", "-m", vit)
        assert one.inputs == [f"{kind}://in/b.png::{whole}"]
        assert run("classify-image", f"{kind}://*.png::{whole}", "-m", vit).inputs == [
            f"{kind}://a.png::{whole}"
        ]
        every = run("classify-image", f"{kind}://::{whole}", "-r", "-m", vit)
        assert every.inputs == [f"{kind}://{name}::{whole}" for name in ("a.png", "in/b.png")]
        assert answers(every)[1] == answers(one)[0]
        missing = run("classify-image", f"{kind}://x.png::{whole}", "-m", vit)
        assert missing.records[0]["error"]["message"] == "the archive holds no such file"
    web.asked.clear()
    assert run("classify-image", f"{kind}://::{web.url}/there", "-r", "-m", vit).exit_code == 0
    assert web.asked["/there"] == 1


def test_a_broken_archive_costs_its_files_and_is_fetched_once(
    run: Run, vit: Path, web: Web
) -> None:
    web.files["/a.zip"] = b"PK\3\4 no archive"
    urls = [f"zip://{name}.png::{web.url}/a.zip" for name in "abc"]
    done = run("classify-image", *urls, "-m", vit)
    assert [record["error"]["message"] for record in done.records] == [
        "its archive is damaged, or is none"
    ] * 3
    assert web.asked["/a.zip"] == 1


def test_each_file_of_an_archive_has_a_name_of_its_own(
    run: Run, vit: Path, pictures: dict[str, bytes]
) -> None:
    names = ["a#1.png", "a#2.png", "b@1.png", "c@1.png", "q?token=1.png", "q?token=2.png"]
    packed = archive("zip", dict.fromkeys(names, pictures["small.png"]))
    Path("odd.zip").write_bytes(packed)
    done = run("classify-image", "zip://*.png::odd.zip", "-m", vit)
    assert [record["input"] for record in done.records] == [f"zip://{n}::odd.zip" for n in names]


@pytest.mark.parametrize("how", ["call", "list", "pipe"])
def test_an_archive_that_is_read_is_never_replaced(
    run: Run, vit: Path, pictures: dict[str, bytes], how: str
) -> None:
    packed = archive("zip", pictures)
    Path("all.jsonl").write_bytes(packed)
    word = "zip://small.png::./all.jsonl"
    Path("list.txt").write_text(word)
    words = {"call": [word], "list": ["--files-from", "list.txt"], "pipe": ["--files-from", "-"]}
    given = word if how == "pipe" else ""
    write = ("-o", "all.jsonl", "--overwrite", "--allow-remote")
    done = run("classify-image", *words[how], *write, "-m", vit, stdin=given)
    assert done.exit_code == (4 if how == "pipe" else 2)
    assert "an input is never replaced" in done.stderr
    assert Path("all.jsonl").read_bytes() == packed


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_bomb_in_an_archive_is_refused_by_its_header(
    run: Run, vit: Path, pictures: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("taskcli.remote.archives._BOMB_BYTES", 1 << 20)
    files = {"bomb.png": bytes(4 << 20), "a.png": pictures["small.png"]}
    if kind == "tar":
        Path("packed").write_bytes(gzip.compress(archive("tar", files)))
    else:
        with zipfile.ZipFile("packed", "w", zipfile.ZIP_DEFLATED) as made:
            for name, data in files.items():
                made.writestr(name, data)
    urls = [f"{kind}://{name}::packed" for name in files]
    bomb, honest = run("classify-image", *urls, "-m", vit).records
    assert bomb["error"]["message"] == "it would unpack to 4,194,304 bytes, as a bomb does"
    assert "result" in honest


@pytest.mark.parametrize("how", ["call", "glob", "chain", "list"])
def test_an_archive_that_is_not_there_is_refused_as_a_file_is(
    run: Run, vit: Path, how: str
) -> None:
    words = {
        "call": ["zip://a.jpg::nofile.zip"],
        "glob": ["zip://*.jpg::nofile.zip"],
        "chain": ["tar://a.jpg::zip://b.tar::nofile.zip"],
        "list": ["--files-from", "list.txt", "--allow-remote"],
    }
    Path("list.txt").write_text("zip://a.jpg::nofile.zip\n")
    done = run("classify-image", *words[how], "-m", vit)
    assert done.exit_code == 2
    assert "no such file: nofile.zip" in done.stderr
    assert not done.records


def test_a_row_that_names_an_archive_that_is_not_there_costs_itself(run: Run, vit: Path) -> None:
    Path("table.csv").write_text("where\nzip://a.jpg::nofile.zip\n")
    done = run("classify-image", "table.csv", "--field", "where", "--allow-remote", "-m", vit)
    assert done.exit_code == 1
    assert "no such file: nofile.zip" in done.records[0]["error"]["message"]


def test_links_in_an_archive_are_no_files(run: Run, vit: Path) -> None:
    with tarfile.open("links.tar", "w") as tar:
        for name, kind in {"soft.png": tarfile.SYMTYPE, "hard.png": tarfile.LNKTYPE}.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    done = run(
        "classify-image", "tar://soft.png::links.tar", "tar://hard.png::links.tar", "-m", vit
    )
    messages = {record["error"]["message"] for record in done.records}
    assert messages == {"the archive holds no such file"}
    assert run("classify-image", "tar://*.png::links.tar", "-m", vit).exit_code == 2


def test_recordings_short_and_long_come_from_a_server(run: Run, web: Web, tmp_path: Path) -> None:
    found = sounds(tmp_path)
    for name, path in found.items():
        web.files[f"/{name}{path.suffix}"] = path.read_bytes()
    here = run("classify-audio", *found.values(), "-m", "starter")
    there = run("classify-audio", *(f"{web.url}{path}" for path in web.files), "-m", "starter")
    assert answers(there) == answers(here)


def test_a_host_may_be_an_address_of_ipv6(run: Run, vit: Path, pictures: dict[str, bytes]) -> None:
    with serving(Version6) as web:
        web.files |= {"/a.png": pictures["small.png"], "/b.zip": archive("zip", pictures)}
        urls = [f"{web.url}/a.png", f"zip://small.png::{web.url}/b.zip"]
        done = run("classify-image", *urls, "-m", vit)
    assert done.inputs == urls
    assert answers(done)[0] == answers(done)[1] is not None


def test_resuming_answers_what_differs_in_its_query_alone(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    web.files["/p"] = pictures["small.png"]
    urls = [f"{web.url}/p?key={name}.png" for name in "ab"]
    run("classify-image", urls[0], "-m", vit, "-o", "out.jsonl")
    assert run("classify-image", *urls, "-m", vit, "-o", "out.jsonl", "--resume").exit_code == 0
    records = parse(Path("out.jsonl").read_text())
    assert [record["input"] for record in records] == urls


def test_texts_lines_and_tables_come_from_a_server(run: Run, web: Web, classifier: Path) -> None:
    web.files |= {
        "/a.txt": b"It is good.\n",
        "/b.csv": b"id,text\n1,fine\n2,bad\n",
        "/c.jsonl": b'{"text": "fine"}\n{"no": 1}\n',
        "/d.csv": b"words\nfine\n",
    }
    urls = {path[1]: f"{web.url}{path}" for path in web.files}
    done = run("classify-text", *(urls[name] for name in "abc"), "-m", classifier)
    rows = [f"{urls[name]}:{line}" for name, line in ("b2", "b3", "c1", "c2")]
    assert done.inputs == [urls["a"], *rows]
    assert ["error" in record for record in done.records] == [False] * 4 + [True]
    lines = run("classify-text", urls["a"], "--lines", "-m", classifier)
    assert lines.inputs == [f"{urls['a']}:1"]
    refused = run("classify-text", urls["d"], "-m", classifier)
    assert (refused.exit_code, f"{urls['d']} has no field 'text'" in refused.stderr) == (2, True)


def test_a_long_recording_is_spooled_to_disk_and_read_on(web: Web, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    noise = np.random.default_rng(0).normal(0, 0.1, 8000 * 11 * 60).astype(np.float32)
    soundfile.write(path, noise, 8000)
    web.files["/long.wav"] = path.read_bytes()
    decode = Decoder(Media.AUDIO)
    heard = []
    for source in (
        Source("here", path=str(path)),
        Source("there", remote=RemoteFile(f"{web.url}/long.wav")),
    ):
        item = decode(source)
        assert isinstance(item, LongSound)
        heard.append(np.concatenate([piece for piece in item.pieces if piece is not None]))
    assert np.array_equal(*heard)
    assert not isinstance(RemoteFile(f"{web.url}/long.wav").open(), io.BytesIO)


# Who may name a URL


@pytest.mark.parametrize("named", ["list", "stdin", "column", "our records"])
def test_a_url_in_a_list_is_fetched_only_where_that_is_allowed(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes], named: str
) -> None:
    web.files["/a.png"] = pictures["small.png"]
    url = f"{web.url}/a.png?token=hunter2"
    Path("list.txt").write_text(f"{url}\n")
    Path("table.csv").write_text(f"n,where\n1,{url}\n")
    record = json.dumps({"input": url, "task": "detect", "result": []})
    words: list[Any] = {
        "list": ["--files-from", "list.txt"],
        "stdin": ["--files-from", "-"],
        "column": ["table.csv", "--field", "where"],
        "our records": ["-", "--field", "input"],
    }[named]
    stdin = {"stdin": f"{url}\n", "our records": f"{record}\n"}.get(named, "")
    refused = run("classify-image", *words, "-m", vit, stdin=stdin)
    said = refused.stderr + refused.stdout
    assert refused.exit_code == (2 if named == "list" else 1)
    assert f"names a URL, {web.url}/a.png" in said
    assert "--allow-remote" in said
    assert not web.asked
    done = run("classify-image", *words, "-m", vit, "--allow-remote", stdin=stdin)
    assert done.exit_code == 0
    assert web.asked["/a.png"] == 1
    assert "hunter2" not in done.stdout + done.stderr + said


def test_a_settings_file_in_the_working_folder_does_not_allow_it(run: Run, vit: Path) -> None:
    Path("taskcli.toml").write_text("allow-remote = true\n")
    refused = run("classify-image", "x.png", "-m", vit)
    assert refused.exit_code == 2
    assert "allow" in refused.stderr


def test_offline_reads_nothing_elsewhere(run: Run, vit: Path, web: Web) -> None:
    refused = run("classify-image", f"{web.url}/a.png", "-m", vit, "--offline")
    assert (refused.exit_code, "--offline" in refused.stderr) == (2, True)
    assert not web.asked


# What breaks there


FAULTS = {
    "404": ("it is not there", 1),
    "403": ("access is denied (403)", 1),
    "500": ("the server answers 500, tried 2 times", 2),
    "reset": ("the connection", 2),
    "short": ("the connection broke in the middle, tried 2 times", 2),
    "slow": ("it comes too slowly", 1),
    "silent": ("no byte came in time, tried 2 times", 2),
    "to file:///etc/passwd": ("it redirects to an address of another kind", 1),
    "to ftp://127.0.0.1/a.png": ("it redirects to an address of another kind", 1),
}


def test_each_fault_costs_its_own_input(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    for number, fault in enumerate(FAULTS):
        web.files[f"/{number}.png"] = pictures["wide.png"]
        web.faults[f"/{number}.png"] = fault
    web.files["/good.png"] = pictures["small.png"]
    urls = [f"{web.url}/{number}.png" for number in range(len(FAULTS))]
    done = run("classify-image", *urls, f"{web.url}/good.png", "-m", vit, *QUICK)
    assert done.exit_code == 1
    assert done.inputs == [*urls, f"{web.url}/good.png"]
    assert "result" in done.records[-1]
    for number, (message, times) in enumerate(FAULTS.values()):
        error = done.records[number]["error"]["message"]
        assert error.startswith(f"it cannot be fetched: {message}"), (number, error)
        assert web.asked[f"/{number}.png"] == times, error


@pytest.mark.parametrize("fault", ["500 1", "503 2", "short 1", "reset 1", "silent 1"])
def test_what_passes_is_tried_again(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes], fault: str
) -> None:
    web.files["/a.png"], web.faults["/a.png"] = pictures["wide.png"], fault
    done = run("classify-image", f"{web.url}/a.png", "-m", vit, "--retries", 2, "--timeout", 0.4)
    assert done.exit_code == 0
    assert web.asked["/a.png"] == 1 + int(fault.split()[1])


def test_a_redirect_to_the_same_kind_is_followed_without_credentials(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    with serving() as other:
        other.files["/b.png"] = pictures["small.png"]
        web.faults["/a.png"] = f"to {other.url}/b.png"
        host = web.url.removeprefix("http://")
        assert run("classify-image", f"http://u:hunter2@{host}/a.png", "-m", vit).exit_code == 0
        assert "Authorization" in web.headers[0]
        assert "Authorization" not in other.headers[0]


def test_a_server_that_is_not_there_is_an_error_record(run: Run, vit: Path) -> None:
    with serving() as gone:
        url = f"{gone.url}/a.png"
    (record,) = run("classify-image", url, "-m", vit, "--retries", 0).records
    assert record["error"]["message"] == "it cannot be fetched: the connection failed"


def test_a_missing_extra_is_one_line_with_the_command(
    run: Run, vit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcli.errors.find_spec", lambda name: None)
    done = run("classify-image", "gs://bucket/a.png", "-m", vit)
    assert done.exit_code == 2
    assert "Google Cloud Storage is read with gcsfs, which is not installed" in done.stderr
    assert "pip install 'taskcli[gcs]'" in done.stderr


# How they are fetched


def test_several_are_fetched_at_once_and_order_is_kept(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    web.pause = 0.05
    urls = []
    for number in range(16):
        web.files[f"/{number}.png"] = pictures["small.png"]
        urls.append(f"{web.url}/{number}.png")
    done = run("classify-image", *urls, "-m", vit)
    assert done.inputs == urls
    assert 4 <= web.most_at_once <= 8


def test_a_run_over_urls_is_resumed(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    for name in ("a", "b"):
        web.files[f"/{name}.png"] = pictures["small.png"]
    signed = [f"{web.url}/{name}.png?X-Amz-Signature=hunter2" for name in "ab"]
    run("classify-image", signed[0], "-m", vit, "-o", "out.jsonl")
    signed = [url.replace("hunter2", "anew") for url in signed]
    assert run("classify-image", *signed, "-m", vit, "-o", "out.jsonl", "--resume").exit_code == 0
    records = parse(Path("out.jsonl").read_text())
    assert [record["input"] for record in records] == [f"{web.url}/{name}.png" for name in "ab"]
    assert web.asked["/b.png"] == 1
    web.asked.clear()
    assert run("classify-image", *signed, "-m", vit, "-o", "out.jsonl", "--resume").exit_code == 0
    assert not web.asked


def test_a_share_of_urls_is_told_by_them(
    run: Run, vit: Path, web: Web, pictures: dict[str, bytes]
) -> None:
    urls = [f"{web.url}/{number}.png?sig=hunter2" for number in range(6)]
    web.files |= {f"/{number}.png": pictures["small.png"] for number in range(6)}
    shares = [run("classify-image", *urls, "-m", vit, "--shard", f"{n}/2").inputs for n in (1, 2)]
    assert sorted([*shares[0], *shares[1]]) == [f"{web.url}/{number}.png" for number in range(6)]


def test_files_beside_the_records_and_formats_are_named_after_urls(
    run: Run, web: Web, pictures: dict[str, bytes]
) -> None:
    web.files |= {"/x/a.png": pictures["small.png"], "/y/a.png": pictures["wide.png"]}
    urls = [f"{web.url}{path}?sig=hunter2" for path in web.files]
    words = ("detect", *urls, "-m", "starter", "--threshold", 0.0)
    saved = run(*words, "--save-dir", "saved")
    files = [name for record in saved.records for name in record["files"]]
    assert len(files) == len(set(files))
    assert all(Path(name).is_file() for name in files)
    assert "hunter2" not in " ".join(files)
    run(*words, "--format", "coco", "-o", "coco.json")
    images = json.loads(Path("coco.json").read_text())["images"]
    assert [(one["id"], one["file_name"]) for one in images] == [
        (1, f"{web.url}/x/a.png"),
        (2, f"{web.url}/y/a.png"),
    ]
    planned = run(*words, "--dry-run", "--save-dir", "planned").stdout
    assert f"{web.url}/x/a.png" in planned
    assert re.search(r"planned/\S+/x/a", planned)
    run(*words, "--report", "page.html")
    assert Path("page.html").read_text().count('"image": "data:image/jpeg') == 2


def test_the_library_reads_urls_too(web: Web, vit: Path, pictures: dict[str, bytes]) -> None:
    from taskcli import load

    web.files["/a.png"] = pictures["small.png"]
    (record,) = load("classify-image", str(vit))(f"{web.url}/a.png")
    assert record.error is None
    assert record.input == f"{web.url}/a.png"
