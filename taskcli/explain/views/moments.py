"""Where each moment of a recording looks, layer by layer."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.beginning import Beginning, beginning, seconds_between, times
from taskcli.explain.views.kinds import Frame, Grid, View

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED: tuple[str, ...] = ()
_MOST_MOMENTS = 150  # that are told apart: so many columns can be seen
_MOST_NUMBERS = 3_000_000  # where heads together have more, their mean is shown
_ENCODER = "encoder"  # a part of the paths of modules that read the sound


def draw(seen: Seen) -> Iterator[View]:
    start = beginning(seen)
    layers = _layers(seen, start)
    if not layers:
        return
    stage, first = next(iter(layers.items()))
    count = first.shape[-1]
    each = -(-count // _MOST_MOMENTS)  # moments that are shown as one
    step = _step(seen, start, count) * each
    frames = list(_frames(layers, each))
    yield Grid(
        stage,
        "Where each moment looks",
        "A row is a moment, and how much it takes from every other: its numbers sum to one."
        f"{_joined(each)} Attention tells where the model looks, not yet why it answers so."
        f"{_padded(seen)}",
        frames,
        times(frames[0].values.shape[0], step),
        times(frames[0].values.shape[1], step),
        ("layer", "head"),
        row_name="moment",
        column_name="looks at",
    )


def _layers(seen: Seen, start: Beginning) -> "Mapping[str, Array]":
    """Weights [heads, moments, moments] of the layers in which every moment of it looks."""
    found = {}
    for path, calls in seen.attention.items():
        weights = calls[min(start.batch, len(calls) - 1)]
        square = weights.shape[-1] == weights.shape[-2] and len(weights) > start.row
        if square and _ENCODER in path and _are_moments(seen, start, weights.shape[-1]):
            found[path] = weights[start.row]
    counts = {one.shape[-1] for one in found.values()}
    return found if len(counts) == 1 else {}


def _are_moments(seen: Seen, start: Beginning, count: int) -> bool:
    """Whether so many vectors stand for the samples, by the strides of the convolutions."""
    config = seen.task.model.config
    if seen.model_type == "whisper":
        return bool(count == config.max_source_positions)
    ratio = getattr(config, "inputs_to_logits_ratio", None)
    squeezed = getattr(config, "squeeze_factor", 1)  # SEW looks at fewer
    if not ratio:
        return False
    return bool(0 <= len(start.part.samples) / (ratio * squeezed) - count <= 4)


def _step(seen: Seen, start: Beginning, count: int) -> float:
    """Seconds; Whisper hears half a minute, whatever a recording's length."""
    if seen.model_type == "whisper":
        extractor = getattr(seen.task.processor, "feature_extractor", seen.task.processor)
        return float(extractor.chunk_length / count)
    return seconds_between(seen, start, count)


def _joined(each: int) -> str:
    return f" {each} vectors in a row are shown as one moment." if each > 1 else ""


def _padded(seen: Seen) -> str:
    told = " The model hears half a minute; what lies behind the recording's end is padding."
    return told if seen.model_type == "whisper" else ""


def _frames(layers: "Mapping[str, Array]", each: int) -> Iterator[Frame]:
    sides = [-(-one.shape[-1] // each) for one in layers.values()]
    numbers = sum(len(one) * side**2 for one, side in zip(layers.values(), sides, strict=True))
    for number, heads in enumerate(layers.values(), 1):
        shown = _shown(heads, each)
        yield Frame(shown.mean(0), (f"layer {number}", "mean of heads"))
        if numbers <= _MOST_NUMBERS and len(shown) > 1:
            for head, one in enumerate(shown, 1):
                yield Frame(one, (f"layer {number}", f"head {head}"))


def _shown(heads: "Array", each: int) -> "Array":
    """Rows in a row by their mean, columns by their sum: rows still sum to one."""
    import numpy as np

    starts = np.arange(0, heads.shape[-1], each)
    taken = np.add.reduceat(heads, starts, axis=-1)
    counts = np.diff(np.append(starts, heads.shape[-2]))
    means = np.add.reduceat(taken, starts, axis=-2) / counts[:, None]
    return means.astype(np.float32)
