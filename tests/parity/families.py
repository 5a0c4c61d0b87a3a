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
# What the sizes 3, 5 and 7 of PP-OCR's convolutions are, and their padding.
_INTRACLASS = {
    "reduce_channel": [1, 1, 0],
    "return_channel": [1, 1, 0],
    **{
        f"{kind}_{ratio}": [kernel, 1, [side // 2 for side in kernel]]
        for ratio, size in (("longratio", 7), ("midratio", 5), ("shortratio", 3))
        for kind, kernel in (
            ("vertical_long_to_small_conv", [size, 1]),
            ("horizontal_small_to_long_conv", [1, size]),
            ("symmetric_conv_long", [size, size]),
        )
    },
}
_PP_OCR = {
    "intraclass_block_config": _INTRACLASS,
    "scale_factor_list": [1, 2, 4, 8],
    "kernel_list": [3, 2, 2],
}
_PP_OCR_SMALL = {"layer_list_out_channels": [12, 18, 42, 360], "neck_out_channels": 96}
_FOUR_STAGES = {
    "backbone_config": {
        # Of each block: kernel, channels in and out, stride, whether it squeezes and excites.
        "block_configs": [
            [[3, 96, 96, 1, True]],
            [[3, 96, 96, 2, False]],
            [[3, 96, 192, 2, False]],
            [[3, 192, 384, 2, False]],
        ],
        "stage_out_channels": [96, 96, 192, 384],
        "depths": [1, 1, 1, 1],
        "out_features": _STAGES,
        "out_indices": None,
    }
}
_INDEXER = {
    "indexer_n_heads": 2,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 16,
    "indexer_budget": 32,
    "indexer_compress_ratio": 4,
}
_TIMM = {"architecture": "test_resnet", "pretrained_cfg": {"input_size": [3, 64, 64]}}

FIXES: dict[str, dict[str, Any]] = {
    "beit": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4], "out_features": None},
    "data2vec-vision": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "bamba": {"attn_layer_indices": [1]},
    "blt": {"num_hidden_layers": 2, "encoder_hash_byte_group_vocab": 64},
    "bit": {"num_groups": 4},
    "efficientnet": {"width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 320},
    "eomt": {"image_size": 64},
    "eomt_dinov3": {"image_size": 64},
    "imagegpt": {"vocab_size": 9, "n_positions": 64},
    "lw_detr": {
        "projector_scale_factors": [1.0],
        "projector_in_channels": [32],
        "num_feature_levels": 1,
        "backbone_config": {"window_block_indices": [0]},
    },
    "pp_doclayout_v2": {"class_thresholds": [0.0] * 5, "class_order": [0, 1, 2, 3, 4]},
    "pp_ocrv5_mobile_det": _PP_OCR_SMALL,
    "pp_ocrv5_server_det": _PP_OCR,
    "pp_ocrv6_medium_det": {**_PP_OCR, **_FOUR_STAGES},
    "pp_ocrv6_small_det": {
        **_FOUR_STAGES,
        "layer_list_out_channels": [96, 96, 192, 384],
        "neck_out_channels": 96,
    },
    "sapiens2": {"head_config": {"upsample_out_channels": [16, 8], "conv_out_channels": [8]}},
    "timm_wrapper": {
        **_TIMM,
        "num_classes": 5,
        "label_names": [f"LABEL_{number}" for number in range(5)],
    },
    "depth_pro": {
        "intermediate_hook_ids": [1, 0],
        "patch_size": 64,
        "image_model_config": {"image_size": 64},
        "patch_model_config": {"image_size": 64},
        "fov_model_config": {"image_size": 64},
    },
    "detr": _DETR,
    "conditional_detr": _DETR,
    "dab-detr": _DETR,
    "deformable_detr": _DETR,
    "table-transformer": _DETR,
    "dbrx": {"attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2, "clip_qkv": 8.0}},
    "cohere_compass_text": {
        "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 10000.0}}
    },
    "emu3": {
        "vq_config": {"base_channels": 32},
        "vocabulary_map": {"<image>": 5, "<|extra_200|>": 6, "<|visual token 000000|>": 7},
    },
    "deepseek_v2": {
        "num_experts_per_tok": 2,
        "topk_group": 1,
        "n_group": 2,
        "moe_intermediate_size": 64,
    },
    "dots1": {"n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1},
    "gpt_oss": {"hidden_size": 192, "intermediate_size": 192},  # rows of whole 16 bytes
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention"]},
    "hrm_text": {"num_layers_per_stack": 1, "num_hidden_layers": 8},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "zamba": {
        "num_hidden_layers": 4,
        "layers_block_type": ["linear_attention", "hybrid", "linear_attention", "hybrid"],
    },
    "qwen4_exp": {"text_config": _INDEXER},
    "qwen4_exp_text": _INDEXER,
    "granite_speech": {"projector_config": {"encoder_hidden_size": 64}},
    "granite_speech_plus": {"projector_config": {"encoder_hidden_size": 64}},
    "qwen3_asr": {"audio_config": {"output_dim": 128}},
    "kyutai_speech_to_text": {
        "codec_config": {"upsample_groups": 32, "vector_quantization_hidden_dimension": 16}
    },
    "moonshine_streaming": {"num_key_value_heads": 8},
    "gpt_neo": {
        "attention_types": [[["global", "local"], 1]],
        "num_layers": 2,
        "attention_layers": ["global", "local"],
    },
}

# What a type's processor must be told, where its defaults are of no checkpoint, or too large.
PROCESSORS: dict[str, dict[str, Any]] = {
    "depth_pro": {"size": {"height": 256, "width": 256}},
    "eomt": {"size": {"shortest_edge": 64, "longest_edge": 64}, "do_pad": True},
    "eomt_dinov3": {"size": {"shortest_edge": 64, "longest_edge": 64}, "do_pad": True},
    "imagegpt": {
        "size": {"height": 8, "width": 8},
        "clusters": [[x / 4, y / 4, -x / 4] for x in (-3, 1) for y in (-3, -1, 1, 3)],
    },
    "lw_detr": {"size": {"height": 64, "width": 64}},
    "perceiver": {"size": {"height": 56, "width": 56}, "crop_size": {"height": 56, "width": 56}},
    "rf_detr": {"size": {"height": 112, "width": 112}},
    "sapiens2": {"size": {"height": 64, "width": 48}},
    "timm_wrapper": _TIMM,
}

# Why a type cannot work here, in a person's words; of all its tasks, or of "task type".
CANNOT: dict[str, str] = {
    "bros": "needs the boxes of words on a page",
    "dinat": "needs natten",
    "layoutlmv2": "needs detectron2",
    "lxmert": "needs the features of things in a picture beside the question",
    "shieldgemma2": "judges a picture by a policy in words, and needs one",
}

# Why a type is not for a task whose Auto class maps it.
NOT_MEANT: dict[str, str] = {
    "asr dia": "speaks, and hears nothing",
    "asr pop2piano": "writes notes, not words",
    "asr vibevoice": "speaks, and hears nothing",
    "generate gemma4_assistant": "drafts for a larger model, whose memory it reads",
    "generate gemma4_unified_assistant": "drafts for a larger model, whose memory it reads",
    "generate musicgen": "composes: writes the codes of sounds",
    "generate musicgen_melody": "composes: writes the codes of sounds",
    "segment videomt": "divides videos",
    "summarize voxtral_realtime": "answers to sounds alone",
    "translate voxtral_realtime": "answers to sounds alone",
}

# Libraries that taskcli does not install, and with which a type was measured.
NEEDS: dict[str, str] = {
    "asr fun_asr_nano": "torchaudio",
    "asr granite_speech": "torchaudio",
    "asr granite_speech5_ctc": "torchaudio",
    "asr granite_speech_plus": "torchaudio",
    "asr voxtral": "mistral-common",
    "asr voxtral_realtime": "mistral-common",
    "gemma3n": "timm",
    "pp_doclayout_v3": "torchvision and opencv-python",
    "pp_ocrv5_mobile_det": "torchvision and opencv-python",
    "pp_ocrv5_server_det": "torchvision and opencv-python",
    "pp_ocrv6_medium_det": "torchvision and opencv-python",
    "pp_ocrv6_small_det": "torchvision and opencv-python",
    "roformer": "rjieba",
    "timm_wrapper": "timm and torchvision",
    "zoedepth": "torchvision",  # its Pillow processor resizes by it all the same
}
