"""A program that uses the library finds its process as it was."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from samples import SHORT_TEXT, photos, scene, sounds

import taskcli
from taskcli.tasks import TASKS

# What belongs to the host; the libraries are there before, for they change some at their import.
STATE = """
import json, logging, os, random, signal, sys, warnings
import accelerate, huggingface_hub, numpy, PIL.Image, soundfile, torch, transformers
from huggingface_hub.utils import are_progress_bars_disabled
from huggingface_hub.utils import logging as hub_logging

LOGGERS = (None, "transformers", "huggingface_hub", "PIL", "torch", "accelerate")

def state():
    return {
        "pixels": PIL.Image.MAX_IMAGE_PIXELS,
        "filters": str(warnings.filters),
        "showing": str(warnings.showwarning),
        "levels": [logging.getLogger(name).level for name in LOGGERS],
        "handlers": [str(logging.getLogger(name).handlers) for name in LOGGERS],
        "verbosity": [transformers.logging.get_verbosity(), hub_logging.get_verbosity()],
        "bars": [transformers.logging.is_progress_bar_enabled(), are_progress_bars_disabled()],
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(numpy.random.get_state()),
        "random": str(random.getstate()),
        "environment": dict(os.environ),
        "threads": [torch.get_num_threads(), torch.get_num_interop_threads()],
        "grad": [torch.is_grad_enabled(), torch.is_inference_mode_enabled()],
        "dtype": str(torch.get_default_dtype()),
        "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
        "streams": [str(sys.stdin), str(sys.stdout), str(sys.stderr)],
        "folder": os.getcwd(),
        "limit": sys.getrecursionlimit(),
    }

def changed(before, after):
    return {
        name: (before[name], after[name]) for name in before if before[name] != after[name]
    }
"""
CALLS = """
import taskcli

for task, (files, texts, options) in json.loads(sys.argv[1]).items():
    model = taskcli.load(task, "starter", device="auto", **options)
    for one in (model, model.bind()):
        records = list(one(files, texts=texts))
        assert records and all(record.error is None for record in records), records
    if found := changed(before, state()):
        print(json.dumps({task: found}))
        break
"""


@pytest.mark.long
def test_nothing_of_the_host_is_changed(tmp_path: Path) -> None:
    heard, seen = ([str(path) for path in made(tmp_path).values()] for made in (sounds, photos))
    files = {"audio": heard[:1], "image": seen[:2], "text": []}
    options = {
        "generate": {"max_new_tokens": 4, "temperature": 1.5},
        "qa": {"question": ["Who?"]},
        "translate": {"target_language": "fr"},
    }
    calls = {
        task.name: (
            files[task.media],
            [] if files[task.media] else [SHORT_TEXT],
            options.get(task.name, {}),
        )
        for task in TASKS
    }
    program = f"{STATE}\nbefore = state()\n{CALLS}"
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(calls)], capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == ""


def test_pillows_limit_is_the_hosts_and_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours is checked by itself; what the host opens is checked as the host says."""
    scene(96, 64).save("a.webp")  # Pillow checks this one twice
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    model = taskcli.load("classify-image", "starter", device="cpu")
    (record,) = model("a.webp")
    assert record.error is None
    with pytest.raises(Image.DecompressionBombError):
        Image.open("a.webp")
    assert Image.MAX_IMAGE_PIXELS == 1000


ADVISED = """
import sys, taskcli, transformers

model = taskcli.load("classify-text", "starter", device="cpu")
(record,) = model(texts=[sys.argv[1]])
assert record.error is None
advice = transformers.AutoTokenizer.from_pretrained(model.checkpoint.folder)(sys.argv[1])
"""


@pytest.mark.long
def test_advice_to_those_who_call_a_library_is_for_the_host_where_it_calls() -> None:
    long = SHORT_TEXT * 100  # more than the tokenizer says that the model holds
    done = subprocess.run(
        [sys.executable, "-c", ADVISED, long], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert "longer than the specified maximum" in line
