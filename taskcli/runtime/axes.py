"""What an axis of a tensor follows from, told by its lengths for inputs of several sizes."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

Sizes: TypeAlias = Mapping[str, int]  # of an input: `batch`, `tokens`, `height`, ...
Seen: TypeAlias = Sequence[tuple[Sizes, int]]  # an axis' length for each

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
    """A product of shares of sizes, and a number that is added."""
    usual, length = seen[0]
    # How much longer the axis is for every further pixel, sample or token of each.
    product = 1
    for name in names:
        product *= usual[name]
    larger = next(
        (one for sizes, one in seen if all(sizes[name] == 2 * usual[name] for name in names)), None
    )
    if larger is None:
        return "?"
    slope = Fraction(larger - length, (2 ** len(names) - 1) * product)
    added = length - slope * product
    if added.denominator != 1 or slope <= 0:
        return _roughly(seen, names)
    share = _share(slope, len(names))
    if share is None:
        return _roughly(seen, names)
    for sizes, one in seen:
        at = Fraction(1)
        for name in names:
            at *= sizes[name]
        if slope * at + added != one:
            return _roughly(seen, names)
    told = " · ".join(name if share == 1 else f"{name}/{share}" for name in names)
    return told if not added else f"{told} {'+' if added > 0 else '-'} {abs(int(added))}"


def _share(slope: Fraction, count: int) -> int | None:
    """The n of which each of `count` names gives 1/n; None where it is no such number."""
    if slope.numerator != 1:
        return None
    root = round(slope.denominator ** (1 / count))
    return root if root**count == slope.denominator and root <= _FINEST else None


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
