"""Several devices in the engine alone: who computes what, and what becomes of one that fails."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from test_engine import (  # noqa: F401  # the fixture serves here, too
    DeviceLost,
    Fake,
    OutOfMemory,
    _no_thread_is_left,
    answers,
    run,
    sources,
    until,
)

from taskcli import engine
from taskcli.engine import BatchingConfig, Device, Loss, Stop
from taskcli.errors import StoppedError

FOURS = BatchingConfig(size=4, budget=1_000)
ONES = BatchingConfig(size=1, budget=1_000)
TEXTS = [f"item{number:03}" for number in range(120)]
ERROR = "CUDA error: "  # how device errors begin here

Forward = Callable[[list[str]], list[str]]


@dataclass
class Card:
    """A device that gives texts in capitals. `lost_at` a text it fails for good, `errs_at` another
    it says so and goes on, and beyond `capacity` texts it has no memory."""

    name: str
    capacity: int = 1_000
    lost_at: str = "-"
    errs_at: str = "-"
    before: Callable[[list[str]], object] = lambda batch: None
    is_lost: bool = False
    batches: list[list[str]] = field(default_factory=list)

    def device(self) -> Device:
        return Device(self.name, self._forward, self._check)

    def _forward(self, batch: list[str]) -> list[str]:
        self.batches.append(batch)
        self.before(batch)
        if len(batch) > self.capacity:
            raise OutOfMemory(f"{len(batch)} do not fit")
        self.is_lost = self.is_lost or self.lost_at in batch
        self._check()
        if self.errs_at in batch:
            raise DeviceLost(f"{ERROR}{self.errs_at}")
        if "bad" in batch:
            raise ValueError("bad")
        return [text.upper() for text in batch]

    def _check(self) -> None:
        if self.is_lost:
            raise DeviceLost(f"{ERROR}fell off the bus")


class Cards:
    """A run on several, and which of them were lost."""

    def __init__(self, *cards: Card) -> None:
        self.cards = cards
        self.losses: list[Loss] = []

    def stages(self) -> engine.Stages:
        return replace(Fake().stages(), devices=[card.device() for card in self.cards])

    def outcomes(
        self, texts: Sequence[str], config: BatchingConfig = FOURS, stop: Stop | None = None
    ) -> Iterator[engine.Outcome]:
        return engine.run(self.stages(), sources(texts), config, stop, lost=self.losses.append)

    def run(self, texts: Sequence[str], config: BatchingConfig = FOURS) -> list[Any]:
        """The answers in the order of the outcomes, which is the input's."""
        found = answers(self.outcomes(texts, config))
        assert [number for number, _ in found] == list(range(len(texts)))
        return [answer for _, answer in found]

    @property
    def lost(self) -> list[str]:
        return [loss.device for loss in self.losses]


def capitals(texts: Sequence[str]) -> list[str]:
    return [text.upper() for text in texts]


def together() -> tuple[Card, Card]:
    """Two that compute their batches at the same time, so that each has half of them."""
    barrier = threading.Barrier(2, timeout=20)
    return Card("one", before=lambda _: barrier.wait()), Card(
        "two", before=lambda _: barrier.wait()
    )


# Who computes what


def test_devices_share_the_batches_that_one_would_have() -> None:
    fake, cards = Fake(), Cards(*together())
    texts = TEXTS[:112]  # as many batches for each
    assert run(fake, texts) == cards.run(texts) == capitals(texts)
    one, two = (card.batches for card in cards.cards)
    assert len(one) == len(two)
    assert sorted(one + two) == sorted(fake.batches)


def test_whoever_is_free_has_the_next_batch_and_answers_are_in_order() -> None:
    begun, done = threading.Event(), threading.Event()
    slow, fast = Card("slow"), Card("fast")
    slow.before = lambda _: (begun.set(), done.wait(20))

    def compute(_: list[str]) -> None:
        begun.wait(20)
        if len(fast.batches) == 20:
            done.set()

    fast.before = compute
    assert Cards(slow, fast).run(TEXTS) == capitals(TEXTS)
    assert slow.batches
    assert len(fast.batches) >= 20


def test_long_items_have_parts_on_several_devices() -> None:
    texts = [" ".join(TEXTS[at : at + 8]) for at in range(0, 112, 8)]
    cards = Cards(*together())
    assert cards.run(texts, ONES) == capitals(texts)
    where = [{text for [text] in card.batches} for card in cards.cards]
    assert all(set(texts[0].split()) & parts for parts in where)


def test_no_device_is_far_ahead_of_another_one() -> None:
    """Answers would wait in memory for the one that is missing."""
    release = threading.Event()

    def wait(batch: list[str]) -> None:
        if batch == ["0"]:
            release.wait(20)

    cards = Cards(Card("one", before=wait), Card("two", before=wait))
    config = replace(ONES, window=512, first=512)
    outcomes = cards.outcomes([str(number) for number in range(300)], config)
    found: list[engine.Outcome] = []
    reading = threading.Thread(target=lambda: found.extend(outcomes))
    reading.start()
    until(lambda: sum(len(card.batches) for card in cards.cards) == 64)
    time.sleep(0.3)
    assert sum(len(card.batches) for card in cards.cards) == 64
    assert found == []
    release.set()
    reading.join(20)
    assert [outcome.source.number for outcome in found] == list(range(300))


def test_a_stop_finishes_the_batch_of_each_and_begins_no_other() -> None:
    stop, computing = Stop(), threading.Barrier(3, timeout=20)

    def wait(_: list[str]) -> None:
        computing.wait()
        stop.wait(20)

    cards = Cards(Card("one", before=wait), Card("two", before=wait))
    outcomes = cards.outcomes(TEXTS, ONES, stop)
    found: list[engine.Outcome] = []
    reading = threading.Thread(target=lambda: found.extend(outcomes))
    reading.start()
    computing.wait()
    stop.set()
    reading.join(20)
    assert [outcome.source.number for outcome in found] == [0, 1]
    assert [len(card.batches) for card in cards.cards] == [1, 1]


# Devices that fail


def test_a_device_that_is_lost_hands_its_batch_over_and_is_used_no_more() -> None:
    fake, lost, is_over = Fake(), Card("lost"), threading.Event()

    def fail_at_the_second(_: list[str]) -> None:
        lost.is_lost = len(lost.batches) == 2
        is_over.set() if lost.is_lost else None

    lost.before = fail_at_the_second
    cards = Cards(lost, Card("other", before=lambda _: is_over.wait(20)))
    assert cards.run(TEXTS) == run(fake, TEXTS)
    assert [loss.told for loss in cards.losses] == [
        "lost failed, and the others go on without it: CUDA error: fell off the bus"
    ]
    assert len(lost.batches) == 2
    answered = [*lost.batches[:1], *cards.cards[1].batches]
    assert sorted(answered) == sorted(fake.batches), "no batch was changed, lost or computed twice"


def test_a_device_may_be_found_lost_when_its_answers_are_read() -> None:
    """As devices compute while the host goes on."""
    lost, begun = Card("lost"), threading.Event()
    cards = Cards(lost, Card("other", before=lambda _: begun.wait(20)))
    made: list[list[str]] = []

    def forward(batch: list[str]) -> list[str]:
        made.append([text.upper() for text in batch])
        begun.set()
        return made[-1]

    def read(outputs: list[str], batch: list[str], count: int) -> list[str]:
        if any(outputs is one for one in made):
            lost.is_lost = True
            raise DeviceLost(f"{ERROR}an illegal memory access")
        return outputs

    stages = cards.stages()
    devices = [replace(stages.devices[0], forward=forward), stages.devices[1]]
    stages = replace(stages, devices=devices, read=read)
    found = answers(engine.run(stages, sources(TEXTS), FOURS, lost=cards.losses.append))
    assert [answer for _, answer in found] == capitals(TEXTS)
    assert made
    assert cards.lost == ["lost"]


@pytest.mark.parametrize("gaps", [True, False])
def test_a_run_ends_with_its_last_device_and_gives_what_was_answered(gaps: bool) -> None:
    cards = Cards(Card("one"), Card("two"))
    for card in cards.cards:

        def fail(_: list[str], card: Card = card) -> None:
            card.is_lost = sum(len(each.batches) for each in cards.cards) > 10

        card.before = fail
    outcomes = cards.outcomes(TEXTS, replace(ONES, gaps=gaps))
    found = []
    with pytest.raises(
        StoppedError, match=r"all 2 devices are lost, (one|two): CUDA error"
    ) as told:
        found += (outcome.source.number for outcome in outcomes)
    assert told.value.hint == "--device cpu may go further"
    assert found == sorted(set(found))
    assert 8 <= len(found) <= 10
    assert len(cards.losses) == 1, "the last is told by the error"


def test_an_input_that_every_device_fails_is_an_error_and_costs_none() -> None:
    cards = Cards(Card("one", errs_at="item005"), Card("two", errs_at="item005"))
    found = cards.run(TEXTS)
    assert found[5] == "error: CUDA error: item005"
    assert [*found[:5], *found[6:]] == capitals([*TEXTS[:5], *TEXTS[6:]])
    assert cards.losses == []
    assert all(["item005"] in card.batches for card in cards.cards)


def test_a_device_that_fails_what_another_computes_is_used_no_more() -> None:
    begun = threading.Event()
    wrong = Card("wrong", errs_at="item000", before=lambda _: begun.set())
    cards = Cards(wrong, Card("right", before=lambda _: begun.wait(20)))
    assert cards.run(TEXTS[:1] * 8, ONES) == capitals(TEXTS[:1] * 8)
    assert cards.lost == ["wrong"]


def test_an_error_of_an_input_is_tried_by_nobody_else() -> None:
    cards = Cards(Card("one"), Card("two"))
    found = cards.run(["good", "bad", "fine"], ONES)
    assert found == ["GOOD", "error: bad", "FINE"]
    assert Counter(text for card in cards.cards for [text] in card.batches)["bad"] == 1


def test_an_error_of_the_only_device_that_still_answers_is_one_of_the_input() -> None:
    cards = Cards(Card("one", errs_at="item005"))
    found = cards.run(TEXTS)
    assert [answer for answer in found if answer.startswith("error")] == [f"error: {ERROR}item005"]


@pytest.mark.parametrize(("config", "left"), [(ONES, 2), (FOURS, 1)])
def test_an_input_that_fells_devices_is_found_before_it_fells_all(
    config: BatchingConfig, left: int
) -> None:
    """A batch that felled two is computed part by part."""
    cards = Cards(*(Card(str(number), lost_at="item050") for number in range(4)))
    found = cards.run(TEXTS, config)
    assert found[50] == "error: CUDA error: fell off the bus"
    assert [*found[:50], *found[51:]] == capitals([*TEXTS[:50], *TEXTS[51:]])
    assert len(set(cards.lost)) == len(cards.lost) == 4 - left


# Memory


def test_a_device_without_memory_halves_its_own_batches_alone() -> None:
    small, large, full = Card("small", capacity=2), Card("large"), threading.Event()

    def is_full(batch: list[str]) -> None:
        if len(batch) > small.capacity:
            full.set()
        else:  # it goes on once the other one has, in full
            until(lambda: [len(batch) for batch in large.batches].count(8) >= 3)

    small.before, large.before = is_full, lambda _: full.wait(20)
    cards = Cards(small, large)
    texts = ["x"] * 64
    assert cards.run(texts, BatchingConfig(8, 1_000, first=64)) == capitals(texts)
    too_large = [len(batch) for batch in small.batches if len(batch) > small.capacity]
    assert too_large[0] == 8
    assert len(too_large) == len(set(too_large)), "a size that did not fit is not tried again"
    assert cards.losses == []


def test_an_input_that_one_device_has_no_memory_for_may_fit_another() -> None:
    cards = Cards(Card("none", capacity=0), Card("room"))
    assert cards.run(TEXTS) == capitals(TEXTS)
    assert cards.losses == []
    both = Cards(Card("none", capacity=0), Card("none too", capacity=0))
    assert both.run(TEXTS[:3]) == ["error: 1 do not fit"] * 3
