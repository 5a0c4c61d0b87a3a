"""The tokenizers of Mistral's speech models: mistral-common reads them from a tekken.json."""

import base64
import json
from pathlib import Path
from typing import Any

import transformers as hf

SPOKEN_TO = {"voxtral": "VoxtralProcessor", "voxtral_realtime": "VoxtralRealtimeProcessor"}
# In the order of Voxtral's, whose processor knows the sound by its number.
_SPECIAL = """<unk> <s> </s> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_RESULTS]
[/TOOL_RESULTS] [TOOL_CALLS] [IMG] <pad> [IMG_BREAK] [IMG_END] [PREFIX] [MIDDLE] [SUFFIX]
[SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CONTENT] [ARGS] [CALL_ID] [THINK] [/THINK] [AUDIO]
[BEGIN_AUDIO] [TRANSCRIBE] [STREAMING_PAD] [STREAMING_WORD]""".split()
_SOUND = {
    "sampling_rate": 16_000,
    "frame_rate": 12.5,
    "audio_encoding_config": {"num_mel_bins": 128, "hop_length": 160, "window_size": 400},
}
_HEARD_WHOLE = {"chunk_length_s": 30.0}
_HEARD_AS_IT_COMES = {
    "transcription_format": "streaming",
    "transcription_delay_ms": 480.0,
    "streaming_look_ahead_ms": 2.5,
    "streaming_look_back_ms": 52.5,
    "streaming_n_left_pad_tokens": 32,
}


def listener_of(model_type: str, extractor: Any, folder: Path) -> tuple[Any, dict[str, int]]:
    """As `processors.listener_of`; raises ImportError without mistral-common."""
    extractor.save_pretrained(folder)
    (folder / "tekken.json").write_text(json.dumps(_content(model_type)))
    if not hf.utils.is_mistral_common_available():
        raise ImportError(f"{model_type} needs mistral-common: pip install mistral-common")
    tokenizer = hf.MistralCommonBackend.from_pretrained(str(folder))
    getattr(hf, SPOKEN_TO[model_type])(extractor, tokenizer).save_pretrained(folder)
    return tokenizer, {"audio_token_id": _SPECIAL.index("[AUDIO]")}


def _content(model_type: str) -> dict[str, Any]:
    """Bytes and special tokens, and how the sound is divided into tokens."""
    streams = model_type == "voxtral_realtime"
    return {
        "config": {
            "pattern": r"[^\s]+|\s+",
            "num_vocab_tokens": 256,
            "default_vocab_size": 256 + len(_SPECIAL),
            "default_num_special_tokens": len(_SPECIAL),
            "version": "v13" if streams else "v7",
        },
        "vocab": [
            {
                "rank": byte,
                "token_bytes": base64.b64encode(bytes([byte])).decode(),
                "token_str": None,
            }
            for byte in range(256)
        ],
        "special_tokens": [
            {"rank": rank, "token_str": token, "is_control": True}
            for rank, token in enumerate(_SPECIAL)
        ],
        "audio": _SOUND | (_HEARD_AS_IT_COMES if streams else _HEARD_WHOLE),
    }
