"""A sample of what `make parity` does for every model type, and the rules that come of it."""

from pathlib import Path
from typing import Any

import pytest
from models import answers
from parity.checkpoint import make
from parity.page import KEPT, stale
from parity.trial import OPTIONS, PROMPTS, difference
from parity.trial import run as attempt
from parity.walk import known

import taskcli
from taskcli.sharing import Sharing, rule_of
from taskcli.tasks import BY_NAME

FOUND = known(KEPT)
# One a task, of kinds as different as there are: convolutions, experts, decoders that continue.
SAMPLE = [
    ("classify-audio", "sew"),
    ("asr", "parakeet_ctc"),
    ("classify-image", "data2vec-vision"),
    ("detect", "conditional_detr"),
    ("segment", "segformer"),
    ("depth", "depth_anything"),
    ("classify-text", "convbert"),
    ("ner", "deberta-v2"),
    ("qa", "diffllama"),
    ("generate", "axk2"),
    ("summarize", "audioflamingo3"),
    ("translate", "nllb-moe"),
]


@pytest.mark.parametrize(("task", "model_type"), SAMPLE)
def test_model_types_work_and_share_batches_as_listed(task: str, model_type: str) -> None:
    found = attempt(BY_NAME[task], model_type)
    listed = FOUND[task][model_type]
    assert found["works"], found["why"]
    assert (listed["works"], listed["sharing"]) == (True, found["sharing"])


def test_the_lists_are_fresh() -> None:
    assert stale(FOUND) == []


def made(task: str, model_type: str, folder: Path, **options: Any) -> Any:
    make(BY_NAME[task], model_type, folder)
    asked = {**OPTIONS.get(task, {}), **options}
    return taskcli.load(task, str(folder), device="cpu", dtype="float32", **asked)


def test_what_padding_changes_shares_batches_with_equals_alone(tmp_path: Path) -> None:
    """The decoder of BART counts positions from the left, padding included."""
    model = made("generate", "bart", tmp_path)
    assert model.sharing is Sharing.EQUAL
    texts = [*PROMPTS, PROMPTS[0]]
    model.batch_size = "1"
    alone = answers(model, texts=texts)
    model.batch_size = "4"
    assert answers(model, texts=texts) == alone
    model.sharing = Sharing.PADDED
    assert difference(alone, answers(model, texts=texts)) > 0


def test_an_architecture_that_was_not_measured_gets_batches_of_equals() -> None:
    rule = rule_of("classify-text", "unheard-of")
    assert rule.sharing is Sharing.EQUAL
    assert "not measured" in rule.why


def test_dry_run_tells_what_shares_a_batch(run: Any, classifier: Path, tmp_path: Path) -> None:
    finished = run("classify-text", "--text", "Yes.", "-m", classifier, "--dry-run")
    assert "inputs of any length together" in finished.stdout
