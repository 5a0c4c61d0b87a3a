"""A checkpoint that is measured, and the dtype in which that is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import taskcli


class Starter(NamedTuple):
    """A folder, and any dtype that --dtype takes."""

    folder: Path
    dtype: str = "float32"

    def load(self, task: str, **options: Any) -> taskcli.Model:
        """On the processor, which everybody has."""
        return taskcli.load(
            task, str(self.folder), offline=True, device="cpu", dtype=self.dtype, **options
        )
