"""How a run is asked to end before its inputs do."""

import threading
import time


class Stop(threading.Event):
    """Once it is set, the batch in flight is finished and no other is begun."""

    def __init__(self) -> None:
        super().__init__()
        self._until: float | None = None

    def within(self, seconds: float) -> None:
        """Set it, and give the batch in flight so long; what is not ready then is left."""
        self._until = time.monotonic() + seconds
        self.set()

    @property
    def left(self) -> float | None:
        return None if self._until is None else max(0.0, self._until - time.monotonic())


def left(stop: threading.Event) -> float | None:
    """Seconds for which anything may still be waited for; None if there is no limit."""
    return stop.left if isinstance(stop, Stop) else None
