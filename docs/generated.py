"""Files that the code itself makes: written, or with `--check` compared."""

import sys
from pathlib import Path


def keep(file: Path, text: str) -> int:
    """Write the file; the exit code of a check, which changes nothing, is 1 where it is stale."""
    if "--check" not in sys.argv:
        file.write_text(text, "utf-8")
        return 0
    fresh = file.exists() and file.read_text("utf-8") == text
    if not fresh:
        print(f"{file.name} is stale: run make docs", file=sys.stderr)
    return 0 if fresh else 1
