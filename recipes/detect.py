"""Train the detect starter: a box around each ball, cube, cylinder and cone.

    python -m recipes.detect --seed 0 --out runs/detect

A small DETR reads 128x128 pixels. Trained as usual it takes long to find out which query stands
for which object. Here each query has a place in the picture from the start: it looks there first,
and until the matching can rely on the boxes, it is given the object nearest to that place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor, nn
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    DetrConfig,
    DetrForObjectDetection,
    DetrImageProcessorPil,
)
from transformers.loss.loss_for_object_detection import HungarianMatcher, ImageLoss

from recipes import training
from recipes.cells import CELLS, CellHead, Cells, cells_of
from recipes.convnext import CELL_STAGE, DEPTHS, WIDTHS
from recipes.found import Found, f1_and_map
from recipes.gallery import SIDE, Gallery, Photo, gallery
from recipes.scene_training import Plan, fit, pixels_of
from recipes.scenes import SHAPES

WIDTH = 128
COLUMNS, ROWS = 5, 4  # of a grid over the pictures; each second point is a query's place
ACROSS, DOWN = (0.15, 0.85), (0.28, 0.70)  # where the middles of nine objects of ten lie
USUAL_SIZE = (0.19, 0.25)  # of a box
QUERIES = COLUMNS * ROWS // 2  # the more there are, the less clear is whose an object is
GROUPS = 6  # of queries in training, each of which finds all objects; the first one stays
FREE_FROM = 0.3  # share of training after which places have no part in the matching
THAW_FROM = 0.5  # share of training after which the backbone learns, too
LOSSES = {"loss_ce": 2.0, "loss_bbox": 5.0, "loss_giou": 2.0}  # DETR has 1, 5 and 2
BACKBONE = Path(__file__).parent.parent / "taskcli" / "starter" / "classify-image-convnext"
PLAN = Plan(steps=8000, size=32, peak_rate=7e-4, watched=10)


@dataclass(frozen=True)
class Batch:
    pixels: Tensor  # [B,3,SIDE,SIDE] in -1..1
    objects: list[dict[str, Tensor]]  # class_labels [N], boxes [N,4] as centre, width, height
    cells: Cells


def collate(photos: list[Photo]) -> Batch:
    return Batch(pixels_of(photos), [objects_of(photo) for photo in photos], cells_of(photos))


def objects_of(photo: Photo) -> dict[str, Tensor]:
    low, high = torch.from_numpy(photo.boxes.copy()).split(2, dim=1)
    labels = torch.from_numpy(photo.shapes.astype(np.int64))
    return {"class_labels": labels, "boxes": torch.cat([(low + high) / 2, high - low], 1)}


# --- the model ------------------------------------------------------------------------------


def build_model(backbone: Path | None) -> DetrForObjectDetection:
    """With all groups of queries; the backbone's weights are those of the classifier given."""
    config = DetrConfig(
        use_timm_backbone=False,
        backbone_config=ConvNextConfig(
            num_stages=CELL_STAGE,
            hidden_sizes=WIDTHS[:CELL_STAGE],
            depths=DEPTHS[:CELL_STAGE],
            layer_scale_init_value=0.0,
            out_features=[f"stage{CELL_STAGE}"],
        ),
        num_queries=GROUPS * QUERIES,
        position_embedding_type="learned",  # the library's sines turn but once in a picture
        d_model=WIDTH,
        encoder_layers=1,
        decoder_layers=3,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        dropout=0.0,
        auxiliary_loss=True,
        class_cost=5,  # a lower one lets a hair's breadth of box decide which query was right
        eos_coefficient=0.4,
        id2label=dict(enumerate(SHAPES)),
        label2id={label: index for index, label in enumerate(SHAPES)},
    )
    model = DetrForObjectDetection(config)
    training.initialise(model)
    give_places(model)
    if backbone:
        load_backbone(model, ConvNextForImageClassification.from_pretrained(backbone))
    return model.to(memory_format=torch.channels_last)


def places() -> Tensor:
    """Where in the picture each query of a group begins to look [QUERIES,2], x and y in 0..1."""
    across, down = torch.linspace(*ACROSS, COLUMNS), torch.linspace(*DOWN, ROWS)
    staggered = torch.cartesian_prod(torch.arange(COLUMNS), torch.arange(ROWS)).sum(1) % 2 == 0
    return torch.cartesian_prod(across, down)[staggered]


def waves(along: Tensor) -> Tensor:
    """Sines of places in 0..1 along one side [N,WIDTH/2], of a quarter turn up to four turns."""
    turns = torch.logspace(-2, 2, WIDTH // 4, base=2)
    angles = 2 * math.pi * along[:, None] * turns
    return torch.cat([angles.sin(), angles.cos()], 1)


@torch.no_grad()
def give_places(model: DetrForObjectDetection) -> None:
    """Make cells and queries know their places, and queries look around theirs."""
    inner = model.model
    sides = waves((torch.arange(CELLS) + 0.5) / CELLS)
    for table in (
        inner.position_embedding.row_embeddings,
        inner.position_embedding.column_embeddings,
    ):
        table.weight[:CELLS] = sides
    x, y = places().repeat(GROUPS, 1).add(0.03 * torch.randn(GROUPS * QUERIES, 2)).unbind(1)
    inner.query_position_embeddings.weight.copy_(torch.cat([waves(x), waves(y)], 1))
    for layer in inner.decoder.layers:
        look = layer.encoder_attn
        nn.init.orthogonal_(look.q_proj.weight, gain=1.4)
        look.k_proj.weight.copy_(look.q_proj.weight)
    size = torch.tensor([0.5, 0.45, *USUAL_SIZE])
    model.bbox_predictor.layers[-1].bias.copy_(size.logit())


def load_backbone(
    model: DetrForObjectDetection, classifier: ConvNextForImageClassification
) -> None:
    backbone = model.model.backbone.model
    backbone.embeddings.load_state_dict(classifier.convnext.embeddings.state_dict())
    for stage, trained in zip(
        backbone.encoder.stages, classifier.convnext.encoder.stages, strict=False
    ):
        stage.load_state_dict(trained.state_dict())


def keep_first_group(model: DetrForObjectDetection) -> None:
    weight = model.model.query_position_embeddings.weight[:QUERIES]
    model.model.query_position_embeddings = nn.Embedding.from_pretrained(weight.detach().clone())
    model.config.num_queries = QUERIES


def build_processor() -> DetrImageProcessorPil:
    half = [0.5, 0.5, 0.5]
    return DetrImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=half, image_std=half
    )


# --- what it learns -------------------------------------------------------------------------


class PlaceMatcher(HungarianMatcher):
    """Matches by the queries' places at first, and by what they found later on."""

    def __init__(self, config: DetrConfig) -> None:
        super().__init__(config.class_cost, config.bbox_cost, config.giou_cost)
        self.trust = 1.0  # in the places
        self.places = torch.cat([places(), torch.tensor(USUAL_SIZE).expand(QUERIES, 2)], 1)

    def forward(self, outputs: dict[str, Tensor], targets: list[dict[str, Tensor]]) -> Any:
        boxes = torch.lerp(outputs["pred_boxes"], self.places, self.trust)
        logits = outputs["logits"] * (1 - self.trust)
        return super().forward({"logits": logits, "pred_boxes": boxes}, targets)


def build_criterion(config: DetrConfig) -> ImageLoss:
    return ImageLoss(
        PlaceMatcher(config), config.num_labels, config.eos_coefficient, ["labels", "boxes"]
    )


def apart() -> Tensor:
    """Attention mask [1,1,Q,Q] that hides each group of queries from the others."""
    group = torch.arange(GROUPS * QUERIES) // QUERIES
    return torch.zeros(len(group), len(group)).masked_fill(group[:, None] != group, -1e9)[
        None, None
    ]


def losses(
    model: DetrForObjectDetection,
    head: CellHead,
    criterion: ImageLoss,
    batch: Batch,
    progress: float,
) -> dict[str, Tensor]:
    """Losses of what each decoder layer finds and of what each cell shows."""
    criterion.matcher.trust = max(0.0, 1 - progress / FREE_FROM)
    model.model.backbone.requires_grad_(progress >= THAW_FROM)
    out = model.model(batch.pixels, decoder_attention_mask=apart())
    states = torch.stack([*out.intermediate_hidden_states[:-1], out.last_hidden_state]).float()
    groups = [criterion(_found(model, group), batch.objects) for group in states.split(QUERIES, 2)]
    found = {name: weight * _mean(groups, name) for name, weight in LOSSES.items()}
    features = out.encoder_last_hidden_state.unflatten(1, (CELLS, CELLS))
    return {**found, **head.losses(features, batch.cells)}


def _found(model: DetrForObjectDetection, states: Tensor) -> dict[str, Any]:
    """Logits and boxes from the states [layers,B,QUERIES,WIDTH] of one group of queries."""
    with torch.autocast("cpu", enabled=False):  # bfloat16 would move a box by half a pixel
        logits, boxes = (
            model.class_labels_classifier(states),
            model.bbox_predictor(states).sigmoid(),
        )
    layers = [{"logits": one, "pred_boxes": box} for one, box in zip(logits, boxes, strict=True)]
    return {**layers[-1], "auxiliary_outputs": layers[:-1]}


def _mean(groups: list[dict[str, Tensor]], name: str) -> Tensor:
    """Of a loss over the groups, summed over the decoder's layers."""
    return (
        torch.stack([v for group in groups for k, v in group.items() if k.startswith(name)]).sum()
        / GROUPS
    )


def scores(model: DetrForObjectDetection, seen: list[Batch]) -> dict[str, float]:
    """Of the first group of queries, which is the one that stays."""
    processor, true, found = build_processor(), [], []
    for batch in seen:
        out = model(batch.pixels, decoder_attention_mask=apart())
        out.logits, out.pred_boxes = out.logits[:, :QUERIES], out.pred_boxes[:, :QUERIES]
        sizes = [(SIDE, SIDE)] * len(batch.pixels)
        for one in processor.post_process_object_detection(out, 0.01, sizes):
            rows = zip(
                one["labels"].tolist(), one["boxes"].tolist(), one["scores"].tolist(), strict=True
            )
            found.append([Found(label, tuple(box), score) for label, box, score in rows])
        true += [_true(one) for one in batch.objects]
    f1, precision = f1_and_map(true, found)
    return {"f1": f1, "map": precision}


def _true(objects: dict[str, Tensor]) -> list[Found]:
    middle, size = objects["boxes"].split(2, dim=1)
    corners = torch.cat([middle - size / 2, middle + size / 2], 1) * SIDE
    rows = zip(objects["class_labels"].tolist(), corners.tolist(), strict=True)
    return [Found(label, tuple(box)) for label, box in rows]


def train(
    plan: Plan, photos: Gallery, unseen: Gallery, seed: int, folder: Path, backbone: Path | None
) -> DetrForObjectDetection:
    torch.manual_seed(seed)
    model, head = build_model(backbone), CellHead(WIDTH)
    model.set_attn_implementation("eager")  # its way back is faster on a CPU; not saved
    criterion = build_criterion(model.config)
    fit(
        {"model": model, "head": head},
        photos,
        unseen,
        collate,
        lambda batch, progress: losses(model, head, criterion, batch, progress),
        lambda seen: scores(model, seen),
        plan,
        seed,
        folder,
    )
    keep_first_group(model)
    return model.eval()


def main(
    out: Annotated[Path, typer.Option(help="Folder for log, checkpoint and model/.")],
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the scenes.")] = 0,
    steps: Annotated[int, typer.Option(help=f"Steps of {PLAN.size} photos.")] = PLAN.steps,
    scenes: Annotated[
        Path, typer.Option("--gallery", help="Folder of photos; those missing are made.")
    ] = Path("runs/gallery"),
    backbone: Annotated[
        Path, typer.Option(help="Classifier whose first stages the backbone begins with.")
    ] = BACKBONE,
) -> None:
    """Train the detect starter and save it in OUT/model."""
    plan = replace(PLAN, steps=steps)
    photos, unseen = gallery(scenes, seed), gallery(scenes, seed + 1, 1)
    model = train(plan, photos, unseen, seed, out, backbone)
    training.save_half(model, build_processor(), out / "model")


if __name__ == "__main__":
    typer.run(main)
