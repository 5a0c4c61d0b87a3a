"""taskcli generate."""

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

from taskcli.errors import InputError
from taskcli.media.items import Media, TextInput
from taskcli.results import FinishReason, GeneratedText
from taskcli.task import Batch, Samples, Task, WithWarnings
from taskcli.tasks.choosing import Choice, Choosing
from taskcli.tasks.compacting import Limits, compacts, write
from taskcli.tasks.generate_options import GenerateOptions
from taskcli.tasks.json_schema import Grammar, is_json
from taskcli.tasks.kv_cache import bytes_per_token
from taskcli.tasks.prompts import Prompt, Prompts
from taskcli.tasks.seeded import Chance, seed_of, seeded
from taskcli.tasks.token_windows import ensure_pad_token, max_tokens

if TYPE_CHECKING:
    import torch
    from transformers import (
        PreTrainedModel,
        PreTrainedTokenizerBase,
        StoppingCriteria,
        TextStreamer,
    )


class Generate(Task[GenerateOptions, TextInput, GeneratedText | list[GeneratedText]]):
    """Continue a text, or answer a prompt with a chat model.

    Any checkpoint that AutoModelForCausalLM maps: GPT-2, Llama, Qwen, SmolLM, ...
    Greedy unless --temperature, --top-p, --top-k or --seed asks for sampling.
    A row may be a chat of several turns: `messages`, a list of objects with role and content.
    With --choices or --json-schema the text is the answer alone, without the prompt.
    """

    name = "generate"
    media = Media.TEXT
    Options = GenerateOptions
    result = GeneratedText | list[GeneratedText]
    auto_models = ("AutoModelForCausalLM",)
    text_fields = ("messages", "prompt", "text")
    chats = True
    final_newline = False  # an editor's or echo's, and a model goes on differently behind it
    budget = 8_192  # tokens, new ones included
    first_window = 32
    fp32_heads = frozenset()
    examples = (
        "taskcli generate --text 'Once upon a time'",
        "taskcli generate prompts.txt --lines --max-new-tokens 50 --temperature 0.8 --seed 1",
        "taskcli generate chats.jsonl --model chat-small --system 'Answer in one sentence.'",
        "taskcli generate reviews.jsonl --model chat-small --choices good,bad,mixed",
    )
    samples = Samples(options={"max_new_tokens": 8})

    def __init__(
        self,
        options: GenerateOptions,
        processor: "PreTrainedTokenizerBase",
        model: "PreTrainedModel",
    ) -> None:
        super().__init__(options, processor, model)
        self._prompts = Prompts(processor, options.system)
        self._limit = max_tokens(processor, model.config, fallback=1_000_000)
        self._choosing = self._grammar = None
        if options.chosen_from:
            self._choosing = Choosing(
                processor, model, self._prompts, options.chosen_from, self._limit
            )
        if options.schema is not None:
            self._grammar = Grammar(options.schema, processor, model, self._ends)

    @classmethod
    def prepare(cls, processor: "PreTrainedTokenizerBase", model: "PreTrainedModel") -> None:
        processor.padding_side = "left"  # what is generated must follow the prompt directly
        ensure_pad_token(processor, model.config)

    def encode(self, items: list[TextInput]) -> Iterator[tuple[int, Prompt | Choice]]:
        if self._choosing is not None:
            yield from self._choosing.encode(items)
            return
        for place, prompt in enumerate(self._prompts.encode(items)):
            if len(prompt.ids) >= self._limit:
                raise InputError(
                    f"the prompt has {len(prompt.ids)} tokens; the model holds {self._limit}",
                    "shorten it, or choose a checkpoint with a longer context",
                )
            yield place, prompt

    def cost(self, prompt: Prompt | Choice) -> int:
        """Tokens whose keys and values are kept, of all texts, beams or choices of a prompt."""
        asked = self.options
        if isinstance(prompt, Choice):
            return len(prompt.rows) * prompt.longest
        each = max(asked.num_return_sequences, asked.num_beams)
        return each * (len(prompt.ids) + asked.max_new_tokens)

    @property
    def bytes_per_cost(self) -> int:
        return bytes_per_token(self.model)

    def batch_key(self, prompt: Prompt | Choice) -> Hashable:
        """Prompts near the end of the context stop early: only those of one length may share."""
        if isinstance(prompt, Choice):
            return None
        tokens = len(prompt.ids)
        return None if tokens + self.options.max_new_tokens <= self._limit else tokens

    def padded_length(self, prompt: Prompt | Choice) -> int:
        return prompt.longest if isinstance(prompt, Choice) else len(prompt.ids)

    def preprocess(self, prompts: list[Any]) -> Batch:
        if self._choosing is not None:
            return self._choosing.preprocess(prompts)
        longest = max(len(prompt.ids) for prompt in prompts)
        room = min(self.options.max_new_tokens, self._limit - longest)
        return Batch(
            self._prompts.padded(prompts),
            range(len(prompts)),
            {"prompts": prompts, "longest": longest, "room": room},
        )

    def forward(self, batch: Batch) -> "torch.Tensor":
        """Token ids [rows x sequences, tokens], without the prompts; of choices how likely."""
        if self._choosing is not None:
            return self._choosing.forward(batch)
        asked = self.options
        with self._chance(batch) as chance:
            if len(batch.row_to_item) * asked.num_return_sequences > 1 == asked.num_beams:
                return self._written_together(batch, chance)
            return self._written(batch)

    def _chance(self, batch: Batch) -> AbstractContextManager[Chance | None]:
        """What is drawn for a prompt hangs on it alone; without a seed it is new every time."""
        if not self.options.samples:
            return nullcontext()
        seed = (
            int.from_bytes(os.urandom(8)) >> 1 if self.options.seed is None else self.options.seed
        )
        return seeded([seed_of(seed, one.input_id) for one in batch.extra["prompts"]])

    def _written_together(self, batch: Batch, chance: Chance | None) -> "torch.Tensor":
        if not self._compacts:
            return self._written(batch)
        return write(
            self.model,
            batch.inputs["input_ids"],
            batch.inputs["attention_mask"],
            Limits([*self._ends - {None}], self._stops, batch.extra["room"]),
            chance.keep if chance else lambda rows: None,
            **self._settings(batch),
        )

    def _written(self, batch: Batch) -> "torch.Tensor":
        tokens = self.model.generate(
            **batch.inputs,
            **self._settings(batch),
            **self._live(batch),
            max_new_tokens=batch.extra["room"],
            stopping_criteria=[self._stops] if self._stops else None,
        )
        return tokens[:, batch.extra["longest"] :]

    @cached_property
    def _compacts(self) -> bool:
        return compacts(self.model)

    @cached_property
    def _stops(self) -> "StoppingCriteria | None":
        """What knows whether a text ends in one of --stop; making it goes through all tokens."""
        from transformers import StopStringCriteria

        return StopStringCriteria(self.processor, self.options.stop) if self.options.stop else None

    def _live(self, batch: Batch) -> dict[str, Any]:
        """What lets a listener hear one text as it grows; several could not be told apart."""
        asked = self.options
        single = len(batch.row_to_item) == asked.num_beams == asked.num_return_sequences == 1
        if batch.listener is None or not single or asked.stop:
            return {}
        if not (self._prompts.is_chat or asked.is_held):
            [prompt] = batch.extra["prompts"]
            batch.listener(self.processor.decode(prompt.ids, skip_special_tokens=True))
        return {"streamer": _streamer(self.processor, batch.listener)}

    def _settings(self, batch: Batch) -> dict[str, Any]:
        asked = self.options
        values: dict[str, Any] = {
            "max_length": None,  # the checkpoint's own
            "pad_token_id": self.processor.pad_token_id,
            "do_sample": asked.samples,
            "num_beams": asked.num_beams,
            "num_return_sequences": asked.num_return_sequences,
            "repetition_penalty": asked.repetition_penalty,
        }
        if asked.samples:
            chosen = {"temperature": asked.temperature, "top_p": asked.top_p, "top_k": asked.top_k}
            values |= {name: value for name, value in chosen.items() if value is not None}
        if self._grammar is not None:
            values["logits_processor"] = [self._grammar.processor(batch.extra["longest"])]
        return values

    def postprocess(self, outputs: "torch.Tensor", batch: Batch, prompts: list[Any]) -> list[Any]:
        if self._choosing is not None:
            return self._choosing.postprocess(outputs, prompts)
        per_item = self.options.num_return_sequences
        room = batch.extra["room"]
        full = f"the context of {self._limit} tokens leaves room for {room} after this prompt"
        notes = (full,) if room < self.options.max_new_tokens else ()
        results: list[Any] = []
        for number, prompt in enumerate(prompts):
            own = outputs[number * per_item : (number + 1) * per_item].tolist()
            texts = [self._generated(prompt, added, room) for added in own]
            told = (*notes, *self._torn(texts, room))
            results.append(WithWarnings(texts if per_item > 1 else texts[0], told))
        return results

    def _torn(self, texts: list[GeneratedText], room: int) -> tuple[str, ...]:
        """What is to be said of texts that are no whole JSON, though a schema was asked for."""
        if self._grammar is None:
            return ()
        if any(one.finish_reason == "length" for one in texts):
            more = " (--max-new-tokens)" if room == self.options.max_new_tokens else ""
            return (f"the JSON has no end: more tokens would be needed{more}",)
        return () if all(is_json(one.generated_text) for one in texts) else ("it is no JSON",)

    def _generated(self, prompt: Prompt, added: list[int], room: int) -> GeneratedText:
        answer = whole = self._answer(prompt.ids, added)
        for stop in self.options.stop:
            answer = answer.split(stop, 1)[0]
        stopped = answer != whole
        count, ended = _own(added, set() if stopped else self._ends, self.processor.pad_token_id)
        reason: FinishReason = "eos_token" if ended else "stop_sequence"
        if count == room and not (ended or stopped):
            reason = "length"
        text = answer if self.options.is_held else prompt.begun + answer
        told = text.strip() if self._prompts.is_chat else text
        return GeneratedText(told, reason, len(prompt.ids), count)

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


def _streamer(tokenizer: "PreTrainedTokenizerBase", hear: Callable[[str], None]) -> "TextStreamer":
    """transformers' own streamer, which holds back words until they are whole."""
    from transformers import TextStreamer

    class Heard(TextStreamer):  # type: ignore[misc]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            hear(text)

    return Heard(tokenizer, skip_prompt=True, skip_special_tokens=True)
