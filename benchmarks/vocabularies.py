"""Labels and tokenizers of full-size checkpoints, made of the corpus."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import transformers as hf
from tokenizers import ByteLevelBPETokenizer

from benchmarks import corpus

SENTIMENTS = {index: f"label {index}" for index in range(8)}
ENTITIES = dict(enumerate("O B-PER I-PER B-ORG I-ORG B-LOC I-LOC B-MISC I-MISC".split()))
CLASSES = {index: f"class {index}" for index in range(1000)}  # of ImageNet
OBJECTS = {index: f"object {index}" for index in range(91)}  # of COCO, gaps counted
REGIONS = {index: f"region {index}" for index in range(133)}  # of COCO's panoptic masks
KEYWORDS = {index: f"keyword {index}" for index in range(12)}
LETTERS = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
EDGES = {"shortest_edge": 800, "longest_edge": 1333}  # pixels: DETR's, and Mask2Former's for COCO
PLACES = 1024  # tokens that GPT-2 and BART hold
GPT2_SPECIAL = ("<|endoftext|>",)
BART_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_BYTE_PAIRS = 16_000  # entries of a vocabulary that is trained on the corpus
_TRAINING_TEXTS = 2_000


def label_tables(labels: Mapping[int, str]) -> dict[str, dict[Any, Any]]:
    """The two label tables of a config."""
    return {"id2label": dict(labels), "label2id": {name: index for index, name in labels.items()}}


def word_piece() -> hf.BertTokenizer:
    """About 30,000 entries."""
    letters = corpus.vocabulary_pieces()[:26]
    pieces = [f"##{piece}" for piece in corpus.vocabulary_pieces()]
    tokens = dict.fromkeys([*_BERT_SPECIAL, ".", *letters, *corpus.vocabulary_words(), *pieces])
    vocab = {token: index for index, token in enumerate(tokens)}
    return hf.BertTokenizer(vocab=vocab, do_lower_case=True, model_max_length=512)


def byte_pairs(kind: type[Any], special: Sequence[str]) -> Any:
    """A tokenizer of byte pairs; its special tokens come first."""
    trained = ByteLevelBPETokenizer()
    texts = iter(corpus.mixed_texts(_TRAINING_TEXTS))
    trained.train_from_iterator(
        texts, _BYTE_PAIRS, special_tokens=list(special), show_progress=False
    )
    made = json.loads(trained.to_str())["model"]
    merges = [tuple(pair) for pair in made["merges"]]
    return kind(vocab=made["vocab"], merges=merges, model_max_length=PLACES)


def speller(folder: Path) -> hf.Wav2Vec2Processor:
    """For CTC, by letters; `folder` is where the checkpoint will lie."""
    vocabulary = folder.with_name(f"{folder.name}.letters.json")
    vocabulary.write_text(json.dumps({letter: index for index, letter in enumerate(LETTERS)}))
    tokenizer = hf.Wav2Vec2CTCTokenizer(str(vocabulary))
    vocabulary.unlink()
    return hf.Wav2Vec2Processor(hf.Wav2Vec2FeatureExtractor(), tokenizer)
