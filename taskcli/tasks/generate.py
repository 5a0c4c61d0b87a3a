"""taskcli generate."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from taskcli.errors import InputError
from taskcli.items import Media, Passage
from taskcli.results import GeneratedText
from taskcli.task import Batch, Task
from taskcli.tasks.windows import max_tokens


@dataclass(frozen=True)
class GenerateOptions:
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
    seed: Annotated[int | None, typer.Option(help="Sample the same again.")] = None
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

    @property
    def samples(self) -> bool:
        """Greedy unless something asks for sampling."""
        if self.temperature == 0:
            return False
        asked = (self.temperature, self.top_p, self.top_k, self.seed)
        several = self.num_return_sequences > self.num_beams
        return several or any(value is not None for value in asked)


class Generate(Task[GenerateOptions, Passage, GeneratedText | list[GeneratedText]]):
    """Continue a text, or answer a prompt with a chat model.

    Any checkpoint that AutoModelForCausalLM maps: GPT-2, Llama, Qwen, SmolLM, ...
    Greedy unless --temperature, --top-p, --top-k or --seed asks for sampling.
    """

    name = "generate"
    panel = "Text"
    media = Media.TEXT
    Options = GenerateOptions
    result = GeneratedText | list[GeneratedText]
    auto_models = ("AutoModelForCausalLM",)
    text_fields = ("prompt", "text")
    budget = 4_096  # characters
    float32_heads = frozenset()
    examples = (
        "taskcli generate --text 'Once upon a time'",
        "taskcli generate prompts.txt --lines --max-new-tokens 50 --temperature 0.8 --seed 1",
    )

    def __init__(self, options: GenerateOptions, processor: Any, model: Any) -> None:
        super().__init__(options, processor, model)
        processor.padding_side = "left"  # what is generated must follow the prompt directly
        if processor.pad_token is None:
            processor.pad_token = processor.eos_token
        self._chat = processor.chat_template is not None
        self._limit = max_tokens(processor, model.config, fallback=1_000_000)

    def cost(self, item: Passage) -> int:
        return len(item.text)

    def preprocess(self, items: list[Passage]) -> Batch:
        prompts = [self._prompt(item.text) for item in items]
        encoded = self.processor(
            prompts, padding=True, return_tensors="pt", add_special_tokens=not self._chat
        )
        tokens = int(encoded["input_ids"].shape[1])
        if tokens >= self._limit:
            raise InputError(
                f"the prompt has {tokens} tokens; the model holds {self._limit}",
                "shorten it, or choose a checkpoint with a longer context",
            )
        inputs = {name: encoded[name] for name in ("input_ids", "attention_mask")}
        return Batch(inputs, range(len(items)), {"prompt_tokens": tokens})

    def _prompt(self, text: str) -> str:
        if not self._chat:
            return text
        messages = [{"role": "user", "content": text}]
        return str(
            self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        )

    def forward(self, batch: Batch) -> Any:
        """Token ids [rows x sequences, tokens], without the prompts."""
        from transformers import set_seed

        if self.options.samples and self.options.seed is not None:
            set_seed(self.options.seed)
        prompt = batch.extra["prompt_tokens"]
        stop = {"stop_strings": self.options.stop, "tokenizer": self.processor}
        tokens = self.model.generate(
            **batch.inputs,
            **self._sampling(),
            **(stop if self.options.stop else {}),
            max_new_tokens=min(self.options.max_new_tokens, self._limit - prompt),
            max_length=None,
            pad_token_id=self.processor.pad_token_id,
        )
        return tokens[:, prompt:].cpu()

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

    def postprocess(self, outputs: Any, batch: Batch, items: list[Passage]) -> list[Any]:
        added = self.processor.batch_decode(outputs, skip_special_tokens=True)
        per_item = self.options.num_return_sequences
        results: list[Any] = []
        for number, item in enumerate(items):
            own = added[number * per_item : (number + 1) * per_item]
            texts = [GeneratedText(self._whole(item.text, text)) for text in own]
            results.append(texts if per_item > 1 else texts[0])
        return results

    def _whole(self, prompt: str, added: str) -> str:
        for stop in self.options.stop:
            added = added.split(stop, 1)[0]
        return added.strip() if self._chat else prompt + added
