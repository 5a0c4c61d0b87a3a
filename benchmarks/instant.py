"""An instant device: what a model answers without computing, of the shapes that it would have.

An answer is drawn once for each shape of inputs and kept, so that asking costs microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any

import torch
from torch.nn.functional import interpolate
from transformers import modeling_outputs
from transformers.models.detr.modeling_detr import DetrObjectDetectionOutput
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerForUniversalSegmentationOutput,
)

from benchmarks.corpus import SEED
from taskcli.api import Run
from taskcli.api.batching import batching_config
from taskcli.engine.batching import BatchingConfig

# A model and its inputs by name -> the class of its answer, and what that holds.
Answer = Callable[[Any, dict[str, torch.Tensor]], tuple[type[Any], dict[str, torch.Tensor]]]

_QUERIES, _KEPT = 100, 10  # of DETR and Mask2Former; how many of them find something
_SURE = 12.0  # a logit that softmax makes 0.99 beside a thousand others
_COARSE = 4  # pixels of the picture to one of a mask, a side
_FRAMES_A_LETTER = 4  # of 20 ms each: about 12 letters a second, and blanks between them
_LETTERS_A_WORD = 6
NEW_TOKENS = 64


def replace_forward(model: Any, answer: Answer) -> None:
    """Make `model` answer by `answer`; what its signature tells stays true."""
    kept: dict[Hashable, tuple[type[Any], dict[str, torch.Tensor]]] = {}

    @wraps(model.forward)
    def forward(**inputs: torch.Tensor) -> Any:
        shapes = tuple((name, tuple(value.shape)) for name, value in inputs.items())
        if shapes not in kept:
            torch.manual_seed(SEED)
            kept[shapes] = answer(model, inputs)
        made, values = kept[shapes]
        return made(**values)

    model.forward = forward


def plan_for_accelerator(run: Run) -> None:
    """Make a run cut its batches as for the device that the instant one stands for."""

    def config() -> BatchingConfig:
        return batching_config(
            run.task,
            run.policy,
            run.batch_size,
            run.session.affordable,
            on_cpu=False,
            live=run.sources.live,
            ordered=run.ordered,
            gaps=run.gaps,
        )

    run.batching_config = config  # type: ignore[method-assign]


def replace_generate(model: Any) -> None:
    """Make `model` write the same tokens behind every prompt, none of which ends the text."""

    def generate(input_ids: torch.Tensor, **_: Any) -> torch.Tensor:
        generator = torch.Generator().manual_seed(SEED)
        shape = len(input_ids), NEW_TOKENS
        new = torch.randint(1, model.config.vocab_size, shape, generator=generator)
        return torch.cat([input_ids, new], 1)

    model.generate = generate


def labels(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Logits [rows, labels]."""
    rows = len(next(iter(inputs.values())))
    return modeling_outputs.SequenceClassifierOutput, {
        "logits": 3 * torch.randn(rows, model.config.num_labels)
    }


def names(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Logits [rows, tokens, labels]: in every twenty tokens a person of two and a place of one."""
    rows, length = inputs["input_ids"].shape
    number = model.config.label2id
    pattern = torch.full((20,), number["O"])
    pattern[torch.tensor([3, 4, 11])] = torch.tensor(
        [number["B-PER"], number["I-PER"], number["B-LOC"]]
    )
    told = pattern.repeat(length // 20 + 1)[:length]
    logits = torch.randn(rows, length, len(number))
    logits[:, torch.arange(length), told] += _SURE
    return modeling_outputs.TokenClassifierOutput, {"logits": logits}


def spans(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Logits [rows, tokens] of where an answer begins and where it ends."""
    shape = inputs["input_ids"].shape
    return modeling_outputs.QuestionAnsweringModelOutput, {
        "start_logits": 3 * torch.randn(shape),
        "end_logits": 3 * torch.randn(shape),
    }


def letters(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Logits [rows, frames, letters] of words of six letters, a blank behind each letter."""
    rows, samples = inputs["input_values"].shape
    frames = int(model._get_feat_extract_output_lengths(torch.tensor(samples)))
    count = frames // _FRAMES_A_LETTER + 1
    said = torch.randint(5, model.config.vocab_size, (count,))
    said[_LETTERS_A_WORD :: _LETTERS_A_WORD + 1] = 4  # what stands between words
    pattern = said.repeat_interleave(_FRAMES_A_LETTER)
    pattern[_FRAMES_A_LETTER - 1 :: _FRAMES_A_LETTER] = model.config.pad_token_id
    logits = torch.randn(rows, frames, model.config.vocab_size)
    logits[:, torch.arange(frames), pattern[:frames]] += _SURE
    return modeling_outputs.CausalLMOutput, {"logits": logits}


def depths(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Metres [rows, height, width], smooth."""
    rows, _, *size = inputs["pixel_values"].shape
    coarse = torch.rand(rows, 1, 12, 16) * 8 + 1
    return modeling_outputs.DepthEstimatorOutput, {
        "predicted_depth": interpolate(coarse, size=tuple(size), mode="bilinear")[:, 0]
    }


def boxes(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Logits [rows, queries, labels and none], and boxes [rows, queries, 4] in shares of a side."""
    rows = len(inputs["pixel_values"])
    places = torch.rand(rows, _QUERIES, 4) * 0.4 + 0.1
    return DetrObjectDetectionOutput, {"logits": _classes(model, rows), "pred_boxes": places}


def regions(model: Any, inputs: dict[str, torch.Tensor]) -> Any:
    """Classes, and masks [rows, queries, height / 4, width / 4]: ten blobs cover the picture."""
    rows, _, height, width = inputs["pixel_values"].shape
    masks = torch.full((rows, _QUERIES, height // _COARSE, width // _COARSE), -_SURE)
    masks[:, :_KEPT] = blobs(_KEPT, height // _COARSE, width // _COARSE)
    return Mask2FormerForUniversalSegmentationOutput, {
        "class_queries_logits": _classes(model, rows),
        "masks_queries_logits": masks,
    }


def _classes(model: Any, rows: int) -> torch.Tensor:
    """Logits [rows, queries, labels and none]: the first few queries are sure, others of none."""
    logits = torch.randn(rows, _QUERIES, model.config.num_labels + 1)
    logits[:, _KEPT:, -1] += _SURE
    found = torch.arange(_KEPT)
    logits[:, found, found * 7] += _SURE
    return logits


def blobs(count: int, height: int, width: int) -> torch.Tensor:
    """Logits [count, height, width] of regions with wavy edges: each is nearest to its centre."""
    generator = torch.Generator().manual_seed(SEED)
    down = torch.linspace(0, 1, height)[:, None]
    across = torch.linspace(0, 1, width)[None]
    centres = torch.rand(count, 2, 1, 1, generator=generator)
    waves = 0.1 * torch.randn(1, count, 12, 16, generator=generator)
    wavy = interpolate(waves, size=(height, width), mode="bicubic")[0]
    distance = ((down - centres[:, 0]) ** 2 + (across - centres[:, 1]) ** 2).sqrt() + wavy
    nearest = distance.topk(2, dim=0, largest=False).values
    others = torch.where(distance == nearest[0], nearest[1], nearest[0])
    return (20 * (others - distance)).clamp(-_SURE, _SURE)
