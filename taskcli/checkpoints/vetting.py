"""Is a checkpoint data alone, and of a size that can be? What else in its files is refused.

transformers reads such references at any depth: a detector's `backbone_config`, the encoder of an
encoder-decoder, a processor's feature extractor. So every document is walked whole, before
anything is built.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from taskcli.errors import CheckpointError

# Bytes. A config has some kilobytes; the largest tokenizer.json known, of 262,000 words, 33 MB.
_LARGEST_CONFIG = 10_000_000
_LARGEST = 500_000_000
_DEEPEST = 100  # levels; the deepest config of transformers has 7
_MOST_LAYERS = 10_000  # or other parts that are built one by one; real ones have up to a thousand
_MOST_LABELS = 1_000_000
_LONGEST_SIDE = 30_000  # pixels that every picture would be drawn out to
_FASTEST = 768_000  # samples a second
_MOST_BANDS = 20_000  # of a spectrum, or samples that one is made of; real ones have up to 4,096
_LONGEST_CHUNK = 3_600  # seconds that every recording would be drawn out to
_PLAIN = 1_000_000  # above that, a document is walked only if it has a suspicious word
# What transformers reads: the folder itself, and the further tokenizers of a processor.
_DOCUMENTS = ("*.json", "*tokenizer*/*.json")


class _Rule(NamedTuple):
    """A key, or several, and whether a value under it is to be refused."""

    keys: str  # pattern
    is_bad: Callable[[object], bool]
    why: str
    hint: str
    file: str = ""  # the one document in which it holds; by default, in all


def refuse_unsafe(name: str, folder: Path) -> None:
    """Raises CheckpointError if a file in `folder` names code or another repository, or is absurd.

    Absurd is what would take all memory, or time without end, before anything could say so.
    """
    for file, why, hint in _FILES:
        if (folder / file).is_file():
            raise CheckpointError(f"{name}: {file} {why}", hint)
    for pattern in _DOCUMENTS:
        for path in sorted(folder.glob(pattern)):
            _refuse_in(name, path, str(path.relative_to(folder)))


def _refuse_in(name: str, path: Path, file: str) -> None:
    for key, value, within in _pairs(_document(name, path, file)):
        if len(within) > _DEEPEST:
            raise _too_deep(name, file)
        if within[-1:] == ("label2id",) and isinstance(value, int):
            continue  # a label may have the name of any key
        for rule in _RULES:
            if rule.file not in ("", path.name):
                continue
            if re.fullmatch(rule.keys, key) and rule.is_bad(value):
                where = ".".join([*within, key])
                raise CheckpointError(f"{name}: {file}: {where} {rule.why}", rule.hint)


def _document(name: str, path: Path, file: str) -> object:
    """A JSON document; None where it is none, which its reader will say better."""
    size = path.stat().st_size if path.is_file() else 0
    is_config = path.name.endswith("config.json")
    most = _LARGEST_CONFIG if is_config else _LARGEST
    if size > most:
        raise CheckpointError(f"{name}: {file} has {size:,} bytes; none has more than {most:,}")
    try:
        data = path.read_bytes()
        if size > _PLAIN and not is_config and not _is_suspicious(data):
            return None
        return json.loads(data)
    except RecursionError:
        raise _too_deep(name, file) from None
    except (OSError, ValueError):
        return None


def _is_suspicious(data: bytes) -> bool:
    return any(word in data for word in _SUSPICIOUS) or _ESCAPED.search(data) is not None


def _too_deep(name: str, file: str) -> CheckpointError:
    return CheckpointError(f"{name}: {file} is nested too deeply to be read")


def _pairs(document: object) -> Iterator[tuple[str, object, tuple[str, ...]]]:
    """Every key of every mapping with its value, and the keys and places above it."""
    waiting: list[tuple[object, tuple[str, ...]]] = [(document, ())]
    while waiting:
        part, within = waiting.pop()
        if isinstance(part, dict):
            for key, value in part.items():
                yield key, _beside(part, key, value), within
                if isinstance(value, dict | list):
                    waiting.append((value, (*within, key)))
        elif isinstance(part, list):
            waiting += [
                (inner, (*within, str(place)))
                for place, inner in enumerate(part)
                if isinstance(inner, dict | list)
            ]


def _beside(part: dict[str, object], key: str, value: object) -> object:
    """A `backbone` is a name to fetch only where no `backbone_config` describes it."""
    return None if key == "backbone" and part.get("backbone_config") else value


def _words(value: object) -> Iterator[str]:
    """The strings in a value: a class is named by one, by a pair, or one for each part."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _words(inner)


def _stated(value: object) -> bool:
    """Neither left empty nor a number: a vocabulary may have any word as a key."""
    return bool(value) and not isinstance(value, int | float)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _on(value: object) -> bool:
    return value is True or _stated(value)


def _some(pattern: str) -> Callable[[object], bool]:
    """Whether a string in the value has the pattern."""
    return lambda value: any(re.search(pattern, word) for word in _words(value))


def _no_classes(value: object) -> bool:
    is_list = isinstance(value, list) and all(isinstance(word, str) for word in value)
    return value is not None and not is_list


def _no_ids(value: object) -> bool:
    """A token's id, several, or none at all."""
    ids = value if isinstance(value, list) else [value]
    return value is not None and not all(_is_whole(one, -(2**31), 2**31) for one in ids)


def _no_length(value: object) -> bool:
    """Tokens; 10 to the power of 30 stands for no limit."""
    return value is not None and not (isinstance(value, int) and value > 0 and value is not True)


def _beyond(most: int) -> Callable[[object], bool]:
    """Whether there are more, or fewer than none, of something that one number or several count."""

    def is_bad(value: object) -> bool:
        numbers = value if isinstance(value, list) else [value]
        counts = [one for one in numbers if isinstance(one, int | float)]
        return not all(-1 <= one <= most for one in counts)  # -1 is a way to say all; NaN is none

    return is_bad


def _no_probability(value: object) -> bool:
    """Whether a number, or one of several, is beyond 0 to 1."""
    numbers = value if isinstance(value, list) else [value]
    return not all(0 <= one <= 1 for one in numbers if isinstance(one, int | float))


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < most


_OTHER = "choose a checkpoint that transformers knows without code of its own"
_COPY = f"{_OTHER}; if it is one, remove the key in a copy of the folder, and name the copy"
_WHOLE = "choose a checkpoint that has all its parts in one folder"
_MERGE = "merge it into its model (merge_and_unload in peft), save that, and name the new folder"
_REPAIR = "choose a checkpoint that is whole, or repair a copy of the folder"
_FLOAT = "choose the checkpoint with weights in float16, bfloat16 or float32"

_FILES = (
    ("adapter_config.json", "makes this an adapter, which brings another checkpoint", _MERGE),
    ("custom_generate/generate.py", "is code, and taskcli runs none of a checkpoint", _OTHER),
)
_RULES = (
    _Rule(
        "auto_map|custom_generate|custom_pipelines|custom_objects",
        _stated,
        "names code of the checkpoint, and taskcli runs none",
        _COPY,
    ),
    _Rule("trust_remote_code", _on, "asks to run code of the checkpoint; taskcli runs none", _COPY),
    _Rule(
        "tokenizer_class|slow_tokenizer_class|fast_tokenizer_class",
        _some(r"\W|^(?!.*(Tokenizer|Backend))."),
        "names no tokenizer of transformers",
        _COPY,
    ),
    _Rule(
        r"(processor|image_processor|feature_extractor|video_processor|audio_tokenizer)_(class|type)"
        "|architectures",
        _some(r"\W"),
        "names a class outside of transformers",
        _COPY,
    ),
    _Rule(
        r"_?(attn|experts)_implementation(_internal)?",
        _some(r"[^\w|]"),
        "names a kernel to fetch and run",
        "remove the key in a copy of the folder, and name the copy",
    ),
    _Rule("use_kernels|kernel_config", _on, "names kernels to fetch and run", _COPY),
    _Rule("compile_config", _stated, "says by which programs to compile the model", _COPY),
    _Rule(
        "quantization_config|compression_config",
        _stated,
        "says that the weights are packed in integers, which takes code from elsewhere to compute",
        _FLOAT,
    ),
    _Rule(
        "base_model_name_or_path|audio_tokenizer_name_or_path",
        _stated,
        "names another checkpoint, which would be fetched",
        _WHOLE,
    ),
    _Rule("backbone", _some("[/:]"), "names another repository, which would be fetched", _WHOLE),
    _Rule(
        "architecture|model_name",
        _some(r"^(hf[-_]hub|local-dir):"),
        "names another repository, which would be fetched",
        _WHOLE,
    ),
    _Rule("vocab|merges", _is_text, "names a file instead of listing words", _REPAIR),
    # Paths in other documents, the remains of old versions, are passed over by transformers.
    _Rule(
        r"\w+_(file|spm)",
        _stated,
        "names a file, which may lie outside of the folder",
        _REPAIR,
        "special_tokens_map.json",
    ),
    _Rule("init_inputs", _stated, "gives a tokenizer more than its own files", _REPAIR),
    _Rule("transformers_weights", _stated, "names other weights than the folder's own", _WHOLE),
    _Rule("architectures", _no_classes, "is no list of names", _REPAIR),
    _Rule(r"\w+_token_id", _no_ids, "is no number of a token", _REPAIR),
    _Rule("model_max_length", _no_length, "is no number of tokens", _REPAIR),
    _Rule(
        r"\w*(layers|depths|blocks|stages|experts|codebooks|quantizers|feature_levels)|n_layer|depth"
        "|ngram",
        _beyond(_MOST_LAYERS),
        f"counts more than {_MOST_LAYERS:,} parts of a model, or fewer than none",
        _REPAIR,
    ),
    # torch would refuse it at the first input, and at every one.
    _Rule(
        r"\w*(dropout|dropout_prob|dropout_p|pdrop|layerdrop|drop_rate|dropout_rate)",
        _no_probability,
        "is no probability from 0 to 1",
        _REPAIR,
        "config.json",
    ),
    _Rule("_?num_labels", _beyond(_MOST_LABELS), f"is no count up to {_MOST_LABELS:,}", _REPAIR),
    _Rule(
        "height|width|image_size",
        _beyond(_LONGEST_SIDE),
        f"is beyond {_LONGEST_SIDE:,} pixels",
        _REPAIR,
    ),
    _Rule(
        "n_fft|num_mel_bins|feature_size",
        _beyond(_MOST_BANDS),
        f"is beyond {_MOST_BANDS:,} bands",
        _REPAIR,
    ),
    _Rule("chunk_length", _beyond(_LONGEST_CHUNK), f"is beyond {_LONGEST_CHUNK:,} s", _REPAIR),
    _Rule("sampling_rate", _beyond(_FASTEST), f"is no rate up to {_FASTEST:,} a second", _REPAIR),
)
# In megabytes of vocabulary only these matter, and an escaped ASCII letter, which nobody writes.
_SUSPICIOUS = (b"auto_map", b"custom_", b"trust_remote_code")
_ESCAPED = re.compile(rb"\\u00[2-7]")
