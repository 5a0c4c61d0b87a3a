"""Which dtype a model is computed in, and why: by name, so that it can be told without torch."""

import json
from collections.abc import Callable
from functools import cache

from taskcli.checkpoints.registry import package_folder
from taskcli.errors import UsageError

# float16 overflows in their feed-forward layers and the text comes out empty (transformers#4287).
_OVERFLOWS_IN_FLOAT16 = ("t5", "mt5", "umt5", "longt5", "switch_transformers", "pix2struct")


def choose_dtype(word: str, model_type: str, has_bfloat16: Callable[[], bool]) -> tuple[str, str]:
    """The dtype that `word`, auto or a name, means for an architecture, and the reason.

    `has_bfloat16` says whether the device computes it, and is asked only where that decides.
    Raises UsageError for what the architecture does not bear.
    """
    if word == "float16" and model_type in _OVERFLOWS_IN_FLOAT16:
        raise UsageError(
            f"--dtype float16: {model_type} overflows in it and answers nothing",
            "use --dtype bfloat16 or float32",
        )
    if word in ("float16", "bfloat16") and model_type in only_in_float32():
        raise UsageError(
            f"--dtype {word}: {model_type} computes in float32 only", "leave --dtype out"
        )
    if word == "int8":
        return word, "asked for; heads and all but linear layers stay float32"
    if word != "auto":
        return word, "asked for"
    if model_type in only_in_float32():
        return "float32", f"{model_type} computes in nothing else"
    if has_bfloat16():
        return "bfloat16", "the hardware computes it; heads for labels and boxes stay float32"
    return "float32", "the hardware has no fast bfloat16"


@cache
def only_in_float32() -> frozenset[str]:
    """What `make parity` saw fail in bfloat16: some make float32 tensors of their own."""
    return frozenset(
        json.loads((package_folder() / "runtime" / "facts" / "float32.json").read_text("utf-8"))
    )
