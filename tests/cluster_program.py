"""A run on Ray whose workers have no model: `python cluster_program.py ADDRESS COUNT POISON…`.

It prints how many records came, and the number and type of each error.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from taskcli.checkpoints.registry import Checkpoint
from taskcli.cluster.capacity import Capacity
from taskcli.cluster.connection import connected
from taskcli.cluster.exchange import Answered, BlockAnswers, Load, Loaded
from taskcli.cluster.opening import first_loaded
from taskcli.cluster.run import ClusterRun
from taskcli.cluster.workers import Workers
from taskcli.config.options import RunOptions
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source
from taskcli.results import Record
from taskcli.tasks import BY_NAME

POISON = "poison"


class Echo:
    """Answers a text with itself; one of them ends its process."""

    def load(self, *_: Any) -> Loaded:
        return Loaded({}, None, {})  # type: ignore[arg-type]

    def stop(self, seconds: float | None) -> None:
        pass

    def answer(self, sources: list[Source]) -> BlockAnswers:
        if any(source.text == POISON for source in sources):
            os._exit(9)
        records = [(one.number, Record(one.id, "echo", "none", result=one.text)) for one in sources]
        return BlockAnswers([Answered(number, record, None) for number, record in records])


class Silent:
    def status(self, text: str) -> None: ...
    def say(self, text: str) -> None: ...
    def workers(self, count: int) -> None: ...


def plain_load(folder: Path) -> Load:
    """A checkpoint in a folder, without any options."""
    here = Checkpoint("none", folder=folder)
    no = dict.fromkeys(("offline", "allow_pickle", "asks", "reads_hub", "with_texts"), False)
    options = BY_NAME["classify-text"].Options()
    return Load(
        "classify-text", options, here, RunOptions(device="cpu"), {}, **no, with_depths=False
    )


def main(address: str, count: int, poisons: set[int]) -> None:
    load = plain_load(Path())
    texts = (POISON if number in poisons else str(number) for number in range(count))
    sources = (Source(f"t{n}", text=text, number=n) for n, text in enumerate(texts))
    with connected(address, 1):
        capacity = Capacity(2, 1, 0.0)
        workers = Workers(capacity, load, kind=Echo)
        workers.grow(2)
        first_loaded(workers, capacity, Silent())
        run = ClusterRun(
            load, workers, Sources(sources, count), True, True, threading.Event(), None
        )
        said = []
        for number, (record, source, _) in enumerate(run.answers()):
            assert record.input == source.id == f"t{number}", "in order"
            if record.error is not None:
                said.append((number, record.error.type))
            else:
                assert record.result == str(number)
        print(json.dumps({"count": number + 1, "errors": said}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), {int(word) for word in sys.argv[3:]})
