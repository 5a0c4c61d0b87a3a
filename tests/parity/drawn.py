"""python -m parity.drawn: whether `taskcli explain --architecture` is true of every model type.

Of each type's tiny checkpoint the stages are drawn from the configuration alone, and held against
the weights that loading it gives. What was found is written to docs/drawn.json.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import taskcli
from parity.checkpoint import make
from parity.page import DRAWN
from parity.trial import NOT_MADE, _languages, _line, _subtask
from parity.walk import pairs, walk
from taskcli.explain import Architecture, draw
from taskcli.task import Task
from taskcli.tasks import BY_NAME


def attempt(task: type[Task[Any, Any, Any]], model_type: str) -> dict[str, Any]:
    """`works` if every figure is true and every stage has shapes, else `why` not."""
    with tempfile.TemporaryDirectory() as name:
        try:
            make(task, model_type, Path(name))
        except Exception as failure:
            return {"works": False, "why": f"{NOT_MADE}: {_line(failure)}"}
        try:
            why = _untrue(task, draw(task, model_type, Path(name)), Path(name))
        except Exception as failure:
            why = _line(failure)
    return {"works": True} if why is None else {"works": False, "why": why}


def _untrue(task: type[Task[Any, Any, Any]], drawn: Architecture, folder: Path) -> str | None:
    """What does not hold of a drawing, or what it lacks; None where all is true."""
    weights = list(_model(task, folder).parameters())
    count = sum(one.numel() for one in weights)
    staged = sum(one.parameters for one in drawn.stages)
    if not drawn.parameters == count == staged:
        return f"untrue: {drawn.parameters} weights, {staged} in stages; loaded are {count}"
    if drawn.lacking:
        return f"no shapes: {drawn.lacking}"
    if not any(one.outputs for one in drawn.stages):
        return "no shapes"
    unknown = [
        one.module
        for one in drawn.stages
        for t in one.outputs
        if any("?" in str(a) for a in t.shape)
    ]
    return f"an axis that follows from nothing known: {unknown[0]}" if unknown else None


def _model(task: type[Task[Any, Any, Any]], folder: Path) -> Any:
    loaded = taskcli.load(
        task.name, str(folder), device="cpu", dtype="float32", **_needed(task, folder)
    )
    return loaded.loaded.model


def _needed(task: type[Task[Any, Any, Any]], folder: Path) -> dict[str, Any]:
    return {**task.samples.options, **_languages(task, folder), **_subtask(task, folder)}


def main() -> None:
    tasks = set(sys.argv[1:]) or set(BY_NAME)
    found: dict[str, dict[str, Any]] = json.loads(DRAWN.read_text()) if DRAWN.exists() else {}
    found |= {task: {} for task in tasks}
    for (task, kind), result in walk([pair for pair in pairs() if pair[0] in tasks], attempt):
        print(task, kind, result, flush=True)
        found[task][kind] = result.get("why", "")
        DRAWN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    for task in sorted(found):
        print(task, *_shares(found[task]))


def _shares(found: Mapping[str, str]) -> tuple[int, str, int]:
    """How many are true, of how many that could be made."""
    made = [why for why in found.values() if not why.startswith(NOT_MADE)]
    return made.count(""), "of", len(made)


if __name__ == "__main__":
    main()
