"""generate: prompts as they are meant, chats of several turns, and why a text ends."""

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
import transformers as hf
from checkpoints import cached
from conftest import Finished
from models import answers, load
from parity.checkpoint import make
from samples import one_window

from taskcli.media.items import TextInput
from taskcli.runtime import session
from taskcli.task import Batch
from taskcli.tasks.generate import Generate
from taskcli.tasks.seeded import seed_of, seeded

Run = Callable[..., Finished]
SHORT = ("--max-new-tokens", "5")


def one(done: Finished) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    [record] = done.records
    return record["result"]


def chat(*turns: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns], **more}


def rows(*values: Any) -> str:
    Path("rows.jsonl").write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return "rows.jsonl"


# Prompts


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_final_newline_of_a_file_or_a_pipe_is_no_part_of_the_prompt(run: Run, end: str) -> None:
    words = ("-m", cached("gpt2"), *SHORT)
    literal = one(run("generate", "--text", "Once upon", *words))
    Path("prompt.txt").write_bytes(f"Once upon{end}".encode())
    assert one(run("generate", "prompt.txt", *words)) == literal
    assert one(run("generate", "-", *words, stdin=f"Once upon{end}")) == literal


def test_other_newlines_stay(run: Run) -> None:
    words = ("-m", cached("gpt2"), *SHORT)
    piped = one(run("generate", "-", *words, stdin="\nOnce\n\n"))
    assert piped == one(run("generate", "--text", "\nOnce\n", *words))
    assert piped["generated_text"].startswith("\nOnce\n")
    row = run("generate", rows({"prompt": "Once\n"}), *words)
    assert one(row) == one(run("generate", "--text", "Once\n", *words))


def test_a_document_of_another_task_keeps_its_end(run: Run, classifier: Path) -> None:
    from taskcli.media.decode.decoder import Decoder
    from taskcli.media.source import Source

    decode = Decoder(load("classify-text", classifier).task.media)
    assert decode(Source("-", data=b"Good.\n")) == TextInput("Good.\n")


@pytest.mark.parametrize("stop", [[""], ["x", ""]])
def test_an_empty_stop_text_is_a_wrong_call(run: Run, stop: list[str]) -> None:
    flags = [word for text in stop for word in ("--stop", text)]
    done = run("generate", "--text", "Once", "-m", cached("gpt2"), *flags)
    assert done.exit_code == 2
    assert "--stop" in done.stderr


# What shares a batch


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many prompts each batch had that was computed."""
    found: list[int] = []
    forward = Generate.forward

    def counted(task: Generate, batch: Batch) -> torch.Tensor:
        found.append(len(batch.row_to_item))
        return forward(task, batch)

    monkeypatch.setattr(Generate, "forward", counted)
    return found


def test_few_prompts_share_a_batch_from_the_first_on(batches: list[int]) -> None:
    model = load("generate", "gpt2", max_new_tokens=8)
    assert len(list(model(texts=["Once upon a time there was"] * 40))) == 40
    assert batches == [32, 8]


def test_a_batch_keeps_no_more_tokens_than_the_memory_of_the_device_bears(
    batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and values, float32, of two layers: of the prompt's tokens and of new ones."""
    model = load("generate", "gpt2", max_new_tokens=8)
    config, weights = model.loaded.model.config, model.loaded.model.get_memory_footprint()
    [prompt] = {record.result.prompt_tokens for record in model(texts=["Once upon"])}
    each = (prompt + 8) * config.n_layer * config.n_embd * 2 * 4
    monkeypatch.setattr(session, "total_memory", lambda device: weights + 4 * 5 * each)
    assert len(list(model(texts=["Once upon"] * 32))) == 32
    assert batches == [1, 5, 5, 5, 5, 5, 5, 2]
    batches.clear()
    several = model.bind(num_return_sequences=2, num_beams=2)
    assert len(list(several(texts=["Once upon"] * 6))) == 6
    assert batches == [2, 2, 2]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each call of generate() goes on with."""
    found: list[int] = []
    generate = hf.GPT2LMHeadModel.generate

    def counted(model: hf.GPT2LMHeadModel, **given: Any) -> torch.Tensor:
        found.append(len(given["input_ids"]))
        return generate(model, **given)

    monkeypatch.setattr(hf.GPT2LMHeadModel, "generate", counted)
    return found


SEVERAL = [f"{start} {'and so ' * number}" for number in range(4) for start in ("We", "No", "He")]
DRAWN: dict[str, Any] = {"temperature": 1.5, "seed": 7}


@pytest.mark.parametrize("limit", [{"stop": ["e"]}, {"ends": range(0, 500, 4)}], ids=str)
@pytest.mark.parametrize(
    "how",
    [{}, {"repetition_penalty": 1.3}, DRAWN, {**DRAWN, "num_return_sequences": 3}],
    ids=str,
)
def test_texts_that_have_ended_leave_their_batch(
    how: dict[str, Any], limit: dict[str, Any], calls: list[int]
) -> None:
    model = load("generate", "gpt2", max_new_tokens=24, stop=limit.get("stop", []), **how)
    if "ends" in limit:
        model.loaded.model.generation_config.eos_token_id = [*limit["ends"]]
    model.batch_size = "1"
    alone = answers(model, texts=SEVERAL)
    calls.clear()
    model.batch_size = "12"
    with one_window():
        assert answers(model, texts=SEVERAL) == alone
    assert calls[0] == len(SEVERAL) * how.get("num_return_sequences", 1)
    assert len(calls) > 1
    for before, after in itertools.pairwise(calls):
        assert 0 < after <= before / 2


def test_a_checkpoint_that_counts_from_where_it_began_writes_in_one_call(calls: list[int]) -> None:
    model = load("generate", "gpt2", max_new_tokens=24)
    settings = model.loaded.model.generation_config
    settings.eos_token_id, settings.min_new_tokens = [*range(0, 500, 4)], 6
    model.batch_size = "1"
    alone = answers(model, texts=SEVERAL)
    assert len({text.generated_tokens for text in alone}) > 1
    assert min(text.generated_tokens for text in alone) >= 6
    calls.clear()
    model.batch_size = "12"
    with one_window():
        assert answers(model, texts=SEVERAL) == alone
    assert calls == [12]


def test_layers_may_differ_in_what_they_keep(tmp_path: Path) -> None:
    make(Generate, "gemma4", tmp_path)
    written = answers(load("generate", tmp_path, max_new_tokens=4), texts=SEVERAL)
    assert [text.prompt_tokens + text.generated_tokens for text in written] > [4] * len(SEVERAL)


# Why a text ends


@pytest.fixture
def ending(tmp_path: Path) -> Callable[[str, str], tuple[Path, int]]:
    """A copy of a checkpoint that ends with a token which it writes soon, and how soon that is."""

    def make(name: str, prompt: str) -> tuple[Path, int]:
        folder = shutil.copytree(cached(name), tmp_path / "ending")
        done = load("generate", name, max_new_tokens=3).session.task
        batch = done.preprocess([part for _, part in done.encode([TextInput(prompt)])])
        tokens = done.forward(batch)[0].tolist()
        for file in ("config.json", "generation_config.json"):
            settings = json.loads((folder / file).read_text())
            (folder / file).write_text(json.dumps({**settings, "eos_token_id": tokens[2]}))
        return folder, tokens.index(tokens[2]) + 1

    return make


def test_a_record_says_why_its_text_ends_and_what_it_took(
    run: Run, ending: Callable[[str, str], tuple[Path, int]]
) -> None:
    prompt = "Once upon a time there was"
    tokens = len(hf.AutoTokenizer.from_pretrained(cached("gpt2"))(prompt)["input_ids"])
    words = ("generate", "--text", prompt, "--max-new-tokens", "8")
    long = one(run(*words, "-m", cached("gpt2")))
    assert list(long) == ["generated_text", "finish_reason", "prompt_tokens", "generated_tokens"]
    assert (long["finish_reason"], long["prompt_tokens"]) == ("length", tokens)
    assert long["generated_tokens"] == 8
    folder, count = ending("gpt2", prompt)
    ended = one(run(*words, "-m", folder))
    assert (ended["finish_reason"], ended["generated_tokens"]) == ("eos_token", count)
    stop = long["generated_text"][len(prompt) + 3 :][:2]
    stopped = one(run(*words, "-m", cached("gpt2"), "--stop", stop))
    assert stopped["finish_reason"] == "stop_sequence"
    assert 1 <= stopped["generated_tokens"] < 8
    assert stopped["generated_text"] in long["generated_text"]


@pytest.mark.parametrize(("name", "stop"), [("gpt2", "We"), ("llama-chat", "work")])
def test_texts_in_a_batch_say_what_they_say_alone(run: Run, name: str, stop: str) -> None:
    prompts = rows(*({"prompt": text} for text in ("Once upon a time there was", "No", "He and")))
    words = ("generate", prompts, "-m", cached(name), "--max-new-tokens", "24", "--stop", stop)
    together = [record["result"] for record in run(*words, "--batch-size", "3").records]
    alone = [record["result"] for record in run(*words, "--batch-size", "1").records]
    assert together == alone
    assert len({result["generated_tokens"] for result in alone}) > 1


def test_every_one_of_several_texts_has_its_own_reason(
    run: Run, ending: Callable[[str, str], tuple[Path, int]]
) -> None:
    folder, _ = ending("gpt2", "Once upon")
    how = ("--num-return-sequences", "4", "--temperature", "2", "--seed", "1")
    found = one(
        run("generate", "--text", "Once upon", "-m", folder, "--max-new-tokens", "12", *how)
    )
    assert len(found) == 4
    assert {text["finish_reason"] for text in found} == {"eos_token", "length"}
    for text in found:
        assert (text["generated_tokens"] == 12) or text["finish_reason"] == "eos_token"


def test_reasons_are_in_the_schema_and_in_tables(run: Run) -> None:
    schema = json.loads(run("schema", "generate").stdout)
    done = run("generate", "--text", "Once", "-m", cached("gpt2"), *SHORT)
    jsonschema.validate(done.records[0], schema)
    reasons = schema["$defs"]["GeneratedText"]["properties"]["finish_reason"]
    assert "stop_sequence" in json.dumps(reasons)
    table = run("generate", "--text", "Once", "-m", cached("gpt2"), *SHORT, "-f", "csv").stdout
    header = "input,generated_text,finish_reason,prompt_tokens,generated_tokens,error"
    assert table.splitlines()[0] == header
    rich = run("generate", "--text", "Once", "-m", cached("gpt2"), *SHORT, "-f", "rich").stdout
    assert "length" not in rich


# Chance

SAMPLED = ("--max-new-tokens", "10", "--temperature", "1.5", "--seed", "7")
PROMPTS = ("Once upon a time there was", "No", "He and", "The museum in the", "We")


def by_input(done: Finished) -> dict[str, Any]:
    assert done.exit_code == 0, done.stderr
    return {record["input"]: record["result"] for record in done.records}


@pytest.fixture
def files() -> list[str]:
    for number, text in enumerate(PROMPTS):
        Path(f"{number}.txt").write_text(text)
    return [f"{number}.txt" for number in range(len(PROMPTS))]


MORE = [(), ("--num-return-sequences", "3"), ("--num-beams", "3"), ("--top-k", "9")]


@pytest.mark.long
@pytest.mark.parametrize("more", MORE, ids=str)
def test_a_seed_gives_an_input_the_same_text_in_any_company(
    run: Run, files: list[str], more: tuple[str, ...]
) -> None:
    words = ("-m", cached("gpt2"), "--dtype", "float32", *SAMPLED, *more)
    together = by_input(run("generate", *files, *words))
    assert by_input(run("generate", *files, *words)) == together
    assert by_input(run("generate", *files[::-1], *words)) == together
    assert by_input(run("generate", *files, *words, "--batch-size", "1")) == together
    assert by_input(run("generate", *files, *words, "--batch-size", "2")) == together
    for file in files:
        assert by_input(run("generate", file, *words)) == {file: together[file]}


def test_a_seed_gives_a_run_that_is_resumed_the_same_texts(run: Run, files: list[str]) -> None:
    words = ("generate", *files, "-m", cached("gpt2"), *SAMPLED, "-o", "texts.jsonl")
    assert run(*words).exit_code == 0
    whole = Path("texts.jsonl").read_text()
    for kept in range(1, len(files)):
        Path("texts.jsonl").write_text("".join(whole.splitlines(keepends=True)[:kept]))
        assert run(*words, "--resume").exit_code == 0
        assert Path("texts.jsonl").read_text() == whole


def test_inputs_and_seeds_and_sequences_differ(run: Run) -> None:
    Path("a.txt").write_text(PROMPTS[0])
    Path("b.txt").write_text(PROMPTS[0])
    words = ("generate", "a.txt", "b.txt", "-m", cached("gpt2"), "--num-return-sequences", "2")
    seeded = [run(*words, *SAMPLED[:-1], seed) for seed in ("7", "8")]
    texts = [
        text["generated_text"]
        for done in seeded
        for result in by_input(done).values()
        for text in result
    ]
    assert len(set(texts)) == len(texts) == 8


def test_without_a_seed_every_run_is_another(run: Run) -> None:
    words = ("generate", "--text", PROMPTS[0], "-m", cached("gpt2"), "--temperature", "1.5")
    torch.manual_seed(0)
    first = one(run(*words, "--max-new-tokens", "10"))
    torch.manual_seed(0)
    assert one(run(*words, "--max-new-tokens", "10")) != first


@pytest.mark.parametrize("seed", [(), ("--seed", "3")], ids=["any", "seed"])
def test_the_generator_of_the_process_is_left_alone(run: Run, seed: tuple[str, ...]) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    words = ("generate", "--text", PROMPTS[0], "-m", cached("gpt2"), "--temperature", "1.5")
    assert run(*words, "--max-new-tokens", "5", *seed).exit_code == 0
    assert torch.equal(torch.get_rng_state(), before)


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    with seeded([seed_of(0, str(number)) for number in range(4000)]):
        drawn = torch.multinomial(shares.repeat(4000, 1), num_samples=1)
    found = torch.bincount(drawn[:, 0], minlength=4) / 4000
    assert (found - shares).abs().max() < 0.03  # four standard deviations


def test_noise_is_a_rows_own_in_any_company() -> None:
    with seeded([0, 0, 0]):
        many = torch.randn(3, 20, 64)
        like = torch.randn_like(many)
    with seeded([0]):
        alone = torch.randn((1, 20, 64))
        assert torch.equal(torch.randn_like(alone)[0], like[2])
    torch.manual_seed(0)
    assert torch.equal(alone, torch.randn(1, 20, 64))
    assert torch.equal(many, alone.repeat(3, 1, 1))


# Chats


def asked(run: Run, *values: Any, how: tuple[object, ...] = ()) -> list[dict[str, Any]]:
    done = run("generate", rows(*values), "-m", cached("llama-chat"), *SHORT, *how)
    return done.records


def prompt_of(*turns: tuple[str, str]) -> int:
    """How many tokens a chat has by the checkpoint's own template."""
    tokenizer = hf.AutoTokenizer.from_pretrained(cached("llama-chat"))
    messages = chat(*turns)["messages"]
    return len(tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"])


def test_a_row_of_messages_is_a_chat_of_several_turns(run: Run) -> None:
    turns = [("user", "Hello"), ("assistant", "Yes?"), ("user", "Who are you?")]
    short, long = asked(run, chat(turns[0]), chat(*turns, prompt="not this"))
    assert short["result"] == one(
        run("generate", "--text", "Hello", "-m", cached("llama-chat"), *SHORT)
    )
    assert long["result"]["prompt_tokens"] == prompt_of(*turns) > prompt_of(turns[0])
    expected = hf.pipeline("text-generation", str(cached("llama-chat")), device="cpu")(
        chat(*turns)["messages"], max_new_tokens=5, do_sample=False
    )
    answer = expected[0]["generated_text"][-1]["content"]
    assert long["result"]["generated_text"] == answer.strip()


@pytest.mark.parametrize("indent", [None, 1])
def test_a_chat_comes_through_a_pipe_or_in_a_json_file(run: Run, indent: int | None) -> None:
    content = json.dumps(chat(("user", "Hello")), indent=indent)
    Path("chat.json").write_text(content)
    words = ("-m", cached("llama-chat"), *SHORT)
    literal = one(run("generate", "--text", "Hello", *words))
    assert one(run("generate", "-", *words, stdin=content)) == literal
    assert one(run("generate", "chat.json", *words)) == literal


def test_an_answer_that_is_begun_is_gone_on_with(run: Run) -> None:
    turns = [("user", "Hello"), ("assistant", "I am")]
    [found] = asked(run, chat(*turns))
    [expected] = hf.pipeline("text-generation", str(cached("llama-chat")), device="cpu")(
        chat(*turns)["messages"], max_new_tokens=5, do_sample=False
    )
    assert found["result"]["generated_text"].startswith("I am")
    answer = expected["generated_text"][-1]["content"]
    assert found["result"]["generated_text"] == answer.strip()


def test_a_system_prompt_is_put_before_chats_that_bring_none(run: Run) -> None:
    system, user = ("system", "Be brief."), ("user", "Hello")
    values = [chat(user), chat(("system", "Rhyme."), user), {"prompt": "Hello"}]
    first, own, plain = asked(run, *values, how=("--system", "Be brief."))
    assert first["result"]["prompt_tokens"] == prompt_of(system, user) > prompt_of(user)
    assert first["result"] == plain["result"]
    assert own["result"]["prompt_tokens"] == prompt_of(("system", "Rhyme."), user)


def test_parts_of_a_message_are_texts(run: Run) -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]
    picture = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    values = [{"messages": [{"role": "user", "content": content}]} for content in (parts, picture)]
    told, seen = asked(run, *values)
    assert told["result"]["prompt_tokens"] == prompt_of(("user", "Hello"))
    assert seen["error"]["message"] == "message 1 of the chat holds something else than text"


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "has no messages"),
        (["Hello"], "message 1 of the chat has no role"),
        ([{"role": "user", "content": "a"}, {"content": "b"}], "message 2 of the chat has no role"),
        ([{"role": "user"}], "message 1 of the chat holds something else"),
        ([{"role": "user", "content": None}], "message 1 of the chat holds something else"),
        ([{"role": "user", "content": " "}], "the text is empty"),
        (
            [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b", "tool_calls": [{"function": {"name": "f"}}]},
            ],
            "message 2 of the chat has tool_calls, and only texts are handed on",
        ),
    ],
)
def test_what_is_no_chat_costs_its_own_row(run: Run, messages: list[Any], reason: str) -> None:
    broken, whole = asked(run, {"messages": messages}, chat(("user", "Hello")))
    assert reason in broken["error"]["message"]
    assert "result" in whole


def test_a_field_of_another_name_may_hold_the_chat(run: Run) -> None:
    turns = chat(("user", "Hello"))["messages"]
    [found] = asked(run, {"log": {"turns": turns}, "messages": 3}, how=("--field", "log.turns"))
    assert found["result"]["prompt_tokens"] == prompt_of(("user", "Hello"))
    row = chat(("user", "Hello"), prompt="Good day")
    [prompt] = asked(run, row, how=("--field", "prompt"))
    assert prompt["result"]["prompt_tokens"] == prompt_of(("user", "Good day"))


def test_without_a_template_a_chat_is_an_error_and_a_system_prompt_a_wrong_call(run: Run) -> None:
    both = rows(chat(("user", "Hello")), {"prompt": "Hello"})
    done = run("generate", both, "-m", cached("gpt2"), *SHORT)
    assert done.exit_code == 1
    broken, whole = done.records
    assert "no chat template" in broken["error"]["message"]
    assert "--model chat" in broken["error"]["hint"]
    assert whole["result"]["generated_text"].startswith("Hello")
    done = run("generate", "--text", "Hello", "-m", cached("gpt2"), "--system", "Be brief.")
    assert done.exit_code == 2
    assert "--system: this checkpoint has no chat template" in done.stderr


def test_what_a_template_refuses_is_said(run: Run, tmp_path: Path) -> None:
    folder = shutil.copytree(cached("llama-chat"), tmp_path / "strict")
    file = folder / "chat_template.jinja"
    refusal = (
        "{% if messages[0]['role'] == 'system' %}"
        "{{ raise_exception('System role not supported') }}{% endif %}"
    )
    file.write_text(refusal + file.read_text())
    words = ("generate", "-m", folder, *SHORT)
    done = run(*words, rows(chat(("system", "Rhyme."), ("user", "Hello")), {"prompt": "Hello"}))
    assert done.exit_code == 1
    assert "System role not supported" in done.records[0]["error"]["message"]
    assert "result" in done.records[1]
    done = run(*words, "--text", "Hello", "--system", "Be brief.")
    assert done.exit_code == 2
    assert "System role not supported" in done.stderr


def test_an_answer_that_the_template_changes_cannot_be_gone_on_with(
    run: Run, tmp_path: Path
) -> None:
    folder = shutil.copytree(cached("llama-chat"), tmp_path / "loud")
    file = folder / "chat_template.jinja"
    file.write_text(file.read_text().replace("| trim", "| upper"))
    values = [chat(("user", "Hello"), ("assistant", "I am")), chat(("user", "Hello"))]
    begun, whole = run("generate", rows(*values), "-m", folder, *SHORT).records
    assert begun["error"]["message"].startswith("the chat cannot be gone on with: ")
    assert "result" in whole
