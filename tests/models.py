"""The tiny checkpoints through the Python API: float32 on the processor unless a test says so."""

import json
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import cached
from pycocotools import mask as coco

import taskcli
from taskcli.results import Record, RunLengthMask

torch.set_num_threads(1)  # tiny tensors are slower on several threads than on one

# What a checkpoint needs to be asked; the rest answers without options.
NEEDED: dict[tuple[str, str], dict[str, Any]] = {
    ("translate", "mbart50"): {"source_language": "en_XX", "target_language": "fr_XX"},
    ("translate", "m2m100"): {"source_language": "en", "target_language": "fr"},
    ("translate", "nllb"): {"source_language": "eng_Latn", "target_language": "fra_Latn"},
    ("translate", "t5"): {"source_language": "en", "target_language": "de"},
}


def load(task: str, name: str | Path, **options: Any) -> Any:
    """`name` is a made checkpoint, or the folder of another."""
    folder = name if isinstance(name, Path) else cached(name)
    needed = NEEDED.get((task, str(name)), {})
    return taskcli.load(
        task, str(folder), **{"device": "cpu", "dtype": "float32", **needed, **options}
    )


@cache
def brief_whisper() -> Path:
    """The tiny Whisper, made to write few tokens of each half minute."""
    folder = cached("whisper").with_name("brief-whisper")
    shutil.copytree(cached("whisper"), folder)
    settings = folder / "generation_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"max_length": 20}))
    return folder


def near(value: Any) -> Any:
    """Equal to JSON in which numbers differ by rounding alone, as in another batch."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-4, abs=1e-5)
    if isinstance(value, dict):
        return {name: near(one) for name, one in value.items()}
    return [near(one) for one in value] if isinstance(value, list) else value


def answers(model: Any, inputs: Iterable[Any] = (), texts: Iterable[str] = ()) -> list[Any]:
    """The results, of inputs that must all succeed."""
    return [result(record) for record in model(inputs, texts=texts)]


def result(record: Record) -> Any:
    assert record.error is None, record.error
    return record.result


def pixels(mask: RunLengthMask) -> np.ndarray:
    """The mask as booleans [height, width]."""
    return coco.decode({"size": mask.size, "counts": mask.counts}).astype(bool)
