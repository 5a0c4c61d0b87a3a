"""Inputs as users have them, made on the spot from a seed: photographs and texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image

SEED = 7
SMALL = ((640, 480),)
# What a phone's folder holds: mostly 12 Mpx, some sent by others and therefore smaller.
CAMERA = ((4000, 3000), (4000, 3000), (4000, 3000), (2048, 1536), (4000, 3000), (1600, 1200))
_UPRIGHT = 6  # EXIF: the camera was held upright, so the picture lies on its side in the file
_QUALITY = 92
_COARSEST = 8  # pixels of the first level of the noise pyramid
_CONTRAST, _ROUGHNESS = 48.0, 0.74  # levels of the coarsest noise; what each finer one keeps of it
_COLOUR = 0.35  # chroma contrast over luma contrast

WORDS, PIECES = 21_000, 9_000  # whole words and continuations in the tokenizer's vocabulary
_RARE_WORDS = 6_000  # words that the tokenizer has to split
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MEDIAN, _SPREAD = 60, 1.0  # words of a text; sigma of their logarithm
_SHORTEST, _LONGEST = 5, 500  # words
_EQUAL = 100  # words
QUESTION = "what is that?"  # asked of any text

_SOUNDS = ("wav", "flac", "mp3")
_SOUND_RATE = 44_100  # samples a second, of two channels
_SYLLABLES = 4.0  # a second, by which the loudness of speech goes up and down
_CLIP_SECONDS = (2.0, 20.0)
_BAND = 5_000  # Hz: above, speech is faint


def photographs(folder: Path, count: int, sizes: Sequence[tuple[int, int]]) -> list[str]:
    """Paths of `count` JPEG files, (width, height) from `sizes` in turn; made where missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:04}.jpg" for index in range(count)]
    for index, path in enumerate(paths):
        if not path.exists():
            _write_photograph(path, sizes[index % len(sizes)], index)
    return [str(path) for path in paths]


def _write_photograph(path: Path, size: tuple[int, int], index: int) -> None:
    rng = np.random.default_rng([SEED, index, *size])
    exif = Image.Exif()
    exif[0x0112] = _UPRIGHT if size[0] > 1000 and index % 4 == 3 else 1
    unfinished = path.with_suffix(".part")
    photograph(*size, rng).save(unfinished, "JPEG", quality=_QUALITY, exif=exif)
    unfinished.rename(path)


def photograph(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """Clouds of light and colour with detail down to the pixel, as sensors and foliage give."""
    planes = [_noise(width, height, rng, _CONTRAST) + 110]
    for _ in range(2):
        colour = _noise(width // 4, height // 4, rng, _CONTRAST * _COLOUR) + 128
        planes.append(_resized(colour, width, height))
    levels = [Image.fromarray(np.clip(plane, 0, 255).astype(np.uint8)) for plane in planes]
    return Image.merge("YCbCr", levels)


def _noise(
    width: int, height: int, rng: np.random.Generator, contrast: float
) -> NDArray[np.float32]:
    """Noise of every scale [height,width]: each octave doubles the grid of the one before."""
    octaves = int(np.ceil(np.log2(max(width, height) / _COARSEST)))
    levels = np.zeros((1, 1), np.float32)
    for octave in range(octaves, -1, -1):
        wide, high = -(-width >> octave), -(-height >> octave)
        levels = _resized(levels, wide, high)
        levels += contrast * rng.standard_normal((high, wide), np.float32)
        contrast *= _ROUGHNESS
    return levels


def _resized(levels: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.array(Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC))


def recordings(folder: Path, count: int, seconds: float) -> list[str]:
    """Paths of `count` stereo recordings at 44.1 kHz, wav, flac and mp3 in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [_SOUNDS[index % len(_SOUNDS)] for index in range(count)]
    paths = [folder / f"{index:04}.{kind}" for index, kind in enumerate(kinds)]
    for index, path in enumerate(paths):
        if not path.exists():
            sound = _babble(round(seconds * _SOUND_RATE), np.random.default_rng([SEED, index]))
            unfinished = path.with_stem(f"{path.stem}-part")
            soundfile.write(unfinished, sound, _SOUND_RATE)
            unfinished.rename(path)
    return [str(path) for path in paths]


def clips(folder: Path, count: int) -> list[str]:
    """Paths of `count` recordings at 16 kHz, as wav, of 2 to 20 s."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:04}.wav" for index in range(count)]
    for index, path in enumerate(paths):
        if not path.exists():
            rng = np.random.default_rng([SEED + 3, index])
            sound = _babble(round(rng.uniform(*_CLIP_SECONDS) * _SOUND_RATE), rng)
            unfinished = path.with_stem(f"{path.stem}-part")
            soundfile.write(unfinished, soxr.resample(sound[:, 0], _SOUND_RATE, 16_000), 16_000)
            unfinished.rename(path)
    return [str(path) for path in paths]


def _babble(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise [count, 2] of the band and the rhythm of speech, as compressible as that."""
    spectrum = np.fft.rfft(rng.standard_normal((count, 2)), axis=0)
    pitches = np.fft.rfftfreq(count, 1 / _SOUND_RATE)
    spectrum *= (1 / (1 + (pitches / _BAND) ** 4))[:, None]
    loudness = np.sin(np.pi * _SYLLABLES * np.arange(count) / _SOUND_RATE) ** 2
    sound = np.fft.irfft(spectrum, count, axis=0) * loudness[:, None]
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def prompts(count: int) -> list[str]:
    """Texts of 5 to 30 words, to be gone on with."""
    rng = np.random.default_rng(SEED + 2)
    return [_text(int(words), rng) for words in rng.integers(5, 31, count)]


def mixed_texts(count: int) -> list[str]:
    """Texts of 5 to 500 words, their lengths long-tailed (log-normal)."""
    rng = np.random.default_rng(SEED)
    lengths = np.exp(rng.normal(np.log(_MEDIAN), _SPREAD, count))
    return [_text(int(words), rng) for words in np.clip(lengths, _SHORTEST, _LONGEST)]


def equal_texts(count: int) -> list[str]:
    """Texts of 100 words each."""
    rng = np.random.default_rng(SEED + 1)
    return [_text(_EQUAL, rng) for _ in range(count)]


def _text(words: int, rng: np.random.Generator) -> str:
    """Words by Zipf's law, a topic's own words among them, in sentences of about 15."""
    lexicon = [*vocabulary_words(), *_rare_words()]
    ranks = np.minimum(rng.zipf(1.3, words), len(lexicon)) - 1
    topic = rng.integers(len(lexicon), size=max(3, words // 4))
    ranks = np.where(rng.random(words) < 0.3, rng.choice(topic, words), ranks)
    chosen = [lexicon[rank] for rank in ranks]
    return " ".join(word + ("." if place % 15 == 14 else "") for place, word in enumerate(chosen))


@cache
def vocabulary_words() -> tuple[str, ...]:
    """Made-up words, the frequent ones shorter, each one token of the tokenizer."""
    return _made_up(WORDS, SEED)


@cache
def vocabulary_pieces() -> tuple[str, ...]:
    """What may follow within a word: letters, then syllables."""
    syllables = [a + b + c for b in "aeiou" for a in _LETTERS for c in ("", *_LETTERS)]
    pieces = dict.fromkeys(
        [*_LETTERS, *syllables, *(a + b for a in syllables[::3] for b in "aeiou")]
    )
    return tuple(pieces)[:PIECES]


@cache
def _rare_words() -> tuple[str, ...]:
    known = set(vocabulary_words())
    return tuple(word for word in _made_up(_RARE_WORDS, SEED + 1) if word not in known)


def _made_up(count: int, seed: int) -> tuple[str, ...]:
    """Distinct words of one to four syllables, about as long as English ones."""
    rng = np.random.default_rng(seed)
    words: dict[str, None] = {}
    while len(words) < count:
        syllables = 1 + int(1.5 * rng.random() + 2 * (len(words) / count) ** 0.2)
        words["".join(_syllable(rng) for _ in range(syllables))] = None
    return tuple(words)


def _syllable(rng: np.random.Generator) -> str:
    first, vowel, last = rng.integers(26), rng.integers(5), rng.integers(60)
    return _LETTERS[first] + "aeiou"[vowel] + (_LETTERS[last] if last < 26 else "")
