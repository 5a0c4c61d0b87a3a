"""Computing without OpenMP's other threads, in one thread of a process and nowhere else.

torch.set_num_threads() would not do: threads that begin later, the host's too, follow it. OpenMP's
own setting is the calling thread's alone, and the matrix products beneath torch follow it.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

# GNU's, LLVM's and Intel's, where torch's wheels carry them, and as auditwheel names them.
_LIBRARIES = ("lib/libgomp*", "lib/libomp*", "lib/libiomp5*", "../torch.libs/libgomp*")


@contextmanager
def in_this_thread() -> Iterator[None]:
    """Meanwhile torch computes with one thread what this one asks for.

    Several that compute beside each other would only wait for each other's threads. Where torch's
    OpenMP is not found, it is as it was.
    """
    before = torch.get_num_threads()  # which torch settles for each thread when it is first asked
    set_threads = _of_openmp()
    set_threads(1)
    try:
        yield
    finally:
        set_threads(before)


@cache
def _of_openmp() -> Callable[[int], object]:
    folder = Path(torch.__file__).parent
    found = [path for pattern in _LIBRARIES for path in sorted(folder.glob(pattern))]
    try:
        setter: Callable[[int], object] = ctypes.CDLL(str(found[0])).omp_set_num_threads
    except (IndexError, OSError, AttributeError):
        return lambda count: None
    return setter
