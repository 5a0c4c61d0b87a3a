"""taskcli depth."""

import math
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from taskcli.config.options import OUTPUT_PANEL
from taskcli.errors import CheckpointError, InputError, UsageError
from taskcli.media.amounts import SHARED, ends
from taskcli.media.items import ImageInput
from taskcli.results import DepthMap
from taskcli.task import Batch, WithWarnings
from taskcli.tasks.bicubic import Enlarged, Size, enlarged, summary
from taskcli.tasks.image import EncodedImage, ImageOutput, ImageTask, family_of

if TYPE_CHECKING:
    from torch import Tensor

Units = Literal["m", "relative"]
_METRIC = ("glpn", "zoedepth", "depth_pro")
# Of the longer side of NYU Depth v2's pictures, on which GLPN learnt. Its processor keeps any size,
# and at twelve megapixels the attention of its first stage would take 17 GB.
_TRAINED_SIDE = 640
# Families of processors that enlarge by torch's bicubic interpolation, and do nothing else.
_BICUBIC = {"DPT", "GLPN", "PromptDepthAnything"}
# Times the pixels of the model's map from which on a picture's are made only for who reads them.
_LARGE = 4


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


@dataclass(frozen=True)
class DepthOutput(ImageOutput):
    """With which depths the colours of pictures span."""

    depth_range: Annotated[
        str,
        typer.Option(
            metavar="auto|shared|LOW,HIGH",
            help="Depths from the first to the last colour: auto, of each picture by itself; "
            "shared, those of all pictures of the run, drawn at its end, with --save-dir and "
            "without --resume, --skip-existing, --shard or --watch; or these.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.depth_range not in ("auto", SHARED) and ends(self.depth_range) is None:
            raise UsageError(
                f"--depth-range {self.depth_range}: not auto, {SHARED} or LOW,HIGH",
                "such as --depth-range 0,10; records tell min and max of each picture",
            )


class Depth(ImageTask[DepthOptions, DepthMap]):
    """Estimate how far away each pixel is, in metres or in relative units.

    Any checkpoint that AutoModelForDepthEstimation maps: GLPN, DPT, Depth Anything, ZoeDepth, ...
    """

    name = "depth"
    Options = DepthOptions
    Output = DepthOutput
    answers_pixels = True
    result = DepthMap
    auto_models = ("AutoModelForDepthEstimation",)
    budget = 4
    # Their last layers alone: in bfloat16 a depth would have 256 steps, and show as bands.
    fp32_heads = frozenset({"head", "relative_head", "metric_head"})
    examples = (
        "taskcli depth room.jpg",
        "taskcli depth room.jpg --save-dir seen",
        "taskcli depth 'frames/*.jpg' --save-dir seen --depth-range 0,10",
        "taskcli depth walk.mp4 --fps 5 --save-dir seen --depth-range shared",
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
        outputs.predicted_depth = outputs.predicted_depth.float()
        maps = self._maps(outputs, batch.extra["sizes"])
        return [_noted(depth, part.notes) for part, depth in zip(parts, maps, strict=True)]

    def _maps(self, outputs: Any, sizes: list[Size]) -> list[DepthMap]:
        """Depth over each upright original, of a size each."""
        units = self._units()
        own = getattr(self.processor, "post_process_depth_estimation", None)
        if own is None or family_of(self.processor) in _BICUBIC:
            both = zip(outputs.predicted_depth, sizes, strict=True)
            return [_enlarged_map(small, size, units) for small, size in both]
        # The second argument is target_sizes, but source_sizes for ZoeDepth; both are these.
        found = own(outputs, sizes)
        # Reshaped, for some processors squeeze away a side of one pixel.
        return [
            _depth_map(one["predicted_depth"].reshape(size), units)
            for one, size in zip(found, sizes, strict=True)
        ]

    def _units(self) -> Units:
        config = self.model.config
        metric = getattr(config, "depth_estimation_type", None) == "metric"
        return "m" if metric or config.model_type in _METRIC else "relative"


def _enlarged_map(small: "Tensor", size: Size, units: Units) -> DepthMap:
    """Of the model's map [h, w], as the bicubic interpolation enlarges it."""
    if math.prod(size) < _LARGE * small.numel():
        return _depth_map(enlarged(small, size), units)
    _require_numbers(bool(small.isfinite().all()))
    # Copied, for the map is a part of its batch's, all of which it would keep.
    values = Enlarged(small.clone().numpy(), size)
    return DepthMap(*summary(small, size), *size[::-1], units, values)


def _noted(depth: DepthMap, notes: tuple[str, ...]) -> Any:
    return WithWarnings(depth, notes) if notes else depth


def _depth_map(depth: "Tensor", units: Units) -> DepthMap:
    low, high, mean = (float(value) for value in (depth.min(), depth.max(), depth.mean()))
    _require_numbers(math.isfinite(low) and math.isfinite(high))  # NaN is the least and greatest
    height, width = depth.shape
    return DepthMap(low, high, mean, width, height, units, depth.numpy())


def _require_numbers(are_numbers: bool) -> None:
    if not are_numbers:
        raise InputError("the model answers depths that are not numbers")
