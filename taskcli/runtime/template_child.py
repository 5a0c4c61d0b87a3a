"""The process in which a chat template renders: a program of the checkpoint, under limits.

Run as a script by `templates.py`. It reads messages from standard input and answers on standard
output, each a JSON document behind its length in bytes; the first one is the template. The
environment is what transformers renders chat templates with, so that the same text comes out.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_MEMORY = 1_000_000_000  # bytes of address space, Python and Jinja included
MOST_SECONDS = 1  # of the processor, for one conversation; real templates take milliseconds
MOST_TEXT = 16_000_000  # characters
_HEAD = 8  # bytes that hold a length


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what an assistant wrote, for training: its body is kept as it is."""

    tags = {"generation"}  # noqa: RUF012 - Jinja's own declaration

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


class _Dict:
    """`dict` without the rest of the type."""

    def __call__(
        self, *args: Iterable[tuple[object, object]], **kwargs: object
    ) -> dict[Any, object]:
        return dict(*args, **kwargs)

    def fromkeys(self, keys: Iterable[object], value: object = None) -> dict[object, object]:
        return dict.fromkeys(keys, value)


class _Namespace(jinja2.utils.Namespace):
    """Jinja's, without names that begin with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, given = args[0], args[1:]
        values = dict(*given, **kwargs)
        for name in values:
            _refuse_private(name)
        jinja2.utils.Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: object) -> None:
        _refuse_private(name)
        super().__setitem__(name, value)


def _refuse_private(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"a namespace keeps no {name!r}")


def _fail(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment() -> ImmutableSandboxedEnvironment:
    """What transformers compiles chat templates in."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = _to_json
    made.globals |= {
        "raise_exception": _fail,
        "strftime_now": lambda form: datetime.now().strftime(form),
        "dict": _Dict(),
        "namespace": _Namespace,
    }
    return made


def receive(stream: BinaryIO) -> Any:
    """The next message; None at the end."""
    head = stream.read(_HEAD)
    return json.loads(stream.read(int.from_bytes(head))) if len(head) == _HEAD else None


def packed(message: object) -> bytes:
    data = json.dumps(message).encode()
    return len(data).to_bytes(_HEAD) + data


def _limit() -> None:
    """No core, no file, not all memory. Where there is no `resource`, the clock alone ends it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        for what, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_AS, MOST_MEMORY),
        ):
            resource.setrlimit(what, (most, most))


def _allow_seconds(seconds: float) -> None:
    """The kernel ends this process after so much of its own time; 0 is none, and no limit."""
    with suppress(AttributeError):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _answer(compiled: Callable[[], jinja2.Template], values: dict[str, object]) -> dict[str, str]:
    try:
        text = compiled().render(**values)
    except jinja2.TemplateSyntaxError as failure:
        return {"syntax": f"line {failure.lineno}: {failure.message}"}
    except (MemoryError, OverflowError):
        return {"limit": "memory"}
    except RecursionError:
        return {"limit": "depth"}
    except Exception as failure:
        return {"failed": str(failure)[:1000] or type(failure).__name__}
    return {"text": text} if len(text) <= MOST_TEXT else {"limit": f"{MOST_TEXT:,} characters"}


def main() -> None:
    _limit()
    source = receive(sys.stdin.buffer)
    # Jinja computes what is constant while it compiles: that counts like rendering.
    compiled = cache(lambda: environment().from_string(source))
    sys.stdout.buffer.write(b"!")  # ready: what comes now is the template's own time
    sys.stdout.buffer.flush()
    while (values := receive(sys.stdin.buffer)) is not None:
        _allow_seconds(MOST_SECONDS)
        answer = packed(_answer(compiled, values))
        _allow_seconds(0)
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
