"""A call that is wrong, in our words: what was meant, nearest first."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from typer.exceptions import TyperException

from taskcli.cli.commands import COMMANDS, inside
from taskcli.errors import TaskcliError, UsageError
from taskcli.media import MEDIA
from taskcli.media.items import Media
from taskcli.tasks import BY_NAME

# What other programs of the field call an option; the first that a command has is meant.
_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "--conf": ("--threshold",),
    "--confidence": ("--threshold",),
    "--min-score": ("--threshold",),
    "--score-threshold": ("--threshold",),
    "-k": ("--top-k",),
    "--topk": ("--top-k",),
    "--num-labels": ("--top-k",),
    "-V": ("--version",),
    "-v": ("--version",),
    "--lang": ("--language", "--to"),
    "--src": ("--from",),
    "--source": ("--from",),
    "--src-lang": ("--from",),
    "--tgt": ("--to",),
    "--target": ("--to",),
    "--tgt-lang": ("--to",),
    "--gpu": ("--device cuda",),
    "--cuda": ("--device cuda",),
    "--cpu": ("--device cpu",),
    "--mps": ("--device mps",),
    "--fp16": ("--dtype float16",),
    "--half": ("--dtype float16",),
    "--bf16": ("--dtype bfloat16",),
    "--out": ("--output",),
    "--output-dir": ("--save-dir",),
    "--outdir": ("--save-dir",),
    "--save": ("--save-dir",),
    "--save-crop": ("--crops",),
    "--classes": ("--labels",),
    "--class": ("--labels",),
    "--max-det": ("--max-detections",),
    "--nms": ("--iou",),
    "--padding": ("--crop-margin",),
    "--transparent": ("--cutouts",),
    "--output-format": ("--format",),
    "--json": ("--format json",),
    "--jsonl": ("--format jsonl",),
    "--csv": ("--format csv",),
    "--input": ("INPUT, a word without an option",),
    "--file": ("INPUT, a word without an option",),
    "-i": ("INPUT, a word without an option",),
    "--prompt": ("--text",),
    "-p": ("--text",),
    "--context": ("--text",),
    "--batch": ("--batch-size",),
    "-b": ("--batch-size",),
    "-d": ("--device",),
    "--weights": ("--model",),
    "--checkpoint": ("--model",),
    "--force": ("--overwrite",),
    "--yes": ("--overwrite",),
    "--continue": ("--resume",),
    "--silent": ("--quiet",),
    "-q": ("--quiet",),
    "--max-tokens": ("--max-new-tokens", "--max-length"),
    "--max-len": ("--max-length", "--max-new-tokens"),
    "--beams": ("--num-beams",),
    "--beam-size": ("--num-beams",),
    "--word-timestamps": ("--timestamps word",),
    "--task": ("--subtask", "--translate"),
    "--verbose": ("TASKCLI_DEBUG=1, in the environment",),
    "--debug": ("TASKCLI_DEBUG=1, in the environment",),
}


def as_meant(words: list[str]) -> list[str]:
    """The words, `help` as --help. Raises UsageError for a command that does not exist."""
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if words and not words[0].startswith("-") and words[0] not in _names():
        raise UsageError(f"no such command: {words[0]}", _command_for(words[0]))
    return words


def _names() -> list[str]:
    return [row.name for row in inside()]


def _command_for(word: str) -> str:
    plain, names = word.lower().replace("_", "-"), _names()
    also = {other: row.words for row in COMMANDS.values() for other in row.also.split()}
    if plain in names or plain in also:
        return f"did you mean taskcli {also.get(plain, plain)}?"
    if plain.startswith("translation-"):
        return "did you mean taskcli translate?"
    if Path(word).exists():
        return f"a task comes first, as in: taskcli {_task_for(word)} {word}"
    close = difflib.get_close_matches(plain, (*names, *also), 1)
    if close:
        return f"did you mean taskcli {also.get(close[0], close[0])}?"
    return f"there are {', '.join(names)}"


def _task_for(file: str) -> str:
    extension = Path(file).suffix.lower()
    found = (medium for medium in MEDIA.values() if extension in medium.extensions)
    return next(found, MEDIA[Media.IMAGE]).task


def explained(wrong: TyperException) -> TaskcliError | None:
    """A parser's complaint as ours; None where it has shown the help instead."""
    context: Any = getattr(wrong, "ctx", None)
    if type(wrong).__name__ == "NoArgsIsHelpError":
        return None
    if (unknown := getattr(wrong, "option_name", "")) and type(wrong).__name__ == "NoSuchOption":
        return UsageError(f"no such option: {unknown}", _option_for(unknown, context))
    parameter = getattr(wrong, "param", None)
    told = wrong.message.rstrip(".") if parameter is not None else wrong.format_message()
    message = _plain(told)
    if parameter is not None:
        named = max(parameter.opts, key=len) if parameter.opts else parameter.name
        message = f"{named}: {message}" if message else f"{named} is missing"
    return UsageError(message, _nearest_choice(message) or _help_of(context))


def _option_for(unknown: str, context: Any) -> str:
    """The option that was meant: by another program's name for it, elsewhere, or by spelling."""
    name = unknown.split("=")[0]
    flags = [flag for each in context.command.params for flag in (*each.opts, *each.secondary_opts)]
    meant = next((one for one in _OPTIONS.get(name, ()) if _has(one, flags)), None)
    if meant is not None:
        return f"did you mean {meant}?"
    if name in ("-V", "-v", "--version"):
        return "did you mean taskcli --version?"
    owners = [task for task in BY_NAME if name in _flags_of(task)]
    if owners:
        return f"it is an option of {', '.join(owners)}"
    close = difflib.get_close_matches(name, [flag for flag in flags if flag.startswith("--")], 1)
    if close:
        return f"did you mean {close[0]}?"
    return _help_of(context)


def _has(meant: str, flags: Iterable[str]) -> bool:
    return not meant.startswith("-") or meant.split()[0] in flags


def _flags_of(task: str) -> set[str]:
    from taskcli.config.flags import flags_as_typed  # most calls are right

    groups = BY_NAME[task].groups()
    return {
        flag for group in groups for spelled in flags_as_typed(group).values() for flag in spelled
    }


def _help_of(context: Any) -> str:
    return f"{context.command_path if context else 'taskcli'} --help lists all"


def _plain(message: str) -> str:
    message = message.strip().rstrip(".")
    message = message.removeprefix("Value error, ")
    message = re.sub(r"^Option '([^']+)' requires an argument$", r"\1 needs a value", message)
    return message[:1].lower() + message[1:]


def _nearest_choice(message: str) -> str | None:
    """For "'jsn' is not one of 'json', 'csv'": what is nearest among those."""
    found = re.search(r"'([^']*)' is not one of (.*)", message)
    if not found:
        return None
    close = difflib.get_close_matches(found[1], re.findall(r"'([^']*)'", found[2]), 1)
    return f"did you mean {close[0]}?" if close else None
