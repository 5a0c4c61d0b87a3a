"""The engine alone, with arithmetic in place of models: every source gets exactly one outcome."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from taskcli import engine
from taskcli.engine import Outcome, Plan, Stages
from taskcli.engine.channel import Channel, Closed, pump
from taskcli.engine.plan import Planned, cut, windows
from taskcli.errors import InputError, StoppedError, TaskcliError
from taskcli.items import Media
from taskcli.sources import Reading, Source, resolve

FOURS = Plan(size=4, budget=1_000)
SOON = 5.0  # seconds within which anything that does not hang has happened


class OutOfMemory(Exception):
    pass


class DeviceLost(Exception):
    pass


@dataclass
class Fake:
    """Stages that give the text of a source in capitals; a text says where it fails.

    `decode!`, `pre!`, `forward!` and `post!` fail whenever they are in a batch at that stage.
    """

    capacity: int = 1_000  # items that the device holds at once
    pause: float = 0.0  # seconds that a batch takes
    decoded: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)  # those that reached the device
    answered: list[list[str]] = field(default_factory=list)  # those that it answered
    group: Callable[[str], object] = lambda text: None

    def stages(self) -> Stages:
        return Stages(
            decode=self._decode,
            cost=len,
            preprocess=lambda items: self._checked("pre!", items),
            forward=self._forward,
            postprocess=lambda outputs, batch, items: self._checked("post!", batch) and outputs,
            alike=self.group,  # type: ignore[arg-type]
            is_out_of_memory=lambda failure: isinstance(failure, OutOfMemory),
            is_fatal=lambda failure: isinstance(failure, DeviceLost),
        )

    def _decode(self, source: Source) -> str:
        assert source.text is not None
        self.decoded.append(source.text)
        if source.text == "decode!":
            raise InputError("cannot be decoded")
        if source.text == "dies!":
            raise SystemExit("a thread dies")
        return source.text

    def _checked(self, bad: str, items: list[str]) -> list[str]:
        if bad in items:
            raise ValueError(f"{bad} among {len(items)}")
        return items

    def _forward(self, batch: list[str]) -> list[str]:
        self.batches.append(batch)
        time.sleep(self.pause)
        if len(batch) > self.capacity:
            raise OutOfMemory(f"{len(batch)} do not fit")
        if "fatal!" in batch:
            raise DeviceLost("fell off the bus")
        self._checked("forward!", batch)
        self.answered.append(batch)
        return [text.upper() for text in batch]


def sources(texts: Iterable[str]) -> Iterator[Source]:
    return (Source(str(number), text=text) for number, text in enumerate(texts))


def answers(outcomes: Iterable[Outcome]) -> list[tuple[int, Any]]:
    """(index, result or the message of the error)"""
    return [(o.index, o.result if o.error is None else f"error: {o.error}") for o in outcomes]


def run(fake: Fake, texts: Sequence[str], plan: Plan = FOURS) -> list[Any]:
    """The results in the order of the outcomes, which is checked to be the input's."""
    found = answers(engine.run(fake.stages(), sources(texts), plan))
    assert [index for index, _ in found] == list(range(len(texts)))
    return [answer for _, answer in found]


def workers() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(engine.THREADS)]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    until(lambda: not workers())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


# Order and completeness


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 64, 65, 300])
def test_every_source_has_one_outcome_in_input_order(count: int) -> None:
    texts = [f"{number * 7919 % 101:x}" * (number % 5 + 1) for number in range(count)]
    assert run(Fake(), texts, Plan(4, 12, window=16)) == [text.upper() for text in texts]


def test_unordered_gives_the_same_outcomes_as_they_are_finished() -> None:
    texts = ["long" * (20 - number) for number in range(20)]
    plan = Plan(4, 1_000, ordered=False)
    found = answers(engine.run(Fake().stages(), sources(texts), plan))
    assert sorted(found) == [(index, text.upper()) for index, text in enumerate(texts)]
    assert found[0][0] == 19, "the cheapest batch comes first"


def test_an_outcome_carries_its_source_and_item() -> None:
    (outcome,) = engine.run(Fake().stages(), sources(["one"]), Plan())
    assert (outcome.source.id, outcome.item, outcome.result) == ("0", "one", "ONE")


# Isolation


@pytest.mark.parametrize("bad", ["decode!", "pre!", "forward!", "post!"])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_an_item_that_fails_at_any_stage_leaves_its_neighbours_alone(bad: str, size: int) -> None:
    texts = ["one", "two", bad, "four", "five", bad, "seven"]
    found = run(Fake(), texts, Plan(size, 1_000))
    for text, answer in zip(texts, found, strict=True):
        if text == bad:
            assert answer.startswith("error: ")
        else:
            assert answer == text.upper()


def test_the_error_of_an_item_is_the_one_that_it_raises_alone() -> None:
    assert run(Fake(), ["one", "forward!", "three"])[1] == "error: forward! among 1"


def test_all_failing_is_all_errors() -> None:
    texts = ["decode!", "pre!", "forward!", "post!"] * 5
    assert all(answer.startswith("error: ") for answer in run(Fake(), texts))


def test_a_cost_that_cannot_be_told_is_that_items_error() -> None:
    stages = Fake().stages()

    def cost(text: str) -> int:
        return 1 // (text != "two")

    stages = Stages(stages.decode, cost, stages.preprocess, stages.forward, stages.postprocess)
    found = answers(engine.run(stages, sources(["one", "two", "three"]), Plan()))
    assert [answer.startswith("error") for _, answer in found] == [False, True, False]


# Memory of the device


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 8])
def test_out_of_memory_halves_the_batch_and_remembers(capacity: int) -> None:
    fake = Fake(capacity=capacity)
    texts = [f"item{number:02}" for number in range(64)]
    assert run(fake, texts, Plan(8, 1_000)) == [text.upper() for text in texts]
    too_large = [len(batch) for batch in fake.batches if len(batch) > capacity]
    assert len(too_large) == len(set(too_large)), "a size that did not fit is not tried again"


def test_an_item_that_does_not_fit_alone_is_an_error() -> None:
    assert run(Fake(capacity=0), ["one", "two"]) == ["error: 1 do not fit"] * 2


def test_a_device_that_is_lost_ends_the_run() -> None:
    outcomes = engine.run(Fake().stages(), sources(["one", "fatal!"]), Plan(1, 1_000))
    assert next(outcomes).result == "ONE"
    with pytest.raises(StoppedError, match="fell off the bus") as caught:
        list(outcomes)
    assert caught.value.hint == "--device cpu may go further"


# Batches


def planned(costs: Iterable[int], alike: Callable[[int], object] = lambda _: None) -> list[Any]:
    return [Planned(index, cost, cost, alike(cost)) for index, cost in enumerate(costs)]


def test_batches_stay_within_the_budget_and_the_size() -> None:
    costs = [cost * 37 % 101 + 1 for cost in range(200)]
    batches = list(cut(planned(costs), Plan(size=16, budget=300)))
    assert sorted(item.cost for batch in batches for item in batch) == sorted(costs)
    for batch in batches:
        assert len(batch) <= 16
        assert len(batch) == 1 or max(item.cost for item in batch) * len(batch) <= 300


def test_sorting_by_cost_wastes_little_on_padding() -> None:
    costs = [10, 1_000] * 32

    def waste(batches: Iterable[list[Any]]) -> float:
        padded = sum(max(item.cost for item in batch) * len(batch) for batch in batches)
        return padded / sum(costs) - 1

    window = planned(costs)
    assert waste(itertools.batched(window, 8) if hasattr(itertools, "batched") else [window]) > 0.9
    assert waste(cut(window, Plan(8, 8_000))) < 0.01


def test_an_item_above_the_budget_is_a_batch_of_its_own() -> None:
    batches = [[item.cost for item in batch] for batch in cut(planned([5, 100, 5]), Plan(8, 20))]
    assert batches == [[5, 5], [100]]


def test_only_items_that_are_alike_share_a_batch() -> None:
    fake = Fake(group=lambda text: text[0])
    texts = ["a1", "b1", "a2", "b2", "a3"]
    assert run(fake, texts) == [text.upper() for text in texts]
    assert all(len({text[0] for text in batch}) == 1 for batch in fake.batches)
    assert len(fake.batches) == 2


def test_a_full_window_is_cut_without_waiting_for_the_end() -> None:
    items = iter(planned(range(10)))
    found = windows(lambda _: next(items, None), Plan(window=4), lambda: False)
    assert [len(window) for window in found] == [4, 4, 2]


# Bounded look-ahead


def counted(count: int, pulled: list[int]) -> Iterator[Source]:
    for number in range(count):
        pulled.append(number)
        yield Source(str(number), text=f"{number}")


def test_the_look_ahead_is_bounded() -> None:
    """100,000 sources behind a reader who takes a record and waits."""
    pulled: list[int] = []
    plan = Plan(8, 1_000, window=64)
    outcomes = engine.run(Fake().stages(), counted(100_000, pulled), plan)
    next(outcomes)
    before = -1
    while before != len(pulled):  # until nobody pulls any more
        before = len(pulled)
        time.sleep(0.1)
    assert before < 8 * 64
    outcomes.close()  # type: ignore[attr-defined]


def test_memory_does_not_grow_with_the_number_of_inputs() -> None:
    alive = 0
    most = 0
    lock = threading.Lock()

    class Item(str):
        def __del__(self) -> None:
            nonlocal alive
            with lock:
                alive -= 1

    def decode(source: Source) -> Item:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return Item(source.text)

    fake = Fake().stages()
    stages = Stages(decode, len, fake.preprocess, lambda batch: batch, fake.postprocess)
    outcomes = engine.run(stages, counted(5_000, []), Plan(8, 1_000, window=32))
    assert sum(1 for _ in outcomes) == 5_000
    assert most < 8 * 32


# Live pipes


def test_a_live_pipe_gets_its_first_record_before_the_second_source_comes() -> None:
    reading, writing = os.pipe()
    plan = Plan(8, 1_000, patience=0.02)
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb", buffering=0) as upstream:
        piped = resolve(["-"], Reading(Media.TEXT, lines=True), stdin=stdin)
        outcomes = engine.run(Fake().stages(), piped.items, plan)
        for word in ("one", "two", "three"):
            upstream.write(f"{word}\n".encode())
            assert next(outcomes).result == word.upper()
        upstream.close()
        assert list(outcomes) == []


def test_a_silent_pipe_does_not_hold_back_a_stop() -> None:
    reading, writing = os.pipe()
    stop = threading.Event()
    with os.fdopen(reading, "rb") as stdin:
        piped = resolve(["-"], Reading(Media.TEXT, lines=True), stdin=stdin)
        outcomes = engine.run(Fake().stages(), piped.items, Plan(patience=0.02), stop)
        os.write(writing, b"one\n")
        assert next(outcomes).result == "ONE"
        stop.set()
        began = time.monotonic()
        assert list(outcomes) == []
        assert time.monotonic() - began < SOON / 2
        os.close(writing)


# Stopping, leaving, dying


@pytest.mark.parametrize("ordered", [True, False])
def test_a_stop_finishes_the_batch_in_flight_and_gives_all_that_is_done(ordered: bool) -> None:
    fake = Fake(pause=0.02)
    stop = threading.Event()
    texts = [f"item{number:03}" for number in range(400)]
    plan = Plan(4, 1_000, ordered=ordered)
    outcomes = engine.run(fake.stages(), sources(texts), plan, stop)
    found = [next(outcomes) for _ in range(6)]
    stop.set()
    found += outcomes
    assert len(found) < 100
    assert sorted(o.item for o in found) == sorted(itertools.chain(*fake.answered))
    assert len({o.index for o in found}) == len(found)


def test_a_stop_before_the_start_gives_nothing() -> None:
    stop = threading.Event()
    stop.set()
    assert list(engine.run(Fake().stages(), sources(["one"]), Plan(), stop)) == []


def test_a_consumer_that_leaves_ends_every_thread() -> None:
    fake = Fake(pause=0.01)
    outcomes = engine.run(fake.stages(), counted(100_000, []), Plan(4, 1_000))
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not workers(), "closing waits for the batch in flight"


def test_an_exception_in_the_consumer_ends_every_thread() -> None:
    def consume() -> None:
        for _ in engine.run(Fake().stages(), counted(100_000, []), Plan(4, 1_000)):
            raise KeyError

    with pytest.raises(KeyError):
        consume()
    until(lambda: not workers())


def test_a_decoder_thread_that_dies_does_not_hang_the_run() -> None:
    outcomes = engine.run(Fake().stages(), sources(["one", "dies!", "three"]), Plan(1, 1_000))
    with pytest.raises(SystemExit):
        list(outcomes)


def test_sources_that_fail_do_not_hang_the_run() -> None:
    def broken() -> Iterator[Source]:
        yield Source("0", text="one")
        raise TaskcliError("the list is broken")

    outcomes = engine.run(Fake().stages(), broken(), Plan(1, 1_000))
    assert next(outcomes).result == "ONE"
    with pytest.raises(TaskcliError, match="broken"):
        list(outcomes)


def test_too_few_answers_are_an_error_and_never_a_shift() -> None:
    fake = Fake().stages()
    stages = Stages(fake.decode, len, fake.preprocess, fake.forward, lambda o, b, i: o[:-1])
    found = answers(engine.run(stages, sources(["one", "two"]), Plan(2, 1_000)))
    assert [answer.startswith("error") for _, answer in found] == [True, True]


# Channels


def test_a_channel_blocks_its_producer_when_full() -> None:
    channel: Channel[int] = Channel(2)
    pulled: list[int] = []

    def values() -> Iterator[int]:
        for number in range(10):
            pulled.append(number)
            yield number

    pump(values(), channel, "test").join(0.1)
    assert len(pulled) == 3, "two wait, one is being put"
    assert list(channel) == list(range(10))


def test_a_channel_tells_the_failure_after_the_values() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1)
    channel.end(ValueError("broken"))
    assert channel.get() == 1
    with pytest.raises(ValueError, match="broken"):
        channel.get()


def test_an_abandoned_channel_releases_its_producer() -> None:
    channel: Channel[int] = Channel(1)
    thread = pump(iter(range(100)), channel, "test")
    channel.abandon()
    thread.join(SOON)
    assert not thread.is_alive()
    with pytest.raises(Closed):
        channel.put(1)


def test_waiting_for_a_value_has_a_limit() -> None:
    with pytest.raises(TimeoutError):
        Channel(1).get(0.01)
