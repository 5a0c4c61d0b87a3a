"""Chats as rows bring them: a list of messages, each with a role and a text."""

from collections.abc import Sequence

from taskcli.errors import InputError

_HINT = "a chat is a list of objects with role and content, such as {role: user, content: Hello}"

# Without them the model would answer another chat than was written.
_CALLS = ("tool_calls", "function_call")


class Chat(tuple[dict[str, str], ...]):
    """Messages with `role` and `content`, in order; at least one."""

    @property
    def text(self) -> str:
        return "\n\n".join(message["content"] for message in self)


def read_chat(messages: Sequence[object]) -> Chat:
    """The messages of a row. Raises InputError for what is no chat in text."""
    if not messages:
        raise InputError("the chat has no messages", _HINT)
    return Chat(_message(turn, number) for number, turn in enumerate(messages, 1))


def _message(turn: object, number: int) -> dict[str, str]:
    role = turn.get("role") if isinstance(turn, dict) else None
    if not isinstance(turn, dict) or not isinstance(role, str):
        raise InputError(f"message {number} of the chat has no role", _HINT)
    called = next((name for name in _CALLS if turn.get(name)), None)
    if called is not None:
        raise InputError(
            f"message {number} of the chat has {called}, and only texts are handed on",
            "leave out the messages that call tools, or write as text what they say",
        )
    return {"role": role, "content": _content(turn.get("content"), number)}


def _content(content: object, number: int) -> str:
    """A text, or parts that are texts, as chats with pictures in them are written."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list) or not all(map(_is_text, parts)):
        raise InputError(f"message {number} of the chat holds something else than text", _HINT)
    return "".join(part["text"] for part in parts)


def _is_text(part: object) -> bool:
    return (
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
    )
