"""Checkpoints that try to run code, to ask on stdin, or to bring another repository."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from checkpoints import cached

OTHER = "evil/other"  # a repository that the tests' Hub would serve, code and all
_CLASSES = (
    "AutoConfig AutoModel AutoBackbone AutoTokenizer AutoProcessor AutoImageProcessor "
    "AutoFeatureExtractor AutoModelForAudioClassification AutoModelForCTC "
    "AutoModelForSpeechSeq2Seq AutoModelForImageClassification AutoModelForObjectDetection "
    "AutoModelForUniversalSegmentation AutoModelForSemanticSegmentation "
    "AutoModelForImageSegmentation AutoModelForDepthEstimation "
    "AutoModelForSequenceClassification AutoModelForTokenClassification "
    "AutoModelForQuestionAnswering AutoModelForCausalLM AutoModelForSeq2SeqLM"
).split()
NEAR = dict.fromkeys(_CLASSES, "evil.Evil")
FAR = dict.fromkeys(_CLASSES, f"{OTHER}--evil.Evil")
# One checkpoint for every Auto class that a task uses.
BASES = (
    ("classify-audio", "ast"),
    ("asr", "wav2vec2-ctc"),
    ("asr", "whisper"),
    ("classify-image", "vit"),
    ("detect", "detr"),
    ("segment", "mask2former"),
    ("segment", "segformer"),
    ("segment", "detr-panoptic"),
    ("depth", "glpn"),
    ("classify-text", "bert-topics"),
    ("ner", "bert-ner"),
    ("qa", "bert-qa"),
    ("generate", "gpt2"),
    ("summarize", "bart"),
    ("translate", "marian"),
)


class Case(NamedTuple):
    """A value that is put into a file of a made checkpoint."""

    task: str
    base: str
    file: str
    key: str  # where, with dots; what refuses it names this
    value: Any
    beside: Mapping[str, Any] = MappingProxyType({})  # more keys of config.json

    @property
    def id(self) -> str:
        return f"{self.base}-{self.file}-{self.key}-{self.value!s:.24}"


def everywhere() -> Iterator[Case]:
    """Every Auto class, where the library has the architecture and where it has none."""
    for task, base in BASES:
        yield Case(task, base, "config.json", "auto_map", NEAR)
        yield Case(task, base, "config.json", "auto_map", FAR, {"model_type": "evil"})
        yield Case(task, base, "config.json", "auto_map", NEAR, {"model_type": "evil"})


_EVIL = {"model_type": "evil", "_name_or_path": OTHER, "auto_map": NEAR}
_BERT = {"model_type": "bert", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 1}
_PAIR = {"model_type": "encoder-decoder", "architectures": ["EncoderDecoderModel"]}
_HEARD = {"model_type": "speech-encoder-decoder", "architectures": ["SpeechEncoderDecoderModel"]}


def nested() -> Iterator[Case]:
    """Parts of a config that the library builds by classes of their own."""
    for task, base in (("detect", "detr"), ("segment", "mask2former"), ("depth", "depth-anything")):
        for names in (NEAR, FAR):
            part = {**_EVIL, "auto_map": names}
            yield Case(task, base, "config.json", "backbone_config", part)
    for part in ("encoder", "decoder"):
        more = {"encoder": _BERT, "decoder": _BERT}
        yield Case("summarize", "bart", "config.json", part, _EVIL, {**more, **_PAIR})
        yield Case("asr", "whisper", "config.json", part, _EVIL, {**more, **_HEARD})
    yield Case("generate", "llama-chat", "config.json", "text_config", _EVIL)
    yield Case("segment", "mask2former", "config.json", "a.b", [[{"auto_map": FAR}]])


def beside_the_config() -> Iterator[Case]:
    """Tokenizers, processors, generation configs."""
    for base, task in (("bert-topics", "classify-text"), ("llama-chat", "generate")):
        for names in ([None, "evil.Evil"], {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}, FAR):
            yield Case(task, base, "tokenizer_config.json", "auto_map", names)
        yield Case(task, base, "tokenizer.json", "model.auto_map", NEAR)
        yield Case(task, base, "special_tokens_map.json", "auto_map", NEAR)
    for base, task in (("vit", "classify-image"), ("ast", "classify-audio"), ("whisper", "asr")):
        yield Case(task, base, "preprocessor_config.json", "auto_map", NEAR)
        yield Case(task, base, "processor_config.json", "auto_map", FAR)
        yield Case(task, base, "processor_config.json", "feature_extractor.auto_map", NEAR)
        yield Case(task, base, "processor_config.json", "image_processor.auto_map", FAR)
        yield Case(task, base, "video_preprocessor_config.json", "auto_map", NEAR)
    for base, task in (("gpt2", "generate"), ("bart", "summarize"), ("whisper", "asr")):
        yield Case(task, base, "generation_config.json", "custom_generate", OTHER)
        yield Case(task, base, "generation_config.json", "trust_remote_code", True)
        yield Case(task, base, "config.json", "custom_generate", "custom_generate")
    impl = {"pair": {"impl": "evil.Evil", "pt": "AutoModel"}}
    yield Case("classify-text", "bert-topics", "config.json", "custom_pipelines", impl)
    yield Case("generate", "llama-chat", "chat_template.json", "auto_map", NEAR)


def classes() -> Iterator[Case]:
    """Names of classes that are not the library's, or no tokenizers."""
    for name in ("evil.Evil", f"{OTHER}--evil.Evil", "AutoModelForCausalLM", ["evil.Evil", None]):
        value = {"tokenizer_class": name}
        yield Case("ner", "bert-ner", "tokenizer_config.json", "tokenizer_class", name)
        yield Case("ner", "bert-ner", "config.json", "tokenizer_class", name)
        yield Case("ner", "bert-ner", "config.json", "deep", {"deeper": [value]})
    for key in ("processor_class", "image_processor_type", "feature_extractor_type"):
        yield Case("classify-image", "vit", "preprocessor_config.json", key, "evil.Evil")
        yield Case("asr", "whisper", "processor_config.json", key, f"{OTHER}--evil.Evil")
    yield Case("classify-text", "bert-topics", "config.json", "architectures", ["evil.Evil"])


def kernels_and_packed_weights() -> Iterator[Case]:
    for key in ("attn_implementation", "_attn_implementation", "_experts_implementation"):
        for value in (OTHER, f"{OTHER}@v1:run", {"": f"paged|{OTHER}"}):
            yield Case("generate", "gpt2", "config.json", key, value)
    yield Case("detect", "detr", "config.json", "backbone_config.attn_implementation", OTHER)
    yield Case("generate", "llama-chat", "config.json", "use_kernels", True)
    compiler = {"backend": "inductor", "options": {"cpp.cxx": ["./evil"]}}
    yield Case("generate", "gpt2", "generation_config.json", "compile_config", compiler)
    yield Case("generate", "llama-chat", "config.json", "kernel_config", {"RMSNorm": "a/b:C"})
    for method in ("bitsandbytes", "gptq", "awq", "fp8", "mxfp4", "torchao", "quanto", "evil"):
        value = {"quant_method": method, "bits": 4}
        yield Case("generate", "gpt2", "config.json", "quantization_config", value)
    deep = {"quantization_config": {"quant_method": "fp8"}}
    yield Case("depth", "depth-anything", "config.json", "backbone_config.text_config", deep)


def other_repositories() -> Iterator[Case]:
    yield Case("detect", "detr", "config.json", "backbone", OTHER, {"backbone_config": None})
    yield Case("depth", "dpt", "config.json", "backbone", OTHER, {"backbone_config": None})
    timm = {"model_type": "timm_backbone"}
    for start in ("hf-hub:", "local-dir:"):
        key, value = "backbone_config.backbone", start + OTHER
        yield Case("detect", "detr", "config.json", key, value, {"backbone_config": timm})
    wrapped = {"model_type": "timm_wrapper"}
    for start in ("hf-hub:", "hf_hub:", "local-dir:"):
        yield Case("classify-image", "vit", "config.json", "architecture", start + OTHER, wrapped)
    yield Case("generate", "gpt2", "config.json", "base_model_name_or_path", OTHER)
    tokenizer = {"audio_tokenizer_class": "DacModel", "audio_tokenizer_name_or_path": OTHER}
    yield Case("asr", "whisper", "processor_config.json", "audio_tokenizer", tokenizer)
    yield Case("generate", "gpt2", "config.json", "transformers_weights", "other.safetensors")


def files_elsewhere() -> Iterator[Case]:
    """Files that tokenizers would open by their paths: secrets, pipes, devices without end."""
    for path in ("/dev/zero", "../secret.txt"):
        yield Case("asr", "wav2vec2-ctc", "special_tokens_map.json", "vocab_file", path)
        yield Case("translate", "marian", "special_tokens_map.json", "source_spm", path)
        yield Case("ner", "bert-ner", "special_tokens_map.json", "tokenizer_file", path)
        yield Case("ner", "bert-ner", "tokenizer_config.json", "vocab", path)
        yield Case("generate", "gpt2", "tokenizer_config.json", "merges", path)
        yield Case("ner", "bert-ner", "tokenizer_config.json", "init_inputs", [path])


def corpus() -> list[Case]:
    kinds = (
        everywhere(),
        nested(),
        beside_the_config(),
        classes(),
        kernels_and_packed_weights(),
        other_repositories(),
        files_elsewhere(),
    )
    return [case for cases in kinds for case in cases]


def make(case: Case, folder: Path, canary: Path) -> Path:
    """The checkpoint of a case. Its code, wherever it is asked for, would write `canary`."""
    shutil.copytree(cached(case.base), folder)
    amend(folder / "config.json", case.beside)
    amend(folder / case.file, _deep(case.key.split("."), case.value))
    for name, data in code(canary).items():
        (folder / name).write_bytes(data)
    return folder


def amend(file: Path, values: Mapping[str, Any]) -> None:
    """Merge values into a JSON document, which may not exist."""
    document = json.loads(file.read_bytes()) if file.is_file() else {}
    file.write_text(json.dumps(_merged(document, values)), "utf-8")


def code(canary: Path) -> dict[str, bytes]:
    """What a hostile repository holds beside weights."""
    return {"evil.py": f"open({str(canary)!r}, 'w').close()\nclass Evil: pass\n".encode()}


def _deep(keys: list[str], value: Any) -> dict[str, Any]:
    first, *rest = keys
    return {first: _deep(rest, value) if rest else value}


def _merged(old: Any, new: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(old, dict):
        return new
    both = {
        key: _merged(old.get(key), value) for key, value in new.items() if _goes_on(old, key, value)
    }
    return {**old, **new, **both}


def _goes_on(old: dict[str, Any], key: str, value: Any) -> bool:
    return isinstance(value, dict) and isinstance(old.get(key), dict)
