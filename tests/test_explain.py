"""`taskcli explain` shows what happens inside a model; its figures can be recomputed."""

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished
from safetensors import safe_open

import taskcli
from taskcli.cli.explain import shown
from taskcli.explain.guide import GUIDE, words_of
from taskcli.media import MEDIA
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
EXAMPLES = Path(__file__).parents[1] / "examples"
SCENE, SPEECH = EXAMPLES / "scenes/blue-ball.jpg", EXAMPLES / "sounds/yes.wav"
REVIEW = EXAMPLES / "texts/review.txt"
BUFFERS = {
    "running_mean", "running_var", "num_batches_tracked", "final_logits_bias", "empty_weight",
}  # fmt: skip
INPUTS: dict[str, tuple[object, ...]] = {
    "classify-audio": (SPEECH,),
    "asr": (SPEECH,),
    "classify-image": (SCENE,),
    "detect": (SCENE,),
    "segment": (SCENE,),
    "depth": (SCENE,),
    "classify-text": (REVIEW,),
    "ner": (EXAMPLES / "texts/report.txt",),
    "qa": (EXAMPLES / "texts/report.txt", "--question", "Who is it about?"),
    "generate": (EXAMPLES / "texts/story.txt", "--max-new-tokens", 4),
    "summarize": (EXAMPLES / "texts/article.txt", "--max-length", 8),
    "translate": ("--text", "The red cube.", "--from", "en", "--to", "fr"),
}


def explained(run: Run, *words: object) -> dict[str, Any]:
    done = run("explain", *words)
    assert done.exit_code == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def weights(task: str) -> int:
    """As the starter's own file has them, without what is counted or fixed and not trained."""
    folder = Path(taskcli.__file__).parent / "starter" / task
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = [name for name in file.keys() if name.rpartition(".")[2] not in BUFFERS]  # noqa: SIM118
        return sum(prod(file.get_slice(name).get_shape()) for name in names)


def stage(found: dict[str, Any], module: str) -> dict[str, Any]:
    (one,) = (one for one in found["stages"] if one["module"] == module)
    return one


def shapes(tensors: list[dict[str, Any]]) -> list[list[int]]:
    return [one["shape"] for one in tensors]


@pytest.mark.parametrize("task", INPUTS)
def test_the_answer_is_the_tasks_own_and_the_stages_add_up(run: Run, task: str) -> None:
    words = (*INPUTS[task], "-m", "starter")
    found = explained(run, task, *words)
    (record,) = run(task, *words).records
    assert {key: found[key] for key in record} == record
    stages = found["stages"]
    assert sum(one["parameters"] for one in stages) == found["parameters"] == weights(task)
    assert 0 < sum(one["multiply_adds"] for one in stages) <= found["multiply_adds"]
    in_stages = sum(one["seconds"] for one in stages)
    assert in_stages > 0
    assert in_stages + found["seconds_between"] == pytest.approx(found["seconds"], rel=1e-3)
    assert found["same"] is True
    first = stages[0]["outputs"][0]["name"]
    assert first in MEDIA[BY_NAME[task].media].tensors
    heaviest = max(stages, key=lambda one: one["multiply_adds"])
    assert heaviest["peak_bytes"] >= prod(heaviest["outputs"][0]["shape"]) * 4


@pytest.mark.parametrize("task", INPUTS)
def test_every_stage_of_the_guides_systems_has_a_name(run: Run, task: str) -> None:
    found = explained(run, task, *INPUTS[task], "-m", "starter")
    assert found["architecture"] in GUIDE
    unnamed = [one["module"] for one in found["stages"] if one["name"] == one["module"]]
    assert unnamed == []


def test_a_vit_is_patches_layers_and_a_head(run: Run) -> None:
    """Of 128 x 128 pixels in squares of 16: 64 patches and [CLS], 160 wide, 6 layers, 32 labels."""
    found = explained(run, "classify-image", SCENE, "-m", "starter")
    assert [one["name"] for one in found["stages"]] == [
        "Pixels", "Patches and positions", "Encoder", "Normalised output", "Head", "Labels",
    ]  # fmt: skip
    pixels, patches, encoder, _, head, labels = found["stages"]
    given = {"name": "pixel_values", "shape": [1, 3, 128, 128]}
    assert pixels["outputs"] == [{**given, "dtype": "uint8"}], (
        "levels, until they are on the device"
    )
    assert patches["inputs"] == [{**given, "dtype": "float32"}]
    assert labels["inputs"][0]["shape"] == [1, 32]
    assert shapes(patches["inputs"]) == [[1, 3, 128, 128]]
    assert shapes(patches["outputs"]) == [[1, 65, 160]]
    assert patches["multiply_adds"] == 64 * 3 * 16 * 16 * 160
    assert encoder["repeats"] == 6
    width, tokens = 160, 65
    inner = 480
    projections = tokens * width * (4 * width + 2 * inner)
    attention = 2 * tokens * tokens * width
    assert encoder["multiply_adds"] == 6 * (projections + attention)
    assert shapes(head["outputs"]) == [[1, 32]]
    assert head["multiply_adds"] == 160 * 32


def test_detr_tells_its_queries_which_are_read_without_a_call(run: Run) -> None:
    found = explained(run, "detect", SCENE, "-m", "starter")
    queries = stage(found, "model.query_position_embeddings")
    assert (queries["calls"], queries["parameters"]) == (0, 10 * 128)
    assert queries["read"]
    decoder = stage(found, "model.decoder.layers")
    assert (decoder["repeats"], decoder["inputs"][0]["shape"]) == (3, [1, 10, 128])
    assert shapes(stage(found, "class_labels_classifier")["outputs"]) == [[1, 10, 5]]
    assert shapes(stage(found, "bbox_predictor")["outputs"]) == [[1, 10, 4]]
    names = [one["name"] for one in found["stages"]]
    assert names.index("Encoder") < names.index("Decoder") < names.index("Box head")


def test_a_writer_calls_its_decoder_once_a_token(run: Run) -> None:
    found = explained(run, "generate", *INPUTS["generate"], "-m", "starter")
    blocks = stage(found, "transformer.h")
    assert blocks["calls"] == found["result"]["generated_tokens"] == 4
    head = stage(found, "lm_head")
    assert head["parameters"] == 0, "they are the token vectors'"
    assert head["multiply_adds"] == 4 * 128 * 900


def test_an_encoder_is_called_once_and_its_decoder_for_every_token(run: Run) -> None:
    found = explained(run, "summarize", *INPUTS["summarize"], "-m", "starter")
    assert stage(found, "model.encoder.layers")["calls"] == 1
    assert stage(found, "model.decoder.layers")["calls"] == stage(found, "lm_head")["calls"] > 2


def test_a_recording_becomes_fewer_vectors_and_then_letters(run: Run) -> None:
    found = explained(run, "asr", SPEECH, "-m", "starter")
    (waveform, first, *_, last, _) = found["stages"]
    assert waveform["name"] == "Waveform, normalised"
    samples, frames = first["inputs"][0]["shape"][-1], last["inputs"][0]["shape"][1]
    assert 400 < samples / frames < 520
    assert last["name"] == "CTC head"
    assert stage(found, "wav2vec2.encoder.pos_conv_embed")["parameters"] > 0


def test_a_terminal_shows_the_answer_then_the_stages(run: Run) -> None:
    done = run("explain", "classify-image", SCENE, "-m", "starter", "-f", "rich")
    text = " ".join(done.stdout.split())
    assert done.exit_code == 0
    for told in ("blue ball", "Patches and positions", "1 × 65 × 160", "6 × ViTLayer", "1.55 M"):
        assert told in text
    assert text.index("blue ball") < text.index("Patches and positions") < text.index("Head")
    assert f"{weights('classify-image'):,} weights" in text
    assert "another while" not in text


def test_views_say_whether_the_answer_stayed(run: Run) -> None:
    words = ("classify-text", REVIEW, "-m", "starter", "--save-dir", "seen")
    assert explained(run, *words)["looked_same"] is True


@pytest.mark.parametrize(
    ("number", "told"),
    [(0, "–"), (999, "999"), (1_000, "1 k"), (999_499, "999 k"), (999_999, "1 M"),
     (3.28e13, "32.8 T"), (1.5e15, "1,500 T")],
)  # fmt: skip
def test_numbers_have_three_digits_and_a_prefix(number: float, told: str) -> None:
    assert shown._amount(int(number)) == told


def test_one_stage_can_be_asked_for(run: Run) -> None:
    words = ("classify-text", REVIEW, "-m", "starter", "--stage")
    found = explained(run, *words, "pooled")
    assert [one["module"] for one in found["stages"]] == ["bert.pooler"]
    assert [one["name"] for one in explained(run, *words, "bert.encoder")["stages"]] == ["Encoder"]
    done = run("explain", *words, "backbone", "--report", "none.html")
    assert done.exit_code == 2
    assert not Path("none.html").exists()
    assert "there are: WordPiece tokens, Tokens, segments and positions, Encoder" in " ".join(
        done.stderr.split()
    )


def test_a_broken_input_is_told_and_the_others_are_explained(run: Run) -> None:
    Path("broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    done = run("explain", "classify-image", "broken.jpg", SCENE, "-m", "starter")
    first, second = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 1
    assert ("error" in first, "stages" in first) == (True, False)
    assert "looked_same" not in second
    assert second["stages"]


def test_no_sentence_is_told_of_other_architectures() -> None:
    assert words_of("vit", "vit.layers") is not None
    assert words_of("swin", "vit.layers") is None
    assert words_of("vit", "something.else") is None


def test_an_unknown_input_loads_nothing(run: Run) -> None:
    done = run("explain", "classify-image", "none.jpg", "-m", "starter")
    assert done.exit_code == 2
    assert "none.jpg" in done.stderr


def test_help_tells_what_it_is_for(run: Run) -> None:
    text = run("explain", "qa", "--help").stdout
    assert "what happens inside the model" in " ".join(text.split())
    for flag in ("--question", "--stage", "--format", "--model", "--device"):
        assert flag in text
    assert "--resume" not in text


# An architecture, without an input


def drawn(run: Run, task: str, folder: object) -> dict[str, Any]:
    done = run("explain", task, "-m", folder, "--architecture")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def config_alone(task: str, **changes: Any) -> Path:
    """A folder that holds a starter's config with changes, and no weights."""
    known = json.loads(
        (Path(taskcli.__file__).parent / "starter" / task / "config.json").read_text()
    )
    folder = Path(f"{task}-alone")
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(known | changes))
    return folder


ARCHITECTURES = {
    "classify-image-convnext": ("classify-image", "convnext.encoder.stages.2"),
    "detect": ("detect", "model.encoder.layers"),
    "depth": ("depth", "glpn.encoder.block.3"),
    "classify-text": ("classify-text", "bert.encoder.layer"),
    "summarize": ("summarize", "model.decoder.layers"),
    "classify-audio": ("classify-audio", "wav2vec2.encoder.layers"),
}
SYMBOLS = {
    "classify-image-convnext": ["batch", "192", "height/16", "width/16"],
    "detect": ["batch", "height/8 · width/8", "128"],
    "depth": ["batch", "height/32 · width/32", "160"],
    "classify-text": ["batch", "tokens", "128"],
    "summarize": ["batch", "written", "128"],
    "classify-audio": ["batch", "samples/320 - 1", "128"],
}


@pytest.mark.long
@pytest.mark.parametrize("starter", ARCHITECTURES)
def test_axes_tell_what_they_follow_from(run: Run, starter: str) -> None:
    task, module = ARCHITECTURES[starter]
    found = drawn(run, task, config_alone(starter))
    assert shapes(stage(found, module)["outputs"])[0] == SYMBOLS[starter]
    assert sum(one["parameters"] for one in found["stages"]) == found["parameters"]
    assert found["parameters"] == weights(starter)
    assert not any(
        "?" in axis for one in found["stages"] for t in one["outputs"] for axis in t["shape"]
    )


def test_multiply_adds_of_an_architecture_are_those_of_a_run(run: Run) -> None:
    ran = explained(run, "classify-image", SCENE, "-m", "starter")
    found = drawn(run, "classify-image", config_alone("classify-image"))
    assert found["sizes"] == {"batch": 2, "height": 128, "width": 128}
    assert found["multiply_adds"] == 2 * ran["multiply_adds"]


@pytest.mark.long
def test_a_model_too_large_for_any_memory_is_drawn_from_its_config(run: Run) -> None:
    """GPT-2's blocks, 12,288 wide and 96 deep: 175 billion weights."""
    folder = config_alone("generate", n_embd=12_288, n_layer=96, n_head=96, n_inner=None)
    found = drawn(run, "generate", folder)
    assert found["parameters"] > 170e9
    blocks = stage(found, "transformer.h")
    assert (blocks["repeats"], shapes(blocks["outputs"])[0]) == (96, ["batch", "tokens", "12288"])


@pytest.mark.long
def test_a_terminal_shows_an_architecture(run: Run) -> None:
    done = run("explain", "depth", "-m", "starter", "--architecture", "-f", "rich")
    text = " ".join(done.stdout.split())
    for told in ("GLPNForDepthEstimation", "Selective feature fusion", "height/16 × width/16"):
        assert told in text
    assert "ms" not in text.split(), "nothing was timed"


def test_an_architecture_takes_no_input_and_wants_one_that_serves(run: Run) -> None:
    done = run("explain", "depth", SCENE, "-m", "starter", "--architecture")
    assert (done.exit_code, "takes no input" in done.stderr) == (2, True)
    done = run("explain", "depth", "-m", config_alone("ner"), "--architecture")
    assert (done.exit_code, "cannot serve depth" in done.stderr) == (3, True)


def test_a_config_that_names_code_is_refused(run: Run) -> None:
    folder = config_alone("classify-text", auto_map={"AutoModel": "evil.Model"}, model_type="evil")
    done = run("explain", "classify-text", "-m", folder, "--architecture")
    assert done.exit_code == 3


AXES = {
    "a number": ([({"batch": 2, "tokens": 8}, 5), ({"batch": 3, "tokens": 8}, 5)], "5"),
    "a batch": ([({"batch": 2}, 2), ({"batch": 3}, 3)], "batch"),
    "heads of a batch": ([({"batch": 2}, 24), ({"batch": 3}, 36)], "batch · 12"),
    "one more": ([({"batch": 2, "n": 8}, 9), ({"batch": 2, "n": 16}, 17)], "n + 1"),
    "a share": ([({"batch": 2, "n": 8}, 2), ({"batch": 2, "n": 16}, 4)], "n/4"),
    "of a batch, too": (
        [
            ({"batch": 2, "n": 8}, 4),
            ({"batch": 3, "n": 8}, 6),
            ({"batch": 2, "n": 16}, 8),
        ],
        "batch · n/4",
    ),
    "a sum": (
        [({"n": 8, "m": 4}, 13), ({"n": 16, "m": 4}, 21), ({"n": 8, "m": 8}, 17)],
        "n + m + 1",
    ),
    "maps of two scales in a row": (
        [
            ({"h": 8, "w": 8}, 20),
            ({"h": 16, "w": 8}, 40),
            ({"h": 8, "w": 16}, 40),
            ({"h": 16, "w": 16}, 80),
        ],
        "h · w · 5/16",
    ),
    "no rule": ([({"batch": 2, "n": 8}, 9), ({"batch": 2, "n": 16}, 8)], "?"),
}


@pytest.mark.parametrize("case", AXES)
def test_an_axis_is_told_by_its_lengths(case: str) -> None:
    from taskcli.runtime.axes import meaning

    seen, told = AXES[case]
    assert meaning(seen) == told
