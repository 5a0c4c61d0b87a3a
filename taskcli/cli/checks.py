"""What `taskcli doctor` looks at: each check says what it found and what to do about it."""

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

from taskcli import __version__
from taskcli.checkpoints import lock
from taskcli.checkpoints.cache import is_offline
from taskcli.checkpoints.registry import Registry
from taskcli.config import settings
from taskcli.errors import TaskcliError, first_line
from taskcli.tasks import BY_NAME, every_group

_LITTLE = 5e9  # bytes of free disk below which a large checkpoint will not fit
_FOR_DEVELOPERS = ("dev", "recipes")
_PATIENCE: Any = (1.5, 3.0, 3.0, 3.0)  # seconds to connect, read, write, get a connection


class State(Enum):
    OK = "ok"
    NOTE = "note"  # worth knowing; taskcli works
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    part: str
    state: State
    found: str
    fix: str = ""
    more: dict[str, Any] = field(default_factory=dict)  # for --format json


def everything() -> Iterator[Check]:
    """All checks, each on its own: one that fails unforeseen is a problem, not the end."""
    parts: dict[str, Callable[[], Iterator[Check]]] = {
        "versions": _versions,
        "devices": _devices,
        "cache": _cache,
        "network": _network,
        "settings": _settings,
    }
    for part, look in parts.items():
        try:
            yield from look()
        except Exception as failure:
            yield Check(part, State.PROBLEM, first_line(failure), "TASKCLI_DEBUG=1 tells more")


def _versions() -> Iterator[Check]:
    yield Check("taskcli", State.OK, f"{__version__} on Python {platform.python_version()}")
    for text in metadata.requires("taskcli") or ():
        yield from _requirement(text)


def _requirement(text: str) -> Iterator[Check]:
    """An installed package is told only if it is a main one or does not fit."""
    from packaging.requirements import Requirement

    wanted = Requirement(text)
    extra = _extra_of(text)
    if extra in _FOR_DEVELOPERS:
        return
    if wanted.marker and not extra and not wanted.marker.evaluate():
        return
    needed = f"taskcli[{extra}]" if extra else f"{wanted.name}{wanted.specifier}"
    fix = f"pip install '{needed}'"
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        state = State.NOTE if extra else State.PROBLEM
        why = "an optional part" if extra else "is needed"
        yield Check(wanted.name, state, f"not installed: {why}", fix)
        return
    if version not in wanted.specifier:
        yield Check(wanted.name, State.PROBLEM, f"{version} does not fit", fix)
    elif wanted.name in ("torch", "transformers", "huggingface-hub"):
        yield Check(wanted.name, State.OK, version)


def _extra_of(text: str) -> str | None:
    """The extra that a requirement is of, whichever quotes the metadata has."""
    found = re.search(r"extra == ['\"]([\w-]+)['\"]", text)
    return found and found[1]


def _devices() -> Iterator[Check]:
    from taskcli.runtime.devices import devices, usual

    found = devices()
    for one in found:
        told = f"{one.model}, {one.free / 1e9:.1f} of {one.total / 1e9:.1f} GB free"
        more = {"total": one.total, "free": one.free, "dtypes": list(one.dtypes)}
        yield Check(one.name, State.OK, f"{told}, {one.dtypes[0]}", more=more)
    run = usual()
    device, dtype = f"{run.device_name} ({run.device_why})", f"{run.dtype_name} ({run.dtype_why})"
    yield Check("a run", State.OK, f"computes on {device} in {dtype}")
    if len(found) == 1 and shutil.which("nvidia-smi"):
        fix = "install the build of torch for your CUDA: https://pytorch.org/get-started"
        yield Check("cuda", State.PROBLEM, "there is a GPU that torch does not see", fix)


def _cache() -> Iterator[Check]:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        yield Check("cache", State.PROBLEM, f"{folder} cannot be written", "set HF_HOME")
        return
    blobs = list(folder.glob("models--*/blobs/*"))
    used = sum(blob.stat().st_size for blob in blobs)
    free = shutil.disk_usage(existing).free
    state = State.OK if free > _LITTLE else State.NOTE
    fix = "" if free > _LITTLE else "taskcli models remove, or HF_HOME on a larger disk"
    told = f"{folder}: {used / 1e9:.1f} GB used, {free / 1e9:.1f} GB free"
    yield Check("cache", state, told, fix, {"used": used, "free": free})
    if broken := [blob for blob in blobs if blob.name.endswith(".incomplete")]:
        fix = "taskcli models pull goes on with them; taskcli models remove deletes them"
        yield Check("downloads", State.NOTE, f"{len(broken)} were interrupted", fix)


def _network() -> Iterator[Check]:
    from huggingface_hub import constants, get_session, get_token

    token = get_token()
    known = "there is one" if token else "none: public checkpoints need none"
    if is_offline():
        yield Check("network", State.NOTE, "HF_HUB_OFFLINE is set", "unset it to download")
        yield Check("token", State.OK, f"{known}; not checked")
        return
    try:
        url = f"{constants.ENDPOINT}/api/whoami-v2"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        status = get_session().get(url, headers=headers, timeout=_PATIENCE).status_code
    except Exception as failure:  # transport errors differ between the client's versions
        told = f"{constants.ENDPOINT} cannot be reached: {first_line(failure)}"
        fix = "cached checkpoints work; for a mirror set HF_ENDPOINT"
        yield Check("network", State.NOTE, told, fix)
        yield Check("token", State.OK, f"{known}; not checked")
        return
    yield Check("network", State.OK, f"{constants.ENDPOINT} answers")
    if token and status in (401, 403):
        yield Check("token", State.NOTE, "the Hub refuses it", "hf auth login, or unset HF_TOKEN")
    else:
        yield Check("token", State.OK, "valid" if token else known)


def _settings() -> Iterator[Check]:
    """Every file that a run would read."""
    problems = {message: hint for message, hint in map(_read_all, BY_NAME) if message}
    for message, hint in problems.items():
        yield Check("settings", State.PROBLEM, message, hint)
    if not problems:
        files = (settings.PROJECT_FILE, settings.user_file(), lock.FILE)
        present = ", ".join(str(path) for path in files if path.exists())
        yield Check("settings", State.OK, present or "no files; the defaults hold")


def _read_all(task: str) -> tuple[str, str]:
    try:
        settings.check_environment(*every_group())
        settings.found_in_files(task, BY_NAME[task].groups(), every_group(), BY_NAME)
        lock.read()
        _ = Registry(task).checkpoints
    except TaskcliError as error:
        return error.message, error.hint or ""
    return "", ""
