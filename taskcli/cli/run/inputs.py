"""The inputs of a run: found by name, and kept apart from what the run writes."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from taskcli.cli.run.no_overwrite import Apart, of_stream, outputs_of
from taskcli.cli.run.request import Invocation
from taskcli.cli.run.streams import standard_input
from taskcli.config.input_options import ImageInputOptions, InputOptions
from taskcli.config.options import OutputOptions
from taskcli.errors import UsageError
from taskcli.inputs.keeping import Keep
from taskcli.inputs.selection import Selection
from taskcli.inputs.sources import Reading, Sources, resolve
from taskcli.media import MEDIA
from taskcli.media.encodings import AUTO
from taskcli.remote.stores import Patience


def sources_of(call: Invocation, inputs: InputOptions, left: frozenset[str]) -> Sources:
    """What the words of the call name, and of it what is chosen.

    `left` are the endings of files that are saved beside them.

    Raises UsageError for what is not there.
    """
    _check_format(call, inputs)
    reading = replace(_reading(call, inputs), left=left)
    if isinstance(inputs, ImageInputOptions):
        reading = reading.seeing(inputs.frames, inputs.fps, inputs.max_pixels)
    chosen = Selection(inputs.skip, inputs.limit, inputs.sample, inputs.sample_seed)
    return chosen.of(_found(call, inputs, reading))


def _reading(call: Invocation, inputs: InputOptions) -> Reading:
    return Reading(
        call.task.media,
        call.task.text_fields,
        chats=call.task.chats,
        field=inputs.field,
        recursive=inputs.recursive,
        lines=getattr(inputs, "lines", False),
        encoding=getattr(inputs, "encoding", AUTO),
        delimiter=inputs.delimiter,
        allow_remote=inputs.allow_remote,
        patience=Patience(inputs.retries, inputs.timeout),
        keep=None if inputs.kept is None else Keep(inputs.kept),
        format=inputs.input_format,
    )


def _found(call: Invocation, inputs: InputOptions, reading: Reading) -> Sources:
    return resolve(
        call.inputs,
        reading,
        texts=getattr(inputs, "text", ()),
        files_from=inputs.files_from,
        null=inputs.null,
        stdin=standard_input(),
        watch=inputs.watch,
    )


def _check_watched(words: Iterable[str], recursive: bool, written: OutputOptions) -> None:
    """Refuse to leave files where they would be found as inputs, again and again."""
    if written.save_dir is None:
        return
    left = written.save_dir.resolve()
    for word in words:
        folder = Path(word).resolve()
        if folder == left or (recursive and folder in left.parents):
            raise UsageError(
                f"--save-dir {written.save_dir} lies in {word}, which --watch looks into",
                "its files would be inputs; save elsewhere",
            )


def _check_format(call: Invocation, inputs: InputOptions) -> None:
    """Refuse formats that say nothing of the inputs of a task that reads no texts."""
    read = MEDIA[call.task.media]
    if read.is_text or inputs.input_format == "auto":
        return
    if inputs.input_format == "text":
        raise UsageError(
            f"--input-format text: {call.task.name} reads {read.many}",
            "leave it out; or say what names them: csv, tsv, jsonl, json, parquet, arrow",
        )
    if inputs.field is None and "-" in call.inputs:
        told = f"--input-format {inputs.input_format}: no column of standard input is named"
        raise UsageError(told, "name the one that holds paths: --field NAME")


def kept_apart(
    call: Invocation, inputs: InputOptions, sources: Sources, written: OutputOptions, chosen: str
) -> Apart:
    """What keeps inputs and outputs apart. Raises UsageError where they are not."""
    of_texts = MEDIA[call.task.media].is_text
    listed = inputs.files_from
    in_rows = inputs.field is not None and not sources.live and not of_texts

    def read() -> Iterator[str]:
        yield from sources.paths
        yield from sources.archives
        if listed not in (None, "-"):
            yield listed
        if (ids := getattr(written, "coco_ids", None)) is not None:
            yield str(ids)
        if in_rows:  # read once more, to know the files that they name
            rows = _found(call, inputs, _reading(call, inputs)).items
            yield from filter(None, (source.on_this_disk for source in rows))

    if inputs.watch:
        _check_watched(call.inputs, inputs.recursive, written)
    live = sources.live and (listed == "-" or not of_texts)
    apart = Apart(tuple(outputs_of(written, chosen, sys.stdout)), read, live, written.overwrite)
    apart.check(of_stream(sys.stdin) if "-" in (*call.inputs, listed) else None)
    return apart
