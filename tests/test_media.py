"""MEDIA: one row tells all that the program knows of a medium, and nobody else asks which it is."""

import ast
import io
import wave
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import taskcli
from taskcli.config.input_options import InputOptions
from taskcli.media import MEDIA
from taskcli.media.decode.decoder import Decoder
from taskcli.media.items import Media
from taskcli.media.source import Source
from taskcli.tasks import BY_NAME

PACKAGE = Path(taskcli.__file__).parent
ELSEWHERE = [
    path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] != "media"
]


def test_every_medium_has_a_row() -> None:
    assert set(MEDIA) == set(Media)


@pytest.mark.parametrize("media", Media)
def test_a_row_names_what_there_is(media: Media) -> None:
    import transformers

    row = MEDIA[media]
    assert callable(row.load_decoder())
    assert issubclass(row.load_options(), InputOptions)
    assert hasattr(transformers, row.processor)
    assert BY_NAME[row.task].media is media
    others = [other.extensions for name, other in MEDIA.items() if name is not media]
    assert not row.extensions & frozenset().union(*others)


@pytest.mark.parametrize("media", Media)
def test_somebody_decides_each_setting_of_a_decoder(media: Media) -> None:
    """The user by an option of that name, or the checkpoint; `claim` is who decodes."""
    row = MEDIA[media]
    settings, options = ({one.name for one in fields(kind)} for kind in _kinds(media))
    assert set(row.told) <= settings
    assert settings - set(row.told) - {"claim"} <= options


def _kinds(media: Media) -> tuple[Any, Any]:
    return MEDIA[media].load_settings(), MEDIA[media].load_options()


@pytest.mark.parametrize("media", Media)
def test_the_decoder_of_a_row_makes_its_items(media: Media) -> None:
    item = Decoder(media)(Source("-", data=_content(media)))
    assert isinstance(item, MEDIA[media].items)


def _content(media: Media) -> bytes:
    written = io.BytesIO()
    if media is Media.IMAGE:
        Image.new("RGB", (8, 8)).save(written, "PNG")
    elif media is Media.AUDIO:
        with wave.open(written, "wb") as sound:
            sound.setparams((1, 2, 16_000, 0, "NONE", ""))
            sound.writeframes(bytes(32_000))
    else:
        return b"A text."
    return written.getvalue()


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_else_asks_which_medium_it_is(path: Path) -> None:
    """A comparison with one, or a table by medium, would be a second place to extend."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        keys = node.keys if isinstance(node, ast.Dict) else []
        named = {ast.unparse(part) for part in (*compared, *keys) if part is not None}
        assert not named & {f"Media.{media.name}" for media in Media}, ast.unparse(node)
