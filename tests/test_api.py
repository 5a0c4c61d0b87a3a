"""The Python API gives what the command line gives."""

from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints import cached
from conftest import Finished
from samples import SHORT_TEXT, photos

import taskcli
from taskcli.output.serialize import to_json

Run = Callable[..., Finished]


def test_the_same_records_as_the_command_line(run: Run, tmp_path: Path) -> None:
    files = [str(path) for path in photos(tmp_path).values()]
    Path("broken.jpg").write_bytes(b"no image")
    files.insert(1, "broken.jpg")
    model = taskcli.load("detect", str(cached("detr")), threshold=0.3)
    records = [to_json(record) for record in model(files)]
    done = run("detect", *files, "-m", cached("detr"), "--threshold", "0.3")
    assert records == done.records
    assert "error" in records[1]


def test_texts_and_one_path_and_globs(classifier: Path) -> None:
    Path("a.txt").write_text(SHORT_TEXT)
    model = taskcli.load("classify-text", str(classifier))
    assert [record.input for record in model("a.txt")] == ["a.txt"]
    assert [record.input for record in model(Path("a.txt"))] == ["a.txt"]
    assert [record.input for record in model("*.txt")] == ["a.txt"]
    both = list(model(["a.txt"], texts=[SHORT_TEXT]))
    assert [record.input for record in both] == ["text:1", "a.txt"]
    assert both[0].result == both[1].result


def test_a_model_serves_many_calls(classifier: Path) -> None:
    model = taskcli.load("classify-text", str(classifier), top_k=1)
    for _ in range(3):
        (record,) = model(texts=[SHORT_TEXT])
        assert isinstance(record, taskcli.Record)
        assert len(record.result) == 1


def test_a_caller_that_stops_early_may_call_again(classifier: Path) -> None:
    model = taskcli.load("classify-text", str(classifier))
    records = model(texts=[SHORT_TEXT] * 50)
    assert next(records).input == "text:1"
    records.close()  # type: ignore[attr-defined]
    assert len(list(model(texts=[SHORT_TEXT]))) == 1


@pytest.mark.parametrize("names", [{"to": "fr"}, {"target_language": "fr"}])
def test_options_have_the_names_of_their_flags_or_fields(names: dict[str, str]) -> None:
    model = taskcli.load("translate", str(cached("m2m100")), **names, source_language="en")
    (record,) = model(texts=[SHORT_TEXT])
    assert record.error is None


def test_batch_size_may_be_a_number(classifier: Path) -> None:
    model = taskcli.load("classify-text", str(classifier), batch_size=1)
    assert len(list(model(texts=[SHORT_TEXT] * 3))) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: taskcli.load("nothing"), ["nothing", "classify-text"]),
        (lambda: taskcli.load("detect", treshold=0.5), ["treshold", "threshold"]),
        (lambda: taskcli.load("detect", threshold=7), ["threshold", "7"]),
        (lambda: taskcli.load("detect", threshold="much"), ["threshold", "much"]),
        (lambda: taskcli.load("detect", batch_size=0), ["batch-size", "0"]),
        (lambda: taskcli.load("detect", batch_size=-3), ["batch-size", "-3"]),
        (lambda: taskcli.load("detect", batch_size="many"), ["batch-size", "many"]),
        (lambda: taskcli.load("detect", batch_size=2.5), ["batch-size", "2.5"]),  # type: ignore[arg-type]
        (lambda: taskcli.load("detect", batch_size=None), ["batch_size", "None"]),  # type: ignore[arg-type]
        (lambda: taskcli.load("detect", dtype="float8"), ["dtype", "float8"]),
        (lambda: taskcli.load("detect", "no-such-name"), ["no-such-name", "base"]),
        (lambda: taskcli.load("detect", "nobody/nothing", offline=True), ["nobody/nothing"]),
    ],
    ids=[
        *("task", "option", "range", "type"),
        *("no-batch", "negative-batch", "word-batch", "fraction-batch", "null-batch", "dtype"),
        *("name", "offline"),
    ],
)
def test_a_wrong_call_raises_one_clear_error(call: Callable[[], object], words: list[str]) -> None:
    with pytest.raises(taskcli.TaskcliError) as caught:
        call()
    for word in words:
        assert word in f"{caught.value.message} {caught.value.hint}"


def test_a_missing_input_raises_before_any_record(classifier: Path) -> None:
    model = taskcli.load("classify-text", str(classifier))
    with pytest.raises(taskcli.TaskcliError, match=r"gone\.txt"):
        model(["gone.txt"])


def test_the_public_names() -> None:
    assert set(taskcli.__all__) <= set(dir(taskcli)) | {"load", "TASKS"}
    assert len(taskcli.TASKS) == 12
    with pytest.raises(AttributeError):
        taskcli.no_such_name  # noqa: B018


def test_columns_of_rows_stay_beside_the_answers(run: Run, classifier: Path) -> None:
    Path("rows.csv").write_text("n,body\n1,fine\n2,\n")
    model = taskcli.load("classify-text", str(classifier))
    words = ("classify-text", "rows.csv", "-m", classifier, "--field", "body")
    for keep, asked in (("all", "all"), ("n", "n"), (["body", "n"], "body,n")):
        records = [to_json(one) for one in model("rows.csv", field="body", keep=keep)]
        assert records == run(*words, "--keep", asked).records
    assert [one.fields for one in model("rows.csv", field="body")] == [None, None]
    with pytest.raises(taskcli.TaskcliError, match="no column 'm' to keep"):
        model("rows.csv", field="body", keep="m")
