"""How what taskcli asr hears is laid out as subtitles."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import typer

from taskcli.config.options import OUTPUT_PANEL, OutputOptions, UsersOwn
from taskcli.errors import UsageError
from taskcli.tasks.asr.options import Timestamps

MaxLineWidth = Annotated[
    int | None,
    typer.Option(
        min=8, help="Most columns of a line of subtitles; unset: 42.", rich_help_panel=OUTPUT_PANEL
    ),
]
MaxLines = Annotated[
    int | None,
    typer.Option(min=1, help="Most lines of a subtitle; unset: 2.", rich_help_panel=OUTPUT_PANEL),
]
MaxWords = Annotated[
    int | None,
    typer.Option(
        min=1, help="Most words of a subtitle; unset: any number.", rich_help_panel=OUTPUT_PANEL
    ),
]
WordCues = Annotated[
    bool,
    typer.Option(
        "--word-cues", help="Subtitles with a cue per word.", rich_help_panel=OUTPUT_PANEL
    ),
]
Karaoke = Annotated[
    bool,
    typer.Option(
        "--karaoke",
        help="WebVTT that says within a cue when each word is said.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]

_BESIDE = Path()  # for --save-dir: names have the folders of the recordings


@dataclass(frozen=True)
class AsrOutput(OutputOptions):
    """With how subtitles are laid out."""

    max_line_width: MaxLineWidth = None
    max_lines: MaxLines = None
    max_words: MaxWords = None
    word_cues: WordCues = False
    karaoke: Karaoke = False
    beside: Annotated[
        bool,
        typer.Option(
            "--beside",
            help="Save subtitles and the like beside each recording, under its name.",
            rich_help_panel=OUTPUT_PANEL,
        ),
        UsersOwn(harmless=(False,)),
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beside:
            if self.save_dir not in (None, _BESIDE):
                raise UsageError(
                    "--beside and --save-dir both say where files are saved", "give one of them"
                )
            if self.resume:
                raise UsageError(
                    "--resume goes on with a file of records, and --beside leaves files of each",
                    "--skip-existing leaves out inputs that have theirs",
                )
            object.__setattr__(self, "save_dir", _BESIDE)
        if self.word_cues and self.karaoke:
            raise UsageError(
                "--word-cues leaves one word in a cue, and --karaoke marks words within one",
                "give one of them",
            )

    def suited(self, chosen: str, typed: Collection[str]) -> Self:
        """Without the karaoke of a settings file or a variable, where a format cannot have it."""
        if "karaoke" not in typed and self._lacks_times(chosen):
            return replace(self, karaoke=False)
        return self

    def _lacks_times(self, chosen: str) -> bool:
        return self.karaoke and chosen in ("srt", "audacity") and self.save_dir is None

    def refuse(self, chosen: str) -> None:
        """Raise UsageError for what subtitles of a format cannot show."""
        if self._lacks_times(chosen):
            raise UsageError(
                f"--karaoke: {chosen} has no times within a cue", "write a .vtt, as -o talk.vtt"
            )

    def times_for(self, timestamps: Timestamps) -> Timestamps:
        """Which times cues need, where others are asked for, or none. Raises UsageError."""
        if timestamps == "char":
            raise UsageError("subtitles are of words, and --timestamps char gives letters")
        if self.word_cues or self.karaoke:
            return "word"
        if timestamps != "none":
            return timestamps
        is_cut = any((self.max_line_width, self.max_lines, self.max_words))
        return "word" if is_cut else "segment"  # where no segment ends
