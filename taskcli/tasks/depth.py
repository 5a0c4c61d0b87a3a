"""taskcli depth."""

import math
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from taskcli.errors import CheckpointError, InputError
from taskcli.media.items import ImageInput
from taskcli.results import DepthMap
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.image import EncodedImage, ImageTask

_METRIC = ("glpn", "zoedepth", "depth_pro")
# Of the longer side of NYU Depth v2's pictures, on which GLPN learnt. Its processor keeps any size,
# and at twelve megapixels the attention of its first stage would take 17 GB.
_TRAINED_SIDE = 640


@dataclass(frozen=True)
class DepthOptions:
    """How large a picture is computed."""

    max_side: Annotated[
        int | None,
        typer.Option(
            min=32,
            metavar="N",
            help="Compute at most at so many pixels a side; unset: as the checkpoint was trained.",
        ),
    ] = None


class Depth(ImageTask[DepthOptions, DepthMap]):
    """Estimate how far away each pixel is, in metres or in relative units.

    Any checkpoint that AutoModelForDepthEstimation maps: GLPN, DPT, Depth Anything, ZoeDepth, ...
    """

    name = "depth"
    Options = DepthOptions
    answers_pixels = True
    result = DepthMap
    auto_models = ("AutoModelForDepthEstimation",)
    budget = 4
    # Their last layers alone: in bfloat16 a depth would have 256 steps, and show as bands.
    fp32_heads = frozenset({"head", "relative_head", "metric_head"})
    examples = (
        "taskcli depth room.jpg",
        "taskcli depth room.jpg --save-dir seen",
        "taskcli depth 'rooms/*.jpg' | jq -c '[.input, .result.min, .result.max]'",
    )

    def __init__(self, options: DepthOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        if model.config.model_type == "zoedepth" and find_spec("torchvision") is None:
            raise CheckpointError(
                "ZoeDepth's image processor needs torchvision", "pip install torchvision"
            )

    @property
    def longest_side(self) -> int | None:
        """Pixels of the longer side that a picture is reduced to before the processor has it."""
        takes_any = getattr(self.processor, "size_divisor", None) is not None
        return self.options.max_side or (_TRAINED_SIDE if takes_any else None)

    def _encoded(self, item: ImageInput) -> EncodedImage:
        width, height = size = self._computed_size(item)
        smallest = getattr(self.processor, "size_divisor", None) or 1
        if min(size) < smallest:
            raise InputError(f"the image is smaller than {smallest} pixels a side")
        if size == item.image.size:
            return super()._encoded(item)
        part = super()._encoded(replace(item, image=item.image.resize(size, reducing_gap=2.0)))
        why = "as asked for" if self.options.max_side else "near what the checkpoint learnt from"
        note = f"computed at {width} x {height} pixels, {why}; --max-side changes that"
        return replace(part, notes=(note,))

    def _computed_size(self, item: ImageInput) -> tuple[int, int]:
        """(width, height) that the processor is given, in the picture's proportions."""
        width, height = item.image.size
        scale = min(1.0, (self.longest_side or math.inf) / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def postprocess(self, outputs: Any, batch: Batch, parts: list[EncodedImage]) -> list[Any]:
        # Reshaped, for some processors squeeze away a side of one pixel.
        return [
            _noted(_depth_map(depth.reshape(part.size), self._units()), part.notes)
            for part, depth in zip(parts, self._resized(outputs, batch), strict=True)
        ]

    def _resized(self, outputs: Any, batch: Batch) -> list[Any]:
        """Depth at each upright original's size, [height, width] each."""
        sizes = batch.extra["sizes"]
        outputs.predicted_depth = outputs.predicted_depth.float()
        if hasattr(self.processor, "post_process_depth_estimation"):
            # The second argument is target_sizes, but source_sizes for ZoeDepth; both are these.
            found = self.processor.post_process_depth_estimation(outputs, sizes)
            return [one["predicted_depth"] for one in found]
        from torch.nn.functional import interpolate

        return [
            interpolate(one[None, None], size=size, mode="bicubic", align_corners=False)[0, 0]
            for one, size in zip(outputs.predicted_depth, sizes, strict=True)
        ]

    def _units(self) -> str:
        config = self.model.config
        metric = getattr(config, "depth_estimation_type", None) == "metric"
        return "m" if metric or config.model_type in _METRIC else "relative"


def _noted(depth: DepthMap, notes: tuple[str, ...]) -> Any:
    return WithWarnings(depth, notes) if notes else depth


def _depth_map(depth: Any, units: Any) -> DepthMap:
    low, high, mean = (float(value) for value in (depth.min(), depth.max(), depth.mean()))
    if not math.isfinite(low) or not math.isfinite(high):  # NaN is both the least and the greatest
        raise InputError("the model answers depths that are not numbers")
    height, width = depth.shape
    return DepthMap(low, high, mean, width, height, units, depth.numpy())
