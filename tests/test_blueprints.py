"""`--architecture` follows architectures of many kinds, each asked in a way that suits it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Finished
from parity.checkpoint import make

from taskcli.tasks import BY_NAME

# A stage of each, and the axes of what it gives.
STAGES = {
    ("classify-text", "t5"): ("classification_head", ["batch", "5"]),  # pools at the last token
    ("classify-text", "mixtral"): ("model.layers", ["batch", "tokens", "256"]),  # has experts
    ("classify-text", "gpt2"): ("score", ["batch", "tokens", "5"]),  # states no padding
    ("classify-text", "xmod"): ("roberta.encoder.layer", ["batch", "tokens", "96"]),
    ("generate", "qwen3_5"): ("lm_head", ["batch", "tokens", "501"]),  # its text part alone
    ("classify-image", "clip"): ("vision_model.encoder.layers", ["batch", "50", "96"]),
    ("segment", "dpt"): ("neck.convs.1", ["batch", "32", "48", "48"]),  # of squares alone
    ("classify-audio", "audio-spectrogram-transformer"): ("classifier", ["batch", "5"]),
    ("asr", "whisper"): ("model.encoder.layers", ["batch", "1500", "48"]),  # of 30 s alone
    ("asr", "parakeet_ctc"): ("ctc_head", ["batch", "frames/8", "64"]),
    ("asr", "speech-encoder-decoder"): ("decoder.cls", ["batch", "written", "504"]),
}


@pytest.mark.long
@pytest.mark.parametrize(("task", "model_type"), STAGES)
def test_an_architecture_is_followed(
    task: str, model_type: str, tmp_path: Path, run: Callable[..., Finished]
) -> None:
    make(BY_NAME[task], model_type, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    found = json.loads(run("explain", task, "-m", tmp_path, "--architecture").stdout)
    assert "lacking" not in found
    stages = found["stages"]
    axes = [axis for one in stages for tensor in one["outputs"] for axis in tensor["shape"]]
    assert "?" not in " ".join(axes)
    assert sum(one["parameters"] for one in stages) == found["parameters"]
    module, shape = STAGES[task, model_type]
    (told,) = (one["outputs"][0]["shape"] for one in stages if one["module"] == module)
    assert told == shape


@pytest.mark.parametrize(
    ("task", "model_type", "module", "read"),
    [("asr", "wav2vec2", "wav2vec2", False), ("classify-text", "t5", "transformer.shared", True)],
)
def test_what_no_answer_needs_is_told_from_what_other_stages_read(
    task: str,
    model_type: str,
    module: str,
    read: bool,
    tmp_path: Path,
    run: Callable[..., Finished],
) -> None:
    """A vector that stands for masked moments in training; and the vectors of T5's two halves."""
    make(BY_NAME[task], model_type, tmp_path)
    found = json.loads(run("explain", task, "-m", tmp_path, "--architecture").stdout)
    (one,) = (one for one in found["stages"] if one["module"] == module)
    assert (one["calls"], one["read"]) == (0, read)


@pytest.mark.long
def test_layers_that_differ_from_the_first_are_one_stage(
    tmp_path: Path, run: Callable[..., Finished]
) -> None:
    """T5 keeps how far tokens lie apart in its first block."""
    make(BY_NAME["summarize"], "t5", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_layers": 6}))
    found = json.loads(run("explain", "summarize", "-m", tmp_path, "--architecture").stdout)
    blocks = [one for one in found["stages"] if "encoder.block" in one["module"]]
    assert {one["name"] for one in blocks} == {"Encoder"}
    assert [(one["module"], one["repeats"]) for one in blocks] == [
        ("encoder.block.0", 1),
        ("encoder.block.1-5", 5),
    ]
