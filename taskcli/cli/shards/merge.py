"""taskcli merge: what the runs of all shares wrote, as one run would have written it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.text import Text

from taskcli.cli import messages
from taskcli.cli.record_files import named_files
from taskcli.cli.run import resume
from taskcli.cli.run.streams import print_note, results_stream
from taskcli.cli.shards.joining import Joined, check, join
from taskcli.cli.shards.part import Part, read_part, record_at
from taskcli.errors import ExitCode, UsageError
from taskcli.files import atomic_write
from taskcli.files.identity import is_one
from taskcli.formats import BY_EXTENSION
from taskcli.output.serialize import one_line

_SPARE = 64  # files that are open beside the parts


def merge(
    parts: Annotated[
        list[str],
        typer.Argument(metavar="PART.jsonl", help="What --shard runs wrote; quoted globs, too."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write here; unset: standard output."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace output that is there.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No summary on stderr.")] = False,
) -> None:
    """Join what the runs of all --shard I/N wrote, in the order of one run over all inputs.

    Inputs without a record, shares without a file, and parts whose run did not come to its end are
    told, and make the exit code 1; what is there is joined all the same. Of an input that two
    parts answer one record is kept, an answer before a failure.
    """
    files = _files(parts)
    if output is not None:
        _check(output, files, overwrite)
    found = [read_part(file) for file in files]
    check(found)
    joined = join(found)
    if output is None:
        with results_stream() as stream:
            for line in _lines(found, joined):
                stream.write(line)
    else:
        _write(output, found, joined)
    for note in joined.gaps:
        print_note(note)
    if not quiet:
        _summarise(found, joined)
    raise typer.Exit(ExitCode.SOME_FAILED if joined.gaps else ExitCode.OK)


def _files(words: Sequence[str]) -> list[Path]:
    """Raises UsageError for a word that names nothing."""
    found = named_files(words, "give the .jsonl files of --shard runs")
    return list(dict.fromkeys(map(_part, found)))


def _part(word: str) -> Path:
    """Raises UsageError for Parquet, whose parts are read together as they are."""
    file = Path(word)
    if BY_EXTENSION.get(file.suffix.lower()) == "parquet":
        hint = "what reads Parquet takes the folder that the parts are in as one data set"
        raise UsageError(f"{file}: parts in Parquet are not merged", hint)
    return file


def _check(output: Path, files: Sequence[Path], overwrite: bool) -> None:
    for file in files:
        if is_one(output, file):
            raise UsageError(f"-o {output} is one of the parts", "write elsewhere")
    if output.exists() and not overwrite:
        raise UsageError(f"-o {output} exists", "name another file, or --overwrite")
    if (other := BY_EXTENSION.get(output.suffix.lower(), "jsonl")) != "jsonl":
        raise UsageError(f"-o {output}: merge writes JSON Lines, not {other}", "name a .jsonl file")


def _write(output: Path, parts: Sequence[Part], joined: Joined) -> None:
    try:
        with atomic_write.appearing(output) as stream:
            for line in _lines(parts, joined):
                stream.write(line.encode("utf-8", "backslashreplace"))
        if made_with := _made_with(parts):
            resume.begin(output, made_with)
    except OSError as failure:
        raise UsageError(f"-o {output}: it cannot be written: {failure.strerror}") from None


def _made_with(parts: Sequence[Part]) -> dict[str, object] | None:
    """What one run over the whole list would have left for --resume, where all parts tell it."""
    if any(part.made_with is None for part in parts):
        return None
    of_parts = ("shard", resume.ENDED)
    return {key: value for key, value in (parts[0].made_with or {}).items() if key not in of_parts}


def _lines(parts: Sequence[Part], joined: Joined) -> Iterator[str]:
    with _opened(parts) as streams:
        for part, offset in zip(joined.part.tolist(), joined.offset.tolist(), strict=True):
            yield one_line(record_at(streams[part], offset)) + "\n"


@contextmanager
def _opened(parts: Sequence[Part]) -> Iterator[list[BinaryIO]]:
    _allow_open_files(len(parts) + _SPARE)
    with ExitStack() as stack:
        yield [stack.enter_context(part.file.open("rb")) for part in parts]


def _allow_open_files(count: int) -> None:
    """Shells allow a thousand or fewer, the system many more."""
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < count:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _summarise(parts: Sequence[Part], joined: Joined) -> None:
    count = len(joined.part)
    records = "1 record" if count == 1 else f"{count:,} records"
    files = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    failed = f", {joined.failed:,} of them failures" if joined.failed else ""
    doubled = f"; left out {joined.doubled:,} that another part holds" if joined.doubled else ""
    console = Console(file=messages.stream(), highlight=False)
    console.print(Text(f"{records} of {files}{failed}{doubled}", style="dim"), soft_wrap=True)
