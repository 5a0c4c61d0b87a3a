"""Tiny random checkpoints of real architectures, made on the spot: nothing is downloaded.

Every folder has the files, the special token ids and the settings of the public checkpoint that it
imitates. Widths and vocabularies are shrunk; what the code around the model depends on (strides,
kinds of mask, label tables, language codes, task parameters) is kept.
"""

import functools
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import sentencepiece
import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers import models as token_models
from torch import nn
from transformers.models.m2m_100.tokenization_m2m_100 import (
    FAIRSEQ_LANGUAGE_CODES as M2M100_LANGUAGES,
)
from transformers.models.mask2former import modeling_mask2former
from transformers.models.maskformer import modeling_maskformer

from taskcli.tasks import TASKS

Maker = Callable[[Path], None]

SEED = 28
WIDTH = 16
HEADS = 2
LAYERS = 2
POSITIONS = 128  # longest text of the encoders, short enough that tests reach a second window
VOCABULARY = 500

CORPUS = """
The museum in Paris opened its new wing on Monday, and more than two thousand people walked through
the bright halls before noon. Maria Keller, who leads the project, said that the building had taken
eleven years and 48.5 million euros to finish. "We wanted a place where children can touch things,"
she told reporters. Critics in London and New York were less kind: one of them called it a large
and very expensive glass box. I love this film! It was warm, funny and honest. I hated the ending,
though; it was slow, sad and far too long. Who wrote the book? John Smith wrote the book in Berlin
in 1984. Where does the river begin? The river begins in the mountains of Switzerland and flows to
the North Sea. What is the capital of France? The capital of France is Paris. How many people work
for Acme Corporation? Acme Corporation employs about 1,200 people in Germany, Spain and Japan. Once
upon a time there was a small cat that lived near the harbour. Every morning the cat sat on the old
stone wall and watched the boats come home. The weather was cold, the wind strong and the sea was
grey, but the fishermen always kept something for her. Hello, how are you today? Thank you, I am
fine. Please summarize: translate English to German: translate English to French: translate English
to Romanian: The house is wonderful. Das Haus ist wunderbar. La maison est magnifique. Casa este
minunată. Scientists from the University of Oslo measured the temperature of the water at thirty
places along the coast. They found that it had risen by almost two degrees since 1970, which is
faster than anyone expected. The government will vote on the new law next week. If it passes, every
company with more than fifty workers must publish what it pays to men and women. The player scored
three goals in the second half, and his team won the match by five to two. Stocks fell on Friday
after the bank said that growth would slow. Yes, no, up, down, left, right, on, off, stop, go.
""".strip()
LINES = CORPUS.splitlines()
PRINTABLE = [chr(code) for code in range(33, 127)]  # so that no English letter is unknown

KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "_silence_")
SOUNDS = ("Speech", "Music", "Dog", "Vehicle", "Rain")
ANIMALS = ("tabby, tabby cat", "golden retriever", "goldfish, Carassius auratus", "sports car")
OBJECTS = ("N/A", "person", "bicycle", "car", "N/A", "cat", "dog")  # COCO has "N/A" in its gaps
SCENE = ("person", "cat", "sky", "grass", "wall")
SENTIMENTS = ("NEGATIVE", "POSITIVE")
TOPICS = ("politics", "sports", "science", "business")
ENTITIES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")


# Weights


def _spread(model: nn.Module, gain: float = 1.0) -> None:
    """Draw weights wide enough that different inputs give clearly different outputs."""
    for name, weight in model.named_parameters():
        fixed = not weight.requires_grad or "parametrizations" in name
        if weight.dim() > 1 and not fixed:
            nn.init.normal_(weight, std=gain / weight[0].numel() ** 0.5)


def _amplify(layer: Any, gain: float) -> None:
    """Scale the weight of a layer or an embedding."""
    with torch.no_grad():
        layer.weight.mul_(gain)


def _calibrate(model: Any, head: Any, gain: float, inputs: Mapping[str, torch.Tensor]) -> None:
    """Give every output of a head the mean 0 and the standard deviation `gain` on some inputs.

    Without it, a random head gives the same class to everything.
    """
    seen: list[torch.Tensor] = []
    hook = head.register_forward_hook(lambda _head, _args, output: seen.append(output))
    with torch.no_grad():
        model.eval()(**inputs)
        hook.remove()
        # Convolutions have their channels second, linear layers last.
        output = seen[-1].movedim(1, -1) if seen[-1].dim() == 4 else seen[-1]
        output = output.flatten(0, -2)
        scale = gain / output.std(0).clamp(min=1e-3)
        head.weight.mul_(scale.view(-1, *[1] * (head.weight.dim() - 1)))
        head.bias.sub_(output.mean(0)).mul_(scale)


def _favour(head: Any, bonuses: Mapping[int, float]) -> None:
    """Add to the bias of some classes."""
    with torch.no_grad():
        for index, bonus in bonuses.items():
            head.bias[index] += bonus


def _pictures(side: int = 64) -> dict[str, torch.Tensor]:
    """Smooth random images, normalised, as a model takes them."""
    blobs = torch.randn(8, 3, 3, 3)
    return {"pixel_values": nn.functional.interpolate(blobs, size=(side, side), mode="bilinear")}


def _recordings() -> dict[str, torch.Tensor]:
    """Half a second of eight sounds, from a hum to noise, normalised."""
    time = torch.arange(8_000) / 16_000
    pitches = torch.tensor([100, 200, 300, 440, 700, 1000, 2000, 4000])
    hum = torch.sin(2 * torch.pi * pitches[:, None] * time)
    loudness = torch.linspace(0, 2, 8)[:, None]
    return {"input_values": hum + loudness * torch.randn(8, len(time))}


def _heed_input(model: nn.Module) -> None:
    """Amplify what the decoder reads from the encoder, else all inputs give much the same text."""
    for name, layer in model.named_modules():
        if name.endswith(("encoder_attn.out_proj", "EncDecAttention.o")):
            _amplify(layer, 4)


def _prefer_words(model: Any, tokenizer: Any, ends: Iterable[int]) -> None:
    """Scale the output rows so that plain words win, and now and then an end token."""
    rows = model.get_output_embeddings().weight
    gains = torch.full((len(rows), 1), 0.05)
    for token, index in tokenizer.get_vocab().items():
        letters = token.strip("Ġ▁")
        if len(letters) > 1 and letters.isascii() and letters.isalpha():
            gains[index] = 1.0
    for index in ends:
        gains[index] = 1.25
    with torch.no_grad():
        rows.mul_(gains)


@contextmanager
def without_losses() -> Iterator[None]:
    """Build models whose training loss needs scipy, where scipy is not installed."""
    with (
        mock.patch.object(modeling_mask2former, "requires_backends"),
        mock.patch.object(modeling_maskformer, "requires_backends"),
    ):
        yield


def _labels(names: Iterable[str]) -> dict[str, dict]:
    """The two label tables of a config; a name that comes twice keeps its last id."""
    id2label = dict(enumerate(names))
    return {"id2label": id2label, "label2id": {name: index for index, name in id2label.items()}}


def _amend(file: Path, **values: Any) -> None:
    """Add keys to a saved JSON file: old checkpoints hold some that save_pretrained refuses."""
    file.write_text(json.dumps(json.loads(file.read_text()) | values, indent=2))


# Tokenizers


def _train(tokenizer: Tokenizer, trainer: Any) -> dict[str, Any]:
    """Train on CORPUS and return the serialised model: its vocabulary, and its merges if any."""
    tokenizer.train_from_iterator(LINES, trainer)
    return json.loads(tokenizer.to_str())["model"]


@functools.cache
def _byte_pairs() -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Tokens and merges of a byte-level BPE, which can encode any text."""
    tokenizer = Tokenizer(token_models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    model = _train(tokenizer, trainer)
    return tuple(model["vocab"]), [tuple(pair) for pair in model["merges"]]


def _byte_level(first: Iterable[str] = (), last: Iterable[str] = ()) -> dict[str, Any]:
    """Arguments of a byte-level tokenizer whose special tokens come before and after the others."""
    tokens, merges = _byte_pairs()
    vocab = {token: index for index, token in enumerate((*first, *tokens, *last))}
    return {"vocab": vocab, "merges": merges}


@functools.cache
def _word_pieces(lower_case: bool) -> dict[str, int]:
    """A WordPiece vocabulary in the order of BERT's: [PAD] is 0.

    Taken from the byte pairs: the trainer of word pieces orders its tokens anew in every process.
    """
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PRINTABLE]
    pieces += [f"##{letter}" for letter in PRINTABLE]
    for token in _byte_pairs()[0]:
        piece = token.removeprefix("Ġ")
        if piece.isascii() and piece:
            piece = piece.lower() if lower_case else piece
            pieces.append(piece if token.startswith("Ġ") else f"##{piece}")
    return {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}


@functools.cache
def _sentencepiece() -> bytes:
    """A serialised sentencepiece model, with its default ids: <unk> 0, <s> 1, </s> 2."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,
        required_chars="".join(PRINTABLE),
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def _unigram() -> list[tuple[str, float]]:
    """The pieces of _sentencepiece() with their log probabilities, without its special ones."""
    model = sentencepiece.SentencePieceProcessor(model_proto=_sentencepiece())
    indices = range(3, model.get_piece_size())
    return [(model.id_to_piece(index), model.get_score(index)) for index in indices]


def _bert_tokenizer(folder: Path, lower_case: bool, kind: type = hf.BertTokenizer) -> Any:
    tokenizer = kind(
        vocab=_word_pieces(lower_case), do_lower_case=lower_case, model_max_length=POSITIONS
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def _roberta_tokenizer(folder: Path, **kwargs: Any) -> hf.RobertaTokenizer:
    """RoBERTa's and BART's, with their ids: <s> 0, <pad> 1, </s> 2, <unk> 3."""
    vocabulary = _byte_level(first=("<s>", "<pad>", "</s>", "<unk>"), last=("<mask>",))
    tokenizer = hf.RobertaTokenizer(**vocabulary, model_max_length=POSITIONS, **kwargs)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _sentences(tokenizer: Any) -> dict[str, torch.Tensor]:
    """The lines of CORPUS as a batch."""
    return dict(tokenizer(LINES, padding=True, return_tensors="pt"))


# Audio


def _wav2vec2_config(norm: str, **kwargs: Any) -> hf.Wav2Vec2Config:
    """Base checkpoints have a group norm and no mask; large ones a layer norm and a mask."""
    return hf.Wav2Vec2Config(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        conv_dim=(WIDTH,) * 7,  # seven layers with the real strides: one frame per 20 ms
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm=norm,
        do_stable_layer_norm=norm == "layer",
        conv_bias=norm == "layer",
        **kwargs,
    )


def _wav2vec2_features(folder: Path, norm: str) -> None:
    extractor = hf.Wav2Vec2FeatureExtractor(return_attention_mask=norm == "layer")
    extractor.save_pretrained(folder)


def _wav2vec2_keywords(folder: Path, norm: str) -> None:
    config = _wav2vec2_config(
        norm,
        use_weighted_layer_sum=norm == "group",  # as superb/wav2vec2-base-superb-ks
        classifier_proj_size=WIDTH,
        **_labels(KEYWORDS),
    )
    model = hf.Wav2Vec2ForSequenceClassification(config)
    _spread(model)
    _calibrate(model, model.classifier, 2, _recordings())
    model.save_pretrained(folder)
    _wav2vec2_features(folder, norm)


def _wav2vec2_ctc(folder: Path, norm: str) -> None:
    """As facebook/wav2vec2-base-960h: upper case, "|" between words, <pad> is the blank."""
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
    vocab = folder / "vocab.json"
    vocab.write_text(json.dumps({letter: index for index, letter in enumerate(letters)}))
    hf.Wav2Vec2CTCTokenizer(str(vocab)).save_pretrained(folder)
    _wav2vec2_features(folder, norm)
    config = _wav2vec2_config(norm, vocab_size=len(letters), pad_token_id=0)
    model = hf.Wav2Vec2ForCTC(config)
    _spread(model)
    never = dict.fromkeys((1, 2, 3), -30.0)
    _calibrate(model, model.lm_head, 2, _recordings())
    _favour(model.lm_head, {0: 2.0, 4: 1.0, **never})
    model.save_pretrained(folder)


def make_wav2vec2_keywords(folder: Path) -> None:
    _wav2vec2_keywords(folder, "group")


def make_wav2vec2_layer_keywords(folder: Path) -> None:
    _wav2vec2_keywords(folder, "layer")


def make_wav2vec2_ctc(folder: Path) -> None:
    _wav2vec2_ctc(folder, "group")


def make_wav2vec2_layer_ctc(folder: Path) -> None:
    _wav2vec2_ctc(folder, "layer")


def make_ast(folder: Path) -> None:
    """As MIT/ast-finetuned-audioset: several labels may hold at once."""
    frames, bins = 128, 32
    config = hf.ASTConfig(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_length=frames,
        num_mel_bins=bins,
        problem_type="multi_label_classification",
        **_labels(SOUNDS),
    )
    model = hf.ASTForAudioClassification(config)
    _spread(model)
    _calibrate(model, model.classifier.dense, 2, {"input_values": torch.randn(8, frames, bins)})
    model.save_pretrained(folder)
    hf.ASTFeatureExtractor(max_length=frames, num_mel_bins=bins).save_pretrained(folder)


WHISPER_LANGUAGES = ("en", "zh", "de", "es", "fr")
WHISPER_TASKS = ("translate", "transcribe")


def _whisper_tokenizer() -> hf.WhisperTokenizer:
    """Specials follow the text tokens in Whisper's order, then 1501 timestamps, one per 20 ms."""
    end = "<|endoftext|>"
    tokenizer = hf.WhisperTokenizer(**_byte_level(last=(end,)), model_max_length=POSITIONS)
    names = ("startoftranscript", *WHISPER_LANGUAGES, *WHISPER_TASKS)
    special = [f"<|{name}|>" for name in names]
    special += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": [end, *special]})
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    tokenizer.add_tokens([hf.AddedToken(time, special=False, normalized=False) for time in times])
    return tokenizer


def _whisper_generation(tokenizer: hf.WhisperTokenizer) -> hf.GenerationConfig:
    token = tokenizer.convert_tokens_to_ids
    end, start = token("<|endoftext|>"), token("<|startoftranscript|>")
    tags = ("startoflm", "startofprev", "nospeech", *WHISPER_TASKS)
    return hf.GenerationConfig(
        alignment_heads=[[LAYERS - 1, 0], [LAYERS - 1, 1]],
        begin_suppress_tokens=[token("Ġ"), end],
        bos_token_id=end,
        decoder_start_token_id=start,
        eos_token_id=end,
        is_multilingual=True,
        lang_to_id={f"<|{code}|>": token(f"<|{code}|>") for code in WHISPER_LANGUAGES},
        max_initial_timestamp_index=50,
        max_length=POSITIONS // 2,
        no_timestamps_token_id=token("<|notimestamps|>"),
        pad_token_id=end,
        prev_sot_token_id=token("<|startofprev|>"),
        return_timestamps=False,
        suppress_tokens=[start, *(token(f"<|{tag}|>") for tag in tags)],
        task_to_id={task: token(f"<|{task}|>") for task in WHISPER_TASKS},
    )


def make_whisper(folder: Path) -> None:
    """As openai/whisper-tiny: 80 mel bins, 1500 encoder positions for 30 seconds."""
    tokenizer = _whisper_tokenizer()
    generation = _whisper_generation(tokenizer)
    config = hf.WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        encoder_layers=1,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        max_target_positions=POSITIONS,
        bos_token_id=generation.bos_token_id,
        eos_token_id=generation.eos_token_id,
        pad_token_id=generation.pad_token_id,
        decoder_start_token_id=generation.decoder_start_token_id,
    )
    model = hf.WhisperForConditionalGeneration(config)
    model.generation_config = generation
    _save_writer(model, tokenizer, folder)
    tokenizer.save_pretrained(folder)
    hf.WhisperFeatureExtractor().save_pretrained(folder)


# Images

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
EDGES = {"shortest_edge": 64, "longest_edge": 96}
BOXES = 12  # queries of the detectors
MASKS = 4  # queries of the segmenters: masks of many random ones would hide each other
PYRAMID = {"hidden_sizes": (8, 16, 24, 32), "depths": (1, 1, 1, 1)}


def make_vit(folder: Path) -> None:
    config = hf.ViTConfig(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        image_size=32,
        patch_size=8,
        **_labels(ANIMALS),
    )
    model = hf.ViTForImageClassification(config)
    _spread(model)
    _calibrate(model, model.classifier, 2, _pictures(32))
    model.save_pretrained(folder)
    hf.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


def make_convnext(folder: Path) -> None:
    config = hf.ConvNextConfig(
        **PYRAMID, image_size=32, layer_scale_init_value=1.0, **_labels(ANIMALS)
    )
    model = hf.ConvNextForImageClassification(config)
    _spread(model)
    _calibrate(model, model.classifier, 2, _pictures())
    model.save_pretrained(folder)
    processor = hf.ConvNextImageProcessorPil(size={"shortest_edge": 32}, crop_pct=0.875, **IMAGENET)
    processor.save_pretrained(folder)


def _detr_config(
    names: Iterable[str], queries: int, width: int = WIDTH, heads: int = HEADS
) -> hf.DetrConfig:
    backbone = hf.ResNetConfig(
        embedding_size=8,
        hidden_sizes=PYRAMID["hidden_sizes"],
        depths=PYRAMID["depths"],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return hf.DetrConfig(
        use_timm_backbone=False,
        backbone_config=backbone,
        d_model=width,
        encoder_layers=1,
        decoder_layers=LAYERS,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        num_queries=queries,
        **_labels(names),
    )


def _calibrate_detector(model: Any, classifier: Any) -> None:
    """Some boxes above 0.5 and some without object, in different places, none in a gap."""
    _calibrate(model, classifier, 3, _pictures())
    _calibrate(model, model.bbox_predictor.layers[-1], 1, _pictures())
    gaps = [index for index, name in enumerate(OBJECTS) if name == "N/A"]
    _favour(classifier, dict.fromkeys(gaps, -30.0) | {len(OBJECTS): 3.0})


def _calibrate_masks(model: Any, classifier: Any) -> None:
    """Segments of several classes; few queries without object, which is the last class."""
    _calibrate(model, classifier, 3, _pictures())
    _favour(classifier, {len(SCENE): -2.0})


def _calibrate_depth(model: Any, last: Any) -> None:
    """Above zero almost everywhere: the activation that follows cuts the rest."""
    _calibrate(model, last, 1, _pictures(70))
    _favour(last, {0: 3.0})


def make_detr(folder: Path) -> None:
    """As facebook/detr-resnet-50: the class after the last label means "no object"."""
    model = hf.DetrForObjectDetection(_detr_config(OBJECTS, BOXES))
    _spread(model)
    _amplify(model.model.query_position_embeddings, 10)
    _calibrate_detector(model, model.class_labels_classifier)
    model.save_pretrained(folder)
    hf.DetrImageProcessorPil(size=EDGES).save_pretrained(folder)


def make_detr_panoptic(folder: Path) -> None:
    # The mask head divides its width by 64, and width plus heads by groups of 8.
    model = hf.DetrForSegmentation(_detr_config(SCENE, MASKS, width=64, heads=8))
    _spread(model)
    _amplify(model.detr.model.query_position_embeddings, 10)
    _calibrate_masks(model, model.detr.class_labels_classifier)
    model.save_pretrained(folder)
    hf.DetrImageProcessorPil(size=EDGES, format="coco_panoptic").save_pretrained(folder)


def make_yolos(folder: Path) -> None:
    config = hf.YolosConfig(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        image_size=(64, 96),
        patch_size=16,
        num_detection_tokens=BOXES,
        **_labels(OBJECTS),
    )
    model = hf.YolosForObjectDetection(config)
    _spread(model)
    _calibrate_detector(model, model.class_labels_classifier.layers[-1])
    model.save_pretrained(folder)
    hf.YolosImageProcessorPil(size=EDGES).save_pretrained(folder)


def _swin() -> hf.SwinConfig:
    return hf.SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=(1, 1, 1, 1),
        num_heads=(1, 1, 2, 2),
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )


def make_mask2former(folder: Path) -> None:
    """As facebook/mask2former-swin-tiny-coco-panoptic."""
    config = hf.Mask2FormerConfig(
        backbone_config=_swin(),
        feature_size=32,  # 32 groups in its norms
        mask_feature_size=WIDTH,
        hidden_dim=WIDTH,
        encoder_feedforward_dim=2 * WIDTH,
        dim_feedforward=2 * WIDTH,
        encoder_layers=1,
        decoder_layers=3,
        num_attention_heads=HEADS,
        num_queries=MASKS,
        **_labels(SCENE),
    )
    with without_losses():
        model = hf.Mask2FormerForUniversalSegmentation(config)
    _spread(model)
    _amplify(model.model.transformer_module.queries_features, 10)
    _calibrate_masks(model, model.class_predictor)
    model.save_pretrained(folder)
    hf.Mask2FormerImageProcessorPil(size=EDGES, size_divisor=32).save_pretrained(folder)


def make_maskformer(folder: Path) -> None:
    """As facebook/maskformer-swin-tiny-coco."""
    decoder = hf.DetrConfig(
        d_model=WIDTH,
        decoder_layers=LAYERS,
        decoder_attention_heads=HEADS,
        decoder_ffn_dim=2 * WIDTH,
        num_queries=MASKS,
    )
    config = hf.MaskFormerConfig(
        backbone_config=_swin(),
        decoder_config=decoder,
        fpn_feature_size=32,  # 32 groups in its norms
        mask_feature_size=WIDTH,
        **_labels(SCENE),
    )
    with without_losses():
        model = hf.MaskFormerForInstanceSegmentation(config)
    _spread(model)
    _amplify(model.model.transformer_module.queries_embedder, 10)
    _calibrate_masks(model, model.class_predictor)
    model.save_pretrained(folder)
    hf.MaskFormerImageProcessorPil(size=EDGES, size_divisor=32).save_pretrained(folder)


def make_segformer(folder: Path) -> None:
    """As nvidia/segformer-b0-finetuned-ade: a label per pixel, at a quarter of the input size."""
    config = hf.SegformerConfig(
        **PYRAMID, num_attention_heads=(1, 2, 2, 2), decoder_hidden_size=WIDTH, **_labels(SCENE)
    )
    model = hf.SegformerForSemanticSegmentation(config)
    _spread(model)
    _calibrate(model, model.decode_head.classifier, 2, _pictures())
    model.save_pretrained(folder)
    processor = hf.SegformerImageProcessorPil(
        size={"height": 64, "width": 64}, do_reduce_labels=True
    )
    processor.save_pretrained(folder)


def make_glpn(folder: Path) -> None:
    """As vinvino02/glpn-nyu: metres up to 10, sides rounded down to a multiple of 32."""
    config = hf.GLPNConfig(**PYRAMID, num_attention_heads=(1, 2, 2, 2), decoder_hidden_size=WIDTH)
    model = hf.GLPNForDepthEstimation(config)
    _spread(model)
    model.save_pretrained(folder)
    hf.GLPNImageProcessorPil(size_divisor=32).save_pretrained(folder)


def make_dpt(folder: Path) -> None:
    """As Intel/dpt-large: relative inverse depth."""
    config = hf.DPTConfig(
        hidden_size=WIDTH,
        num_hidden_layers=4,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        image_size=64,
        patch_size=16,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=WIDTH,
        is_hybrid=False,
    )
    model = hf.DPTForDepthEstimation(config)
    _spread(model)
    _calibrate_depth(model, model.head.head[-2])
    model.save_pretrained(folder)
    hf.DPTImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)


def make_depth_anything(folder: Path) -> None:
    """As depth-anything/Depth-Anything-V2-Small-hf: keeps the aspect ratio, patches of 14."""
    backbone = hf.Dinov2Config(
        hidden_size=WIDTH,
        num_hidden_layers=4,
        num_attention_heads=HEADS,
        mlp_ratio=2,
        image_size=70,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False,
    )
    config = hf.DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=WIDTH,
        patch_size=14,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=WIDTH,
        head_hidden_size=8,
    )
    model = hf.DepthAnythingForDepthEstimation(config)
    _spread(model)
    _calibrate_depth(model, model.head.conv3)
    model.save_pretrained(folder)
    processor = hf.DPTImageProcessorPil(
        size={"height": 70, "width": 70},
        keep_aspect_ratio=True,
        ensure_multiple_of=14,
        **IMAGENET,
    )
    processor.save_pretrained(folder)


# Text encoders


def _bert_config(tokenizer: Any, **kwargs: Any) -> hf.BertConfig:
    return hf.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=POSITIONS,
        **kwargs,
    )


def _distilbert_config(tokenizer: Any, **kwargs: Any) -> hf.DistilBertConfig:
    return hf.DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=WIDTH,
        n_layers=LAYERS,
        n_heads=HEADS,
        hidden_dim=2 * WIDTH,
        max_position_embeddings=POSITIONS,
        **kwargs,
    )


def _roberta_config(tokenizer: Any, **kwargs: Any) -> hf.RobertaConfig:
    """Positions start behind the padding id: the table has two rows more than a text has tokens."""
    return hf.RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=POSITIONS + 2,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        **kwargs,
    )


def _bert_classifier(folder: Path, **kwargs: Any) -> None:
    tokenizer = _bert_tokenizer(folder, lower_case=True)
    model = hf.BertForSequenceClassification(_bert_config(tokenizer, **kwargs))
    _spread(model)
    _calibrate(model, model.classifier, 2, _sentences(tokenizer))
    model.save_pretrained(folder)


def make_bert_topics(folder: Path) -> None:
    _bert_classifier(folder, problem_type="single_label_classification", **_labels(TOPICS))


def make_bert_multilabel(folder: Path) -> None:
    _bert_classifier(folder, problem_type="multi_label_classification", **_labels(TOPICS))


def make_bert_regression(folder: Path) -> None:
    """As the cross-encoders that rate a pair of texts with one number."""
    _bert_classifier(folder, problem_type="regression", **_labels(["LABEL_0"]))


def make_distilbert_sentiment(folder: Path) -> None:
    """As distilbert-base-uncased-finetuned-sst-2-english."""
    tokenizer = _bert_tokenizer(folder, lower_case=True, kind=hf.DistilBertTokenizer)
    config = _distilbert_config(tokenizer, **_labels(SENTIMENTS))
    model = hf.DistilBertForSequenceClassification(config)
    _spread(model)
    _calibrate(model, model.classifier, 2, _sentences(tokenizer))
    model.save_pretrained(folder)


def make_roberta_sentiment(folder: Path) -> None:
    tokenizer = _roberta_tokenizer(folder)
    config = _roberta_config(tokenizer, **_labels(SENTIMENTS))
    model = hf.RobertaForSequenceClassification(config)
    _spread(model)
    _calibrate(model, model.classifier.out_proj, 2, _sentences(tokenizer))
    model.save_pretrained(folder)


def _save_tagger(model: Any, tokenizer: Any, folder: Path) -> None:
    _spread(model)
    _calibrate(model, model.classifier, 2, _sentences(tokenizer))
    _favour(model.classifier, {ENTITIES.index("O"): 3.0})
    model.save_pretrained(folder)


def make_bert_ner(folder: Path) -> None:
    """As dslim/bert-base-NER: cased."""
    tokenizer = _bert_tokenizer(folder, lower_case=False)
    config = _bert_config(tokenizer, **_labels(ENTITIES))
    _save_tagger(hf.BertForTokenClassification(config), tokenizer, folder)


def make_distilbert_ner(folder: Path) -> None:
    tokenizer = _bert_tokenizer(folder, lower_case=False, kind=hf.DistilBertTokenizer)
    config = _distilbert_config(tokenizer, **_labels(ENTITIES))
    _save_tagger(hf.DistilBertForTokenClassification(config), tokenizer, folder)


def make_roberta_ner(folder: Path) -> None:
    """As the taggers trained on split words, which need the space before the first one."""
    tokenizer = _roberta_tokenizer(folder, add_prefix_space=True)
    config = _roberta_config(tokenizer, **_labels(ENTITIES))
    _save_tagger(hf.RobertaForTokenClassification(config), tokenizer, folder)


def make_xlm_roberta_ner(folder: Path) -> None:
    """As the multilingual taggers: sentencepiece, whose words are what stands between spaces."""
    first = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary = [*first, *_unigram(), ("<mask>", 0.0)]
    tokenizer = hf.XLMRobertaTokenizer(vocab=vocabulary, model_max_length=POSITIONS)
    tokenizer.save_pretrained(folder)
    sizes = _roberta_config(tokenizer, **_labels(ENTITIES)).to_dict()
    config = hf.XLMRobertaConfig.from_dict(sizes | {"model_type": "xlm-roberta"})
    _save_tagger(hf.XLMRobertaForTokenClassification(config), tokenizer, folder)


def _save_reader(model: Any, tokenizer: Any, folder: Path) -> None:
    _spread(model)
    _calibrate(model, model.qa_outputs, 2, _sentences(tokenizer))
    model.save_pretrained(folder)


def make_bert_qa(folder: Path) -> None:
    tokenizer = _bert_tokenizer(folder, lower_case=True)
    _save_reader(hf.BertForQuestionAnswering(_bert_config(tokenizer)), tokenizer, folder)


def make_distilbert_qa(folder: Path) -> None:
    """As distilbert-base-cased-distilled-squad."""
    tokenizer = _bert_tokenizer(folder, lower_case=False, kind=hf.DistilBertTokenizer)
    _save_reader(
        hf.DistilBertForQuestionAnswering(_distilbert_config(tokenizer)), tokenizer, folder
    )


def make_roberta_qa(folder: Path) -> None:
    """As deepset/roberta-base-squad2: no token types, and two separators between the texts."""
    tokenizer = _roberta_tokenizer(folder)
    _save_reader(hf.RobertaForQuestionAnswering(_roberta_config(tokenizer)), tokenizer, folder)


# Text generators


def _gpt2(folder: Path) -> tuple[Any, hf.GPT2Config]:
    """The saved tokenizer, and a config for it."""
    vocabulary = _byte_level(last=("<|endoftext|>",))
    tokenizer = hf.GPT2Tokenizer(**vocabulary, model_max_length=2 * POSITIONS)
    tokenizer.save_pretrained(folder)
    end = tokenizer.eos_token_id
    return tokenizer, hf.GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=2 * POSITIONS,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        bos_token_id=end,
        eos_token_id=end,
    )


def make_gpt2_qa(folder: Path) -> None:
    """A reader without any token that stands for "no answer"."""
    tokenizer, config = _gpt2(folder)
    model = hf.GPT2ForQuestionAnswering(config)
    _spread(model)
    inputs = torch.tensor(tokenizer(CORPUS)["input_ids"][:800]).view(8, 100)
    _calibrate(model, model.qa_outputs, 2, {"input_ids": inputs})
    model.save_pretrained(folder)


def make_gpt2(folder: Path) -> None:
    """As openai-community/gpt2: one special token, no padding token."""
    tokenizer, config = _gpt2(folder)
    _save_writer(hf.GPT2LMHeadModel(config), tokenizer, folder)
    _amend(
        folder / "config.json",
        task_specific_params={"text-generation": {"do_sample": True, "max_length": 50}},
    )


CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
LLAMA_SPECIAL = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
)


def _llama_tokenizer() -> hf.PreTrainedTokenizerFast:
    """Llama 3's: byte-level, puts its own start token before every text, no padding token."""
    vocabulary = _byte_level(last=LLAMA_SPECIAL)
    start = LLAMA_SPECIAL[0]
    backend = Tokenizer(token_models.BPE(**vocabulary))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(LLAMA_SPECIAL))
    backend.post_processor = processors.TemplateProcessing(
        single=f"{start} $A",
        pair=f"{start} $A {start} $B",
        special_tokens=[(start, vocabulary["vocab"][start])],
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=start,
        eos_token="<|eot_id|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=2 * POSITIONS,
        model_input_names=["input_ids", "attention_mask"],
    )


def make_llama_chat(folder: Path) -> None:
    """As meta-llama/Llama-3.2-1B-Instruct: a chat template and two end tokens."""
    tokenizer = _llama_tokenizer()
    tokenizer.save_pretrained(folder)
    start, end, turn = tokenizer.convert_tokens_to_ids(
        ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    )
    config = hf.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=1,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=2 * POSITIONS,
        bos_token_id=start,
        eos_token_id=[end, turn],
        tie_word_embeddings=True,
    )
    _save_writer(hf.LlamaForCausalLM(config), tokenizer, folder)


def _seq2seq_sizes(vocabulary: int) -> dict[str, Any]:
    """The sizes of BART and its descendants, which name them alike."""
    return {
        "vocab_size": vocabulary,
        "d_model": WIDTH,
        "encoder_layers": LAYERS,
        "decoder_layers": LAYERS,
        "encoder_attention_heads": HEADS,
        "decoder_attention_heads": HEADS,
        "encoder_ffn_dim": 2 * WIDTH,
        "decoder_ffn_dim": 2 * WIDTH,
        "max_position_embeddings": POSITIONS,
    }


def _save_writer(model: Any, tokenizer: Any, folder: Path, **generation: Any) -> None:
    """Save a generating model, with the generation settings of the checkpoint it imitates."""
    _spread(model, gain=2)  # else the tied embeddings make every token call for itself again
    _heed_input(model)
    _prefer_words(model, tokenizer, [tokenizer.eos_token_id])
    model.generation_config.update(**generation)
    model.save_pretrained(folder)


def make_bart(folder: Path) -> None:
    """As facebook/bart-large-cnn: the settings stand in all three places where it has them."""
    tokenizer = _roberta_tokenizer(folder)
    settings = {
        "early_stopping": True,
        "length_penalty": 2.0,
        "max_length": 40,
        "min_length": 12,
        "no_repeat_ngram_size": 3,
        "num_beams": 4,
    }
    config = hf.BartConfig(**_seq2seq_sizes(len(tokenizer)))
    forced = {"forced_bos_token_id": 0, "forced_eos_token_id": 2}
    _save_writer(hf.BartForConditionalGeneration(config), tokenizer, folder, **settings, **forced)
    _amend(
        folder / "config.json",
        **settings,
        **forced,
        task_specific_params={"summarization": settings},
    )


def _t5_task(prefix: str, **settings: Any) -> dict[str, Any]:
    return {"early_stopping": True, "num_beams": 4, "max_length": 40, "prefix": prefix, **settings}


def _t5_tasks() -> dict[str, dict[str, Any]]:
    languages = {"de": "German", "fr": "French", "ro": "Romanian"}
    summarization = {"length_penalty": 2.0, "min_length": 10, "no_repeat_ngram_size": 3}
    return {"summarization": _t5_task("summarize: ", **summarization)} | {
        f"translation_en_to_{code}": _t5_task(f"translate English to {language}: ")
        for code, language in languages.items()
    }


def make_t5(folder: Path) -> None:
    """As google-t5/t5-small: a prefix says which task; more logits than tokens."""
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *_unigram()]
    vocab += [(f"<extra_id_{index}>", 0.0) for index in reversed(range(100))]
    tokenizer = hf.T5Tokenizer(vocab=vocab, extra_ids=100, model_max_length=POSITIONS)
    tokenizer.save_pretrained(folder)
    config = hf.T5Config(
        vocab_size=len(tokenizer) + 28,  # 32128 and 32100 in the real one
        d_model=WIDTH,
        d_kv=WIDTH // HEADS,
        d_ff=2 * WIDTH,
        num_layers=LAYERS,
        num_heads=HEADS,
        decoder_start_token_id=0,
        task_specific_params=_t5_tasks(),
    )
    _save_writer(hf.T5ForConditionalGeneration(config), tokenizer, folder)


def make_mbart50(folder: Path) -> None:
    """As facebook/mbart-large-50-many-to-many-mmt: a sentencepiece model, no tokenizer.json."""
    (folder / "sentencepiece.bpe.model").write_bytes(_sentencepiece())
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"src_lang": None, "tgt_lang": None, "tokenizer_class": "MBart50Tokenizer"})
    )
    tokenizer = hf.MBart50Tokenizer.from_pretrained(folder)
    config = hf.MBartConfig(
        **_seq2seq_sizes(len(tokenizer)), decoder_start_token_id=2, scale_embedding=True
    )
    settings = {"early_stopping": True, "forced_eos_token_id": 2, "max_length": 40, "num_beams": 5}
    _save_writer(hf.MBartForConditionalGeneration(config), tokenizer, folder, **settings)
    _amend(folder / "config.json", **settings, tokenizer_class="MBart50Tokenizer")


def make_m2m100(folder: Path) -> None:
    """As facebook/m2m100_418M."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece, _ in _unigram())]
    vocab, model_file = folder / "vocab.json", folder / "sentencepiece.bpe.model"
    vocab.write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    model_file.write_bytes(_sentencepiece())
    languages = [f"__{code}__" for code in M2M100_LANGUAGES["m2m100"]]
    tokenizer = hf.M2M100Tokenizer(
        str(vocab),
        str(model_file),
        model_max_length=POSITIONS,
        additional_special_tokens=languages,
    )
    tokenizer.save_pretrained(folder)
    config = hf.M2M100Config(
        **_seq2seq_sizes(len(tokens) + len(languages) + 8),  # 8 made-up words
        decoder_start_token_id=2,
        scale_embedding=True,
    )
    settings = {"early_stopping": True, "max_length": 40, "num_beams": 5}
    _save_writer(hf.M2M100ForConditionalGeneration(config), tokenizer, folder, **settings)


def make_nllb(folder: Path) -> None:
    """As facebook/nllb-200-distilled-600M: M2M100's model with another tokenizer."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=special,
        initial_alphabet=PRINTABLE,
        show_progress=False,
    )
    untrained = Tokenizer(token_models.BPE(unk_token="<unk>"))
    untrained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained = _train(untrained, trainer)
    merges = [tuple(pair) for pair in trained["merges"]]
    tokenizer = hf.NllbTokenizer(vocab=trained["vocab"], merges=merges, model_max_length=POSITIONS)
    tokenizer.save_pretrained(folder)
    config = hf.M2M100Config(**_seq2seq_sizes(len(tokenizer)), decoder_start_token_id=2)
    _save_writer(hf.M2M100ForConditionalGeneration(config), tokenizer, folder, max_length=40)


def make_marian(folder: Path) -> None:
    """As Helsinki-NLP/opus-mt-en-de: one vocabulary for two sentencepiece models, <pad> is last."""
    tokens = ["</s>", "<unk>", *(piece for piece, _ in _unigram()), "<pad>"]
    files = {name: folder / name for name in ("source.spm", "target.spm", "vocab.json")}
    files["source.spm"].write_bytes(_sentencepiece())
    files["target.spm"].write_bytes(_sentencepiece())
    files["vocab.json"].write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    tokenizer = hf.MarianTokenizer(
        *map(str, files.values()), source_lang="en", target_lang="de", model_max_length=POSITIONS
    )
    tokenizer.save_pretrained(folder)
    pad = len(tokens) - 1
    config = hf.MarianConfig(
        **_seq2seq_sizes(len(tokens)),
        eos_token_id=0,
        pad_token_id=pad,
        decoder_start_token_id=pad,
        scale_embedding=True,
    )
    _save_writer(
        hf.MarianMTModel(config),
        tokenizer,
        folder,
        bad_words_ids=[[pad]],
        forced_eos_token_id=0,
        max_length=40,
        num_beams=4,
        renormalize_logits=True,
    )


# The table

MAKERS: dict[str, Maker] = {
    "wav2vec2-keywords": make_wav2vec2_keywords,
    "wav2vec2-layer-keywords": make_wav2vec2_layer_keywords,
    "ast": make_ast,
    "wav2vec2-ctc": make_wav2vec2_ctc,
    "wav2vec2-layer-ctc": make_wav2vec2_layer_ctc,
    "whisper": make_whisper,
    "vit": make_vit,
    "convnext": make_convnext,
    "detr": make_detr,
    "yolos": make_yolos,
    "mask2former": make_mask2former,
    "maskformer": make_maskformer,
    "segformer": make_segformer,
    "detr-panoptic": make_detr_panoptic,
    "glpn": make_glpn,
    "dpt": make_dpt,
    "depth-anything": make_depth_anything,
    "bert-topics": make_bert_topics,
    "bert-multilabel": make_bert_multilabel,
    "bert-regression": make_bert_regression,
    "distilbert-sentiment": make_distilbert_sentiment,
    "roberta-sentiment": make_roberta_sentiment,
    "bert-ner": make_bert_ner,
    "distilbert-ner": make_distilbert_ner,
    "roberta-ner": make_roberta_ner,
    "xlm-roberta-ner": make_xlm_roberta_ner,
    "bert-qa": make_bert_qa,
    "distilbert-qa": make_distilbert_qa,
    "roberta-qa": make_roberta_qa,
    "gpt2-qa": make_gpt2_qa,
    "gpt2": make_gpt2,
    "llama-chat": make_llama_chat,
    "bart": make_bart,
    "t5": make_t5,
    "mbart50": make_mbart50,
    "m2m100": make_m2m100,
    "nllb": make_nllb,
    "marian": make_marian,
}

BY_TASK: dict[str, tuple[str, ...]] = {
    "classify-audio": ("wav2vec2-keywords", "wav2vec2-layer-keywords", "ast"),
    "asr": ("wav2vec2-ctc", "wav2vec2-layer-ctc", "whisper"),
    "classify-image": ("vit", "convnext"),
    "detect": ("detr", "yolos"),
    "segment": ("mask2former", "maskformer", "segformer", "detr-panoptic"),
    "depth": ("glpn", "dpt", "depth-anything"),
    "classify-text": (
        "distilbert-sentiment",
        "roberta-sentiment",
        "bert-topics",
        "bert-multilabel",
        "bert-regression",
    ),
    "ner": ("bert-ner", "distilbert-ner", "roberta-ner", "xlm-roberta-ner"),
    "qa": ("distilbert-qa", "bert-qa", "roberta-qa", "gpt2-qa"),
    "generate": ("gpt2", "llama-chat"),
    "summarize": ("bart", "t5"),
    "translate": ("mbart50", "t5", "m2m100", "nllb", "marian"),
}


def _make_random(task: Any, model_type: str, folder: Path) -> None:
    """A checkpoint of an architecture that this module knows nothing of."""
    from parity.checkpoint import make as make_parity

    make_parity(task, model_type, folder)


MADE_HERE = tuple(MAKERS)
for _task in TASKS:
    if _task.name not in BY_TASK:
        _made = {f"{kind}-{_task.name}": kind for kind in _task.samples.model_types}
        BY_TASK[_task.name] = tuple(_made)
        MAKERS |= {name: partial(_make_random, _task, kind) for name, kind in _made.items()}


@contextmanager
def _reproducible() -> Iterator[None]:
    """Own random numbers, and one thread: the order of sums depends on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            yield
    finally:
        torch.set_num_threads(threads)


def make(name: str, folder: Path) -> Path:
    """Write the checkpoint called `name` into `folder`, the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    with _reproducible():
        MAKERS[name](folder)
    return folder


@functools.cache
def _home() -> tempfile.TemporaryDirectory:
    """One folder per process, so parallel test workers need no lock; gone when the process ends."""
    return tempfile.TemporaryDirectory(prefix="checkpoints-")


@functools.cache
def cached(name: str) -> Path:
    """The folder of a checkpoint, made at most once per process. Treat it as read-only."""
    return make(name, Path(_home().name) / name)
