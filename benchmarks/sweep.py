"""The batch size and the dtype that suit transformers best, found by trying them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from benchmarks.contenders import WARM_UP, Baselines, Setting, one_pass
from benchmarks.race import timed
from taskcli.runtime.accelerators import computes_bfloat16

BATCHES = (1, 2, 4, 8, 16, 32)
DTYPES = ("float32", "bfloat16")
_SOME = 32  # inputs of the first tries; the best of them are tried on all
_FINALISTS = 3


def fast_dtypes() -> tuple[str, ...]:
    """What this processor computes fast: bfloat16 without its instructions takes 7 times as long
    as float32."""
    return DTYPES if computes_bfloat16(torch.device("cpu")) else DTYPES[:1]


def settings(count: int, dtypes: Sequence[str]) -> list[Setting]:
    """Those of a sweep over so many inputs, which no batch exceeds."""
    batches = [batch for batch in BATCHES if batch <= max(count, 1)]
    return [Setting(dtype, batch) for batch in batches for dtype in dtypes]


def sweep(baselines: Baselines, inputs: list[str], dtypes: Sequence[str]) -> dict[Setting, float]:
    """Items a second of every setting: all on the first inputs, the best ones on all."""
    some = inputs[:_SOME]
    rates = _rates(baselines, settings(len(some), dtypes), some)
    if len(some) < len(inputs):
        ranked = sorted(rates, key=lambda setting: -rates[setting])
        finalists = _rates(baselines, ranked[:_FINALISTS], inputs)
        # Rates on fewer inputs do not compete with those on all.
        slowest = min(finalists.values())
        rates = {setting: min(rate, slowest) for setting, rate in rates.items()} | finalists
    return rates


def inputs_of_a_sweep(count: int, dtypes: Sequence[str]) -> tuple[int, int]:
    """How many inputs a sweep computes for so many: one at a time, and in batches."""
    some = min(count, _SOME)
    alone = some * len(dtypes)
    together = some * len(settings(some, dtypes)) - alone
    return alone, together + (_FINALISTS * count if count > _SOME else 0)


def _rates(
    baselines: Baselines, chosen: Iterable[Setting], inputs: list[str]
) -> dict[Setting, float]:
    rates: dict[Setting, float] = {}
    for setting in chosen:
        contender = baselines.tuned(setting)
        contender(inputs[:WARM_UP])
        rates[setting] = len(inputs) / timed(one_pass(contender, inputs)).seconds
    return rates
