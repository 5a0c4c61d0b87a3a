"""Chat templates are programs: they render as in transformers, or end within seconds."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from checkpoints import cached
from conftest import Finished
from transformers.utils.chat_template_utils import _cached_compile_jinja_template

from taskcli.runtime.templates import BadTemplateError, LimitError, Template, TemplateError

Run = Callable[..., Finished]
LOOPS = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}"
LOOPS += "{% endfor %}{% endfor %}"
DOUBLING = "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}"
DOUBLING += "{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x | length }}"
PADDED = "{% for i in range(99999) %}{{ 'x' * 999 }}{% endfor %}"
HOSTILE = {
    "loops": LOOPS,
    "constant": "{{ 'a' * 9999999999 }}",
    "product": "{{ messages[0].role * 9999999999 }}",
    "doubling": DOUBLING,
    "concatenation": DOUBLING.replace("~", "+"),
    "list": DOUBLING.replace("'aaaa'", "[1]").replace("~", "+"),
    "power": "{{ (9 ** (9 ** 9)) % 7 }}",
    "centre": "{{ messages[0].role.center(9999999999) }}",
    "filter": "{{ messages[0].role | center(9999999999) }}",
    "width": "{{ '%9999999999d' % 1 }}",
    "format": "{{ '{:>9999999999}'.format(1) }}",
    "replace": DOUBLING.replace("ns.x ~ ns.x", "ns.x.replace('a', 'aa')"),
    "join": "{{ (['y' * 999999] * 99999) | join('x') }}",
    "recursion": "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    "output": PADDED,
    "nesting": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
}
MESSAGES = [
    {"role": "system", "content": "Be kind. <|é漢🙂|>"},
    {"role": "user", "content": " Why? \n"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"name": "f", "arguments": {"a": [1.5]}}],
    },
]
REAL = {
    "chatml": "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    "trimmed": "{%- for m in messages -%}\n    {{- m.content | trim if m.content else '' }}\n  "
    "{%- if loop.last %} {{ bos_token }}{% endif %}\n{%- endfor %}\n",
    "namespace": "{% set ns = namespace(found=false, n=0) %}{% for m in messages %}"
    "{% if m.role == 'user' %}{% set ns.found = true %}{% continue %}{% endif %}"
    "{% set ns.n = ns.n + loop.index0 %}{% endfor %}{{ ns.found }}{{ ns.n }}",
    "tools": "{% for m in messages if m.tool_calls is defined %}"
    "{{ m.tool_calls | tojson(indent=2) }}"
    "{% for call in m.tool_calls %}{{ call.arguments.items() | list }}{% endfor %}{% endfor %}"
    "{{ tools is none }}{{ documents is none }}",
    "macro": "{% macro say(m, deep=1) %}[{{ m.role | upper }}:{{ deep }}]{% if deep < 3 %}"
    "{{ say(m, deep + 1) }}{% endif %}{% endmacro %}{{ say(messages[-1]) }}"
    "{{ messages[1:] | length }}",
    "generation": "{% for m in messages %}{% generation %}{% set x = 1 %}{{ m.role }}"
    "{% endgeneration %}{{ x is defined }}{% endfor %}",
    "dict": "{% set d = dict(a=1) %}{{ d.a }}{{ dict.fromkeys(['k'], 2) }}{{ 'x' in 'xyz' }}"
    "{{ messages | map(attribute='role') | join(',') }}{{ 7 // 2 }}{{ 'a'.split('a') }}",
    "thinking": "{{ enable_thinking }}{{ missing }}{{ missing | default('none') }}"
    "{{ messages[0].content.split('|')[1].strip() }}{{ messages[0]['content'][::-1] }}",
}


@pytest.fixture
def template() -> Iterator[Callable[[str], Template]]:
    made: list[Template] = []

    def make(source: str) -> Template:
        made.append(Template(source))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("source", REAL.values(), ids=REAL)
@pytest.mark.parametrize("asked", [True, False])
def test_a_template_renders_as_in_transformers(
    source: str, asked: bool, template: Callable[[str], Template]
) -> None:
    values: dict[str, Any] = {
        "messages": MESSAGES,
        "tools": None,
        "documents": None,
        "add_generation_prompt": asked,
        "bos_token": "<s>",
        "enable_thinking": False,
    }
    expected = _cached_compile_jinja_template(source).render(**values)
    made = template(source)
    assert made.render(**values) == expected
    assert made.render(**values) == expected  # the child has not gone


@pytest.mark.long
@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_a_template_that_takes_too_much_ends_within_seconds(
    source: str, template: Callable[[str], Template]
) -> None:
    began = time.monotonic()
    made = template(source)
    with pytest.raises(LimitError, match="the chat template takes more"):
        made.render(messages=[{"role": "user", "content": "a"}])
    assert time.monotonic() - began < 30  # 2 s of the processor's time, however busy it is
    assert made._child is None


def test_a_template_knows_no_token_and_opens_no_file(
    template: Callable[[str], Template], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    made = template("{{ messages[0].role }}")
    assert made.render(messages=MESSAGES) == "system"
    assert made._child is not None
    assert "HF_TOKEN" not in psutil.Process(made._child.pid).environ()
    for source in (
        "{{ ''.__class__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{% include 'x' %}",
    ):
        with pytest.raises(TemplateError, match="the chat template fails"):
            template(source + "{{ nothing.x }}").render(messages=[])


def test_a_template_that_fails_says_what_it_says(template: Callable[[str], Template]) -> None:
    with pytest.raises(TemplateError, match="the chat template fails: roles must alternate"):
        template("{{ raise_exception('roles must alternate') }}").render(messages=[])
    with pytest.raises(BadTemplateError, match="the chat template is none: line 1: "):
        template("{% for %}").render(messages=[])


def test_a_host_that_renders_templates_of_its_own_is_left_alone() -> None:
    from transformers.utils import chat_template_utils

    from taskcli.runtime.contained import contained

    with contained():
        assert isinstance(chat_template_utils._compile_jinja_template("hello"), Template)
    assert not isinstance(chat_template_utils._compile_jinja_template("hello"), Template)


# Through the command line


def chat(folder: Path, template: str) -> Path:
    """A chat model with another template."""
    shutil.copytree(cached("llama-chat"), folder)
    (folder / "chat_template.jinja").write_text(template)
    return folder


@pytest.mark.parametrize("source", [*HOSTILE.values(), "{% for %}"], ids=[*HOSTILE, "syntax"])
def test_a_checkpoint_whose_template_hangs_is_refused(
    source: str, run: Run, tmp_path: Path
) -> None:
    folder = chat(tmp_path / "model", source)
    done = run("generate", "--text", "hello", "-m", folder)
    assert done.exit_code == 3
    assert f"error: {folder}: the chat template " in done.stderr
    assert done.stdout == ""


@pytest.mark.long
def test_a_template_that_hangs_on_some_inputs_costs_these_alone(run: Run, tmp_path: Path) -> None:
    bomb = "{% if 'bomb' in messages[-1].content %}" + LOOPS + "{% endif %}"
    kept = (cached("llama-chat") / "chat_template.jinja").read_text()
    folder = chat(tmp_path / "model", bomb + kept)
    lines = "What is up?\nA bomb\nAnd down?\n"
    words = ["generate", "-", "--lines", "--max-new-tokens", "3", "-m"]
    expected = run(*words, cached("llama-chat"), stdin=lines.replace("A bomb\n", "\n"))
    done = run(*words, folder, stdin=lines)
    assert done.exit_code == 1
    first, second, third = done.records
    assert second["error"]["type"] == "LimitError"
    assert "the chat template takes more time" in second["error"]["message"]
    assert [first["result"], third["result"]] == [one["result"] for one in expected.records]


@pytest.mark.parametrize("system", [None, "Be brief."])
def test_a_template_that_makes_nothing_of_a_chat_is_told(
    system: str | None, run: Run, tmp_path: Path
) -> None:
    folder = chat(tmp_path / "model", "{% if false %}{{ messages }}{% endif %}")
    words = ["generate", "--text", "hello", "-m", folder]
    done = run(*words, *(["--system", system] if system else []))
    said = "the chat template makes nothing of this chat"
    assert said in done.stderr
    if system:
        assert (done.exit_code, done.stdout) == (2, "")
        return
    assert done.exit_code == 1
    assert done.records[0]["error"]["message"] == said


def renders(process: psutil.Process) -> bool:
    try:
        return any("template_child" in word for word in process.cmdline())
    except psutil.Error:  # it has just gone
        return False


@pytest.mark.long
def test_a_signal_ends_a_run_whose_template_hangs(start: Any, tmp_path: Path) -> None:
    bomb = "{% if 'bomb' in messages[-1].content %}" + LOOPS + "{% endif %}"
    kept = (cached("llama-chat") / "chat_template.jinja").read_text()
    folder = chat(tmp_path / "model", bomb + kept)
    Path("bombs.txt").write_text("A bomb\n" * 500)
    process = start("generate", "bombs.txt", "--lines", "-m", folder, "--quiet")
    watched = psutil.Process(process.pid)
    until = time.monotonic() + 120
    seen: set[psutil.Process] = set()
    while len(seen) < 2 and time.monotonic() < until:  # the first one has hung by then
        seen |= {child for child in watched.children() if renders(child)}
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (143, b"", b"")
    assert time.monotonic() - began < 20  # 1 s for each of the two inputs in flight
    _, left = psutil.wait_procs(seen, timeout=20)
    assert not left
