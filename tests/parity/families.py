"""What the rules of `shrink.py` do not catch, by model type."""

from typing import Any

_RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
}
_STAGES = ["stage1", "stage2", "stage3", "stage4"]
_DETR = {
    "use_timm_backbone": False,
    "use_pretrained_backbone": False,
    "backbone": None,
    "backbone_kwargs": None,
    "backbone_config": {**_RESNET, "out_features": _STAGES, "out_indices": None},
}
_SIMPLE_ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}

FIXES: dict[str, dict[str, Any]] = {
    "beit": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4], "out_features": None},
    "data2vec-vision": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "bamba": {"attn_layer_indices": [1]},
    "blt": {"encoder_hash_byte_group_vocab": 64},
    "bit": {"num_groups": 4},
    "depth_pro": {"intermediate_hook_ids": [1, 0]},
    "detr": _DETR,
    "conditional_detr": _DETR,
    "dab-detr": _DETR,
    "deformable_detr": _DETR,
    "table-transformer": _DETR,
    "hunyuan_v1_dense": _SIMPLE_ROPE,
    "hunyuan_v1_moe": _SIMPLE_ROPE,
    "cohere_compass_text": {"rope_parameters": None},
    "dbrx": {"attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2, "clip_qkv": 8.0}},
    "deepseek_v2": {"num_experts_per_tok": 2, "topk_group": 1, "n_group": 2},
    "dots1": {"n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1},
    "gpt_neo": {
        "attention_types": [[["global", "local"], 1]],
        "num_layers": 2,
        "attention_layers": ["global", "local"],
    },
}

# Why a type cannot work here, in a person's words; of all its tasks, or of "task type".
CANNOT: dict[str, str] = {
    "asr dia": "speaks, and hears nothing",
    "asr pop2piano": "writes notes, not words; needs librosa",
    "asr fun_asr_nano": "needs torchaudio",
    "asr granite_speech": "needs torchaudio",
    "asr granite_speech5_ctc": "needs torchaudio",
    "asr granite_speech_plus": "needs torchaudio",
    "canine": "its tokenizer, in Python alone, tells no places in a text",
    "dinat": "needs natten",
    "bros": "needs the boxes of words on a page",
}

NEED_TORCHVISION = ("zoedepth",)  # its Pillow processor resizes by it all the same
