"""A session that notes what passes before and behind the model."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from taskcli.runtime.session import Collated, Session
from taskcli.task import Batch


@dataclass(eq=False)
class Notes:
    """Of one input: `outputs` are what the model answered to each of `batches`, on the host.

    `before` and `behind` are the seconds of what leads to the model, and from its answers to the
    result; decoding a file belongs to neither.
    """

    batches: list[Batch] = field(default_factory=list)
    parts: list[list[Any]] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    before: float = 0.0
    behind: float = 0.0


@dataclass(frozen=True, eq=False)
class WatchedSession(Session):
    """Answers one input as a session does, in any of the engine's threads in turn."""

    notes: Notes = field(default_factory=Notes)

    def encode(self, items: list[Any]) -> Iterator[tuple[int, Any]]:
        with self._timed("before"):
            encoded = list(super().encode(items))
        yield from encoded

    def collate(self, parts: list[Any]) -> Collated:
        with self._timed("before"):
            collated = super().collate(parts)
        self.notes.batches.append(collated.batch)
        self.notes.parts.append(collated.parts)
        return collated

    def read(self, computed: Any, collated: Collated, count: int) -> list[Any]:
        outputs, nan = computed()  # here, so that waiting for the model is not counted
        self.notes.outputs.append(outputs)
        with self._timed("behind"):
            return super().read(lambda: (outputs, nan), collated, count)

    def fold(self, item: object, results: list[Any]) -> object:
        with self._timed("behind"):
            return super().fold(item, results)

    @contextmanager
    def _timed(self, side: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        setattr(self.notes, side, getattr(self.notes, side) + time.perf_counter() - began)
