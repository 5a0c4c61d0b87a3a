"""SQuAD's JSON: contexts with their questions and the answers found."""

import json
from typing import Any, TextIO

from taskcli.output.writer import Writer
from taskcli.results import Answer, Record


class SquadWriter(Writer):
    """One article per context; questions that follow each other about one text share it.

    An input that failed has no question in it; it stands under `failures` with its reason.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._article: dict[str, Any] = {}
        self._failures: list[dict[str, str]] = []
        self._count = 0
        stream.write('{"version": "v2.0", "data": [')

    def write(self, record: Record) -> None:
        if record.error is not None:
            self._failures.append({"input": record.input, "message": record.error.message})
            return
        context = record.item.text
        if not self._article or self._paragraph["context"] != context:
            self._put()
            title = record.input.rpartition("#")[0] or record.input
            self._article = {"title": title, "paragraphs": [{"context": context, "qas": []}]}
        answers = record.result if isinstance(record.result, list) else [record.result]
        self._paragraph["qas"].append(_question(record.input, answers))

    @property
    def _paragraph(self) -> dict[str, Any]:
        paragraph: dict[str, Any] = self._article["paragraphs"][0]
        return paragraph

    def _put(self) -> None:
        if self._article:
            self.stream.write(("," if self._count else "") + "\n" + json.dumps(self._article))
            self.stream.flush()
            self._count += 1

    def close(self) -> None:
        self._put()
        self.stream.write(f'\n], "failures": {json.dumps(self._failures)}}}\n')
        self.stream.flush()


def _question(id: str, answers: list[Answer]) -> dict[str, Any]:
    given = [{"text": one.answer, "answer_start": one.start} for one in answers if one.answer]
    return {
        "id": id,
        "question": answers[0].question,
        "answers": given,
        "is_impossible": not given,
    }
