"""What an axis of a tensor follows from, told by its lengths for inputs of several sizes."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import TypeAlias

Sizes: TypeAlias = Mapping[str, int]  # of an input: `batch`, `tokens`, `height`, ...
Seen: TypeAlias = Sequence[tuple[Sizes, int]]  # an axis' length for each

_NONE = Fraction(0)
_FINEST = 2048  # samples or pixels that one step of an axis stands for at most


def meaning(seen: Seen) -> str:
    """In words, such as `batch`, `tokens + 1`, `height/16 · width/16`; the number if it is fixed.

    The first of `seen` is the usual size, of which each of the others differs in one name or more.
    What fits no such rule is `?`.
    """
    usual, length = seen[0]
    names = [name for name in usual if _depends(seen, name)]
    if not names:
        return str(length) if all(one == length for _, one in seen) else "?"
    if "batch" in names:
        return _of_batch(seen, names)
    return _of_sizes(seen, names)


def _depends(seen: Seen, name: str) -> bool:
    usual, length = seen[0]
    return any(
        one != length and all(sizes[key] == usual[key] for key in usual if key != name)
        for sizes, one in seen
    )


def _of_batch(seen: Seen, names: list[str]) -> str:
    """As many times the batch as the rest says."""
    rest = [(sizes, Fraction(length, sizes["batch"])) for sizes, length in seen]
    if any(one.denominator != 1 for _, one in rest):
        return "?"
    whole = [(sizes, int(one)) for sizes, one in rest]
    told = meaning(whole) if len(names) > 1 else str(whole[0][1])
    return "batch" if told == "1" else f"batch · {told}" if told != "?" else "?"


def _of_sizes(seen: Seen, names: list[str]) -> str:
    """A share of the product of sizes or shares of their sum, and a number that is added."""
    return _of_product(seen, names) or _of_sum(seen, names) or _roughly(seen, names)


def _of_product(seen: Seen, names: list[str]) -> str | None:
    usual, length = seen[0]
    larger = _at_twice(seen, names)
    if larger is None:
        return None
    whole = _product(usual, names)
    slope = Fraction(larger - length, (2 ** len(names) - 1) * whole)
    added = length - slope * whole
    told = _times(names, slope)
    if told is None or any(slope * _product(sizes, names) + added != one for sizes, one in seen):
        return None
    return _and(told, added)


def _of_sum(seen: Seen, names: list[str]) -> str | None:
    usual, length = seen[0]
    twice = [_at_twice(seen, [name]) for name in names]
    slopes = [
        Fraction(0 if larger is None else larger - length, usual[name])
        for name, larger in zip(names, twice, strict=True)
    ]

    def share(sizes: Sizes) -> Fraction:
        return sum((slope * sizes[name] for name, slope in zip(names, slopes, strict=True)), _NONE)

    added = length - share(usual)
    told = [_times([name], slope) for name, slope in zip(names, slopes, strict=True)]
    known = [one for one in told if one is not None]
    if len(known) < len(names) or any(share(sizes) + added != one for sizes, one in seen):
        return None
    return _and(" + ".join(known), added)


def _at_twice(seen: Seen, names: list[str]) -> int | None:
    """The length where the named sizes are doubled, and of the others as few as may be."""
    usual = seen[0][0]
    return next(
        (one for sizes, one in seen if all(sizes[name] == 2 * usual[name] for name in names)), None
    )


def _product(sizes: Sizes, names: list[str]) -> int:
    return prod(sizes[name] for name in names)


def _times(names: list[str], slope: Fraction) -> str | None:
    """How much longer the axis is for every pixel, sample or token; None where no rule says so."""
    if slope <= 0 or slope.denominator > _FINEST ** len(names):
        return None
    root = round(slope.denominator ** (1 / len(names)))
    if slope.numerator == 1 and root ** len(names) == slope.denominator:
        return " · ".join(name if root == 1 else f"{name}/{root}" for name in names)
    return f"{' · '.join(names)} · {slope}"


def _and(told: str, added: Fraction) -> str | None:
    if added.denominator != 1:
        return None
    return told if not added else f"{told} {'+' if added > 0 else '-'} {abs(int(added))}"


def _roughly(seen: Seen, names: list[str]) -> str:
    """Convolutions without padding give a little less than a share: `≈ samples/320`."""
    if len(names) > 1:
        return "?"
    (name,) = names
    usual, length = seen[0]
    sizes, longest = max(seen, key=lambda one: one[0][name])
    if longest <= length:
        return "?"
    steps = round((sizes[name] - usual[name]) / (longest - length))
    return f"≈ {name}/{steps}" if steps > 1 else f"≈ {name}"
