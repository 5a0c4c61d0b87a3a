"""Full-size architectures with random weights: speed does not depend on what the weights say.

Weights are drawn wide and heads are calibrated, so that different inputs get different labels and
a comparison of answers means something.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf
from torch import nn

from benchmarks import corpus

LABELS = {index: f"label {index}" for index in range(8)}
_SAMPLES = 24  # inputs that a head is calibrated on
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FINISHED = "config.json"  # moved in last


def vit_base(folder: Path) -> Path:
    """ViT-B/16 at 224 pixels: the defaults of its config."""
    if not (folder / FINISHED).exists():
        torch.manual_seed(corpus.SEED)
        processor = hf.ViTImageProcessorPil()
        rng = np.random.default_rng(corpus.SEED)
        samples = [corpus.photograph(640, 480, rng).convert("RGB") for _ in range(_SAMPLES)]
        model = hf.ViTForImageClassification(hf.ViTConfig(**label_tables(LABELS)))
        _make_telling(model, model.classifier, processor(samples, return_tensors="pt"))
        save(folder, processor, model)
    return folder


def bert_base(folder: Path) -> Path:
    """BERT-base with a WordPiece vocabulary of about 30,000 entries."""
    if not (folder / FINISHED).exists():
        torch.manual_seed(corpus.SEED)
        tokenizer = word_piece()
        samples = tokenizer(
            corpus.mixed_texts(_SAMPLES), padding=True, truncation=True, return_tensors="pt"
        )
        config = hf.BertConfig(vocab_size=len(tokenizer), **label_tables(LABELS))
        model = hf.BertForSequenceClassification(config)
        _make_telling(model, model.classifier, samples)
        save(folder, tokenizer, model)
    return folder


def label_tables(labels: Mapping[int, str]) -> dict[str, dict[Any, Any]]:
    """The two label tables of a config."""
    return {"id2label": dict(labels), "label2id": {name: index for index, name in labels.items()}}


def word_piece() -> hf.BertTokenizer:
    letters = corpus.vocabulary_pieces()[:26]
    pieces = [f"##{piece}" for piece in corpus.vocabulary_pieces()]
    tokens = dict.fromkeys([*_SPECIAL, ".", *letters, *corpus.vocabulary_words(), *pieces])
    vocab = {token: index for index, token in enumerate(tokens)}
    return hf.BertTokenizer(vocab=vocab, do_lower_case=True, model_max_length=512)


def _make_telling(model: nn.Module, head: nn.Linear, samples: Mapping[str, Any]) -> None:
    """Draw wide weights, then give every label's logit the mean 0 and the deviation 3."""
    for name, weight in model.named_parameters():
        if weight.dim() > 1 and "embeddings" not in name:
            gain = 2.0 if "query" in name or "key" in name else 1.0  # attention that chooses
            nn.init.normal_(weight, std=gain / weight[0].numel() ** 0.5)
    with torch.inference_mode():
        logits = model.eval()(**samples).logits
    with torch.no_grad():
        scale = 3 / logits.std(0)
        head.weight.mul_(scale[:, None])
        head.bias.sub_(logits.mean(0)).mul_(scale)


def save(folder: Path, processor: Any, model: Any) -> None:
    """Write the folder so that a run that was cut off does not leave one that looks whole."""
    unfinished = folder.with_name(folder.name + ".part")
    processor.save_pretrained(unfinished)
    model.save_pretrained(unfinished)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(unfinished.iterdir(), key=lambda file: file.name == FINISHED):
        file.replace(folder / file.name)
    unfinished.rmdir()
