"""What the four image tasks share: the processor's call for each image, and their batches."""

import inspect
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from taskcli.config.options import OUTPUT_PANEL, OutputOptions, UsersOwn
from taskcli.errors import InputError
from taskcli.media.items import MOST_PIXELS, ImageInput, Media
from taskcli.task import Batch, OptionsT, ResultT, Task

if TYPE_CHECKING:
    from PIL.Image import Image

_MEGAPIXEL = 1_000_000
# Pixels from which on a map of floats, of which there is one for each region, takes 64 MB.
_LARGE_MAP = 16 * _MEGAPIXEL


@dataclass(frozen=True)
class ImageOutput(OutputOptions):
    """Of tasks whose answers are shown as pictures."""

    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="Show the picture with what was found in the terminal.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = False


@dataclass(frozen=True)
class FoundOutput(ImageOutput):
    """Of tasks that find something at a place in the picture."""

    no_names: Annotated[
        bool,
        typer.Option("--no-names", help="Draw no names on pictures.", rich_help_panel=OUTPUT_PANEL),
    ] = False
    no_scores: Annotated[
        bool,
        typer.Option(
            "--no-scores", help="Draw names without their scores.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False
    line_width: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="PIXELS",
            help="Width of the lines drawn on pictures; unset: by the picture's size.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = None
    coco_ids: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For coco and coco-results: the ids of these annotations, by name.",
            rich_help_panel=OUTPUT_PANEL,
        ),
        UsersOwn(),
    ] = None
    yolo_scores: Annotated[
        bool,
        typer.Option(
            "--yolo-scores",
            help="For yolo: the score as a last column.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image as the model takes it.

    `inputs` maps a model argument to a tensor [1, ...], or to a list, such as of EoMT's patches;
    `size` is (height, width) in pixels of the upright original; `notes` belong to the answer.
    """

    inputs: Mapping[str, Any]
    size: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        return sum(int(getattr(value, "nbytes", 0)) for value in self.inputs.values())


class ImageTask(Task[OptionsT, ImageInput, ResultT]):
    """A task over images. `extra["sizes"]` holds (height, width) of the upright originals."""

    media = Media.IMAGE
    Output = ImageOutput
    more_fields = frozenset({"frame", "time"})
    answers_pixels: ClassVar[bool] = False  # whether it says something of every single one

    def __init__(self, options: OptionsT, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._arguments = inspect.signature(model.forward).parameters

    def encode(self, items: list[ImageInput]) -> Iterator[tuple[int, EncodedImage]]:
        """Each image by itself: what is left of a large one is no larger than what others leave."""
        for place, item in enumerate(items):
            for view in self._views(item):
                yield place, self._encoded(view)

    def _views(self, item: ImageInput) -> Iterable[ImageInput]:
        """The image, and what else of it is to be seen by itself."""
        return (item,)

    def _encoded(self, item: ImageInput) -> EncodedImage:
        features = self._features(item.image)
        inputs = {name: value for name, value in features.items() if name in self._arguments}
        return EncodedImage(inputs, item.size[::-1])

    def batch_key(self, part: EncodedImage) -> Hashable:
        """Only images that the processor makes one shape: convolutions see what pads others.

        What is in lists counts the images of its batch, and is computed alone.
        """
        if any(isinstance(value, list) for value in part.inputs.values()):
            return id(part)
        return tuple((name, tuple(value.shape)) for name, value in part.inputs.items())

    def cost(self, part: EncodedImage) -> int:
        """One, and so much more than a batch for a large map that it has a batch to itself."""
        pixels = math.prod(part.size)
        return pixels // _MEGAPIXEL if self.answers_pixels and pixels > _LARGE_MAP else 1

    def padded_length(self, part: EncodedImage) -> Hashable:
        return 1

    def preprocess(self, parts: list[EncodedImage]) -> Batch:
        import torch

        inputs = {
            name: value if isinstance(value, list) else torch.cat([p.inputs[name] for p in parts])
            for name, value in parts[0].inputs.items()
        }
        return Batch(inputs, range(len(parts)), {"sizes": [part.size for part in parts]})

    def _features(self, image: "Image") -> Mapping[str, Any]:
        self._check_proportions(*image.size)
        try:
            features: Mapping[str, Any] = self.processor(images=[image], return_tensors="pt")
        except (ValueError, ZeroDivisionError) as failure:  # a side that would be no pixel long
            raise _unsuitable(*image.size) from failure
        return features

    def _check_proportions(self, width: int, height: int) -> None:
        """Where only the shorter side is fixed, a line of pixels becomes gigabytes."""
        size = getattr(self.processor, "size", None) or {}
        side, longest = (size.get(f"{which}_edge") for which in ("shortest", "longest"))
        ratio = max(width, height) / min(width, height)
        if side and not longest and side * side * ratio > MOST_PIXELS:
            raise _unsuitable(width, height)


def family_of(processor: object) -> str:
    """What a processor's two classes share of their names, of which one works without torch."""
    return type(processor).__name__.removesuffix("Pil").removesuffix("ImageProcessor")


def _unsuitable(width: int, height: int) -> InputError:
    return InputError(f"{width} x {height} pixels cannot be resized for this checkpoint")
