"""What stands before the models: tokenizers trained on a page of text, processors by default."""

import functools
import inspect
import json
from pathlib import Path
from typing import Any

import transformers as hf
from checkpoints import _byte_level, _unigram, _word_pieces
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
from tokenizers import models as token_models
from transformers.models.auto.feature_extraction_auto import FEATURE_EXTRACTOR_MAPPING_NAMES
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

from parity import tekken
from parity.families import PROCESSORS
from taskcli.tasks.languages import language_codes

LONGEST = 128  # tokens, short enough that a text of the walk needs windows
_LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
_SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
_MODELS = {"RoFormerTokenizer": "WordPiece"}  # where the class does not say it
_TOKENIZERS = {"prophetnet": "BertTokenizer"}  # whose vocabulary it has; its own is in Python
# What a request to a speech model says, whatever its words are.
_TEMPLATE = """{% for message in messages %}{% if message.content is string %}{{ message.content }}\
{% else %}{% for part in message.content %}\
{% if part.type == "audio" %}SOUND{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %}\
{% endfor %}"""
_LANGUAGES = [  # SeamlessM4T's checkpoints bring them
    "__eng__",
    "__fra__",
]
_WITHOUT_FILES = ("CanineTokenizer", "PerceiverTokenizer")
# Where the library maps none, public checkpoints name these.
_NAMED = {
    "d_fine": "RTDetrImageProcessorPil",
    "dab-detr": "ConditionalDetrImageProcessorPil",
    "dinov2_with_registers": "BitImageProcessorPil",
    "hgnet_v2": "RTDetrImageProcessorPil",
    "rt_detr_v2": "RTDetrImageProcessorPil",
    "videomt": "VideoMTVideoProcessor",
}
_EXTRACTORS = {"wav2vec2-bert": "SeamlessM4TFeatureExtractor"}
_EDGES = {"shortest_edge": 64, "longest_edge": 96}


def tokenizer_of(model_type: str) -> Any:
    """The type's own tokenizer, if its vocabulary can be trained; else a byte-level one."""
    name = _TOKENIZERS.get(model_type) or TOKENIZER_MAPPING_NAMES.get(model_type)
    kind = getattr(hf, name, None) if name else None
    if name in _WITHOUT_FILES:
        return kind(model_max_length=LONGEST)
    config = hf.AutoConfig.for_model(model_type)
    return (_own(kind) if kind is not None else None) or plain(config.is_encoder_decoder)


def _own(kind: Any) -> Any:
    if not issubclass(kind, hf.TokenizersBackend) or "vocab" not in _parameters(kind):
        return None
    model = getattr(getattr(kind, "model", None), "__name__", "Unigram")
    made = _OWN[_MODELS.get(kind.__name__, model)](kind)
    if hasattr(made, "_build_translation_inputs") and not language_codes(made):
        made.add_special_tokens({"extra_special_tokens": _LANGUAGES})
    return made if made.pad_token or made.eos_token else None


def _parameters(kind: Any) -> Any:
    return inspect.signature(kind.__init__).parameters


def _of_bytes(kind: Any) -> Any:
    """The family's special tokens stand first, as its template needs them."""
    tags = {"tags_dict": {"p": 0}} if "tags_dict" in _parameters(kind) else {}
    return kind(**_byte_level(first=_special_tokens(kind)), **tags, model_max_length=LONGEST)


def _special_tokens(kind: Any) -> list[str]:
    """The defaults of a tokenizer's special tokens, each once."""
    parameters = _parameters(kind).items()
    named = [str(p.default) for name, p in parameters if name.endswith("_token") and p.default]
    return list(dict.fromkeys(token for token in named if token != str(inspect.Parameter.empty)))


def _of_pieces(kind: Any) -> Any:
    pieces = dict.fromkeys((*_word_pieces(lower_case=True), *_special_tokens(kind)))
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    return kind(vocab=vocabulary, model_max_length=LONGEST)


def _of_sentencepiece(kind: Any) -> Any:
    special = dict.fromkeys(("<s>", "<pad>", "</s>", "<unk>", "<cls>", "<sep>", "[CLS]", "[SEP]"))
    vocabulary = [*((piece, 0.0) for piece in special), *_unigram(), ("<mask>", 0.0)]
    return kind(vocab=vocabulary, model_max_length=LONGEST)


_OWN = {"BPE": _of_bytes, "WordPiece": _of_pieces, "Unigram": _of_sentencepiece}


@functools.cache
def plain(ends: bool = False) -> Any:
    """A byte-level tokenizer as Llama's: <s> begins a text; </s> may end it."""
    parts = _byte_level(first=_SPECIAL.values())
    tokenizer = Tokenizer(token_models.BPE(**parts))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    last = " </s>" if ends else ""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"<s> $A{last}",
        pair=f"<s> $A </s> $B:1{last}",
        special_tokens=[("<s>", 0), ("</s>", 1)],
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **_SPECIAL, model_max_length=LONGEST
    )


def image_processor_of(model_type: str) -> Any:
    """The type's own, on Pillow where it has one. Sizes stay, but for pictures without bound."""
    asked = PROCESSORS.get(model_type, {})
    names = IMAGE_PROCESSOR_MAPPING_NAMES.get(model_type) or {"pil": _NAMED[model_type]}
    kind = getattr(hf, names.get("pil") or names["torchvision"])
    made = kind(**asked)
    size = dict(getattr(made, "size", None) or {})
    if not asked and (size.get("shortest_edge", 0) > 512 or "longest_edge" in size):
        return kind(size=_EDGES)
    return made


def extractor_of(model_type: str) -> Any:
    """The type's own, with as many bands as its model reads."""
    mapped = FEATURE_EXTRACTOR_MAPPING_NAMES.get(model_type, "Wav2Vec2FeatureExtractor")
    name = _EXTRACTORS.get(model_type, mapped)
    kind = getattr(hf, name)
    bands = _bands(hf.AutoConfig.for_model(model_type).to_dict())
    known = bands and "feature_size" in _parameters(kind) and kind().feature_size > 1
    return kind(feature_size=bands) if known else kind()


def _bands(values: dict[str, Any]) -> int | None:
    nested = (_bands(value) for value in values.values() if isinstance(value, dict))
    return values.get("num_mel_bins") or next(filter(None, nested), None)


def listener_of(model_type: str, folder: Path, frames: bool) -> tuple[Any, dict[str, int]]:
    """The tokenizer of a speech model, and the number of the token that stands for the sound.

    Saves its processor. `frames` says that it writes letters, one per frame.
    """
    extractor = extractor_of(model_type)
    if model_type in tekken.SPOKEN_TO:
        return tekken.listener_of(model_type, extractor, folder)
    tokenizer = letters(folder) if frames else tokenizer_of(model_type)
    name = PROCESSOR_MAPPING_NAMES.get(model_type)
    if name is None:
        extractor.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return tokenizer, {}
    kind = getattr(hf, name)
    tokenizer.add_special_tokens({"extra_special_tokens": _special_tokens(kind)})
    _name_sounds(tokenizer, model_type)
    made = kind(extractor, tokenizer)
    sound = getattr(made, "audio_token", None)
    if "chat_template" in _parameters(kind):
        made.chat_template = tokenizer.chat_template = _TEMPLATE.replace("SOUND", sound or "")
    made.save_pretrained(folder)
    return tokenizer, {"audio_token_id": tokenizer.convert_tokens_to_ids(sound)} if sound else {}


def _name_sounds(tokenizer: Any, model_type: str) -> None:
    """Qwen3-ASR's tokenizer knows by name what stands around a sound."""
    if model_type == "qwen3_asr":
        named = {
            name: f"<|{name}|>" for name in ("audio_token", "audio_bos_token", "audio_eos_token")
        }
        tokenizer.add_special_tokens({"extra_special_tokens": [*named.values(), "<asr_text>"]})
        tokenizer._set_model_specific_special_tokens(special_tokens=named)


def letters(folder: Path) -> Any:
    vocab = folder / "vocab.json"
    vocab.write_text(json.dumps({letter: index for index, letter in enumerate(_LETTERS)}))
    return hf.Wav2Vec2CTCTokenizer(str(vocab))
