"""What SECURITY.md promises has the tests that it names."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "SECURITY.md").read_text("utf-8")
PROOFS = re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)


def test_every_promise_names_its_proof() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "Proof" not in line]
    assert len(rows) >= 20
    assert all("::test_" in row for row in rows)


@pytest.mark.parametrize(("file", "test"), PROOFS, ids=[test for _, test in PROOFS])
def test_a_proof_is_a_test(file: str, test: str) -> None:
    assert f"\ndef {test}(" in (TESTS / file).read_text("utf-8")
