"""--watch: files that come into a folder are answered as they come."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished

from taskcli.inputs import watching

SOUNDS = Path(__file__).parents[1] / "examples" / "sounds"
SOON = 60.0  # seconds; a slow machine loads for some
Run = Callable[..., Finished]


@pytest.fixture
def watch(spawn: Any) -> Iterator[Callable[..., Any]]:
    Path("inbox").mkdir()

    def call(*words: str) -> Any:
        given = ("classify-audio", "inbox", "--watch", "-m", "starter", "-o", "out.jsonl", *words)
        return spawn(sys.executable, "-m", "taskcli", *given)

    yield call


def answered(count: int) -> list[dict[str, Any]]:
    """The records, once there are so many."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        lines = Path("out.jsonl").read_text().splitlines() if Path("out.jsonl").exists() else []
        if len(lines) >= count:
            return [json.loads(line) for line in lines]
        time.sleep(0.05)
    raise AssertionError(f"{count} records did not come")


@pytest.mark.long
def test_files_that_come_are_answered_until_interrupted(watch: Any, run: Run) -> None:
    process = watch()
    for number, name in enumerate(("one.wav", "other.wav"), 1):
        shutil.copy(SOUNDS / "yes.wav", f"inbox/{name}")
        record = answered(number)[-1]
        assert record["input"] == f"inbox/{name}"
        assert record["result"][0]["label"] == "yes"
    Path("inbox/notes.txt").write_text("not a recording")
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, stderr = process.communicate(timeout=SOON)
    assert process.returncode == 130
    assert time.monotonic() - began < 15
    assert b"goes on" in stderr
    assert len(answered(2)) == 2
    shutil.copy(SOUNDS / "yes.wav", "inbox/again.wav")
    words = ("classify-audio", "inbox", "--watch", "-m", "starter", "-o", "out.jsonl", "--resume")
    assert run(*words, "--limit", 3).exit_code == 0
    assert [one["input"] for one in answered(3)][2:] == ["inbox/again.wav"]


def test_a_file_is_answered_once_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path("slow.bin")
    sizes = iter([0, 10, 20])
    looked: list[int] = []

    def grow(_: float) -> None:
        if (size := next(sizes, None)) is not None:
            file.write_bytes(bytes(size))

    monkeypatch.setattr(time, "sleep", grow)

    def find() -> list[str]:
        looked.append(file.stat().st_size if file.exists() else -1)
        return ["slow.bin"] if file.exists() else []

    arrived = watching.arriving(find, ["known.bin"])
    assert next(arrived) == "slow.bin"
    assert looked == [-1, 0, 10, 20, 20]


def test_each_file_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["a", "b", "known"]
    for name in names:
        Path(name).write_text(name)
    later = iter(["c", "d"])

    def grow(_: float) -> None:
        if (name := next(later, None)) is not None:
            Path(name).write_text(name)
            names.append(name)

    monkeypatch.setattr(time, "sleep", grow)
    arrived = watching.arriving(lambda: list(names), ["known"])
    assert [next(arrived) for _ in range(4)] == ["a", "b", "c", "d"]


@pytest.mark.long
def test_what_is_still_written_at_the_start_is_waited_for(watch: Any) -> None:
    Path("inbox/empty.wav").touch()
    for name, changed in {"fresh": time.time() + 3600, "old": 0}.items():
        shutil.copy(SOUNDS / "yes.wav", f"inbox/{name}.wav")
        os.utime(f"inbox/{name}.wav", (changed, changed))
    process = watch("--limit", "3")
    assert [one["input"] for one in answered(2)] == ["inbox/old.wav", "inbox/fresh.wav"]
    shutil.copy(SOUNDS / "yes.wav", "inbox/empty.wav")
    assert [one["input"] for one in answered(3)][2:] == ["inbox/empty.wav"]
    assert process.wait(timeout=SOON) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("yes.wav",), "--watch waits for files in folders"),
        (("inbox", "--sample", 2), "--watch has no last"),
        (("inbox", "--save-dir", "inbox"), "--save-dir inbox lies in inbox"),
        (("inbox", "-r", "--save-dir", "inbox/seen"), "--save-dir inbox/seen lies in inbox"),
    ],
)
def test_what_cannot_be_watched_is_refused(run: Run, words: Any, said: str) -> None:
    Path("inbox").mkdir()
    shutil.copy(SOUNDS / "yes.wav", ".")
    done = run("asr", *words, "--watch", "-m", "starter")
    assert done.exit_code == 2
    assert said in done.stderr
