"""Answer cases with transformers 4.35.2's own pipelines; `make.py` runs this in its environment.

    python version4.py CASES.json ANSWERS.json

A case is {"task", "checkpoint": a folder, "text", "options": of taskcli, ...}; what the pipeline
answers is put under "answer", and for qa every different span that it can give under "spans".
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers as hf

_LANGUAGES = ("source_language", "target_language")
_NAMES = {"no_answer": "handle_impossible_answer"}
_ALL = 60  # spans asked for, to find the different ones among them
_KEPT = 8


@cache
def opened(task: str, folder: str) -> Any:
    auto = hf.AutoModelForQuestionAnswering if task == "qa" else hf.AutoModelForSeq2SeqLM
    model, info = auto.from_pretrained(folder, output_loading_info=True)
    if info["missing_keys"] or info["mismatched_keys"]:
        raise SystemExit(f"{folder}: not all weights are read: {info}")
    return model, hf.AutoTokenizer.from_pretrained(folder)


def pipeline(case: dict[str, Any]) -> Any:
    """A new one for each case: a pipeline changes the settings of its model."""
    names = {"qa": "question-answering", "summarize": "summarization", "translate": "translation"}
    task, languages = names[case["task"]], {}
    if case["task"] == "translate":
        source, target = (case["options"].get(name) for name in _LANGUAGES)
        if case["by_task_name"]:
            task = f"translation_{source}_to_{target}"
        else:
            languages = {"src_lang": source, "tgt_lang": target}
    opened.cache_clear()
    model, tokenizer = opened(case["task"], case["checkpoint"])
    return hf.pipeline(task, model=model, tokenizer=tokenizer, device="cpu", **languages)


def answer(case: dict[str, Any]) -> dict[str, Any]:
    options = {
        _NAMES.get(name, name): value
        for name, value in case["options"].items()
        if name not in _LANGUAGES
    }
    ask = pipeline(case)
    if case["task"] != "qa":
        [found] = ask(case["text"], **options)
        return {"answer": next(iter(found.values()))}
    asked = {"question": case["question"], "context": case["text"]}
    every = ask(**asked, **{**options, "top_k": _ALL})
    return {"answer": spans(ask(**asked, **options)), "spans": different(spans(every))[:_KEPT]}


def spans(answers: Any) -> list[tuple[float, int, int]]:
    """(score, start, end) of one answer or a list of them."""
    found = answers if isinstance(answers, list) else [answers]
    return [(round(one["score"], 7), one["start"], one["end"]) for one in found]


def different(answers: list[tuple[float, int, int]]) -> list[tuple[float, int, int]]:
    """Each span once: the pipeline may give one several times, from tokens of the same words."""
    found: dict[Any, Any] = {}
    for score, start, end in answers:
        found.setdefault((start, end), (score, start, end))
    return list(found.values())


def main(cases: str, answers: str) -> None:
    assert hf.__version__ == "4.35.2", hf.__version__
    hf.logging.set_verbosity_error()
    torch.set_num_threads(1)
    found = [case | answer(case) for case in json.loads(Path(cases).read_text())]
    Path(answers).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
