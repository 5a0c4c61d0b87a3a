"""What the user asked for, and all that follows from it before a heavy library loads."""

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, TextIO

from taskcli import __version__
from taskcli.checkpoints.registry import Checkpoint
from taskcli.cli.run import destination
from taskcli.cli.run.no_overwrite import Apart
from taskcli.config.options import InputOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.inputs.sources import Sources
from taskcli.task import Task

# What the ids of inputs depend on, and which of a file's tracks was heard.
_READING = ("field", "lines", "encoding", "delimiter", "text", "track")


@dataclass(frozen=True)
class Invocation:
    """What the user typed: `given` holds flags and environment, not defaults."""

    task: type[Task[Any, Any, Any]]
    input_group: type[InputOptions]
    inputs: tuple[str, ...]
    given: dict[str, Any]


@dataclass(frozen=True)
class RunConfig:
    """Everything that is decided before a heavy library loads."""

    task: type[Task[Any, Any, Any]]
    options: Any
    inputs: Any
    model: ModelOptions
    run: RunOptions
    output: OutputOptions
    checkpoint: Checkpoint
    sources: Sources
    format: str
    command: str
    apart: Apart

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What must be the same for two runs to share an output file."""
        return {
            "task": self.task.name,
            "model": self.checkpoint.name,
            "revision": self.checkpoint.revision,
            "options": asdict(self.options),
            "reading": {name: getattr(self.inputs, name, None) for name in _READING},
            "dtype": self.run.dtype,
            "taskcli": __version__,
        }

    def opened(self, standard: TextIO) -> AbstractContextManager[TextIO]:
        waits = self.apart.must_wait
        return destination.opened(self.output, self.format, self.fingerprint, standard, waits)
