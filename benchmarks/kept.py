"""Rows that a run before has measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.report import Agreement, Measured, Pace, Report
from benchmarks.stages import Limits

_MADE_OF_OTHERS = ("per_second", "core_milliseconds", "slowest_stage", "together")


def kept_rows(file: Path, report: Report) -> list[Measured]:
    """Those in `file`; none where another machine, other versions or settings measured them."""
    if not file.exists():
        return []
    told, ours = json.loads(file.read_text()), json.loads(json.dumps(report.as_json()))
    return [_row(row) for row in told["rows"]] if _same(told, ours) else []


def _same(told: dict[str, Any], ours: dict[str, Any]) -> bool:
    """On whatever day."""
    machines = [{**one["machine"], "day": None} for one in (told, ours)]
    return machines[0] == machines[1] and told["settings"] == ours["settings"]


def _row(told: dict[str, Any]) -> Measured:
    values = {name: value for name, value in told.items() if name not in _MADE_OF_OTHERS}
    for name in ("taskcli", "default", "tuned"):
        pace = told[name]
        values[name] = Pace(pace["count"], tuple(pace["seconds"]), tuple(pace["cpu_seconds"]))
    for name in ("against_baseline", "against_float32"):
        values[name] = Agreement(**told[name])
    return Measured(**{**values, "limits": Limits(**told["limits"])})
