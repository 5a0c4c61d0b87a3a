"""--dry-run: what would run, on what, and why. Loads no weights.

Nor torch, where all of it can be told without: on a machine that has no accelerator.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli.checkpoints import cache
from taskcli.checkpoints.registry import Checkpoint, weight_bytes
from taskcli.cli import messages
from taskcli.cli.run import saving
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.streams import stdout_is_terminal
from taskcli.output.sanitize import safe
from taskcli.runtime.batching import policy_for

if TYPE_CHECKING:
    from taskcli.runtime.foresight import Foreseen
    from taskcli.runtime.placement import Placement

_LISTED = 20
_WIDE = 10_000  # columns: a pipe has no edge, and a path in two lines is none


def show(config: RunConfig) -> None:
    """Print the plan of a run to standard output."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _lines(config):
        table.add_row(name, Text(safe(value)))
    messages.status("")
    console = Console(highlight=False, width=None if stdout_is_terminal() else _WIDE)
    console.print(table)


def _lines(config: RunConfig) -> list[tuple[str, str]]:
    here = _here(config)
    checkpoint = here or config.checkpoint
    size, architecture = _size(checkpoint), _architecture(config, here)
    placement = _placement(config, size or 0, architecture)
    return [
        ("task", config.task.name),
        ("checkpoint", _where(checkpoint)),
        ("cached", _cached(config, here)),
        ("size", "unknown" if size is None else f"{size / 1e6:,.1f} MB"),
        *_helper(config),
        ("device", f"{placement.device_name} ({placement.device_why})"),
        ("dtype", f"{placement.dtype_name} ({placement.dtype_why})"),
        *_compiled(config),
        ("batches", _batches(config, architecture)),
        ("format", config.format),
        *_engine(config),
        *config.named_outputs,
        *_inputs(config),
    ]


def _helper(config: RunConfig) -> list[tuple[str, str]]:
    """The checkpoint that is loaded beside."""
    asked = config.checkpoint.helper
    if asked is None:
        return []
    here = _found(config, asked)
    return [(asked.task, f"{_where(here or asked)}; cached: {_cached(config, here)}")]


def _engine(config: RunConfig) -> list[tuple[str, str]]:
    if config.cluster.engine == "local":
        return []
    from taskcli.cluster.opening import planned

    return [("engine", planned(config.cluster))]


def _here(config: RunConfig) -> Checkpoint | None:
    return _found(config, replace(config.checkpoint, helper=None))


def _found(config: RunConfig, checkpoint: Checkpoint) -> Checkpoint | None:
    """The checkpoint as it lies on this disk, refused as a run would refuse it."""
    found = cache.find(checkpoint)
    if found is None:
        return None
    return cache.fetch(found, offline=True, allow_pickle=config.model.allow_pickle)


def _architecture(config: RunConfig, here: Checkpoint | None) -> str:
    """The model type; empty while the checkpoint is elsewhere."""
    if here is None or here.folder is None:
        return ""
    from taskcli.runtime.foresight import served_type

    if known := served_type(config.task, here.folder):
        return known
    from taskcli.runtime.loader import model_type

    return model_type(config.task, here.name, here.folder)


def _placement(config: RunConfig, size: int, architecture: str) -> "Foreseen | Placement":
    from taskcli.runtime.foresight import foreseen

    device, dtype, devices = config.run.device, config.run.dtype, config.run.devices
    if known := foreseen(device, dtype, architecture, devices):
        return known
    from taskcli.runtime.placement import place

    return place(device, dtype, size, architecture, devices)


def _compiled(config: RunConfig) -> list[tuple[str, str]]:
    told = "asked for: the first batch takes minutes; models that write run as they are"
    return [("compiled", told)] if config.run.compile else []


def _cached(config: RunConfig, here: Checkpoint | None) -> str:
    if here is not None:
        return "yes"
    if config.model.offline or cache.is_offline():
        return "no, and this run is offline: it would be refused"
    return "no: it would be downloaded"


def _batches(config: RunConfig, architecture: str) -> str:
    """How many inputs share a batch, which do, and why."""
    size = config.run.batch_size
    if size == "1":
        return "one input each (asked for)"
    asked = "" if size == "auto" else f"up to {size} inputs; "
    if not architecture:
        return f"{asked}shared as the architecture allows, once it is here"
    return asked + policy_for(config.task, architecture).why


def _inputs(config: RunConfig) -> list[tuple[str, str]]:
    total = config.sources.total
    if total is None:
        folder = config.output.save_dir
        saved = [] if folder is None else [("files", f"in {folder}, named after the inputs")]
        return [("inputs", "counted as they come"), *saved]
    ids = [source.id for _, source in zip(range(_LISTED), config.sources.items, strict=False)]
    more = [f"… and {total - len(ids)} more"] if total > len(ids) else []
    files = list(saving.planned(config, ids))
    return [
        ("inputs", str(total)),
        *(("", id) for id in (*ids, *more)),
        *_headed("files", [*files, *more] if files else []),
    ]


def _headed(name: str, values: list[str]) -> Iterator[tuple[str, str]]:
    return zip([name, *[""] * len(values)], values, strict=False)


def _where(checkpoint: Checkpoint) -> str:
    if checkpoint.repo is None:
        return f"{checkpoint.name} ({checkpoint.folder})"
    return f"{checkpoint.repo} at {checkpoint.revision or 'the newest commit'}"


def _size(checkpoint: Checkpoint) -> int | None:
    """Bytes of the weights: as they lie here, else as the registry states."""
    return checkpoint.size if checkpoint.folder is None else weight_bytes(checkpoint.folder)
