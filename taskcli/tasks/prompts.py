"""What a model that writes is given: a text, or a chat as the checkpoint's template renders it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from taskcli.errors import InputError, UsageError
from taskcli.media.chats import Chat
from taskcli.media.items import TextInput
from taskcli.tasks.token_rows import attended, padded

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_EMPTY = "repair the template in a copy of the folder, or choose another checkpoint"
_CHATS = "choose a chat checkpoint, such as --model chat-small"
_SYSTEM = ("system", "developer")  # the roles of a system prompt
_ASSISTANT = "assistant"


class Prompt(NamedTuple):
    """What a model is given of an input; `begun` is what the text begins with that it writes.

    That is a plain prompt, or the answer that a chat ends in.
    """

    ids: list[int]
    begun: str
    input_id: str

    @property
    def nbytes(self) -> int:
        return 8 * len(self.ids)


class Prompts:
    """Token ids of texts and chats; `system` stands before a chat that has no such prompt.

    Raises UsageError where there is to be one and the checkpoint's chats have none.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", system: str | None) -> None:
        self._tokenizer = tokenizer
        self._system = system
        self.is_chat = tokenizer.chat_template is not None
        if system is not None:
            self._require_system()

    def encode(self, items: list[TextInput]) -> Iterator[Prompt]:
        """A prompt for each; texts are tokenized in one call.

        Raises InputError for a chat where there is no template, or where that refuses it.
        """
        if self.is_chat:
            yield from (self._of_chat(item) for item in items)
            return
        if any(_chat_of(item) is not None for item in items):
            raise InputError("the row is a chat, and this checkpoint has no chat template", _CHATS)
        tokenized = self._tokenizer([item.text for item in items])["input_ids"]
        for item, ids in zip(items, tokenized, strict=True):
            yield Prompt(list(ids), item.text, item.id)

    def padded(self, prompts: Sequence[Prompt]) -> dict[str, Any]:
        """The prompts as tensors [prompts, longest]."""
        return padded(self._tokenizer, [attended(prompt.ids) for prompt in prompts])

    def _of_chat(self, item: TextInput) -> Prompt:
        messages = self._messages(item)
        last = messages[-1]
        begun = last["content"] if last["role"] == _ASSISTANT else ""
        return Prompt(self._rendered(messages), begun, item.id)

    def _messages(self, item: TextInput) -> list[dict[str, str]]:
        messages = list(_chat_of(item) or [{"role": "user", "content": item.text}])
        if self._system is not None and messages[0]["role"] not in _SYSTEM:
            messages.insert(0, {"role": "system", "content": self._system})
        return messages

    def _rendered(self, messages: list[dict[str, str]]) -> list[int]:
        """Token ids. The template's control tokens count, those in the messages are text.

        An answer that is begun is gone on with. Raises InputError for a chat that the template
        refuses, as some do those with a system prompt.
        """
        begun = messages[-1]["role"] == _ASSISTANT
        try:
            tokens = self._tokenizer.apply_chat_template(
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
        if not self.is_chat:
            raise UsageError("--system: this checkpoint has no chat template", _CHATS)
        try:
            self._rendered(self._messages(TextInput("Hello")))
        except InputError as failure:
            raise UsageError(f"--system: {failure.message}", "leave it out") from None


def _chat_of(item: TextInput) -> Chat | None:
    chat = item.fields.get("messages")
    return chat if isinstance(chat, Chat) else None
