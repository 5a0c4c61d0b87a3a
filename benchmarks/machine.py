"""What the figures were measured on. No names or paths of the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
import torch

_PACKAGES = ("taskcli", "torch", "transformers", "tokenizers", "pillow", "numpy", "soundfile")
_TELLING_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8")


@dataclass(frozen=True)
class Machine:
    cpu: str
    cores: int
    torch_threads: int
    memory_gib: int
    flags: tuple[str, ...]
    accelerator: str | None
    python: str
    system: str
    versions: dict[str, str]
    day: str


def describe() -> Machine:
    facts = _processor()
    return Machine(
        cpu=facts.get("model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        torch_threads=torch.get_num_threads(),
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        flags=tuple(flag for flag in _TELLING_FLAGS if flag in facts.get("flags", "").split()),
        accelerator=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        python=platform.python_version(),
        system=platform.system(),
        versions={name: importlib.metadata.version(name) for name in _PACKAGES},
        day=date.today().isoformat(),
    )


def _processor() -> dict[str, str]:
    """The fields of the first processor, where Linux lists them."""
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return {}
    lines = file.read_text().split("\n\n")[0].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def load_by_others() -> float:
    """Share of the cores in use, in [0, 1], while this process waits for a second."""
    return psutil.cpu_percent(interval=1.0) / 100
