"""--beside: the files of each input are in the folder where it is, on this disk."""

from dataclasses import replace
from typing import Any

from taskcli.cli.run.request import RunConfig
from taskcli.config.options import OutputOptions
from taskcli.errors import InputError, UsageError
from taskcli.inputs.files import printable
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source
from taskcli.output import Layout, artifacts
from taskcli.task import Task

_WHY = "--beside saves beside files on this disk"
_HINT = "--save-dir FOLDER takes what is saved of pipes, rows and URLs"


def is_beside(config: RunConfig) -> bool:
    """Whether files are saved in the folders of the inputs."""
    return bool(getattr(config.output, "beside", False))


def endings(task: type[Task[Any, Any, Any]], written: OutputOptions) -> frozenset[str]:
    """Those of the files that may be beside the inputs, of this run and of others."""
    if not getattr(written, "beside", False):
        return frozenset()
    return frozenset(artifacts.endings(task.result, Layout()))


def only_files(sources: Sources) -> Sources:
    """The sources, of which those are errors that turn out to be no file on this disk.

    Raises UsageError where that is known beforehand.
    """
    here = set(map(printable, sources.paths))
    elsewhere = next((id for id in sources.ids if id not in here), None)
    if elsewhere is not None:
        raise UsageError(f"{_WHY}, and {elsewhere} is elsewhere", _HINT)
    are_rows = sources.total is None and not sources.live
    if are_rows or not (sources.ids or sources.live):
        raise UsageError(f"{_WHY}, and not every input is one", _HINT)
    return replace(sources, items=map(_file, sources.items))


def _file(source: Source) -> Source:
    is_file = source.path is not None and source.id == printable(source.path)
    if is_file or source.error is not None:
        return source
    return replace(source, error=InputError(f"{_WHY}, and this is none", _HINT))
