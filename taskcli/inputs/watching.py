"""--watch: files that come into folders while a run goes on."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_PAUSE = 1.0  # seconds between two looks; looking works on disks of other machines, too

_SETTLED = 2 * _PAUSE  # without a change, by the file's own time

State = tuple[int, int]  # bytes, and when it was changed in nanoseconds


def whole(names: Iterable[str]) -> list[str]:
    """Of the files that lie there at the start those that nobody seems to write any more."""
    now = time.time_ns()
    states = ((name, _state(name)) for name in names)
    return [name for name, state in states if state and now - state[1] > _SETTLED * 1e9]


def arriving(find: Callable[[], Iterable[str]], known: Iterable[str]) -> Iterator[str]:
    """What `find` gives beside the `known`, without end, each file once and once it is whole.

    A file is taken to be whole when two looks saw it alike; an empty one is waited for.
    """
    seen = set(known)
    growing: dict[str, State] = {}
    while True:
        new = {name: state for name in find() if name not in seen and (state := _state(name))}
        for name in sorted(new):
            if growing.get(name) == new[name]:
                seen.add(name)
                yield name
        growing = new
        time.sleep(_PAUSE)


def _state(name: str) -> State | None:
    """None for one that is empty, or gone again."""
    try:
        known = Path(name).stat()
    except OSError:
        return None
    return (known.st_size, known.st_mtime_ns) if known.st_size else None
