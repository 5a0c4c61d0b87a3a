"""--dry-run: what would run, on what, and why. Loads no weights."""

import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from taskcli import hub
from taskcli.checkpoints import Checkpoint, weight_bytes
from taskcli.output.safe import safe
from taskcli.sharing import rule_of

if TYPE_CHECKING:
    from taskcli.cli.execute import Settled

_LISTED = 20


def show(settled: "Settled") -> None:
    """Print the plan of a run to standard output."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _lines(settled):
        table.add_row(name, Text(safe(value)))
    Console(highlight=False).print(table)


def _lines(settled: "Settled") -> list[tuple[str, str]]:
    from taskcli.runtime.placement import place

    checkpoint = settled.checkpoint
    size = _size(checkpoint)
    placement = place(settled.run.device, settled.run.dtype, size or 0)
    return [
        ("task", settled.task.name),
        ("checkpoint", _where(checkpoint)),
        ("cached", "yes" if hub.is_cached(checkpoint) else "no: it would be downloaded"),
        ("size", "unknown" if size is None else f"{size / 1e6:,.1f} MB"),
        ("device", f"{placement.device_name} ({placement.device_why})"),
        ("batches", _sharing(settled)),
        ("dtype", f"{placement.dtype_name} ({placement.dtype_why})"),
        ("format", settled.format),
        ("inputs", "counted as they come" if (n := settled.sources.total) is None else str(n)),
        *_inputs(settled),
    ]


def _sharing(settled: "Settled") -> str:
    """Who may share a batch, and why; the architecture is known once the checkpoint is here."""
    found = hub.find(settled.checkpoint)
    if found is None or found.folder is None:
        return "by the architecture, once it is here"
    config = json.loads((found.folder / "config.json").read_text("utf-8"))
    return rule_of(settled.task.name, str(config.get("model_type"))).why


def _inputs(settled: "Settled") -> list[tuple[str, str]]:
    if settled.sources.total is None:
        return []
    ids = [source.id for _, source in zip(range(_LISTED), settled.sources.items, strict=False)]
    more = settled.sources.total - len(ids)
    return [("", id) for id in ids] + ([("", f"… and {more} more")] if more else [])


def _where(checkpoint: Checkpoint) -> str:
    if checkpoint.folder is not None:
        return f"{checkpoint.name} ({checkpoint.folder})"
    return f"{checkpoint.repo} at {checkpoint.revision or 'the newest commit'}"


def _size(checkpoint: Checkpoint) -> int | None:
    """Bytes of the weights: as they lie here, else as the registry states."""
    return checkpoint.size if checkpoint.folder is None else weight_bytes(checkpoint.folder)
