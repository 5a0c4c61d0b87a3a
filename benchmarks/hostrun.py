"""One path measured in this process: taskcli with an instant device beside the bare limit."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import taskcli
from benchmarks import instant
from benchmarks.hostpaths import HostPath
from benchmarks.hostrow import ENGINE, LIBRARIES, STAGES, WRITE, HostRow
from benchmarks.inputs import sources_of
from benchmarks.meter import Meter, metered, time_stages
from taskcli import output
from taskcli.api import Model
from taskcli.engine.cores import usable_cores


@dataclass(frozen=True)
class _Pass:
    """Seconds by the clock, and of processor time: of all cores, and by stage."""

    seconds: float
    core_seconds: float
    stages: dict[str, float]
    answered: int


def measure(path: HostPath, cache: Path, seconds: float, quick: bool) -> HostRow:
    """Passes of taskcli and of the bare work in turn, for so many seconds; the best of each."""
    inputs = path.inputs(cache, quick)
    model = _model(path, path.build(cache / path.checkpoint))
    tokenizer = model.loaded.processor
    least = 2 if quick else 3  # the first of them warms up
    ours: list[_Pass] = []
    bare: list[_Pass] = []
    with ThreadPoolExecutor(usable_cores()) as pool:
        end = time.perf_counter() + seconds
        while len(ours) < least or time.perf_counter() < end:
            ours.append(_pass(lambda meter: _answer(path, model, inputs, meter)))
            bare.append(_pass(lambda meter: _bare(path, tokenizer, inputs, pool)))
    return _row(path, len(inputs), ours[1:], bare[1:])


def _row(path: HostPath, inputs: int, ours: list[_Pass], bare: list[_Pass]) -> HostRow:
    best = min(ours, key=lambda one: one.core_seconds)
    rate, limit = (inputs / min(one.seconds for one in passes) for passes in (ours, bare))
    return HostRow(
        path=path.name,
        cores=usable_cores(),
        inputs=inputs,
        answered=min(one.answered for one in ours),
        rate=rate,
        limit=limit,
        ratio=rate / limit,
        core_ms=1000 * best.core_seconds / inputs,
        limit_core_ms=1000 * min(one.core_seconds for one in bare) / inputs,
        stages={name: 1000 * spent / inputs for name, spent in best.stages.items()},
    )


def _model(path: HostPath, folder: Path) -> Model:
    """In float32, for an instant device wants no other numbers than the host has."""
    model = taskcli.load(path.task, str(folder), device="cpu", dtype="float32", **path.options)
    if path.answer is None:
        instant.replace_generate(model.loaded.model)
    else:
        instant.replace_forward(model.loaded.model, path.answer)
    return model


def _pass(work: Callable[[Meter], int]) -> _Pass:
    gc.collect()
    meter = Meter()
    start, core_start = time.perf_counter(), time.process_time()
    with meter.following():
        answered = work(meter)
    seconds, core_seconds = time.perf_counter() - start, time.process_time() - core_start
    stages = {name: meter.seconds[name] for name in (*STAGES, WRITE)}
    stages[LIBRARIES] = meter.library_seconds()
    stages[ENGINE] = core_seconds - sum(stages.values())
    return _Pass(seconds, core_seconds, stages, answered)


def _answer(path: HostPath, model: Model, inputs: list[str], meter: Meter) -> int:
    """Every input through the whole path, into JSON Lines that nobody keeps."""
    run = metered(model, meter).run(sources_of(model, inputs, path.texts), looked_at=False)
    time_stages(run, meter)
    instant.plan_for_accelerator(run)
    answered = 0
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        writer = output.open_writer("jsonl", stream, output.Layout(labels=model.labels))
        write = meter.timed(WRITE, writer.write)
        for record, _, _ in run.answers():
            write(record)
            answered += record.error is None
        writer.close()
    return answered


def _bare(path: HostPath, processor: Any, inputs: list[str], pool: ThreadPoolExecutor) -> int:
    path.bare(processor, inputs, pool)
    return len(inputs)
