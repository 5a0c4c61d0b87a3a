"""What the four image tasks share: one processor call for a list of pictures."""

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any

from taskcli.errors import InputError
from taskcli.items import Media, Picture
from taskcli.task import Batch, OptionsT, ResultT, Task


class PictureTask(Task[OptionsT, Picture, ResultT]):
    """A task over images. `extra["sizes"]` holds (height, width) of the upright originals."""

    media = Media.IMAGE

    def __init__(self, options: OptionsT, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        wide, tall, twice = (self._shape(*sides) for sides in ((96, 64), (64, 96), (192, 128)))
        self._one_shape = wide == tall == twice
        self._scales = wide == twice

    def _shape(self, width: int, height: int) -> Hashable:
        """The shape that the processor gives to a picture of this size."""
        from PIL import Image

        made = self.processor(images=[Image.new("RGB", (width, height))], return_tensors="pt")
        return tuple(made["pixel_values"].shape)

    def alike(self, item: Picture) -> Hashable:
        """Only pictures that the processor makes one shape: convolutions see what pads others."""
        if self._one_shape:
            return None
        return Fraction(*item.image.size) if self._scales else item.image.size

    def preprocess(self, items: list[Picture]) -> Batch:
        features = self._features([item.image for item in items])
        sizes = [(item.size[1], item.size[0]) for item in items]
        inputs: dict[str, Any] = {
            name: features[name] for name in ("pixel_values", "pixel_mask") if name in features
        }
        return Batch(inputs, range(len(items)), {"sizes": sizes})

    def _features(self, images: list[Any]) -> Mapping[str, Any]:
        try:
            features: Mapping[str, Any] = self.processor(images=images, return_tensors="pt")
        except (ValueError, ZeroDivisionError) as failure:  # a side that would be no pixel long
            width, height = images[0].size
            raise InputError(
                f"{width} x {height} pixels cannot be resized for this checkpoint"
            ) from failure
        return features
