"""Records as the writer of a format leaves them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain, islice
from typing import TextIO

from taskcli import output as formats
from taskcli.cli.records.target import Target, complete
from taskcli.cli.run import output_file
from taskcli.cli.run.layouts import laid_out
from taskcli.cli.run.streams import print_note, results_stream
from taskcli.output import Writer
from taskcli.results import Record


def write(records: Iterator[Record], target: Target) -> None:
    """Raises UsageError for a record that lacks what the format is made of."""
    is_folder = target.format.kind == "folder"
    kept = list(records) if is_folder else records  # files are named by what else there is
    ids = [one.input for one in kept] if isinstance(kept, list) else []
    whole = (complete(record, target, number) for number, record in enumerate(kept))
    begun = list(islice(whole, 1))  # what cannot be written is told before anything is
    with _opened(target) as stream, closing(_writer(target, stream, ids)) as writer:
        for record in chain(begun, whole):
            writer.write(record)
    for note in (*writer.notes(), *filter(None, [writer.note])):
        print_note(note)


@contextmanager
def _opened(target: Target) -> Iterator[TextIO]:
    file = target.written.output
    with results_stream(needed=file is None) as standard:
        if file is None or target.format.kind == "folder":
            if file is not None:
                file.mkdir(parents=True, exist_ok=True)
            yield standard
        else:
            with output_file.at_the_end(file, target.format) as stream:
                yield stream


def _writer(target: Target, stream: TextIO, ids: list[str]) -> Writer:
    usual = laid_out(target.task, target.written, target.labels, ids)
    layout = replace(usual, keeps=True)
    if target.format.kind == "folder":
        assert target.written.output is not None, "destination.check refuses this"
        return formats.open_folder(target.format.name, target.written.output, ids, layout)
    return formats.open_writer(target.format.name, stream, layout)
