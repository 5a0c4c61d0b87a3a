"""The best path through a CTC head's letters, and what is taken out of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from taskcli.explain.seen import Seen
from taskcli.explain.views.beginning import Beginning, beginning, seconds_between

BLANK = "–"  # as it is shown; vocabularies call it <pad>, mostly


@dataclass(frozen=True)
class Path:
    """`labels` are those of the frames that are shown, of `step` seconds each."""

    start: Beginning
    labels: Sequence[int]
    step: float
    blank: int | None
    letters: Sequence[str]  # of the labels, a blank as it is shown
    is_whole: bool  # whether these are all frames of the recording

    @property
    def kept(self) -> Sequence[bool]:
        """Of each frame, whether the text has its letter: it is neither a repeat nor a blank."""
        before = [None, *self.labels]
        return [
            one not in (last, self.blank) for one, last in zip(self.labels, before, strict=False)
        ]

    @property
    def joined(self) -> Sequence[str]:
        """Without repeats: of letters that stand together one."""
        return [next(run)[1] for _, run in groupby(self._labelled(), lambda labelled: labelled[0])]

    @property
    def written(self) -> Sequence[str]:
        """Without repeats, then without blanks."""
        return [letter for letter, kept in zip(self.letters, self.kept, strict=True) if kept]

    @property
    def of_what(self) -> str:
        """A sentence for what is left out, if anything is."""
        seconds = len(self.labels) * self.step
        return "" if self.is_whole else f" Shown are the first {seconds:.3g} seconds."

    def _labelled(self) -> Iterator[tuple[int, str]]:
        return zip(self.labels, self.letters, strict=True)


def best_path(seen: Seen) -> Path | None:
    """None of a model that does not write frame by frame."""
    start = beginning(seen)
    labels, count = _labels(seen, start)
    step = seconds_between(seen, start, count)
    shown = labels[: round(start.seconds / step)]
    is_whole = start.is_whole and len(shown) == len(labels)
    blank = seen.task.processor.tokenizer.pad_token_id
    return Path(start, shown, step, blank, letters_of(seen, shown), is_whole) if shown else None


def _labels(seen: Seen, start: Beginning) -> tuple[Sequence[int], int]:
    """The labels that were kept of the part heard first, and how many it had."""
    from taskcli.tasks.asr.ctc import BestLabels

    best: Any = seen.outputs[start.batch]
    if isinstance(best, BestLabels):
        batch, parts = seen.batches[start.batch], list(seen.parts[start.batch])
        heard = seen.task.postprocess(best, batch, parts)[start.row]
        count = len(best.labels[start.row]) if best.valid is None else int(best.valid[start.row])
        return heard.result.labels, count
    if type(seen.task.model).__name__.endswith("ForCTC"):  # whose generate() gives such labels
        return best[start.row].tolist(), len(best[start.row])
    return (), 0


def letters_of(seen: Seen, labels: Sequence[int]) -> Sequence[str]:
    tokenizer = seen.task.processor.tokenizer
    names = {one: str(tokenizer.convert_ids_to_tokens(one)) for one in set(labels)}
    names[tokenizer.pad_token_id] = BLANK
    return [names[one] for one in labels]
