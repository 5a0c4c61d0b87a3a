"""The page of a run, made again from its records."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from taskcli import __version__
from taskcli.cli.records.labels import labels_of
from taskcli.cli.records.reading import with_item
from taskcli.errors import UsageError
from taskcli.results import Record
from taskcli.task import Task


def none_left() -> UsageError:
    return UsageError("no record is left", "choose more with --labels, --min-score, --failed")


def write_page(records: Iterable[Record], task: type[Task[Any, Any, Any]], file: Path) -> None:
    """As --report made it. Raises UsageError where there is no record."""
    from taskcli.output import report

    kept = list(records)
    if not kept:
        raise none_left()
    facts: dict[str, Any] = {
        "task": task.name,
        "media": task.media,
        "command": shlex.join(["taskcli", *sys.argv[1:]]),
        "model": kept[0].model,
        "revision": kept[0].revision,
        "options": {},
        "resumed": False,
        "version": __version__,
    }
    with report.opened(file, facts, len(kept), labels_of(kept[0])) as page:
        for record in kept:
            complete = with_item(record, task)
            page.write(complete, complete.item, record.input)
