"""qa, summarize and translate answer what the pipelines of transformers 4.35.2 answered.

Version 5 has dropped them; `tests/goldens/make.py` asked version 4 the cases that stand there.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from goldens.cases import FOLDER, TASKS, TEXTS, in_old_layout
from models import answers, load
from pipelines import close

Case = dict[str, Any]


def _loaded_alike(case: Case) -> tuple[str, str, str]:
    return case["checkpoint"], json.dumps(case["options"]), case.get("question", "")


def _groups() -> Iterator[Any]:
    """(task, cases that one loaded checkpoint answers)."""
    for task in TASKS:
        cases = sorted(json.loads((FOLDER / f"{task}.json").read_text()), key=_loaded_alike)
        for (name, options, question), group in groupby(cases, key=_loaded_alike):
            label = "-".join([task, name, options.replace('"', ""), question[:5]])
            # The options each alone, and one that is about windows, stand for the others.
            marks = [] if options in ("{}", '{"top_k": 5}') else [pytest.mark.parity]
            yield pytest.param(task, list(group), id=label, marks=marks)


@pytest.mark.parametrize(("task", "cases"), _groups())
def test_version_4_answered_the_same(task: str, cases: list[Case]) -> None:
    asked = {"question": [cases[0]["question"]]} if task == "qa" else {}
    asked |= {"by": "whole"} if task == "translate" else {}  # version 4 parts no text
    model = load(task, in_old_layout(cases[0]["checkpoint"]), **cases[0]["options"], **asked)
    found = answers(model, texts=[TEXTS[case["text"]] for case in cases])
    for case, one in zip(cases, found, strict=True):
        if task == "qa":
            check_spans(case, one if isinstance(one, list) else [one])
        else:
            [text] = (getattr(one, field) for field in type(one).__slots__)
            assert text == case["answer"].strip()


def check_spans(case: Case, found: list[Any]) -> None:
    """Version 4 gives parts of an answer as others; ours are its first that share no word.

    A golden has its best different spans, eight at most.
    """
    wanted = case["options"].get("top_k", 1)
    apart = separate(case["spans"])[:wanted]
    assert case["answer"][0] == case["spans"][0] == apart[0]
    assert [(one.score, one.start, one.end) for one in found[: len(apart)]] == [
        (close(score), start, end) for score, start, end in apart
    ]
    places = [(one.score, one.start, one.end) for one in found]
    assert separate(places) == places
    assert len(found) <= wanted
    text = TEXTS[case["text"]]
    assert all(one.answer == text[one.start : one.end] for one in found)


def separate(spans: list[Any]) -> list[Any]:
    """(score, start, end) of those that overlap none before them."""
    kept: list[Any] = []
    for span in spans:
        _, start, end = span
        if all(start >= stop or end <= begin for _, begin, stop in kept):
            kept.append(span)
    return kept


def test_some_goldens_have_no_answer_and_some_have_many_windows() -> None:
    cases = json.loads((FOLDER / "qa.json").read_text())
    assert any(case["answer"][0][1:] == [0, 0] for case in cases)
    assert any(case["answer"][0][1] > 1500 for case in cases)
