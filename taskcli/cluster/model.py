"""A checkpoint that workers have loaded: what a local `Model` is to what writes answers."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from taskcli.api import RecordWithInput
from taskcli.api.decoding import as_shown, decoder, whole
from taskcli.cluster.exchange import Load, Loaded
from taskcli.cluster.run import ClusterRun
from taskcli.cluster.workers import Workers
from taskcli.errors import InputError
from taskcli.inputs.sources import Sources
from taskcli.media.items import Item
from taskcli.media.source import Source
from taskcli.tasks import BY_NAME

if TYPE_CHECKING:
    from taskcli.media.decode.decoder import Decoder


@dataclass(frozen=True)
class ClusterModel:
    """`loaded` is what the first of the workers said."""

    load: Load
    loaded: Loaded
    workers: Workers

    @property
    def labels(self) -> Mapping[int, str]:
        """The checkpoint's own numbers for its labels."""
        return self.loaded.labels

    def whole(self, answered: RecordWithInput) -> Item | None:
        """The item; pictures are decoded here, for workers send none."""
        return whole(answered.item, answered.source, self._decoder())

    def run(
        self, sources: Sources, *, ordered: bool, gaps: bool, stop: threading.Event, shown: bool
    ) -> ClusterRun:
        """Answers to sources, to be begun; those that are `shown` are decoded here, too."""
        look = self._decoded if shown else None
        return ClusterRun(self.load, self.workers, sources, ordered, gaps, stop, look)

    def _decoder(self) -> "Decoder":
        told = SimpleNamespace(**self.loaded.told)
        return decoder(BY_NAME[self.load.task], told, self.load.decode_options)

    def _decoded(self, source: Source) -> Item | None:
        with suppress(InputError):  # the file may have gone since
            return as_shown(self._decoder()(source))
        return None
