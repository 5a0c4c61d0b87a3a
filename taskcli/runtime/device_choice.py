"""Which devices the words of --device and --devices mean, and why."""

from collections.abc import Iterable

import torch

from taskcli.errors import UsageError
from taskcli.runtime.accelerators import accelerators, is_there, of_kind

Chosen = tuple[tuple[torch.device, ...], str]  # devices of one kind, and the reason


def choose(word: str, numbers: str | None) -> Chosen:
    """The devices that compute a run. Raises UsageError for what is not there."""
    wanted = _fastest() if word == "auto" else _asked(word)
    if numbers is not None:
        return _numbered(word, wanted, numbers), "asked for"
    every = () if wanted.index is not None else of_kind(wanted.type)
    if len(every) > 1:
        kind = "the fastest kind found" if word == "auto" else "the kind asked for"
        return every, f"all {len(every)} of {kind}"
    if word != "auto":
        return (wanted,), "asked for"
    alone = "no accelerator found" if wanted.type == "cpu" else "the fastest device found"
    return (wanted,), alone


def together(devices: Iterable[torch.device]) -> str:
    """As one says them: "cuda:0, cuda:1 and cuda:2"."""
    *others, last = map(str, devices)
    return f"{', '.join(others)}{' and ' * bool(others)}{last}"


def _fastest() -> torch.device:
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def _asked(word: str) -> torch.device:
    try:
        wanted = torch.device(word)
    except RuntimeError:
        raise UsageError(f"unknown device: {word}", _choice()) from None
    if not is_there(wanted):
        raise UsageError(f"--device {word}: there is none here", _choice())
    return wanted


def _choice() -> str:
    *others, last = map(str, [*accelerators(), "cpu"])
    return f"leave it out, or --device {', '.join(others)}{' or ' * bool(others)}{last}"


def _numbered(word: str, wanted: torch.device, numbers: str) -> tuple[torch.device, ...]:
    """Those of the wanted kind that have these numbers."""
    if wanted.index is not None:
        raise UsageError(
            f"--devices {numbers}: --device {word} has named one already", "give one of them"
        )
    if wanted.type == "cpu":
        what = "there is no accelerator here" if word == "auto" else "--device cpu has no numbers"
        raise UsageError(f"--devices {numbers}: {what}", f"leave it out; {_there(accelerators())}")
    every = of_kind(wanted.type)
    chosen = tuple(torch.device(wanted.type, int(number)) for number in numbers.split(","))
    for place, one in enumerate(chosen):
        if one not in every:
            raise UsageError(f"--devices {numbers}: there is no {one}", _there(every))
        if one in chosen[:place]:
            raise UsageError(f"--devices {numbers}: {one} is named twice", _there(every))
    return chosen


def _there(devices: Iterable[torch.device]) -> str:
    found = list(devices)
    if not found:
        return "there is cpu alone"
    return f"there {'are' if len(found) > 1 else 'is'} {together(found)}"
