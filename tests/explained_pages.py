"""Explanations written by hand: a view of every kind, without a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report_pages import FACTS, passage, picture, sound

from taskcli import results
from taskcli.explain import ANSWER, INPUT, Explanation, Stage, TensorShape
from taskcli.explain.looking import Look
from taskcli.explain.page import opened
from taskcli.explain.views.kinds import (
    WHOLE,
    Frame,
    Grid,
    Looks,
    Maps,
    Node,
    Piece,
    Rows,
    Strip,
    Tree,
    View,
    Wave,
)
from taskcli.media.items import Item
from taskcli.results import Record

PIXELS = TensorShape("pixel_values", (1, 3, 128, 128), "float32")
VECTORS = TensorShape("", (1, 65, 160), "float32")


def stage(name: str, module: str, kind: str, seconds: float, about: str = "") -> Stage:
    sizes = (1_547_520, 107_952_000) if module.startswith("vit") else (0, 0)
    tensors = ((PIXELS,), (VECTORS,))
    return Stage(name, about, module, kind, 1, 1, True, *tensors, *sizes, seconds, 4096)


STAGES = (
    stage("Pixels", INPUT, "ViTImageProcessor", 0.002, "The picture is brought to its size."),
    stage("Patches", "vit.embeddings", "ViTEmbeddings", 0.01, "Squares of 16 pixels."),
    stage("Encoder", "vit.layers", "ViTLayer", 0.06, "Each patch looks at all patches."),
    stage("Labels", ANSWER, "ClassifyImage", 0.001, "Scores become probabilities."),
)  # fmt: skip


def heads(rng: np.random.Generator, shape: tuple[int, int]) -> list[Frame]:
    """For two layers of three heads, rows that sum to one."""
    frames = []
    for layer in (1, 2):
        for head in ("mean of heads", "head 1", "head 2"):
            numbers = rng.random(shape).astype(np.float32) ** 4
            numbers /= numbers.sum(-1, keepdims=True)
            frames.append(Frame(numbers, (f"layer {layer}", head)))
    return frames


def maps(**more: Any) -> Maps:
    """The greatest number, 0.75, is in row 2 of 4 and column 3 of 5."""
    values = np.linspace(0, 0.5, 20, dtype=np.float32).reshape(4, 5)
    values[1, 2] = 0.75
    other = Frame(values[::-1].copy(), ("layer 2",), "the last one", (0.25, 0.5, 0.75, 1.0))
    return Maps(
        "vit.layers.1", "Where [CLS] looks", "Bright patches are looked at most.",
        [Frame(values, ("layer 1",)), other], ("layer",), **{"extent": WHOLE, **more},
    )  # fmt: skip


def signed_maps() -> Maps:
    values = np.array([[-2, 0], [0, 1]], np.float32)
    return Maps("", "Evidence", "Red speaks for the label.", [Frame(values)], signed=True, unit="m")


def feature_maps() -> Maps:
    rng = np.random.default_rng(5)
    frames = [
        Frame(rng.normal(size=(side, side)).astype(np.float32), (f"stage {side}", f"channel {at}"))
        for side in (16, 8)
        for at in range(1, 9)
    ]
    return Maps("vit.embeddings", "Feature maps", "Some channels.", frames, ("stage", "channel"))


def looks() -> Looks:
    rng = np.random.default_rng(1)
    frames = heads(rng, (12, 12))
    frames[0].values[5] = 0.01
    frames[0].values[5, 10] = 0.89
    title = "Where each patch looks"
    return Looks("vit.layers.0", title, "Choose one.", frames, (3, 4), ("layer", "head"))


def grid(words: Sequence[str] = ("▁the", "▁red", "▁cube"), **more: Any) -> Grid:
    count = len(words)
    rng = np.random.default_rng(2)
    frames = heads(rng, (count, count))
    return Grid(
        "", "Attention between tokens", "Rows look at columns.", frames, words, words,
        ("layer", "head"), ((0, 1),), "token", "token", **more,
    )  # fmt: skip


def strip() -> Strip:
    pieces = ("The ", "film ", "was ", "not ", "good", ".")
    first = np.array([0.0, 0.1, 0.05, -0.8, 0.4, 0.01], np.float32)
    frames = [Frame(first, ("gradient × input",)), Frame(first[::-1].copy(), ("occlusion",))]
    title = "Evidence for “negative”"
    return Strip("", title, "What speaks for it.", frames, pieces, ("measure",), True)


def rows() -> Rows:
    table = [["cat", 0.91, 1], ["dog", 0.07, 2], ["<b>cow</b>", 0.0123456, 3]]
    heads = ("token", "probability", "rank")
    return Rows("", "Next tokens", "The likeliest.", heads, table, frozenset({"probability"}))


def tree() -> Tree:
    nodes = [
        Node(None, "<s>", 0.0, True, True),
        Node(0, " red", -0.2, True, True),
        Node(0, " blue", -0.9, True),
        Node(0, " green", -2.5, False),
        Node(1, " cube", -0.4, True, True),
        Node(1, " ball", -1.7, False),
        Node(2, " ball", -1.2, True),
        Node(2, " cone", -3.1, False),
        Node(4, "</s>", -0.5, True, True),
    ]
    return Tree("", "Beams", "Two at a time.", nodes)


def wave(seconds: float = 1.0) -> Wave:
    pieces = [
        Piece(0.0, 0.2, "", False),
        Piece(0.2, 0.4, "y"),
        Piece(0.4, 0.6, "y", False),
        Piece(0.6, 0.9, "es"),
    ]
    samples = sound(seconds).samples.astype(np.float32)
    return Wave("", "Frames of the recording", "20 ms each.", samples, 16_000, 0.02, pieces)


def everything() -> list[View]:
    return [maps(), feature_maps(), looks(), signed_maps(), grid(), strip(), rows(), tree(), wave()]


def explanation(
    views: Sequence[View], name: str = "a.png", item: Item | None = None, **more: Any
) -> Explanation:
    found = [results.Label("ball", 0.9), results.Label("cube", 0.1)]
    record = Record(name, "classify-image", "some/checkpoint", FACTS["revision"], found)
    item = item or picture()
    look = Look(views, more.pop("looked_same", True), item)
    told = {
        "record": record,
        "same": True,
        "training": ["In training patches are dropped."],
        **more,
    }
    return Explanation(
        architecture="vit", stages=STAGES, parameters=1_686_592, multiply_adds=115_821_440,
        seconds=0.075, look=look, **told,
    )  # fmt: skip


def make_explained(file: Path, *explanations: Explanation, media: str = "image") -> Path:
    facts = {**FACTS, "task": "classify-image", "media": media}
    with opened(file, facts, len(explanations), {}) as page:
        for one in explanations:
            page.write(one, None)
    return file


ITEMS = {"image": picture, "audio": sound, "text": lambda: passage("The film was not good.")}
