"""How inputs are opened for a checkpoint, and what a user may change of it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from taskcli.config.input_options import ALL
from taskcli.errors import InputError
from taskcli.inputs.keeping import Keep
from taskcli.inputs.reading import Reading
from taskcli.media import MEDIA
from taskcli.media.items import ImageInput, Item, LongSound, Media
from taskcli.media.source import Source
from taskcli.remote.ahead import fetched_ahead
from taskcli.task import Task
from taskcli.tasks import TASKS

if TYPE_CHECKING:
    from taskcli.media.decode.decoder import Decoder


# Values by the names of a medium's input options. Those that say nothing of decoding are passed
# over.
DecodeOptions = Mapping[str, object]


def decoder(task: type[Task[Any, Any, Any]], session: object, options: DecodeOptions) -> "Decoder":
    """What opens the inputs of a task as its checkpoint wants them, and as the user says.

    `session` has the properties that its medium lists as `told`.
    """
    from taskcli.media.decode.decoder import Decoder

    row = MEDIA[task.media]
    settings = row.load_settings()
    said = {field.name: options[field.name] for field in fields(settings) if field.name in options}
    wanted = {name: getattr(session, name) for name in row.told}
    return Decoder(task.media, settings(**said, **wanted), task.name, _readers())


def _readers() -> dict[Media, str]:
    """The tasks of each medium."""
    return {media: ", ".join(t.name for t in TASKS if t.media is media) for media in Media}


def reading(
    task: type[Task[Any, Any, Any]], field: str | None, keep: str | Iterable[str]
) -> Reading:
    """How a call reads rows: which column is the input, and which stay beside its answer."""
    names = (keep,) if isinstance(keep, str) else tuple(keep)
    kept = Keep(() if names == (ALL,) else names) if names else None
    return Reading(task.media, task.text_fields, field=field, chats=task.chats, keep=kept)


def fetched(sources: Iterable[Source], live: bool) -> Iterator[Source]:
    """The sources; what of them is elsewhere is on its way. Of `live` ones none is held back."""
    return fetched_ahead(
        sources,
        lambda source: source.remote,
        lambda source, file: replace(source, remote=file),
        live,
    )


def as_shown(item: Item) -> Item:
    """The item as a run keeps it for who looks at it."""
    if isinstance(item, ImageInput):
        from taskcli.media.decode.image import SHOWN, reduced

        return reduced(item, SHOWN)
    if isinstance(item, LongSound):
        for _ in item.read():
            pass
    return item


def whole(item: Item | None, source: Source, opened: "Decoder") -> Item | None:
    """The item; a picture of which a smaller one was kept, or none, is decoded once more."""
    if isinstance(item, ImageInput) and not (item.has_pixels and item.image.size == item.size):
        with suppress(InputError):  # the file may have gone since
            return opened.with_settings(picture_side=None)(source)
    return item
