"""The rows of the table: which checkpoint on which inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import corpus, fullsize

Make = Callable[[Path, int], list[str]]  # a folder and a count -> paths, or texts


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    task: str  # taskcli's command
    pipeline: str  # transformers' name for the same
    checkpoint: str  # folder in the cache
    build: Callable[[Path], Path]
    make: Make
    count: int
    quick: int  # inputs of a smoke test
    texts: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)  # to taskcli.load
    pipeline_options: Mapping[str, Any] = field(default_factory=dict)  # to each pipeline call

    def inputs(self, cache: Path, quick: bool) -> list[str]:
        return self.make(cache / self.name, self.quick if quick else self.count)

    def folder(self, cache: Path) -> Path:
        return self.build(cache / self.checkpoint)


def _images(name: str, title: str, sizes: Sequence[tuple[int, int]], count: int, quick: int) -> Row:
    return Row(
        name=name,
        title=title,
        task="classify-image",
        pipeline="image-classification",
        checkpoint="vit-base",
        build=fullsize.vit_base,
        make=lambda folder, count: corpus.photographs(folder, count, sizes),
        count=count,
        quick=quick,
    )


def _texts(name: str, title: str, texts: Callable[[int], list[str]], count: int, quick: int) -> Row:
    """What is longer than the model is cut by both, so that the work is the same."""
    return Row(
        name=name,
        title=title,
        task="classify-text",
        pipeline="text-classification",
        checkpoint="bert-base",
        build=fullsize.bert_base,
        make=lambda _, count: texts(count),
        count=count,
        quick=quick,
        texts=True,
        options={"truncate": True},
        pipeline_options={"truncation": True},
    )


ROWS = (
    _images("vit-640", "ViT-B/16, 640x480 JPEGs", corpus.SMALL, 96, 8),
    _images("vit-12mpx", "ViT-B/16, camera JPEGs up to 12 Mpx", corpus.CAMERA, 60, 6),
    _texts("bert-mixed", "BERT-base, texts of 5 to 500 words", corpus.mixed_texts, 160, 16),
    _texts("bert-equal", "BERT-base, texts of 100 words", corpus.equal_texts, 160, 16),
)
