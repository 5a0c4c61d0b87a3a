"""What explanations leave beside their lines: the page of --report, the files of --save-dir."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskcli.api import Model
from taskcli.cli.run.report import facts_of, why_stopped
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.saving import files_in
from taskcli.cli.run.signals import Stopping
from taskcli.explain import Explanation
from taskcli.explain.drawing import Saver
from taskcli.media.source import Source

if TYPE_CHECKING:
    from taskcli.explain.page import ExplainedPage


@dataclass
class Leaving:
    """Both are None where they were not asked for."""

    page: "ExplainedPage | None"
    saver: Saver | None

    @property
    def wants_views(self) -> bool:
        return self.page is not None or self.saver is not None

    def leave(self, explanation: Explanation, source: Source) -> Explanation:
        """The explanation, whose record names the files that were written for it."""
        if self.saver is not None:
            explanation = self.saver.save(explanation)
        if self.page is not None:
            self.page.write(explanation, source.path)
        return explanation

    def stop(self, stopping: Stopping) -> None:
        """Say on the page why not all inputs are on it."""
        if self.page is not None:
            self.page.report.stopped = why_stopped(stopping)


@contextmanager
def opened(config: RunConfig, model: Model) -> Iterator[Leaving]:
    folder = config.output.save_dir
    saver = None if folder is None else Saver(files_in(config, folder))
    with _page(config, model) as page:
        yield Leaving(page, saver)


def _page(config: RunConfig, model: Model) -> "AbstractContextManager[ExplainedPage | None]":
    if config.output.report is None:
        return nullcontext()
    from taskcli.explain import page

    command = config.command.replace("taskcli ", "taskcli explain ", 1)
    facts = {**facts_of(config, model), "command": command}
    return page.opened(config.output.report, facts, config.sources.total, model.labels)
