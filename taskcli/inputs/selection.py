"""--skip, --limit and --sample: which of the inputs that were found are answered.

A sample is drawn by the inputs' names, so that a list that grows keeps most of it.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from taskcli.errors import UsageError
from taskcli.inputs.sources import Sources, numbered
from taskcli.media.source import Source

T = TypeVar("T")


@dataclass(frozen=True)
class Selection:
    """First `skip` inputs are left out; then the first `limit` are taken, or `sample` by chance."""

    skip: int = 0
    limit: int | None = None
    sample: int | None = None
    seed: int = 0

    def of(self, sources: Sources) -> Sources:
        """The inputs that are to be answered, in their order.

        Raises UsageError if none is left: at once, or when that is known only by reading.
        """
        if self == Selection(seed=self.seed):
            return sources
        total = None if sources.total is None else self._left(sources.total)
        if total == 0:
            raise self._none_left(f"{sources.total:,}")
        each_is_a_file = sources.total == len(sources.ids)
        return replace(
            sources,
            items=numbered(self._some(sources.items)),
            files=None,  # which of them are left is known by counting their pictures
            total=total,
            ids=tuple(self._taken(sources.ids, str)) if each_is_a_file else sources.ids,
        )

    def _left(self, total: int) -> int:
        most = self.sample if self.limit is None else self.limit
        left = max(0, total - self.skip)
        return left if most is None else min(left, most)

    def _some(self, items: Iterable[Source]) -> Iterator[Source]:
        source = None
        for source in self._taken(items, lambda one: one.id):
            yield source
        if source is None:
            raise self._none_left("all")

    def _taken(self, items: Iterable[T], name_of: Callable[[T], str]) -> Iterator[T]:
        left = islice(items, self.skip, None)
        if self.sample is None:
            return islice(left, self.limit)
        return iter(self._drawn(left, name_of, self.sample))

    def _drawn(self, items: Iterable[T], name_of: Callable[[T], str], count: int) -> Sequence[T]:
        """Those of the least digests: all are read, and `count` are held."""
        digests = ((self._digest(name_of(one)), place, one) for place, one in enumerate(items))
        drawn = heapq.nsmallest(count, digests, key=lambda one: one[:2])
        return [one for _, _, one in sorted(drawn, key=lambda one: one[1])]

    def _digest(self, name: str) -> bytes:
        named = f"{self.seed}\n{name}".encode("utf-8", "backslashreplace")
        return blake2b(named, digest_size=16).digest()

    def _none_left(self, total: str) -> UsageError:
        return UsageError(f"--skip {self.skip:,} leaves out {total} inputs", "skip fewer")
