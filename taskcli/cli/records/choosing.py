"""Which records, and which answers in them, are shown or converted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from taskcli.checkpoints.label_names import LabelNames
from taskcli.errors import UsageError
from taskcli.output.presentation import answers_of, presentation_of
from taskcli.results import Record

LabelFilter = Annotated[
    str | None,
    typer.Option("--labels", metavar="A,B,...", help="Only answers with these labels."),
]
ScoreFilter = Annotated[
    float | None, typer.Option("--min-score", help="Only answers that score at least this.")
]
OnlyFailed = Annotated[bool, typer.Option("--failed", help="Only inputs that failed.")]
OnlyAnswered = Annotated[bool, typer.Option("--answered", help="Leave out inputs that failed.")]


@dataclass(frozen=True)
class Choice:
    """Of answers by label and score, and of records by whether they have answers."""

    labels: LabelNames | None = None
    min_score: float | None = None
    failed: bool = False
    answered: bool = False

    @classmethod
    def of(
        cls,
        labels: str | None,
        known: Iterable[str],
        min_score: float | None,
        failed: bool,
        answered: bool,
    ) -> "Choice":
        """Raises UsageError for what leaves nothing. `known` are the checkpoint's labels."""
        if failed and answered:
            raise UsageError("--failed and --answered leave nothing", "give one of them")
        named = None if labels is None else LabelNames.of(labels, known)
        return cls(named, min_score, failed, answered)

    def among(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records with the answers that are wanted. Those that have none left are left out."""
        for record in records:
            if record.error is not None:
                if not self.answered and not self._is_of_answers:
                    yield record
            elif not self.failed:
                yield from self._with_wanted(record)

    @property
    def _is_of_answers(self) -> bool:
        return self.labels is not None or self.min_score is not None

    def _with_wanted(self, record: Record) -> Iterator[Record]:
        if not self._is_of_answers:
            yield record
            return
        wanted = [one for one in answers_of(record.result) if self._wants(one)]
        if wanted:
            result = wanted if isinstance(record.result, list) else record.result
            yield replace(record, result=result)

    def _wants(self, one: object) -> bool:
        shape = presentation_of(one)
        if self.labels is not None and shape.label_of(one) not in self.labels:
            return False
        score = shape.score_of(one)
        return self.min_score is None or (score is not None and score >= self.min_score)
