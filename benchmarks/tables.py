"""Tables for a terminal and for Markdown, and the line that says what they were measured on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.machine import Machine  # which imports torch


def as_table(title: str, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> Table:
    """For a terminal: the first column is of names, the others are of numbers."""
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines:
        table.add_row(*line)
    return table


def as_markdown(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """The same in Markdown."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (columns, rule, *lines))


def machine_line(machine: Machine) -> str:
    flags = ", ".join(machine.flags) or "no vector flags known"
    versions = ", ".join(map(" ".join, machine.versions.items()))
    return (
        f"{machine.day}, {machine.system}, {machine.cpu}, {machine.cores} cores ({flags}), "
        f"{machine.memory_gib} GiB; accelerator: {machine.accelerator or 'none'}; torch uses "
        f"{machine.torch_threads} threads. Python {machine.python}, {versions}."
    )
