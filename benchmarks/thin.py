"""Checkpoints that no input passes: all of the full-size one that the host sees, and thin layers.

Processor, vocabulary, labels, strides and places are those of the full-size architecture, so that
inputs and answers have its shapes; weights take kilobytes, for the forward pass is replaced.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers as hf

from benchmarks.folders import Build, kept
from benchmarks.vocabularies import (
    CLASSES,
    EDGES,
    GPT2_SPECIAL,
    KEYWORDS,
    LETTERS,
    OBJECTS,
    PLACES,
    REGIONS,
    byte_pairs,
    label_tables,
    speller,
    word_piece,
)
from taskcli.runtime.weights import without_training_losses

_WIDTH = 16
_LAYERS = {"num_hidden_layers": 1, "num_attention_heads": 2}
_THIN = {"hidden_size": _WIDTH, "intermediate_size": _WIDTH, **_LAYERS}
_PYRAMID = {"hidden_sizes": (8, 8, 8, 8), "depths": (1, 1, 1, 1)}
_STAGES = ["stage1", "stage2", "stage3", "stage4"]


@kept
def vit(_: Path) -> tuple[Any, Any]:
    config = hf.ViTConfig(**_THIN, **label_tables(CLASSES))
    return hf.ViTImageProcessorPil(), hf.ViTForImageClassification(config)


@kept
def detr(_: Path) -> tuple[Any, Any]:
    backbone = hf.ResNetConfig(
        embedding_size=8, layer_type="basic", out_features=_STAGES, **_PYRAMID
    )
    config = hf.DetrConfig(
        use_timm_backbone=False,
        backbone_config=backbone,
        d_model=_WIDTH,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=_WIDTH,
        decoder_ffn_dim=_WIDTH,
        num_queries=100,
        **label_tables(OBJECTS),
    )
    return hf.DetrImageProcessorPil(size=EDGES), hf.DetrForObjectDetection(config)


@kept
def mask2former(_: Path) -> tuple[Any, Any]:
    config = hf.Mask2FormerConfig(
        backbone_config=hf.SwinConfig(
            embed_dim=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 1), out_features=_STAGES
        ),
        feature_size=32,  # 32 groups in its norms
        mask_feature_size=_WIDTH,
        hidden_dim=_WIDTH,
        encoder_feedforward_dim=_WIDTH,
        dim_feedforward=_WIDTH,
        encoder_layers=1,
        decoder_layers=3,
        num_attention_heads=2,
        num_queries=100,
        **label_tables(REGIONS),
    )
    processor = hf.Mask2FormerImageProcessorPil(size=EDGES, size_divisor=32)
    with without_training_losses(hf.AutoModelForUniversalSegmentation, config):
        return processor, hf.Mask2FormerForUniversalSegmentation(config)


@kept
def glpn(_: Path) -> tuple[Any, Any]:
    config = hf.GLPNConfig(**_PYRAMID, num_attention_heads=(1, 1, 1, 1), decoder_hidden_size=_WIDTH)
    return hf.GLPNImageProcessorPil(size_divisor=32), hf.GLPNForDepthEstimation(config)


def bert(kind: type[Any], labels: dict[int, str] | None = None) -> Build:
    """BERT-base with one of its heads."""

    def make(_: Path) -> tuple[Any, Any]:
        tokenizer = word_piece()
        told = {} if labels is None else label_tables(labels)
        return tokenizer, kind(hf.BertConfig(vocab_size=len(tokenizer), **_THIN, **told))

    return kept(make)


@kept
def gpt2(_: Path) -> tuple[Any, Any]:
    tokenizer = byte_pairs(hf.GPT2Tokenizer, GPT2_SPECIAL)
    size = {"n_embd": _WIDTH, "n_layer": 1, "n_head": 2, "n_positions": PLACES}
    end = {"bos_token_id": 0, "eos_token_id": 0}
    return tokenizer, hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=len(tokenizer), **size, **end))


def _wav2vec2(**options: Any) -> hf.Wav2Vec2Config:
    """One frame per 20 ms, as the seven strides of the full-size convolutions give."""
    return hf.Wav2Vec2Config(
        **_THIN,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        **options,
    )


@kept
def wav2vec2_ctc(folder: Path) -> tuple[Any, Any]:
    processor = speller(folder)
    config = _wav2vec2(vocab_size=len(LETTERS), pad_token_id=0)
    return processor, hf.Wav2Vec2ForCTC(config)


@kept
def wav2vec2_keywords(_: Path) -> tuple[Any, Any]:
    config = _wav2vec2(classifier_proj_size=_WIDTH, **label_tables(KEYWORDS))
    return hf.Wav2Vec2FeatureExtractor(), hf.Wav2Vec2ForSequenceClassification(config)
