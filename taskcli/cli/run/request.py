"""What the user asked for, and all that follows from it before a heavy library loads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from taskcli import __version__
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.run import output_file
from taskcli.cli.run.interrupted import goes_on
from taskcli.cli.run.no_overwrite import Apart
from taskcli.cli.run.reporter import Reporter
from taskcli.config.input_options import InputOptions
from taskcli.config.options import ClusterOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.formats import FORMATS
from taskcli.inputs.sources import Sources
from taskcli.media import MEDIA
from taskcli.remote.urls import shown_path, url_of
from taskcli.task import Task

# What the ids of inputs depend on, what of recordings and pictures was heard and seen, and what
# stays of a row.
_HEARD, _SEEN = ("track", "channel", "start", "duration", "clips"), ("frames", "fps")
_ROWS = ("field", "lines", "delimiter", "input_format", "keep")
_READING = (*_ROWS, "encoding", "text", *_HEARD, *_SEEN)


@dataclass(frozen=True)
class Invocation:
    """What the user asks for: `given` holds flags and environment, not defaults.

    `typed` names those of flags: they are for this run alone, so what it has no use for is wrong.
    """

    task: type[Task[Any, Any, Any]]
    input_group: type[InputOptions]
    inputs: tuple[str, ...]
    given: dict[str, Any]
    typed: frozenset[str] = frozenset()

    @property
    def flags(self) -> dict[str, Any]:
        """What is given as flags."""
        return {name: value for name, value in self.given.items() if name in self.typed}


@dataclass(frozen=True)
class RunConfig:
    """Everything that is decided before a heavy library loads."""

    task: type[Task[Any, Any, Any]]
    options: Any
    inputs: InputOptions
    model: ModelOptions
    run: RunOptions
    cluster: ClusterOptions
    output: OutputOptions
    checkpoint: Checkpoint
    sources: Sources
    format: str
    command: str
    apart: Apart
    reads_hub: bool = False  # whether inputs come from there while the run goes on

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What must be the same for two runs to share an output file."""
        return {
            "task": self.task.name,
            "model": self.checkpoint.name,
            "revision": self.checkpoint.revision,
            "options": {**asdict(self.options), **self.task.helped_by(self.checkpoint)},
            "reading": {name: getattr(self.inputs, name, None) for name in _READING},
            "shard": self.inputs.shard,
            "dtype": self.run.dtype,
            "taskcli": __version__,
        }

    @property
    def can_be_resumed(self) -> bool:
        file = self.output.output
        return file is not None and FORMATS[self.format].resumes and url_of(file) is None

    @property
    def is_timed(self) -> bool:
        """Whether progress is in seconds of sound."""
        return MEDIA[self.task.media].is_timed

    @property
    def shows_inputs(self) -> bool:
        """Whether the inputs themselves are shown, as on the page of a report."""
        return bool(getattr(self.output, "preview", False) or self.output.report is not None)

    @property
    def named_outputs(self) -> list[tuple[str, str]]:
        """What the options call the files that are written, and where they are."""
        named = {"output": self.output.output, "report": self.output.report}
        return [(name, shown_path(path)) for name, path in named.items() if path is not None]

    @property
    def is_looked_at(self) -> bool:
        """Whether pictures are drawn on: all other formats want their sizes alone."""
        return self.shows_inputs or self.output.save_dir is not None

    @property
    def quotes_inputs(self) -> bool:
        """Whether what is written has parts of the texts that it is about."""
        return self.is_looked_at or FORMATS[self.format].quotes

    @property
    def known_ids(self) -> list[str]:
        """The ids of the inputs that are known beforehand."""
        return list(self.sources.named)

    def reporter(self, answered: int, scrolls: bool) -> Reporter:
        """Who tells of the run; `answered` and `scrolls` as a Reporter has them."""
        written = self.output
        return Reporter(
            written.quiet,
            self.format,
            written.output,
            goes_on(written, self.format),
            answered,
            scrolls,
            written.stats,
        )

    @contextmanager
    def opened(self, standard: TextIO) -> Iterator[TextIO]:
        """Where the records go; what is left there by a run that ends early is said."""
        waits = self.apart.must_wait
        with (
            output_file.told(self.output, self.format, standard),
            output_file.opened(
                self.output, self.format, self.fingerprint, standard, waits
            ) as stream,
        ):
            yield stream
