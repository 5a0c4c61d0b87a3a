"""Where the records of a run go: what is refused before it, how the file is begun and ended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from taskcli import journal
from taskcli.errors import StoppedError, UsageError
from taskcli.options import OutputOptions
from taskcli.sources import Sources


def check(written: OutputOptions, chosen: str, sources: Sources) -> None:
    """Refuse, before anything is run, an output that could not be written or would do harm."""
    if chosen in ("srt", "vtt") and sources.total != 1:
        raise UsageError(f"{chosen} holds the subtitles of one recording", "give one input")
    if written.resume and chosen != "jsonl":
        raise UsageError(f"--resume cannot go on with {chosen}", "write to a .jsonl file")
    if written.output is not None:
        _check_place("-o", written.output, sources)
        if written.output.is_file() and not (written.resume or written.overwrite):
            raise UsageError(
                f"{written.output} exists already",
                "--resume goes on with it, --overwrite replaces it",
            )
    if written.report is not None:
        _check_report(written.report, written, sources)


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
    stream = _open(file, written.resume and file.exists(), fingerprint)
    try:
        yield stream
    finally:
        with suppress(OSError):  # every record was flushed, so a failure has been told
            stream.close()
        if chosen == "jsonl" and file.is_file():
            journal.cut_torn_line(file)


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
