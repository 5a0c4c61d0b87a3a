"""How far the starters' answers in a dtype are from those in float32, on data never trained on.

    python -m recipes.precision --seed 7 --count 1000
    python -m recipes.precision --seed 7 --count 100 --dtype int8 --task ner

bfloat16 is the default wherever the hardware computes it; heads and coordinates stay float32.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import jiwer
import numpy as np
import typer
from pycocotools import mask as coco
from rich.console import Console
from rich.table import Table

import taskcli
from recipes import asr as asr_recipe
from recipes import classify_audio as sound_recipe
from recipes.evaluate import STARTERS
from recipes.evaluate_pictures import RENDERED, drawn
from recipes.evaluate_texts import _beginning
from recipes.speech import PLAIN_UNSEEN_VOICES, UNSEEN_VOICES, Floats, hear, save_sound, speak_all
from recipes.text_grammars import bilingual, news, passages, reports, reviews, stories
from recipes.text_grammars.templates import stream
from recipes.training import FIRST_UNSEEN_SEED
from taskcli.output.formats.coco import bbox

MOST_CHANGED = 0.005  # share of answers that may be others
MOST_MOVED = 1  # pixels that a side of a box may move


@dataclass(frozen=True)
class Change:
    """What was counted, how much of it changed, and how much may, if there is a bar."""

    counted: str
    value: float
    most: float | None = None

    @property
    def is_over(self) -> bool:
        return self.most is not None and self.value > self.most


@dataclass(frozen=True)
class Given:
    """What a model is called with, and the options that it is loaded with."""

    inputs: list[Path] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


def pictures(place: Path, seed: int, count: int) -> Given:
    scenes = enumerate(drawn(RENDERED, seed, count))
    return Given([RENDERED.save(scene, place / f"{index:05}") for index, scene in scenes])


def _saved(place: Path, sounds: Iterator[Floats]) -> Given:
    files = [save_sound(place / f"{index:05}.wav", sound) for index, sound in enumerate(sounds)]
    return Given(files)


def keywords(place: Path, seed: int, count: int) -> Given:
    rng = np.random.default_rng(seed)
    return _saved(place, sound_recipe.draw_clips(rng, count, UNSEEN_VOICES)[1])


def sentences(place: Path, seed: int, count: int) -> Given:
    rng = np.random.default_rng(seed)
    said = asr_recipe.utterances(rng, PLAIN_UNSEEN_VOICES, few=0, size=count)
    return _saved(place, (hear(samples, rng) for samples in speak_all(said)))


def questions(place: Path, seed: int, count: int) -> Given:
    rng, file = stream(seed, "qa"), place / "rows.jsonl"
    asked = [passages.asked(rng, True) for _ in range(count)]
    rows = [{"question": one.question, "context": one.passage.text} for one in asked]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Given([file])


def texts(task: str, tell: Callable[[Any], str], **options: Any) -> Callable[..., Given]:
    def given(place: Path, seed: int, count: int) -> Given:
        rng = stream(seed, task)
        return Given(texts=[tell(rng) for _ in range(count)], options=options)

    return given


GIVEN: dict[str, Callable[[Path, int, int], Given]] = {
    "classify-audio": keywords,
    "asr": sentences,
    "classify-image": pictures,
    "detect": pictures,
    "segment": pictures,
    "depth": pictures,
    "classify-text": texts("classify-text", lambda rng: reviews.review(rng, True).text),
    "ner": texts("ner", lambda rng: news.article(rng, True).text),
    "qa": questions,
    "generate": texts("generate", lambda rng: _beginning(stories.tell(rng, True), rng)),
    "summarize": texts("summarize", lambda rng: reports.report(rng, True).text),
    "translate": texts(
        "translate",
        lambda rng: bilingual.pair(rng, True).en,
        source_language="en",
        target_language="fr",
    ),
}


def changed_labels(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    share = np.mean([one[0].label != other[0].label for one, other in pairs])
    yield Change("top labels changed", float(share), MOST_CHANGED)


def changed_words(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    """Each word of a text is a choice of the model; one that changes may change those behind it."""
    told = [(_text(one), _text(other)) for one, other in pairs]
    share = jiwer.wer(*map(list, zip(*told, strict=True)))
    yield Change("words changed", float(share), MOST_CHANGED)
    yield Change("texts changed in any letter", float(np.mean([a != b for a, b in told])))


def _text(result: Any) -> str:
    """What was heard or generated: the first field of its result."""
    return str(getattr(result, result.__slots__[0]))


def changed_places(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    share = np.mean([(a.start, a.end) != (b.start, b.end) for a, b in pairs])
    yield Change("answers changed", float(share), MOST_CHANGED)


def changed_entities(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    """Entities, by label and place, that only one of the two has, of those of both."""
    found = [(set(map(_entity, one)), set(map(_entity, other))) for one, other in pairs]
    total = sum(len(one) + len(other) for one, other in found)
    changed = sum(len(one ^ other) for one, other in found)
    yield Change("entities changed", changed / max(total, 1), MOST_CHANGED)
    yield Change("texts with any change", float(np.mean([a != b for a, b in found])))


def _entity(one: Any) -> tuple[str, int, int]:
    return one.entity_group, one.start, one.end


def moved_boxes(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    lost, moves, objects = 0, [0], 0
    for one, other in pairs:
        left = list(other)
        objects += len(one)
        for found in one:
            same = [candidate for candidate in left if candidate.label == found.label]
            nearest = min(same, key=lambda candidate: _moved(candidate, found), default=None)
            if nearest is None or _overlap(nearest, found) < 0.5:  # another object
                lost += 1
            else:
                left.remove(nearest)
                moves.append(_moved(nearest, found))
        lost += len(left)
    yield Change("objects lost or found", lost / max(objects, 1), MOST_CHANGED)
    yield Change("largest move of a side, pixels", max(moves), MOST_MOVED)


def _overlap(one: Any, other: Any) -> float:
    """Intersection over union."""
    return float(coco.iou([bbox(one.sides)], [bbox(other.sides)], [False])[0, 0])


def _moved(one: Any, other: Any) -> int:
    sides = ("xmin", "ymin", "xmax", "ymax")
    return max(abs(getattr(one.box, side) - getattr(other.box, side)) for side in sides)


def changed_pixels(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    share = np.mean([np.mean(_labelled(one) != _labelled(other)) for one, other in pairs])
    yield Change("pixels with another label", float(share), MOST_CHANGED)


def _labelled(segments: Any) -> Any:
    """The label of each pixel, as text [height, width]."""
    names = np.full(segments[0].mask.size, "", dtype="U40") if segments else np.array([])
    for one in segments:
        shown = coco.decode({"size": one.mask.size, "counts": one.mask.counts}).astype(bool)
        names[shown] = one.label
    return names


def changed_depths(pairs: list[tuple[Any, Any]]) -> Iterator[Change]:
    off = [np.mean(np.abs(one.values / other.values - 1)) for one, other in pairs]
    yield Change("relative difference of depth", float(np.mean(off)), 0.01)


CHANGES: dict[str, Callable[[list[tuple[Any, Any]]], Iterator[Change]]] = {
    "classify-audio": changed_labels,
    "asr": changed_words,
    "classify-image": changed_labels,
    "detect": moved_boxes,
    "segment": changed_pixels,
    "depth": changed_depths,
    "classify-text": changed_labels,
    "ner": changed_entities,
    "qa": changed_places,
    "generate": changed_words,
    "summarize": changed_words,
    "translate": changed_words,
}


def results(task: str, folder: Path, dtype: str, given: Given) -> list[Any]:
    model = taskcli.load(
        task, str(folder), offline=True, device="cpu", dtype=dtype, **given.options
    )
    records = list(model(given.inputs, texts=given.texts))
    if failed := [record.error for record in records if record.error]:
        raise RuntimeError(f"{task}: {failed[0]}")
    return [record.result for record in records]


def compared(task: str, folder: Path, seed: int, count: int, dtype: str) -> list[Change]:
    with tempfile.TemporaryDirectory() as place:
        given = GIVEN[task](Path(place), seed, count)
        exact, near = (results(task, folder, one, given) for one in ("float32", dtype))
    return list(CHANGES[task](list(zip(exact, near, strict=True))))


def main(
    task: Annotated[list[str] | None, typer.Option(help="Only this one; repeatable.")] = None,
    seed: Annotated[
        int, typer.Option(min=FIRST_UNSEEN_SEED, help="Lower ones may have made training data.")
    ] = 7,
    count: Annotated[int, typer.Option(min=1, help="Inputs for each starter.")] = 1000,
    dtype: Annotated[str, typer.Option(help="What is compared with float32.")] = "bfloat16",
) -> None:
    """Print a table of differences; exits with 1 when one is over its bar."""
    names = task or list(GIVEN)
    rows = [
        (name, one) for name in names for one in compared(name, STARTERS / name, seed, count, dtype)
    ]
    title = f"{dtype} beside float32, {count} inputs, seed {seed}"
    table = Table("starter", "counted", title=title)
    for heading in ("found", "at most"):
        table.add_column(heading, justify="right")
    for name, one in rows:
        most = "" if one.most is None else f"{one.most:g}"
        table.add_row(name, one.counted, f"{one.value:.4f}", most)
    Console().print(table)
    if any(one.is_over for _, one in rows):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
