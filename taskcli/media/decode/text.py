"""Texts: the words of a document, or those that stand in a row or in the call itself."""

from typing import BinaryIO

from taskcli.errors import InputError
from taskcli.media import file_types
from taskcli.media.decode.settings import TextSettings
from taskcli.media.encodings import decoded
from taskcli.media.items import TextInput
from taskcli.media.source import Source

_WITH_TAGS = "a web page, read with its tags; pandoc -t plain gives its words alone"


def decode(stream: BinaryIO, source: Source, settings: TextSettings) -> TextInput:
    """A whole document. Raises InputError for one that is empty or in another encoding."""
    content = stream.read()
    is_page = file_types.is_page(file_types.kind_of(content[: file_types.HEAD], source.id))
    text = decoded(content, settings.encoding)
    if not settings.final_newline:
        text = text.removesuffix("\n").removesuffix("\r")
    return written(text, source, (_WITH_TAGS,) if is_page else ())


def written(text: str, source: Source, warnings: tuple[str, ...] = ()) -> TextInput:
    """What stands there, exactly as it is. Raises InputError for nothing but blanks."""
    if not text.strip():
        raise InputError("the text is empty")
    return TextInput(text, source.fields, warnings, source.id)
