"""What the four image tasks share: one processor call for a list of pictures."""

from collections.abc import Hashable
from typing import Any

from taskcli.items import Media, Picture
from taskcli.task import Batch, OptionsT, ResultT, Task

_FIXED = ("do_pad", "do_center_crop")  # either gives every picture of a batch one shape


class PictureTask(Task[OptionsT, Picture, ResultT]):
    """A task over images. `extra["sizes"]` holds (height, width) of the upright originals."""

    media = Media.IMAGE

    def alike(self, item: Picture) -> Hashable:
        """Pictures of different sizes share a batch only if the processor makes them one shape."""
        size = getattr(self.processor, "size", None) or {}
        fixed = {"height", "width"} <= {name for name, value in dict(size).items() if value}
        if fixed or any(getattr(self.processor, name, None) for name in _FIXED):
            return None
        return item.image.size

    def preprocess(self, items: list[Picture]) -> Batch:
        features = self.processor(images=[item.image for item in items], return_tensors="pt")
        sizes = [(item.size[1], item.size[0]) for item in items]
        inputs: dict[str, Any] = {
            name: features[name] for name in ("pixel_values", "pixel_mask") if name in features
        }
        return Batch(inputs, range(len(items)), {"sizes": sizes})
