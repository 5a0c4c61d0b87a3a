"""What transformers 4.35.2 was asked, and the checkpoints in the layout that it reads."""

import json
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from checkpoints import make
from samples import ARTICLE, LONG_TEXT, QUESTION, SHORT_TEXT, UNICODE_TEXT

FOLDER = Path(__file__).parent
TASKS = ("qa", "summarize", "translate")
TEXTS = {
    "short": SHORT_TEXT,
    "article": ARTICLE[:150],
    "unicode": UNICODE_TEXT,
    "long": LONG_TEXT,  # many windows of 128 tokens
    "tiny": "Yes.",  # some readers find no answer in it
}
QUESTIONS = (QUESTION, "Who leads the project that opened its new wing on Monday in Paris?")
QA_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"top_k": 5},
    {"no_answer": True},
    {"no_answer": True, "top_k": 3},
    {"max_answer_len": 4},
    {"doc_stride": 16, "top_k": 2},
)
REWRITING_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"num_beams": 2, "max_length": 14},
    {"num_beams": 1, "max_length": 12, "min_length": 4},
    {"length_penalty": 0.2, "max_length": 24},
)
PAIRS = {
    "t5": (("en", "de"), ("en", "fr"), ("en", "ro")),
    "mbart50": (("en_XX", "fr_XX"), ("de_DE", "en_XX")),
    "m2m100": (("en", "fr"), ("de", "zh")),
    "nllb": (("eng_Latn", "fra_Latn"), ("deu_Latn", "eng_Latn")),
    "marian": (("en", "de"),),
}


def cases(task: str) -> list[dict[str, Any]]:
    """The cases of a task, as `version4.py` takes them but for the text, which is a name."""
    if task == "qa":
        readers = ("bert-qa", "distilbert-qa", "roberta-qa")
        return [
            {"checkpoint": name, "text": text, "question": question, "options": options}
            for name, text, question, options in product(readers, TEXTS, QUESTIONS, QA_OPTIONS)
        ]
    texts = ("short", "article", "unicode")  # version 4 does not split longer ones
    if task == "summarize":
        return [
            {"checkpoint": name, "text": text, "options": options}
            for name, text, options in product(("bart", "t5"), texts, REWRITING_OPTIONS)
        ]
    return [
        {
            "checkpoint": name,
            "text": text,
            "options": {"source_language": source, "target_language": target, **options},
            "by_task_name": name in ("t5", "marian"),
        }
        for name, pairs in PAIRS.items()
        for (source, target), text, options in product(pairs, texts, REWRITING_OPTIONS)
    ]


@cache
def _home() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="goldens-")


@cache
def in_old_layout(name: str, home: Path | None = None) -> Path:
    """The checkpoint `name` from tests/checkpoints.py as both versions of transformers read it."""
    folder = make(name, (home or Path(_home().name)) / name)
    _rewrite(folder / "tokenizer.json", _old)
    _rewrite(folder / "tokenizer_config.json", _with_old_names)
    generation = folder / "generation_config.json"
    if generation.exists():  # then its settings stood in both files
        own = json.loads(generation.read_text())
        settings = {key: value for key, value in own.items() if not key.startswith("_")}
        _rewrite(folder / "config.json", lambda config: settings | config)
    return folder


def _rewrite(file: Path, change: Callable[[Any], Any]) -> None:
    if file.exists():
        file.write_text(json.dumps(change(json.loads(file.read_text()))))


def _with_old_names(settings: dict[str, Any]) -> dict[str, Any]:
    """Special tokens beyond the usual ones under their old name, and what version 4 always said."""
    extra = settings.get("extra_special_tokens")
    named = {"additional_special_tokens": extra} if extra else {}
    return settings | named | {"clean_up_tokenization_spaces": True}


def _old(part: Any) -> Any:
    """A part of tokenizer.json as tokenizers 0.14 wrote it."""
    if isinstance(part, list):
        return [_old(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "Metaspace":
        return {"type": "Metaspace", "replacement": part["replacement"], "add_prefix_space": True}
    merges = part.get("merges")
    joined = {} if merges is None else {"merges": [" ".join(pair) for pair in merges]}
    return {key: _old(value) for key, value in part.items() if key != "merges"} | joined
