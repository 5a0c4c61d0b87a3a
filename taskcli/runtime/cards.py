"""What a checkpoint's card, the README.md beside its weights, says of it."""

from contextlib import suppress
from pathlib import Path

import yaml
from huggingface_hub.repocard import metadata_load


def languages(folder: Path) -> tuple[str, ...]:
    """The languages that the card names; none where it names none, or "multilingual"."""
    with suppress(OSError, ValueError, yaml.YAMLError):
        said = (metadata_load(folder / "README.md") or {}).get("language")
        named = [said] if isinstance(said, str) else list(said or ())
        if named and all(isinstance(one, str) and one != "multilingual" for one in named):
            return tuple(named)
    return ()
