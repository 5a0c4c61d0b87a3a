"""What the four image tasks share: one processor call for a list of pictures."""

import inspect
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from taskcli.config.options import OUTPUT_PANEL, OutputOptions, UsersOwn
from taskcli.errors import InputError
from taskcli.media.items import MOST_PIXELS, ImageInput, Media
from taskcli.task import Batch, OptionsT, ResultT, Task


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
        typer.Option(
            "--no-names", help="Draw without names on pictures.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False
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


class ImageTask(Task[OptionsT, ImageInput, ResultT]):
    """A task over images. `extra["sizes"]` holds (height, width) of the upright originals."""

    media = Media.IMAGE
    Output = ImageOutput

    def __init__(self, options: OptionsT, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        self._arguments = inspect.signature(model.forward).parameters
        wide, tall, twice = (self._shape(*sides) for sides in ((96, 64), (64, 96), (192, 128)))
        self._one_shape = wide == tall == twice
        self._scales = wide == twice

    def _shape(self, width: int, height: int) -> Hashable:
        """The shape that the processor gives to a picture of this size."""
        from PIL import Image

        made = self.processor(images=[Image.new("RGB", (width, height))], return_tensors="pt")
        return tuple(made[self.processor.model_input_names[0]].shape)  # pixels, or ImageGPT's ids

    def batch_key(self, item: ImageInput) -> Hashable:
        """Only pictures that the processor makes one shape: convolutions see what pads others."""
        if self._one_shape:
            return None
        return Fraction(*item.image.size) if self._scales else item.image.size

    def preprocess(self, items: list[ImageInput]) -> Batch:
        features = self._features([item.image for item in items])
        sizes = [(item.size[1], item.size[0]) for item in items]
        inputs = {name: value for name, value in features.items() if name in self._arguments}
        return Batch(inputs, range(len(items)), {"sizes": sizes})

    def _features(self, images: list[Any]) -> Mapping[str, Any]:
        for image in images:
            self._check_proportions(*image.size)
        try:
            features: Mapping[str, Any] = self.processor(images=images, return_tensors="pt")
        except (ValueError, ZeroDivisionError) as failure:  # a side that would be no pixel long
            raise _unsuitable(*images[0].size) from failure
        return features

    def _check_proportions(self, width: int, height: int) -> None:
        """Where only the shorter side is fixed, a line of pixels becomes gigabytes."""
        size = getattr(self.processor, "size", None) or {}
        side, longest = (size.get(f"{which}_edge") for which in ("shortest", "longest"))
        ratio = max(width, height) / min(width, height)
        if side and not longest and side * side * ratio > MOST_PIXELS:
            raise _unsuitable(width, height)


def _unsuitable(width: int, height: int) -> InputError:
    return InputError(f"{width} x {height} pixels cannot be resized for this checkpoint")
