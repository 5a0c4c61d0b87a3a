"""qa: several answers that are different ones, whose question counts, and SQuAD's files."""

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from checkpoints import BY_TASK, cached
from conftest import Finished
from models import answers, load
from samples import ARTICLE, LONG_TEXT, SHORT_TEXT
from torchmetrics.text import SQuAD

from taskcli.tasks.spans import Span

Run = Callable[..., Finished]
EXAMPLE = (Path(__file__).resolve().parent.parent / "examples/texts/article.txt").read_text()
ASKED = {
    "q1": ("Who opened the library?", "Mira Lindel"),
    "q2": ("Where did Marlon Holberg go?", "Brinton"),
    "q3": ("When was the contract signed?", "3 May 2021"),
}


def official(**more: Any) -> str:
    """A file as SQuAD distributes them: one line of JSON."""
    questions = [
        {
            "id": id,
            "question": question,
            "answers": [{"text": answer, "answer_start": EXAMPLE.index(answer)}],
            "is_impossible": False,
        }
        for id, (question, answer) in ASKED.items()
    ]
    first = {"context": EXAMPLE, "qas": questions[:2]}
    second = {"context": f"{EXAMPLE} The end.", "qas": questions[2:]}
    third = {"context": SHORT_TEXT, "qas": [{"id": "q4", "question": "Who works?", "answers": []}]}
    articles = [
        {"title": "Brinton", "paragraphs": [first, second]},
        {"title": "Smith", "paragraphs": [third]},
    ]
    content = json.dumps({"version": "v2.0", "data": articles, **more})
    Path("dev.json").write_text(content)
    return "dev.json"


def rows(*values: Any) -> str:
    Path("rows.jsonl").write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return "rows.jsonl"


# Several answers


@pytest.mark.parametrize("name", BY_TASK["qa"])
@pytest.mark.parametrize("no_answer", [False, True])
@pytest.mark.parametrize("text", [SHORT_TEXT, LONG_TEXT], ids=["short", "long"])
def test_answers_share_no_word(name: str, no_answer: bool, text: str) -> None:
    model = load("qa", name, question=["Who works?"], top_k=5, no_answer=no_answer)
    [found] = answers(model, texts=[text])
    assert len(found) == 5
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    for one, other in combinations(found, 2):
        assert one.end <= other.start or other.end <= one.start
    [best] = answers(load("qa", name, question=["Who works?"], no_answer=no_answer), texts=[text])
    assert found[0] == best


def test_a_span_is_within_another_or_beside_it() -> None:
    span = Span(0.5, 4, 9)
    for start, end in ((4, 9), (0, 5), (8, 12), (5, 6), (0, 20)):
        assert span.overlaps(Span(0.1, start, end))
        assert Span(0.1, start, end).overlaps(span)
    for start, end in ((0, 4), (9, 12), (0, 0)):
        assert not span.overlaps(Span(0.1, start, end))
        assert not Span(0.1, start, end).overlaps(span)
    assert Span(0.1, 0, 0).overlaps(Span(0.2, 0, 0))


# Whose question


def test_q_adds_to_rows_without_a_question_and_is_refused_for_others(run: Run) -> None:
    values = [
        {"context": SHORT_TEXT},
        {"context": SHORT_TEXT, "question": "Where?"},
        {"context": SHORT_TEXT, "question": ""},
    ]
    asked = ("-q", "Who?", "-q", "When?")
    done = run("qa", rows(*values), "-m", cached("bert-qa"), *asked)
    assert done.exit_code == 1
    assert done.inputs == [f"rows.jsonl:{name}" for name in ("1#1", "1#2", "2", "3#1", "3#2")]
    given = [record.get("result", {}).get("question") for record in done.records]
    assert given == ["Who?", "When?", None, "Who?", "When?"]
    error = done.records[2]["error"]
    assert error["message"] == "the row has a question of its own, and the call gives one as well"


def test_pair_is_refused_for_rows_with_a_second_text(run: Run) -> None:
    values = [{"text": "Good."}, {"text": "Good.", "text_pair": "Bad."}]
    done = run("classify-text", rows(*values), "-m", cached("bert-topics"), "--pair", "Fine.")
    assert [sorted({"result", "error"} & record.keys()) for record in done.records] == [
        ["result"],
        ["error"],
    ]


def test_a_row_that_is_broken_already_keeps_its_own_reason(run: Run) -> None:
    Path("rows.jsonl").write_text(f'{{"context": "{SHORT_TEXT}"}}\n{{"context": \n')
    done = run("qa", "rows.jsonl", "-m", cached("bert-qa"), "-q", "Who?")
    assert "line 2 is not valid JSON" in done.records[1]["error"]["message"]


# SQuAD's own file


@pytest.mark.parametrize("how", ["a file", "a pipe", "many lines"])
def test_every_question_of_the_official_file_is_an_input(run: Run, how: str) -> None:
    name = official()
    content = Path(name).read_text()
    if how == "many lines":
        Path(name).write_text(json.dumps(json.loads(content), indent=2))
    word = ("-",) if how == "a pipe" else (name,)
    done = run("qa", *word, "--model", "starter", stdin=content if how == "a pipe" else "")
    assert done.exit_code == 0, done.stderr
    assert done.inputs == ["q1", "q2", "q3", "q4"]
    results = [record["result"] for record in done.records]
    assert [one["question"] for one in results[:3]] == [asked for asked, _ in ASKED.values()]
    assert [one["answer"] for one in results[:3]] == [answer for _, answer in ASKED.values()]


def test_what_is_broken_in_the_file_costs_its_own_question(run: Run) -> None:
    data = json.loads(Path(official()).read_text())
    data["data"][0]["paragraphs"].insert(0, {"qas": []})
    data["data"][0]["paragraphs"][1]["qas"][0] = "Who?"
    data["data"][1]["paragraphs"][0]["qas"][0]["question"] = 7
    Path("dev.json").write_text(json.dumps(data))
    done = run("qa", "dev.json", "--model", "starter")
    assert done.exit_code == 1
    assert done.inputs == ["dev.json:1", "dev.json:2", "q2", "q3", "q4"]
    told = [record["error"]["message"] for record in done.records if "error" in record]
    assert told == [
        "a paragraph of 'Brinton' lacks its context or its qas",
        "a question of 'Brinton' is no object",
        "no question",
    ]


def test_the_file_is_no_rows_to_another_task(run: Run, classifier: Path) -> None:
    done = run("classify-text", official(), "-m", classifier)
    assert done.exit_code == 2
    assert "no field 'text'" in done.stderr
    done = run("qa", "dev.json", "--model", "starter", "--field", "version", "-q", "Who?")
    assert done.inputs == ["dev.json:1"]


# What its scorer reads


def test_predictions_are_what_a_squad_scorer_reads(run: Run) -> None:
    how = ("--format", "squad-predictions", "-o", "predictions.json")
    assert run("qa", official(), "--model", "starter", *how).exit_code == 0
    predictions = json.loads(Path("predictions.json").read_text())
    assert list(predictions) == ["q1", "q2", "q3", "q4"]
    asked = [
        question
        for article in json.loads(Path("dev.json").read_text())["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
        if question["answers"]
    ]
    targets = [
        {
            "id": one["id"],
            "answers": {
                "text": [answer["text"] for answer in one["answers"]],
                "answer_start": [answer["answer_start"] for answer in one["answers"]],
            },
        }
        for one in asked
    ]
    given = [{"id": one["id"], "prediction_text": predictions[one["id"]]} for one in asked]
    assert {name: float(score) for name, score in SQuAD()(given, targets).items()} == {
        "exact_match": 100.0,
        "f1": 100.0,
    }


def test_chances_of_no_answer_are_a_number_for_each_question(run: Run) -> None:
    words = ("qa", official(), "--model", "starter")
    done = run(*words, "--format", "squad-na-probs")
    chances = json.loads(done.stdout)
    records = run(*words, "--no-answer", "--top-k", "2").records
    assert chances == {one["input"]: one["result"][0]["no_answer_score"] for one in records}
    assert all(0 <= chance <= 1 for chance in chances.values())
    empty = [answer for one in records for answer in one["result"] if not answer["answer"]]
    assert empty
    assert all(answer["score"] == answer["no_answer_score"] for answer in empty)
    schema = json.loads(run("schema", "qa").stdout)
    for record in records:
        jsonschema.validate(record, schema)
    assert "no_answer_score" not in run(*words).stdout


def test_a_failed_question_has_no_prediction(run: Run) -> None:
    values = [
        {"id": "a", "context": SHORT_TEXT, "question": "Who?"},
        {"id": "b", "context": SHORT_TEXT},
        {"context": SHORT_TEXT, "question": "Who?"},
        {"id": 4, "context": ARTICLE, "question": 'Who "is" it?'},
    ]
    words = ("qa", rows(*values), "-m", cached("bert-qa"), "--top-k", "2")
    done = run(*words, "-f", "squad-predictions")
    assert done.exit_code == 1
    records = run(*words).records
    assert json.loads(done.stdout) == {
        "a": records[0]["result"][0]["answer"],
        records[2]["input"]: records[2]["result"][0]["answer"],
        "4": records[3]["result"][0]["answer"],
    }


def test_a_squad_document_has_the_ids_and_titles_of_its_rows(run: Run) -> None:
    done = run("qa", official(), "--model", "starter", "-f", "squad")
    before, after = json.loads(Path("dev.json").read_text()), json.loads(done.stdout)

    def layout(document: dict[str, Any]) -> list[Any]:
        return [
            (
                article["title"],
                [
                    (part["context"], [(one["id"], one["question"]) for one in part["qas"]])
                    for part in article["paragraphs"]
                ],
            )
            for article in document["data"]
        ]

    assert layout(after) == layout(before)
    for article in after["data"]:
        for part in article["paragraphs"]:
            for one in part["qas"]:
                for answer in one["answers"]:
                    start, text = answer["answer_start"], answer["text"]
                    assert part["context"][start : start + len(text)] == text
    Path("again.json").write_text(done.stdout)
    assert run("qa", "again.json", "--model", "starter").inputs == ["q1", "q2", "q3", "q4"]


def test_rows_without_titles_share_an_article_by_their_context(run: Run) -> None:
    values = [
        {"id": "a", "context": SHORT_TEXT, "question": "Who?"},
        {"id": "b", "context": SHORT_TEXT, "question": "Where?"},
        {"id": "c", "context": ARTICLE, "question": "Where?"},
        {"id": "d", "context": SHORT_TEXT, "question": "Where?", "title": "Own"},
        {"id": "e", "context": ARTICLE, "question": "Where?", "title": "Own"},
    ]
    done = run("qa", rows(*values), "-m", cached("bert-qa"), "-f", "squad")
    found = [
        (article["title"], [[one["id"] for one in part["qas"]] for part in article["paragraphs"]])
        for article in json.loads(done.stdout)["data"]
    ]
    assert found == [
        ("rows.jsonl:1", [["a", "b"]]),
        ("rows.jsonl:3", [["c"]]),
        ("Own", [["d"], ["e"]]),
    ]


def test_questions_of_the_call_have_ids_of_their_own(run: Run) -> None:
    asked = ("-q", "Who?", "-q", "Where?")
    name = rows({"id": "a", "context": SHORT_TEXT}, {"context": SHORT_TEXT})
    done = run("qa", name, "-m", cached("bert-qa"), *asked, "-f", "squad-predictions")
    assert list(json.loads(done.stdout)) == ["a#1", "a#2", "rows.jsonl:2#1", "rows.jsonl:2#2"]
