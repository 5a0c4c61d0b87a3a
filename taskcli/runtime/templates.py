"""Chat templates, rendered under limits of time, memory and output in a process of their own.

A template is a program of the checkpoint: three nested loops do not end, 'a' * 9999999999 takes all
memory, and nothing in this process could stop either. An image decoder runs in a thread instead
(media/decode/time_limit.py): it is no foreign program, and its result is large where a prompt is
small.
"""

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from transformers import PreTrainedTokenizerBase

from taskcli.errors import CheckpointError, InputError
from taskcli.runtime import template_child
from taskcli.runtime.template_child import packed

# Seconds on the clock. The processor's own limit is shorter; this one also ends what only waits.
_MOST_SECONDS = 20.0
_START_SECONDS = 60.0  # on a machine with much else to do
# What the child is told of this one's environment: how Python finds Jinja, and no token.
_PASSED = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "LANG")


class TemplateError(InputError):
    """A conversation cannot be rendered."""


class LimitError(TemplateError):
    """The template would take more than it may."""


class BadTemplateError(TemplateError):
    """It is no template at all."""


class Template:
    """Stands for the template that Jinja would compile, as far as transformers uses it."""

    def __init__(self, source: str) -> None:
        self.environment = template_child.environment()  # reads a template, and never runs one
        self._source = source
        self._child: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def render(self, **values: object) -> str:
        """The text of a conversation. Raises TemplateError."""
        with self._one_at_a_time:
            try:
                answer = self._asked(values)
            except BaseException:  # also a second SIGINT: it has not answered yet
                self.close()
                raise
        if "text" in answer:
            return str(answer["text"])
        if "limit" in answer:
            self.close()
            _refuse(str(answer["limit"]))
        if "syntax" in answer:
            raise BadTemplateError(f"the chat template is none: {answer['syntax']}")
        raise TemplateError(f"the chat template fails: {answer['failed']}")

    def close(self) -> None:
        """End the child, whatever it does."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            assert stream is not None
            stream.close()

    def __del__(self) -> None:
        self.close()

    def _asked(self, values: dict[str, object]) -> dict[str, str]:
        child = self._started()
        _write(child, values)
        size = int.from_bytes(_read(child, 8, _MOST_SECONDS))
        if size > 12 * template_child.MOST_TEXT:  # bytes: JSON writes 12 for some characters
            _refuse(f"{template_child.MOST_TEXT:,} characters")
        answer: dict[str, str] = json.loads(_read(child, size, _MOST_SECONDS))
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = _start()
            _write(self._child, self._source)
            _read(self._child, 1, _START_SECONDS)
        return self._child


def _start() -> subprocess.Popen[bytes]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED or name.startswith("PYTHON")
    }
    return subprocess.Popen(
        [sys.executable, "-P", str(Path(template_child.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=passed,
        start_new_session=True,  # Ctrl-C is ours to answer
    )


def _write(child: subprocess.Popen[bytes], message: object) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(packed(message))
        child.stdin.flush()
    except BrokenPipeError:
        _refuse("memory")


def _read(child: subprocess.Popen[bytes], count: int, seconds: float) -> bytes:
    """So many bytes of the child's. Raises LimitError if it dies, or takes too long."""
    assert child.stdout is not None
    until = time.monotonic() + seconds
    found = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while len(found) < count:
            if not selector.select(max(0.0, until - time.monotonic())):
                _refuse("time")
            block = os.read(child.stdout.fileno(), min(count - len(found), 1 << 20))
            if not block:  # the limit of the processor's time, or of memory, has ended it
                _refuse("time or memory")
            found += block
    return bytes(found)


def _refuse(what: str) -> NoReturn:
    raise LimitError(
        f"the chat template takes more {what} than any real one does",
        "choose another checkpoint, or remove its chat template in a copy of the folder",
    )


@lru_cache(maxsize=2)
def template_of(source: str) -> Template:
    return Template(source)


def refuse_hanging_template(name: str, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raises CheckpointError if one short question takes a chat template too much."""
    if getattr(tokenizer, "chat_template", None) is None:
        return
    question = [{"role": "user", "content": "Hello"}]
    try:
        tokenizer.apply_chat_template(question, add_generation_prompt=True, tokenize=False)
    except (LimitError, BadTemplateError) as failure:
        raise CheckpointError(f"{name}: {failure.message}", failure.hint) from None
    except Exception:
        return  # it wants another conversation, such as one with a system's word
