"""taskcli classify-image."""

from typing import TYPE_CHECKING, Any

from taskcli.results import Label
from taskcli.task import Batch
from taskcli.tasks.image import EncodedImage, ImageTask
from taskcli.tasks.ranking import RankingOptions, ranked, scores

if TYPE_CHECKING:
    from transformers.utils import ModelOutput


class ClassifyImage(ImageTask[RankingOptions, list[Label]]):
    """Say what an image shows: labels with scores.

    Any checkpoint that AutoModelForImageClassification maps: ViT, ConvNeXT, Swin, SigLIP, ...
    """

    name = "classify-image"
    Options = RankingOptions
    result = list[Label]
    auto_models = ("AutoModelForImageClassification",)
    budget = 8
    examples = (
        "taskcli classify-image photo.jpg",
        "taskcli classify-image 'shots/**/*.jpg' --top-k 1 -o labels.csv",
    )

    def postprocess(
        self, outputs: "ModelOutput", batch: Batch, parts: list[EncodedImage]
    ) -> list[Any]:
        config = self.model.config
        name = "logits" if "logits" in outputs else "last_hidden_state"  # PP-LCNet's
        scored = scores(outputs[name], self.options.function, config)
        return list(ranked(scored, self.options.top_k, config))
