"""Which records, and which answers in them, are shown or converted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Annotated, Any

import typer

from taskcli.checkpoints.label_names import LabelNames
from taskcli.checkpoints.token_labels import kinds
from taskcli.cli.records.reading import Records
from taskcli.errors import UsageError
from taskcli.output.presentation import PRESENTATIONS, answers_of, presentation_of
from taskcli.results import Record, parts_of
from taskcli.task import Task

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
    known: Sequence[str] = ()  # labels that answers may have

    @classmethod
    def of(
        cls,
        labels: str | None,
        known: Mapping[int, str],
        min_score: float | None,
        failed: bool,
        answered: bool,
    ) -> "Choice":
        """Raises UsageError for what leaves nothing. `known` are the checkpoint's labels."""
        if failed and answered:
            raise UsageError("--failed and --answered leave nothing", "give one of them")
        own = [*known.values(), *kinds(known).values()]  # of tokens, and of entities
        named = None if labels is None else LabelNames.of(labels, own)
        return cls(named, min_score, failed, answered, own)

    def among(self, found: Records) -> Iterator[Record]:
        """The records with the answers that are wanted. Those that have none left are left out.

        Raises UsageError, before the first, for a label that neither the checkpoint, as far as it
        is here, nor any answer has, and where no record is left.
        """
        self._check(found.task)
        chosen = self._chosen(found.items)
        first = next(chosen, None)
        if first is None:
            raise UsageError(
                "no record is left",
                "choose more with --labels, --min-score, --failed or --answered",
            )
        return chain([first], chosen)

    def _check(self, task: type[Task[Any, Any, Any]]) -> None:
        """Raises UsageError for what no answer of the task has."""
        shapes = [PRESENTATIONS[one] for one in parts_of(task.result) if one in PRESENTATIONS]
        asked = {
            "--labels": (self.labels, any(one.label for one in shapes), "labels"),
            "--min-score": (self.min_score, any(one.score for one in shapes), "scores"),
        }
        for flag, (value, is_known, what) in asked.items():
            if value is not None and not is_known:
                raise UsageError(
                    f"{flag}: answers of {task.name} have no {what} to choose by", "leave it out"
                )

    def _chosen(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in self._with_labels(iter(records)):
            if record.error is not None:
                if not self.answered and not self._is_of_answers:
                    yield record
            elif not self.failed:
                yield from self._with_wanted(record)

    def _with_labels(self, records: Iterator[Record]) -> Iterator[Record]:
        """All of them, as soon as each label that is named is known.

        Where the user chose the labels only answers tell; mostly the first has all of them.
        """
        if self.labels is None:
            return records
        held, seen, unmet = [], dict.fromkeys(self.known), self.labels.besides(self.known)
        while unmet.keys and (record := next(records, None)) is not None:
            held.append(record)
            found = list(_labels(record))
            seen.update(dict.fromkeys(found))
            unmet = unmet.besides(found)
        if seen:
            unmet.check([*seen], "no answer has that label")
        return chain(held, records)

    @property
    def _is_of_answers(self) -> bool:
        return self.labels is not None or self.min_score is not None

    def _with_wanted(self, record: Record) -> Iterator[Record]:
        if not self._is_of_answers:
            yield record
            return
        wanted = self._wanted(record.result)
        left = [replace(one, labels=self._wanted(one.labels)) for one in record.windows]
        windows = tuple(one for one in left if one.labels)
        if wanted or windows:
            result = wanted if isinstance(record.result, list) else record.result
            yield replace(record, result=result, windows=windows)

    def _wanted(self, result: object) -> list[Any]:
        return [one for one in answers_of(result) if self._wants(one)]

    def _wants(self, one: object) -> bool:
        shape = presentation_of(one)
        if self.labels is not None and shape.label_of(one) not in self.labels:
            return False
        score = shape.score_of(one)
        return self.min_score is None or (score is not None and score >= self.min_score)


def _labels(record: Record) -> Iterator[str]:
    results = [record.result, *(one.labels for one in record.windows)]
    for one in chain.from_iterable(map(answers_of, results if record.error is None else ())):
        if (label := presentation_of(one).label_of(one)) is not None:
            yield label
