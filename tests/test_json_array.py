"""Arrays of JSON, an element at a time: what json.loads makes of the whole, without holding it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Finished

from taskcli.errors import InputError
from taskcli.inputs import json_array
from taskcli.inputs.json_array import elements

Run = Callable[..., Finished]
ARRAYS = [
    "[]",
    " \n[ ]\n",
    '[{"text": "a"}, {"text": "b\\u00e9\\ud83d\\ude00\\"]"}]',
    "[1, -2.5e+10,3 , 456]",
    '["é", "[", "]", ",", "\\\\"]\r\n',
    "[null,true,false,[[],[{}]],{}]",
    "\t[[1,2],[3,[4,5]],[]]",
    "[NaN, Infinity, -Infinity]",
]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("text", ARRAYS)
def test_an_array_is_what_it_is_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, text: str, size: int
) -> None:
    monkeypatch.setattr(json_array, "_LEAST", 1)
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    assert repr(list(elements(pieces))) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("text", "rows", "told"),
    [
        ("", 0, "'['"),
        ('{"a": 1}', 0, "'['"),
        ("[", 0, "Expecting value"),
        ("[1, 2", 2, "behind row 2: no ']'"),
        ("[1 2]", 1, "behind row 1: no ']'"),
        ("[1,]", 1, "behind row 1: Expecting value"),
        ('[{"a": 1}, {"a: 2}]', 1, "behind row 1: Unterminated string"),
        ("[1]\n[2]", 1, "more behind the end"),
        ('[{"a" 1}, ' + '"long"' * 1000 + "]", 0, "Expecting ':'"),
        ("[" * 100_000, 0, "nested too deep"),
    ],
)
def test_what_is_whole_comes_before_what_is_wrong(text: str, rows: int, told: str) -> None:
    found: list[object] = []
    with pytest.raises(InputError) as caught:
        found.extend(elements([text]))
    assert len(found) == rows
    assert told in caught.value.message


def test_no_more_is_read_than_an_element_needs() -> None:
    read = 0

    def pieces() -> Iterator[str]:
        nonlocal read
        yield "["
        for number in range(2_000):
            read += 1
            yield ("" if number == 0 else ",") + json.dumps({"n": number, "text": "x" * 1000})
        yield "]"

    for number, element in enumerate(elements(pieces())):
        assert element["n"] == number  # type: ignore[index]
        assert read - number < 300


def test_a_damaged_array_costs_what_is_behind_the_damage(run: Run, classifier: Path) -> None:
    Path("rows.json").write_text('[{"text": "fine"},\n {"text": "bad"},\n {"text": "lost"')
    done = run("classify-text", "rows.json", "-m", classifier)
    assert done.inputs == ["rows.json:1", "rows.json:2", "rows.json"]
    assert done.records[2]["error"]["message"].startswith("not valid JSON behind row 2")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_any_encoding_that_a_text_tells(run: Run, classifier: Path, encoding: str) -> None:
    rows = [{"text": "fine", "n": "é😀"}] * 3000
    Path("rows.json").write_bytes(json.dumps(rows, ensure_ascii=False).encode(encoding))
    done = run("classify-text", "rows.json", "-m", classifier, "--keep", "n", "--limit", 3)
    assert [record["fields"] for record in done.records] == [{"n": "é😀"}] * 3


def test_a_large_array_is_refused_by_its_first_rows(
    run: Run, classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskcli.inputs.tabular._LARGE", 100)
    Path("rows.json").write_text(json.dumps([{"body": "fine"}] * 50))
    done = run("classify-text", "rows.json", "-m", classifier)
    assert done.exit_code == 2
    assert "no field 'text'; it has 'body'" in done.stderr
