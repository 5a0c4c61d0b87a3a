"""The page of a run, made again from its records."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from taskcli.cli.records.reading import Records, with_item
from taskcli.cli.run.report import told
from taskcli.results import Record


def write_page(records: Iterable[Record], found: Records, file: Path) -> None:
    """As --report made it, of those `found`."""
    from taskcli.output import report

    kept = list(records)
    command = shlex.join(["taskcli", *sys.argv[1:]])
    facts = told(found.task, command, (kept[0].model, kept[0].revision), options={})
    with report.opened(file, facts, len(kept), found.labels) as page:
        for record in kept:
            complete = with_item(record, found.task)
            page.write(complete, complete.item, record.input)
