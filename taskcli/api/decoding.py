"""How inputs are opened for a checkpoint, and what a user may change of it."""

from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from taskcli.errors import InputError
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.media.items import MOST_PIXELS, ImageInput, Item, Media
from taskcli.media.source import Source
from taskcli.task import Task
from taskcli.tasks import TASKS

if TYPE_CHECKING:
    from taskcli.media.decode.decoder import Decoder
    from taskcli.runtime.session import Session


@dataclass(frozen=True)
class DecodeLimits:
    """Guards and readings that the command line lets a user change, named as its options."""

    max_pixels: int = MOST_PIXELS
    max_duration: float = 6.0  # hours
    track: int | None = None  # of sound, from 1
    encoding: str = AUTO
    levels: str = "full"
    truncated: bool = False


def decoder(task: type[Task[Any, Any, Any]], session: "Session", limits: DecodeLimits) -> "Decoder":
    """What opens the inputs of a task as its checkpoint wants them."""
    from taskcli.media.decode.decoder import Decoder

    wanted = {name: getattr(session, name) for name in MEDIA[task.media].told}
    return Decoder(
        task.media,
        **wanted,
        final_newline=task.final_newline,
        task=task.name,
        readers=_readers(),
        **asdict(limits),
    )


def _readers() -> dict[Media, str]:
    """The tasks of each medium."""
    return {media: ", ".join(t.name for t in TASKS if t.media is media) for media in Media}


def whole(item: Item | None, source: Source, opened: "Decoder") -> Item | None:
    """The item; a picture of which a smaller one was kept is decoded once more."""
    if isinstance(item, ImageInput) and item.image.size != item.size:
        with suppress(InputError):  # the file may have gone since
            return replace(opened, picture_side=None)(source)
    return item
