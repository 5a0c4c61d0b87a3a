"""The page: what a report holds of each input, and behind that its stages and its views."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskcli.explain.explaining import Explanation
from taskcli.explain.looking import Look
from taskcli.explain.page.packing import Packed, packed
from taskcli.explain.stages import Stage, stage_with
from taskcli.output import report
from taskcli.output.palette import diverging_colours, heat_colours
from taskcli.output.report import Report
from taskcli.output.serialize import one_line, plain

_MOST_OF_VIEW, _MOST_OF_PAGE = 12 * 2**20, 96 * 2**20  # characters of numbers


@dataclass
class ExplainedPage:
    """A page while it is written."""

    report: Report
    _room: int = _MOST_OF_PAGE

    def write(self, explanation: Explanation, path: str | None) -> None:
        """Add one input. `path` is the file it came from."""
        look = explanation.look
        self.report.write(explanation.record, None if look is None else look.item, path)
        if explanation.record.error is None:
            self.report.block("explained", one_line(_told(explanation)))
        for view in () if look is None else self._views(explanation.stages, look):
            self.report.block("view", one_line(view))

    def _views(self, stages: Sequence[Stage], look: Look) -> Iterator[Packed]:
        for view in look.views:
            one = packed(view, min(_MOST_OF_VIEW, self._room))
            self._room -= sum(len(frame["data"]) for frame in one.get("frames", ()))
            yield {**one, "stage": stages.index(stage_with(stages, view.stage))}


@contextmanager
def opened(
    file: Path, facts: Mapping[str, Any], total: int | None, labels: Mapping[int, str]
) -> Iterator[ExplainedPage]:
    """As a report is opened. Raises OSError where the page cannot be written."""
    told = {**facts, "diverging": diverging_colours()}
    with report.opened(file, told, total, labels, Path(__file__).parent) as page:
        page.heat = heat_colours()
        yield ExplainedPage(page)


def _told(explanation: Explanation) -> dict[str, Any]:
    return {
        "architecture": explanation.architecture,
        "parameters": explanation.parameters,
        "multiply_adds": explanation.multiply_adds,
        "seconds": plain(explanation.seconds),
        "same": explanation.same,
        "looked_same": explanation.look is None or explanation.look.same,
        "training": list(explanation.training),
        "stages": [plain(one) for one in explanation.stages],
    }
