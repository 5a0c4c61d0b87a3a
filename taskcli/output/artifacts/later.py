"""Pictures of one scale, known once all answers are: drawn at the end, from what is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from taskcli.media.items import ImageInput
from taskcli.media.source import Frame, Source
from taskcli.output.artifacts.encode import extension_of, to_look_at
from taskcli.output.artifacts.films import Films
from taskcli.output.filesystem.files import Files
from taskcli.output.writer import Layout
from taskcli.results import Record

if TYPE_CHECKING:
    from PIL.Image import Image


_Contents = Iterator[tuple[str, bytes]]  # (what is added to the input's name, the bytes)


class Scale(Protocol):
    """What many pictures have in common; `range` is what a layout has of it."""

    @property
    def range(self) -> str: ...
    def take(self, result: Any) -> None: ...
    def kept(self, file: Path) -> Any:
        """An answer again, from the last of the files that were left of it."""


class Look(Protocol):
    """How the answers of a task look, which have a scale."""

    SHOWN: str
    Scale: Callable[[], Scale]

    def beside(self, record: Record, layout: Layout) -> _Contents: ...
    def coloured(self, result: Any, layout: Layout) -> "Image": ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A picture that is still to be drawn, of what is kept in a file."""

    record: Record  # without its answer
    source: Source
    kept: Path
    picture: Path  # below the folder
    film: Frame | None  # which it is of a video


class Later:
    """What is kept of each picture in memory is its names: its answer is in a file of its own."""

    def __init__(
        self,
        files: Files,
        films: Films | None,
        layout: Layout,
        look: Look,
        wanted: Callable[[_Contents], _Contents],
    ) -> None:
        """`wanted` are those of what is left beside a picture that are to be written."""
        self._files, self._films, self._layout, self._look = files, films, layout, look
        self._wanted = wanted
        self._scale = look.Scale()
        self._waiting: list[_Waiting] = []

    def put_off(self, record: Record, source: Source) -> list[str]:
        """Write what is kept; the files of a record, of which the picture is still to come.

        Raises InputError where something else has a file's name.
        """
        name = self._files.name(record.input)
        film = self._film_of(source)
        picture = self._picture_of(record, name, film)
        if (refusal := self._files.refusal(picture)) is not None:
            raise refusal
        contents = self._wanted(self._look.beside(record, self._layout))
        beside = [self._files.put(name.with_name(name.name + one), data) for one, data in contents]
        self._scale.take(record.result)
        light = replace(record, result=None, item=None)
        self._waiting.append(_Waiting(light, _light(source), beside[-1], picture, film))
        return [str(path) for path in (self._files.path(picture), *beside)]

    def draw(self) -> Iterator[str]:
        """All pictures that wait; what is to be said of them."""
        layout = replace(self._layout, depth_range=self._scale.range)
        for one in self._waiting:
            image = self._look.coloured(self._scale.kept(one.kept), layout)
            if self._films is None or one.film is None:
                self._files.put(one.picture, to_look_at(image)[1])
                continue
            record = replace(one.record, item=ImageInput(image, image.size))
            yield from self._films.add(record, one.source, one.film, image, one.picture)[1]
        if self._waiting:
            yield f"all pictures are drawn with --depth-range {self._scale.range}"
        self._waiting = []

    def _film_of(self, source: Source) -> Frame | None:
        frame = source.frame
        return frame if self._films is not None and frame is not None and frame.filmed else None

    def _picture_of(self, record: Record, name: Path, film: Frame | None) -> Path:
        if self._films is not None and film is not None:
            return self._films.named(record, film)
        size = record.result.width, record.result.height
        return name.with_name(f"{name.name}{self._look.SHOWN}{extension_of(size)}")


def _light(source: Source) -> Source:
    """Without pixels that are decoded."""
    if source.frame is not None and source.frame.shot is not None:
        source.frame.shot.let_go()
    return source
