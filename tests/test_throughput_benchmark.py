"""What `make bench` keeps and leaves out: rows of a run that ended early, inputs of slow rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import taskcli
from benchmarks import stages, throughput
from benchmarks.fitting import Effort
from benchmarks.measuring import Plan
from benchmarks.report import Agreement, Measured, Pace
from benchmarks.stages import Limits
from benchmarks.sweep import settings
from benchmarks.workload import ROWS, Row

SCENES = Path(__file__).parent.parent / "examples" / "scenes"
SAME = Agreement(1.0, 0.0)
PASSES = (1.0, 2.0, 4.0)


def measured(row: Row, plan: Plan, seconds: float) -> Measured:
    """As if every pass had taken so long; the sweep tells its dtypes, the padding the time left."""
    paces = [Pace(8, tuple(times * one for one in PASSES), PASSES) for times in (1, 2, 4)]
    return Measured(
        row.name, row.title, 8, row.count, "float32", paces[0], "pipeline", "float32", paces[1],
        "float32, batch 8", paces[2], {f"{one}": 1.0 for one in settings(8, plan.dtypes)},
        Limits(9.0, 9.0, 9.0, 9.0, None, 2), seconds, SAME, SAME, 0.0,
    )  # fmt: skip


@pytest.mark.parametrize(("task", "inputs"), [
    ("classify-text", ["What a film!", "Nobody should see it twice."]),
    ("classify-image", [str(one) for one in sorted(SCENES.glob("*.png"))[:2]]),
])  # fmt: skip
def test_stages_are_measured_alone(task: str, inputs: list[str]) -> None:
    model = taskcli.load(task, "starter", device="cpu")
    row = next(one for one in ROWS if one.task == task)
    limits = stages.measure(model, row, inputs)
    assert min(limits.decode, limits.preprocess, limits.forward, limits.postprocess) > 0
    assert (limits.padding is not None) == row.texts


def bench(folder: Path, *words: str) -> Result:
    app = throughput.typer.Typer()
    app.command()(throughput.main)
    return CliRunner().invoke(app, ["--out", str(folder), *words])


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "throughput.json").read_text())["rows"]
    return found


def test_a_run_that_is_interrupted_keeps_its_rows_and_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def interrupted(row: Row, plan: Plan, seconds: float) -> Measured:
        asked.append(row.name)
        if row.name == "convnext-640" and asked.count(row.name) == 1:
            raise KeyboardInterrupt
        return measured(row, plan, seconds)

    monkeypatch.setattr(throughput, "measure", interrupted)
    words = ("--rows", "vit-640,vit-12mpx,convnext-640,gpt2")
    assert bench(tmp_path, *words).exit_code == 130
    before = rows(tmp_path)
    assert [row["name"] for row in before] == ["vit-640", "vit-12mpx"]
    assert bench(tmp_path, *words, "--resume").exit_code == 0
    assert asked == ["vit-640", "vit-12mpx", "convnext-640", "convnext-640", "gpt2"]
    assert rows(tmp_path)[:2] == before
    told = (tmp_path / "report.md").read_text()
    assert "convnext-640: ConvNeXT-T, 640x480 JPEGs, 8 of 96 inputs" in told
    assert "| gpt2 | 4.0 | 2.0 | 1.0 | 2.00 | 4.00 |" in told
    with Image.open(tmp_path / "throughput.png") as picture:
        assert picture.width == 800


def test_rows_of_other_settings_are_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "measure", measured)
    bench(tmp_path, "--rows", "vit-640", "--repeat", "3")
    bench(tmp_path, "--rows", "gpt2", "--repeat", "5", "--resume")
    assert [row["name"] for row in rows(tmp_path)] == ["gpt2"]


def test_what_a_processor_does_not_compute_fast_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "measure", measured)
    monkeypatch.setattr("benchmarks.sweep.computes_bfloat16", lambda device: False)
    bench(tmp_path, "--rows", "vit-640")
    assert not any("bfloat16" in setting for setting in rows(tmp_path)[0]["sweep"])
    told = (tmp_path / "report.md").read_text()
    assert "float32, without bfloat16, which this processor does not compute fast." in told
    bench(tmp_path, "--rows", "vit-640", "--dtypes", "float32,bfloat16")
    assert any("bfloat16" in setting for setting in rows(tmp_path)[0]["sweep"])
    assert "The sweep is in float32 and bfloat16. Other" in (tmp_path / "report.md").read_text()
    assert "unknown dtypes float8" in bench(tmp_path, "--dtypes", "float8").output


def test_slow_rows_get_the_fewer_inputs_and_none_under_two() -> None:
    def count(alone: float, together: float, seconds: float = 120) -> int:
        return Effort(alone, together).count(96, seconds, ("float32",), 3)

    assert count(0.001, 0.001) == 96
    assert count(8, 8) == 2
    some = count(0.5, 0.5)
    assert 2 < some < 96
    # Six batch sizes, two more contenders with three passes each, one for stages, one for answers.
    assert some * 0.5 * (5 + 9 + 2) <= 120 < (some + 1) * 0.5 * (6 + 9 + 2)
    assert count(0.5, 0.1) > some
    assert count(0.5, 0.5, 240) > some


def test_a_row_leaves_the_others_the_time_that_it_did_not_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput, "measure", measured)
    bench(tmp_path, "--rows", "vit-640,gpt2", "--minutes", "2")
    first, second = (row["tuned_padding"] for row in rows(tmp_path))
    assert first == pytest.approx(60, abs=5)
    assert second == pytest.approx(120, abs=10)
