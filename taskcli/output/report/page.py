"""The report page: its head, two data blocks per input as they come, then what the run was.

The page's own script builds everything a person sees from those blocks, so nothing that a file,
a label or a model contains is ever markup. Memory does not grow with the number of inputs.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from taskcli.errors import first_line
from taskcli.files.atomic_write import Unfinished
from taskcli.media.items import Item
from taskcli.output.palette import Colour, colour_of, heat_colours, hexadecimal, text_color_on
from taskcli.output.presentation import FIELDS, Presentation, answers_of, presentation_of
from taskcli.output.report.template import template
from taskcli.output.report.thumbnails import Preview
from taskcli.output.sanitize import UNSAFE_IN_NAMES
from taskcli.output.serialize import one_line, to_line
from taskcli.results import Record

OWN_PAGE = Path(__file__).parent  # page.html, and all that makes it
_PAGE_LIMIT = 256 * 2**20  # bytes; browsers open this much, further inputs come without media


@dataclass
class Report:
    """The page while it is written. `stopped` says why the run ended early, if it did."""

    stream: TextIO
    preview: Preview
    labels: Mapping[int, str] = field(default_factory=dict)  # the checkpoint's numbers for them
    colours: dict[str, str] = field(default_factory=dict)  # of the labels that were answered
    inks: dict[str, str] = field(default_factory=dict)  # on those colours
    heat: list[str] = field(default_factory=list)  # of depths, where there are any
    stopped: str | None = None
    count: int = 0
    failed: int = 0
    began: float = field(default_factory=time.time)
    shape: Presentation = FIELDS  # of what was answered
    _known: Mapping[str, Colour] | None = None

    def write(self, record: Record, item: Item | None, path: str | None) -> None:
        """Add one input: its record, the decoded item that it answers, the file it came from."""
        full = self.stream.tell() > _PAGE_LIMIT
        self.block("record", to_line(record))
        self.block("preview", one_line(self.preview.of(item, record.result, path, full)))
        if record.error is None:
            self._note_looks(record.result)
        self.count += 1
        self.failed += record.error is not None

    def end(self, facts: Mapping[str, Any]) -> None:
        """Add what is known only now: counts and times."""
        known = {
            **facts,
            "count": self.count,
            "failed": self.failed,
            "stopped": self.stopped,
            "shape": self.shape.for_page(),
            "colours": self.colours,
            "inks": self.inks,
            "heat": self.heat,
            "unsafe": UNSAFE_IN_NAMES,
            "began": datetime.fromtimestamp(self.began).astimezone().isoformat(timespec="seconds"),
            "seconds": time.time() - self.began,
        }
        self.block("run", one_line(known))

    def block(self, kind: str, line: str) -> None:
        """A line of JSON that the page's script reads."""
        # `<` alone could end the block or open a comment in it.
        data = line.replace("<", "\\u003c")
        self.stream.write(f'<script type="application/json" class="{kind}">{data}</script>\n')

    def _note_looks(self, result: object) -> None:
        """The page has the colours of pictures and terminal; it cannot know a label's number."""
        shape = presentation_of(result)
        if shape is not FIELDS:
            self.shape = shape
        if shape.view == "depth" and not self.heat:
            self.heat = heat_colours()
        if shape.colours is None:
            return
        if self._known is None:
            self._known = shape.label_colours(self.labels)
        for one in answers_of(result):
            label = shape.label_of(one)
            if label is not None and label not in self.colours:
                colour = colour_of(label, self._known)
                self.colours[label] = hexadecimal(colour)
                self.inks[hexadecimal(colour)] = hexadecimal(text_color_on(colour))


@contextmanager
def opened(
    file: Path,
    facts: Mapping[str, Any],
    total: int | None,
    labels: Mapping[int, str] | None = None,
    page: Path = OWN_PAGE,
) -> Iterator[Report]:
    """A report that stands at `file`, whole, once the block is left, even by an exception.

    `facts` are shown at the top; `total` is the number of inputs where it is known, and decides
    how large their previews are; `labels` are the checkpoint's, by number; `page` is the folder of
    another page that shows the same. Raises OSError where it cannot be written; then there is none.
    """
    head, tail = template(page, f"{facts['task']} report")
    with closing(Unfinished(file)) as unfinished:
        stream = TextIOWrapper(unfinished.stream, "utf-8", newline="")
        stream.write(head)
        report = Report(stream, Preview.for_run(file, total), labels or {})
        try:
            yield report
        except Exception as failure:
            report.stopped = first_line(failure)
            raise
        finally:
            report.end(facts)
            stream.write(tail)
            stream.flush()
            unfinished.finish()
