"""The files of an input: one for each view, named after it and its stage."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from textwrap import shorten

from taskcli.errors import InputError
from taskcli.explain.drawing import figures, sheets
from taskcli.explain.explaining import Explanation
from taskcli.explain.stages import Stage, stage_with
from taskcli.explain.views.kinds import Looks, Maps, View
from taskcli.media.items import Item
from taskcli.output.artifacts.encode import slug
from taskcli.output.filesystem.files import Files
from taskcli.results import Failure

_LONGEST = 40  # letters of a title in a name
_DETAILS = "[:,] (?![^“]*”)"  # what begins them in a title, but in words that it quotes


class Saver:
    """Writes the files of each input before its record names them."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def save(self, explanation: Explanation) -> Explanation:
        """The explanation with the files that were written; one without an answer has none."""
        record, look = explanation.record, explanation.look
        if record.error is not None or look is None:
            self._files.name(record.input)  # kept for it, so that a later run names all alike
            return explanation
        try:
            files = self._files.write(record.input, _drawn(explanation))
        except InputError as failure:
            why = Failure(type(failure).__name__, failure.message, failure.hint)
            return replace(explanation, record=replace(record, result=None, error=why))
        return replace(explanation, record=replace(record, files=(*record.files, *files)))


def _drawn(explanation: Explanation) -> Iterator[tuple[str, bytes]]:
    """What is added to the input's name, and the bytes."""
    look, times = explanation.look, Counter[str]()
    assert look is not None
    for view in look.views:
        stage = stage_with(explanation.stages, view.stage)
        ending, content = _file_of(_titled(view, stage), look.item)
        name = _name(view, stage)
        times[name] += 1
        number = f"-{times[name]}" if times[name] > 1 else ""
        if content:
            yield f".{name}{number}{ending}", content


def _name(view: View, stage: Stage) -> str:
    """`encoder.features-at-1-4`: the stage, and what of the title stands before any details."""
    title = re.split(_DETAILS, view.title, maxsplit=1)[0]
    whole_words = shorten(title, _LONGEST, placeholder="")
    return f"{slug(stage.name)}.{slug(whole_words or title)}".lower()


def _titled(view: View, stage: Stage) -> View:
    return replace(view, title=f"{stage.name}: {view.title}")


def _file_of(view: View, item: Item | None) -> tuple[str, bytes]:
    if isinstance(view, Maps | Looks):
        return ".png", sheets.drawn(view, item)
    return ".svg", figures.drawn(view)
