"""All pairs of a task and a model type, each type in a process of its own, results kept."""

import gc
import json
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import transformers as hf

from parity import trial
from taskcli.task import Task
from taskcli.tasks import BY_NAME, TASKS

SECONDS = 300  # for one model type at one task
MEMORY = 12 << 30  # bytes of address space of a child
_AT_ONCE = 24  # pairs per child: what they leave behind in memory goes with it
_LACKING = re.compile(
    r"No module named|pip install|need to install|requires? the [\w-]+ library|needs torchvision"
)
Pair = tuple[str, str]  # a task and a model type
Found = dict[str, Any]  # task -> model type -> what was found; and the version of transformers


def model_types(task: str) -> list[str]:
    """What the task's Auto classes map."""
    autos = [getattr(hf, name) for name in BY_NAME[task].auto_models]
    return sorted({name for auto in autos for name in auto._model_mapping._model_mapping})


def pairs() -> list[Pair]:
    """Every model type with every task of it, those of one medium and type together."""
    found = [(task, model_type) for task in TASKS for model_type in model_types(task.name)]
    found.sort(key=lambda pair: (pair[0].media, pair[1]))  # audio, image, text
    return [(task.name, model_type) for task, model_type in found]


Trial = Callable[[type[Task[Any, Any, Any]], str], dict[str, Any]]


def walk(wanted: list[Pair], attempt: Trial = trial.run) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """Try every pair."""
    _warm_up()
    waiting = list(wanted)
    while waiting:
        for pair, result in _one_child(waiting, attempt):
            waiting.remove(pair)
            yield pair, result


def known(kept: Path) -> Found:
    return json.loads(kept.read_text()) if kept.exists() else {}


def keep(kept: Path, pair: Pair, result: dict[str, Any]) -> None:
    """Note a result, unless only a library is missing here with which the type worked before.

    How long it took is left out: a walk that finds nothing new changes nothing.
    """
    found = known(kept)
    own = found.setdefault(pair[0], {})
    if own.get(pair[1], {}).get("works") and _LACKING.search(result.get("why", "")):
        return
    found["transformers"] = hf.__version__
    own[pair[1]] = {name: value for name, value in result.items() if name != "seconds"}
    kept.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _warm_up() -> None:
    """What every child needs, imported once."""
    import transformers.models.llama.modeling_llama
    import transformers.models.resnet.modeling_resnet
    import transformers.models.wav2vec2.modeling_wav2vec2  # noqa: F401

    import taskcli.runtime.loader  # noqa: F401

    hf.AutoModelForCausalLM, hf.AutoTokenizer, hf.AutoProcessor, hf.AutoImageProcessor  # noqa: B018
    hf.logging.set_verbosity_error()
    torch.set_num_threads(1)
    gc.freeze()


def _one_child(waiting: list[Pair], attempt: Trial) -> Iterator[tuple[Pair, dict[str, Any]]]:
    """Some trials in a child process, which may crash, hang or take too much; one result each."""
    mine = waiting[:_AT_ONCE]
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _try_some(theirs, mine, attempt)
    os.close(theirs)
    answered = 0
    with os.fdopen(ours, "rb") as pipe:
        for pair in mine:
            if not (line := pipe.readline()):
                break
            answered += 1
            yield pair, json.loads(line)
    _, status = os.waitpid(child, 0)
    if answered < len(mine):
        yield mine[answered], _end(status)


def _try_some(pipe: int, waiting: list[Pair], attempt: Trial) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    for task, model_type in waiting:
        signal.alarm(SECONDS)
        start = time.monotonic()
        result = attempt(BY_NAME[task], model_type)
        result["seconds"] = round(time.monotonic() - start, 1)
        os.write(pipe, json.dumps(result).encode() + b"\n")
    os._exit(0)


def _end(status: int) -> dict[str, Any]:
    number = os.waitstatus_to_exitcode(status)
    why = f"took longer than {SECONDS} s" if number == -signal.SIGALRM else f"ended with {number}"
    return {"works": False, "why": why}
