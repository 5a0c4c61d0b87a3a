"""Whether two answers say the same, but for rounding."""

from collections.abc import Mapping

from taskcli.output.serialize import to_json
from taskcli.results import Record

_TOLERANCE = 1e-4  # of a number's size, or of one where it is smaller


def same(one: Record, other: Record) -> bool:
    """Counting takes operators apart, and attention is written out: both round otherwise."""
    return _alike(to_json(one), to_json(other))


def _alike(one: object, other: object) -> bool:
    """Of plain data, as JSON has it: the same words, and numbers that rounding tells apart."""
    if isinstance(one, float) and isinstance(other, int | float):
        return abs(one - other) <= _TOLERANCE * max(1.0, abs(one))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one == other
