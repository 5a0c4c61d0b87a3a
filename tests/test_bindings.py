"""Several sets of options, and several runs, share one loaded checkpoint."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from models import load
from samples import ARTICLE, LONG_TEXT, SHORT_TEXT, photos, scene, sounds

import taskcli
from taskcli.api import Model
from taskcli.errors import UsageError
from taskcli.inputs.reading import Reading
from taskcli.inputs.sources import Sources, resolve
from taskcli.media.items import Media

TEXTS = (SHORT_TEXT, ARTICLE, "[SEP] </s> <s> is text", LONG_TEXT)

# A task, its checkpoint, and options that are bound to one model of it in turn.
BINDINGS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("detect", "detr", [{"threshold": 0.2}, {"threshold": 0.6}]),
    (
        "segment",
        "mask2former",
        [{"subtask": "panoptic", "threshold": 0.3}, {"subtask": "semantic"}],
    ),
    ("depth", "glpn", [{"max_side": 64}, {"max_side": None}]),
    ("classify-image", "vit", [{"top_k": 1}, {"top_k": 3, "function": "sigmoid"}]),
    ("classify-text", "distilbert-sentiment", [{"truncate": True}, {"pair": SHORT_TEXT}]),
    ("ner", "bert-ner", [{"aggregation": "none"}, {"aggregation": "simple", "stride": 5}]),
    ("qa", "bert-qa", [{"question": ["Who?"]}, {"question": ["When?"], "no_answer": True}]),
    ("asr", "wav2vec2-ctc", [{"timestamps": "none"}, {"timestamps": "word"}]),
    ("asr", "whisper", [{"timestamps": "none"}, {"timestamps": "word"}, {"language": "fr"}]),
    ("classify-audio", "ast", [{"top_k": 1}, {"function": "sigmoid"}]),
    (
        "generate",
        "gpt2",
        [
            {"max_new_tokens": 6},
            {"max_new_tokens": 9, "temperature": 1.4, "seed": 3},
            {"max_new_tokens": 9, "num_beams": 2, "top_k": 5, "seed": 4},
        ],
    ),
    ("generate", "llama-chat", [{"max_new_tokens": 6}, {"system": "Rhyme.", "max_new_tokens": 4}]),
    ("summarize", "bart", [{"max_length": 9, "min_length": 2}, {"max_length": 12, "num_beams": 1}]),
    *(
        ("translate", name, [{"source_language": one}, {"source_language": two}, {"by": "whole"}])
        for name, one, two in (
            ("mbart50", "fr_XX", "de_DE"),
            ("m2m100", "fr", "de"),
            ("nllb", "fra_Latn", "deu_Latn"),
        )
    ),
    ("translate", "t5", [{"target_language": "fr"}, {"target_language": "ro"}]),
]


def inputs_of(task: str) -> dict[str, Iterable[Any]]:
    media = taskcli.TASKS[[one.name for one in taskcli.TASKS].index(task)].media
    if media == "text":
        return {"texts": TEXTS[:3]}
    files = sounds(Path()) if media == "audio" else photos(Path())
    return {"inputs": list(files.values())}


def said(model: Model, **inputs: Iterable[Any]) -> list[Any]:
    """What the records say, of inputs of which some may fail."""
    return [(record.result, record.error, record.warnings) for record in model(**inputs)]


@pytest.mark.long
@pytest.mark.parametrize(("task", "name", "options"), BINDINGS, ids=lambda value: str(value)[:20])
def test_models_of_one_checkpoint_answer_as_if_each_were_loaded(
    task: str, name: str, options: list[dict[str, Any]]
) -> None:
    inputs = inputs_of(task)
    expected = [said(load(task, name, **own), **inputs) for own in options]
    assert expected[0] != expected[1]
    first = load(task, name)
    bound = [first.bind(**own) for own in options]
    for _ in range(2):  # each after all the others
        assert [said(model, **inputs) for model in bound] == expected
    assert len({id(model.session.task.model) for model in (first, *bound)}) == 1
    assert len({id(model.session.task.processor) for model in (first, *bound)}) == 1
    assert len(first.loaded.model._forward_hooks) == 1


def test_options_that_are_not_named_stay_and_the_first_model_does_too() -> None:
    first = load("classify-text", "distilbert-sentiment", top_k=1, pair=SHORT_TEXT)
    second = first.bind(top_k=2)
    assert (second.options.top_k, second.options.pair) == (2, SHORT_TEXT)
    assert (first.options.top_k, first.options.pair) == (1, SHORT_TEXT)
    assert second.bind(pair=None).options.pair is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"treshold": 0.5}, ["treshold", "threshold"]),
        ({"threshold": 7}, ["threshold", "7"]),
        ({"threshold": "much"}, ["threshold", "much"]),
    ],
    ids=["name", "range", "type"],
)
def test_what_load_refuses_is_refused(options: dict[str, Any], words: list[str]) -> None:
    model = load("detect", "detr")
    with pytest.raises(UsageError) as caught:
        model.bind(**options)
    assert all(word in f"{caught.value.message} {caught.value.hint}" for word in words)


def test_what_the_checkpoint_cannot_serve_is_refused() -> None:
    with pytest.raises(UsageError, match="--timestamps char"):
        load("asr", "whisper").bind(timestamps="char")
    with pytest.raises(UsageError, match="klingon"):
        load("translate", "m2m100").bind(target_language="klingon")


# Runs


def of_texts(texts: Iterable[str]) -> Sources:
    return resolve([], Reading(Media.TEXT), texts=list(texts))


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(works)) as pool:
        return [one.result() for one in [pool.submit(work) for work in works]]


@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "name", "how"),
    [
        ("ner", "bert-ner", {"aggregation": "none"}),
        ("summarize", "bart", {"max_length": 6, "min_length": 2, "num_beams": 1}),
        ("generate", "gpt2", {"max_new_tokens": 4}),
    ],
    ids=["ner", "summarize", "generate"],
)
def test_runs_of_one_model_in_several_threads(task: str, name: str, how: dict[str, Any]) -> None:
    model = load(task, name, **how)
    lists = [[text[start:] for text in TEXTS * 3] for start in range(4)]
    alone = [said(model, texts=texts) for texts in lists]
    assert in_threads(*(partial(said, model, texts=texts) for texts in lists)) == alone


def test_recordings_in_several_threads() -> None:
    files = list(sounds(Path()).values())
    model = load("asr", "wav2vec2-ctc")  # whose norm is told the lengths in each batch
    lists = [files, files[::-1], files[1:]]
    alone = [said(model, inputs=own) for own in lists]
    assert in_threads(*(partial(said, model, inputs=own) for own in lists)) == alone


def test_a_run_may_begin_while_another_pauses() -> None:
    model = load("classify-text", "distilbert-sentiment")
    texts = [text[start:] for start in range(20) for text in TEXTS]
    whole = said(model, texts=texts)
    paused = model(texts=texts)
    begun = [next(paused) for _ in range(3)]
    assert said(model, texts=texts) == whole
    assert said(model.bind(top_k=1), texts=texts) != whole
    rest = [(one.result, one.error, one.warnings) for one in (*begun, *paused)]
    assert rest == whole


def test_a_run_is_stopped_alone() -> None:
    model = load("classify-text", "distilbert-sentiment")
    stop = threading.Event()
    first, second = (
        model.run(of_texts([SHORT_TEXT] * 600), stop=one) for one in (stop, threading.Event())
    )
    answers_of_first, answers_of_second = first.answers(), second.answers()
    next(answers_of_first), next(answers_of_second)
    stop.set()
    assert len(list(answers_of_second)) == 599
    assert len(list(answers_of_first)) < 599


def test_a_run_is_heard_alone() -> None:
    model = load("generate", "gpt2", max_new_tokens=6)
    runs = [model.run(of_texts([text])) for text in ("The museum in", "Once upon a", "No")]
    heard: list[list[str]] = [[], []]
    for run, own in zip(runs, heard, strict=False):
        run.listener = own.append
    records = in_threads(*(lambda run=run: [one.record for one in run.answers()] for run in runs))
    for own, [record] in zip(heard, records, strict=False):
        assert "".join(own) == record.result.generated_text


def test_how_inputs_were_batched_is_said_of_their_own_run() -> None:
    model = load("detect", "detr")  # whose pictures share a batch by their shape
    alike, mixed = Path("alike.png"), Path("mixed.png")
    scene(96, 64).save(alike)
    scene(64, 96).save(mixed)
    first, second = (
        model.run(resolve([str(path) for path in paths], Reading(Media.IMAGE)))
        for paths in ([alike], [alike, mixed])
    )
    list(second.answers())
    list(first.answers())
    assert (first.batching_note, second.batching_note) == ("", "in batches of one shape")


def test_damage_is_told_of_the_run_that_meets_it() -> None:
    """NaN is noted where it is computed: only the run of long texts meets the damaged rows."""
    model = load("classify-text", "distilbert-sentiment")
    places = model.loaded.model.distilbert.embeddings.position_embeddings.weight
    places.data[40:] = float("nan")
    short, long = ["Good.", "No."] * 30, [ARTICLE] * 30
    good, bad = in_threads(*(partial(said, model, texts=texts) for texts in (short, long)))
    assert all(error is None for _, error, _ in good)
    assert all("NaN" in error.message for _, error, _ in bad)
