"""Progress on stderr: inputs, or seconds of sound."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from samples import sounds

from taskcli.cli.run.progress import Bar, Recordings, showing
from taskcli.config.input_options import AudioInputOptions


def terminal(width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width)


def line(bar: Bar) -> str:
    """The bar as it stands now."""
    console = bar._progress.console
    with console.capture() as captured:
        console.print(*bar._progress.get_renderables())
    return captured.get()


def soon(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


def share(bar: Bar) -> float | None:
    task = bar._progress.tasks[0]
    return None if task.total is None else task.completed / task.total


def test_inputs_are_counted() -> None:
    with showing(terminal(), 4, None) as bar:
        bar.advance(0.0, "2.0/s")
        assert share(bar) == 0.25
        assert "1/4" in line(bar)
        assert "2.0/s" in line(bar)


def test_failures_are_counted_beside() -> None:
    with showing(terminal(), 4, None) as bar:
        bar.advance(0.0, "2.0/s")
        assert "failed" not in line(bar)
        bar.advance(0.0, "2.0/s", 1)
        assert "2/4, 1 failed" in line(bar)


def test_an_uncounted_run_has_no_end() -> None:
    with showing(terminal(), None, None) as bar:
        bar.advance(0.0, "2.0/s")
        assert share(bar) is None
        assert "1/?" in line(bar)


def test_recordings_are_as_far_as_their_sound() -> None:
    sounds(Path())
    with showing(terminal(), 2, Recordings(["tone.wav", "noise.wav"])) as bar:
        assert soon(lambda: share(bar) is not None)
        whole = bar._progress.tasks[0].total
        bar.advance(whole / 4, "9.0x real time")
        assert share(bar) == pytest.approx(0.25)
        assert "1/2" in line(bar)


def test_what_comes_through_a_pipe_is_only_counted() -> None:
    with showing(terminal(), 1, Recordings(())) as bar:
        bar.advance(3.0, "9.0x real time")
        assert share(bar) is None


def test_headers_still_unread_do_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "taskcli.media.decode.decoder.stated_seconds", lambda path: time.sleep(60) or 0.0
    )
    began = time.monotonic()
    with showing(terminal(), 1, Recordings(["slow.wav"])):
        pass
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_bar_fits_the_terminal(width: int) -> None:
    console = terminal(width)
    with showing(console, 10_000, None) as bar:
        for _ in range(3):
            bar.advance(0.0, "12.3/s")
        assert line(bar).count("\n") == 1


def test_of_a_stretch_the_whole_is_what_is_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(10 * 8_000), 8_000)
    soundfile.write(tmp_path / "b.wav", np.zeros(3 * 8_000), 8_000)
    inputs = AudioInputOptions(start="2", duration="5")
    recordings = Recordings.of([str(tmp_path / name) for name in ("a.wav", "b.wav")], inputs)
    with showing(terminal(), 2, recordings) as bar:
        assert soon(lambda: share(bar) is not None)
        assert bar._progress.tasks[0].total == pytest.approx(5 + 1)
