"""Which keys of a checkpoint's files are refused, under which values, and why."""

from collections.abc import Callable
from typing import NamedTuple

from taskcli.checkpoints.vetting_values import (
    beyond,
    is_on,
    is_text,
    no_classes,
    no_ids,
    no_length,
    no_probability,
    some_string,
    stated,
)

_MOST_LAYERS = 10_000  # or other parts that are built one by one; real ones have up to a thousand
_MOST_LABELS = 1_000_000
_LONGEST_SIDE = 30_000  # pixels that every picture would be drawn out to
_FASTEST = 768_000  # samples a second
_MOST_BANDS = 20_000  # of a spectrum, or samples that one is made of; real ones have up to 4,096
_LONGEST_CHUNK = 3_600  # seconds that every recording would be drawn out to

_MOST_SPEAKERS = 1_000  # real checkpoints tell eight apart
_MOST_REMEMBERED = 10_000  # frames that every moment is compared with; real ones have up to 340


class _Rule(NamedTuple):
    """A key, or several, and whether a value under it is to be refused."""

    keys: str  # pattern
    is_bad: Callable[[object], bool]
    why: str
    hint: str
    file: str = ""  # the one document in which it holds; by default, in all


_OTHER = "choose a checkpoint that transformers knows without code of its own"
_COPY = f"{_OTHER}; if it is one, remove the key in a copy of the folder, and name the copy"
_WHOLE = "choose a checkpoint that has all its parts in one folder"
_MERGE = "merge it into its model (merge_and_unload in peft), save that, and name the new folder"
_REPAIR = "choose a checkpoint that is whole, or repair a copy of the folder"
_FLOAT = "choose the checkpoint with weights in float16, bfloat16 or float32"

REFUSED_FILES = (
    ("adapter_config.json", "makes this an adapter, which brings another checkpoint", _MERGE),
    ("custom_generate/generate.py", "is code, and taskcli runs none of a checkpoint", _OTHER),
)
RULES = (
    _Rule(
        "auto_map|custom_generate|custom_pipelines|custom_objects",
        stated,
        "names code of the checkpoint, and taskcli runs none",
        _COPY,
    ),
    _Rule(
        "trust_remote_code", is_on, "asks to run code of the checkpoint; taskcli runs none", _COPY
    ),
    _Rule(
        "tokenizer_class|slow_tokenizer_class|fast_tokenizer_class",
        some_string(r"\W|^(?!.*(Tokenizer|Backend))."),
        "names no tokenizer of transformers",
        _COPY,
    ),
    _Rule(
        r"(processor|image_processor|feature_extractor|video_processor|audio_tokenizer)_(class|type)"
        "|architectures",
        some_string(r"\W"),
        "names a class outside of transformers",
        _COPY,
    ),
    _Rule(
        r"_?(attn|experts)_implementation(_internal)?",
        some_string(r"[^\w|]"),
        "names a kernel to fetch and run",
        "remove the key in a copy of the folder, and name the copy",
    ),
    _Rule("use_kernels|kernel_config", is_on, "names kernels to fetch and run", _COPY),
    _Rule("compile_config", stated, "says by which programs to compile the model", _COPY),
    _Rule(
        "quantization_config|compression_config",
        stated,
        "says that the weights are packed in integers, which takes code from elsewhere to compute",
        _FLOAT,
    ),
    _Rule(
        "base_model_name_or_path|audio_tokenizer_name_or_path",
        stated,
        "names another checkpoint, which would be fetched",
        _WHOLE,
    ),
    _Rule(
        "backbone", some_string("[/:]"), "names another repository, which would be fetched", _WHOLE
    ),
    _Rule(
        "architecture|model_name",
        some_string(r"^(hf[-_]hub|local-dir):"),
        "names another repository, which would be fetched",
        _WHOLE,
    ),
    _Rule("vocab|merges", is_text, "names a file instead of listing words", _REPAIR),
    # Paths in other documents, the remains of old versions, are passed over by transformers.
    _Rule(
        r"\w+_(file|spm)",
        stated,
        "names a file, which may lie outside of the folder",
        _REPAIR,
        "special_tokens_map.json",
    ),
    _Rule("init_inputs", stated, "gives a tokenizer more than its own files", _REPAIR),
    _Rule("transformers_weights", stated, "names other weights than the folder's own", _WHOLE),
    _Rule("architectures", no_classes, "is no list of names", _REPAIR),
    _Rule(r"\w+_token_id", no_ids, "is no number of a token", _REPAIR),
    _Rule("model_max_length", no_length, "is no number of tokens", _REPAIR),
    _Rule(
        r"\w*(layers|depths|blocks|stages|experts|codebooks|quantizers|feature_levels)|n_layer|depth"
        "|ngram",
        beyond(_MOST_LAYERS),
        f"counts more than {_MOST_LAYERS:,} parts of a model, or fewer than none",
        _REPAIR,
    ),
    # torch would refuse it at the first input, and at every one.
    _Rule(
        r"\w*(dropout|dropout_prob|dropout_p|pdrop|layerdrop|drop_rate|dropout_rate)",
        no_probability,
        "is no probability from 0 to 1",
        _REPAIR,
        "config.json",
    ),
    _Rule("_?num_labels", beyond(_MOST_LABELS), f"is no count up to {_MOST_LABELS:,}", _REPAIR),
    _Rule(
        "height|width|image_size",
        beyond(_LONGEST_SIDE),
        f"is beyond {_LONGEST_SIDE:,} pixels",
        _REPAIR,
    ),
    _Rule(
        "n_fft|num_mel_bins|feature_size",
        beyond(_MOST_BANDS),
        f"is beyond {_MOST_BANDS:,} bands",
        _REPAIR,
    ),
    _Rule("chunk_length", beyond(_LONGEST_CHUNK), f"is beyond {_LONGEST_CHUNK:,} s", _REPAIR),
    _Rule("num_speakers", beyond(_MOST_SPEAKERS), f"is beyond {_MOST_SPEAKERS:,}", _REPAIR),
    _Rule(
        "fifo_length|speaker_cache_(length|update_period|silence_frames_per_speaker)"
        "|chunk_(left|right)_context|subsampling_factor",
        beyond(_MOST_REMEMBERED),
        f"is beyond {_MOST_REMEMBERED:,} frames",
        _REPAIR,
    ),
    _Rule("sampling_rate", beyond(_FASTEST), f"is no rate up to {_FASTEST:,} a second", _REPAIR),
)
