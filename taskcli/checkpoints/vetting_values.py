"""What a value of a checkpoint's files may not be: each function says whether one is refused."""

import re
from collections.abc import Callable, Iterator


def _words(value: object) -> Iterator[str]:
    """The strings in a value: a class is named by one, by a pair, or one for each part."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _words(inner)


def stated(value: object) -> bool:
    """Neither left empty nor a number: a vocabulary may have any word as a key."""
    return bool(value) and not isinstance(value, int | float)


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_on(value: object) -> bool:
    return value is True or stated(value)


def some_string(pattern: str) -> Callable[[object], bool]:
    """Whether a string in the value has the pattern."""
    return lambda value: any(re.search(pattern, word) for word in _words(value))


def no_classes(value: object) -> bool:
    is_list = isinstance(value, list) and all(isinstance(word, str) for word in value)
    return value is not None and not is_list


def no_ids(value: object) -> bool:
    """A token's id, several, or none at all."""
    ids = value if isinstance(value, list) else [value]
    return value is not None and not all(_is_whole(one, -(2**31), 2**31) for one in ids)


def no_length(value: object) -> bool:
    """Tokens; 10 to the power of 30 stands for no limit."""
    return value is not None and not (isinstance(value, int) and value > 0 and value is not True)


def beyond(most: int) -> Callable[[object], bool]:
    """Whether there are more, or fewer than none, of something that one number or several count."""

    def is_bad(value: object) -> bool:
        numbers = value if isinstance(value, list) else [value]
        counts = [one for one in numbers if isinstance(one, int | float)]
        return not all(-1 <= one <= most for one in counts)  # -1 is a way to say all; NaN is none

    return is_bad


def no_probability(value: object) -> bool:
    """Whether a number, or one of several, is beyond 0 to 1."""
    numbers = value if isinstance(value, list) else [value]
    return not all(0 <= one <= 1 for one in numbers if isinstance(one, int | float))


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < most
