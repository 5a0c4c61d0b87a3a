"""The bare limits: the least that the host must do for an input, by the libraries themselves.

Each takes all inputs of a pass and a pool of as many threads as taskcli has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image

from benchmarks import corpus, instant

Bare = Callable[[Any, Sequence[str], ThreadPoolExecutor], None]

_RATE = 16_000
_REGIONS = 10


def pictures(side: int, size: tuple[int, int]) -> Bare:
    """Decode a JPEG no larger than twice `side` needs, and make it `size` (width, height)."""
    return _each(lambda path: _picture(path, side, size))


def regions(size: tuple[int, int], original: tuple[int, int]) -> Bare:
    """That, and COCO's code of ten masks (width, height) by pycocotools."""
    from pycocotools import mask as coco

    def one(path: str) -> None:
        _picture(path, min(size), size)
        coco.encode(_masks(*original))

    return _each(one)


def depths(size: tuple[int, int], original: tuple[int, int]) -> Bare:
    """That, and a map of depths made as large as the original by Pillow."""
    answer = Image.fromarray(np.random.default_rng(0).random(size[::-1], np.float32))

    def one(path: str) -> None:
        _picture(path, max(size), size)
        answer.resize(original, Image.Resampling.BICUBIC)

    return _each(one)


def sounds(processor: Any, paths: Sequence[str], pool: ThreadPoolExecutor) -> None:
    """Read by soundfile, mixed to one channel, resampled by soxr."""
    list(pool.map(_sound, paths))


def tokens(tokenizer: Any, texts: Sequence[str], pool: ThreadPoolExecutor) -> None:
    """One call of the tokenizer, which spreads over the cores by itself."""
    tokenizer(list(texts))


def pairs(tokenizer: Any, texts: Sequence[str], pool: ThreadPoolExecutor) -> None:
    tokenizer([corpus.QUESTION] * len(texts), list(texts))


def prompts(tokenizer: Any, texts: Sequence[str], pool: ThreadPoolExecutor) -> None:
    """Tokens of the prompts, and the text of as many new tokens as are generated."""
    tokenizer(list(texts))
    new = np.random.default_rng(0).integers(1, len(tokenizer), (len(texts), instant.NEW_TOKENS))
    tokenizer.batch_decode(new.tolist())


def _each(one: Callable[[str], object]) -> Bare:
    def bare(processor: Any, paths: Sequence[str], pool: ThreadPoolExecutor) -> None:
        list(pool.map(one, paths))

    return bare


def _picture(path: str, side: int, size: tuple[int, int]) -> Image.Image:
    with Image.open(path) as image:
        image.draft(None, (2 * side, 2 * side))
        return image.convert("RGB").resize(size, Image.Resampling.BILINEAR)


def _sound(path: str) -> NDArray[np.float32]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mixed = (samples[:, 0] + samples[:, 1]) * np.float32(0.5)
    return np.asarray(soxr.resample(mixed, rate, _RATE))


@cache
def _masks(width: int, height: int) -> NDArray[np.uint8]:
    """[height, width, masks], column by column, as pycocotools wants it."""
    found = (instant.blobs(_REGIONS, height, width) > 0).permute(1, 2, 0)
    return np.asfortranarray(found.numpy().astype(np.uint8))
