"""Full-size architectures with random weights: speed does not depend on what the weights say.

Where answers can be compared, weights are drawn wide and heads are calibrated, so that different
inputs get different labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from torch import nn

from benchmarks import corpus
from benchmarks.baselines import NEW_TOKENS
from benchmarks.folders import Build, kept
from benchmarks.vocabularies import (
    BART_SPECIAL,
    CLASSES,
    EDGES,
    ENTITIES,
    GPT2_SPECIAL,
    KEYWORDS,
    LETTERS,
    OBJECTS,
    PLACES,
    REGIONS,
    SENTIMENTS,
    byte_pairs,
    label_tables,
    speller,
    word_piece,
)
from taskcli.runtime.weights import without_training_losses

_SAMPLES = 24  # inputs that a head is calibrated on
_FEW = 2  # of large pictures
_FOUND = 0.1  # share of the queries that find something
_STAGES = ["stage1", "stage2", "stage3", "stage4"]


@kept
def vit_base(_: Path) -> tuple[Any, Any]:
    """ViT-B/16 at 224 pixels: the defaults of its config."""
    torch.manual_seed(corpus.SEED)
    processor = hf.ViTImageProcessorPil()
    model = hf.ViTForImageClassification(hf.ViTConfig(**label_tables(SENTIMENTS)))
    _make_telling(model, model.classifier, processor(_pictures(_SAMPLES), return_tensors="pt"))
    return processor, model


@kept
def convnext_tiny(_: Path) -> tuple[Any, Any]:
    torch.manual_seed(corpus.SEED)
    processor = hf.ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875)
    model = hf.ConvNextForImageClassification(hf.ConvNextConfig(**label_tables(CLASSES)))
    return processor, model


@kept
def detr_resnet50(_: Path) -> tuple[Any, Any]:
    torch.manual_seed(corpus.SEED)
    backbone = hf.ResNetConfig(out_features=_STAGES)
    config = hf.DetrConfig(
        use_timm_backbone=False, backbone_config=backbone, **label_tables(OBJECTS)
    )
    processor, model = hf.DetrImageProcessorPil(size=EDGES), hf.DetrForObjectDetection(config)
    samples = processor(_pictures(_FEW), return_tensors="pt")
    _make_choosing(model, model.class_labels_classifier, samples, lambda out: out.logits)
    return processor, model


@kept
def mask2former_swin_tiny(_: Path) -> tuple[Any, Any]:
    torch.manual_seed(corpus.SEED)
    backbone = hf.SwinConfig(
        embed_dim=96, depths=(2, 2, 6, 2), num_heads=(3, 6, 12, 24), out_features=_STAGES
    )
    config = hf.Mask2FormerConfig(
        backbone_config=backbone, num_queries=100, **label_tables(REGIONS)
    )
    processor = hf.Mask2FormerImageProcessorPil(size=EDGES, size_divisor=32)
    with without_training_losses(hf.AutoModelForUniversalSegmentation, config):
        model = hf.Mask2FormerForUniversalSegmentation(config)
    samples = processor(_pictures(_FEW), return_tensors="pt")
    _make_choosing(model, model.class_predictor, samples, lambda out: out.class_queries_logits)
    return processor, model


@kept
def glpn(_: Path) -> tuple[Any, Any]:
    """The encoder of SegFormer-B4, as GLPN's checkpoints for KITTI and NYU have it."""
    torch.manual_seed(corpus.SEED)
    config = hf.GLPNConfig(depths=(3, 8, 27, 3), hidden_sizes=(64, 128, 320, 512))
    return hf.GLPNImageProcessorPil(size_divisor=32), hf.GLPNForDepthEstimation(config)


@kept
def wav2vec2_ctc(folder: Path) -> tuple[Any, Any]:
    torch.manual_seed(corpus.SEED)
    config = hf.Wav2Vec2Config(vocab_size=len(LETTERS), pad_token_id=0)
    return speller(folder), hf.Wav2Vec2ForCTC(config)


@kept
def wav2vec2_keywords(_: Path) -> tuple[Any, Any]:
    torch.manual_seed(corpus.SEED)
    config = hf.Wav2Vec2Config(**label_tables(KEYWORDS))
    return hf.Wav2Vec2FeatureExtractor(), hf.Wav2Vec2ForSequenceClassification(config)


def bert_base(kind: type[Any], labels: Mapping[int, str] | None = None) -> Build:
    """BERT-base with one of its heads, and a WordPiece vocabulary of about 30,000 entries."""

    def make(_: Path) -> tuple[Any, Any]:
        torch.manual_seed(corpus.SEED)
        tokenizer = word_piece()
        told = {} if labels is None else label_tables(labels)
        model = kind(hf.BertConfig(vocab_size=len(tokenizer), **told))
        if kind is hf.BertForSequenceClassification:
            texts = corpus.mixed_texts(_SAMPLES)
            samples = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
            _make_telling(model, model.classifier, samples)
        return tokenizer, model

    return kept(make)


bert_sentiments = bert_base(hf.BertForSequenceClassification, SENTIMENTS)
bert_entities = bert_base(hf.BertForTokenClassification, ENTITIES)
bert_spans = bert_base(hf.BertForQuestionAnswering)


@kept
def gpt2(_: Path) -> tuple[Any, Any]:
    """GPT-2 of twelve layers, which writes a fixed number of tokens."""
    tokenizer, model = _gpt2()
    return tokenizer, _of_fixed_length(model)


@kept
def gpt2_of_any_length(_: Path) -> tuple[Any, Any]:
    return _gpt2()


def _gpt2() -> tuple[Any, Any]:
    torch.manual_seed(corpus.SEED)
    tokenizer = byte_pairs(hf.GPT2Tokenizer, GPT2_SPECIAL)
    config = hf.GPT2Config(
        vocab_size=len(tokenizer), n_positions=PLACES, bos_token_id=0, eos_token_id=0
    )
    return tokenizer, hf.GPT2LMHeadModel(config)


@kept
def bart_base(_: Path) -> tuple[Any, Any]:
    """BART-base, which writes a fixed number of tokens."""
    torch.manual_seed(corpus.SEED)
    tokenizer = byte_pairs(hf.BartTokenizer, BART_SPECIAL)
    start, pad, end = (tokenizer.convert_tokens_to_ids(token) for token in BART_SPECIAL[:3])
    config = hf.BartConfig(
        vocab_size=len(tokenizer),
        d_model=768,
        encoder_layers=6,
        decoder_layers=6,
        encoder_ffn_dim=3072,
        decoder_ffn_dim=3072,
        encoder_attention_heads=12,
        decoder_attention_heads=12,
        bos_token_id=start,
        pad_token_id=pad,
        eos_token_id=end,
        decoder_start_token_id=end,
        forced_eos_token_id=end,
    )
    return tokenizer, _of_fixed_length(hf.BartForConditionalGeneration(config))


def _of_fixed_length(model: Any) -> Any:
    model.generation_config.update(min_new_tokens=NEW_TOKENS, max_new_tokens=NEW_TOKENS)
    return model


def _pictures(count: int) -> list[Any]:
    rng = np.random.default_rng(corpus.SEED)
    return [corpus.photograph(640, 480, rng).convert("RGB") for _ in range(count)]


def _make_telling(model: nn.Module, head: nn.Linear, samples: Mapping[str, Any]) -> None:
    """Draw wide weights, then give every label's logit the mean 0 and the deviation 3."""
    for name, weight in model.named_parameters():
        if weight.dim() > 1 and "embeddings" not in name:
            gain = 2.0 if "query" in name or "key" in name else 1.0  # attention that chooses
            nn.init.normal_(weight, std=gain / weight[0].numel() ** 0.5)
    with torch.inference_mode():
        logits = model.eval()(**samples).logits
    _calibrate(head, logits)


def _make_choosing(
    model: nn.Module,
    head: nn.Linear,
    samples: Mapping[str, Any],
    logits_of: Callable[[Any], torch.Tensor],
) -> None:
    """As large as logits of trained queries are, of which a tenth finds something."""
    with torch.inference_mode():
        logits = logits_of(model.eval()(**samples)).flatten(0, 1)
    _calibrate(head, logits)
    with torch.inference_mode():
        logits = logits_of(model(**samples)).flatten(0, 1)
    lead = logits[:, :-1].amax(-1) - logits[:, -1]
    with torch.no_grad():
        head.bias[-1] += lead.quantile(1 - _FOUND)


def _calibrate(head: nn.Linear, logits: torch.Tensor) -> None:
    """Give each column of logits [n, labels] the mean 0 and the deviation 3."""
    with torch.no_grad():
        scale = 3 / logits.std(0).clamp(min=1e-6)
        head.weight.mul_(scale[:, None])
        head.bias.sub_(logits.mean(0)).mul_(scale)
