"""What writes down what is said, with a checkpoint beside it that hears who speaks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taskcli.config.input_options import InputOptions
from taskcli.media.items import Recording
from taskcli.results import Transcript
from taskcli.task import Task
from taskcli.tasks.asr.diarization import Diarization
from taskcli.tasks.asr.options import AsrOptions
from taskcli.tasks.stretches import Cutting

if TYPE_CHECKING:
    from taskcli.checkpoints.registry import Checkpoint


class Helped(Task[AsrOptions, Recording, Transcript]):
    """A task that is told who speaks, where `--speakers` asks for it."""

    Helper = Diarization
    _diarization: Diarization | None = None

    @classmethod
    def refuse_inputs(cls, options: AsrOptions, inputs: InputOptions) -> None:
        options.refuse_channel(getattr(inputs, "channel", ""))

    @classmethod
    def helped(cls, options: AsrOptions, checkpoint: "Checkpoint") -> "Checkpoint":
        return Diarization.beside(checkpoint, options.speakers)

    @classmethod
    def helped_by(cls, checkpoint: "Checkpoint") -> Mapping[str, str]:
        return {} if checkpoint.helper is None else {"speakers": checkpoint.helper.as_named}

    def help_cutting(self, rate: int) -> Cutting | None:
        """What cuts a recording for who tells of speakers, if somebody does."""
        return None if self._diarization is None else self._diarization.cutting(rate)

    def take_help(self, helper: Task[Any, Any, Any] | None) -> None:
        if self.options.speakers is not None:
            self._diarization = Diarization.checked(helper, self.processor)
