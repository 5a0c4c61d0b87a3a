"""Tables against Python's own csv: what is well-formed is read the same, the rest is bounded."""

import csv
import io
import random

import pytest

from taskcli.inputs.delimited import records


def lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_what_csv_writes_is_read_as_it_was(delimiter: str, quoting: int) -> None:
    chance = random.Random(0)
    for _ in range(200):
        rows = [
            ["".join(chance.choices('ab",;|\n\r \t', k=chance.randrange(7))) for _ in range(3)]
            for _ in range(5)
        ]
        written = lines("")
        csv.writer(written, delimiter=delimiter, quoting=quoting).writerows(rows)
        found = list(records(lines(written.getvalue()), delimiter))
        assert [record.cells for record in found] == rows
        assert found[0].line == 1


def test_records_of_any_text_go_forward_and_stay_in_it() -> None:
    chance = random.Random(1)
    for _ in range(2_000):
        text = "".join(chance.choices('a",\n', k=chance.randrange(60)))
        count, last = len(text.splitlines()), 0
        for record in records(lines(text), ","):
            assert last < record.line <= count, text
            last = record.line
            assert bool(record.cells) == (record.unclosed is None), text
            assert record.unclosed is None or record.line <= record.unclosed <= count, text
