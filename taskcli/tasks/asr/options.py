"""What can be asked of taskcli asr."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

Timestamps = Literal["none", "segment", "word", "char"]


@dataclass(frozen=True)
class AsrOptions:
    """How speech is written down."""

    timestamps: Annotated[
        Timestamps, typer.Option(help="Times to give with the text; char is for CTC models.")
    ] = "none"
    language: Annotated[
        str | None,
        typer.Option(
            help="Spoken language, for checkpoints that can be told: Whisper, Canary, ..."
        ),
    ] = None
    translate: Annotated[
        bool, typer.Option("--translate", help="Translate the speech to English (Whisper).")
    ] = False
