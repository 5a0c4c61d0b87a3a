"""Small input files for tests: good ones of every kind, odd ones, and broken ones.

Every function fills a folder and returns what it wrote, by name, so that a test reads
`photos(tmp_path)["wide"]`. Contents are fixed: the same call writes the same files.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from taskcli.media.items import Media

Files = dict[str, Path]

SHORT_TEXT = "John Smith works for Acme Corporation in Berlin, and he loves it."
QUESTION = "Where does John Smith work?"
UNICODE_TEXT = "Zoë 👩‍🚀 flew from Zürich to 東京 — naïve café, e\u0301tude; Ελλάδα, Москва 🎉."
ARTICLE = (
    "The museum in Paris opened its new wing on Monday. Maria Keller, who leads the project, said "
    "that the building had taken eleven years to finish. Critics in London were less kind. "
    "Scientists from the University of Oslo measured the water at thirty places along the coast. "
    "They found that it had risen by almost two degrees since 1970. "
)
LONG_TEXT = "\n\n".join(f"Part {number}. {ARTICLE * 2}" for number in range(1, 5))


# Images


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """A colour gradient with a disc and a box; the seed moves and recolours them."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    pixels = np.stack([x, y, np.full_like(x, 40 + 60 * (seed % 4))], axis=-1)
    image = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    left = 0.1 + 0.15 * (seed % 3)
    red = (220, 30 + 40 * (seed % 5), 60)
    draw.ellipse([left * width, 0.2 * height, (left + 0.3) * width, 0.7 * height], fill=red)
    draw.rectangle([0.6 * width, 0.5 * height, 0.9 * width, 0.9 * height], fill=(30, 200, 90))
    return image


def photos(folder: Path) -> Files:
    """Ordinary RGB pictures of different sizes and shapes."""
    sizes = {"small": (40, 36), "square": (64, 64), "wide": (120, 70), "tall": (70, 110)}
    files = {}
    for seed, (name, (width, height)) in enumerate(sizes.items()):
        files[name] = folder / f"{name}.{'jpg' if seed % 2 else 'png'}"
        scene(width, height, seed).save(files[name])
    return files


def odd_images(folder: Path) -> Files:
    """Readable pictures that are not upright 8-bit RGB."""
    picture = scene(96, 64)
    grey = np.asarray(picture.convert("L"))
    images = {
        "rotated.jpg": picture,
        "grey.png": picture.convert("L"),
        "deep.png": Image.fromarray(grey.astype(np.uint16) * 257),
        "float.tif": Image.fromarray(grey.astype(np.float32) / 255),
        "alpha.png": _with_alpha(picture),
        "palette.png": picture.quantize(16),
        "cmyk.jpg": picture.convert("CMYK"),
    }
    rotation = Image.Exif()
    rotation[0x0112] = 6  # orientation: turn by 90 degrees to see it upright, 64 wide and 96 high
    options: Mapping[str, dict] = {"rotated.jpg": {"exif": rotation}}
    files = {}
    for name, image in images.items():
        files[Path(name).stem] = folder / name
        image.save(folder / name, **options.get(name, {}))
    files["animated"] = folder / "animated.gif"
    frames = [scene(96, 64, seed) for seed in range(3)]
    frames[0].save(files["animated"], save_all=True, append_images=frames[1:], duration=50)
    return files


def _with_alpha(picture: Image.Image) -> Image.Image:
    """The picture, transparent in its left half."""
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(0, (0, 0, picture.width // 2, picture.height))
    picture = picture.copy()
    picture.putalpha(alpha)
    return picture


# Audio


def tone(seconds: float, rate: int = 16_000, pitch: float = 440.0) -> np.ndarray:
    """A sine that swells and fades, as float32 between -1 and 1."""
    time = np.arange(round(seconds * rate)) / rate
    swell = np.sin(np.pi * time / max(seconds, 1 / rate))
    return (0.5 * swell * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def noise(seconds: float, rate: int = 16_000, seed: int = 0) -> np.ndarray:
    """White noise, as float32 between -1 and 1."""
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * rate))
    return samples.astype(np.float32)


def scene_and_noise(folder: Path) -> dict[Media, Path]:
    """A picture and a recording, by their media."""
    made = {Media.IMAGE: folder / "scene.png", Media.AUDIO: folder / "noise.wav"}
    scene(120, 70).save(made[Media.IMAGE])
    soundfile.write(made[Media.AUDIO], noise(1.2), 16_000)
    return made


def sounds(folder: Path) -> Files:
    """Recordings of different lengths, rates, channel counts, sample formats and containers."""
    stereo = np.stack([tone(0.8, 44_100), noise(0.8, 44_100)], axis=-1)
    recordings = {
        "tone.wav": (tone(1.0), 16_000, "PCM_16"),
        "noise.wav": (noise(0.7), 16_000, "PCM_16"),
        "phone.wav": (tone(1.3, 8_000, 300), 8_000, "PCM_U8"),
        "stereo.wav": (stereo, 44_100, "PCM_24"),
        "float.wav": (tone(0.5, 22_050), 22_050, "FLOAT"),
        "music.flac": (tone(0.9, 48_000, 660), 48_000, "PCM_16"),
        "voice.ogg": (tone(0.6, 16_000, 220), 16_000, "VORBIS"),
    }
    files = {}
    for name, (samples, rate, subtype) in recordings.items():
        files[Path(name).stem] = folder / name
        soundfile.write(folder / name, samples, rate, subtype=subtype)
    return files


def long_sound(file: Path, seconds: float = 35.0) -> Path:
    """A recording longer than Whisper's 30 seconds: beeps and noise in turns."""
    parts = [tone(1.5, pitch=300 + 20 * i) if i % 2 else noise(1.5, seed=i) for i in range(40)]
    soundfile.write(file, np.concatenate(parts)[: round(seconds * 16_000)], 16_000)
    return file


# Texts


def texts(folder: Path) -> Files:
    """UTF-8 files: one sentence, several windows of text, and characters beyond ASCII."""
    contents = {"short": SHORT_TEXT, "long": LONG_TEXT, "unicode": UNICODE_TEXT}
    files = {}
    for name, content in contents.items():
        files[name] = folder / f"{name}.txt"
        files[name].write_text(content, encoding="utf-8")
    return files


def texts_of(task: Any, usual: Sequence[str]) -> list[str]:
    """What a task of texts is asked: the usual ones, unless it needs others."""
    return list(task.samples.texts or usual)


def words_of(task: Any) -> list[str]:
    """The options of a task's samples as words of a command line."""
    return [
        word
        for name, value in task.samples.options.items()
        for one in (value if isinstance(value, tuple) else (value,))
        for word in (f"--{name.replace('_', '-')}", str(one))
    ]


@contextmanager
def one_window() -> Iterator[None]:
    """Let few inputs share batches as many do: the first windows of a run are small."""
    with mock.patch("taskcli.engine.collating.window_edges", lambda *_: iter([sys.maxsize])):
        yield


# Broken files


def broken_images(folder: Path) -> Files:
    whole = folder / "whole.jpg"
    scene(96, 64).save(whole)
    data = whole.read_bytes()
    whole.unlink()
    return _write(
        folder,
        {"not-an-image.jpg": b"just text", "cut.jpg": data[: len(data) // 2], "empty.png": b""},
    )


def broken_sounds(folder: Path) -> Files:
    """`silent.wav` is a sound file without a single sample."""
    files = _write(folder, {"not-a-sound.wav": b"just text", "empty.wav": b""})
    files["silent"] = folder / "silent.wav"
    soundfile.write(files["silent"], np.zeros(0, dtype=np.float32), 16_000)
    return files


def broken_texts(folder: Path) -> Files:
    contents = {"empty.txt": b"", "blank.txt": b" \n\n ", "latin.txt": b"caf\xe9 \xff\xfe"}
    return _write(folder, contents)


def _write(folder: Path, contents: Mapping[str, bytes]) -> Files:
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return {Path(name).stem: folder / name for name in contents}
