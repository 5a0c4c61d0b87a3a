"""What can be asked of taskcli generate."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from taskcli.errors import UsageError

if TYPE_CHECKING:
    pass


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

    def __post_init__(self) -> None:
        if "" in self.stop:
            raise UsageError("--stop is empty, and every text begins with that", "leave it out")

    @property
    def samples(self) -> bool:
        """Greedy unless something asks for sampling."""
        if self.temperature == 0:
            return False
        asked = (self.temperature, self.top_p, self.top_k, self.seed)
        several = self.num_return_sequences > self.num_beams
        return several or any(value is not None for value in asked)
