"""A sample of what `make parity` does for every model type, and the rules that come of it."""

from pathlib import Path
from typing import Any

import pytest
from checkpoints import cached
from models import answers
from parity.checkpoint import make
from parity.page import KEPT, stale
from parity.trial import PROMPTS, difference
from parity.trial import run as attempt
from parity.walk import known
from samples import scene

import taskcli
from taskcli.errors import UsageError
from taskcli.runtime.batching import BatchPolicy, policy_for
from taskcli.tasks import BY_NAME

FOUND = known(KEPT)
# One a task, of kinds as different as there are: convolutions, experts, decoders that continue.
SAMPLE = [
    ("classify-audio", "sew"),
    ("asr", "parakeet_ctc"),
    ("asr", "qwen3_asr"),
    ("classify-image", "data2vec-vision"),
    ("classify-image", "siglip2"),
    ("detect", "conditional_detr"),
    ("detect", "dab-detr"),
    ("detect", "rt_detr"),
    ("segment", "segformer"),
    ("depth", "depth_anything"),
    ("classify-text", "convbert"),
    ("ner", "deberta"),
    ("ner", "deberta-v2"),
    ("ner", "markuplm"),
    ("qa", "diffllama"),
    ("generate", "axk2"),
    ("generate", "qwen3_5"),
    ("summarize", "audioflamingo3"),
    ("translate", "nllb-moe"),
]


@pytest.mark.long
@pytest.mark.parametrize(("task", "model_type"), SAMPLE)
def test_model_types_work_and_share_batches_as_listed(task: str, model_type: str) -> None:
    found = attempt(BY_NAME[task], model_type)
    listed = FOUND[task][model_type]
    assert found["works"], found["why"]
    same = ("works", "sharing", "bfloat16")
    assert [listed[name] for name in same] == [found[name] for name in same]


def test_the_lists_are_fresh() -> None:
    assert stale(FOUND) == []


def made(task: str, model_type: str, folder: Path, **options: Any) -> Any:
    make(BY_NAME[task], model_type, folder)
    asked = {**BY_NAME[task].samples.options, **options}
    return taskcli.load(task, str(folder), device="cpu", dtype="float32", **asked)


def test_what_padding_changes_shares_batches_with_equals_alone(tmp_path: Path) -> None:
    """The decoder of BART counts positions from the left, padding included."""
    model = made("generate", "bart", tmp_path)
    assert model.policy is BatchPolicy.EQUAL
    texts = [*PROMPTS, PROMPTS[0]]
    model.batch_size = "1"
    alone = answers(model, texts=texts)
    model.batch_size = "4"
    assert answers(model, texts=texts) == alone
    model.policy = BatchPolicy.PADDED
    assert difference(alone, answers(model, texts=texts)) > 0


def test_an_architecture_that_was_not_measured_gets_batches_of_equals() -> None:
    rule = policy_for(BY_NAME["classify-text"], "unheard-of")
    assert rule.policy is BatchPolicy.EQUAL
    assert "not measured" in rule.why


def test_what_fails_in_bfloat16_is_computed_in_float32(tmp_path: Path) -> None:
    make(BY_NAME["ner"], "deberta", tmp_path)
    model = taskcli.load("ner", str(tmp_path), device="cpu")
    assert model.session.placement.dtype_name == "float32"
    assert not next(iter(model(texts=["Ada saw Paris."]))).error
    with pytest.raises(UsageError, match="--dtype bfloat16: deberta computes in float32 only"):
        taskcli.load("ner", str(tmp_path), device="cpu", dtype="bfloat16")


def test_dry_run_tells_what_shares_a_batch(run: Any, classifier: Path, tmp_path: Path) -> None:
    asked = ["classify-text", "--text", "Yes.", "-m", classifier, "--dry-run"]
    assert "inputs of any length share one" in run(*asked).stdout
    assert "one input each (asked for)" in run(*asked, "--batch-size", 1).stdout
    made("generate", "bart", tmp_path)
    asked = ["generate", "--text", "Yes.", "-m", tmp_path, "--dry-run", "--batch-size", 8]
    assert "up to 8 inputs; only inputs of one length share one: padding" in run(*asked).stdout


def told_apart(finished: Any) -> bool:
    assert finished.exit_code == 0, finished.stderr
    return "--dry-run says why" in finished.stderr


def test_a_run_says_in_its_summary_that_inputs_could_not_share_a_batch(
    run: Any, tmp_path: Path
) -> None:
    """Once, and only where it kept inputs apart."""
    make(BY_NAME["generate"], "bart", tmp_path)
    asked = ["generate", "-m", tmp_path, "--max-new-tokens", 2, "--dtype", "float32"]
    several = [word for prompt in PROMPTS for word in ("--text", prompt)]
    finished = run(*asked, *several)
    assert finished.stderr.endswith("in batches of one length (--dry-run says why)\n")
    assert len(finished.stderr.splitlines()) == 1
    alone = ["--text", PROMPTS[0]]
    for quiet in (alone, alone * 2, [*several, "--batch-size", 1], [*several, "--quiet"]):
        assert not told_apart(run(*asked, *quiet))


@pytest.mark.parametrize(
    ("task", "name", "apart"), [("detect", "detr", True), ("classify-image", "vit", False)]
)
def test_pictures_of_many_shapes_share_a_batch_where_the_processor_makes_them_one(
    run: Any, task: str, name: str, apart: bool, tmp_path: Path
) -> None:
    for size in ((96, 64), (64, 96)):
        scene(*size).save(tmp_path / f"{size[0]}.png")
    assert told_apart(run(task, tmp_path, "-m", cached(name))) is apart
