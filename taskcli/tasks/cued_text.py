"""Subtitles as sentences that a model is given, whose answers become as many cues."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from taskcli.media.subtitles import Subtitles
from taskcli.media.word_boundaries import stands_close
from taskcli.results import Translation
from taskcli.tasks.cue_laying import Run, laid
from taskcli.tasks.cue_pieces import Piece, runs_of
from taskcli.tasks.parting import Seamed


@dataclass(frozen=True, slots=True)
class CuedText:
    """A division of subtitles; of its answers there are as many cues as before."""

    subtitles: Subtitles
    runs: tuple[Run, ...]

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(chain.from_iterable(run.parted.given for run in self.runs if run.parted))

    @property
    def cut(self) -> bool:
        return any(run.parted is not None and run.parted.cut for run in self.runs)

    def joined(self, answers: Sequence[str]) -> str:
        """What is said, a line for each sentence or speaker."""
        return "\n".join(
            text
            for run, own in self._answered(answers)
            if (text := run.parted.joined(own) if run.parted else run.text.strip())
        )

    def used(self, answers: Sequence[str]) -> list[bool]:
        pairs = self._answered(answers)
        return [one for run, own in pairs if run.parted for one in run.parted.used(own)]

    def lost(self, answers: Sequence[str]) -> int:
        return sum(run.parted.lost(own) for run, own in self._answered(answers) if run.parted)

    def translation(self, answers: Sequence[str]) -> Translation:
        texts: list[list[str]] = [[] for _ in self.subtitles.cues]
        for run, own in self._answered(answers):
            found = laid(run, own, self.subtitles.is_webvtt)
            for piece, text in zip(run.pieces, found, strict=True):
                texts[piece.cue].append(text)
        cues = [
            replace(cue, text="\n".join(own))
            for cue, own in zip(self.subtitles.cues, texts, strict=True)
        ]
        return Translation(self.joined(answers), tuple(cues), self.subtitles.head)

    def _answered(self, answers: Sequence[str]) -> Iterator[tuple[Run, Sequence[str]]]:
        at = 0
        for run in self.runs:
            count = len(run.parted.given) if run.parted else 0
            yield run, answers[at : at + count]
            at += count


def cued_text(subtitles: Subtitles, parted: Callable[[str], Seamed]) -> CuedText:
    """The sentences of subtitles, each parted as a text alone is."""
    return CuedText(subtitles, tuple(_run(run, parted) for run in runs_of(subtitles)))


def _run(pieces: list[Piece], parted: Callable[[str], Seamed]) -> Run:
    text, starts = "", []
    for piece in pieces:
        text += "" if not text or stands_close(text, piece.text) else " "
        starts.append(len(text))
        text += piece.text
    return Run(pieces, text, starts, parted(text) if pieces[0].is_said else None)
