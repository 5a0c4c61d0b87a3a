"""The labels of the checkpoint that answered, as far as its configuration is on this disk."""

import json
from collections.abc import Mapping
from contextlib import suppress

from taskcli.checkpoints import cache, lock
from taskcli.errors import TaskcliError
from taskcli.results import Record


def labels_of(record: Record) -> Mapping[int, str]:
    """By their numbers; none where the checkpoint is not here, or is another by now."""
    with suppress(TaskcliError, OSError, ValueError, AttributeError):
        checkpoint = lock.resolve(record.task, record.model, record.revision)
        here = cache.find(checkpoint)
        if here is not None and here.folder is not None:
            config = json.loads((here.folder / "config.json").read_bytes())
            return {int(number): str(name) for number, name in config.get("id2label", {}).items()}
    return {}
