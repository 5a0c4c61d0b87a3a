"""What answers a run's inputs: a model loaded in this process, or workers on a Ray cluster."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from taskcli.api import RecordWithInput, open_model
from taskcli.checkpoints import cache
from taskcli.cli.run import hosted
from taskcli.cli.run.pending import Pending
from taskcli.cli.run.reporter import Reporter
from taskcli.cli.run.request import RunConfig
from taskcli.cli.run.signals import Stopping
from taskcli.inputs.sources import Sources
from taskcli.media.items import Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskcli.cli.run.reporter import Where


class Placed(Protocol):
    @property
    def placement(self) -> "Where": ...
    @property
    def is_compiled(self) -> bool: ...


class Engine(Protocol):
    """A checkpoint that is loaded, here or elsewhere."""

    @property
    def loaded(self) -> Placed: ...
    @property
    def labels(self) -> Mapping[int, str]: ...
    def whole(self, answered: RecordWithInput) -> Item | None: ...


class Answers(Protocol):
    """One pass of inputs; a `listener` hears a text as it is written, where somebody looks on."""

    @property
    def sources(self) -> Sources: ...
    @property
    def batching_note(self) -> str: ...

    listener: "Callable[[str], None] | None"

    def answers(self) -> Iterator[RecordWithInput]: ...


@contextmanager
def begun(
    config: RunConfig, pending: Pending, stopping: Stopping, reporter: Reporter
) -> Iterator[tuple[Engine, Answers]]:
    """Load the checkpoint; what has loaded it, and the run that is to be gone through."""
    way = _on_ray if config.cluster.engine == "ray" else _here
    with way(config, pending, stopping, reporter) as both:
        yield both


@contextmanager
def _here(
    config: RunConfig, pending: Pending, stopping: Stopping, reporter: Reporter
) -> Iterator[tuple[Engine, Answers]]:
    if config.run.compile:
        _keep_compiled_code_private()
    with cache.unplugged(), reporter.loading(config.checkpoint.name) as placed:
        model = open_model(
            config.task,
            config.options,
            config.checkpoint,
            config.run,
            vars(config.inputs),
            placed,
            reporter.warn,
            hosted.load(),
        )
    stopping.working()
    yield (
        model,
        model.run(
            pending.sources,
            ordered=not config.run.unordered,
            gaps=not config.can_be_resumed,
            stop=stopping.event,
            heard=reporter.hear,
            looked_at=config.is_looked_at,
            lost=reporter.warn,
            said=reporter.hears_words(pending.sources.total),
        ),
    )


def _keep_compiled_code_private() -> None:
    """Compiled code is loaded again by later runs.

    Torch keeps it under a name that anybody can guess, in a folder that is everybody's.
    """
    import platformdirs

    folder = platformdirs.user_cache_path("taskcli") / "compiled"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder))


@contextmanager
def _on_ray(
    config: RunConfig, pending: Pending, stopping: Stopping, reporter: Reporter
) -> Iterator[tuple[Engine, Answers]]:
    from taskcli.cluster.exchange import Load
    from taskcli.cluster.opening import opened

    load = Load(
        config.task.name,
        config.options,
        config.checkpoint,
        config.run,
        vars(config.inputs),
        offline=config.model.offline,
        allow_pickle=config.model.allow_pickle,
        asks=config.cluster.ship_model,
        reads_hub=config.reads_hub,
        with_texts=config.quotes_inputs,
        with_depths=config.is_looked_at,
    )
    with ExitStack() as ray:
        with reporter.loading(config.checkpoint.name):
            model = ray.enter_context(opened(config.cluster, load, pending.sources.total, reporter))
        stopping.working()
        yield (
            model,
            model.run(
                pending.sources,
                ordered=not config.run.unordered,
                gaps=not config.can_be_resumed,
                stop=stopping.event,
                shown=config.shows_inputs,
            ),
        )
