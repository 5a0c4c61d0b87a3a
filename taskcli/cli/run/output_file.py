"""The file of a run's records: how it is begun and ended, and what of it is left by a stop."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import Any, TextIO, cast

from taskcli.cli.run import resume
from taskcli.cli.run.destination import is_stream
from taskcli.cli.run.no_overwrite import InTheWayError
from taskcli.config.options import OutputOptions
from taskcli.errors import StoppedError, UsageError
from taskcli.files.atomic_write import Unfinished, WholeWrites
from taskcli.files.identity import identity
from taskcli.formats import FORMATS, Format
from taskcli.remote.urls import redacted, url_of


@contextmanager
def opened(
    written: OutputOptions,
    chosen: str,
    fingerprint: dict[str, Any],
    standard: TextIO,
    waits: bool = False,
) -> Iterator[TextIO]:
    """The output, opened only now: a run that cannot begin leaves the old file alone.

    `waits` keeps even JSON Lines from their name until the run has ended.
    """
    file, format = written.output, FORMATS[chosen]
    if file is not None and (url := url_of(file)) is not None:
        with _elsewhere(url, format) as stream:
            yield stream
    elif file is None or format.kind == "folder":
        if file is not None:
            file.mkdir(parents=True, exist_ok=True)
        yield _on_disk(standard.fileno()) if _is_on_disk(standard) else standard
    elif is_stream(file):
        with _written_to(file) as stream:
            yield stream
    elif format.resumes and written.resume and file.exists():
        with _gone_on_with(file, written.retry_failed) as stream:
            yield stream
    elif format.resumes:
        with _begun(file, fingerprint, waits) as stream:
            yield stream
    else:
        with at_the_end(file, format) as stream:
            yield stream


@contextmanager
def _written_to(file: Path) -> Iterator[TextIO]:
    """A pipe or a device."""
    with _told(file):
        stream = file.open("w", 1, "utf-8", "backslashreplace", "")
    try:
        yield stream
    finally:
        with suppress(OSError):  # every record was flushed, so a failure has been told
            stream.close()


@contextmanager
def _gone_on_with(file: Path, retry: bool) -> Iterator[TextIO]:
    """JSON Lines to add to."""
    with _told(file):
        stream = file.open("ab")
    with stream:
        resume.go_on(file)
        if retry:
            resume.begin_retry(file)
        try:
            yield _on_disk(stream.fileno())
        except BaseException:
            with suppress(OSError):  # the next run does what a full disk does not allow
                resume.settle(file)
            raise
        resume.settle(file)


@contextmanager
def _begun(file: Path, fingerprint: dict[str, Any], waits: bool) -> Iterator[TextIO]:
    """New JSON Lines: under their own name from the first record on, for --resume and `tail`."""

    def take_the_name() -> None:
        unfinished.finish()
        resume.begin(file, fingerprint)  # after it: what made an old file never describes a new

    with _unfinished(file) as unfinished:
        if not waits:
            take_the_name()
        try:
            yield _on_disk(unfinished.stream.fileno())
        except InTheWayError:
            waits = False
            raise
        finally:
            if waits:
                take_the_name()


@contextmanager
def at_the_end(file: Path, format: Format) -> Iterator[TextIO]:
    """Any other file has its name when the run ends, however it ends.

    But a document without its end is of no use, and a file without an answer replaces none.
    """
    with _unfinished(file) as unfinished:
        if format.kind == "binary":
            yield cast(TextIO, unfinished.stream)
            unfinished.finish()
            return
        stream = WholeWrites(unfinished.stream.fileno(), format.spare)
        stream.write(format.signature)
        try:
            yield cast(TextIO, stream)
        except InTheWayError:
            raise
        except BaseException:
            if format.kind != "document" and stream.written > format.empty:
                with suppress(OSError):
                    stream.end()
                    unfinished.finish()
            raise
        stream.end()
        unfinished.finish()


@contextmanager
def _elsewhere(url: str, format: Format) -> Iterator[TextIO]:
    """An object in a store, which is there when the run ends, however it ends, as a file is."""
    from taskcli.remote.uploading import Upload

    upload = Upload(url)
    try:
        upload.write(format.signature)
        yield cast(TextIO, upload)
    except BaseException as failure:
        is_of_use = format.kind == "stream" and upload.sent > format.empty
        if is_of_use and not isinstance(failure, InTheWayError):
            with suppress(StoppedError):
                upload.finish()
        upload.forget()
        raise
    upload.finish()


@contextmanager
def _unfinished(file: Path) -> Iterator[Unfinished]:
    with _told(file):
        unfinished = Unfinished(file)
    try:
        yield unfinished
    finally:
        unfinished.close()


def _on_disk(descriptor: int) -> TextIO:
    return cast(TextIO, WholeWrites(descriptor))


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise UsageError(f"-o {file}: it cannot be written: {failure.strerror}") from None


@contextmanager
def told(written: OutputOptions, chosen: str, standard: TextIO) -> Iterator[None]:
    """A run that cannot go on says what there is of it; a reader that left does not end one."""
    try:
        yield
    except (BrokenPipeError, InTheWayError):
        raise
    except StoppedError as failure:
        hint = "; ".join(filter(None, (failure.hint, _what_is_left(written, chosen, standard))))
        raise StoppedError(failure.message, hint) from failure.__cause__
    except OSError as failure:
        hint = f"make room; {_what_is_left(written, chosen, standard)}"
        raise StoppedError(f"the output cannot be written: {failure.strerror}", hint) from None


def _what_is_left(written: OutputOptions, chosen: str, standard: TextIO) -> str:
    """What is true of the output of a run that was stopped: only JSON Lines are gone on with."""
    file, format = written.output, FORMATS[chosen]
    if file is None:
        end = (
            "ends with a whole line" if _is_on_disk(standard) else "may end in the midst of a line"
        )
        return f"what came out {end}; only -o FILE.jsonl can be gone on with, by --resume"
    if (url := url_of(file)) is not None:
        return f"{redacted(url)} holds whole answers only, or is not there"
    if format.resumes and not is_stream(file):
        return "what was written is whole, and --resume goes on" + (
            "" if written.report is None else " (with another --report)"
        )
    if format.kind == "folder":
        return f"the files in {file} are whole; the same command writes them again, and the rest"
    again = "; only a .jsonl can be gone on with, by --resume"
    if format.kind in ("document", "binary"):
        return f"{chosen} is whole only at its end, so {file} is not there{again}"
    return f"{file} holds whole answers only, or is not there{again}"


def _is_on_disk(stream: TextIO) -> bool:
    try:
        return identity(stream.fileno()) is not None
    except (OSError, UnsupportedOperation):  # a replaced stdout has no descriptor
        return False
