"""Where the records of a run go: what is refused before it, how the file is begun and ended."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from taskcli import journal
from taskcli.errors import StoppedError, UsageError
from taskcli.options import OutputOptions
from taskcli.output import DOCUMENTS, FOLDERS, ONE_RECORDING
from taskcli.output.saved import SAVING
from taskcli.sources import Sources, printable

# Excel takes a .csv file without it for the country's old code page.
_SIGNATURE = "\ufeff"


def check(written: OutputOptions, chosen: str, sources: Sources) -> None:
    """Refuse, before anything is run, an output that could not be written or would do harm."""
    if chosen in ONE_RECORDING and sources.total != 1:
        raise UsageError(f"{chosen} holds the subtitles of one recording", "give one input")
    if written.resume and chosen != "jsonl":
        raise UsageError(f"--resume cannot go on with {chosen}", "write to a .jsonl file")
    if written.save_dir is not None:
        _check_folder("--save-dir", written.save_dir, written, sources)
    if chosen in FOLDERS:
        if written.output is None:
            raise UsageError(f"{chosen} is a folder of files", "name it with -o FOLDER")
        _check_folder("-o", written.output, written, sources)
    elif written.output is not None:
        _check_file(written.output, written, sources)
    if written.report is not None:
        _check_report(written.report, written, sources)


def check_saving(task: str, written: OutputOptions) -> None:
    """Refuse --save-dir for a task whose answers have no files."""
    if written.save_dir is not None and task not in SAVING:
        raise UsageError(f"{task} has no files to save", f"these tasks do: {', '.join(SAVING)}")


def _check_folder(flag: str, folder: Path, written: OutputOptions, sources: Sources) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{flag} {folder} is no folder")
    inside = [
        path for path in sources.paths if Path(path).resolve().is_relative_to(folder.resolve())
    ]
    if inside:
        raise UsageError(
            f"{flag} {folder}: the folder holds the input {printable(inside[0])}", "write elsewhere"
        )
    if folder.is_dir() and any(folder.iterdir()) and not (written.resume or written.overwrite):
        raise UsageError(
            f"{flag} {folder}: the folder is not empty",
            "--overwrite replaces files in it; or name another",
        )


def _check_file(file: Path, written: OutputOptions, sources: Sources) -> None:
    _check_place("-o", file, sources)
    if file.is_file() and not (written.resume or written.overwrite):
        raise UsageError(
            f"{file} exists already", "--resume goes on with it, --overwrite replaces it"
        )


def _check_report(report: Path, written: OutputOptions, sources: Sources) -> None:
    if report.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report {report}: a page has a name in .html")
    _check_place("--report", report, sources)
    if not os.access(report.absolute().parent, os.W_OK):
        raise UsageError(f"--report {report}: its folder cannot be written to")
    if report.is_file() and not written.overwrite:
        hint = "name another: it shows what this run answers" if written.resume else None
        raise UsageError(f"{report} exists already", hint or "--overwrite replaces it")


def _check_place(flag: str, file: Path, sources: Sources) -> None:
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{flag} {file}: its folder does not exist")
    if file.is_dir():
        raise UsageError(f"{flag} {file} is a folder", "name a file in it")
    if _is_among(file, sources):
        raise UsageError(f"{file} is one of the inputs", "write somewhere else")


def _is_among(path: Path, sources: Sources) -> bool:
    """Whether an existing output would overwrite a listed input."""
    return path.is_file() and any(
        Path(name).is_file() and path.samefile(name) for name in sources.paths
    )


@contextmanager
def opened(
    written: OutputOptions, chosen: str, fingerprint: dict[str, Any], standard: TextIO
) -> Iterator[TextIO]:
    """The output file, opened only now: a run that cannot begin leaves the old one alone."""
    file = written.output
    if file is None:
        yield standard
        return
    if chosen in FOLDERS:
        file.mkdir(parents=True, exist_ok=True)
        yield standard
        return
    if chosen in DOCUMENTS and (file.is_file() or not file.exists()):
        with _whole_or_absent(file) as stream:
            yield stream
        return
    stream = _open(file, written.resume and file.exists(), fingerprint)
    if chosen == "csv" and file.is_file():
        stream.write(_SIGNATURE)
    try:
        yield stream
    finally:
        with suppress(OSError):  # every record was flushed, so a failure has been told
            stream.close()
        if chosen == "jsonl" and file.is_file():
            journal.cut_torn_line(file)


@contextmanager
def _whole_or_absent(file: Path) -> Iterator[TextIO]:
    """A document without its end is of no use: it gets its name when it is whole."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def _open(file: Path, goes_on: bool, fingerprint: dict[str, Any]) -> TextIO:
    try:
        # Text may hold lone surrogates, which UTF-8 has not.
        stream = file.open("a" if goes_on else "w", 1, "utf-8", "backslashreplace", "")
        if file.is_file() and not goes_on:
            journal.begin(file, fingerprint)
    except OSError as failure:
        raise UsageError(f"-o {file}: it cannot be written: {failure.strerror}") from None
    return stream


@contextmanager
def full_disk_told() -> Iterator[None]:
    """A write that fails ends the run with what to do next; a reader that left does not."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as failure:
        hint = "what was written is whole; make room and go on with --resume"
        raise StoppedError(f"the output cannot be written: {failure.strerror}", hint) from None
