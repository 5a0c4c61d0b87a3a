"""Shell completion, without what Typer loads to parse: a key press is answered at once.

The scripts that `taskcli --show-completion` prints are Typer's; they call this with its variables.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from taskcli.checkpoints.registry import Registry
from taskcli.cli.commands import inside
from taskcli.config.flags import flags_as_typed
from taskcli.errors import TaskcliError
from taskcli.formats import FORMATS, UNIVERSAL
from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.tasks import BY_NAME, WITH_CHECKPOINTS

Found = Mapping[str, str]  # a word, and what it means

_ROOT_FLAGS = {"--help": "", "--version": "", "--install-completion": "", "--show-completion": ""}
_ROWS = frozenset((".jsonl", ".ndjson", ".json", ".csv", ".tsv"))  # of texts
_PLAIN = re.compile(r"[\w.+@%-]+")  # other names need the quotes that only the shell can give
_LANGUAGE_FIELDS = ("language", "source_language", "target_language")
_DEVICES = dict.fromkeys(("auto", "cpu", "cuda", "mps"), "")
_FORMATS = {"--format": ("rich", "json")}


def complete(instruction: str) -> int:
    """Answer a shell; `instruction` is complete_bash, complete_zsh or complete_fish."""
    shell = instruction.removeprefix("complete_")
    words, incomplete = _line(shell)
    try:
        found = candidates(words, incomplete)
    except TaskcliError:  # a file that a run would refuse: not while somebody types
        found = {}
    matching = {word: told for word, told in found.items() if word.startswith(incomplete)}
    return _answer(shell, matching)


def candidates(words: list[str], incomplete: str) -> Found:
    """What may stand after `words`; nothing where a path is meant."""
    if not words:
        return _ROOT_FLAGS if incomplete.startswith("-") else _commands()
    if words[0] in BY_NAME:
        return _of_task(words[0], words[1:], incomplete)
    if len(words) == 1 and (found := _commands(words[0])):
        return found
    if words[-1] in _FORMATS:
        return dict.fromkeys(_FORMATS[words[-1]], "")
    names = [name for task in words if task in BY_NAME for name in Registry(task).names]
    return dict.fromkeys(names or BY_NAME, "")


def _commands(group: str = "") -> Found:
    return {row.name: row.summary for row in inside(group)}


def _of_task(task: str, words: list[str], incomplete: str) -> Found:
    flags = {
        flag: (group, name)
        for group in BY_NAME[task].groups()
        for name, spelled in flags_as_typed(group).items()
        for flag in spelled
    }
    if words and words[-1] in flags:
        group, name = flags[words[-1]]
        if get_type_hints(group)[name] not in (bool, bool | None):
            return _values(task, name, get_type_hints(group)[name], words)
    if not incomplete.startswith("-"):
        return _inputs(BY_NAME[task].media, incomplete)
    return {flag: _help(*flags[flag]) for flag in flags if flag not in words}


def _inputs(media: Media, incomplete: str) -> Found:
    """Files that the task reads, and folders that may hold some; the shell's own if none is."""
    folder, begun = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return {}
    shown = [entry for entry in entries if entry.name.startswith(begun) and _is_shown(entry, begun)]
    readable = MEDIA[media].extensions | (_ROWS if MEDIA[media].is_text else frozenset())
    files = [one for one in shown if one.is_file() and _ending(one.name) in readable]
    if not files or not all(_PLAIN.fullmatch(one.name) for one in shown):
        return {}
    folders = [f"{one.name}/" for one in shown if one.is_dir()]
    before = incomplete[: len(incomplete) - len(begun)]
    return {f"{before}{name}": "" for name in (*(one.name for one in files), *folders)}


def _is_shown(entry: os.DirEntry[str], begun: str) -> bool:
    return not entry.name.startswith(".") or begun.startswith(".")


def _ending(name: str) -> str:
    return Path(name).suffix.lower()


def _values(task: str, name: str, kind: Any, words: list[str]) -> Found:
    if name == "model" or name in WITH_CHECKPOINTS:
        registry = Registry(task if name == "model" else name)
        return {known: one.about for known, one in registry.checkpoints.items()}
    if name == "device":
        return _DEVICES
    if name in _LANGUAGE_FIELDS:
        return dict.fromkeys(_languages(task, words), "")
    if name == "format":
        names = (*UNIVERSAL, *BY_NAME[task].formats())
        return {"auto": "", **{known: FORMATS[known].about for known in names}}
    if get_origin(kind) is Literal:
        return dict.fromkeys(get_args(kind), "")
    return {}


def _languages(task: str, words: list[str]) -> Iterable[str]:
    """Those of the checkpoint that the line names."""
    named = [after for word, after in pairwise(words) if word in _MODEL]
    return Registry(task).resolve((named or ["base"])[-1]).languages


_MODEL = ("--model", "-m")


def _help(group: type[Any], name: str) -> str:
    declaration = get_type_hints(group, include_extras=True)[name]
    return str(declaration.__metadata__[0].help or "")


def _line(shell: str) -> tuple[list[str], str]:
    """The words before the cursor, without the program, and the one that is begun."""
    if shell == "bash":
        words, at = _split(os.environ.get("COMP_WORDS", "")), int(os.environ.get("COMP_CWORD", 0))
        return words[1:at], words[at] if at < len(words) else ""
    line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(line)[1:]
    return (words, "") if line.endswith(" ") or not words else (words[:-1], words[-1])


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote that is not closed yet
        return line.split()


def _answer(shell: str, found: Found) -> int:
    """As each shell's script reads it: no candidates leave the shell to its file names."""
    if shell == "fish" and os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        return 0 if found else 1
    if shell == "zsh":
        pairs = "\n".join(_quoted(word) + _told(told) for word, told in found.items())
        sys.stdout.write(f"_arguments '*: :(({pairs}))'\n" if found else "_files\n")
    elif shell == "fish":
        sys.stdout.writelines(
            f"{word}\t{told}\n" if told else f"{word}\n" for word, told in found.items()
        )
    else:
        sys.stdout.writelines(f"{word}\n" for word in found)
    return 0


def _told(text: str) -> str:
    return f":{_quoted(text)}" if text else ""


def _quoted(text: str) -> str:
    """For the single and double quotes of zsh's _arguments."""
    for mark, instead in (('"', '""'), ("'", "''"), ("$", r"\$"), ("`", r"\`"), (":", r"\\:")):
        text = text.replace(mark, instead)
    return f'"{text}"'
