"""What can be asked of taskcli asr."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from taskcli.config.options import OUTPUT_PANEL, OutputOptions

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


@dataclass(frozen=True)
class AsrOutput(OutputOptions):
    """With how subtitles are laid out."""

    max_line_width: Annotated[
        int | None,
        typer.Option(min=8, help="Columns in a line of subtitles.", rich_help_panel=OUTPUT_PANEL),
    ] = None
    word_cues: Annotated[
        bool,
        typer.Option(
            "--word-cues", help="Subtitles with a cue per word.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = False
