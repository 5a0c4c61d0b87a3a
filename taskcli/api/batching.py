"""How many inputs are planned together, and what a batch may cost."""

import sys
from dataclasses import replace
from typing import Any

from taskcli.engine.batching import BatchingConfig
from taskcli.engine.cores import usable_cores
from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.runtime.batching import BatchPolicy
from taskcli.task import Task

_ACCELERATOR = 16  # an accelerator's batch over a processor's
_READERS = 4  # at most, of pictures' maps: each holds those of a picture
_MAX_WAIT = 0.2  # seconds to wait for more of a pipe when the device has nothing to do
_UNBOUNDED = sys.maxsize


def batching_config(
    task: type[Task[Any, Any, Any]],
    policy: BatchPolicy,
    batch_size: str,
    affordable: int,
    *,
    on_cpu: bool,
    live: bool,
    ordered: bool,
    gaps: bool,
) -> BatchingConfig:
    """How a run's batches are cut; `live` says that its inputs come through a pipe.

    `affordable` is the cost of a batch that the device's memory bears.
    """
    media = task.media
    threads = usable_cores()
    is_bulky = MEDIA[media].is_bulky and threads > 1  # else the caller has the time, or no core
    config = BatchingConfig(
        window=window_of(media, batch_size),
        first=task.first_window,
        max_wait=_MAX_WAIT if live else None,
        ordered=ordered,
        gaps=gaps,
        threads=threads,
        readers=min(threads, _READERS) if is_bulky else 0,
        chunk=1 if live else MEDIA[media].chunk,
    )
    if policy is BatchPolicy.NEVER:
        return replace(config, size=1, window=1)
    if batch_size != "auto":
        return replace(config, size=int(batch_size), budget=_UNBOUNDED)
    scale = 1 if on_cpu else _ACCELERATOR
    budget = min(task.budget * scale, affordable)
    return replace(config, size=budget, budget=budget)


def window_of(media: Media, batch_size: str) -> int:
    """How many inputs are planned together at most; every device plans the same."""
    usual = MEDIA[media].window
    return usual if batch_size == "auto" else max(usual, int(batch_size))
