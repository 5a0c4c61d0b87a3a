"""Where the records of a run may go: what is refused before it begins."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskcli.config.options import OutputOptions
from taskcli.errors import UsageError
from taskcli.formats import FORMATS, Format
from taskcli.inputs.files import printable
from taskcli.inputs.sources import Sources
from taskcli.media.amounts import SHARED
from taskcli.output import artifacts
from taskcli.output.presentation import saved_by
from taskcli.remote.urls import WRITTEN_TO, looked_like, redacted, scheme_of, shown_path, url_of
from taskcli.task import Task
from taskcli.tasks import TASKS

# Options of tasks that say what --save-dir leaves. A settings file may have them for all runs.
_OF_FILES = ("crops", "masks", "cutouts")
# And those that say how cues are laid out.
_OF_CUES = ("max_line_width", "max_lines", "max_words", "word_cues", "karaoke")
_CUE_FILES = ("srt", "vtt", "tsv", "json")  # of those that asr saves
_DEVICES = (("dev",), ("proc",))


def check_asked(written: OutputOptions, typed: Mapping[str, Any]) -> None:
    """Refuse what asks for files where no folder takes them."""
    for name in _OF_FILES:
        if typed.get(name) and written.save_dir is None:
            raise UsageError(f"--{name} saves files", "add --save-dir FOLDER")
    for flag in ("save", "skip_existing"):
        if typed.get(flag) and written.save_dir is None:
            beside = ", or --beside" if hasattr(written, "beside") else ""
            raise UsageError(
                f"--{flag.replace('_', '-')} is of saved files", f"add --save-dir FOLDER{beside}"
            )
    if typed.get("depth_range") == SHARED and written.save_dir is None:
        raise UsageError(f"--depth-range {SHARED} is of saved pictures", "add --save-dir FOLDER")


def check_cues(written: OutputOptions, chosen: str, typed: Mapping[str, Any]) -> None:
    """Refuse what lays subtitles out where none are written, and karaoke where no WebVTT is."""
    asked = [name for name in _OF_CUES if typed.get(name)]
    if not asked:
        return
    words = _CUE_FILES if written.save is None else artifacts.kinds_in(written.save)
    saved = [kind for kind in words if kind in _CUE_FILES and written.save_dir is not None]
    if not saved and FORMATS[chosen].asks_field != "chunks":
        raise UsageError(
            f"--{asked[0].replace('_', '-')} lays out subtitles, and {_left(written, chosen)} none",
            "write some, as -o talk.srt or --format vtt, or add --save-dir FOLDER",
        )
    if "karaoke" in asked and saved and "vtt" not in (chosen, *saved):
        raise UsageError(
            f"--karaoke: no times within a cue are in {', '.join(saved)}", "add vtt to --save"
        )


def _left(written: OutputOptions, chosen: str) -> str:
    kept = f", --save {written.save} leaves" if written.save_dir is not None else " holds"
    return f"{chosen}{kept}"


def check(written: OutputOptions, chosen: str, sources: Sources) -> None:
    """Refuse, before anything is run, an output that could not be written or would do harm."""
    format = FORMATS[chosen]
    for flag, path in {"--save-dir": written.save_dir, "--report": written.report}.items():
        if path is not None and url_of(path) is not None:
            raise UsageError(f"{flag} {shown_path(path)}: it is written on this disk only")
    url = None if written.output is None else url_of(written.output)
    if url is not None:
        _check_elsewhere(url, format, written, sources)
    if format.one_input and sources.total != 1 and not sources.live:
        hint = "give one input; or --save-dir FOLDER alone, or --beside, which leave those of each"
        if getattr(written, "beside", False):
            hint = f"--beside saves those of each: give --save {chosen} in place of the format"
        raise UsageError(f"{chosen} holds the subtitles of one input", hint)
    if written.resume and not format.resumes:
        raise UsageError(f"--resume cannot go on with {chosen}", "write to a .jsonl file")
    if written.save_dir is not None:
        _check_folder("--save-dir", written.save_dir)
    if url is None:
        _check_here(format, written, sources)
    if written.report is not None:
        _check_report(written.report, written)


def _check_elsewhere(url: str, format: Format, written: OutputOptions, sources: Sources) -> None:
    from taskcli.remote.uploading import check_place

    shown = redacted(url)
    if written.resume:
        hint = "write to a .jsonl here, resume that, and copy it when it is whole"
        raise UsageError(f"--resume goes on with a file on this disk, not with {shown}", hint)
    if format.kind == "folder":
        raise UsageError(f"{format.name} is a folder, which is written on this disk only")
    check_place(url, written.overwrite, sources.named)


def _check_here(format: Format, written: OutputOptions, sources: Sources) -> None:
    if format.kind == "folder":
        if written.output is None:
            raise UsageError(f"{format.name} is a folder of files", "name it with -o FOLDER")
        _check_folder("-o", written.output)
        _check_own_folder(written.output, written, sources)
    elif format.kind == "binary" and (written.output is None or is_stream(written.output)):
        raise UsageError(f"{format.name} is a file", f"name it with -o FILE{format.extensions[0]}")
    elif written.output is not None:
        _check_file(written.output, format, written)


def check_folder_exists(written: OutputOptions) -> None:
    """Refuse an output in a folder that is not there, before its extension is looked at."""
    if written.output is None or url_of(written.output) is not None:
        return
    if not (parent := written.output.absolute().parent).is_dir():
        if (url := looked_like(written.output)) is not None:
            is_file = scheme_of(url) == "file"
            raise UsageError(
                f"-o {redacted(url)}: a URL of this kind is not written to",
                "give its path, without file://" if is_file else WRITTEN_TO,
            )
        hint = f"mkdir -p {shlex.quote(str(written.output.parent))}"
        if parent.exists():
            hint = f"{written.output.parent} is a file"
        raise UsageError(f"-o {written.output}: its folder does not exist", hint)


def check_saving(task: type[Task[Any, Any, Any]], written: OutputOptions) -> None:
    """Refuse --save-dir for a task whose answers have no files."""
    if written.save_dir is not None and not saved_by(task.result):
        saving = ", ".join(one.name for one in TASKS if saved_by(one.result))
        raise UsageError(f"{task.name} has no files to save", f"these tasks do: {saving}")


def _check_folder(flag: str, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{flag} {folder} is no folder")


def _check_own_folder(folder: Path, written: OutputOptions, sources: Sources) -> None:
    """A format that is a folder is read as a whole: nothing else is in it."""
    inside = [
        path for path in sources.paths if Path(path).resolve().is_relative_to(folder.resolve())
    ]
    if inside:
        raise UsageError(
            f"-o {folder}: the folder holds the input {printable(inside[0])}", "write elsewhere"
        )
    if folder.is_dir() and not (written.resume or written.overwrite):
        in_the_way = min((one.name for one in folder.iterdir()), default=None)
        if in_the_way is not None:
            raise UsageError(
                f"-o {folder}: the folder is not empty, {printable(in_the_way)} is in it",
                "name another; or --overwrite: it replaces files of the same names, deletes none",
            )


def _check_file(file: Path, format: Format, written: OutputOptions) -> None:
    _check_place("-o", file)
    if is_stream(file):
        return
    if not os.access(file.absolute().parent, os.W_OK):
        raise UsageError(f"-o {file}: its folder cannot be written to")
    if os.path.lexists(file) and not (written.resume or written.overwrite):
        goes_on = "--resume goes on with it, " if format.resumes else ""
        raise UsageError(f"{file} exists already", f"{goes_on}--overwrite replaces it")


def _check_report(report: Path, written: OutputOptions) -> None:
    if report.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report {report}: a page has a name in .html")
    _check_place("--report", report)
    if not os.access(report.absolute().parent, os.W_OK):
        raise UsageError(f"--report {report}: its folder cannot be written to")
    if os.path.lexists(report) and not written.overwrite:
        hint = "name another: it shows what this run answers" if written.resume else None
        raise UsageError(f"{report} exists already", hint or "--overwrite replaces it")


def _check_place(flag: str, file: Path) -> None:
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{flag} {file}: its folder does not exist")
    if file.is_dir():
        raise UsageError(f"{flag} {file} is a folder", "name a file in it")


def is_stream(file: Path) -> bool:
    """A pipe or a device is written to, never replaced; so is what /dev/stdout leads to."""
    return (file.exists() and not file.is_file()) or file.absolute().parts[1:2] in _DEVICES
