"""The rows of the table: which checkpoint on which inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import answers, corpus, fullsize
from benchmarks.answers import Reading
from benchmarks.baselines import NEW_TOKENS, Baseline, pipeline, questions, rewriting
from benchmarks.folders import Build

Make = Callable[[Path, int], list[str]]  # a folder and a count -> paths, or texts


@dataclass(frozen=True)
class Row:
    """`checkpoint` and `folder` are names in the cache; inputs of one folder are shared."""

    name: str
    title: str
    task: str  # taskcli's command
    baseline: Baseline
    reading: Reading
    build: Build
    make: Make
    count: int
    quick: int  # inputs of a smoke test
    checkpoint: str = ""
    folder: str = ""
    texts: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)  # to taskcli.load

    def inputs(self, cache: Path, count: int) -> list[str]:
        return self.make(cache / (self.folder or self.name), count)

    def checkpoint_folder(self, cache: Path) -> Path:
        return self.build(cache / (self.checkpoint or self.name))


def _pipeline_row(
    name: str,
    title: str,
    task: str,
    called: str,
    build: Build,
    make: Make,
    count: int,
    reading: Reading = answers.LABELS,
    pipeline_options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Row:
    baseline = pipeline(called, reading.of_pipeline, **(pipeline_options or {}))
    quick = 4 if more.get("texts") else 2
    return Row(name, title, task, baseline, reading, build, make, count, quick, **more)


def _photographs(sizes: Sequence[tuple[int, int]]) -> Make:
    return lambda folder, count: corpus.photographs(folder, count, sizes)


def _image_row(name: str, title: str, build: Build, count: int, **more: Any) -> Row:
    made = {"make": _photographs(corpus.SMALL), "folder": "vit-640", **more}
    return _pipeline_row(
        name, title, "classify-image", "image-classification", build, count=count, **made
    )


def _sentiments(name: str, title: str, texts: Callable[[int], list[str]]) -> Row:
    """What is longer than the model is cut by both, so that the work is the same."""
    return _pipeline_row(
        name,
        title,
        "classify-text",
        "text-classification",
        fullsize.bert_sentiments,
        lambda _, count: texts(count),
        160,
        pipeline_options={"truncation": True},
        checkpoint="bert-base",
        texts=True,
        options={"truncate": True},
    )


def _clips(folder: Path, count: int) -> list[str]:
    return corpus.clips(folder, count)


def _equal_texts(_: Path, count: int) -> list[str]:
    return corpus.equal_texts(count)


_SMALL = {"make": _photographs(corpus.SMALL), "folder": "vit-640"}

ROWS = (
    _image_row("vit-640", "ViT-B/16, 640x480 JPEGs", fullsize.vit_base, 96, checkpoint="vit-base"),
    _image_row(
        "vit-12mpx",
        "ViT-B/16, camera JPEGs up to 12 Mpx",
        fullsize.vit_base,
        60,
        checkpoint="vit-base",
        make=_photographs(corpus.CAMERA),
        folder="vit-12mpx",
    ),
    _image_row("convnext-640", "ConvNeXT-T, 640x480 JPEGs", fullsize.convnext_tiny, 96),
    _pipeline_row(
        "detr-640",
        "DETR-R50 at 800 pixels, 640x480 JPEGs",
        "detect",
        "object-detection",
        fullsize.detr_resnet50,
        count=12,
        pipeline_options={"threshold": 0.5},
        options={"threshold": 0.5},
        **_SMALL,
    ),
    _pipeline_row(
        "mask2former-640",
        "Mask2Former-Swin-T at 800 pixels, 640x480 JPEGs",
        "segment",
        "image-segmentation",
        fullsize.mask2former_swin_tiny,
        count=8,
        pipeline_options={"subtask": "panoptic"},
        options={"subtask": "panoptic"},
        **_SMALL,
    ),
    _pipeline_row(
        "glpn-640",
        "GLPN, 640x480 JPEGs",
        "depth",
        "depth-estimation",
        fullsize.glpn,
        count=12,
        reading=answers.DEPTHS,
        **_SMALL,
    ),
    _pipeline_row(
        "wav2vec2-ctc",
        "wav2vec2-base CTC, recordings of 2 to 20 s",
        "asr",
        "automatic-speech-recognition",
        fullsize.wav2vec2_ctc,
        _clips,
        24,
        reading=answers.SPOKEN,
        folder="clips",
    ),
    _pipeline_row(
        "wav2vec2-labels",
        "wav2vec2-base, labels of recordings of 2 to 20 s",
        "classify-audio",
        "audio-classification",
        fullsize.wav2vec2_keywords,
        _clips,
        24,
        folder="clips",
    ),
    _sentiments("bert-mixed", "BERT-base, texts of 5 to 500 words", corpus.mixed_texts),
    _sentiments("bert-equal", "BERT-base, texts of 100 words", corpus.equal_texts),
    _pipeline_row(
        "bert-ner",
        "BERT-base, names in texts of 100 words",
        "ner",
        "token-classification",
        fullsize.bert_entities,
        _equal_texts,
        96,
        reading=answers.NAMES,
        pipeline_options={"aggregation_strategy": "simple"},
        options={"aggregation": "simple"},
        texts=True,
    ),
    Row(
        "bert-qa",
        "BERT-base, a question about texts of 100 words",
        "qa",
        questions(),
        answers.SPANS,
        fullsize.bert_spans,
        _equal_texts,
        count=96,
        quick=4,
        texts=True,
        options={"question": [corpus.QUESTION]},
    ),
    _pipeline_row(
        "gpt2",
        f"GPT-2 of 12 layers, {NEW_TOKENS} tokens behind 5 to 30 words",
        "generate",
        "text-generation",
        fullsize.gpt2,
        lambda _, count: corpus.prompts(count),
        32,
        reading=answers.CONTINUED,
        pipeline_options={"do_sample": False, "max_new_tokens": NEW_TOKENS},
        options={"max_new_tokens": NEW_TOKENS},
        texts=True,
    ),
    Row(
        "bart",
        f"BART-base, {NEW_TOKENS} tokens about texts of 100 words",
        "summarize",
        rewriting(),
        answers.SUMMARIES,
        fullsize.bart_base,
        _equal_texts,
        count=32,
        quick=4,
        texts=True,
    ),
)
