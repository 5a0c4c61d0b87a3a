"""How long a document may be read: some are made to keep their reader busy."""

from time import thread_time

from taskcli.errors import InputError

_MOST = 120.0  # seconds of a processor; a book of a thousand pages in PDF takes less


class Patience:
    """Begins when it is made, and counts what this thread computes."""

    def __init__(self, seconds: float = _MOST) -> None:
        self._seconds = seconds
        self._end = thread_time() + seconds

    def check(self, *_: object) -> None:
        """Raise InputError once it is over. It takes whatever it is called with, and ignores it."""
        if thread_time() > self._end:
            raise InputError(
                f"the document keeps its reader busy for more than {self._seconds:g} s",
                "save it as text with a program that can show it",
            )
