"""The contract of one task: what it accepts, its options, and three stages over whole lists.

Data goes one way: items -> preprocess -> Batch -> forward -> outputs -> postprocess -> results.
A task never opens a file, picks a device, prints or saves.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from taskcli.checkpoints.registry import Checkpoint
from taskcli.config.input_options import InputOptions
from taskcli.config.options import ClusterOptions, ModelOptions, OutputOptions, RunOptions
from taskcli.formats import formats_of
from taskcli.media import MEDIA
from taskcli.media.items import Item, Media
from taskcli.results import LabelWindow

if TYPE_CHECKING:
    from transformers import (
        BaseImageProcessor,
        FeatureExtractionMixin,
        PreTrainedModel,
        PreTrainedTokenizerBase,
        ProcessorMixin,
    )

    # What stands before a model: one of these, or both halves of a speech model's beside another.
    Processor: TypeAlias = (
        PreTrainedTokenizerBase | BaseImageProcessor | FeatureExtractionMixin | ProcessorMixin
    )

OptionsT = TypeVar("OptionsT")
ItemT = TypeVar("ItemT", bound=Item)
ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class Batch:
    """Model inputs for several items.

    `inputs` maps a model argument to a tensor [rows, ...]; the session moves it to the device.
    `row_to_item[row]` is the index of the item that the row came from: long items own several rows.
    `extra` stays on the host for `postprocess` (offsets, sizes, strides). `listener` hears
    generated text as it comes, where one input is answered while somebody looks on.
    """

    inputs: Mapping[str, Any]
    row_to_item: Sequence[int]
    extra: dict[str, Any] = field(default_factory=dict)
    listener: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class WithWarnings(Generic[ResultT]):
    """A result with warnings about how it came to be (cut, windowed, guessed).

    `windows` are the answers of stretches of a recording, where the result sums them up; `window`
    is how many seconds each was asked to hold.
    """

    result: ResultT
    warnings: tuple[str, ...]
    windows: tuple[LabelWindow, ...] = ()
    window: float | None = None


@dataclass(frozen=True)
class Samples:
    """What any checkpoint of a task can be asked: the tests of all tasks read it.

    `options` keep answers short and let weights that were never trained answer. `texts` are given
    where a task needs more of a text than that it is one. `model_types` are architectures that are
    small to make, for a task whose checkpoints no test makes otherwise, and `answer` is a result to
    look at, where no rendering of its own is tested.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    model_types: tuple[str, ...] = ()
    answer: object = None


class Task(ABC, Generic[OptionsT, ItemT, ResultT]):
    """One command. Subclasses set the class attributes and write the stages.

    Tasks of other options share `processor` and `model`: only `prepare` may change these.
    """

    name: ClassVar[str]
    media: ClassVar[Media]
    Options: ClassVar[type[Any]]
    Output: ClassVar[type[OutputOptions]] = OutputOptions  # with what the task's own files need
    result: ClassVar[Any]  # the type of a record's result, for the JSON Schema
    more_fields: ClassVar[frozenset[str]] = frozenset()  # of OF_SOME_TASKS, which its records have
    auto_models: ClassVar[tuple[str, ...]]  # by name: importing one costs seconds
    # A task whose checkpoint may answer beside the own one, of parts of its own.
    Helper: ClassVar["type[Task[Any, Any, Any]] | None"] = None
    examples: ClassVar[tuple[str, ...]]
    samples: ClassVar[Samples] = Samples()
    text_fields: ClassVar[tuple[str, ...]] = ("text",)  # where a row keeps its text
    chats: ClassVar[bool] = False  # whether that may be a list of messages
    final_newline: ClassVar[bool] = True  # whether the last line end of a document is text
    budget: ClassVar[int]  # cost of one batch (longest x count) on a CPU
    # Inputs that are planned together at first. Few, so that answers come soon; more where a step
    # of the model takes about as long for many as for one.
    first_window: ClassVar[int] = 1
    # Modules computed in float32 whatever the dtype; None is everything outside the backbone.
    fp32_heads: ClassVar[frozenset[str] | None] = None
    fp32_modules: ClassVar[frozenset[str]] = frozenset()  # and these of the backbone's

    def __init__(self, options: OptionsT, processor: "Processor", model: "PreTrainedModel") -> None:
        self.options = options
        self.processor = processor
        self.model = model

    @classmethod
    def groups(cls) -> tuple[type[Any], ...]:
        """The groups of options that the command takes, the task's own first."""
        inputs = MEDIA[cls.media].load_options()
        return (cls.Options, inputs, ModelOptions, RunOptions, ClusterOptions, cls.Output)

    @classmethod
    def formats(cls) -> tuple[str, ...]:
        """What its answers can be written as, beyond the formats of every task."""
        return formats_of(cls.result)

    @classmethod
    def processor_class(cls) -> str:
        return MEDIA[cls.media].processor

    @classmethod
    def prepare(cls, processor: "Processor", model: "PreTrainedModel") -> None:
        """Settle, once when a checkpoint is loaded, what the task needs of it under any options."""

    @classmethod
    def for_output(cls, options: OptionsT, chosen: str, written: OutputOptions) -> OptionsT:
        """The options that a format or saved files need, such as time stamps for subtitles.

        Raises UsageError for options that the format cannot show.
        """
        return options

    @classmethod
    def refuse(cls, options: OptionsT, known: Sequence[str]) -> None:
        """Raise UsageError for options that a checkpoint of the `known` languages cannot serve.

        It is asked before anything is fetched, of what the registry lists; () is not known.
        """

    @classmethod
    def helped(cls, options: OptionsT, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint, with that of the helper which the options name.

        Raises CheckpointError for an unknown one.
        """
        return checkpoint

    @classmethod
    def helped_by(cls, checkpoint: Checkpoint) -> Mapping[str, str]:
        """The option that names the helper, with the commit that was resolved."""
        return {}

    def take_help(self, helper: "Task[Any, Any, Any] | None") -> None:
        """Hear, once, of the helper that is loaded beside the task's model.

        Raises UsageError where the options want one that is not there.
        """

    @classmethod
    def refuse_inputs(cls, options: OptionsT, inputs: InputOptions) -> None:
        """Raise UsageError for options that do not go with how inputs are read."""

    @classmethod
    def variants(cls, options: OptionsT) -> Sequence[Mapping[str, str]]:
        """Fields that the options add to every input: one variant per question, per pair."""
        return ()

    def cost(self, part: Any) -> int:
        """What padding would waste if this part shared a batch with shorter ones."""
        return 1

    @property
    def bytes_per_cost(self) -> int:
        """Of the device's memory, while a batch is computed; 0 where no batch would fill it."""
        return 0

    @property
    def in_parts(self) -> bool:
        """Of a bulky medium: whether an item, decoded in full, may have more than one part."""
        return False

    def batch_key(self, part: Any) -> Hashable:
        """Only parts of equal value here may share a batch, for inputs that cannot be padded."""
        return None

    def padded_length(self, part: Any) -> Hashable:
        """Parts of equal value here need no padding in a batch; for models that padding changes."""
        return self.cost(part)

    def encode(self, items: list[ItemT]) -> Iterator[tuple[int, Any]]:
        """The parts of each item, with its place in the list: what is planned into batches.

        Runs in several threads at once. Of a single item the parts may come one by one.
        """
        return enumerate(items)

    def fold(self, item: ItemT, results: list[Any]) -> "ResultT | WithWarnings[ResultT]":
        """The one result of an item, from those of its parts."""
        (result,) = results
        return result  # type: ignore[no-any-return]

    def latest_text(self, item: ItemT, results: list[Any]) -> str:
        """What a few parts of a long item say, for somebody who looks on while it is answered."""
        return ""

    @abstractmethod
    def preprocess(self, parts: list[Any]) -> Batch:
        """Turn parts into one padded batch. Raise InputError only for a single one."""

    def forward(self, batch: Batch) -> object:
        """What `postprocess` needs of the model's answers, and no more: all of it is copied.

        Tensors lie on the device here, and on the host there. Nothing is read back on the way, as
        by tolist(), item() or a mask as an index: each would wait for the device.
        """
        return self.model(**batch.inputs)

    @abstractmethod
    def postprocess(self, outputs: Any, batch: Batch, parts: list[Any]) -> list[Any]:
        """What `fold` needs of each part, in order; for items of one part their results."""
