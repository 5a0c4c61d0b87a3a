"""The elements of a JSON array, one at a time: memory holds one of them, not the file."""

import json
import re
from collections.abc import Iterable, Iterator

from taskcli.errors import InputError

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\n\r]*")
_LEAST = 1 << 16  # characters that are held at least, until the text ends
_TOKEN = 16  # characters: a literal or an escape that is cut is no longer


def elements(pieces: Iterable[str]) -> Iterator[object]:
    """The elements of the array that a text is. Raises InputError behind the last that is whole."""
    text = _Text(pieces)
    text.take("[")
    ended = text.sign() == "]"
    while not ended:
        yield text.value()
        ended = text.sign() != ","
        if not ended:
            text.take(",")
    text.take("]")
    if text.sign():
        raise InputError("not valid JSON: there is more behind the end of its array")


class _Text:
    """As much of a text as its next value needs."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self._held = ""
        self._at = 0
        self._values = 0

    def sign(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            self._at = _end_of(_BLANKS.match(self._held, self._at))
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, sign: str) -> None:
        """Go on behind a sign."""
        if self.sign() != sign:
            raise self._broken(f"no {sign!r} where one should be")
        self._at += 1

    def value(self) -> object:
        """The next value."""
        self.sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except RecursionError:
                raise self._broken("its brackets are nested too deep") from None
            except json.JSONDecodeError as failure:
                if self._is_cut(failure) and self._more():
                    continue
                raise self._broken(failure.msg) from None
            if end > len(self._held) - _TOKEN and self._more():
                continue  # a number may go on, also where an exponent is cut
            self._at = end
            self._values += 1
            return value

    def _is_cut(self, failure: json.JSONDecodeError) -> bool:
        """Whether what is behind what is held may mend it."""
        is_open = failure.msg.startswith("Unterminated string")
        return is_open or failure.pos > len(self._held) - _TOKEN

    def _more(self) -> bool:
        """Hold twice as much of what is still to be read; False where nothing is left."""
        parts = [self._held[self._at :]]
        wanted, held = max(_LEAST, len(parts[0])), 0
        while held < wanted and (piece := next(self._pieces, None)) is not None:
            parts.append(piece)
            held += len(piece)
        if held:
            self._held, self._at = "".join(parts), 0
        return held > 0

    def _broken(self, reason: str) -> InputError:
        where = f" behind row {self._values}" if self._values else ""
        return InputError(f"not valid JSON{where}: {reason}")


def _end_of(match: "re.Match[str] | None") -> int:
    assert match is not None, "blanks may be none"
    return match.end()
