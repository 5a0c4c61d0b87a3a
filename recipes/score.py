"""One measured number beside its bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One measured number and the bar it has to meet."""

    metric: str
    value: float
    bar: float
    lower_is_better: bool = False  # error rates

    @property
    def met(self) -> bool:
        return self.value <= self.bar if self.lower_is_better else self.value >= self.bar
