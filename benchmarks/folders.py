"""Checkpoints in folders, each made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Build = Callable[[Path], Path]

_FINISHED = "config.json"  # moved in last


def kept(make: Callable[[Path], tuple[Any, Any]]) -> Build:
    """Build a folder where it is missing; `make` gives what stands before the model, and it."""

    def build(folder: Path) -> Path:
        if not (folder / _FINISHED).exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            _save(folder, *make(folder))
        return folder

    return build


def _save(folder: Path, processor: Any, model: Any) -> None:
    """Write the folder so that a run that was cut off does not leave one that looks whole."""
    unfinished = folder.with_name(folder.name + ".part")
    processor.save_pretrained(unfinished)
    model.save_pretrained(unfinished)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(unfinished.iterdir(), key=lambda file: file.name == _FINISHED):
        file.replace(folder / file.name)
    unfinished.rmdir()
