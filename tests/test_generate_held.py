"""generate: answers held to a choice or to a JSON Schema."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from checkpoints import cached
from conftest import Finished
from models import answers, load

import taskcli

Run = Callable[..., Finished]
STARTER = Path(taskcli.__file__).parent / "starter" / "generate"
STORY = "Once upon a time there was a little"


def one(done: Finished) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    [record] = done.records
    return record["result"]


def chat(text: str) -> str:
    Path("chat.jsonl").write_text(
        json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n"
    )
    return "chat.jsonl"


# A choice


def by_hand(prompt: str, choices: list[str], end: bool) -> list[float]:
    """The probability of each text among them, by the model's own words one at a time."""
    model = load("generate", STARTER)
    tokenizer, net = model.loaded.processor, model.loaded.model
    chances = []
    before = tokenizer(prompt)["input_ids"]
    for choice in choices:
        ids = tokenizer(prompt + choice)["input_ids"] + [tokenizer.eos_token_id] * end
        assert ids[: len(before)] == before
        total = 0.0
        for place in range(len(before), len(ids)):
            with torch.inference_mode():
                logits = net(torch.tensor([ids[:place]])).logits[0, -1]
            total += float(torch.log_softmax(logits.float(), -1)[ids[place]])
        chances.append(total)
    return torch.tensor(chances, dtype=torch.float64).softmax(0).tolist()


@pytest.mark.parametrize("choices", ["girl,boy,red cube", "x, y z"])
def test_the_likeliest_choice_is_the_answer_with_its_probability(run: Run, choices: str) -> None:
    words = [word.strip() for word in choices.split(",")]
    found = one(run("generate", "--text", STORY, "-m", "starter", "--choices", choices))
    expected = by_hand(STORY, [f" {word}" for word in words], end=False)
    best = max(range(len(words)), key=expected.__getitem__)
    assert found["generated_text"] == words[best]
    assert found["score"] == pytest.approx(expected[best], rel=1e-4)
    assert {row["label"]: row["score"] for row in found["choices"]} == pytest.approx(
        dict(zip(words, expected, strict=True)), rel=1e-3
    )
    scores = [row["score"] for row in found["choices"]]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=1e-5)
    assert "finish_reason" not in found


def test_a_choice_that_begins_another_is_told_by_its_end(run: Run) -> None:
    words = ["girl", "girl called Mira"]
    found = one(run("generate", "--text", STORY, "-m", "starter", "--choices", ",".join(words)))
    expected = by_hand(STORY, [f" {word}" for word in words], end=True)
    assert {row["label"]: row["score"] for row in found["choices"]} == pytest.approx(
        dict(zip(words, expected, strict=True)), rel=1e-3
    )


def test_the_story_goes_on_as_it_does(run: Run) -> None:
    """The starter's own next word is the likeliest of those that it might have said."""
    free = one(run("generate", "--text", STORY, "-m", "starter", "--max-new-tokens", "12"))
    word = free["generated_text"].removeprefix(STORY).split()[0].strip(".,")
    found = one(
        run("generate", "--text", STORY, "-m", "starter", "--choices", f"zebra,{word},seven")
    )
    assert found["generated_text"] == word
    assert found["score"] > 0.5


def test_choices_are_the_same_alone_and_in_a_batch() -> None:
    model = load("generate", "gpt2", choices="yes,no,it may well be so")
    texts = ["Is it?", "Once upon a time there was a house", "A", "Was it? " * 9]
    alone = [answers(model, texts=[text])[0] for text in texts]
    together = answers(model, texts=texts)
    for one_way, other in zip(alone, together, strict=True):
        assert one_way.generated_text == other.generated_text
        assert one_way.score == pytest.approx(other.score, rel=1e-4)


def test_a_chat_is_answered_by_a_choice_and_its_end(run: Run) -> None:
    name = cached("llama-chat")
    found = one(run("generate", chat("Is it red?"), "-m", name, "--choices", "yes,no,perhaps"))
    assert found["generated_text"] in ("yes", "no", "perhaps")
    model = load("generate", "llama-chat")
    tokenizer, net = model.loaded.processor, model.loaded.model
    before = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Is it red?"}], add_generation_prompt=True, return_dict=False
    )
    end = net.generation_config.eos_token_id
    end = end[0] if isinstance(end, list) else end
    totals = {}
    for word in ("yes", "no", "perhaps"):
        ids = [*before, *tokenizer(word, add_special_tokens=False)["input_ids"], end]
        with torch.inference_mode():
            chances = net(torch.tensor([ids])).logits[0].float().log_softmax(-1)
        places = range(len(before), len(ids))
        totals[word] = float(sum(chances[place - 1, ids[place]] for place in places))
    assert found["generated_text"] == max(totals, key=totals.__getitem__)
    assert found["prompt_tokens"] == len(before)


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ("yes", "there is nothing to choose"),
        ("", "there is nothing to choose"),
        ("yes,,no", "there is nothing to choose"),
        ("yes,no,yes", "'yes' is there twice"),
    ],
)
def test_choices_that_are_none_are_a_wrong_call(run: Run, choices: str, told: str) -> None:
    done = run("generate", "--text", "a", "-m", "starter", "--choices", choices)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_choice_may_have_a_comma_in_quotes(run: Run) -> None:
    found = one(
        run("generate", "--text", STORY, "-m", "starter", "--choices", '"girl, a boy",house')
    )
    assert {row["label"] for row in found["choices"]} == {"girl, a boy", "house"}


@pytest.mark.parametrize(
    "other",
    [
        ("--stop", "x"),
        ("--temperature", "1"),
        ("--top-k", "3"),
        ("--seed", "0"),
        ("--num-beams", "2"),
        ("--num-return-sequences", "2"),
        ("--repetition-penalty", "1.2"),
    ],
)
def test_a_choice_is_made_one_way(run: Run, other: tuple[str, str]) -> None:
    done = run("generate", "--text", "a", "-m", "starter", "--choices", "a,b", *other)
    assert done.exit_code == 2
    assert f"{other[0]} does not go with --choices" in done.stderr


# A JSON Schema

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "colour": {"enum": ["red", "blue"]},
        "tags": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3},
    },
    "required": ["name", "age", "colour", "tags"],
    "additionalProperties": False,
}


def schema(value: Any = PERSON) -> str:
    Path("schema.json").write_text(json.dumps(value))
    return "schema.json"


@pytest.fixture
def _grammars() -> None:
    pytest.importorskip("llguidance")


@pytest.mark.parametrize(
    "how",
    [
        (),
        ("--temperature", "2", "--seed", "1"),
        ("--num-beams", "3"),
        ("--num-return-sequences", "3", "--seed", "5", "--temperature", "1.5"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["starter", "llama-chat"])
def test_what_is_written_is_json_of_the_schema(
    run: Run, name: str, how: tuple[str, ...], _grammars: None
) -> None:
    Path("rows.txt").write_text("Once upon a time\nThere was a house and\nA\n" * 2)
    checkpoint = name if name == "starter" else cached(name)
    call = ("--json-schema", schema(), "--max-new-tokens", "120", *how)
    done = run("generate", "rows.txt", "--lines", "-m", checkpoint, *call)
    assert done.exit_code == 0, done.stderr
    assert len(done.records) == 6
    for record in done.records:
        found = record["result"] if isinstance(record["result"], list) else [record["result"]]
        for text in found:
            assert text["finish_reason"] == "eos_token"
            jsonschema.validate(json.loads(text["generated_text"]), PERSON)


def test_rows_of_a_batch_are_as_alone(_grammars: None) -> None:
    file = Path(schema({"type": "array", "items": {"enum": ["a", "bb", "ccc"]}, "minItems": 2}))
    model = load("generate", "gpt2", json_schema=file, max_new_tokens=30)
    texts = ["One", "Two and three", "Once upon a time"]
    alone = [answers(model, texts=[text])[0].generated_text for text in texts]
    assert [one.generated_text for one in answers(model, texts=texts)] == alone


def test_formats_without_a_place_for_warnings_have_them_on_stderr_once(
    run: Run, _grammars: None
) -> None:
    Path("rows.txt").write_text("Once\nOne day\nThere was\n")
    call = ("generate", "rows.txt", "--lines", "-m", "starter", "--json-schema", schema())
    call += ("--max-new-tokens", "6", "--format")
    done = run(*call, "text")
    warning = "warning: rows.txt:1: the JSON has no end: more tokens would be needed"
    assert done.stderr.count("the JSON has no end") == 1
    assert warning in done.stderr and "3 inputs, 3 with warnings in " in done.stderr
    assert "warning" not in run(*call, "jsonl").stderr
    assert run(*call, "text", "--quiet").stderr == ""


def test_json_that_has_no_room_says_so(run: Run, _grammars: None) -> None:
    call = ("--json-schema", schema(), "--max-new-tokens", "6")
    done = run("generate", "--text", "Once", "-m", "starter", *call)
    [record] = done.records
    assert record["result"]["finish_reason"] == "length"
    assert any("--max-new-tokens" in warning for warning in record["warnings"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ("[]", "a schema is an object"),
        ('{"type": "elephant"}', "elephant"),
        ('{"$ref": "https://example.com/schema.json"}', "--json-schema"),
    ],
)
def test_a_schema_that_is_none_is_a_wrong_call(
    run: Run, content: str, told: str, _grammars: None
) -> None:
    Path("schema.json").write_text(content)
    done = run("generate", "--text", "a", "-m", "starter", "--json-schema", "schema.json")
    assert done.exit_code == 2
    assert told in done.stderr and "--json-schema" in done.stderr


@pytest.mark.parametrize(
    ("content", "told", "hint"),
    [
        (False, "schema.json: false allows nothing", "correct it"),
        ({"enum": []}, "schema.json: it allows nothing: enum is empty", "list the values"),
        (
            {"properties": {"a": {"enum": []}}},
            "schema.json at #/properties/a: it allows nothing: enum is empty",
            "list the values",
        ),
        (
            {"properties": {"a": "string"}},
            'at #/properties/a: "string" is no schema',
            'a schema is an object, such as {"type": "string"}',
        ),
        (
            {"name": {"type": "string"}},
            'schema.json: "name" is no keyword of JSON Schema, and would allow anything',
            'write it under "properties": {"name": ...}',
        ),
        (
            {"type": "object", "properties": {"a": {"size": {"type": "number"}}}},
            'at #/properties/a: "size" is no keyword of JSON Schema',
            'under "properties"',
        ),
        ({"$ref": "#"}, "it allows nothing", "correct it"),
        ({"properties": {"a/b": {"type": "strng"}}}, "at #/properties/a~1b: ", "correct it"),
        ({"anyOf": [{"items": {"$ref": "#/$defs/x"}}]}, "at #/anyOf/0/items: ", "correct it"),
        (
            {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "strng"}}},
            "at #/$defs/x: ",
            "correct it",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 3}},
                "required": ["a"],
            },
            "at #/properties/a: it allows nothing: minimum (5) is greater than maximum (3)",
            "correct it",
        ),
        (
            {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
            "schema.json: it allows nothing that ends",
            "correct it",
        ),
        ({"type": "string", "pattern": "("}, "unclosed group", "correct it"),
        ({"properties": 5}, "properties must be an object", "correct it"),
        ({"items": {"not": {"type": "string"}}}, "at #/items: ", "simplify it"),
        ({"items": {"pattern": "a(?=b)", "type": "string"}}, "at #/items: ", "simplify it"),
    ],
    ids=str,
)
def test_a_schema_that_nothing_can_be_written_to_is_refused_at_its_fault(
    run: Run, content: Any, told: str, hint: str, _grammars: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr("taskcli.runtime.loader.load", lambda *how, **more: loaded.append(how))
    done = run("generate", "--text", "a", "-m", "starter", "--json-schema", schema(content))
    said = " ".join(done.stderr.split())
    assert done.exit_code == 2 and not loaded
    assert told in said and hint in said


def test_a_schema_that_another_part_refers_to_may_have_any_name(run: Run, _grammars: None) -> None:
    content = {"digit": {"enum": [7]}, "kind": {"type": "null"}, "$ref": "#/kind"}
    [record] = run(
        "generate", "--text", "a", "-m", "starter", "--json-schema", schema(content)
    ).records
    assert record["result"]["generated_text"] == "null"


@pytest.mark.parametrize("given", ['{"type": "object"}', "-"])
def test_a_schema_is_named_by_its_file(run: Run, given: str) -> None:
    done = run("generate", "--text", "a", "-m", "starter", "--json-schema", given)
    assert done.exit_code == 2
    assert f"--json-schema {given}: No such file or directory\n  → it names a file: " in done.stderr


def test_a_schema_that_allows_everything_is_true(run: Run, _grammars: None) -> None:
    call = ("--json-schema", schema(True), "--max-new-tokens", "60", "--seed", "1")
    record = run("generate", "--text", "Once", "-m", "starter", *call).records[0]
    text = record["result"]["generated_text"]
    if record["result"]["finish_reason"] == "eos_token":
        json.loads(text)
    assert ("warnings" in record) == (record["result"]["finish_reason"] == "length")


def test_the_package_that_is_missing_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import taskcli.errors

    monkeypatch.setattr(taskcli.errors, "find_spec", lambda name: None)
    done = run("generate", "--text", "a", "-m", "starter", "--json-schema", schema())
    assert done.exit_code == 2
    assert "pip install 'taskcli[json-schema]'" in done.stderr
