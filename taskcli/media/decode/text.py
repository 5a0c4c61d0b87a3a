"""Texts: the words of a document, or those that stand in a row or in the call itself."""

from typing import BinaryIO

from taskcli.errors import InputError
from taskcli.media import file_types
from taskcli.media.decode.settings import TextSettings
from taskcli.media.encodings import decoded
from taskcli.media.items import TextInput
from taskcli.media.source import Source


def decode(stream: BinaryIO, source: Source, settings: TextSettings) -> TextInput:
    """A whole document. Raises InputError for one that is empty or in another encoding."""
    content = stream.read()
    kind = file_types.kind_of(content[: file_types.HEAD], source.id)
    if kind is not None and kind.is_document(settings.input_format):
        text = kind.load_words()(content, settings.encoding)
    else:
        text = decoded(content, settings.encoding)
    if not settings.final_newline:
        text = text.removesuffix("\n").removesuffix("\r")
    return written(text, source)


def written(text: str, source: Source) -> TextInput:
    """What stands there, exactly as it is. Raises InputError for nothing but blanks."""
    if not text.strip():
        raise InputError("the text is empty")
    return TextInput(text, source.fields, id=source.id)
