"""What can be asked of taskcli generate."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

import typer

from taskcli.config.options import UsersOwn
from taskcli.errors import UsageError
from taskcli.tasks.schema_file import read_schema

_PLAIN = "a text that is held to something is written one way: leave it out"


@dataclass(frozen=True)
class GenerateOptions:
    """How a text goes on, and how long."""

    max_new_tokens: Annotated[int, typer.Option(min=1, help="Most tokens to add.")] = 128
    temperature: Annotated[
        float | None, typer.Option(min=0.0, help="Sample; above 1 is wilder. 0 is greedy.")
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Sample from the likeliest tokens of this share."),
    ] = None
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Sample from this many likeliest tokens.")
    ] = None
    seed: Annotated[
        int | None, typer.Option(help="Sample the same again, for each input by its name.")
    ] = None
    num_return_sequences: Annotated[
        int, typer.Option(min=1, help="Texts per prompt; above 1 result is a list.")
    ] = 1
    num_beams: Annotated[int, typer.Option(min=1, help="Beams to search with.")] = 1
    repetition_penalty: Annotated[
        float, typer.Option(min=0.0, help="Above 1 makes repeating less likely.")
    ] = 1.0
    stop: Annotated[
        list[str], typer.Option(metavar="TEXT", help="End before this text; repeatable.")
    ] = field(default_factory=list)
    system: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The system prompt of chats that bring none."),
    ] = None

    choices: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Answer with one of these, with its probability."),
    ] = None
    json_schema: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write JSON that this JSON Schema allows."),
        UsersOwn(),
    ] = None

    def __post_init__(self) -> None:
        if "" in self.stop:
            raise UsageError("--stop is empty, and every text begins with that", "leave it out")
        if self.choices is not None:
            self._check_choices(self.chosen_from)
        if self.json_schema is not None:
            self._refuse_beside(
                "--json-schema", {"--stop": bool(self.stop), "--choices": bool(self.choices)}
            )
            vars(self)["schema"] = read_schema(self.json_schema)

    def _check_choices(self, choices: tuple[str, ...]) -> None:
        hint = "write at least two with commas between them; one with a comma in it in quotes"
        doubled = next((word for word, times in Counter(choices).items() if times > 1), None)
        if len(choices) < 2 or "" in choices or doubled:
            what = f"{doubled!r} is there twice" if doubled else "there is nothing to choose"
            raise UsageError(f"--choices {self.choices}: {what}", hint)
        beside = {
            "--stop": bool(self.stop),
            "--temperature": bool(self.temperature),
            "--top-p": self.top_p is not None,
            "--top-k": self.top_k is not None,
            "--seed": self.seed is not None,
            "--num-beams": self.num_beams > 1,
            "--num-return-sequences": self.num_return_sequences > 1,
            "--repetition-penalty": self.repetition_penalty != 1,
        }
        self._refuse_beside("--choices", beside)

    def _refuse_beside(self, flag: str, others: dict[str, bool]) -> None:
        for other, is_given in others.items():
            if is_given:
                raise UsageError(f"{other} does not go with {flag}", _PLAIN)

    @cached_property
    def chosen_from(self) -> tuple[str, ...]:
        """The choices, of which one is the answer; () where it is free."""
        lines = csv.reader((self.choices or "").splitlines(), skipinitialspace=True)
        return tuple(word.strip() for line in lines for word in line)

    @property
    def is_held(self) -> bool:
        """Whether an answer is held to something, and the text is that alone."""
        return self.choices is not None or self.json_schema is not None

    @cached_property
    def schema(self) -> str | None:
        """The JSON Schema of the answer, as it was when the options were made."""
        return None

    @property
    def samples(self) -> bool:
        """Greedy unless something asks for sampling."""
        if self.temperature == 0:
            return False
        asked = (self.temperature, self.top_p, self.top_k, self.seed)
        several = self.num_return_sequences > self.num_beams
        return several or any(value is not None for value in asked)
