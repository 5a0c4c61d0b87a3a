"""SQuAD's JSON: contexts with their questions and the answers found, and what its scorer reads."""

import json
from abc import abstractmethod
from typing import Any, TextIO

from taskcli.output.presentation import answers_of
from taskcli.output.serialize import plain
from taskcli.output.writer import Layout, Writer
from taskcli.results import Answer, Record


class SquadWriter(Writer):
    """Articles by title, in them a paragraph for each context, in it the questions about it.

    Rows may bring an id and a title; other inputs have their own names for both. What follows each
    other is put together. An input that failed has no question in it; it stands under `failures`
    with its reason.
    """

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._title: str | None = None
        self._paragraph: dict[str, Any] = {}
        self._failures: list[dict[str, str]] = []
        stream.write('{"version": "v2.0", "data": [')

    def write(self, record: Record) -> None:
        if record.error is not None:
            self._failures.append({"input": record.input, "message": record.error.message})
            return
        title, context = _own(record, "title"), record.item.text
        if self._title is None or title not in (None, self._title):
            self._begin_article(record, context)
        elif context != self._paragraph["context"]:
            if title is None:
                self._begin_article(record, context)
            else:
                self._begin_paragraph(context, ",")
        self._paragraph["qas"].append(_question(_id(record), answers_of(record.result)))

    def _begin_article(self, record: Record, context: str) -> None:
        separator = "" if self._title is None else ","
        self._end_article()
        self._title = _own(record, "title") or record.input.rpartition("#")[0] or record.input
        self.stream.write(f'{separator}\n{{"title": {json.dumps(self._title)}, "paragraphs": [')
        self._begin_paragraph(context, "")

    def _begin_paragraph(self, context: str, separator: str) -> None:
        self._end_paragraph()
        self.stream.write(separator)
        self._paragraph = {"context": context, "qas": []}

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self.stream.write(json.dumps(self._paragraph))
            self.stream.flush()
            self._paragraph = {}

    def _end_article(self) -> None:
        self._end_paragraph()
        if self._title is not None:
            self.stream.write("]}")

    def close(self) -> None:
        self._end_article()
        self.stream.write(f'\n], "failures": {json.dumps(self._failures)}}}\n')
        self.stream.flush()


class _ByIdWriter(Writer):
    """One object: for the id of each question a value. What failed is not in it."""

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._separator = ""
        stream.write("{")

    def write(self, record: Record) -> None:
        if record.error is not None:
            return
        value = plain(self._value(answers_of(record.result)[0]))
        self.stream.write(f"{self._separator}\n{json.dumps(_id(record))}: {json.dumps(value)}")
        self.stream.flush()
        self._separator = ","

    @abstractmethod
    def _value(self, answer: Answer) -> str | float | None:
        """What is said of a question, by its best answer."""

    def close(self) -> None:
        self.stream.write("\n}\n")
        self.stream.flush()


class PredictionsWriter(_ByIdWriter):
    """The answers: what SQuAD's scorer takes as its predictions."""

    def _value(self, answer: Answer) -> str:
        return answer.answer


class NoAnswerWriter(_ByIdWriter):
    """How likely it is that there is no answer: what the scorer takes as --na-prob-file."""

    def _value(self, answer: Answer) -> float | None:
        return answer.no_answer_score


def _id(record: Record) -> str:
    return _own(record, "id") or record.input


def _own(record: Record, name: str) -> str | None:
    """What the row calls itself."""
    value = record.item.fields.get(name)
    return None if value in (None, "") else str(value)


def _question(id: str, answers: list[Answer]) -> dict[str, Any]:
    given = [{"text": one.answer, "answer_start": one.start} for one in answers if one.answer]
    return {
        "id": id,
        "question": answers[0].question,
        "answers": given,
        "is_impossible": not given,
    }
