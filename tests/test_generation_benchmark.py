"""benchmarks/generation.py: what it counts are the texts' own tokens, and all write the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_everybody_writes_the_same_and_its_tokens_are_counted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.generation", "--quick", "--cache", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    measured = json.loads((tmp_path / "generation.json").read_text())
    ours, *others = measured["fixed"]
    assert ours["name"] == "taskcli"
    assert ours["tokens"] == [6, 6, 6, 6]
    assert any(other["name"].startswith("generate() float32") for other in others)
    assert "taskcli int8" in {other["name"] for other in others}
    for other in others:
        if other["name"].startswith("generate()"):
            assert other["texts"] == ours["texts"]
            assert other["tokens"] == ours["tokens"]
    compacted, whole, _ = measured["mixed"]
    assert compacted["texts"] == whole["texts"]
    assert compacted["tokens"] == whole["tokens"]
    assert len(set(compacted["tokens"])) > 1  # some end before others
    gain = whole["core_ms"] / compacted["core_ms"]
    assert f"made taskcli {gain:.2f} times as fast" in (tmp_path / "generation.md").read_text()
