"""Make the files of examples/ that the README shows; none of them was ever trained on.

python -m recipes.examples
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from recipes.classify_image import is_certain
from recipes.scenes import Layout, draw_scene
from recipes.speech import (
    PLAIN_UNSEEN_VOICES,
    RATE,
    Floats,
    db,
    loudness,
    noise,
    save_sound,
    speak,
)

EXAMPLES = Path(__file__).parent.parent / "examples"
SEED = 2024
MAX_BYTES = 150_000
# Each file is named for the object nearest to the camera; width and height in pixels.
SCENES: dict[str, tuple[int, int]] = {
    "red-cube.png": (320, 240),
    "blue-ball.jpg": (640, 480),
    "yellow-cone.jpg": (480, 360),
    "green-cylinder.png": (280, 210),
    "purple-cube.jpg": (360, 480),
    "orange-ball.jpg": (640, 400),
}
# What each recording says, in a voice that training never heard; "stereo" ones at 44.1 kHz.
SOUNDS = {
    "yes.wav": "yes",
    "stop.wav": "stop",
    "left.flac": "left",
    "go-stereo.wav": "go",
    "sentence.wav": "the old sailor bought seven green apples at the market",
    "question.flac": "why did the doctor leave the hospital at five o'clock",
    "news.ogg": "the president of france will visit berlin on monday and "
    "the minister said that the government will build two hundred new schools next year",
    "scene.wav": "the red ball is behind the blue cube",  # translate was not trained on it, either
}
# Their names, and the sentences of the letters, are among those held out from training.
TEXTS = {
    "article.txt": "On Tuesday, Mira Lindel opened a library in Brinton. Mira Lindel works as a "
    "teacher for Rovina Foundation. Marlon Holberg travelled from Merton to Brinton by train and "
    "met Mira Lindel there. The contract was signed by Marlon Holberg on 3 May 2021.\n",
    "review.txt": "We saw the film on Friday. The plot was gripping and the music was wonderful. "
    "The ending is not predictable at all. My brother loved the acting and I will see it again.\n",
    "complaint.txt": "We paid 90 euros. The room was dirty and the staff were rude. The view was "
    "lovely, but the breakfast was cold and I hated the bathroom. We will not come back.\n",
    "report.txt": "The council of Brinton met on Thursday. Many asked for more news. Marlon "
    "Holberg opened the meeting. All agreed to repair the bridge. It will cost 450 euros and "
    "begin in March. The weather was good.\n",
    "story.txt": "Once upon a time there was a girl named Mira. She loved her red ball more than "
    "anything.",
    "letter.txt": "Hello Mira,\nThe big red ball is behind the blue cube. The girl sees a white "
    "bird in the garden. Where is my new key?\n",
    "lettre.txt": "Bonjour Mira,\nLa grande balle rouge est derrière le cube bleu. La fille voit "
    "un oiseau blanc dans le jardin. Où est ma nouvelle clé ?\n",
}


def draw_example(index: int, name: str, width: int, height: int) -> Image.Image:
    """A scene of three objects or more, close by, with little noise so that it packs well."""
    label = Path(name).stem.replace("-", " ")

    def shows_it(layout: Layout) -> bool:
        clear = is_certain(layout) and layout.distances.min() < 4.5
        calm = layout.surroundings.noise < 0.006
        return layout.nearest.label == label and len(layout.things) >= 3 and clear and calm

    rng = np.random.default_rng([SEED, index])
    return Image.fromarray(draw_scene(rng, width, height, supersample=3, accept=shows_it).image)


def record_example(index: int, text: str) -> Floats:
    """Clear speech in a little noise, with a short pause on each side."""
    rng = np.random.default_rng([SEED, 1, index])
    voice = PLAIN_UNSEEN_VOICES[index % len(PLAIN_UNSEEN_VOICES)]
    spoken = speak(text, voice, speed=int(rng.integers(140, 165)), pitch=int(rng.integers(40, 60)))
    quiet = np.pad(spoken, RATE // 10 if " " in text else RATE // 5)
    return quiet + noise(len(quiet), rng) * loudness(spoken) * db(-25)


def check_size(path: Path) -> None:
    """Raise ValueError for a file too large to show."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} takes {path.stat().st_size} bytes: at most {MAX_BYTES}")
    print(path)


def save(picture: Image.Image, path: Path) -> None:
    """Save as the suffix says."""
    options = {"optimize": True} if path.suffix == ".png" else {"quality": 90}
    picture.save(path, **options)
    check_size(path)


def main(
    out: Annotated[
        Path, typer.Option(help="Folder that gets scenes/, sounds/, texts/.")
    ] = EXAMPLES,
) -> None:
    """Make the example files again; the same files each time."""
    for folder in ("scenes", "sounds", "texts"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for index, (name, (width, height)) in enumerate(SCENES.items()):
        save(draw_example(index, name, width, height), out / "scenes" / name)
    for index, (name, text) in enumerate(SOUNDS.items()):
        sound = record_example(index, text)
        check_size(save_sound(out / "sounds" / name, sound, stereo="stereo" in name))
    for name, text in TEXTS.items():
        path = out / "texts" / name
        path.write_text(text, encoding="utf-8")
        check_size(path)


if __name__ == "__main__":
    typer.run(main)
