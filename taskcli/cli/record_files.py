"""Files of records that a call names."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from taskcli.errors import UsageError


def named_files(words: Sequence[str], hint: str) -> Iterator[str]:
    """Files, and what quoted globs match.

    Raises UsageError for a word that names nothing, with what to give instead.
    """
    for word in words:
        matching = [word] if Path(word).exists() else sorted(glob.glob(word, recursive=True))
        if not matching:
            raise UsageError(f"no such file: {word}", hint)
        yield from matching
