"""What `make bench-host` measures: that it measures what it says, not how fast anything is."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from checkpoints import BY_TASK
from models import load

from benchmarks.hostrow import ENGINE, PARTS, WRITE
from benchmarks.inputs import sources_of
from benchmarks.instant import plan_for_accelerator
from benchmarks.meter import Meter
from taskcli.runtime.session import Session

pytestmark = pytest.mark.long

PATHS = ["images-640", "texts-100-qa", "asr-6s-words", "generate"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], str]:
    """The rows and the page of a smoke test of one core."""
    folder = tmp_path_factory.mktemp("host")
    words = [*PATHS, "--quick", "--cores", "1", "--cache", str(folder)]
    command = [sys.executable, "-m", "benchmarks.host", *words]
    subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True)
    return json.loads((folder / "host.json").read_text()), (folder / "host.md").read_text()


def test_rows_say_what_was_asked_and_answered(measured: Any) -> None:
    rows, _ = measured
    assert [(row["path"], row["cores"]) for row in rows] == [(path, 1) for path in PATHS]
    assert all(row["answered"] == row["inputs"] > 0 for row in rows)


def test_ratio_is_of_the_limit(measured: Any) -> None:
    rows, _ = measured
    assert all(row["ratio"] == pytest.approx(row["rate"] / row["limit"]) for row in rows)


def test_stages_add_up_to_what_an_input_takes(measured: Any) -> None:
    rows, _ = measured
    for row in rows:
        stages = dict(row["stages"])
        assert sum(stages.values()) == pytest.approx(row["core_ms"])
        # Clocks of threads and that of the process are read at different times.
        rest = stages.pop(ENGINE)
        assert rest > -0.05 * row["core_ms"]
        assert all(spent >= 0 for spent in stages.values())
        assert stages["decode"] + stages["encode"] > 0 < stages[WRITE]


def test_the_page_tells_every_row_and_what_is_left_out(measured: Any) -> None:
    rows, page = measured
    for row in rows:
        assert f"| {row['path']} | 1 | " in page
    assert f"| path | cores | {' | '.join(PARTS)} |" in page
    assert "Left out: the forward pass" in page
    assert "the figures mean nothing" in page


def test_batches_are_those_of_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """120 texts leave windows of 1, 2, 4, ..., 32 and 57, none of which is cut."""
    model = load("classify-text", BY_TASK["classify-text"][0])
    sizes: list[int] = []
    collate = Session.collate

    def noted(session: Session, parts: list[Any]) -> Any:
        sizes.append(len(parts))
        return collate(session, parts)

    monkeypatch.setattr(Session, "collate", noted)
    texts = ["The cat sat on the wall and saw the dog. " * 5] * 120
    run = model.run(sources_of(model, texts, texts=True), looked_at=False)
    plan_for_accelerator(run)
    assert all(answer.record.error is None for answer in run.answers())
    assert sizes == [1, 2, 4, 8, 16, 32, 57]


def test_unknown_paths_are_refused() -> None:
    command = [sys.executable, "-m", "benchmarks.host", "texts-1"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "texts-1" in done.stderr


def spin(rounds: int) -> int:
    return sum(range(rounds))


def test_what_is_timed_within_another_counts_once() -> None:
    meter = Meter()
    inner = meter.timed("inner", spin)
    outer = meter.timed("outer", lambda: inner(3_000_000))
    outer()
    assert meter.seconds["inner"] > meter.seconds["outer"] > 0


def test_lazy_values_are_timed_as_they_come() -> None:
    meter = Meter()
    lazy = meter.timed("lazy", lambda: (spin(1_000_000) for _ in range(3)))()
    begun = meter.seconds["lazy"]
    assert next(lazy) == spin(1_000_000)
    assert meter.seconds["lazy"] > 2 * begun


def test_threads_that_a_stage_begins_are_its_own() -> None:
    meter = Meter()

    def work() -> None:
        thread = threading.Thread(target=spin, args=(3_000_000,))
        thread.start()
        thread.join()

    meter.timed("alone", work)()
    with meter.following():
        meter.timed("followed", work)()
    assert meter.seconds["followed"] > 10 * meter.seconds["alone"]
