"""The workers of a run as its driver sees them: asked for, loaded, at work, lost."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from taskcli.cluster.blocks import Block
from taskcli.cluster.capacity import Capacity
from taskcli.cluster.exchange import BlockAnswers, Load, Loaded
from taskcli.cluster.settled import Lost, settled
from taskcli.cluster.shipping import NotHereError, Shipment, shipped
from taskcli.cluster.worker import Worker
from taskcli.errors import StoppedError, TaskcliError

if TYPE_CHECKING:
    from concurrent.futures import Future

AT_ONCE = 2  # blocks that a worker has: it decodes one while it computes the other
_ANSWERING = "answering"  # threads of a worker, beside the one that hears `stop`
_PATIENCE = 16  # workers lost with nothing answered between, and four for each there may be
_LOADS = 3  # workers lost before any has loaded
# What the program decides of its process, and its workers' must have, too.
_ENVIRONMENT = ("TOKENIZERS_PARALLELISM", "USE_HUB_KERNELS", "TASKCLI_DEBUG")


@dataclass(eq=False)
class Member:
    """A worker: `actor` is Ray's handle; `running` are the blocks that it has."""

    actor: Any
    placed: "Future[None]"  # is done once it has a machine and a process
    is_loaded: bool = False
    is_lost: bool = False
    running: set[Block] = field(default_factory=set)

    @property
    def is_alone(self) -> bool:
        """Whether it has a block that may be what ended another worker."""
        return any(block.suspect for block in self.running)


@dataclass(frozen=True)
class LoadEnded:
    member: Member
    future: "Future[Loaded | TaskcliError]"


@dataclass(frozen=True)
class BlockEnded:
    member: Member
    block: Block
    future: "Future[BlockAnswers]"


Event = LoadEnded | BlockEnded | None  # None: the sources have brought something
Events = SimpleQueue[Event]


class Workers:
    """At most so many as there is room for; what becomes of them is put into `events`.

    `heard` is told how many are loaded, whenever that changes.
    """

    def __init__(
        self,
        capacity: Capacity,
        load: Load,
        heard: Callable[[int], None] = lambda _: None,
        kind: type[Any] = Worker,
    ) -> None:
        self.events: Events = SimpleQueue()
        self.facts: Loaded | None = None  # of the first that was loaded
        self._capacity, self._load, self._heard, self._kind = capacity, load, heard, kind
        self._most = capacity.workers
        self._members: list[Member] = []
        self._sent: Shipment | None = None
        self._losses = 0  # since anything was answered

    def grow(self, wanted: int) -> None:
        """Ask Ray for workers until there are so many, or as many as there may be."""
        while len(self._members) < min(wanted, self._most):
            actor = self._asked_for()
            member = Member(actor, actor.stop.remote(None).future())
            self._members.append(member)
            self._begin_to_load(member)

    @property
    def most(self) -> int:
        return self._most

    @property
    def loaded(self) -> int:
        return sum(member.is_loaded for member in self._members)

    @property
    def busy(self) -> int:
        return sum(bool(member.running) for member in self._members)

    @property
    def placed(self) -> bool:
        """Whether any has a machine."""
        return any(member.placed.done() for member in self._members)

    @property
    def running(self) -> Iterator[Block]:
        return (block for member in self._members for block in member.running)

    def free(self, most: int = AT_ONCE) -> Member | None:
        """The worker that has least to do, if that is less than `most` blocks."""
        able = [one for one in self._members if one.is_loaded and not one.is_alone]
        least = min(able, key=lambda member: len(member.running), default=None)
        return least if least is not None and len(least.running) < most else None

    def give(self, member: Member, block: Block) -> None:
        member.running.add(block)
        call = member.actor.answer.options(concurrency_group=_ANSWERING)
        self._tell(call.remote(block.sources), partial(BlockEnded, member, block))

    def settle(self, event: LoadEnded) -> None:
        """A worker is loaded, or is not. Raises what ends the run: a checkpoint that no worker
        can load, or workers that are lost one after another."""
        found = settled(event.future)
        if event.member.is_lost:
            return
        if isinstance(found, Loaded):
            event.member.is_loaded = True
            self.facts = self.facts or found
            self._heard(self.loaded)
        elif isinstance(found, Lost):
            self.lose(event.member, found)
        elif isinstance(found, NotHereError) and self._load.asks and self._sent is None:
            self._ship(event.member)
        else:
            self._refuse(event.member, found)

    def answers(self, event: BlockEnded) -> BlockAnswers | Lost:
        """What came of a block. Raises as `settle` where its worker is lost."""
        found = settled(event.future)
        event.member.running.discard(event.block)
        if isinstance(found, Lost):
            self.lose(event.member, found)
        else:
            self._losses = 0
        return found

    def lose(self, member: Member, why: Lost) -> None:
        if member.is_lost:
            return
        self._end(member)
        self._losses += 1
        limit = _LOADS if self.facts is None else _PATIENCE + 4 * self._capacity.workers
        if self._losses >= limit:
            doing = "loads the checkpoint" if self.facts is None else "answers"
            raise StoppedError(
                f"{self._losses} workers were lost one after another, as each {doing}: "
                f"{why.reason}",
                f"each has {self._capacity.each}, which may be too little; --engine local may tell",
            )

    def retire(self) -> None:
        """Give back the machines of those that have nothing to do, for there is no more."""
        for member in [one for one in self._members if one.is_loaded and not one.running]:
            self._end(member)

    def stop(self, seconds: float | None) -> None:
        """What is being answered ends with the batches that are on the devices."""
        for member in self._members:
            if member.running:
                member.actor.stop.remote(seconds)

    def close(self) -> None:
        for member in self._members.copy():
            self._end(member)

    def _end(self, member: Member) -> None:
        import ray

        member.is_lost = True
        self._members.remove(member)
        ray.kill(member.actor)
        if member.is_loaded:
            self._heard(self.loaded)

    def _refuse(self, member: Member, why: TaskcliError) -> None:
        """One machine cannot load what others have: the run goes on without it."""
        self._end(member)
        self._most -= 1
        if self.facts is None or not self._most:
            raise why

    def _ship(self, member: Member) -> None:
        self._sent = shipped(self._load.checkpoint)
        self._begin_to_load(member)

    def _begin_to_load(self, member: Member) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        call = member.actor.load.remote(self._load, self._capacity.cpus, environment, self._sent)
        self._tell(call, partial(LoadEnded, member))

    def _asked_for(self) -> Any:
        import ray

        actors: Any = ray.remote(
            num_cpus=self._capacity.cpus,
            num_gpus=self._capacity.gpus,
            max_restarts=0,  # the driver asks for another, and knows what this one had
            max_task_retries=0,
            concurrency_groups={_ANSWERING: AT_ONCE},
        )
        return actors(self._kind).remote()

    def _tell(self, call: Any, event: "Callable[[Future[Any]], Event]") -> None:
        call.future().add_done_callback(lambda future: self.events.put(event(future)))
