"""`taskcli convert` and `taskcli view`: what was written, in another form, without the model."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished

from taskcli.formats import FORMATS
from taskcli.tasks import BY_NAME

Run = Callable[..., Finished]
EXAMPLES = Path(__file__).parents[1] / "examples"
SCENES, SOUNDS, TEXTS = EXAMPLES / "scenes", EXAMPLES / "sounds", EXAMPLES / "texts"
INPUTS: dict[str, tuple[object, ...]] = {
    "classify-audio": (SOUNDS / "yes.wav",),
    "asr": (SOUNDS / "yes.wav", "--timestamps", "word"),
    "classify-image": (SCENES,),
    "detect": (SCENES,),
    "segment": (SCENES / "blue-ball.jpg",),
    "depth": (SCENES / "blue-ball.jpg",),
    "classify-text": (TEXTS / "review.txt",),
    "ner": (TEXTS / "report.txt",),
    "qa": (TEXTS / "report.txt", "-q", "Who is it about?", "-q", "Where?", "--no-answer"),
    "generate": (TEXTS / "story.txt", "--max-new-tokens", 4),
    "summarize": (TEXTS / "article.txt", "--max-length", 8),
    "translate": (TEXTS / "letter.txt", "--from", "en", "--to", "fr"),
}
BOXES = {"coco", "coco-results", "yolo"}  # runs know the sides of boxes before they are rounded
CASES = [
    (task, format)
    for task in INPUTS
    for format in ("jsonl", "json", "csv", "tsv", "text", "rich", *BY_NAME[task].formats())
    if not (task == "detect" and format in BOXES) and FORMATS[format].kind != "folder"
    if not (task == "translate" and format in ("srt", "vtt"))  # test_subtitles.py has some to read
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {"folder": tmp_path_factory.mktemp("records")}


def records_of(run: Run, written: dict[str, Path], task: str) -> Path:
    """The records of a task, once for all tests."""
    if task not in written:
        file = written["folder"] / f"{task}.jsonl"
        done = run(task, *INPUTS[task], "-m", "starter", "-o", file)
        assert done.exit_code == 0, done.stderr
        written[task] = file
    return written[task]


@pytest.mark.parametrize(("task", "format"), CASES)
def test_a_format_is_as_the_run_would_have_written_it(
    run: Run, written: dict[str, Path], task: str, format: str
) -> None:
    file = records_of(run, written, task)
    directly = run(task, *INPUTS[task], "-m", "starter", "--format", format)
    converted = run("convert", file, "--format", format)
    assert (directly.exit_code, converted.exit_code) == (0, 0), converted.stderr
    assert converted.stdout == directly.stdout != ""


def test_boxes_of_coco_differ_by_rounding_alone(run: Run, written: dict[str, Path]) -> None:
    file = records_of(run, written, "detect")
    directly = json.loads(run("detect", SCENES, "-m", "starter", "-f", "coco").stdout)
    converted = json.loads(run("convert", file, "-f", "coco").stdout)
    assert converted["images"] == directly["images"]
    assert converted["categories"] == directly["categories"]
    for one, other in zip(converted["annotations"], directly["annotations"], strict=True):
        assert one["category_id"] == other["category_id"]
        assert one["bbox"] == pytest.approx(other["bbox"], abs=1.01)


def test_a_folder_of_yolo_has_a_file_a_picture(run: Run, written: dict[str, Path]) -> None:
    file = records_of(run, written, "detect")
    done = run("convert", file, "-f", "yolo", "-o", "boxes")
    assert done.exit_code == 0, done.stderr
    labels = {path.stem: path.read_text().splitlines() for path in Path("boxes").rglob("*.txt")}
    for record in map(json.loads, file.read_text().splitlines()):
        assert len(labels[Path(record["input"]).stem]) == len(record["result"])


def test_the_extension_tells_the_format_and_nothing_is_replaced_unasked(
    run: Run, written: dict[str, Path]
) -> None:
    file = records_of(run, written, "classify-image")
    assert run("convert", file, "-o", "labels.csv").exit_code == 0
    before = Path("labels.csv").read_bytes()
    assert before.startswith(b"\xef\xbb\xbfinput,label,score")
    again = run("convert", file, "-o", "labels.csv")
    assert (again.exit_code, Path("labels.csv").read_bytes()) == (2, before)
    assert run("convert", file, "-o", "labels.csv", "--overwrite").exit_code == 0
    own = run("convert", file, "-o", file, "--overwrite")
    assert own.exit_code == 2
    assert "is what is read" in own.stderr


def test_parquet_has_the_columns_of_the_run(run: Run, written: dict[str, Path]) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    file = records_of(run, written, "detect")
    run("detect", SCENES, "-m", "starter", "-o", "run.parquet")
    run("convert", file, "-o", "converted.parquet")
    assert pyarrow.read_table("converted.parquet").equals(pyarrow.read_table("run.parquet"))


def test_answers_are_chosen_by_label_and_score(run: Run, written: dict[str, Path]) -> None:
    file = records_of(run, written, "detect")
    every = [json.loads(line) for line in file.read_text().splitlines()]
    done = run("convert", file, "-f", "jsonl", "--labels", "ball, cone", "--min-score", 0.9)
    wanted = {
        record["input"]: [
            one
            for one in record["result"]
            if one["label"] in ("ball", "cone") and one["score"] >= 0.9
        ]
        for record in every
    }
    assert {one["input"]: one["result"] for one in done.records} == {
        input: answers for input, answers in wanted.items() if answers
    }
    assert len(done.records) > 0


def test_failures_are_kept_told_and_chosen(run: Run) -> None:
    Path("a.png").write_bytes(b"no picture")
    words = (SCENES / "blue-ball.jpg", "a.png", "-m", "starter", "-o", "out.jsonl")
    assert run("classify-image", *words).exit_code == 1
    assert run("convert", "out.jsonl", "-f", "jsonl").stdout == Path("out.jsonl").read_text()
    failed = run("convert", "out.jsonl", "-f", "jsonl", "--failed")
    assert failed.inputs == ["a.png"]
    answered = run("convert", "out.jsonl", "-f", "jsonl", "--answered")
    assert answered.inputs == [str(SCENES / "blue-ball.jpg")]
    assert "not an image" in run("view", "out.jsonl").stdout
    assert "1 failed: InputError" in run("view", "out.jsonl", "--stats").stdout


def test_a_model_is_not_loaded(spawn: Any, run: Run, written: dict[str, Path]) -> None:
    program = (
        "import sys; from taskcli.cli.main import main; main(sys.argv[1:]); "
        "sys.exit(' '.join({'torch', 'transformers', 'accelerate'} & set(sys.modules)))"
    )
    file = records_of(run, written, "classify-text")
    process = spawn(sys.executable, "-c", program, "convert", file, "-f", "csv")
    stdout, stderr = process.communicate(timeout=120)
    assert stdout.decode() == run("convert", file, "-f", "csv").stdout
    assert stderr.strip() == b""


def test_view_counts_labels(run: Run, written: dict[str, Path]) -> None:
    file = records_of(run, written, "detect")
    found = [json.loads(line)["result"] for line in file.read_text().splitlines()]
    answers = [one for each in found for one in each]
    balls = sum(one["label"] == "ball" for one in answers)
    shown = run("view", file, "--stats").stdout
    assert f"{len(found)} inputs, {len(answers)} answers" in shown
    assert [line for line in shown.splitlines() if line.split()[:2] == ["ball", str(balls)]]
    high = sum(one["score"] >= 0.9 for one in answers)
    assert re.search(rf"^0\.9 to 1\.0 +{high} ", shown, re.MULTILINE)


def test_view_sorts_by_score(run: Run, written: dict[str, Path]) -> None:
    file = records_of(run, written, "classify-image")
    best = {
        record["input"]: record["result"][0]["score"]
        for record in map(json.loads, file.read_text().splitlines())
    }
    for order, falls in (("high", True), ("low", False)):
        lines = run("view", file, "--sort", order).stdout.splitlines()
        assert [line for line in lines if line in best] == sorted(best, key=best.get, reverse=falls)


def test_a_page_is_made_again(run: Run, written: dict[str, Path]) -> None:
    file = records_of(run, written, "detect")
    assert run("view", file, "--report", "page.html").exit_code == 0
    page = Path("page.html").read_text()
    run("detect", SCENES, "-m", "starter", "--report", "run.html")

    def blocks(text: str, kind: str) -> list[str]:
        start = f'<script type="application/json" class="{kind}">'
        return [part.partition("</script>")[0] for part in text.split(start)[1:]]

    assert blocks(page, "record") == blocks(Path("run.html").read_text(), "record")
    assert all('"image"' in block for block in blocks(page, "preview"))
    (facts,) = map(json.loads, blocks(page, "run"))
    (before,) = map(json.loads, blocks(Path("run.html").read_text(), "run"))
    assert facts["colours"] == before["colours"] != {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "there is no record"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a": 1}\n', "not a record of a task"),
        (b"[" * 100_000, "not JSON"),
        (b'{"input": "a", "task": "cook", "model": "m", "result": []}\n', "not a record of a task"),
        (b'{"input": "a", "task": "detect", "model": "m"}\n', "neither result nor error"),
        (
            b'{"input": "a", "task": "detect", "model": "m", '
            b'"result": [{"label": "x", "score": 1}]}\n',
            "result.0.box: Field required",
        ),
        (
            b'{"input": "a", "task": "ner", "model": "m", "result": []}\n'
            b'{"input": "a", "task": "qa", "model": "m", "result": []}\n',
            "records.jsonl:2: a record of qa among those of ner",
        ),
    ],
)
def test_what_is_no_record_is_told_with_its_place(run: Run, content: bytes, told: str) -> None:
    Path("records.jsonl").write_bytes(content)
    for words in (("convert", "records.jsonl", "-f", "csv"), ("view", "records.jsonl")):
        done = run(*words)
        assert done.exit_code == 2
        assert told in " ".join(done.stderr.split())


def test_what_a_format_lacks_is_told(run: Run, written: dict[str, Path]) -> None:
    text = records_of(run, written, "asr").read_text()
    lacking = json.loads(text)
    del lacking["result"]["chunks"]
    Path("bare.jsonl").write_text(json.dumps(lacking) + "\n")
    done = run("convert", "bare.jsonl", "-f", "srt")
    assert (done.exit_code, "no chunks, of which srt is made" in done.stderr) == (2, True)
    Path("two.jsonl").write_text(text + text)
    assert "one input" in run("convert", "two.jsonl", "-f", "srt").stderr
    gone = records_of(run, written, "ner").read_text().replace("report.txt", "gone.txt")
    Path("gone.jsonl").write_text(gone)
    done = run("convert", "gone.jsonl", "-f", "conll")
    assert (done.exit_code, "gone.txt is not here" in " ".join(done.stderr.split())) == (2, True)
    assert run("convert", "gone.jsonl", "-f", "coco").exit_code == 2


def test_records_come_through_a_pipe(run: Run, written: dict[str, Path]) -> None:
    text = records_of(run, written, "classify-text").read_bytes()
    done = run("convert", "-", "-f", "text", stdin=text)
    assert done.stdout.splitlines()[0].split("\t")[1] == json.loads(text)["result"][0]["label"]


def test_a_run_counts_as_view_does(run: Run) -> None:
    Path("a.png").write_bytes(b"no picture")
    words = (*SCENES.glob("*.png"), "a.png", "-m", "starter", "-o", "out.jsonl", "--overwrite")
    silent = run("detect", *words, "--quiet", "--stats")
    assert silent.exit_code == 1
    assert silent.stderr == run("view", "out.jsonl", "--stats").stdout
    told = run("detect", *words, "--stats").stderr
    assert told.endswith(silent.stderr)
    assert "loaded in" in told


@pytest.mark.parametrize("command", [("view",), ("view", "--stats"), ("convert", "-f", "csv")])
def test_a_label_that_is_none_is_refused_with_what_was_meant(
    run: Run, written: dict[str, Path], command: tuple[str, ...]
) -> None:
    file = records_of(run, written, "detect")
    done = run(command[0], file, *command[1:], "--labels", "bell")
    assert done.exit_code == 2
    said = " ".join(done.stderr.split())
    assert "--labels bell: no answer has that label → did you mean ball?" in said


def test_labels_that_a_user_chose_are_known_by_their_answers(run: Run) -> None:
    record = {"input": "a", "task": "classify-text", "model": "m", "revision": None}
    results = [{"label": name, "score": 0.5} for name in ("urgent", "later")]
    Path("out.jsonl").write_text(json.dumps(record | {"result": results}) + "\n")
    assert [
        one["label"]
        for one in run("convert", "out.jsonl", "-f", "jsonl", "--labels", "Urgent").records[0][
            "result"
        ]
    ] == ["urgent"]
    done = run("convert", "out.jsonl", "-o", "left.jsonl", "--labels", "urgent,latter")
    assert done.exit_code == 2 and not Path("left.jsonl").exists()
    assert "did you mean later?" in done.stderr


def test_a_kind_of_entity_that_nobody_met_is_no_wrong_label(
    run: Run, written: dict[str, Path]
) -> None:
    file = records_of(run, written, "ner")
    met = json.loads(file.read_text())["result"][0]["entity_group"]
    other = next(kind for kind in ("PER", "LOC", "ORG") if kind != met)
    assert run("convert", file, "-o", "met.jsonl", "--labels", met).exit_code == 0
    done = run("convert", "met.jsonl", "-f", "jsonl", "--labels", other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no record is left" in done.stderr
    done = run("convert", file, "-f", "jsonl", "--labels", "MISC")
    assert done.exit_code == 2 and "no answer has that label" in done.stderr


@pytest.mark.parametrize(
    ("task", "asked", "said"),
    [
        ("detect", ("--min-score", 1.5), "no record is left"),
        ("detect", ("--failed",), "no record is left"),
        ("asr", ("--labels", "foo"), "--labels: answers of asr have no labels to choose by"),
        ("asr", ("--min-score", 0.5), "--min-score: answers of asr have no scores to choose by"),
        ("qa", ("--labels", "foo"), "--labels: answers of qa have no labels to choose by"),
    ],
)
def test_a_choice_of_nothing_is_refused_alike(
    run: Run, written: dict[str, Path], task: str, asked: tuple[object, ...], said: str
) -> None:
    file = records_of(run, written, task)
    for words in (("view",), ("view", "--stats"), ("convert", "-o", "left.csv")):
        done = run(words[0], file, *words[1:], *asked)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {said}\n  → ")
    assert not Path("left.csv").exists()
