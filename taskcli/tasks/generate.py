"""taskcli generate."""

import os
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskcli.errors import InputError, UsageError
from taskcli.media.chats import Chat
from taskcli.media.items import Media, TextInput
from taskcli.results import FinishReason, GeneratedText
from taskcli.task import Batch, Samples, Task, WithWarnings
from taskcli.tasks.seeded import seed_of, seeded
from taskcli.tasks.token_rows import attended, padded
from taskcli.tasks.token_windows import ensure_pad_token, max_tokens

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TextStreamer

_EMPTY = "repair the template in a copy of the folder, or choose another checkpoint"
_CHATS = "choose a chat checkpoint, such as --model chat-small"
_SYSTEM = ("system", "developer")  # the roles of a system prompt
_ASSISTANT = "assistant"


@dataclass(frozen=True)
class GenerateOptions:
    """How a text goes on, and how long."""

    max_new_tokens: Annotated[int, typer.Option(min=1, help="Most tokens to add.")] = 128
    temperature: Annotated[
        float | None, typer.Option(min=0.0, help="Sample; above 1 is wilder. 0 is greedy.")
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Sample from the likeliest tokens of this share."),
    ] = None
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Sample from this many likeliest tokens.")
    ] = None
    seed: Annotated[
        int | None, typer.Option(help="Sample the same again, for each input by its name.")
    ] = None
    num_return_sequences: Annotated[
        int, typer.Option(min=1, help="Texts per prompt; above 1 result is a list.")
    ] = 1
    num_beams: Annotated[int, typer.Option(min=1, help="Beams to search with.")] = 1
    repetition_penalty: Annotated[
        float, typer.Option(min=0.0, help="Above 1 makes repeating less likely.")
    ] = 1.0
    stop: Annotated[
        list[str], typer.Option(metavar="TEXT", help="End before this text; repeatable.")
    ] = field(default_factory=list)
    system: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The system prompt of chats that bring none."),
    ] = None

    def __post_init__(self) -> None:
        if "" in self.stop:
            raise UsageError("--stop is empty, and every text begins with that", "leave it out")

    @property
    def samples(self) -> bool:
        """Greedy unless something asks for sampling."""
        if self.temperature == 0:
            return False
        asked = (self.temperature, self.top_p, self.top_k, self.seed)
        several = self.num_return_sequences > self.num_beams
        return several or any(value is not None for value in asked)


class Generate(Task[GenerateOptions, TextInput, GeneratedText | list[GeneratedText]]):
    """Continue a text, or answer a prompt with a chat model.

    Any checkpoint that AutoModelForCausalLM maps: GPT-2, Llama, Qwen, SmolLM, ...
    Greedy unless --temperature, --top-p, --top-k or --seed asks for sampling.
    A row may be a chat of several turns: `messages`, a list of objects with role and content.
    """

    name = "generate"
    media = Media.TEXT
    Options = GenerateOptions
    result = GeneratedText | list[GeneratedText]
    auto_models = ("AutoModelForCausalLM",)
    text_fields = ("messages", "prompt", "text")
    chats = True
    final_newline = False  # an editor's or echo's, and a model goes on differently behind it
    budget = 4_096  # characters
    fp32_heads = frozenset()
    examples = (
        "taskcli generate --text 'Once upon a time'",
        "taskcli generate prompts.txt --lines --max-new-tokens 50 --temperature 0.8 --seed 1",
        "taskcli generate chats.jsonl --model chat-small --system 'Answer in one sentence.'",
    )
    samples = Samples(options={"max_new_tokens": 8})

    def __init__(
        self,
        options: GenerateOptions,
        processor: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
    ) -> None:
        super().__init__(options, processor, model)
        self._chat = processor.chat_template is not None
        self._limit = max_tokens(processor, model.config, fallback=1_000_000)
        if options.system is not None:
            self._require_system()

    @classmethod
    def prepare(cls, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> None:
        processor.padding_side = "left"  # what is generated must follow the prompt directly
        ensure_pad_token(processor, model.config)

    def cost(self, item: TextInput) -> int:
        return len(item.text)

    def batch_key(self, item: TextInput) -> Hashable:
        """Prompts near the end of the context stop early: only those of one length may share."""
        tokens = len(self._encode(item))
        return None if tokens + self.options.max_new_tokens <= self._limit else tokens

    def padded_length(self, item: TextInput) -> int:
        return len(self._encode(item))

    def preprocess(self, items: list[TextInput]) -> Batch:
        prompts = [self._encode(item) for item in items]
        longest = max(map(len, prompts))
        if longest >= self._limit:
            raise InputError(
                f"the prompt has {longest} tokens; the model holds {self._limit}",
                "shorten it, or choose a checkpoint with a longer context",
            )
        rows = [attended(ids) for ids in prompts]
        room = min(self.options.max_new_tokens, self._limit - longest)
        return Batch(
            padded(self.processor, rows),
            range(len(items)),
            {
                "prompts": prompts,
                "longest": longest,
                "room": room,
                "ids": [item.id for item in items],
            },
        )

    def _encode(self, item: TextInput) -> list[int]:
        """Token ids of a prompt or a chat, which without a template is none to the model."""
        if self._chat:
            return self._rendered(self._messages(item))
        if _chat_of(item) is not None:
            raise InputError("the row is a chat, and this checkpoint has no chat template", _CHATS)
        return list(self.processor(item.text)["input_ids"])

    def _messages(self, item: TextInput) -> list[dict[str, str]]:
        messages = list(_chat_of(item) or [{"role": "user", "content": item.text}])
        if self.options.system is not None and messages[0]["role"] not in _SYSTEM:
            messages.insert(0, {"role": "system", "content": self.options.system})
        return messages

    def _rendered(self, messages: list[dict[str, str]]) -> list[int]:
        """Token ids. The template's control tokens count, those in the messages are text.

        An answer that is begun is gone on with. Raises InputError for a chat that the template
        refuses, as some do those with a system prompt.
        """
        begun = messages[-1]["role"] == _ASSISTANT
        try:
            tokens = self.processor.apply_chat_template(
                messages,
                add_generation_prompt=not begun,
                continue_final_message=begun,
                sanitize_control_tokens=True,
                return_dict=False,
            )
        except ValueError as failure:  # of an answer that the template changes
            raise InputError(f"the chat cannot be gone on with: {failure}") from None
        if not len(tokens):
            raise InputError("the chat template makes nothing of this chat", _EMPTY)
        return list(tokens)

    def _require_system(self) -> None:
        """Refuse --system where the checkpoint's chats have no system prompt, or are none."""
        if not self._chat:
            raise UsageError("--system: this checkpoint has no chat template", _CHATS)
        try:
            self._rendered(self._messages(TextInput("Hello")))
        except InputError as failure:
            raise UsageError(f"--system: {failure.message}", "leave it out") from None

    def forward(self, batch: Batch) -> "torch.Tensor":
        """Token ids [rows x sequences, tokens], without the prompts."""
        with self._chance(batch):
            return self._written(batch)

    def _chance(self, batch: Batch) -> AbstractContextManager[Any]:
        """What is drawn for a prompt hangs on it alone; without a seed it is new every time."""
        if not self.options.samples:
            return nullcontext()
        seed = (
            int.from_bytes(os.urandom(8)) >> 1 if self.options.seed is None else self.options.seed
        )
        return seeded([seed_of(seed, id) for id in batch.extra["ids"]])

    def _written(self, batch: Batch) -> "torch.Tensor":
        stop = {"stop_strings": self.options.stop, "tokenizer": self.processor}
        tokens = self.model.generate(
            **batch.inputs,
            **self._sampling(),
            **(stop if self.options.stop else {}),
            **self._live(batch),
            max_new_tokens=batch.extra["room"],
            max_length=None,
            pad_token_id=self.processor.pad_token_id,
        )
        return tokens[:, batch.extra["longest"] :].cpu()

    def _live(self, batch: Batch) -> dict[str, Any]:
        """What lets a listener hear one text as it grows; several could not be told apart."""
        asked = self.options
        single = len(batch.row_to_item) == asked.num_beams == asked.num_return_sequences == 1
        if batch.listener is None or not single or asked.stop:
            return {}
        if not self._chat:
            batch.listener(
                self.processor.decode(batch.extra["prompts"][0], skip_special_tokens=True)
            )
        return {"streamer": _streamer(self.processor, batch.listener)}

    def _sampling(self) -> dict[str, Any]:
        asked = self.options
        values: dict[str, Any] = {
            "do_sample": asked.samples,
            "num_beams": asked.num_beams,
            "num_return_sequences": asked.num_return_sequences,
            "repetition_penalty": asked.repetition_penalty,
        }
        if asked.samples:
            chosen = {"temperature": asked.temperature, "top_p": asked.top_p, "top_k": asked.top_k}
            values |= {name: value for name, value in chosen.items() if value is not None}
        return values

    def postprocess(
        self, outputs: "torch.Tensor", batch: Batch, items: list[TextInput]
    ) -> list[Any]:
        per_item = self.options.num_return_sequences
        room = batch.extra["room"]
        full = f"the context of {self._limit} tokens leaves room for {room} after this prompt"
        notes = (full,) if room < self.options.max_new_tokens else ()
        results: list[Any] = []
        for number, (item, prompt) in enumerate(zip(items, batch.extra["prompts"], strict=True)):
            own = outputs[number * per_item : (number + 1) * per_item].tolist()
            texts = [self._generated(item, prompt, added, room) for added in own]
            results.append(WithWarnings(texts if per_item > 1 else texts[0], notes))
        return results

    def _generated(
        self, item: TextInput, prompt: list[int], added: list[int], room: int
    ) -> GeneratedText:
        answer = whole = self._answer(prompt, added)
        for stop in self.options.stop:
            answer = answer.split(stop, 1)[0]
        stopped = answer != whole
        count, ended = _own(added, set() if stopped else self._ends, self.processor.pad_token_id)
        reason: FinishReason = "eos_token" if ended else "stop_sequence"
        if count == room and not (ended or stopped):
            reason = "length"
        text = self._begun(item) + answer
        return GeneratedText(text.strip() if self._chat else text, reason, len(prompt), count)

    def _begun(self, item: TextInput) -> str:
        """What the text begins with: the prompt, or the answer that a chat ends in."""
        if not self._chat:
            return item.text
        last = self._messages(item)[-1]
        return last["content"] if last["role"] == _ASSISTANT else ""

    def _answer(self, prompt: list[int], added: list[int]) -> str:
        # Decoded with its prompt: alone, its first word would lose the space before it.
        before, whole = (
            self.processor.decode(ids, skip_special_tokens=True) for ids in (prompt, prompt + added)
        )
        return str(whole)[len(before) :]

    @property
    def _ends(self) -> set[int]:
        """The tokens with which the model ends a text."""
        ends = self.model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}


def _own(tokens: list[int], ends: set[int], padding: int) -> tuple[int, bool]:
    """How many tokens are a text's own and not padding behind it, and whether it was ended."""
    for count, token in enumerate(tokens, 1):
        if token in ends:
            return count, True
    count = len(tokens)
    while count and tokens[count - 1] == padding:
        count -= 1
    return count, False


def _chat_of(item: TextInput) -> Chat | None:
    chat = item.fields.get("messages")
    return chat if isinstance(chat, Chat) else None


def _streamer(tokenizer: "PreTrainedTokenizerBase", hear: Callable[[str], None]) -> "TextStreamer":
    """transformers' own streamer, which holds back words until they are whole."""
    from transformers import TextStreamer

    class Heard(TextStreamer):  # type: ignore[misc]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            hear(text)

    return Heard(tokenizer, skip_prompt=True, skip_special_tokens=True)
