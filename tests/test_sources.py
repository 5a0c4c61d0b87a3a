"""From words on the command line to sources: names, order, ids, and what cannot be read."""

import dataclasses
import io
import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from taskcli.errors import InputError, UsageError
from taskcli.inputs.files import printable
from taskcli.inputs.reading import Reading
from taskcli.inputs.sources import Sources, resolve
from taskcli.media.items import Media
from taskcli.media.source import Frame, Source
from taskcli.remote.fetching import RemoteFile
from taskcli.results import Shard

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


def test_a_source_with_another_number_is_the_same_in_all_else() -> None:
    source = Source(
        "a",
        "b",
        RemoteFile("memory://r"),
        b"c",
        "d",
        {"e": "f"},
        InputError("g"),
        1,
        True,
        Shard(1, 2, 0),
        {"h": 1},
        Frame(2),
    )
    for own in dataclasses.fields(Source):
        expected = 2 if own.name == "number" else getattr(source, own.name)
        assert getattr(source, own.name) != own.default
        assert getattr(source.numbered(2), own.name) == expected


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
    "UTF-16": ("é1\né2\n".encode("utf-16"), ["é1", "é2"]),
    "UTF-16, big-endian": ("\ufeffé1\r\né2".encode("utf-16-be"), ["é1", "é2"]),
    "UTF-32": ("\ufeffé\n".encode("utf-32-le"), ["é"]),
    "UTF-16 without its mark": ("one\né\n".encode("utf-16-le"), ["one", "é"]),
    "UTF-16, big-endian, without": ("one\né\n".encode("utf-16-be"), ["one", "é"]),
    "cut UTF-16": ("one\ntwo\n".encode("utf-16")[:-1], ["one", None]),
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


def test_the_id_of_a_row_is_the_line_that_it_begins_on() -> None:
    Path("rows.csv").write_bytes(b'text,n\n"one\ntwo",1\n\n"three\r\n\r\nfour",2\nfive,3\n')
    assert ids("rows.csv") == ["rows.csv:2", "rows.csv:5", "rows.csv:8"]
    assert texts("rows.csv") == ["one\ntwo", "three\r\n\r\nfour", "five"]


# Quotes


def unclosed(line: int) -> str:
    return f"the quote that opens in line {line} is not closed"


QUOTES: Mapping[str, tuple[str, list[tuple[int, str | None]]]] = {
    "up to the end": ('n,text\n1,one\n2,"two\n3,three\n', [(2, "one"), (3, None), (4, "three")]),
    "without a last line end": ('text\n"one', [(2, None)]),
    "up to the next quoted cell": (
        'n,text\n1,"one\n2,two\n3,"three, too"\n4,four\n',
        [(2, None), (3, "two"), (4, "three, too"), (5, "four")],
    ),
    "where every cell is quoted": (
        '"n","text"\n"1","one\n"2","two"\n"3",""\n"4","four"\n',
        [(2, None), (3, "two"), (4, ""), (5, "four")],
    ),
    "after a cell of several lines": (
        'a,text\n"x\ny","one\n2,two\n',
        [(2, None), (4, "two")],
    ),
    "in several rows": (
        'text\n"one\n"two\nthree\n',
        [(2, None), (3, None), (4, "three")],
    ),
    "inches": ('text,n\n"5" pipe,1\n2,2\n', [(2, "5 pipe"), (3, "2")]),
    "words after a quote of two lines": (
        'text,n\n"a\nb" c,1\n2,2\n',
        [(2, "a\nb c"), (4, "2")],
    ),
    "an untidy cell before one of two lines": (
        'n,text\n"1"st,"a\nb"\n2,two\n',
        [(2, "a\nb"), (4, "two")],
    ),
    "doubled": ('text\n"say ""a"", ""b\n"", c"\nd\n', [(2, 'say "a", "b\n", c'), (4, "d")]),
    "inside a bare cell": ('text\n5" pipe\nsix\n', [(2, '5" pipe'), (3, "six")]),
}


@pytest.mark.parametrize(("table", "expected"), QUOTES.values(), ids=QUOTES)
def test_an_unclosed_quote_costs_one_row(
    table: str, expected: list[tuple[int, str | None]]
) -> None:
    Path("rows.csv").write_text(table, newline="")
    sources = found("rows.csv")
    assert [(source.id, source.text) for source in sources] == [
        (f"rows.csv:{line}", text) for line, text in expected
    ]
    for source in sources:
        assert (source.error is None) == (source.text is not None)


def test_an_unclosed_quote_is_named_by_its_own_line() -> None:
    Path("rows.csv").write_bytes(b'a,text\n"x\ny","one\n2,two\n')
    assert errors("rows.csv") == [unclosed(3), None]


def test_an_unclosed_quote_in_the_header_is_the_error_of_the_table() -> None:
    Path("rows.csv").write_bytes(b'text,"n\none,1\n')
    (source,) = found("rows.csv")
    assert (source.id, source.error and source.error.message) == ("rows.csv", unclosed(1))


def test_an_unclosed_quote_holds_no_more_than_so_many_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskcli.inputs.delimited._MOST_LINES", 50)
    Path("rows.csv").write_text('text\n"open\n' + "word\n" * 1_000)
    first, *rest = found("rows.csv")
    assert first.error is not None
    assert first.error.message == unclosed(2)
    assert [source.text for source in rest] == ["word"] * 1_000


# Delimiters and encodings of tables


TABLES: Mapping[str, bytes] = {
    "semicolons": b"n;text\n1;one, and more\n2;two\n",
    "semicolons and decimal commas": b"n;text;x\n1,5;one, and more;2,5\n2,5;two;1,0\n",
    "tabs": b"n\ttext\n1\tone, and more\n2\ttwo\n",
    "bars": b"n|text\n1|one, and more\n2|two\n",
    "commas and quotes": b'n,text\n1,"one, and more"\n2,two\n',
    "commas, with semicolons inside": b'n,text,x\n1,"one, and more",a;b\n2,two,c;d\n',
    "one column": b"text\none, and more\ntwo\n",
    "stated as Excel does": b"sep=;\r\nn;text\r\n1;one, and more\r\n2;two\r\n",
    "UTF-16": "n;text\n1;one, and more\n2;two\n".encode("utf-16"),
    "UTF-16, big-endian": "\ufeffn\ttext\n1\tone, and more\n2\ttwo\n".encode("utf-16-be"),
    "UTF-16 without its mark": "n;text\n1;one, and more\n2;two\n".encode("utf-16-le"),
    "UTF-8 with its mark": b"\xef\xbb\xbftext;n\none, and more;1\ntwo;2\n",
}


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
@pytest.mark.parametrize("data", TABLES.values(), ids=TABLES)
def test_a_table_tells_its_delimiter_and_encoding(data: bytes, ending: str) -> None:
    Path(f"rows{ending}").write_bytes(data)
    assert texts(f"rows{ending}") == ["one, and more", "two"]


def test_a_delimiter_that_was_asked_for_wins() -> None:
    Path("rows.csv").write_bytes(b"a;b\ttext\n1;2\tone\n")
    assert texts("rows.csv", reading=Reading(Media.TEXT, delimiter="\t")) == ["one"]
    Path("rows.csv").write_bytes(b"n,text\n1,one\n")
    assert "'n,text'" in refusal("rows.csv", reading=Reading(Media.TEXT, delimiter=";")).message


def test_a_delimiter_makes_standard_input_a_table() -> None:
    reading = Reading(Media.TEXT, delimiter=";")
    sources = found("-", reading=reading, stdin=b"n;text\n1;one\n2;two\n")
    assert [(source.id, source.text) for source in sources] == [("-:2", "one"), ("-:3", "two")]


@pytest.mark.parametrize(
    ("header", "name"), [("n;text", "';'"), ('n,"text"', "','"), ("n\ttext", "tab")]
)
def test_a_piped_table_asks_what_parts_it(header: str, name: str) -> None:
    reading = Reading(Media.TEXT, field="text")
    refused = refusal("-", reading=reading, stdin=f"{header}\n1;one\n".encode())
    assert refused.message == "standard input is a table, not JSON"
    assert refused.hint == f"say so: --input-format csv, or --delimiter {name}"


def test_lines_that_are_no_json_say_how_a_table_is_read() -> None:
    reading = Reading(Media.TEXT, field="body")
    for source in found("-", reading=reading, stdin=b"n;text\n1;one\n"):
        assert source.error is not None
        assert source.error.hint == "of a table say so: --input-format csv or tsv"


def test_an_encoding_that_was_asked_for_wins_over_the_mark() -> None:
    Path("in.txt").write_bytes("é\n".encode("utf-16"))
    message, *_ = errors("in.txt", reading=Reading(Media.TEXT, lines=True, encoding="utf-8"))
    assert "line 1 is not UTF-8" in str(message)


def test_a_row_with_more_cells_than_the_header_loses_none_of_them_silently() -> None:
    Path("rows.csv").write_bytes(b"n,text\n1,one, and more\n2,two,\n3,three,,\n4\n")
    expected = "line {} has {}, the header has 2"
    few, many = expected.format(5, "1 cell"), expected.format(2, "3 cells")
    assert errors("rows.csv") == [many, None, None, few]
    assert texts("rows.csv")[1:3] == ["two", "three"]


@pytest.mark.parametrize(
    ("row", "said"), [("[1, 2]", "a list"), ("7", "a number (7)"), ("null", "null")]
)
def test_a_row_that_is_no_object_says_what_it_is(row: str, said: str) -> None:
    Path("rows.jsonl").write_text(f'{{"text": "one"}}\n{row}\n')
    first, second = errors("rows.jsonl", reading=Reading(Media.TEXT, field="text"))
    assert first is None
    assert second == f"line 2 is {said}, not an object with the field 'text'"


# Tables without rows


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.csv", b""),
        ("rows.csv", b"text,n\n"),
        ("rows.csv", b"other\n"),
        ("rows.tsv", b"\n\n"),
        ("rows.jsonl", b""),
        ("rows.jsonl", b"\n \n"),
        ("rows.json", b"[]"),
        ("lines.txt", b""),
        ("lines.txt", b" \n\n"),
    ],
)
def test_a_file_without_rows_says_so(name: str, data: bytes) -> None:
    Path(name).write_bytes(data)
    reading = Reading(Media.TEXT, lines=name == "lines.txt")
    (source,) = found(name, reading=reading)
    assert source.id == name
    assert source.error is not None
    assert "no rows" in source.error.message


def test_standard_input_without_lines_says_so() -> None:
    reading = Reading(Media.TEXT, lines=True)
    assert errors("-", reading=reading, stdin=b"\n") == ["there are no rows in it"]


# JSON


def test_an_array_in_a_json_file_is_rows() -> None:
    Path("rows.json").write_text('[\n {"text": "one",\n  "n": 1},\n "two",\n {"text": 3}\n]')
    sources = found("rows.json")
    assert [source.id for source in sources] == ["rows.json:1", "rows.json:2", "rows.json:3"]
    assert [source.text for source in sources] == ["one", "two", None]
    assert sources[0].fields["n"] == 1
    assert errors("rows.json")[2] == "row 3: field 'text' is a number (3), not text"


def test_an_object_in_a_json_file_is_one_row() -> None:
    Path("row.json").write_text('{\n "meta": {"body": "one"}\n}')
    reading = Reading(Media.TEXT, field="meta.body")
    assert [(s.id, s.text) for s in found("row.json", reading=reading)] == [("row.json:1", "one")]


def test_json_lines_in_a_json_file_are_rows() -> None:
    Path("rows.json").write_bytes(jsonl({"text": "one"}, {"text": "two"}) + b"{oops\n")
    assert texts("rows.json") == ["one", "two", None]


def test_a_json_file_in_another_encoding() -> None:
    Path("rows.json").write_bytes('[{"text": "é"}]'.encode("utf-16"))
    assert texts("rows.json") == ["é"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl", "rows.ndjson"])
def test_json_lines_in_a_file_are_rows_in_every_encoding(name: str, encoding: str) -> None:
    # U+0A0A holds the byte of a line end twice.
    lines = '{"text": "one"}\n{"text": "\u0a0a"}\n{oops\n'
    Path(name).write_bytes(lines.encode(encoding))
    assert texts(name) == ["one", "\u0a0a", None]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("field", [None, "text"])
def test_json_on_standard_input_is_rows_in_every_encoding(encoding: str, field: str | None) -> None:
    rows = [{"text": "one"}, {"text": "é"}]
    reading = Reading(Media.TEXT, field=field)
    for data in (json.dumps(rows, indent=1, ensure_ascii=False).encode(), jsonl(*rows)):
        stdin = data.decode().encode(encoding)
        assert texts("-", reading=reading, stdin=stdin) == ["one", "é"]


def test_a_text_on_standard_input_is_left_in_its_encoding() -> None:
    data = "eins\nzwei é\n".encode("utf-16")
    (source,) = found("-", stdin=data)
    assert source.data == data


@pytest.mark.parametrize("data", [b"{oops", b'[{"text": "one"}', b"plain words", b"[" * 100_000])
def test_a_json_file_that_is_not_json_is_an_error(data: bytes) -> None:
    Path("rows.json").write_bytes(data)
    *_, message = errors("rows.json")
    assert "not valid JSON" in str(message)


def test_our_own_array_of_records_is_read_back() -> None:
    both = [record({"text": "one"}), {**record({"text": "two"}), "input": "b.wav"}]
    Path("records.json").write_text(json.dumps(both))
    for sources in (found("records.json"), found("-", stdin=json.dumps(both, indent=1).encode())):
        assert [(s.id, s.text) for s in sources] == [("talk.wav", "one"), ("b.wav", "two")]


ROWS_ON_STDIN: Mapping[str, tuple[bytes, list[tuple[str, str | None]]]] = {
    "JSON Lines": (
        b'{"text": "one", "n": 1}\n{"text": "two"}\n{oops\n',
        [("-:1", "one"), ("-:2", "two"), ("-:3", None)],
    ),
    "one line": (b'{"text": "one"}', [("-:1", "one")]),
    "blank lines first": (b'\n\n{"text": "one"}\n', [("-:3", "one")]),
    "a byte-order mark": (b'\xef\xbb\xbf{"text": "one"}\n', [("-:1", "one")]),
    "an array": (b'[{"text": "one"},\n "two"]', [("-:1", "one"), ("-:2", "two")]),
    "an object over several lines": (b'{\n"text": "one"\n}\n', [("-:1", "one")]),
}


@pytest.mark.parametrize(("data", "expected"), ROWS_ON_STDIN.values(), ids=ROWS_ON_STDIN)
def test_json_on_standard_input_is_rows(
    data: bytes, expected: list[tuple[str, str | None]]
) -> None:
    assert [(source.id, source.text) for source in found("-", stdin=data)] == expected


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}\nis how an object begins.\n',
        b"{curly} words\n",
        b"[1] A footnote.\n",
        b"[1]\n",
        b'"quoted"\n"twice"\n',
        b"17\n",
        b"null\n",
        b'{"input": "a", "task": "asr", "resu',
    ],
)
def test_a_text_that_begins_like_json_is_a_document(data: bytes) -> None:
    (source,) = found("-", stdin=data)
    assert (source.id, source.data) == ("-", data)


def test_rows_on_standard_input_are_answered_as_they_come() -> None:
    class Pipe(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("read to the end")

    data = jsonl({"text": "one"}, {"text": "two"})
    sources = resolve(["-"], TEXT, stdin=Pipe(data))
    assert [source.text for source in sources.items] == ["one", "two"]


# Fields


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "rows.csv": b'id,body,n\n1,one,2\n3,"two\n',
        "rows.jsonl": b"{oops\n" + jsonl({"id": 1, "body": "one", "n": 2}, {"body": "two"}),
        "rows.json": json.dumps([{"id": 1, "body": "one", "n": 2}]).encode(),
        "-": jsonl({"id": 1, "body": "one", "n": 2}),
    }.items(),
)
@pytest.mark.parametrize("field", ["bdy", None])
def test_a_field_that_no_row_has_is_one_refused_call(
    name: str, data: bytes, field: str | None
) -> None:
    if name != "-":
        Path(name).write_bytes(data)
    refused = refusal(name, reading=Reading(Media.TEXT, field=field), stdin=data)
    there = "'body', 'id', 'n'" if field else "'id', 'body', 'n'"
    shown = "standard input" if name == "-" else name
    assert refused.message == f"{shown} has no field {field or 'text'!r}; it has {there}"
    assert str(refused.hint).endswith("--field body" if field else "--field id")


def test_the_field_that_a_hint_names_can_be_pasted() -> None:
    Path("rows.csv").write_bytes(b"# body, n\none,1\n")
    assert str(refusal("rows.csv").hint).endswith("--field '# body'")


def test_fields_inside_objects_are_listed_with_their_dots() -> None:
    Path("rows.jsonl").write_bytes(jsonl({"meta": {"title": "one", "year": 3}, "n": 1}))
    refused = refusal("rows.jsonl", reading=Reading(Media.TEXT, field="title"))
    assert refused.message.endswith("it has 'meta.title', 'meta.year', 'n'")


def test_a_field_that_some_rows_have_is_none_to_refuse() -> None:
    Path("rows.jsonl").write_bytes(jsonl({"n": 1}, {"n": 2, "text": "two"}))
    assert texts("rows.jsonl") == [None, "two"]


def test_what_is_no_text_is_told_apart_from_what_is_not_there() -> None:
    values = [12, 1.5, None, True, ["a"], {"a": 1}]
    Path("rows.jsonl").write_bytes(jsonl(*({"body": value} for value in values), {"n": 1}))
    said = ["a number (12)", "a number (1.5)", "null", "true", "a list", "an object"]
    *found_errors, last = errors("rows.jsonl", reading=Reading(Media.TEXT, field="body"))
    assert found_errors == [
        f"line {number}: field 'body' is {what}, not text" for number, what in enumerate(said, 1)
    ]
    assert last == "line 7 has no field 'body'; it has 'n'"


@pytest.mark.parametrize(
    ("row", "what"), [(["a"], "a list"), (3, "a number (3)"), (None, "null"), (True, "true")]
)
@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_a_file_without_objects_says_what_its_rows_are(name: str, row: object, what: str) -> None:
    rows = json.dumps([row, row]).encode() if name == "rows.json" else jsonl(row, row)
    Path(name).write_bytes(rows)
    refused = refusal(name)
    place = "row 1" if name == "rows.json" else "line 1"
    assert refused.message == f"{name}: {place} is {what}, not an object with the field 'text'"
    assert refused.hint == 'write it as {"text": "..."}'


def test_the_fields_of_a_later_row_are_told_when_the_first_is_none() -> None:
    Path("rows.jsonl").write_bytes(jsonl(["a"], {"body": "one"}))
    assert refusal("rows.jsonl").message == "rows.jsonl has no field 'text'; it has 'body'"


def test_a_number_in_a_table_is_text() -> None:
    Path("rows.csv").write_bytes(b"text,n\n12,1\n")
    assert texts("rows.csv") == ["12"]


def test_a_refusal_after_other_inputs_costs_only_its_own(tmp_path: Path) -> None:
    tree("a.txt")
    first, second = found("a.txt", "-", stdin=jsonl({"body": "one"}))
    assert (first.id, first.error) == ("a.txt", None)
    assert second.id == "-"
    assert second.error is not None
    assert "'body'" in second.error.message


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.json"])
def test_rows_named_to_a_task_of_pictures_want_a_field(name: str) -> None:
    data = b"photo,n\na.jpg,1\n" if name == "rows.csv" else jsonl({"photo": "a.jpg", "n": 1})
    Path(name).write_bytes(data)
    refused = refusal(name, reading=IMAGE)
    assert refused.message == f"{name} has no field for the path chosen; it has 'photo', 'n'"
    assert "--field photo" in str(refused.hint)


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
