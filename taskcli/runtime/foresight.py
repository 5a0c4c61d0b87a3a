"""What a run would compute on, and which architecture: as far as that can be told without torch.

Loading torch and transformers takes seconds. Every function gives None where only they know; what
it does give is what they would say.
"""

import ast
import json
import os
import platform
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from taskcli.runtime.dtypes import choose_dtype
from taskcli.task import Task

# What the drivers of accelerators leave on Linux: NVIDIA, also under WSL; AMD; Intel and other
# graphics; Gaudi, TPU and NPU; Ascend; Cambricon; Moore Threads.
_DEVICES = (
    "nvidia*", "dxg", "kfd", "dri/renderD*", "accel*", "hl[0-9]*", "davinci*", "cambricon*",
    "mtgpu*",
)  # fmt: skip
_DRIVERS = (Path("/proc/driver/nvidia"),)
_DEV = Path("/dev")
_CPUINFO = Path("/proc/cpuinfo")
_FAST_BFLOAT16 = {"amx_tile", "avx512_bf16"}  # flags of x86 processors, as placement.py asks torch


@dataclass(frozen=True)
class Foreseen:
    """Where a model would run: what `placement.Placement` says of itself, in words."""

    device_name: str
    device_why: str
    dtype_name: str
    dtype_why: str


def foreseen(
    device: str, dtype: str, model_type: str = "", devices: str | None = None
) -> Foreseen | None:
    """Where a model would run. Raises UsageError as `placement.place`; None if torch must say."""
    if devices is not None:
        return None
    if device == "cpu":
        why = "asked for"
    elif device == "auto" and not may_have_accelerator():
        why = "no accelerator found"
    else:
        return None
    fast = _has_bfloat16()
    if fast is None:
        return None
    name, dtype_why = choose_dtype(dtype, model_type, lambda: fast)
    return Foreseen("cpu", why, name, dtype_why)


def may_have_accelerator() -> bool:
    """Whether this machine may have a device that torch computes on beside the processor."""
    if sys.platform != "linux" or any(name.startswith("ACCELERATE_") for name in os.environ):
        return True
    found = any(any(_DEV.glob(pattern)) for pattern in _DEVICES)
    return found or any(path.exists() for path in _DRIVERS)


def _has_bfloat16() -> bool | None:
    """Whether the processor computes bfloat16 fast; None for others than x86 under Linux."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    try:
        flags = re.search(r"^flags\s*:(.*)$", _CPUINFO.read_text("utf-8", "replace"), re.M)
    except OSError:
        return None
    return bool(_FAST_BFLOAT16 & set(flags[1].split())) if flags else None


def served_type(task: type[Task[Any, Any, Any]], folder: Path) -> str | None:
    """The model type of the config in `folder`, if it is plain that this serves the task.

    None where `loader.model_type` must say, or refuse. The config has been vetted; whether each of
    its values is one that the architecture bears shows when it is loaded.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        kind, (stated, *_) = config["model_type"], config["architectures"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    plain = isinstance(kind, str) and any(
        stated in _classes(auto).get(kind, ()) for auto in task.auto_models
    )
    return kind if plain else None


def _classes(auto: str) -> dict[str, tuple[str, ...]]:
    """Model type -> the classes that an Auto class of the installed transformers maps it to.

    They are read from the library's source, a list of names; {} if it is written otherwise.
    """
    source = _source()
    mapping = re.search(rf"^class {auto}\(.*\):\n    _model_mapping = (\w+)$", source, re.M)
    if mapping is None:
        return {}
    listed = re.search(rf"^{mapping[1]}_NAMES = OrderedDict\(\n(.*?)^\)", source, re.M | re.S)
    try:
        pairs = ast.literal_eval(listed[1].strip()) if listed else ()
        return {kind: (one,) if isinstance(one, str) else tuple(one) for kind, one in pairs}
    except (ValueError, TypeError, SyntaxError):
        return {}


@cache
def _source() -> str:
    found = find_spec("transformers")  # without running it
    if found is None or not found.submodule_search_locations:
        return ""
    file = Path(found.submodule_search_locations[0], "models", "auto", "modeling_auto.py")
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""
