"""The paths of inputs through the host: which checkpoint answers what, and each bare limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import transformers as hf

from benchmarks import bare, corpus, instant, thin
from benchmarks.folders import Build
from benchmarks.vocabularies import ENTITIES, SENTIMENTS

_LARGE = (4000, 3000)
_DETR = (1066, 800)  # what DETR and Mask2Former make of 4:3
_GLPN = (640, 480)
_SECONDS = 6.0


@dataclass(frozen=True)
class HostPath:
    """`checkpoint` and `folder` are names in the cache; inputs of one folder are shared."""

    name: str
    task: str  # taskcli's command
    checkpoint: str
    build: Build
    answer: instant.Answer | None  # None where the model generates
    folder: str
    make: Callable[[Path, int], list[str]]  # a folder and a count -> paths, or texts
    bare: bare.Bare
    count: int
    quick: int  # inputs of a smoke test
    texts: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)  # to taskcli.load

    def inputs(self, cache: Path, quick: bool) -> list[str]:
        return self.make(cache / self.folder, self.quick if quick else self.count)


def _photographs(sizes: Sequence[tuple[int, int]]) -> Callable[[Path, int], list[str]]:
    return lambda folder, count: corpus.photographs(folder, count, sizes)


def _picture(
    name: str, task: str, build: Build, answer: instant.Answer, limit: bare.Bare, count: int
) -> HostPath:
    small = name.endswith("640")
    camera = name == "images-12mpx"
    sizes = corpus.SMALL if small else corpus.CAMERA if camera else (_LARGE,)
    folder = "vit-640" if small else "vit-12mpx" if camera else "12mpx"
    make = _photographs(sizes)
    return HostPath(
        name, task, f"thin-{task}", build, answer, folder, make, limit, count, 4 if small else 1
    )


def _text(name: str, task: str, build: Build, answer: instant.Answer) -> HostPath:
    asked = {"question": [corpus.QUESTION]} if task == "qa" else {}
    return HostPath(
        name=name,
        task=task,
        checkpoint=f"thin-{task}",
        build=build,
        answer=answer,
        folder="texts",
        make=lambda _, count: corpus.equal_texts(count),
        bare=bare.pairs if task == "qa" else bare.tokens,
        count=2_000,
        quick=20,
        texts=True,
        options=asked,
    )


def _sound(name: str, task: str, build: Build, answer: instant.Answer, **options: str) -> HostPath:
    return HostPath(
        name=name,
        task=task,
        checkpoint=f"thin-{task}",
        build=build,
        answer=answer,
        folder="6s",
        make=lambda folder, count: corpus.recordings(folder, count, _SECONDS),
        bare=bare.sounds,
        count=96,
        quick=6,
        options=options,
    )


_SENTIMENT = thin.bert(hf.BertForSequenceClassification, SENTIMENTS)
_ENTITIES = thin.bert(hf.BertForTokenClassification, ENTITIES)
_SPANS = thin.bert(hf.BertForQuestionAnswering)
_VIT = bare.pictures(224, (224, 224))

_PATHS = (
    _picture("images-640", "classify-image", thin.vit, instant.labels, _VIT, 192),
    _picture("images-12mpx", "classify-image", thin.vit, instant.labels, _VIT, 36),
    _text("texts-100", "classify-text", _SENTIMENT, instant.labels),
    _text("texts-100-ner", "ner", _ENTITIES, instant.names),
    _text("texts-100-qa", "qa", _SPANS, instant.spans),
    _picture(
        "segment-640",
        "segment",
        thin.mask2former,
        instant.regions,
        bare.regions(_DETR, corpus.SMALL[0]),
        16,
    ),
    _picture(
        "segment-12mpx",
        "segment",
        thin.mask2former,
        instant.regions,
        bare.regions(_DETR, _LARGE),
        4,
    ),
    _picture("depth-12mpx", "depth", thin.glpn, instant.depths, bare.depths(_GLPN, _LARGE), 12),
    _picture(
        "detect-640", "detect", thin.detr, instant.boxes, bare.pictures(min(_DETR), _DETR), 48
    ),
    _sound("asr-6s", "asr", thin.wav2vec2_ctc, instant.letters),
    _sound("asr-6s-words", "asr", thin.wav2vec2_ctc, instant.letters, timestamps="word"),
    _sound("classify-audio-6s", "classify-audio", thin.wav2vec2_keywords, instant.labels),
    HostPath(
        name="generate",
        task="generate",
        checkpoint="thin-generate",
        build=thin.gpt2,
        answer=None,
        folder="texts",
        make=lambda _, count: corpus.prompts(count),
        bare=bare.prompts,
        count=512,
        quick=8,
        texts=True,
        options={"max_new_tokens": instant.NEW_TOKENS},
    ),
)
BY_NAME = {path.name: path for path in _PATHS}
