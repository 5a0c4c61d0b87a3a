"""While libraries read and compute a checkpoint: no code of it, no question, no socket, no advice.

`vetting` has refused what is known to ask for these. This is the floor beneath it: Python tells an
audit hook of every such act, whichever of a library's ways led there.
"""

import logging
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING

import transformers
from transformers import backbone_utils, dynamic_module_utils
from transformers.integrations import hub_kernels
from transformers.utils import chat_template_utils
from transformers.utils.hub import HF_MODULES_CACHE

from taskcli.errors import CheckpointError, first_line
from taskcli.runtime.templates import Template, template_of

if TYPE_CHECKING:
    import jinja2
    from huggingface_hub import HfApi

_here = threading.local()  # a host's other threads may do as they like
_lock = threading.Lock()
_PROMPT_SECONDS = dynamic_module_utils.TIME_OUT_REMOTE_CODE
_entered = 0
_compiled_by_transformers = chat_template_utils._compile_jinja_template
_kernels_available = hub_kernels.is_kernels_available
_SOCKETS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


class contained:  # noqa: N801  # used as a function, and entered for every input
    """Raise CheckpointError in this thread for code, questions and sockets of a checkpoint.

    And RuntimeError for a panic of Rust, which is no Exception: a tokenizer's pattern that would
    never end panics.
    """

    def __enter__(self) -> None:
        _watch_for_ever()
        self._before = getattr(_here, "depth", 0)
        _here.depth = self._before + 1
        if not self._before:
            _count(+1)

    def __exit__(self, kind: object, failure: BaseException | None, where: object) -> None:
        if not self._before:
            _count(-1)
        _here.depth = self._before
        if failure is not None and type(failure).__name__ == "PanicException":
            raise RuntimeError(first_line(failure)) from failure


def _count(change: int) -> None:
    """Where a prompt may wait for 0 s, transformers raises instead, and sets no alarm."""
    global _entered
    with _lock:
        _entered += change
        dynamic_module_utils.TIME_OUT_REMOTE_CODE = 0 if _entered else _PROMPT_SECONDS


@cache
def _watch_for_ever() -> None:
    """Python cannot take an audit hook back; outside of `contained` it does nothing."""
    sys.addaudithook(_refuse)
    backbone_utils.hf_api = _api
    chat_template_utils._compile_jinja_template = _compiled
    hub_kernels.is_kernels_available = _no_kernels
    for handler in logging.getLogger("transformers").handlers:
        handler.addFilter(_is_heard)


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if not getattr(_here, "depth", 0):
        return
    if event == "builtins.input":
        raise CheckpointError("the checkpoint made a library ask on standard input")
    if event in _SOCKETS:
        raise CheckpointError("the checkpoint made a library ask for something over the network")
    if event == "exec" and getattr(args[0], "co_filename", "").startswith(HF_MODULES_CACHE):
        raise CheckpointError("the checkpoint made a library run its code")


class _Nobody:
    """What backbones may ask the Hub while it must not be asked."""

    def repo_exists(self, name: str) -> bool:
        """A plain name is one of timm's; one with a slash has been refused."""
        return False


def _api() -> "HfApi | _Nobody":
    return _Nobody() if getattr(_here, "depth", 0) else transformers.utils.hf_api()


def _no_kernels(*args: object, **kwargs: object) -> bool:
    """Kernels are code, which would be fetched while a model computes."""
    return not getattr(_here, "depth", 0) and bool(_kernels_available(*args, **kwargs))


def _is_heard(record: logging.LogRecord) -> bool:
    """transformers' advice is for those who call it: what concerns an input is in its record."""
    return record.levelno >= logging.ERROR or not getattr(_here, "depth", 0)


def _compiled(source: str) -> "Template | jinja2.Template":
    """A chat template; one of a checkpoint renders elsewhere, under limits."""
    here = getattr(_here, "depth", 0)
    return template_of(source) if here else _compiled_by_transformers(source)
