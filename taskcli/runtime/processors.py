"""What stands before a model: the tokenizer, the image processor, the feature extractor."""

import inspect
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import transformers
from transformers import PreTrainedTokenizerBase

from taskcli.errors import CheckpointError, first_line
from taskcli.media import MEDIA
from taskcli.task import Task

if TYPE_CHECKING:
    import tokenizers

    from taskcli.task import Processor

LOCAL = {"local_files_only": True, "trust_remote_code": False}
_BESIDE = {"boxes", "xpaths"}  # what tokenizers of LayoutLMv3 and MarkupLM want with the words
_MOST_GROWTH = 1_000  # real rules write a character or two for one
_PLACES = {"bbox", "xpath_tags_seq", "xpath_subs_seq"}  # and what models are then given


def processor_of(task: type[Task[Any, Any, Any]], name: str, folder: Path) -> "Processor":
    """What stands before a task's model. Raises CheckpointError where files lack or are damaged."""
    try:
        processor = _auto_processor(task, folder)
    except Exception as failure:
        reason = first_line(failure)
        raise CheckpointError(
            f"{name}: its {task.processor_class()} cannot be loaded: {reason}",
            what_to_install(failure),
        ) from failure
    is_tokenizer = task.processor_class() == "AutoTokenizer"
    if is_tokenizer and _BESIDE & inspect.signature(processor.__call__).parameters.keys():
        processor = _of_text_alone(processor)
    tokenizer = getattr(processor, "tokenizer", processor)
    _refuse_empty_vocabulary(name, tokenizer)
    _refuse_growth(name, tokenizer)
    _forget_lengths(tokenizer)
    return processor


def _of_text_alone(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """The tokenizer for text that stands on no page: its model puts every word at one place."""
    plain = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer,
        model_max_length=tokenizer.model_max_length,
        padding_side=tokenizer.padding_side,
        **tokenizer.special_tokens_map,
    )
    plain.model_input_names = [n for n in tokenizer.model_input_names if n not in _PLACES]
    return plain


def _forget_lengths(tokenizer: PreTrainedTokenizerBase) -> None:
    """tokenizer.json keeps how training cut and padded; that would shorten texts here."""
    if getattr(tokenizer, "is_fast", False):
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.no_padding()


def what_to_install(failure: Exception) -> str | None:
    """What the library advises to install, further down in its message, if it does."""
    found = re.search(r"pip install ([\w.-]+)|requires the (\w+) library", str(failure))
    return f"pip install {(found[1] or found[2]).lower()}" if found else None


def _auto_processor(task: type[Task[Any, Any, Any]], folder: Path) -> "Processor":
    options = MEDIA[task.media].processor_options
    auto = getattr(transformers, task.processor_class())
    with _class_info(folder) as own:
        processor = auto.from_pretrained(folder, **LOCAL, **options, **own)
    if "task_inputs" in getattr(processor, "model_input_names", ()):
        # OneFormer is told in words what to divide a picture into.
        processor.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **LOCAL)
    if auto is not transformers.AutoProcessor or hasattr(processor, "tokenizer"):
        return processor
    # Some model types have no processor class of their own, and get the tokenizer alone.
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder, **LOCAL)
    return SimpleNamespace(feature_extractor=extractor, tokenizer=processor)


def _refuse_growth(name: str, tokenizer: PreTrainedTokenizerBase) -> None:
    """Forty rules that write "aa" for "a" would fill all memory from a line of text."""
    backend: tokenizers.Tokenizer | None = getattr(tokenizer, "backend_tokenizer", None)
    part: Any
    for part in (getattr(backend, "normalizer", None), getattr(backend, "decoder", None)):
        try:
            state = json.loads(part.__getstate__())
        except Exception:  # none, or one that is written in Python, by transformers itself
            continue
        if math.prod(_growths(state)) > _MOST_GROWTH:
            raise CheckpointError(
                f"{name}: tokenizer.json: its {state['type']} rules draw a text out more than "
                f"{_MOST_GROWTH:,} times",
                "choose a checkpoint that is whole",
            )


def _growths(state: object) -> Iterator[float]:
    """How many characters each rule of a tokenizer writes at most for one that it reads."""
    if isinstance(state, list):
        for part in state:
            yield from _growths(part)
    elif isinstance(state, dict):
        if state.get("type") == "Replace":
            text = state["pattern"].get("String", "")
            written = len(state["content"])
            empty = not text and _may_match_nothing(state["pattern"].get("Regex", ""))
            yield max(1.0, written / max(1, len(text)) + empty)
        yield from _growths(list(state.values()))


def _may_match_nothing(pattern: str) -> bool:
    """Such a rule writes between all characters. Python reads most patterns as Oniguruma does."""
    try:
        return re.match(pattern, "") is not None
    except re.error:
        return True


@contextmanager
def _class_info(folder: Path) -> Iterator[dict[str, str]]:
    """Where OneFormer's processor finds its list of classes, which it would fetch from elsewhere.

    The checkpoint has it as a file, or as the metadata that were made of one.
    """
    file = folder / "preprocessor_config.json"
    stated = json.loads(file.read_bytes()) if file.is_file() else {}
    name = stated.get("class_info_file") if isinstance(stated, dict) else None
    if not name:
        yield {}
        return
    if Path(name).name != name:
        raise ValueError(f"{file.name}: class_info_file {name} lies outside of the folder")
    if (folder / name).is_file():
        yield {"repo_path": str(folder)}
        return
    if "metadata" not in stated:
        raise ValueError(f"{file.name}: class_info_file {name} is missing in the folder")
    with TemporaryDirectory() as made:
        Path(made, name).write_text(json.dumps(_classes(stated["metadata"])), "utf-8")
        yield {"repo_path": made}


def _classes(metadata: dict[str, Any]) -> dict[str, Any]:
    """What `prepare_metadata` in transformers made the metadata of."""
    things = set(metadata["thing_ids"])
    names = {key: name for key, name in metadata.items() if key.isdigit()}
    return {key: {"name": name, "isthing": int(key) in things} for key, name in names.items()}


def _refuse_empty_vocabulary(name: str, tokenizer: PreTrainedTokenizerBase) -> None:
    """Where its files are missing, transformers makes a tokenizer that knows no word."""
    if not hasattr(tokenizer, "get_vocab"):
        return
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise CheckpointError(
            f"{name}: its tokenizer has no vocabulary",
            "the folder lacks tokenizer.json, or vocab.txt and its like",
        )
