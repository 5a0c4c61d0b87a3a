"""From words on the command line to sources: names, order, ids, and what cannot be read."""

import io
import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from taskcli.errors import UsageError
from taskcli.items import Media
from taskcli.sources import Reading, Source, Sources, printable, resolve

TEXT = Reading(Media.TEXT)
IMAGE = Reading(Media.IMAGE)
AUDIO = Reading(Media.AUDIO)


def tree(*names: str, content: bytes = b"words") -> None:
    """Files in the current folder, with the folders that they need."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)


def found(*words: str, reading: Reading = TEXT, **how: Any) -> list[Source]:
    stdin = io.BytesIO(how.pop("stdin", b""))
    return list(resolve(words, reading, stdin=stdin, **how).items)


def ids(*words: str, **how: Any) -> list[str]:
    return [source.id for source in found(*words, **how)]


def texts(*words: str, **how: Any) -> list[str | None]:
    return [source.text for source in found(*words, **how)]


def errors(*words: str, **how: Any) -> list[str | None]:
    """The error message of every source, None for a good one."""
    return [source.error and source.error.message for source in found(*words, **how)]


def jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


# Files, globs, folders


def test_files_keep_the_order_and_the_names_that_were_given() -> None:
    tree("b.txt", "a.txt", "sub/c.txt")
    assert ids("b.txt", "./a.txt", "sub/../sub/c.txt") == ["b.txt", "./a.txt", "sub/../sub/c.txt"]


def test_a_file_named_outright_may_have_any_extension() -> None:
    tree("photo.weird")
    assert ids("photo.weird", reading=IMAGE) == ["photo.weird"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    {
        "*.txt": ["a.txt", "b.txt"],
        "**/*.txt": ["a.txt", "b.txt", "sub/c.txt", "sub/deep/d.txt"],
        "sub/**": ["sub/c.txt", "sub/deep/d.txt"],
        "sub/**/*.txt": ["sub/c.txt", "sub/deep/d.txt"],
        "./**/d.txt": ["./sub/deep/d.txt"],
        "**/deep/**/*.txt": ["sub/deep/d.txt"],
        "[ab].txt": ["a.txt", "b.txt"],
        "s*/c.t?t": ["sub/c.txt"],
    }.items(),
)
def test_a_glob_is_expanded_and_sorted(pattern: str, matched: list[str]) -> None:
    tree("b.txt", "a.txt", "sub/c.txt", "sub/deep/d.txt", ".hidden/e.txt", "other.md.not")
    assert ids(pattern) == matched


def test_a_glob_may_be_absolute(tmp_path: Path) -> None:
    tree("sub/c.txt")
    assert ids(f"{tmp_path}/**/*.txt") == [f"{tmp_path}/work/sub/c.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file() -> None:
    tree("a[1].txt", "a1.txt", "b*.txt", "b2.txt")
    assert ids("a[1].txt", "b*.txt") == ["a[1].txt", "b*.txt"]


def test_a_folder_gives_its_files_of_the_medium() -> None:
    tree("in/b.JPG", "in/a.png", "in/notes.txt", "in/talk.wav", "in/sub/c.jpg")
    assert ids("in", reading=IMAGE) == ["in/a.png", "in/b.JPG"]
    assert ids("in", reading=TEXT) == ["in/notes.txt"]
    assert ids("in", reading=AUDIO) == ["in/talk.wav"]


def test_recursive_descends_into_folders() -> None:
    tree("in/b.jpg", "in/sub/c.jpg", "in/sub/deep/d.jpg")
    reading = Reading(Media.IMAGE, recursive=True)
    assert ids("in/", reading=reading) == ["in/b.jpg", "in/sub/c.jpg", "in/sub/deep/d.jpg"]


@pytest.mark.parametrize("words", [["in/**/*.txt"], ["in"]])
def test_links_that_form_loops_are_not_followed(words: list[str]) -> None:
    tree("in/a.txt")
    for name in ("one", "two", "three"):
        Path("in", name).symlink_to(".", target_is_directory=True)
    assert ids(*words, reading=Reading(Media.TEXT, recursive=True)) == ["in/a.txt"]


def test_a_link_to_itself_is_a_source_that_decoding_will_refuse() -> None:
    Path("loop.txt").symlink_to("loop.txt")
    assert ids("loop.txt") == ["loop.txt"]


@pytest.mark.parametrize(
    "name",
    ["-dash.txt", "two\nlines.txt", "[bold].txt", "sp ace.txt", "ümläut.txt", "a\x1b[31m.txt"],
)
def test_unusual_names_are_ids_as_they_are(name: str) -> None:
    tree(name)
    assert ids(name) == [name]
    assert ids("*.txt") == [name]


def test_a_name_that_is_not_utf8_has_a_printable_id_and_keeps_its_path() -> None:
    raw = b"caf\xe9.txt"
    Path(os.fsdecode(raw)).write_bytes(b"words")
    (source,) = found("*.txt")
    assert source.id == r"caf\xe9.txt"
    assert os.fsencode(source.path or "") == raw


# Refusals


def refusal(*words: str, **how: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        found(*words, **how)
    return caught.value


def test_a_missing_file_is_named() -> None:
    assert "gone.jpg" in refusal("gone.jpg", reading=IMAGE).message


def test_a_bare_sentence_suggests_the_text_option() -> None:
    assert "--text 'Hello there'" in str(refusal("Hello there").hint)


def test_a_text_too_long_for_a_name_suggests_the_text_option() -> None:
    assert "--text" in str(refusal("What a film! " * 500).hint)


def test_a_glob_without_match_is_named() -> None:
    tree("only-a-folder.txt/inside.md")
    assert "nothing matches *.txt" in refusal("*.txt").message


def test_a_folder_without_files_of_the_medium_says_how_to_look_deeper() -> None:
    tree("in/sub/a.jpg")
    assert "-r" in str(refusal("in", reading=IMAGE).hint)


@pytest.mark.parametrize("reading", [TEXT, IMAGE])
def test_no_input_says_what_can_be_given(reading: Reading) -> None:
    assert "files" in str(refusal(reading=reading).hint)


def test_standard_input_is_read_once() -> None:
    refusal("-", "-")
    refusal("-", files_from="-")


# Standard input


def test_dash_is_one_document() -> None:
    (source,) = found("-", stdin=b"one\r\ntwo\n")
    assert (source.id, source.data) == ("-", b"one\r\ntwo\n")


@pytest.mark.parametrize("reading", [IMAGE, AUDIO])
def test_dash_is_the_bytes_of_one_recording_or_image(reading: Reading) -> None:
    data = b"\x89PNG\n\x00\n{"
    (source,) = found("-", reading=reading, stdin=data)
    assert (source.id, source.data) == ("-", data)


def test_dash_with_lines_is_an_input_a_line() -> None:
    reading = Reading(Media.TEXT, lines=True)
    sources = found("-", reading=reading, stdin=b"one\n\n  \nfour\r\n")
    assert [(source.id, source.text) for source in sources] == [("-:1", "one"), ("-:4", "four")]


def test_dash_with_a_field_is_rows() -> None:
    reading = Reading(Media.TEXT, field="a.b")
    assert texts("-", reading=reading, stdin=jsonl({"a": {"b": "deep"}}, {"a": {"b": "er"}})) == [
        "deep",
        "er",
    ]


def test_dash_with_a_field_is_rows_of_paths_for_images() -> None:
    reading = Reading(Media.IMAGE, field="input")
    (source,) = found("-", reading=reading, stdin=jsonl({"input": "a.jpg", "task": "x"}))
    assert source.path == "a.jpg"


def test_a_pipe_is_live_and_uncounted_and_files_are_counted() -> None:
    tree("a.txt", "b.txt")
    piped = resolve(["-"], TEXT, stdin=io.BytesIO())
    assert (piped.live, piped.total) == (True, None)
    files = resolve(["a.txt", "b.txt"], TEXT)
    assert (files.live, files.total, files.paths) == (False, 2, ("a.txt", "b.txt"))


# Lists of paths


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("standard", [False, True])
def test_a_list_gives_paths(null: bool, standard: bool) -> None:
    tree("b.txt", "a.txt", " leading space.txt")
    names = [b"b.txt", b"a.txt", b" leading space.txt"]
    data = (b"\0" if null else b"\n").join(names)
    Path("list").write_bytes(data)
    how = {"stdin": data, "files_from": "-"} if standard else {"files_from": "list"}
    assert ids(null=null, **how) == ["b.txt", "a.txt", " leading space.txt"]


def test_a_nul_separated_list_may_hold_names_with_line_ends() -> None:
    tree("two\nlines.txt")
    assert ids(files_from="-", null=True, stdin=b"two\nlines.txt\0") == ["two\nlines.txt"]


def test_a_list_in_dos_format_names_the_files() -> None:
    tree("a.txt", "b.txt")
    assert ids(files_from="-", stdin=b"a.txt\r\nb.txt\r\n") == ["a.txt", "b.txt"]


def test_files_of_rows_may_be_listed() -> None:
    Path("rows.jsonl").write_bytes(jsonl({"text": "one"}, {"text": "two"}))
    assert texts(files_from="-", stdin=b"rows.jsonl\n") == ["one", "two"]


def test_a_list_in_a_pipe_is_taken_as_it_comes() -> None:
    def lines() -> Any:
        yield b"a.txt\n"
        raise AssertionError("read ahead")

    class Pipe(io.RawIOBase):
        def __iter__(self) -> Any:
            return lines()

    sources = resolve([], TEXT, files_from="-", stdin=Pipe())  # type: ignore[arg-type]
    assert next(iter(sources.items)).id == "a.txt"


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_an_empty_list_is_refused(data: bytes) -> None:
    Path("list").write_bytes(data)
    assert "empty" in refusal(files_from="list").message
    assert "empty" in refusal(files_from="-", stdin=data).message


def test_a_missing_file_in_a_list_is_named_with_its_list() -> None:
    Path("list").write_bytes(b"gone.txt\n")
    message = refusal(files_from="list").message
    assert "gone.txt" in message
    assert "list" in message


def test_a_nul_separated_list_read_by_lines_suggests_null() -> None:
    tree("a.txt", "b.txt")
    Path("list").write_bytes(b"a.txt\0b.txt\0")
    assert "-0" in str(refusal(files_from="list").hint)


def test_a_missing_list_is_refused() -> None:
    assert "no-list" in refusal(files_from="no-list").message


# Literals, lines and documents


def test_literals_are_numbered_and_come_first() -> None:
    tree("a.txt")
    sources = found("a.txt", texts=["one", "two"])
    assert [source.id for source in sources] == ["text:1", "text:2", "a.txt"]
    assert [source.text for source in sources] == ["one", "two", None]


LINES: Mapping[str, tuple[bytes, list[str | None]]] = {
    "plain": (b"one\ntwo\n", ["one", "two"]),
    "no end of the last line": (b"one\ntwo", ["one", "two"]),
    "byte-order mark": (b"\xef\xbb\xbfone\ntwo\n", ["one", "two"]),
    "CRLF": (b"one\r\ntwo\r\n", ["one", "two"]),
    "blank lines": (b"\n \none\n\t\n", ["one"]),
    "NUL": (b"o\0ne\n", ["o\0ne"]),
    "inner spaces": (b"  one  \n", ["  one  "]),
    "invalid UTF-8": (b"one\nb\xff\xfed\nthree\n", ["one", None, "three"]),
    "line separator": ("o\u2028ne\x85x\n".encode(), ["o\u2028ne\x85x"]),
    "empty": (b"", []),
}


@pytest.mark.parametrize(("data", "expected"), LINES.values(), ids=LINES)
def test_lines(data: bytes, expected: list[str | None]) -> None:
    Path("in.txt").write_bytes(data)
    reading = Reading(Media.TEXT, lines=True)
    assert texts("in.txt", reading=reading) == expected
    assert texts("-", reading=reading, stdin=data) == expected


def test_a_line_that_does_not_decode_is_an_error_of_its_own() -> None:
    Path("in.txt").write_bytes(b"one\nb\xff\nthree\n")
    sources = found("in.txt", reading=Reading(Media.TEXT, lines=True))
    assert [source.id for source in sources] == ["in.txt:1", "in.txt:2", "in.txt:3"]
    assert sources[1].error is not None
    assert "line 2" in sources[1].error.message
    assert "--encoding" in str(sources[1].error.hint)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "utf-32"])
def test_lines_and_rows_in_another_encoding(encoding: str) -> None:
    Path("in.txt").write_bytes("é1\né2\n".encode(encoding))
    Path("in.csv").write_bytes("text,n\né1,1\né2,2\n".encode(encoding))
    Path("in.jsonl").write_bytes('{"text": "é1"}\n{"text": "é2"}\n'.encode(encoding))
    reading = Reading(Media.TEXT, lines=True, encoding=encoding)
    assert texts("in.txt", reading=reading) == ["é1", "é2"]
    assert texts("in.csv", "in.jsonl", reading=reading) == ["é1", "é2"] * 2


# Rows


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "rows.jsonl": jsonl({"body": "one", "n": 1}, {"body": "two, too", "n": 2}),
        "rows.ndjson": jsonl({"body": "one", "n": 1}, {"body": "two, too", "n": 2}),
        "rows.csv": b'n,body\n1,one\n2,"two, too"\n',
        "rows.tsv": b"n\tbody\n1\tone\n2\ttwo, too\n",
        "ROWS.CSV": b'\xef\xbb\xbfbody,n\r\none,1\r\n"two, too",2\r\n',
    }.items(),
)
def test_every_row_is_an_input_with_its_other_fields(name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    sources = found(name, reading=Reading(Media.TEXT, field="body"))
    assert [source.text for source in sources] == ["one", "two, too"]
    assert [str(source.fields["n"]) for source in sources] == ["1", "2"]
    first = 1 if name.lower().endswith("ndjson") or "json" in name else 2
    assert [source.id for source in sources] == [f"{name}:{first}", f"{name}:{first + 1}"]


def test_the_field_text_is_read_unasked() -> None:
    Path("rows.csv").write_bytes(b"id,text\n1,one\n")
    assert texts("rows.csv") == ["one"]


def test_a_task_may_look_for_other_fields() -> None:
    Path("rows.jsonl").write_bytes(jsonl({"context": "c", "question": "q"}, {"text": "t"}))
    reading = Reading(Media.TEXT, ("context", "text"))
    sources = found("rows.jsonl", reading=reading)
    assert [source.text for source in sources] == ["c", "t"]
    assert sources[0].fields["question"] == "q"


def test_dots_reach_into_objects_and_a_name_with_dots_is_found_first() -> None:
    rows = jsonl({"a": {"b": {"c": "deep"}}}, {"a.b.c": "flat", "a": {"b": {"c": "deep"}}})
    Path("rows.jsonl").write_bytes(rows)
    assert texts("rows.jsonl", reading=Reading(Media.TEXT, field="a.b.c")) == ["deep", "flat"]


def test_rows_of_image_paths_need_a_field() -> None:
    Path("rows.csv").write_bytes(b"photo,n\na.jpg,1\nb.jpg,2\n")
    sources = found("rows.csv", reading=Reading(Media.IMAGE, field="photo"))
    assert [source.path for source in sources] == ["a.jpg", "b.jpg"]
    assert [source.id for source in sources] == ["rows.csv:2", "rows.csv:3"]


def test_a_row_without_the_field_is_an_error_with_its_line() -> None:
    Path("rows.jsonl").write_bytes(jsonl({"text": "one"}, {"body": "two"}, {"text": "three"}))
    none, missing, also_none = errors("rows.jsonl")
    assert (none, also_none) == (None, None)
    assert "line 2" in str(missing)
    assert "'text'" in str(missing)
    assert "'body'" in str(missing)


BAD_LINES = {
    "not JSON": b"{oops",
    "deeply nested": b"[" * 100_000,
    "invalid UTF-8": b'{"text": "\xff"}',
    "a list": b"[1, 2]",
    "a number": b"17",
    "null": b"null",
    "no text": b'{"text": 3}',
    "torn record": b'{"input": "a", "task": "asr", "resu',
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_of_json_costs_only_itself(bad: bytes) -> None:
    data = b'{"text": "one"}\n' + bad + b'\n{"text": "three"}\n'
    Path("rows.jsonl").write_bytes(data)
    sources = found("rows.jsonl")
    assert [source.text for source in sources] == ["one", None, "three"]
    assert sources[1].id == "rows.jsonl:2"
    assert sources[1].error is not None
    assert "line 2" in sources[1].error.message


def test_deep_brackets_on_standard_input_are_a_document() -> None:
    (source,) = found("-", stdin=b"[" * 100_000)
    assert source.data is not None


def test_a_row_of_a_table_that_does_not_decode_costs_only_itself() -> None:
    Path("rows.csv").write_bytes(b"text\none\nb\xffd\nthree\n")
    sources = found("rows.csv")
    assert [source.text for source in sources] == ["one", None, "three"]
    assert sources[1].error is not None
    assert "line 3" in sources[1].error.message


def test_a_cell_may_hold_a_whole_document() -> None:
    Path("rows.csv").write_text('text\n"' + "word " * 100_000 + '"\n')
    assert [len(text or "") for text in texts("rows.csv")] == [500_000]


def test_the_id_of_a_cell_with_line_ends_is_its_last_line() -> None:
    Path("rows.csv").write_bytes(b'text\n"one\ntwo"\nthree\n')
    assert ids("rows.csv") == ["rows.csv:3", "rows.csv:4"]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "lines.txt"])
def test_a_pipe_in_place_of_rows_is_an_error_and_no_hang(name: str) -> None:
    os.mkfifo(name)
    (message,) = errors(name, reading=Reading(Media.TEXT, lines=True))
    assert "regular" in str(message)


def test_rows_that_cannot_be_opened_are_one_error() -> None:
    Path("gone.jsonl").symlink_to("nowhere")
    (message,) = errors("gone.jsonl")
    assert message


# Records of ours


def record(result: object, **more: object) -> dict[str, object]:
    return {"input": "talk.wav", "task": "asr", "model": "m", "revision": None, "result": result}


@pytest.mark.parametrize("field", ["text", "generated_text", "summary_text", "translation_text"])
def test_a_record_gives_its_text_and_keeps_its_id(field: str) -> None:
    data = jsonl(record({field: "words"}))
    Path("records.jsonl").write_bytes(data)
    for sources in (found("-", stdin=data), found("records.jsonl")):
        assert [(source.id, source.text) for source in sources] == [("talk.wav", "words")]


def test_a_record_with_several_results_gives_several_inputs() -> None:
    data = jsonl(record([{"generated_text": "one"}, {"generated_text": "two"}]))
    sources = found("-", stdin=data)
    assert [(s.id, s.text) for s in sources] == [("talk.wav#1", "one"), ("talk.wav#2", "two")]


FAILED = {
    "an error record": (
        {"input": "b.wav", "task": "asr", "error": {"type": "InputError", "message": "no sound"}},
        "no sound",
    ),
    "an error without a message": ({"input": "b.wav", "task": "asr", "error": {}}, "unknown"),
    "an empty answer": ({"input": "b.wav", "task": "detect", "result": []}, "no text"),
    "labels": ({"input": "b.wav", "task": "x", "result": [{"label": "cat"}]}, "no text"),
    "null": ({"input": "b.wav", "task": "x", "result": None}, "no text"),
}


@pytest.mark.parametrize(("row", "reason"), FAILED.values(), ids=FAILED)
def test_a_record_without_text_is_an_error_of_that_input(row: object, reason: str) -> None:
    first, second = found("-", stdin=jsonl(record({"text": "words"}), row))
    assert (first.id, first.text) == ("talk.wav", "words")
    assert second.id == "b.wav"
    assert second.error is not None
    assert reason in second.error.message


def test_an_error_that_is_no_object_is_an_ordinary_row() -> None:
    row = {"input": "a", "task": "b", "error": "boom", "text": "words"}
    Path("rows.jsonl").write_bytes(jsonl(row))
    assert texts("rows.jsonl") == ["words"]


def test_a_field_that_was_asked_for_wins_over_the_record() -> None:
    reading = Reading(Media.TEXT, field="input")
    assert texts("-", reading=reading, stdin=jsonl(record({"text": "words"}))) == ["talk.wav"]


# Variants


def test_variants_multiply_inputs_and_number_their_ids() -> None:
    sources = Sources([Source("a", text="x", fields={"n": 1})], 1)
    asked = sources.with_fields([{"question": "Who?"}, {"question": "When?"}])
    assert asked.total == 2
    assert [(s.id, s.fields) for s in asked.items] == [
        ("a#1", {"n": 1, "question": "Who?"}),
        ("a#2", {"n": 1, "question": "When?"}),
    ]


def test_one_variant_keeps_the_id() -> None:
    sources = Sources([Source("a", text="x")], 1).with_fields([{"question": "Who?"}])
    assert [source.id for source in sources.items] == ["a"]


def test_sources_are_read_lazily() -> None:
    """A million rows are not held: the first is there before the rest is read."""
    Path("rows.jsonl").write_bytes(jsonl({"text": "one"}) * 50_000)
    sources = resolve(["rows.jsonl"], TEXT)
    assert sources.total is None
    first = list(itertools.islice(sources.items, 2))
    assert [source.text for source in first] == ["one", "one"]


@pytest.mark.parametrize("name", ["a.txt", "naïve.txt", "emoji 🎉.txt"])
def test_printable_leaves_unicode_alone(name: str) -> None:
    assert printable(name) == name
