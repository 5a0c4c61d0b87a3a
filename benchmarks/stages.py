"""What each stage of taskcli can do alone: the limits that a run is held against."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from benchmarks.inputs import sources_of
from benchmarks.workload import Row
from taskcli.api import Model
from taskcli.engine.batching import BatchBuilder
from taskcli.engine.cores import usable_cores

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Limits:
    """Items a second of each stage, run alone on batches as the engine cuts them.

    Decoding runs on one thread; the model uses as many as torch gives it. `padding` is the share
    of padded positions, or None where inputs are not padded.
    """

    decode: float
    preprocess: float
    forward: float
    postprocess: float
    padding: float | None
    decoders: int

    @property
    def slowest(self) -> float:
        """The slowest stage, decoding spread over its threads."""
        return min(self.decode * self.decoders, self.preprocess, self.forward, self.postprocess)

    @property
    def together(self) -> float:
        """What perfect overlap gives where the model computes on the same cores as the rest."""
        beside = 1 / self.decode + 1 / self.preprocess + 1 / self.postprocess
        return 1 / (1 / self.forward + beside / (os.cpu_count() or 1))


def measure(model: Model, row: Row, inputs: list[str]) -> Limits:
    run = model.run(sources_of(model, inputs, row.texts), looked_at=False)
    config = run.batching_config()
    stages = run._stages(config.threads)
    decoded, decoding = _timed(stages.decode, run.sources.items)
    encoded = [part for _, part in stages.encode(decoded)]
    builder: BatchBuilder[Any] = BatchBuilder(config, lambda part: part)
    full = [batch for part in encoded for batch in builder.add(part)]
    groups = [[part.value for part in batch] for batch in [*full, *builder.flush()]]
    batches, preprocessing = _timed(stages.collate, groups)
    outputs, computing = _timed(stages.devices[0].forward, batches)
    jobs = zip(outputs, batches, map(len, groups), strict=True)
    _, finishing = _timed(lambda job: stages.read(*job), jobs)
    return Limits(
        decode=len(inputs) / decoding,
        preprocess=len(inputs) / preprocessing,
        forward=len(inputs) / computing,
        postprocess=len(inputs) / finishing,
        padding=_padding([one.batch for one in batches]),
        decoders=usable_cores(),
    )


def _timed(work: Callable[[T], U], values: Iterable[T]) -> tuple[list[U], float]:
    start = time.perf_counter()
    done = [work(value) for value in values]
    return done, time.perf_counter() - start


def _padding(batches: list[Any]) -> float | None:
    masks = [
        batch.inputs["attention_mask"] for batch in batches if "attention_mask" in batch.inputs
    ]
    if not masks:
        return None
    filled = sum(int(mask.sum()) for mask in masks)
    return 1 - filled / sum(int(mask.numel()) for mask in masks)


def baseline_padding(model: Model, row: Row, inputs: list[str], batch: int) -> float | None:
    """Share of padded positions when texts share batches in the order they came."""
    if not row.texts:
        return None
    tokenizer = model.session.task.processor
    lengths = [len(row) for row in tokenizer(inputs, truncation=True)["input_ids"]]
    groups = [lengths[at : at + batch] for at in range(0, len(lengths), batch)]
    return 1 - sum(lengths) / sum(max(group) * len(group) for group in groups)
