"""A recording as a waveform in frames, or as a spectrogram; and a CTC path, collapsed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.explain.seen import Seen
from taskcli.explain.stages import INPUT
from taskcli.explain.views.beginning import Beginning, beginning, seconds_between
from taskcli.explain.views.ctc_path import BLANK, Path, best_path
from taskcli.explain.views.kinds import Frame, Maps, Piece, Rows, View, Wave

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array

WANTED = ("*feature_projection",)  # whose answers are one vector a frame
_MOST_NUMBERS = 1_000_000  # of a spectrogram


def draw(seen: Seen) -> Iterator[View]:
    start, path = beginning(seen), best_path(seen) if seen.task.name == "asr" else None
    if path is not None:
        yield _with_letters(path)
        yield _collapsed(seen, path)
    elif count := _vectors(seen, start):
        yield _in_frames(start, seconds_between(seen, start, count))
    spectrogram = _spectrogram(seen, start)
    if spectrogram is not None:
        yield Maps(
            INPUT,
            "Spectrogram",
            "What the model is given: how loud each pitch is at each moment, low ones at the "
            "bottom, time from left to right, on a scale of the checkpoint's own. What lies behind "
            "the recording's end is padding.",
            [Frame(spectrogram)],
        )


def _vectors(seen: Seen, start: Beginning) -> int | None:
    """How many vectors were made of the part that was heard first."""
    for path, calls in seen.calls.items():
        if not path.endswith("feature_projection"):
            continue
        outputs = calls[min(start.batch, len(calls) - 1)].outputs
        if outputs and outputs[0].ndim == 3:
            return int(outputs[0].shape[1])
    return None


def _in_frames(start: Beginning, step: float) -> Wave:
    return Wave(
        INPUT,
        "Waveform",
        f"The recording as it is heard: one channel, {start.rate:,} numbers a second. The feature "
        f"encoder makes one vector of every {step * 1e3:.3g} milliseconds, though each hears a "
        f"little more than its own.{start.of_what}",
        start.samples,
        start.rate,
        step,
    )


def _with_letters(path: Path) -> Wave:
    ends = [min((place + 1) * path.step, path.start.seconds) for place in range(len(path.labels))]
    ends[-1:] = [path.start.seconds] if path.is_whole else ends[-1:]
    pieces = [
        Piece(place * path.step, end, letter, kept)
        for place, (end, letter, kept) in enumerate(zip(ends, path.letters, path.kept, strict=True))
    ]
    samples = path.start.samples[: round(ends[-1] * path.start.rate)]
    return Wave(
        INPUT,
        "Waveform and path",
        f"Every {path.step * 1e3:.3g} milliseconds have one vector, and the likeliest letter for "
        f"it; {BLANK} is the blank. Faint letters are repeats and blanks, which the text lacks. A "
        f"letter stands where the model wrote it, which is near its sound."
        f"{path.of_what}",
        samples,
        path.start.rate,
        path.step,
        pieces,
    )


def _collapsed(seen: Seen, path: Path) -> Rows:
    rows = [
        ("Likeliest at every moment", _in_a_row(path.letters)),
        ("Repeats joined", _in_a_row(path.joined)),
        ("Blanks taken out", _in_a_row(path.written)),
    ]
    if path.is_whole:
        rows.append(("The answer", seen.result.text))
    return Rows(
        "",
        "From path to text",
        f"A letter that is heard for several moments is one letter; where it is to come twice, a "
        f"blank ({BLANK}) stands between.{path.of_what}",
        ("step", "letters"),
        rows,
    )


def _in_a_row(letters: Sequence[str]) -> str:
    """Tokens of several letters stand apart."""
    return ("" if all(len(one) == 1 for one in letters) else " ").join(letters)


def _spectrogram(seen: Seen, start: Beginning) -> "Array | None":
    """[bands, moments], low bands last; None of a model that is given no such thing."""
    inputs = seen.batches[start.batch].inputs
    given = inputs.get("input_features", inputs.get("input_values"))
    bands = _bands(seen)
    if given is None or given.ndim != 3 or bands not in given.shape[1:]:
        return None
    rows: Array = given[start.row].float().cpu().numpy()
    upright = rows if rows.shape[0] == bands else rows.T
    return upright[::-1, : _MOST_NUMBERS // bands].copy()


def _bands(seen: Seen) -> Any:
    extractor = getattr(seen.task.processor, "feature_extractor", seen.task.processor)
    names = ("num_mel_bins", "feature_size")
    return next((found for one in names if (found := getattr(extractor, one, None))), None)
