"""Whether two answers say the same, but for rounding."""

from collections.abc import Mapping

_TOLERANCE = 1e-4  # of a number's size, or of one where it is smaller


def alike(one: object, other: object) -> bool:
    """Of plain data, as JSON has it: the same words, and numbers that rounding tells apart."""
    if isinstance(one, float) and isinstance(other, int | float):
        return abs(one - other) <= _TOLERANCE * max(1.0, abs(one))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other
