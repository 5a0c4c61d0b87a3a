"""Regular expressions that are compiled where they are first used, not where they are written.

Compiling them all, and loading `regex` for it, would take a tenth of the time of --help.
"""

from importlib import import_module
from typing import Any


class Pattern:
    """A compiled pattern of the module `regex`, or of `re`, from its first use on."""

    def __init__(self, text: str, library: str = "regex") -> None:
        self._text = text
        self._library = library

    def __getattr__(self, name: str) -> Any:
        """A method of the compiled pattern; it is kept, so this is asked once for each.

        Two threads that ask at once get the same: both modules keep what they compiled.
        """
        if name.startswith("__"):  # what copying and pickling ask of any object
            raise AttributeError(name)
        found = getattr(import_module(self._library).compile(self._text), name)
        setattr(self, name, found)
        return found
