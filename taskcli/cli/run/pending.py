"""What is left to answer: all inputs, or under --resume those that an earlier run did not."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from taskcli.api import window_of
from taskcli.cli.run import resume
from taskcli.cli.run.request import RunConfig
from taskcli.inputs.files import printable
from taskcli.inputs.sources import Sources
from taskcli.media.source import Source


@dataclass(frozen=True)
class Pending:
    """What was answered `earlier`, and the sources from the first window that lacks an answer."""

    earlier: resume.Journal
    sources: Sources
    done: bool = False  # whether every input is answered


def pending_of(config: RunConfig) -> Pending:
    earlier = _earlier(config)
    sources = _unanswered(config, earlier)
    return Pending(earlier, sources or Sources((), 0), done=sources is None)


def nothing_left(config: RunConfig) -> None:
    """Note beside the output that it has a record of every input."""
    if config.output.output is not None and config.can_be_resumed:
        resume.end(config.output.output)


def _earlier(config: RunConfig) -> resume.Journal:
    file = config.output.output
    if file is None or not config.output.resume or not file.exists():
        return resume.Journal()
    return resume.resume(file, config.fingerprint, config.output.retry_failed)


def _unanswered(config: RunConfig, earlier: resume.Journal) -> Sources | None:
    """The sources from the first window on that lacks an answer, or None if none does."""
    sources, by_id = config.sources, earlier.copy()
    total = None if sources.total is None else max(1, sources.total - earlier.count)
    ids = tuple(_left(sources.ids, earlier, str))
    paths = tuple(_left(sources.paths, earlier, printable))
    marked = (replace(s, answered=True) if by_id.answers(s.id) else s for s in sources.items)
    latest = deque[Source](maxlen=window_of(config.task.media, config.run.batch_size))
    for source in marked:
        latest.append(source)
        if not source.answered:
            return Sources(chain(latest, marked), total, sources.live, paths, ids)
    return None


def _left(
    names: Iterable[str], earlier: resume.Journal, id_of: Callable[[str], str]
) -> Iterator[str]:
    """Those of the names whose input has no answer."""
    answered = earlier.copy()
    return (name for name in names if not answered.answers(id_of(name)))
