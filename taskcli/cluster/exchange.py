"""What the driver of a run and its workers say to each other: small plain values, no pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli import __version__
from taskcli.api import DecodeOptions, Model, RecordWithInput
from taskcli.checkpoints.registry import Checkpoint, package_folder
from taskcli.config.options import RunOptions
from taskcli.media import MEDIA
from taskcli.media.items import TextInput
from taskcli.results import DepthMap, Record

if TYPE_CHECKING:
    from taskcli.runtime.foresight import Foreseen


@dataclass(frozen=True)
class Load:
    """What a worker needs to load, as the driver decided it."""

    task: str
    options: object
    checkpoint: Checkpoint  # at the commit that the driver resolved
    run: RunOptions
    decode_options: DecodeOptions
    offline: bool
    allow_pickle: bool
    asks: bool  # whether a machine without the checkpoint asks the driver for it
    reads_hub: bool  # whether inputs come from there while they are answered
    with_texts: bool  # whether records go with the texts that they are about
    with_depths: bool  # whether depth maps go with their numbers
    package: Path = field(default_factory=package_folder)  # of the driver, where starters lie
    folder: Path = field(default_factory=Path.cwd)  # in which the driver's paths begin
    version: str = __version__


@dataclass(frozen=True)
class Loaded:
    """What the driver has to know of the checkpoint, once a worker has loaded it."""

    labels: Mapping[int, str]
    placement: "Foreseen"
    told: Mapping[str, object]  # what the checkpoint decides of how inputs are decoded
    is_compiled: bool = False

    @classmethod
    def of(cls, model: Model) -> "Loaded":
        from taskcli.runtime.foresight import Foreseen

        at = model.loaded.placement
        words = Foreseen(at.device_name, at.device_why, at.dtype_name, at.dtype_why)
        told = {name: getattr(model.session, name) for name in MEDIA[model.task.media].told}
        return cls(model.labels, words, told, model.loaded.is_compiled)


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a recording: how long it is."""

    seconds: float


class Answered(NamedTuple):
    """A record, the number of its source, and what of the item the driver needs."""

    number: int
    record: Record
    item: Any  # an Item without pixels, or Heard

    @classmethod
    def of(cls, one: RecordWithInput, load: Load) -> "Answered":
        record, item = one.record, one.item
        if isinstance(record.result, DepthMap) and not load.with_depths:
            record = replace(record, result=replace(record.result, source=None))
        if isinstance(item, TextInput) and not load.with_texts:
            item = None
        seconds = getattr(item, "seconds", None)
        return cls(one.source.number, record, item if seconds is None else Heard(seconds))


@dataclass(frozen=True)
class BlockAnswers:
    """`missing` is a file of the block that the worker's machine does not have."""

    answers: list[Answered]
    batching_note: str = ""
    missing: str | None = None
