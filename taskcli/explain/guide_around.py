"""What leads to a model and what reads its answer, in words: by task, and by architecture."""

from collections.abc import Mapping

from taskcli.explain.guide import Words


def words_around(task: str, model_type: str) -> tuple[Words, Words]:
    """What stands before the model and behind it."""
    before = _BEFORE_MODEL.get((task, model_type)) or _BEFORE_MODEL.get(("", model_type))
    return before or _BEFORE[task], _BEHIND.get((task, model_type)) or _BEHIND[(task, "")]


_TOKENS = "The tokenizer cuts the text into tokens that it knows, and gives the number of each."
_PIXELS = (
    "The picture is brought to the size that the model wants. Its bytes become numbers around 0 on "
    "the device, by the checkpoint's mean and spread, just before the first stage."
)
_SOUND = "The recording as one channel, at the rate that the model wants."
_ASKED = (
    "Where the checkpoint names words that ask for a task, such as 'summarize:', they are put "
    "before the text."
)
_BEAMS = (
    "As many rows of tokens as there are beams are gone on with, those of the highest score. The "
    "end token, or the greatest length, ends a row; the best of them becomes text again."
)
_RECORDING = Words("", "Waveform", _SOUND)
_PICTURE = Words("", "Pixels", _PIXELS)
_TEXT = Words("", "Tokens", _TOKENS)
_ASKED_TOKENS = Words("", "Tokens, with what is asked for", f"{_ASKED} {_TOKENS}")
_BEST_LABELS = Words("", "Labels", "Scores become probabilities; the best labels are the answer.")
_BEST_BEAM = Words("", "Beams and length limits", _BEAMS)
_BEFORE: Mapping[str, Words] = {
    "classify-audio": _RECORDING,
    "asr": _RECORDING,
    "classify-image": _PICTURE,
    "detect": _PICTURE,
    "segment": _PICTURE,
    "depth": _PICTURE,
    "classify-text": _TEXT,
    "ner": _TEXT,
    "qa": Words("", "Tokens", f"Question and context in one row. {_TOKENS}"),
    "generate": _TEXT,
    "summarize": _TEXT,
    "translate": _TEXT,
}
# By task and architecture; an empty task is any.
_BEFORE_MODEL: Mapping[tuple[str, str], Words] = {
    ("", "wav2vec2"): Words(
        "",
        "Waveform, normalised",
        "The recording as one channel; where the checkpoint asks for it, its mean is brought to 0 "
        "and its loudness to that of all others.",
    ),
    ("", "bert"): Words(
        "",
        "WordPiece tokens",
        "Words that the vocabulary lacks are cut into pieces that it has. [CLS] is put in front, "
        "[SEP] behind each text; segment ids tell a first text from a second.",
    ),
    ("qa", "bert"): Words(
        "",
        "WordPiece tokens",
        "[CLS], the question, [SEP], the context, [SEP]: words that the vocabulary lacks are cut "
        "into pieces that it has. Segment ids tell the question (0) from the context (1).",
    ),
    ("", "gpt2"): Words(
        "",
        "Byte-pair tokens",
        "The bytes of the text, of which pairs that are often together were joined, again and "
        "again: no text is unknown.",
    ),
    ("translate", "mbart"): Words(
        "",
        "Tokens, with the source's language",
        f"{_TOKENS} A token of its own names the language of the source.",
    ),
    ("summarize", "t5"): _ASKED_TOKENS,
    ("translate", "t5"): _ASKED_TOKENS,
}
_BEHIND: Mapping[tuple[str, str], Words] = {
    ("classify-audio", ""): _BEST_LABELS,
    ("asr", ""): Words("", "Text", "What the model answered is read as text."),
    ("asr", "wav2vec2"): Words(
        "",
        "Greedy path, collapsed",
        "At every moment the likeliest letter is taken. Letters that repeat become one, then "
        "blanks are taken out: what stays is the text.",
    ),
    ("classify-image", ""): _BEST_LABELS,
    ("detect", ""): Words(
        "",
        "Boxes",
        "What scores less than the threshold, or is no object, is dropped; shares become pixels "
        "of the picture.",
    ),
    ("segment", ""): Words(
        "",
        "Segments",
        "Each pixel goes to the mask that claims it most; masks of which too little is left are "
        "dropped.",
    ),
    ("depth", ""): Words("", "Depth", "The map is brought to the size of the picture."),
    ("classify-text", ""): Words(
        "",
        "Labels",
        "Scores become probabilities, unless the checkpoint or --function leaves them as they are; "
        "the best labels are the answer.",
    ),
    ("ner", ""): Words(
        "",
        "Entities",
        "What is of one kind and stands together becomes one name, as in the text; --aggregation "
        "tells how words come by their labels.",
    ),
    ("qa", ""): Words(
        "",
        "Best span",
        "Of all spans of the context that are short enough, the one whose start and end are the "
        "likeliest together.",
    ),
    ("generate", ""): Words("", "Text", "Tokens become text again, up to the one that ends it."),
    ("generate", "gpt2"): Words(
        "",
        "The next token, again and again",
        "The token that is chosen is put behind the text, and the model is asked for the next, "
        "until one ends the text or there is no room for more.",
    ),
    ("summarize", ""): _BEST_BEAM,
    ("translate", ""): _BEST_BEAM,
    ("translate", "mbart"): Words(
        "",
        "Forced language, beams and length limits",
        f"The first token that is written is forced: it names the language to write. {_BEAMS}",
    ),
}
