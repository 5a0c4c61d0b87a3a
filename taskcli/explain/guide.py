"""The stages of the systems that "How Transformers solve tasks" walks through, in words.

A row is for the modules whose path its pattern matches, as fnmatch has it; the first that matches
counts. Other architectures have a true table without sentences that might be false.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Words:
    """What a stage is called, and what it does and why; the sentences may be none."""

    pattern: str
    name: str
    about: str = ""


def words_of(model_type: str, path: str, task: str = "") -> Words | None:
    """The first row for a module's path; None where nothing is told of it.

    What a task makes of an architecture goes before what is true of it in general.
    """
    rows = (*_OF_TASK.get((task, model_type), ()), *GUIDE.get(model_type, ()))
    return next((row for row in rows if fnmatchcase(path, row.pattern)), None)


def told_of_training(model_type: str) -> Sequence[str]:
    """What the guide tells of an architecture that no answer needs."""
    return _TRAINING.get(model_type, ())


_BACKBONE_OF_CONVNEXT = (
    Words(
        "*backbone.model.embeddings",
        "Backbone: patchify stem",
        "A convolution as wide as its stride cuts the picture into small squares and makes a "
        "vector of each.",
    ),
    Words(
        "*backbone.model.encoder.stages.*",
        "Backbone: stage",
        "Convolutions; from stage to stage the map becomes coarser and says more at each place.",
    ),
    Words("*backbone.model.hidden_states_norms.*", "Backbone: normalised map"),
)
_BACKBONE_OF_RESNET = (
    Words(
        "*backbone.*",
        "Backbone",
        "It turns the picture into a map of features that is far coarser: 32 times, mostly.",
    ),
)
_SEQ2SEQ = (
    Words("*shared", "Token vectors", "One table of vectors serves encoder and decoder."),
    Words(
        "*encoder.embed_tokens",
        "Encoder: token vectors",
        "Each token of the source becomes the vector that was learned for it.",
    ),
    Words(
        "*encoder.embed_positions",
        "Encoder: positions",
        "A vector for each place is added: attention itself does not know the order of tokens.",
    ),
    Words("*encoder.layernorm_embedding", "Encoder: normalised vectors"),
    Words(
        "*encoder.layers",
        "Encoder",
        "In every layer each token looks at all others, before and behind it, and takes from them "
        "what it needs.",
    ),
    Words("*encoder.layer_norm", "Encoder: normalised output"),
    Words(
        "*decoder.embed_tokens",
        "Decoder: token vectors",
        "What was written so far, as vectors; one new token at each step.",
    ),
    Words("*decoder.embed_positions", "Decoder: positions"),
    Words("*decoder.layernorm_embedding", "Decoder: normalised vectors"),
    Words(
        "*decoder.layers",
        "Decoder with cross-attention",
        "Each token looks at those written before it and, by cross-attention, at the encoder's "
        "output: there it finds what to say next.",
    ),
    Words("*decoder.layer_norm", "Decoder: normalised output"),
    Words(
        "*lm_head",
        "Language-model head",
        "A score for each token of the vocabulary: how well it would come next.",
    ),
)
_T5 = (
    Words(
        "*encoder.block*",
        "Encoder",
        "In every block each token looks at all others; how far apart they lie is weighed by what "
        "the first block learned of it.",
    ),
    Words("*encoder.final_layer_norm", "Encoder: normalised output"),
    Words(
        "*decoder.block*",
        "Decoder with cross-attention",
        "Each token looks at those written before it and, by cross-attention, at the encoder's "
        "output: there it finds what to say next.",
    ),
    Words("*decoder.final_layer_norm", "Decoder: normalised output"),
    *_SEQ2SEQ,
)
GUIDE: Mapping[str, Sequence[Words]] = {
    "wav2vec2": (
        Words(
            "wav2vec2",
            "Mask vector",
            "In training it stands in place of vectors that are hidden.",
        ),
        Words(
            "wav2vec2.feature_extractor.conv_layers*",
            "Feature encoder: convolution",
            "Convolutions with strides turn the waveform into far fewer vectors: seven of them "
            "make one for every 20 milliseconds in the models of the paper.",
        ),
        Words(
            "wav2vec2.feature_projection",
            "Feature projection",
            "The vectors are normalised and brought to the width of the transformer.",
        ),
        Words(
            "wav2vec2.encoder.pos_conv_embed",
            "Relative positions",
            "A wide convolution tells every vector what lies around it, in place of numbered "
            "positions.",
        ),
        Words("wav2vec2.encoder.layer_norm", "Context network: normalisation"),
        Words(
            "wav2vec2.encoder.layers",
            "Context network",
            "Transformer layers: every moment looks at the whole recording.",
        ),
        Words("projector", "Projection", "The vectors are brought to the classifier's width."),
        Words(
            "classifier",
            "Classifier",
            "The vectors of all moments are averaged into one, which becomes a score for each "
            "label.",
        ),
        Words(
            "lm_head",
            "CTC head",
            "For every moment a score for each letter and for the blank. The best path through "
            "them, with repeats and blanks taken out, is the text.",
        ),
    ),
    "vit": (
        Words(
            "vit.embeddings",
            "Patches and positions",
            "The picture is cut into squares, each of which becomes a vector. A [CLS] vector is "
            "put before them, and to each its learned position is added.",
        ),
        Words(
            "vit.layers",
            "Encoder",
            "In every layer each patch looks at all patches; [CLS] gathers what tells the label.",
        ),
        Words("vit.layernorm", "Normalised output", "Only the vector of [CLS] is read on."),
        Words(
            "classifier",
            "Head",
            "An MLP head, of a single layer: the vector of [CLS] becomes a score for each label.",
        ),
    ),
    "convnext": (
        Words(
            "convnext.embeddings",
            "Patchify stem",
            "A convolution as wide as its stride cuts the picture into small squares and makes a "
            "vector of each.",
        ),
        Words(
            "convnext.encoder.stages.*",
            "Stage",
            "Blocks of a depthwise 7x7 convolution, LayerNorm, an inverted bottleneck with GELU, "
            "and layer scale; from stage to stage the map is halved and its vectors grow.",
        ),
        Words("convnext.layernorm", "Pooled output", "The map is averaged into one vector."),
        Words("classifier", "Head", "The vector becomes a score for each label."),
    ),
    "detr": (
        *_BACKBONE_OF_CONVNEXT,
        *_BACKBONE_OF_RESNET,
        Words(
            "model.input_projection",
            "Projection",
            "A 1x1 convolution narrows the map to the width of the transformer; then it is "
            "flattened into a row of places.",
        ),
        Words(
            "model.position_embedding",
            "Positions",
            "Where each place lies: added in every layer, as attention does not know it.",
        ),
        Words(
            "model.encoder.layers",
            "Encoder",
            "All places look at each other, which parts objects that touch.",
        ),
        Words(
            "model.query_position_embeddings",
            "Object queries",
            "Learned vectors, each of which asks for one object.",
        ),
        Words(
            "model.decoder.layers",
            "Decoder",
            "The queries look at each other, so that no two find the same object, and at the "
            "picture.",
        ),
        Words("model.decoder.layernorm", "Decoder: normalised output"),
        Words(
            "class_labels_classifier",
            "Class head",
            "For each query a score for every label, and for no object.",
        ),
        Words(
            "bbox_predictor*",
            "Box head",
            "A small MLP gives each query its box: centre, width and height, as shares of the "
            "picture.",
        ),
    ),
    "mask2former": (
        Words(
            "*swin.embeddings",
            "Backbone: patches",
            "The picture is cut into squares, four pixels wide, each of which becomes a vector.",
        ),
        Words(
            "*swin.encoder.layers.*",
            "Backbone: Swin stage",
            "Attention within windows that shift from layer to layer; before the next stage four "
            "places become one.",
        ),
        Words("*swin.layernorm", "Backbone: normalised output"),
        Words("*encoder.hidden_states_norms.*", "Backbone: normalised map"),
        Words(
            "*pixel_level_module.decoder.input_projections*",
            "Pixel decoder: projection",
            "A map of the backbone, at 1/32, 1/16 or 1/8 of the picture, is brought to one width.",
        ),
        Words("*decoder.position_embedding", "Pixel decoder: positions"),
        Words(
            "*pixel_level_module.decoder.encoder.layers",
            "Pixel decoder",
            "Deformable attention: each place looks at a few places of all scales.",
        ),
        Words(
            "*pixel_level_module.decoder.adapter_*",
            "Pixel decoder: finest map",
            "The backbone's finest map joins the others.",
        ),
        Words("*pixel_level_module.decoder.layer_*", "Pixel decoder: merged map"),
        Words(
            "*pixel_level_module.decoder.mask_projection",
            "Per-pixel embeddings",
            "At a quarter of the picture's size, a vector for every place: a mask is where they "
            "agree with a query.",
        ),
        Words("*pixel_level_module.decoder", "Pixel decoder: scales"),
        Words("*transformer_module.position_embedder", "Positions"),
        Words("*transformer_module.queries_*", "Queries", "Learned vectors, one for each mask."),
        Words("*transformer_module.level_embed", "Scales", "A vector that tells each scale apart."),
        Words("*transformer_module.input_projections*", "Maps for the decoder"),
        Words(
            "*transformer_module.decoder.layers",
            "Masked attention",
            "A query looks only where its mask of the layer before lies; the scales take turns.",
        ),
        Words("*transformer_module.decoder.layernorm", "Normalised queries"),
        Words(
            "*transformer_module.decoder.mask_predictor",
            "Mask predictor",
            "After every layer each query is compared with the per-pixel embeddings: its mask.",
        ),
        Words(
            "class_predictor",
            "Class head",
            "For each query a score for every label, and for no segment. Masks and labels are "
            "then merged into segments.",
        ),
    ),
    "glpn": (
        Words(
            "glpn.encoder.patch_embeddings.*",
            "Overlapping patches",
            "Squares that overlap, so that nothing is lost at their edges, become vectors; the map "
            "is a quarter as wide and high at first, half at each later stage.",
        ),
        Words(
            "glpn.encoder.block.*",
            "SegFormer stage",
            "Attention, where the map is fine to a coarser map of keys; and a Mix-FFN whose "
            "convolution tells where things are.",
        ),
        Words("glpn.encoder.layer_norm.*", "Normalised map"),
        Words(
            "decoder.stages.*",
            "Selective feature fusion",
            "What comes from the coarser map, if there is one, and what the encoder saw at this "
            "scale are weighed at each place and joined, then enlarged twofold.",
        ),
        Words("decoder.final_upsample", "Enlarged map"),
        Words(
            "head",
            "Depth head",
            "Convolutions and a sigmoid give each pixel a share of the largest distance.",
        ),
    ),
    "bert": (
        Words(
            "bert.embeddings",
            "Tokens, segments and positions",
            "Three learned vectors are added for each WordPiece token: what it is, which of two "
            "texts it is in, and where it stands. [CLS] begins the row, [SEP] ends a text.",
        ),
        Words(
            "bert.encoder.layer",
            "Encoder",
            "In every layer each token looks at all others, on both sides.",
        ),
        Words("bert.pooler", "Pooled [CLS]", "The vector of [CLS] stands for the whole text."),
        Words(
            "classifier",
            "Classification head",
            "A score for each label, of the whole text or of every token.",
        ),
        Words(
            "qa_outputs",
            "Span head",
            "Two scores for every token: how well the answer might begin there, and end there.",
        ),
    ),
    "gpt2": (
        Words(
            "transformer.wte",
            "Token vectors",
            "Each byte-pair token becomes the vector that was learned for it.",
        ),
        Words("transformer.wpe", "Positions", "A vector for each place is added."),
        Words(
            "transformer.h",
            "Causal decoder blocks",
            "Each token looks at itself and at those before it, never ahead: so the model can be "
            "asked for the next.",
        ),
        Words("transformer.ln_f", "Normalised output"),
        Words(
            "lm_head",
            "Language-model head",
            "A score for each token of the vocabulary: how well it would come next.",
        ),
    ),
    "bart": _SEQ2SEQ,
    "mbart": _SEQ2SEQ,
    "t5": _T5,
    "marian": _SEQ2SEQ,
}
_LABELS_OF_TEXT = (
    Words(
        "classification_head", "Classification head", "One vector becomes a score for each label."
    ),
)
_LABELS_OF_TOKENS = (
    Words("classifier", "Classification head", "For every token a score for each label."),
)
_ENDS = (
    Words(
        "qa_outputs",
        "Span head",
        "Two scores for every token: how well the answer might begin there, and end there.",
    ),
)
_READ_AGAIN = (
    Words(
        "*decoder.embed_tokens",
        "Decoder: token vectors",
        "The same text once more, moved by one place: nothing is written.",
    ),
    Words(
        "*decoder.layers",
        "Decoder",
        "Each token looks at those before it and, by cross-attention, at the encoder's output.",
    ),
    Words(
        "*decoder.block*",
        "Decoder",
        "Each token looks at those before it and, by cross-attention, at the encoder's output.",
    ),
)
_READ_FORWARD = (
    Words(
        "transformer.h",
        "Decoder blocks",
        "Each token looks at itself and at those before it, never ahead: the last knows most.",
    ),
)
# By task and architecture: of models that read, where the architecture was made to write, and of
# heads that each task has its own of.
_OF_TASK: Mapping[tuple[str, str], Sequence[Words]] = {
    ("classify-text", "bert"): (
        Words("classifier", "Classification head", "That vector becomes a score for each label."),
    ),
    ("ner", "bert"): _LABELS_OF_TOKENS,
    ("classify-text", "gpt2"): (
        *_READ_FORWARD,
        Words(
            "score",
            "Classification head",
            "The last token's vector becomes a score for each label.",
        ),
    ),
    ("ner", "gpt2"): (*_READ_FORWARD, *_LABELS_OF_TOKENS),
    ("qa", "gpt2"): (*_READ_FORWARD, *_ENDS),
    ("classify-text", "bart"): (*_READ_AGAIN, *_LABELS_OF_TEXT),
    ("classify-text", "mbart"): (*_READ_AGAIN, *_LABELS_OF_TEXT),
    ("classify-text", "t5"): (*_READ_AGAIN, *_LABELS_OF_TEXT),
    ("ner", "t5"): _LABELS_OF_TOKENS,
    ("qa", "bart"): (*_READ_AGAIN, *_ENDS),
    ("qa", "mbart"): (*_READ_AGAIN, *_ENDS),
    ("qa", "t5"): (*_READ_AGAIN, *_ENDS),
}
_TRAINING: Mapping[str, Sequence[str]] = {
    "wav2vec2": (
        "In pretraining, vectors of the feature encoder are masked, and the context network learns "
        "to tell their quantised forms among others. No answer needs the quantiser.",
    ),
    "detr": (
        "In training, each object of a picture is matched with the one query that found it best, "
        "and the others learn to say: no object.",
    ),
    "mask2former": (
        "In training, masks are matched with the objects of a picture, one to one, and compared at "
        "a few random points.",
    ),
    "bert": (
        "In pretraining, some tokens are hidden and the model learns to name them from both sides.",
    ),
    "gpt2": ("In pretraining, the model learns to name the next token of endless texts.",),
    "bart": (
        "In pretraining, texts are damaged, and the decoder learns to write them as they were.",
    ),
    "mbart": (
        "In pretraining, texts of many languages are damaged and written anew; the language's own "
        "token tells the decoder which to write.",
    ),
}
