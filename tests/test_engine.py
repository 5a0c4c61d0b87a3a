"""The engine alone, with arithmetic in place of models: every source gets exactly one outcome."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from taskcli import engine
from taskcli.engine import BatchingConfig, Device, Encoded, Outcome, Stages, Stop
from taskcli.engine.batching import BatchBuilder, broken_windows, window_edges
from taskcli.engine.channel import Channel, ChannelClosed, spawn
from taskcli.engine.lookahead import Lookahead
from taskcli.errors import InputError, StoppedError, TaskcliError
from taskcli.inputs.reading import Reading
from taskcli.inputs.sources import resolve
from taskcli.media.items import Media
from taskcli.media.source import Source

FOURS = BatchingConfig(size=4, budget=1_000)
CHUNKS = BatchingConfig(size=4, budget=1_000, chunk=5)
SOON = 5.0  # seconds within which anything that does not hang has happened


class OutOfMemory(Exception):
    pass


class DeviceLost(RuntimeError):
    pass


@dataclass
class Fake:
    """Stages that give the text of a source in capitals; a text says where it fails.

    `decode!`, `encode!`, `collate!`, `forward!`, `read!` and `fold!` fail whenever they are in a
    batch at that stage. A text of several words has a part for each.
    """

    capacity: int = 1_000  # items that the device holds at once
    pause: float = 0.0  # seconds that a batch takes
    decoded: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)  # those that reached the device
    answered: list[list[str]] = field(default_factory=list)  # those that it answered
    group: Callable[[str], Hashable] = lambda text: None

    def stages(self) -> Stages:
        return Stages(
            decode=self._decode,
            encode=self._encode,
            collate=lambda texts: self._checked("collate!", texts),
            devices=one(self._forward, self._check),
            read=lambda outputs, batch, count: self._checked("read!", batch) and outputs,
            fold=lambda item, parts: " ".join(self._checked("FOLD!", parts)),
            is_out_of_memory=lambda failure: isinstance(failure, OutOfMemory),
            is_device_error=lambda failure: isinstance(failure, DeviceLost),
        )

    def _decode(self, source: Source) -> str:
        assert source.text is not None
        self.decoded.append(source.text)
        if source.text == "decode!":
            raise InputError("cannot be decoded")
        if source.text == "dies!":
            raise SystemExit("a thread dies")
        return source.text

    def _encode(self, texts: list[str]) -> Iterator[tuple[int, Encoded[str]]]:
        """A part for each word; `encode!` fails in company and alone."""
        self._checked("encode!", texts)
        for place, text in enumerate(texts):
            for word in text.split(" "):
                yield place, Encoded(word, len(word), self.group(word), len(word))

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

    def _check(self) -> None:
        if any("fatal!" in batch for batch in self.batches):
            raise DeviceLost("fell off the bus")


def one(
    forward: Callable[[list[Any]], list[Any]], check: Callable[[], object] = int
) -> list[Device]:
    return [Device("one", forward, check)]


def sources(texts: Iterable[str]) -> Iterator[Source]:
    return (Source(str(number), text=text, number=number) for number, text in enumerate(texts))


def marked(sources: Iterable[Source], done: Container[int]) -> Iterator[Source]:
    return (replace(source, answered=source.number in done) for source in sources)


def answers(outcomes: Iterable[Outcome]) -> list[tuple[int, Any]]:
    """(index, result or the message of the error)"""
    return [
        (o.source.number, o.result if o.error is None else f"error: {o.error}") for o in outcomes
    ]


def run(fake: Fake, texts: Sequence[str], plan: BatchingConfig = FOURS) -> list[Any]:
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
    assert run(Fake(), texts, BatchingConfig(4, 12, window=16)) == [text.upper() for text in texts]


def test_unordered_gives_the_same_outcomes_as_they_are_finished() -> None:
    texts = ["long" * (20 - number) for number in range(20)]
    plan = BatchingConfig(4, 1_000, ordered=False)
    found = answers(engine.run(Fake().stages(), sources(texts), plan))
    assert sorted(found) == [(index, text.upper()) for index, text in enumerate(texts)]
    order = [index for index, _ in found]
    assert order != sorted(order), "the cheapest batch of a window comes first"


def test_an_outcome_carries_its_source_and_item() -> None:
    (outcome,) = engine.run(Fake().stages(), sources(["one"]), BatchingConfig())
    assert (outcome.source.id, outcome.item, outcome.result) == ("0", "one", "ONE")


# Isolation


@pytest.mark.parametrize("bad", ["decode!", "encode!", "collate!", "forward!", "read!", "fold!"])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_an_item_that_fails_at_any_stage_leaves_its_neighbours_alone(bad: str, size: int) -> None:
    texts = ["one", "two", bad, "four", "five", bad, "seven"]
    found = run(Fake(), texts, BatchingConfig(size, 1_000))
    for text, answer in zip(texts, found, strict=True):
        if text == bad:
            assert answer.startswith("error: ")
        else:
            assert answer == text.upper()


def test_the_error_of_an_item_is_the_one_that_it_raises_alone() -> None:
    assert run(Fake(), ["one", "forward!", "three"])[1] == "error: forward! among 1"
    assert run(Fake(), ["one", "encode!", "three"], CHUNKS)[1] == "error: encode! among 1"


def test_all_failing_is_all_errors() -> None:
    texts = ["decode!", "encode!", "collate!", "forward!", "read!", "fold!"] * 5
    assert all(answer.startswith("error: ") for answer in run(Fake(), texts))


def test_an_item_of_many_parts_fails_whole_and_alone() -> None:
    texts = ["one two three", "four forward! five", "six seven", "eight read! forward!"]
    found = run(Fake(), texts)
    assert [answer.startswith("error: ") for answer in found] == [False, True, False, True]
    assert found[2] == "SIX SEVEN"


def test_an_item_that_breaks_off_while_it_is_read_is_an_error() -> None:
    """A recording is heard in part before it turns out to be damaged."""
    fake = Fake()

    def encode(texts: list[str]) -> Iterator[tuple[int, Encoded[str]]]:
        for number, part in fake._encode(texts):
            if part.value == "damaged":
                raise InputError("torn in the middle")
            yield number, part

    stages = replace(fake.stages(), encode=encode)
    texts = ["one two", "three four damaged five", "six"]
    found = answers(engine.run(stages, sources(texts), FOURS))
    assert [answer for _, answer in found] == ["ONE TWO", "error: torn in the middle", "SIX"]


# Parts


@pytest.mark.parametrize("chunk", [1, 7])
@pytest.mark.parametrize("size", [1, 3, 50])
def test_parts_of_many_items_share_batches_and_are_put_together(chunk: int, size: int) -> None:
    texts = [" ".join(f"w{n}.{m}" for m in range(n % 5 + 1)) for n in range(60)]
    fake = Fake()
    config = BatchingConfig(size, 1_000, window=16, chunk=chunk, threads=3)
    assert run(fake, texts, config) == [text.upper() for text in texts]
    if size == 3:
        shared = [{word.split(".")[0] for word in batch} for batch in fake.batches]
        assert any(len(items) > 1 for items in shared)


def test_the_latest_parts_of_a_long_item_are_told_until_it_is_answered() -> None:
    told: list[tuple[int, str, list[str]]] = []
    fake = Fake()
    stages = replace(
        fake.stages(), latest=lambda source, item, parts: told.append((source.number, item, parts))
    )
    plan = BatchingConfig(size=3, budget=1_000)
    text = "a b c d e f g"
    found = answers(engine.run(stages, sources([text, "one", "two words"]), plan))
    assert found == [(0, text.upper()), (1, "ONE"), (2, "TWO WORDS")]
    assert fake.answered[:2] == [["a", "b", "c"], ["d", "e", "f"]]
    assert told[:2] == [(0, text, ["B", "C"]), (0, text, ["E", "F"])]
    assert all(parts == ["TWO"] for _, _, parts in told[2:])  # if a batch ended between its words


def test_an_item_without_parts_is_folded_from_none() -> None:
    stages = replace(Fake().stages(), encode=lambda texts: iter(()))
    assert answers(engine.run(stages, sources(["one", "two"]), FOURS)) == [(0, ""), (1, "")]


def test_a_long_item_is_computed_while_it_is_read() -> None:
    """Its first batch is on the device long before its last part is made, and few are held."""
    made, computed = 0, 0
    ahead: list[int] = []

    def encode(texts: list[str]) -> Iterator[tuple[int, Encoded[int]]]:
        nonlocal made
        for number in range(2_000):
            made += 1
            yield 0, Encoded(number, 1, None, 1_000)

    def forward(batch: list[int]) -> list[int]:
        nonlocal computed
        ahead.append(made - computed)
        computed += len(batch)
        return batch

    stages = Stages(
        lambda source: source.text,
        encode,
        list,
        one(forward),
        lambda o, b, n: o,
        lambda i, r: sum(r),
    )
    config = BatchingConfig(4, 4, lookahead=32_000)
    (outcome,) = engine.run(stages, sources(["long"]), config)
    assert outcome.result == sum(range(2_000))
    assert max(ahead) < 80


def test_what_is_kept_of_an_item_is_what_its_answer_carries() -> None:
    stages = replace(Fake().stages(), kept=lambda text: text[:1])
    (outcome,) = engine.run(stages, sources(["one two"]), FOURS)
    assert (outcome.item, outcome.result) == ("o", "ONE TWO")


@pytest.mark.parametrize("done", [range(0), range(7), range(29), range(0, 60, 3), range(15, 40)])
@pytest.mark.parametrize("first", [1, 5])
def test_the_same_inputs_share_the_same_batches_in_every_run(
    done: Collection[int], first: int
) -> None:
    """Whatever the threads do; and also where a run goes on that was stopped."""
    texts = ["w" * (number * 37 % 23 + 1) + f"{number:02}" for number in range(60)]
    config = BatchingConfig(4, 60, window=16, first=first, threads=4)
    whole, again, rest = Fake(), Fake(), Fake()
    missing = set(range(60)) - set(done)
    resumed = broken_windows(marked(sources(texts), done), 16, first)
    for fake, some in ((whole, sources(texts)), (again, sources(texts)), (rest, resumed)):
        list(engine.run(fake.stages(), some, config))
    assert again.batches == whole.batches
    computed = {text for batch in rest.batches for text in batch}
    assert rest.batches == [batch for batch in whole.batches if batch[0] in computed]
    assert {texts[number] for number in missing} <= computed
    if len(missing) == 31 and first == 1:
        assert len(computed) == 45, "only the windows from 15 on"


def test_windows_are_small_at_first() -> None:
    assert list(itertools.islice(window_edges(8), 7)) == [1, 3, 7, 15, 23, 31, 39]
    assert list(itertools.islice(window_edges(16, 4), 5)) == [4, 12, 28, 44, 60]
    assert list(itertools.islice(window_edges(2, 4), 3)) == [2, 4, 6]


def test_windows_in_which_nothing_is_missing_are_left_out() -> None:
    texts, missing = ["x"] * 40, (5, 24)
    found = list(broken_windows(marked(sources(texts), set(range(40)) - set(missing)), 8))
    assert [source.number for source in found] == [3, 4, 5, 6, *range(23, 31)]
    assert [source.number for source in found if not source.answered] == [*missing]
    assert list(broken_windows(marked(sources(texts), range(40)), 8)) == []


# Memory of the device


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 8])
def test_out_of_memory_halves_the_batch_and_remembers(capacity: int) -> None:
    fake = Fake(capacity=capacity)
    texts = [f"item{number:02}" for number in range(64)]
    assert run(fake, texts, BatchingConfig(8, 1_000)) == [text.upper() for text in texts]
    too_large = [len(batch) for batch in fake.batches if len(batch) > capacity]
    assert len(too_large) == len(set(too_large)), "a size that did not fit is not tried again"


def test_an_item_that_does_not_fit_alone_is_an_error() -> None:
    assert run(Fake(capacity=0), ["one", "two"]) == ["error: 1 do not fit"] * 2


def test_a_device_that_is_lost_ends_the_run() -> None:
    outcomes = engine.run(Fake().stages(), sources(["one", "fatal!"]), BatchingConfig(1, 1_000))
    assert next(outcomes).result == "ONE"
    with pytest.raises(StoppedError, match="fell off the bus") as caught:
        list(outcomes)
    assert caught.value.hint == "--device cpu may go further"


# Batches


def batched(
    costs: Iterable[int], config: BatchingConfig, key: Callable[[int], Hashable] = lambda _: None
) -> list[list[int]]:
    """The costs in each batch of one window."""
    builder: BatchBuilder[int] = BatchBuilder(config, lambda cost: Encoded(cost, cost, key(cost)))
    full = [batch for cost in costs for batch in builder.add(cost)]
    return [*full, *builder.flush()]


def test_batches_stay_within_the_budget_and_the_size() -> None:
    costs = [cost * 37 % 101 + 1 for cost in range(200)]
    batches = batched(costs, BatchingConfig(size=16, budget=300))
    assert sorted(cost for batch in batches for cost in batch) == sorted(costs)
    for batch in batches:
        assert len(batch) <= 16
        assert len(batch) == 1 or max(batch) * len(batch) <= 300


@pytest.mark.parametrize("size", [8, 64])
def test_little_is_padded(size: int) -> None:
    costs = [number * 7919 % 1_000 + 10 for number in range(512)]
    batches = batched(costs, BatchingConfig(size, 8_000))
    padded = sum(max(batch) * len(batch) for batch in batches)
    assert padded / sum(costs) - 1 < 0.1
    assert sum(max(costs[at : at + 8]) * 8 for at in range(0, 512, 8)) / sum(costs) > 1.5


def test_a_part_above_the_budget_is_a_batch_of_its_own() -> None:
    assert sorted(batched([5, 100, 5], BatchingConfig(8, 20))) == [[5, 5], [100]]


def test_a_full_batch_leaves_at_once() -> None:
    builder: BatchBuilder[int] = BatchBuilder(BatchingConfig(2, 1_000), lambda n: Encoded(n, n))
    assert [list(builder.add(cost)) for cost in (10, 10, 10)] == [[], [[10, 10]], []]
    assert list(builder.flush()) == [[10]]
    assert list(builder.flush()) == []


def test_open_batches_hold_no_more_than_half_the_look_ahead() -> None:
    config = BatchingConfig(100, 1_000_000, lookahead=1_000)
    builder: BatchBuilder[int] = BatchBuilder(config, lambda n: Encoded(n, 1, n, 100))
    sizes = [sum(map(len, builder.add(number))) for number in range(12)]
    assert sizes == [0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 6]


def test_only_parts_of_one_key_share_a_batch() -> None:
    fake = Fake(group=lambda text: text[0])
    texts = ["a1", "b1", "a2", "b2", "a3", "b3", "a4"]
    assert run(fake, texts) == [text.upper() for text in texts]
    assert all(len({text[0] for text in batch}) == 1 for batch in fake.batches)
    assert max(map(len, fake.batches)) == 2


@pytest.mark.parametrize("wrong", ["size", "budget", "window", "lookahead", "threads", "chunk"])
def test_a_config_that_could_hold_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        BatchingConfig(**{wrong: 0})


# Bounded look-ahead


def counted(count: int, pulled: list[int]) -> Iterator[Source]:
    for number in range(count):
        pulled.append(number)
        yield Source(str(number), text=f"{number}", number=number)


def test_the_look_ahead_is_bounded() -> None:
    """100,000 sources behind a reader who takes a record and waits."""
    pulled: list[int] = []
    plan = BatchingConfig(8, 1_000, window=64)
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
    stages = replace(fake, decode=decode, devices=one(lambda batch: batch))
    outcomes = engine.run(stages, counted(5_000, []), BatchingConfig(8, 1_000, window=32))
    assert sum(1 for _ in outcomes) == 5_000
    assert most < 8 * 32


# Readers


def test_batches_are_read_at_the_same_time_and_answered_in_order() -> None:
    both = threading.Barrier(2, timeout=SOON)
    fake = Fake().stages()
    texts = [f"word{number}" for number in range(12)]

    def read(outputs: Any, batch: Any, count: int) -> list[Any]:
        both.wait()  # until another batch is being read
        if outputs[0] == texts[0].upper():
            time.sleep(0.05)  # the first is read last
        return fake.read(outputs, batch, count)

    plan = BatchingConfig(1, 1, readers=2)
    outcomes = engine.run(replace(fake, read=read), sources(texts), plan)
    assert answers(outcomes) == [(number, text.upper()) for number, text in enumerate(texts)]


def test_what_cannot_be_read_in_a_thread_is_halved_and_stands_alone() -> None:
    fake = Fake().stages()

    def read(outputs: Any, batch: Any, count: int) -> list[Any]:
        if "BAD" in outputs:
            raise ValueError("unreadable")
        return fake.read(outputs, batch, count)

    plan = replace(FOURS, readers=2)
    found = answers(engine.run(replace(fake, read=read), sources(["a", "bad", "c", "d"]), plan))
    assert found == [(0, "A"), (1, "error: unreadable"), (2, "C"), (3, "D")]


def test_who_leaves_early_leaves_no_reader() -> None:
    outcomes = engine.run(Fake().stages(), counted(1_000, []), replace(FOURS, readers=3))
    next(iter(outcomes))
    outcomes.close()  # type: ignore[attr-defined]


# Live pipes


def test_a_live_pipe_gets_its_first_record_before_the_second_source_comes() -> None:
    reading, writing = os.pipe()
    plan = BatchingConfig(8, 1_000, max_wait=0.02)
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
    stop = Stop()
    with os.fdopen(reading, "rb") as stdin:
        piped = resolve(["-"], Reading(Media.TEXT, lines=True), stdin=stdin)
        outcomes = engine.run(Fake().stages(), piped.items, BatchingConfig(max_wait=0.02), stop)
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
    stop = Stop()
    texts = [f"item{number:03}" for number in range(400)]
    plan = BatchingConfig(4, 1_000, ordered=ordered)
    outcomes = engine.run(fake.stages(), sources(texts), plan, stop)
    found = [next(outcomes) for _ in range(6)]
    stop.set()
    found += outcomes
    assert len(found) < 100
    assert sorted(o.item for o in found) == sorted(itertools.chain(*fake.answered))
    assert len({o.source.number for o in found}) == len(found)


@pytest.mark.parametrize("gaps", [True, False])
def test_what_a_stop_leaves_behind_an_unanswered_input_is_given_if_gaps_may_be(gaps: bool) -> None:
    """Of a window the short texts are computed first: here the run stops before the first text."""
    stop = Stop()
    stages = Fake(group=lambda text: text).stages()

    def forward(batch: list[str]) -> list[str]:
        outputs: list[str] = stages.devices[0].forward(batch)
        if batch == ["bb"]:
            stop.set()
        return outputs

    texts = ["first", "second", "third", "the_longest", "a", "bb", "ccc"]
    config = BatchingConfig(4, 1_000, gaps=gaps)
    outcomes = engine.run(replace(stages, devices=one(forward)), sources(texts), config, stop)
    found = [outcome.source.number for outcome in outcomes]
    assert found == ([0, 1, 2, 4, 5] if gaps else [0, 1, 2])


@pytest.mark.parametrize("chunk", [1, 2, 16])
def test_what_comes_before_an_error_of_the_list_is_answered(chunk: int) -> None:
    def broken() -> Iterator[Source]:
        yield from sources(["one", "two", "three"])
        raise OSError("the list is gone")

    config = BatchingConfig(4, 1_000, chunk=chunk)
    outcomes = engine.run(Fake().stages(), broken(), config)
    found = []
    with pytest.raises(OSError, match="the list is gone"):
        found += (outcome.result for outcome in outcomes)
    assert found == ["ONE", "TWO", "THREE"]


def test_a_stop_before_the_start_gives_nothing() -> None:
    stop = Stop()
    stop.set()
    assert list(engine.run(Fake().stages(), sources(["one"]), BatchingConfig(), stop)) == []


def test_a_consumer_that_leaves_ends_every_thread() -> None:
    fake = Fake(pause=0.01)
    outcomes = engine.run(fake.stages(), counted(100_000, []), BatchingConfig(4, 1_000))
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not workers(), "closing waits for the batch in flight"


def test_an_exception_in_the_consumer_ends_every_thread() -> None:
    def consume() -> None:
        for _ in engine.run(Fake().stages(), counted(100_000, []), BatchingConfig(4, 1_000)):
            raise KeyError

    with pytest.raises(KeyError):
        consume()
    until(lambda: not workers())


def test_a_decoder_thread_that_dies_does_not_hang_the_run() -> None:
    outcomes = engine.run(
        Fake().stages(), sources(["one", "dies!", "three"]), BatchingConfig(1, 1_000)
    )
    with pytest.raises(SystemExit):
        list(outcomes)


def test_sources_that_fail_do_not_hang_the_run() -> None:
    def broken() -> Iterator[Source]:
        yield Source("0", text="one")
        raise TaskcliError("the list is broken")

    outcomes = engine.run(Fake().stages(), broken(), BatchingConfig(1, 1_000))
    assert next(outcomes).result == "ONE"
    with pytest.raises(TaskcliError, match="broken"):
        list(outcomes)


def test_too_few_answers_are_an_error_and_never_a_shift() -> None:
    fake = Fake().stages()
    stages = replace(fake, read=lambda outputs, batch, count: outputs[:-1])
    found = answers(engine.run(stages, sources(["one", "two"]), BatchingConfig(2, 1_000)))
    assert [answer.startswith("error") for _, answer in found] == [True, True]


# The look-ahead


def test_entries_are_read_in_the_order_of_their_tickets() -> None:
    ahead: Lookahead[str] = Lookahead(100, depth=100)
    ahead.put(1, ["second"], 1)
    ahead.put(0, ["first"], 1)
    ahead.put(0, ["first still"], 1)
    assert ahead.get() == ["first", "first still"]
    with pytest.raises(TimeoutError):
        ahead.get(0.01)  # ticket 0 has not ended
    ahead.end(0)
    assert ahead.get() == ["second"]
    ahead.end(1)
    ahead.finish(2)
    assert ahead.get() is None


def test_a_producer_waits_for_room_unless_it_is_next() -> None:
    ahead: Lookahead[int] = Lookahead(10, depth=100)
    ahead.put(1, [1], 10)
    waiting = threading.Thread(target=ahead.put, args=(1, [2], 10))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    ahead.put(0, [0], 10)  # whom the reader waits for
    assert ahead.get() == [0]
    ahead.end(0)
    waiting.join(SOON)  # now it is next itself
    assert not waiting.is_alive()
    assert ahead.get() == [1, 2]


def test_no_producer_is_far_ahead_of_the_reader() -> None:
    ahead: Lookahead[int] = Lookahead(10, depth=3)
    ahead.put(3, [3], 0)
    waiting = threading.Thread(target=ahead.put, args=(4, [4], 0))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    ahead.end(0)
    with pytest.raises(TimeoutError):
        ahead.get(0.01)
    waiting.join(SOON)
    assert not waiting.is_alive()


def test_what_is_released_makes_room() -> None:
    ahead: Lookahead[int] = Lookahead(10, depth=100)
    ahead.put(1, [1], 10)
    waiting = threading.Thread(target=ahead.put, args=(2, [2], 5))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    ahead.release(10)
    waiting.join(SOON)
    assert not waiting.is_alive()


def test_a_closed_look_ahead_releases_its_producers() -> None:
    ahead: Lookahead[int] = Lookahead(1, depth=100)
    ahead.put(1, [1], 1)
    raised: list[BaseException] = []

    def put() -> None:
        try:
            ahead.put(1, [2], 1)
        except ChannelClosed as closed:
            raised.append(closed)

    waiting = threading.Thread(target=put)
    waiting.start()
    ahead.close()
    waiting.join(SOON)
    assert len(raised) == 1


# Channels


def test_a_channel_blocks_its_producer_when_full() -> None:
    channel: Channel[int] = Channel(2)
    pulled: list[int] = []

    def values() -> Iterator[int]:
        for number in range(10):
            pulled.append(number)
            yield number

    spawn(values(), channel, "test").join(0.1)
    assert len(pulled) == 3, "two wait, one is being put"
    assert list(channel) == list(range(10))


def test_a_channel_tells_the_failure_after_the_values() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1)
    channel.end(ValueError("broken"))
    assert channel.get() == 1
    with pytest.raises(ValueError, match="broken"):
        channel.get()


def test_a_closed_channel_releases_its_producer() -> None:
    channel: Channel[int] = Channel(1)
    thread = spawn(iter(range(100)), channel, "test")
    channel.close()
    thread.join(SOON)
    assert not thread.is_alive()
    with pytest.raises(ChannelClosed):
        channel.put(1)


def test_waiting_for_a_value_has_a_limit() -> None:
    with pytest.raises(TimeoutError):
        Channel(1).get(0.01)
