"""How fast texts are written: passes in turn, and their report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.machine import Machine
from benchmarks.race import Timing, race
from benchmarks.tables import as_markdown, as_table, machine_line
from benchmarks.writers import Contender, Text

_notes = Console(stderr=True)
_COLUMNS = ("who writes", "tokens", "tokens/s", "x the first", "core-ms a token")


@dataclass(frozen=True)
class Pace:
    """Whole passes of one contender: the texts of the last, seconds, and those of all cores."""

    name: str
    texts: list[Text]
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]

    @property
    def tokens(self) -> int:
        return sum(text.tokens for text in self.texts)

    @property
    def per_second(self) -> float:
        return self.tokens / median(self.seconds)

    @property
    def core_ms(self) -> float:
        """Processor time of a token: other processes hardly change it."""
        return 1000 * median(self.cpu_seconds) / self.tokens


def in_turn(contenders: Mapping[str, Contender], repeat: int) -> list[Pace]:
    """Whole passes in turn."""
    return [
        Pace(
            name,
            timings[-1].answers,
            tuple(one.seconds for one in timings),
            tuple(one.cpu_seconds for one in timings),
        )
        for name, timings in race(contenders, repeat, _tell).items()
    ]


def _tell(name: str, timing: Timing[list[Text]]) -> None:
    count = sum(text.tokens for text in timing.answers)
    _notes.print(f"{name}: {count / timing.seconds:.1f} tokens/s, {timing.cpu_seconds:.1f} core-s")


@dataclass(frozen=True)
class WritingReport:
    machine: Machine
    load_by_others: float  # share of the cores in use before the first pass
    new_tokens: int
    prompts: int
    repeat: int
    quick: bool
    fixed: list[Pace]  # all texts of one length
    mixed: list[Pace]  # texts that end by chance

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "generation.md").write_text(self.markdown())
        (folder / "generation.json").write_text(json.dumps(self.as_json(), indent=2) + "\n")

    def show(self, console: Console) -> None:
        for title, lines in self._tables():
            console.print(as_table(title, _COLUMNS, lines))

    def as_json(self) -> dict[str, object]:
        settings = {name: getattr(self, name) for name in ("new_tokens", "prompts", "repeat")}
        tables = {"fixed": self.fixed, "mixed": self.mixed}
        return {
            "machine": asdict(self.machine),
            "settings": {**settings, "quick": self.quick, "load_by_others": self.load_by_others},
            **{name: [_as_json(pace) for pace in paces] for name, paces in tables.items()},
        }

    def markdown(self) -> str:
        parts = [
            "# How fast texts are written",
            machine_line(self.machine),
            f"GPT-2 of 12 layers, random weights; {self.prompts} prompts of 5 to 30 words, up to "
            f"{self.new_tokens} new tokens. Medians of {self.repeat} interleaved passes, one of "
            "what lost the sweep. Other processes used "
            f"{self.load_by_others:.0%} of the cores before the first pass: compare within a "
            "table, and core-milliseconds before seconds.",
            *(["**A smoke test: the figures mean nothing.**"] if self.quick else []),
        ]
        for title, lines in self._tables():
            parts += [f"## {title}", as_markdown(_COLUMNS, lines)]
        parts.append(self._gain())
        return "\n\n".join([*parts, _HOW]) + "\n"

    def _gain(self) -> str:
        left, stayed = (pace.core_ms for pace in self.mixed[:2])
        return (
            "To let texts that have ended leave their batch made taskcli "
            f"{stayed / left:.2f} times as fast here in processor time."
        )

    def _tables(self) -> list[tuple[str, list[list[str]]]]:
        return [
            ("Texts of one length", _lines(self.fixed)),
            ("Texts that end by chance", _lines(self.mixed)),
        ]


def _lines(paces: Sequence[Pace]) -> list[list[str]]:
    return [
        [
            pace.name,
            str(pace.tokens),
            f"{pace.per_second:.1f}",
            f"{pace.per_second / paces[0].per_second:.2f}",
            f"{pace.core_ms:.1f}",
        ]
        for pace in paces
    ]


def _as_json(pace: Pace) -> dict[str, object]:
    return {
        "name": pace.name,
        "tokens": [text.tokens for text in pace.texts],
        "texts": [text.text for text in pace.texts],
        "seconds": pace.seconds,
        "cpu_seconds": pace.cpu_seconds,
        "per_second": pace.per_second,
        "core_ms": pace.core_ms,
    }


_HOW = """## How it was measured

- taskcli through its public API, as called by default, and with dtype="int8"; generate() in the
  documented loop, with the prompts in their order; CTranslate2, where it is installed, by its
  converter from the same folder.
- Texts of one length are written greedily. Texts that end by chance are sampled: every 24th token
  of the vocabulary ends a text. Tokens that are counted are a text's own, no padding behind it.
- The second row of that table is taskcli kept from letting texts that have ended leave their batch;
  its texts are those of the first. generate() draws from one generator: its texts are others."""
